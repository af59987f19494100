"""What serial ports and sockets share: a non-blocking file descriptor on the event loop."""

import asyncio
import os
from abc import ABC, abstractmethod

from hal.device import LinkLost

READ_BYTES = 1 << 18
MAX_QUEUED_BYTES = 1 << 16
"""Bytes a wire may leave waiting; commands are tiny, so a longer queue means that nobody takes them."""


class FdLink(ABC):
    """A byte stream over one non-blocking descriptor; see `hal.links.base.Link` for the contract."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._fd: int | None = None
        self._queued = bytearray()
        self._waiter: asyncio.Future[None] | None = None

    @property
    def address(self) -> str:
        """The configured address."""
        return self._address

    @property
    def is_open(self) -> bool:
        """Whether it can be read and written."""
        return self._fd is not None

    @abstractmethod
    async def open(self) -> None:
        """Open; raises `LinkNotFound`, `LinkBusy`, `LinkDenied`, `NoAnswer`."""

    @abstractmethod
    def _release(self) -> None:
        """Close what lies under the descriptor."""

    def fileno(self) -> int | None:
        """The open file descriptor, else None."""
        return self._fd

    async def read(self) -> bytes:
        """At least one byte, whatever arrived; raises `LinkLost` when the far end is gone.

        It waits for readiness even where bytes are there already, so that a fast device cannot starve the loop.
        """
        while True:
            fd = self._open_fd()
            await self._readable(fd)
            try:
                data = os.read(fd, READ_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise self._lost(error.strerror or str(error)) from error
            if not data:
                raise self._lost("the far end closed the connection")
            return data

    def write(self, data: bytes) -> None:
        """Write what the wire takes now, queue the rest; raises `LinkLost`."""
        fd = self._open_fd()
        self._queued += data
        if len(self._queued) > MAX_QUEUED_BYTES:
            raise self._lost("the far end takes no more bytes")
        self._flush(fd)

    def close(self) -> None:
        """Close; safe to call twice. A waiting `read` raises `LinkLost`."""
        if self._fd is None:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._fd)
        loop.remove_writer(self._fd)
        self._fd = None
        self._queued.clear()
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(self._lost("closed"))
        self._release()

    async def wait_closed(self) -> None:
        """Nothing to wait for: a descriptor closes at once."""
        return

    async def _readable(self, fd: int) -> None:
        loop = asyncio.get_running_loop()
        waiter = self._waiter = loop.create_future()
        loop.add_reader(fd, _wake, waiter)
        try:
            await waiter
        finally:
            self._waiter = None
            if self._fd == fd:
                loop.remove_reader(fd)

    def _flush(self, fd: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._queued:
                del self._queued[: os.write(fd, self._queued)]
        except BlockingIOError:
            loop.add_writer(fd, self._flush_later, fd)
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from error
        else:
            loop.remove_writer(fd)

    def _flush_later(self, fd: int) -> None:
        try:
            self._flush(fd)
        except LinkLost:
            asyncio.get_running_loop().remove_writer(fd)

    def _open_fd(self) -> int:
        if self._fd is None:
            raise self._lost("not open")
        return self._fd

    def _lost(self, why: str) -> LinkLost:
        return LinkLost(f"connection {self._address} ended: {why}", remedy="check the cable and the device's power")


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
