"""How the treatment's events change the state: dose, trains, pauses, contact."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bedside.events import (
    ContactConfirmed,
    ContactPrompted,
    DosePlanned,
    Envelope,
    Event,
    IntensityLowered,
    StimulationEnded,
    StimulationPaused,
    StimulationResumed,
    StimulationStarted,
    TrainEnded,
    TrainIntended,
)
from bedside.visit.evolve_stimulator import missed, unheard, unsettled
from bedside.visit.state import NO_TIME, Chain, Course, Pause, TrainRun, Visit
from bedside.visit.timing import Pattern

LINK_CAUSES = frozenset({"stimulator_link", "stimulator_silent", "trigger_count", "interrupted"})


def rebased(course: Course, mono_ns: int) -> Course:
    """The course with its clocks restarted at `mono_ns`: visit time may begin anew when the box starts."""
    pause = replace(course.pause, since_ns=mono_ns) if course.pause is not None else None
    return replace(_stopped(course, mono_ns), pause=pause, last_pulse_ns=mono_ns, contact_ns=mono_ns)


def _stopped(course: Course, mono_ns: int) -> Course:
    """The clock of stimulated time stands."""
    since_ns = course.active_since_ns
    ran_ns = max(0, mono_ns - since_ns) if since_ns is not None else 0
    return replace(course, active_ns=course.active_ns + ran_ns, active_since_ns=None, prompted_ns=None)


def _planned(state: Visit, event: DosePlanned, _: Envelope) -> Visit:
    ledger = replace(state.ledger, planned=event.pulses)
    return replace(state, dose=event, intensity_pct_mso=event.intensity_pct_mso, ledger=ledger)


def _lowered(state: Visit, event: IntensityLowered, _: Envelope) -> Visit:
    return replace(state, intensity_pct_mso=event.to_pct_mso)


def _train(state: Visit, event: TrainIntended, envelope: Envelope) -> Visit:
    pattern = None
    if event.burst_pulses > 1 or event.inter_train_s:
        gap_s = event.inter_train_s or 1.0 / event.rate_hz
        pattern = Pattern(event.rate_hz, event.pulses, event.trains, gap_s, event.burst_pulses, event.inter_pulse_s)
    pulses = event.pulses * event.trains * event.burst_pulses
    train = TrainRun(pulses, event.rate_hz, envelope.mono_ns, pattern=pattern, triggered=event.triggered)
    course = replace(state.course, begun=True, train=train)
    chain = None if event.triggered else Chain("treatment", "train", envelope.mono_ns)
    return replace(state, course=course, chain=chain)


def _started(state: Visit, _event: StimulationStarted, envelope: Envelope) -> Visit:
    now_ns = envelope.mono_ns
    start_c = state.said.temperature_c if state.said is not None else None
    course = replace(
        state.course, begun=True, started_ns=now_ns, active_since_ns=now_ns, contact_ns=now_ns, start_c=start_c
    )
    return replace(state, course=course, chain=None)


def _train_ended(state: Visit, event: TrainEnded, envelope: Envelope) -> Visit:
    train, doubt = state.course.train, state.unsettled
    if event.lost and train is not None:
        reason = f"{event.lost} pulses of a finished train were not reported"
        doubt = replace(unsettled(state, train, event.lost, reason, envelope.mono_ns), lost=event.lost)
    ledger = state.ledger.with_lost(event.lost)
    return replace(state, course=replace(state.course, train=None), ledger=ledger, chain=None, unsettled=doubt)


def _paused(state: Visit, event: StimulationPaused, envelope: Envelope) -> Visit:
    if event.cause in LINK_CAUSES:
        state = unheard(state, envelope.mono_ns, event.reason)
    state = missed(state, envelope.mono_ns)
    pause = Pause(event.cause, event.reason, envelope.mono_ns)
    course = replace(_stopped(state.course, envelope.mono_ns), begun=True, pause=pause)
    return replace(state, course=course)


def _resumed(state: Visit, _event: StimulationResumed, envelope: Envelope) -> Visit:
    now_ns = envelope.mono_ns
    course = replace(state.course, pause=None, contact_ns=now_ns, active_since_ns=now_ns, train=None)
    return replace(state, course=course)


def _ended(state: Visit, event: StimulationEnded, envelope: Envelope) -> Visit:
    if state.course.pause is None:
        state = missed(state, envelope.mono_ns)
    course = replace(_stopped(state.course, envelope.mono_ns), pause=None, ended=event, contact_ns=NO_TIME)
    return replace(state, course=course)


def _prompted(state: Visit, _event: ContactPrompted, envelope: Envelope) -> Visit:
    return replace(state, course=replace(state.course, prompted_ns=envelope.mono_ns))


def _contact(state: Visit, _event: ContactConfirmed, envelope: Envelope) -> Visit:
    return replace(state, course=replace(state.course, prompted_ns=None, contact_ns=envelope.mono_ns))


CHANGES: dict[type[Event], Callable[[Visit, Any, Envelope], Visit]] = {
    DosePlanned: _planned,
    IntensityLowered: _lowered,
    TrainIntended: _train,
    StimulationStarted: _started,
    TrainEnded: _train_ended,
    StimulationPaused: _paused,
    StimulationResumed: _resumed,
    StimulationEnded: _ended,
    ContactPrompted: _prompted,
    ContactConfirmed: _contact,
}
