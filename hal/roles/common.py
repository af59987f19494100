"""What every role has."""

from collections.abc import Callable
from typing import Literal, Protocol, runtime_checkable

from hal.device import Attention, Health, Subscriber, Vitals

Source = Literal["device", "trigger", "operator"]

STOP_PRESSED = Attention(
    "the emergency stop is pressed",
    "release it when it is safe to; if nobody pressed it, check its plug and its cable",
)
FOOT_SWITCH_PRESSED = Attention(
    "the foot switch is pressed", "take the foot off it; if nobody stands on it, check its plug and its cable"
)
"""What a device with such a switch says (`Vitals.attention`) for as long as it is."""


@runtime_checkable
class Openable(Protocol):
    """What every role has of `hal.device.Device`."""

    name: str
    role: str

    @property
    def address(self) -> str:
        """Where the device is, as configured."""
        ...

    @property
    def health(self) -> Health:
        """The present health."""
        ...

    @property
    def vitals(self) -> Vitals:
        """Battery, signal, rate, loss and clock, as far as the device tells."""
        ...

    async def open(self) -> None:
        """Connect, or start trying to."""
        ...

    async def close(self) -> None:
        """Disconnect and release everything."""
        ...

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Deliver every reading to `subscriber`; call the result to end it."""
        ...
