"""A TCP port on which a device connects to us."""

import asyncio
import errno
import socket
from contextlib import suppress

from hal.device import HalError, LinkBusy, LinkDenied, LinkLost, LinkNotFound, NoAnswer
from hal.links.fd import FdLink
from hal.links.tcp import RECEIVE_BUFFER_BYTES, Place, look_up
from hal.links.worker import Hung

WAIT_S = 3.0


class ListenLink(FdLink):
    """The server's end of one connection at a time; a newer one replaces it.

    The port stays open from the first `open` to `stop_listening`, over any number of `close`s, so that a device that
    was switched on while nobody looked is not turned away. Nothing tells one device from another: the port belongs on
    a network of its own.
    """

    def __init__(self, address: str, *, host: str, port: int) -> None:
        super().__init__(address)
        self._host = host
        self._port = port
        self._listener: socket.socket | None = None
        self._peer: socket.socket | None = None
        self._next: socket.socket | None = None
        self._arrived = asyncio.Event()

    async def open(self) -> None:
        """Take the newest connection, waiting `WAIT_S` for one; raises `NoAnswer`, `LinkBusy`, `LinkDenied`."""
        self.close()
        if self._listener is None:
            await self._listen()
        try:
            async with asyncio.timeout(WAIT_S):
                await self._arrived.wait()
        except TimeoutError:
            raise NoAnswer(
                f"waiting for the device to connect to port {self._port} of this box",
                remedy="switch it on and set its network mode to this box's address and port",
            ) from None
        self._arrived.clear()
        self._peer, self._next = self._next, None
        self._fd = self._peer.fileno() if self._peer is not None else None

    def stop_listening(self) -> None:
        """Close the port too; safe to call twice."""
        self.close()
        self._turn_away()
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    async def _listen(self) -> None:
        try:
            place = Place(socket.AF_INET, ("", self._port))
            if self._host:
                place = await look_up(self._worker, self._host, self._port)
            listener = socket.create_server(place.target, family=place.family, backlog=4)
        except (OSError, Hung) as error:
            raise _explain(error, self._host, self._port) from error
        listener.setblocking(False)
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        peer.setblocking(False)
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        self._turn_away()
        self._next = peer
        self._arrived.set()
        # Whoever reads from the older connection learns that it ended, and opens again.
        self.close()

    def _turn_away(self) -> None:
        waiting, self._next = self._next, None
        self._arrived.clear()
        if waiting is not None:
            waiting.close()

    def _release(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            with suppress(OSError):
                peer.close()

    def _lost(self, why: str) -> LinkLost:
        if why == "closed" and self._next is not None:
            why = "a newer one took its place"
        return super()._lost(why)


def _explain(error: OSError | Hung, host: str, port: int) -> HalError:
    if isinstance(error, Hung):
        return NoAnswer(f"no name server says where {host} is", remedy="write its number into the device file")
    if error.errno == errno.EADDRINUSE:
        return LinkBusy(f"port {port} is in use by another program", remedy="close the other program, then wait")
    if error.errno in (errno.EACCES, errno.EPERM):
        return LinkDenied(f"no permission to listen on port {port}", remedy="choose a port from 1024 upwards")
    return LinkNotFound(
        f"this box has no address {host}: {error.strerror}", remedy="correct its address in the device file"
    )
