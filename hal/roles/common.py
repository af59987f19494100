"""What every role has."""

from collections.abc import Callable
from typing import Literal, Protocol, runtime_checkable

from hal.device import Health, Subscriber, Vitals

Source = Literal["device", "trigger", "operator"]

STOP_PRESSED = "the emergency stop is pressed"
FOOT_SWITCH_PRESSED = "the foot switch is pressed"
"""Remarks (`Vitals.notes`) of a device with such a switch, for as long as it is."""


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
