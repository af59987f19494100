"""A commanded belt as a screen shows it; whether an order is possible, and why not, is asked of the rules."""

from collections.abc import Callable

from bedside.events import Event
from bedside.refusal import Refusal
from bedside.snapshot import Belt
from bedside.visit import belt
from bedside.visit.inputs import Now
from bedside.visit.state import Visit


def view(state: Visit, now: Now) -> Belt | None:
    """The belt; None where none is commanded from here."""
    limits, asked_kmh = state.setup.belt, state.belt.asked_kmh
    if limits is None or state.setup.study.robot is None:
        return None
    faster_kmh = slower_kmh = None
    if asked_kmh is not None and state.belt.held:
        faster_kmh, slower_kmh = round(asked_kmh + limits.step_kmh, 2), round(asked_kmh - limits.step_kmh, 2)
    return Belt(
        state="rest" if belt.at_rest(state, now) else "moving" if belt.moving(state, now) else "unknown",
        doing=state.belt.doing,
        asked_kmh=asked_kmh,
        start_kmh=belt.lowest_kmh(state, limits),
        faster_kmh=faster_kmh,
        slower_kmh=slower_kmh,
        start=_why(lambda: belt.start(state, now, attended=True)),
        faster=_speed(state, now, faster_kmh),
        slower=_speed(state, now, slower_kmh),
        failed=state.belt.failed,
    )


def _speed(state: Visit, now: Now, speed_kmh: float | None) -> str:
    wanted_kmh = state.belt.asked_kmh or 0.0 if speed_kmh is None else speed_kmh
    return _why(lambda: belt.set_speed(state, now, wanted_kmh))


def _why(order: Callable[[], tuple[Event, ...]]) -> str:
    """Why the rules refuse it, "" where they do not."""
    try:
        order()
    except Refusal as refusal:
        return refusal.reason
    return ""
