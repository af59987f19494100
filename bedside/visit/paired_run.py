"""The beginning and the end of pulses that the electrical stimulator triggers."""

from bedside.events import Event
from bedside.visit import course, pairing, trigger
from bedside.visit.inputs import Now
from bedside.visit.state import Visit


def watch_start(state: Visit, _: Now) -> tuple[Event, ...]:
    """The stimulation has begun once the electrical stimulator says that its plateau, and so its triggers, did."""
    train = state.course.train
    begun = train is not None and train.triggered and state.train_running_ns >= train.asked_ns
    return course.started(state) if begun else ()


def watch_spent(state: Visit, _: Now) -> tuple[Event, ...]:
    """A paused pair whose current was given is over, once it is known how many pulses were."""
    pause = state.course.pause
    if pause is None or state.course.ended is not None or trigger.bursts(state) is None:
        return ()
    if trigger.spent(state) is None or state.unsettled is not None or not state.off_confirmed:
        return ()
    return course.end(state, "fault" if pause.cause in pairing.CAUSES else "aborted", pause.reason)
