"""The rules of a visit: `observe` what is live, `decide` what follows, `evolve` by what was journalled.

`decide` first does what the cause itself calls for, then looks at the state this leads to: a broken interlock, an
overdue contact, a finished train, the next automatic pulse. All of it is one tuple of events, in the order in which
they take effect.
"""

from collections.abc import Callable, Iterable
from typing import cast

from bedside.events import AnyEvent, Envelope, Event, SignedIn
from bedside.refusal import Refusal
from bedside.visit import (
    alarms,
    assessing,
    belt,
    commanded,
    course,
    current_run,
    current_watch,
    heard,
    interlocks,
    paired_run,
    settle,
    singles,
)
from bedside.visit.evolve import evolve
from bedside.visit.inputs import Cause, Heard, Now, Person, Tick
from bedside.visit.observe import observe
from bedside.visit.state import Visit
from hal.roles import RobotState

__all__ = ["Refusal", "decide", "evolve", "observe"]

Watcher = Callable[[Visit, Now], tuple[Event, ...]]


def decide(state: Visit, cause: Cause, now: Now, who: Person | None) -> tuple[Event, ...]:
    """The events that follow from `cause`, in the order in which they take effect; raises `Refusal`."""
    events = list(_first(state, cause, now, who))
    state = folded(state, events, now)
    for watcher in _watchers(cause, events):
        more = watcher(state, now)
        events.extend(more)
        state = folded(state, more, now)
    return tuple(events)


def _first(state: Visit, cause: Cause, now: Now, who: Person | None) -> tuple[Event, ...]:
    told = heard.HEARD.get(type(cause))
    if told is not None:
        return told(state, cause, now)
    return commanded.decide(state, cause, now, who)


def folded(state: Visit, events: Iterable[Event], now: Now) -> Visit:
    """The state as it will be once `events` are journalled."""
    for event in events:
        who = event.user if isinstance(event, SignedIn) else ""
        envelope = Envelope(
            n=state.n + 1, mono_ns=now.mono_ns, utc=now.utc, who=who, via="station", event=cast(AnyEvent, event)
        )
        state = evolve(state, envelope)
    return state


def violation(state: Visit, now: Now) -> tuple[Event, ...]:
    """A watched interlock that broke while anything is armed or on its way: off first, then pause and reason."""
    if not (state.armed or state.chain is not None or state.course.running):
        return ()
    single = singles.purpose_of(state)
    purpose = "treatment" if state.course.running or single is None else single
    broken = next(iter(interlocks.problems(state, now, purpose, during=True)), None)
    return () if broken is None else course.halt(state, broken.condition.id, broken.reason)


def _watchers(cause: Cause, events: list[Event]) -> tuple[Watcher, ...]:
    """A hundred robot states a second are only held against the interlocks; everything else looks at everything."""
    if isinstance(cause, Heard) and isinstance(cause.reading, RobotState) and not events:
        return (violation,)
    return WATCHERS if isinstance(cause, Tick) or events else (violation,)


WATCHERS: tuple[Watcher, ...] = (
    violation,
    current_run.watch,
    current_watch.watch,
    paired_run.watch_start,
    paired_run.watch_spent,
    course.watch_pause,
    course.watch_train,
    course.watch_contact,
    heard.retry_off,
    heard.watch_panel,
    belt.watch,
    settle.watch,
    assessing.watch,
    singles.overdue_sweep,
    singles.pace,
    singles.idle,
    alarms.watch,
)
