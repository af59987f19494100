"""A TCP connection to a device that listens."""

import asyncio
import socket
from contextlib import suppress

from hal.device import HalError, LinkDenied, LinkNotFound, NoAnswer
from hal.links.fd import FdLink

CONNECT_S = 3.0
RECEIVE_BUFFER_BYTES = 4 << 20
"""Several seconds of the fastest amplifier, so that a stalled loop loses nothing."""


class TcpLink(FdLink):
    """The client's end of one connection."""

    def __init__(self, address: str, *, host: str, port: int) -> None:
        super().__init__(address)
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None

    async def open(self) -> None:
        """Connect within `CONNECT_S` seconds; raises `LinkNotFound`, `LinkDenied`, `NoAnswer`."""
        self.close()
        try:
            async with asyncio.timeout(CONNECT_S):
                self._socket = await self._connect()
        except (OSError, TimeoutError) as error:
            raise self._explain(error) from error
        self._fd = self._socket.fileno()

    async def _connect(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        family, kind, protocol, _, target = (await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM))[0]
        link = socket.socket(family, kind, protocol)
        try:
            link.setblocking(False)
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            await loop.sock_connect(link, target)
        except BaseException:
            link.close()
            raise
        return link

    def _release(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _explain(self, error: OSError | TimeoutError) -> HalError:
        where = f"{self._host} port {self._port}"
        if isinstance(error, ConnectionRefusedError):
            return LinkNotFound(f"nothing listens on {where}", remedy="switch the device on, start its network mode")
        if isinstance(error, PermissionError):
            return LinkDenied(f"no permission to connect to {where}", remedy="check the box's firewall")
        if isinstance(error, TimeoutError):
            return NoAnswer(f"{where} does not answer", remedy="check network cable, address and power")
        return LinkNotFound(f"{where} cannot be reached: {error.strerror}", remedy="check network cable and address")
