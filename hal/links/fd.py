"""What serial ports and sockets share: a non-blocking file descriptor on the event loop."""

import asyncio
import os
from abc import ABC, abstractmethod
from concurrent.futures import Future
from contextlib import suppress

from hal.device import LinkLost
from hal.links.worker import Hung, Worker

OPEN_S = 3.0
"""How long opening and setting up a port may take in the kernel; a healthy USB adapter needs some milliseconds."""
CLOSE_S = 3.0
"""How long closing a port is waited for; the kernel itself waits up to 30 s for bytes that an adapter does not take."""
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
        self._read = b""
        self._ended: LinkLost | None = None
        self._watched = False
        self._worker = Worker(f"link {address}")
        self._closing: Future[None] | None = None

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
        """Close what lies under the descriptor; where that can block, leave it to `_worker` and set `_closing`."""

    def fileno(self) -> int | None:
        """The open file descriptor, else None."""
        return self._fd

    async def read(self) -> bytes:
        """At least one byte, whatever arrived; raises `LinkLost` when the far end is gone.

        The loop reads once in each of its rounds, and not at all while nobody takes what it read: a fast device cannot
        starve the others, and what is not taken waits in the kernel.
        """
        while not self._read:
            fd = self._open_fd()
            if self._ended is not None:
                raise self._ended
            if not self._watched:
                asyncio.get_running_loop().add_reader(fd, self._take, fd)
                self._watched = True
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data, self._read = self._read, b""
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
        self._read, self._ended, self._watched = b"", None, False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(self._lost("closed"))
        self._release()

    async def wait_closed(self) -> None:
        """Wait until the thread has closed the port, `CLOSE_S` at the most; a socket closes at once."""
        closing, self._closing = self._closing, None
        if closing is not None and not closing.done():
            with suppress(Hung):
                await self._worker.do(lambda: None, CLOSE_S)

    def _take(self, fd: int) -> None:
        """Bytes are there, or the end."""
        if self._read:
            self._look_away(fd)
            return
        try:
            self._read = os.read(fd, READ_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(fd, error.strerror or str(error))
        else:
            if not self._read:
                self._end(fd, "the far end closed the connection")
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _end(self, fd: int, why: str) -> None:
        self._ended = self._lost(why)
        self._look_away(fd)

    def _look_away(self, fd: int) -> None:
        asyncio.get_running_loop().remove_reader(fd)
        self._watched = False

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
