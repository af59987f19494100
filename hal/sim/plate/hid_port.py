"""A HID device's node without a kernel: a Unix socket of type SOCK_SEQPACKET, one message a report."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

MOST_BYTES = 4096


class HidPort:
    """A listening socket at `path`; the newest connection is the one that counts. `on_report` takes what it writes."""

    def __init__(
        self, path: Path, on_report: Callable[[bytes], None], on_connect: Callable[[], None] = lambda: None
    ) -> None:
        self.path = path
        self._on_report = on_report
        self._on_connect = on_connect
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None

    @property
    def address(self) -> str:
        """`hid:` and the socket's path."""
        return f"hid:{self.path}"

    @property
    def connected(self) -> bool:
        """Whether a peer is there."""
        return self._peer is not None

    async def plug(self) -> None:
        """Listen; one left behind by a dead world is replaced. Raises OSError when the path cannot be taken."""
        if self._listener is not None:
            return
        if self.path.is_socket():
            self.path.unlink()
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            listener.setblocking(False)
            listener.bind(str(self.path))
            listener.listen(2)
        except BaseException:
            listener.close()
            raise
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def unplug(self) -> None:
        """Stop listening and end the connection; safe to call twice."""
        listener, self._listener = self._listener, None
        if listener is not None:
            asyncio.get_running_loop().remove_reader(listener)
            listener.close()
            self.path.unlink(missing_ok=True)
        self._drop_peer()

    def write(self, report: bytes) -> None:
        """Send one report; lost when nobody is there, or does not read."""
        if self._peer is not None and report:
            with contextlib.suppress(OSError):
                self._peer.send(report)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            peer, _ = listener.accept()
            self._drop_peer()
            peer.setblocking(False)
            self._peer = peer
            asyncio.get_running_loop().add_reader(peer, self._readable, peer)
            self._on_connect()

    def _readable(self, peer: socket.socket) -> None:
        try:
            report = peer.recv(MOST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            report = b""
        if report:
            self._on_report(report)
        elif self._peer is peer:
            self._drop_peer()

    def _drop_peer(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            asyncio.get_running_loop().remove_reader(peer)
            peer.close()
