"""The rules of a visit: `observe` what is live, `decide` what follows, `evolve` by what was journalled."""

from bedside.events import Envelope, Event
from bedside.visit.inputs import Cause, Now, Person
from bedside.visit.state import Visit


class Refusal(Exception):
    """A command that cannot be done, with the reason and what to do, both for a therapist."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason} ({remedy})" if remedy else reason)
        self.reason = reason
        self.remedy = remedy


def observe(state: Visit, cause: Cause, now: Now) -> Visit:
    """The state with its live part brought up to `now`; commands change nothing here."""
    return state


def decide(state: Visit, cause: Cause, now: Now, who: Person | None) -> tuple[Event, ...]:
    """The events that follow from `cause`, in the order in which they take effect; raises `Refusal`."""
    return ()


def evolve(state: Visit, envelope: Envelope) -> Visit:
    """The state after one journalled event."""
    return state
