"""Where a far end meets the station: a pseudo-terminal under a stable name, or a TCP port on this machine."""

import asyncio
import contextlib
import os
import select
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

OnBytes = Callable[[bytes], None]
READ_SIZE = 65536
LOOK_S = 0.01
MAX_UNSENT = 1 << 16
"""Bytes after which a peer that does not read loses what follows, as on a serial wire."""


class Port(Protocol):
    """One side of a wire that can be pulled out and plugged in again."""

    @property
    def address(self) -> str:
        """Where the station finds it, as in a device file."""
        ...

    async def plug(self) -> None:
        """Appear; does nothing when already there."""
        ...

    def unplug(self) -> None:
        """Disappear, ending what is connected; safe to call twice."""
        ...

    def write(self, data: bytes) -> None:
        """Send without waiting; lost when nobody reads."""
        ...


class AtPort:
    """The part of a far end that is its one port."""

    port: Port

    @property
    def address(self) -> str:
        """Where the station finds it."""
        return self.port.address

    async def plug(self) -> None:
        """Plug the cable in, or be switched on."""
        await self.port.plug()

    def unplug(self) -> None:
        """Pull the cable, or be switched off; what the device does by itself goes on."""
        self.port.unplug()


class PtyPort:
    """A raw pseudo-terminal behind the symbolic link `path`, which may be left over from another one.

    As on a real port, what is sent while nobody has it open is lost. Each hang-up is answered with a fresh
    pseudo-terminal under the same name: the old one would keep the exclusive mode of a station that was killed.
    """

    def __init__(self, path: Path, on_bytes: OnBytes) -> None:
        self.path = path
        self._on_bytes = on_bytes
        self._far = -1
        self._open = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def address(self) -> str:
        """`serial:` and the link's path."""
        return f"serial:{self.path}"

    async def plug(self) -> None:
        """Set the link; raises FileExistsError when something else has that name."""
        if self._far < 0:
            if self.path.exists() and not self.path.is_symlink():
                raise FileExistsError(f"{self.path} exists and is no link to a serial port: remove it")
            self._make()

    def unplug(self) -> None:
        """Remove the link and hang up on whoever has it open."""
        if self._far >= 0:
            self._close()
            self.path.unlink(missing_ok=True)

    def write(self, data: bytes) -> None:
        """Send; lost where nobody has the port open, or does not read."""
        if self._open:
            with contextlib.suppress(BlockingIOError):
                os.write(self._far, data)

    def _make(self) -> None:
        self._far, near = os.openpty()
        tty.setraw(near)
        os.set_blocking(self._far, False)
        fresh = self.path.with_suffix(".fresh")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(os.ttyname(near))
        fresh.replace(self.path)
        os.close(near)
        self._look()

    def _close(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._far)
        if self._timer is not None:
            self._timer.cancel()
        os.close(self._far)
        self._far, self._open = -1, False

    def _look(self) -> None:
        """See whether somebody opened the port; until then the kernel reports a hang-up without end."""
        loop = asyncio.get_running_loop()
        poll = select.poll()
        poll.register(self._far, select.POLLIN)
        events = dict(poll.poll(0)).get(self._far, 0)
        self._open = bool(events & select.POLLIN) or not events & select.POLLHUP
        if self._open:
            loop.add_reader(self._far, self._readable)
        else:
            self._timer = loop.call_later(LOOK_S, self._look)

    def _readable(self) -> None:
        try:
            data = os.read(self._far, READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            self._close()
            self._make()
            return
        self._on_bytes(data)


class TcpPort:
    """A listening port on the loopback; the newest connection is the one that counts.

    `port` 0 takes a free one, kept over unplugging. `on_connect` is told of each new peer.
    """

    def __init__(self, on_bytes: OnBytes, port: int = 0, on_connect: Callable[[], None] = lambda: None) -> None:
        self.port = port
        self._on_bytes = on_bytes
        self._on_connect = on_connect
        self._server: asyncio.Server | None = None
        self._peer: asyncio.StreamWriter | None = None

    @property
    def address(self) -> str:
        """`tcp:`, host and port."""
        return f"tcp:127.0.0.1:{self.port}"

    @property
    def connected(self) -> bool:
        """Whether a peer is there."""
        return self._peer is not None

    async def plug(self) -> None:
        """Listen; raises OSError when the port is taken."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, reuse_address=True)
            self.port = self._server.sockets[0].getsockname()[1]

    def unplug(self) -> None:
        """Stop listening and end the connection."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._drop_peer()

    def write(self, data: bytes) -> None:
        """Send; a peer that is far behind loses this."""
        if self._peer is not None and self._peer.transport.get_write_buffer_size() < MAX_UNSENT:
            self._peer.write(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._drop_peer()
        self._peer = writer
        self._on_connect()
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(READ_SIZE):
                if self._peer is writer:
                    self._on_bytes(data)
        if self._peer is writer:
            self._drop_peer()

    def _drop_peer(self) -> None:
        if self._peer is not None:
            self._peer.transport.abort()
            self._peer = None
