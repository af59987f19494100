"""The electrical stimulator's part of the state, event by event."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bedside.events import (
    CurrentEnded,
    CurrentFailed,
    CurrentIntended,
    CurrentSaid,
    CurrentStarted,
    Envelope,
    Event,
)
from bedside.visit.current import RUNS, CurrentLedger, counted
from bedside.visit.inputs import NS
from bedside.visit.state import NO_TIME, CurrentRun, CurrentTold, Visit
from hal.roles import CurrentStatus

TRIGGERS = RUNS - {"ramp_up"}
"""Phases in which, or after which, trigger pulses have begun."""


def with_last(state: Visit, run: CurrentRun) -> Visit:
    """The state with the present program's run replaced."""
    return replace(state, currents=(*state.currents[:-1], run))


def stopped(state: Visit, reason: str, mono_ns: int) -> Visit:
    """The state once everything was told to stop: a program that was not started is none any more.

    Visit time begins anew with the box. How long a program ran that was asked for before is then not known.
    """
    if state.current is not None:
        state = replace(state, current=replace(state.current, stopped_ns=mono_ns))
    run = state.currents[-1] if state.currents else None
    if run is None:
        return state
    if run.asked_ns is None:
        return with_last(state, replace(run, failed=run.failed or reason))
    begun_ns = run.asked_ns if run.started_ns is None else run.started_ns
    anew = mono_ns < max(begun_ns, state.last_ns)
    ran_s = max(0, (state.last_ns if anew else mono_ns) - begun_ns) / NS
    if run.stopped_s is not None or ran_s >= run.intended.shown_s:
        return state
    return with_last(state, replace(run, stopped_s=0.0 if anew else ran_s, unsure=anew, stop_reason=reason))


def unheard(state: Visit, mono_ns: int) -> Visit:
    """The state when nobody listened for a while: what the device adds to its charge meanwhile has no phase.

    Everything was told to stop before this, and visit time may have begun anew: what is over stays over at `mono_ns`.
    """
    told = state.current
    if told is not None:
        since_ns = None if told.runs_since_ns is None else mono_ns
        state = replace(state, current=replace(told, runs_since_ns=since_ns, stopped_ns=mono_ns))
    if not state.currents:
        return state
    state = replace(state, currents=tuple(_over(run, mono_ns) for run in state.currents))
    run = state.currents[-1]
    return with_last(state, replace(run, ledger=replace(run.ledger, told=None)))


def _over(run: CurrentRun, mono_ns: int) -> CurrentRun:
    """A run that nobody stopped had come to its end before, also as a blinded person sees it."""
    if run.started_ns is None or run.stopped_s is not None:
        return run
    return replace(run, started_ns=mono_ns - round(run.intended.shown_s * NS))


def _said(state: Visit, event: CurrentSaid, envelope: Envelope) -> Visit:
    before = state.current
    ran = before is not None and (before.said.phase in RUNS or before.doubtful)
    shown = bool(state.currents) and state.currents[-1].shown_at(envelope.mono_ns)
    doubtful = event.phase == "unknown" and (ran or shown)
    since_ns = before.runs_since_ns if before is not None and ran else None
    if since_ns is None and (event.phase in RUNS or doubtful):
        since_ns = envelope.mono_ns
    told = CurrentTold(
        said=event,
        doubtful=doubtful,
        runs_since_ns=since_ns if event.phase in RUNS or doubtful else None,
        stopped_ns=before.stopped_ns if before is not None else None,
    )
    state = _triggering(replace(state, current=told), event, envelope.mono_ns)
    run = state.currents[-1] if state.currents else None
    if run is not None and run.asked_ns is None and before is not None and _dropped(before.said, event):
        return with_last(state, replace(run, failed=run.failed or "the device holds the program no more"))
    if run is None or run.asked_ns is None or run.ended is not None:
        return state
    return with_last(state, replace(run, ledger=counted(run.ledger, _status(event))))


def _dropped(before: CurrentSaid, now: CurrentSaid) -> bool:
    """Whether a prepared device says that it is not any more, without having been started."""
    return before.phase == "prepared" and now.phase in ("idle", "fault")


def _triggering(state: Visit, event: CurrentSaid, mono_ns: int) -> Visit:
    """The state once the plateau has begun: the trigger pulses of a train that waits for them begin with it."""
    train = state.course.train
    if train is None or not train.triggered or train.running_ns != NO_TIME or event.phase not in TRIGGERS:
        return state
    return replace(state, course=replace(state.course, train=replace(train, running_ns=mono_ns)))


def _status(event: CurrentSaid) -> CurrentStatus:
    return CurrentStatus(
        0,
        event.phase,
        measured_ma=event.measured_ma,
        impedance_kohm=event.impedance_kohm,
        battery_pct=event.battery_pct,
        elapsed_s=event.elapsed_s,
        charge_c=event.charge_c,
        triggers=event.triggers,
        fault=event.fault,
    )


def _intended(state: Visit, event: CurrentIntended, envelope: Envelope) -> Visit:
    run = state.currents[-1] if state.currents else None
    if event.action == "prepare":
        earlier = state.currents[:-1] if run is not None and run.asked_ns is None else state.currents
        return replace(state, currents=(*earlier, CurrentRun(event, CurrentLedger(sham=event.sham))))
    if run is None:
        return state
    if event.action == "start":
        return with_last(state, replace(run, asked_ns=envelope.mono_ns))
    return stopped(state, event.reason, envelope.mono_ns)


def _started(state: Visit, _event: CurrentStarted, envelope: Envelope) -> Visit:
    if not state.currents:
        return state
    return with_last(state, replace(state.currents[-1], started_ns=envelope.mono_ns))


def _failed(state: Visit, event: CurrentFailed, _envelope: Envelope) -> Visit:
    if not state.currents or event.action == "stop":
        return state
    return with_last(state, replace(state.currents[-1], failed=event.error))


def _ended(state: Visit, event: CurrentEnded, _envelope: Envelope) -> Visit:
    if not state.currents:
        return state
    return with_last(state, replace(state.currents[-1], ended=event))


CHANGES: dict[type[Event], Callable[[Visit, Any, Envelope], Visit]] = {
    CurrentSaid: _said,
    CurrentIntended: _intended,
    CurrentStarted: _started,
    CurrentFailed: _failed,
    CurrentEnded: _ended,
}
