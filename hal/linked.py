"""A device at the end of a wire that carries bytes."""

from abc import abstractmethod
from collections.abc import Callable

from hal.links.base import Link, Listening
from hal.supervised import Patience, SupervisedDevice

__all__ = ["LinkedDevice", "Patience"]


class LinkedDevice(SupervisedDevice):
    """Owns a `Link`. A driver implements `on_bytes`, calls `heard` for every valid message, and may `talk`."""

    def __init__(self, name: str, now_ns: Callable[[], int], link: Link, patience: Patience) -> None:
        super().__init__(name, now_ns, patience)
        self.link = link

    @property
    def address(self) -> str:
        """The link's address, as configured."""
        return self.link.address

    def fileno(self) -> int | None:
        """The open link's file descriptor, None while closed and for a link that has none."""
        return self.link.fileno()

    async def close(self) -> None:
        """Say goodbye, disconnect and release everything; safe to call twice."""
        await super().close()
        if isinstance(self.link, Listening):
            self.link.stop_listening()

    # for drivers

    @abstractmethod
    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire; they may end anywhere."""

    def on_link_up(self) -> None:
        """The link has just been opened: forget half messages, greet the device."""

    # for the supervisor

    @property
    def link_open(self) -> bool:
        """Whether the link is open."""
        return self.link.is_open

    async def connect(self) -> None:
        """Open the link; raises `LinkError` or `NoAnswer`."""
        await self.link.open()

    async def begin(self) -> None:
        """Tell the driver that the link is up."""
        self.on_link_up()

    async def listen(self) -> None:
        """Hand on all bytes until the link ends; raises `LinkLost`."""
        while True:
            self.on_bytes(await self.link.read())

    async def release(self) -> None:
        """Close the link."""
        self.link.close()
        await self.link.wait_closed()
