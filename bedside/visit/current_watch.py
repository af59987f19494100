"""The electrical stimulator while a visit goes on: what it said, when nobody knows, and what switches it off."""

from bedside.events import CurrentSaid, Event, OffIntended
from bedside.visit import interlocks, robot, switches, trigger
from bedside.visit.current import RUNS
from bedside.visit.inputs import Now
from bedside.visit.state import Visit
from hal.roles import CurrentStatus

UNKNOWN = "UNKNOWN - check device"
CHARGE_STEP_C = 0.05
"""So much more charge is journalled while nothing else changes: what a power cut may take from the ledger."""


def changed(state: Visit, reading: CurrentStatus) -> CurrentSaid | None:
    """The event for an account of another phase, fault or charge than the last journalled one; None for the same."""
    before = state.current.said if state.current is not None else None
    same = before is not None and (before.phase, before.fault) == (reading.phase, reading.fault)
    if same and (before is None or (reading.charge_c or 0.0) - (before.charge_c or 0.0) < CHARGE_STEP_C):
        return None
    return CurrentSaid(
        phase=reading.phase,
        measured_ma=reading.measured_ma,
        impedance_kohm=reading.impedance_kohm,
        battery_pct=reading.battery_pct,
        charge_c=reading.charge_c,
        triggers=reading.triggers,
        elapsed_s=reading.elapsed_s,
        fault=reading.fault,
    )


def runs(state: Visit) -> bool:
    """Whether current or its trigger bursts flow, as far as is known: a device lost while it ran counts."""
    told = state.current
    return told is not None and (told.said.phase in RUNS or told.doubtful)


def trouble(state: Visit, _now: Now) -> str | None:
    """The alarm's text: nobody knows what it does, or it ended for a reason of its own."""
    told = state.current
    if told is None:
        return None
    if told.doubtful:
        return f"electrical stimulator: {UNKNOWN}"
    if told.said.fault and told.said.phase not in ("idle", "unknown"):
        return f"electrical stimulator: {told.said.fault}"
    return None


def link(state: Visit, _now: Now) -> str | None:
    """Why the configured device is not heard, when it was not running."""
    if not state.going_on or runs(state):
        return None
    gone = (device for device in state.live.devices.values() if device.role == "current")
    return next((device.health.error or device.health.state for device in gone if device.health.state != "ok"), None)


def watch(state: Visit, now: Now) -> tuple[Event, ...]:
    """Off, once for each run, when something forbids current that flows, or is shown to: a sham ends alike."""
    run = trigger.last(state)
    if not _flows_on(state) and not (run is not None and run.shown_at(now.mono_ns)):
        return ()
    reason = _forbidden(state, now)
    return () if reason is None else (OffIntended(reason=reason),)


def _flows_on(state: Visit) -> bool:
    """Whether it runs, and was not told to stop since it began to."""
    told = state.current
    if told is None or told.runs_since_ns is None or not runs(state):
        return False
    return told.stopped_ns is None or told.stopped_ns < told.runs_since_ns


def _forbidden(state: Visit, now: Now) -> str | None:
    if not state.going_on:
        return "current flows and no visit is open"
    if state.interrupted is not None:
        return "current flows and the visit was interrupted"
    if not state.live.control:
        return state.live.control_text
    if not state.live.guard_ok:
        return state.live.guard_text or "the guard does not watch"
    if state.live.trouble:
        return f"the record cannot be written: {state.live.trouble}"
    if told_fault := state.current.said.fault if state.current is not None else "":
        return told_fault
    seizure = interlocks.BY_ID["no_seizure"].problem(state, now)
    doubt = next((doubt.text for doubt in state.doubts.values() if doubt.blocks), None)
    return seizure or doubt or switches.stop_problem(state, now) or robot.stop_problem(state, now)
