"""A treadmill's belt that this box commands: what was asked, and what the machine says came of it."""

from typing import Literal

from bedside.events.base import Event

BeltOrder = Literal["start", "speed", "stop"]


class BeltIntended(Event, frozen=True, kw_only=True, tag="belt.intended"):
    """The belt is about to be started (it then runs at `speed_kmh`), set to `speed_kmh`, or stopped.

    A stop may be on the wire before this is durable.
    """

    action: BeltOrder
    speed_kmh: float | None = None
    reason: str


class BeltConfirmed(Event, frozen=True, kw_only=True, tag="belt.confirmed"):
    """The machine says that the order is carried out; "stop": that it stands, whoever stopped it.

    `told_kmh` is the speed it tells.
    """

    action: BeltOrder
    told_kmh: float | None


class BeltFailed(Event, frozen=True, kw_only=True, tag="belt.failed"):
    """The order was not carried out, or the machine did not confirm it; `told_kmh` is the speed it told last."""

    action: BeltOrder
    error: str
    remedy: str
    told_kmh: float | None
