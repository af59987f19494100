"""What a link is."""

from typing import Protocol, runtime_checkable


class Link(Protocol):
    """A byte stream that can be reopened. All methods run on the event loop's thread."""

    @property
    def address(self) -> str:
        """The configured address, as in a device file."""
        ...

    @property
    def is_open(self) -> bool:
        """Whether it can be read and written."""
        ...

    async def open(self) -> None:
        """Open; raises `LinkNotFound`, `LinkBusy`, `LinkDenied`, `NoAnswer`."""
        ...

    async def read(self) -> bytes:
        """At least one byte, whatever arrived; raises `LinkLost` when the far end is gone."""
        ...

    def write(self, data: bytes) -> None:
        """Queue bytes for the wire without waiting; raises `LinkLost`."""
        ...

    def close(self) -> None:
        """Close; safe to call twice."""
        ...

    async def wait_closed(self) -> None:
        """Wait until `close` has taken effect at the far end too, where that takes time."""
        ...

    def fileno(self) -> int | None:
        """The open file descriptor; None while closed, and for a link that has none (Bluetooth)."""
        ...


@runtime_checkable
class Listening(Protocol):
    """A link on which the device connects to us: it listens between connections too, until told not to."""

    def stop_listening(self) -> None:
        """Close, and turn away whoever comes from now on; safe to call twice."""
        ...
