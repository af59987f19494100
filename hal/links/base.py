"""What a link is."""

from typing import Protocol


class Link(Protocol):
    """A byte stream that can be reopened. All methods run on the event loop's thread."""

    @property
    def address(self) -> str:
        """The configured address, as in a device file."""
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

    def fileno(self) -> int | None:
        """The open file descriptor, else None."""
        ...
