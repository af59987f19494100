"""After the station itself was gone: off, say what is certain and what is not, and wait for a person."""

from bedside.events import Event, OffIntended, StimulationPaused, VisitInterrupted, VisitResumed
from bedside.refusal import Refusal
from bedside.visit import assessing, belt
from bedside.visit.inputs import Started
from bedside.visit.state import Visit


def started(state: Visit, cause: Started) -> tuple[Event, ...]:
    """What follows when this state is the fold of the journal of an open visit."""
    if not state.going_on:
        return ()
    gap = f" and was away for {_at_most(cause.gap_s)}" if cause.gap_s is not None else ""
    reason = f"{cause.reason}{gap}"
    off = OffIntended(reason=reason)
    paused = (StimulationPaused(cause="interrupted", reason=reason),) if state.course.running else ()
    interrupted = VisitInterrupted(reason=reason, certain=certain(state), uncertain=uncertain(state))
    return (off, *assessing.interrupted(state, reason), *paused, interrupted)


def _at_most(gap_s: float) -> str:
    """How long nothing was journalled, in words: the station was away for so long or less."""
    if gap_s < 1.0:
        return "less than 1 s"
    minutes = gap_s / 60.0
    span = f"{gap_s:.0f} s" if minutes < 2.0 else f"{minutes:.0f} min" if minutes < 120.0 else f"{minutes / 60.0:.0f} h"
    return f"at most {span}"


def certain(state: Visit) -> str:
    """What the journal proves: of pulses, or of an assessment in which none was given, of its trials."""
    ledger = state.ledger
    if state.assessment is not None and not ledger.single:
        trial = _trial(state)
        return f"what was recorded of {trial} is kept" if trial else "everything entered is kept; no trial was recorded"
    if state.assesses and not ledger.single:
        return "what was entered and recorded until then is kept"
    if ledger.planned and state.course.begun:
        return f"{ledger.course} of {ledger.planned} pulses were reported, and {ledger.single} single pulses"
    return f"{ledger.single} single pulses were reported; the treatment had not begun"


def uncertain(state: Visit) -> str:
    """What it does not: pulses, and a belt that was started from here."""
    pulses, left = _unproved(state), belt.left_running(state)
    return f"{pulses.removeprefix('nothing: ')}; {left}" if left else pulses


def _unproved(state: Visit) -> str:
    if state.pending is not None:
        return f"single pulse {state.pending.pulse} was asked for and may have been given"
    train = state.course.train
    if train is not None and state.course.running:
        left = train.pulses - train.reported
        return f"a train ran: up to {left} more pulses may have been given until the guard switched it off"
    if state.unsettled is not None:
        return f"up to {state.unsettled.at_most} pulses may have been given unheard"
    if state.armed:
        return "no pulse was asked for, but the stimulator was armed"
    return "the last seconds of that trial" if _trial(state) else "nothing: no pulse was under way"


def _trial(state: Visit) -> str:
    """The trial that was being recorded, in words; empty without one."""
    running = state.assessment.running if state.assessment is not None else None
    if running is None:
        return ""
    return f"trial {running.started.trial} of {state.setup.catalogue.title(running.started.instrument)}"


def resume(state: Visit) -> tuple[Event, ...]:
    """A person's word to go on; nothing is armed by it. Raises `Refusal` when nothing was interrupted."""
    if state.interrupted is None:
        raise Refusal("the visit is not interrupted", "")
    return (VisitResumed(),)
