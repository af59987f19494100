"""The belt's part of the state, event by event."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from bedside.events import BeltConfirmed, BeltFailed, BeltIntended, Envelope, Event, RobotChanged
from bedside.visit.state import Belt, Visit

RUNNING = frozenset({"stand", "walk"})
"""Phases that go with a belt that runs as asked; in any other one, somebody or something took it over."""


def unheard(state: Visit) -> Visit:
    """The state when the station was gone: what was under way is not any more, and nothing is held."""
    return replace(state, belt=_let_go(replace(state.belt, doing=None)))


def moved(belt: Belt, event: RobotChanged) -> Belt:
    """The belt once the machine tells another state: stopped at its panel, lost or faulty, it is not held any more."""
    stands = event.phase == "stand" and belt.doing != "start"
    return _let_go(belt) if stands or event.phase not in RUNNING else belt


def _let_go(belt: Belt) -> Belt:
    return replace(belt, held=False, asked_kmh=None)


def _intended(state: Visit, event: BeltIntended, envelope: Envelope) -> Visit:
    belt = replace(state.belt, doing=event.action, asked_kmh=event.speed_kmh, failed="", since_ns=envelope.mono_ns)
    if event.action == "start":
        belt = replace(belt, ours=True, stop_failed="")
    elif event.action == "stop":
        belt = replace(belt, held=False, stop_failed="")
    return replace(state, belt=belt)


def _confirmed(state: Visit, event: BeltConfirmed, envelope: Envelope) -> Visit:
    if event.action == "stop":
        return replace(state, belt=Belt(failed=state.belt.failed, since_ns=envelope.mono_ns))
    belt = replace(state.belt, doing=None, since_ns=envelope.mono_ns)
    return replace(state, belt=replace(belt, held=belt.asked_kmh is not None))


def _failed(state: Visit, event: BeltFailed, envelope: Envelope) -> Visit:
    """A belt whose speed was not reached is held at the speed it tells; one that was not started is not held."""
    failed = f"{event.action} failed: {event.error}"
    belt = replace(state.belt, doing=None, failed=failed, since_ns=envelope.mono_ns)
    if event.action == "stop":
        belt = replace(belt, stop_failed=event.error)
    elif event.action == "speed" and belt.held and event.told_kmh is not None:
        belt = replace(belt, asked_kmh=round(event.told_kmh, 1))
    else:
        belt = _let_go(belt)
    return replace(state, belt=belt)


CHANGES: dict[type[Event], Callable[[Visit, Any, Envelope], Visit]] = {
    BeltIntended: _intended,
    BeltConfirmed: _confirmed,
    BeltFailed: _failed,
}
