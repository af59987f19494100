"""Contacts on a control line: emergency stop and foot switch."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from hal.device import Reading
from hal.roles.common import Openable

ContactUse = Literal["emergency_stop", "foot_switch"]


@dataclass(frozen=True, slots=True)
class ContactState(Reading):
    """A debounced contact. `closed` is the circuit's state, None while it cannot be read.

    `active` is what it means: an emergency stop is wired fail-safe, so open or unreadable is active (pressed); a foot
    switch is active while closed, and None while it cannot be read.
    """

    use: ContactUse
    closed: bool | None
    active: bool | None


@runtime_checkable
class Contact(Openable, Protocol):
    """A switch that the station listens to."""

    @property
    def use(self) -> ContactUse:
        """What the switch is for."""
        ...

    @property
    def contact(self) -> ContactState:
        """The present state."""
        ...
