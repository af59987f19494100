"""The other end of a real wire for driver tests: a pty or a TCP socket that can be unplugged, and what it says."""

import asyncio
import os
import tty
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol


class FarEnd(Protocol):
    """A device's port. `on_bytes` takes what the driver sends."""

    address: str
    on_bytes: Callable[[bytes], None]

    async def plug(self) -> None: ...
    async def unplug(self) -> None: ...
    def send(self, data: bytes) -> None: ...


class PtyEnd:
    """A pty whose slave hangs below a fixed name, as a USB adapter does that is pulled and plugged in again."""

    def __init__(self, folder: Path) -> None:
        self._port = folder / "port"
        self._master: int | None = None
        self.address = f"serial:{self._port}?baud=38400"
        self.on_bytes: Callable[[bytes], None] = lambda _data: None

    async def plug(self) -> None:
        self._master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(self._master, False)
        self._port.unlink(missing_ok=True)
        self._port.symlink_to(os.ttyname(slave))
        asyncio.get_running_loop().add_reader(self._master, self._readable)
        self._slave = slave

    async def unplug(self) -> None:
        if self._master is not None:
            asyncio.get_running_loop().remove_reader(self._master)
            self._port.unlink(missing_ok=True)
            os.close(self._slave)
            os.close(self._master)
            self._master = None

    def send(self, data: bytes) -> None:
        if self._master is not None:
            os.write(self._master, data)

    def _readable(self) -> None:
        assert self._master is not None
        with suppress(OSError):
            self.on_bytes(os.read(self._master, 65536))


class TcpEnd:
    """A server that serves one driver at a time, on a port that stays the same."""

    def __init__(self) -> None:
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._number = 0
        self.address = ""
        self.on_connect: Callable[[], None] = lambda: None
        self.on_bytes: Callable[[bytes], None] = lambda _data: None

    async def plug(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._number)
        self._number = self._server.sockets[0].getsockname()[1]
        self.address = f"tcp:127.0.0.1:{self._number}"

    async def unplug(self) -> None:
        if self._server is not None:
            self._server.close()
            if self._writer is not None:
                self._writer.close()
            await self._server.wait_closed()
            self._server = None
            await asyncio.sleep(0)

    def send(self, data: bytes) -> None:
        if self._writer is not None:
            self._writer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.on_connect()
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                self.on_bytes(data)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def until(condition: Callable[[], object], within_s: float = 5.0) -> None:
    """Wait for a condition of real processes and sockets; fail after a limit no healthy machine reaches."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.005)


async def finishes(work: Awaitable[None], within_s: float = 5.0) -> None:
    """Await `work`, fail where it hangs."""
    await asyncio.wait_for(work, within_s)
