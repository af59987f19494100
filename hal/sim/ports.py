"""Where a far end meets the station: a pseudo-terminal under a stable name, or a TCP port on this machine."""

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

OnBytes = Callable[[bytes], None]
READ_SIZE = 65536
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


class PtyPort:
    """A raw pseudo-terminal behind the symbolic link `path`.

    It keeps the station's side open itself, so that the device survives every closing of the port. `path` must not
    exist, or be a symbolic link, which is replaced.
    """

    def __init__(self, path: Path, on_bytes: OnBytes) -> None:
        self.path = path
        self._on_bytes = on_bytes
        self._far = self._near = -1

    @property
    def address(self) -> str:
        """`serial:` and the link's path."""
        return f"serial:{self.path}"

    async def plug(self) -> None:
        """Open the pair and set the link; raises FileExistsError when something else has that name."""
        if self._far >= 0:
            return
        self._far, self._near = os.openpty()
        tty.setraw(self._near)
        os.set_blocking(self._far, False)
        if self.path.is_symlink():
            self.path.unlink()
        self.path.symlink_to(os.ttyname(self._near))
        asyncio.get_running_loop().add_reader(self._far, self._readable)

    def unplug(self) -> None:
        """Close both sides and remove the link: whoever has it open sees a hang-up."""
        if self._far < 0:
            return
        asyncio.get_running_loop().remove_reader(self._far)
        os.close(self._far)
        os.close(self._near)
        self._far = self._near = -1
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def write(self, data: bytes) -> None:
        """Send; what the terminal's buffer does not take is lost."""
        if self._far >= 0:
            with contextlib.suppress(BlockingIOError):
                os.write(self._far, data)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._on_bytes(os.read(self._far, READ_SIZE))


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
