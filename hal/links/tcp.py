"""A TCP connection to a device that listens."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from hal.device import HalError, LinkDenied, LinkNotFound, NoAnswer
from hal.links.fd import FdLink
from hal.links.worker import Hung, Worker

CONNECT_S = 3.0
RECEIVE_BUFFER_BYTES = 4 << 20
"""Several seconds of a fast amplifier, so that a stalled loop loses nothing.

Asked for, and held down to the kernel's `net.core.rmem_max`: `systemd/bedside.sysctl` raises that, and
`bedside doctor` tells where it is too low. Asking also ends the kernel's own tuning, which in a stall would not grow.
"""


class TcpLink(FdLink):
    """The client's end of one connection."""

    def __init__(self, address: str, *, host: str, port: int) -> None:
        super().__init__(address)
        self._host = host
        self._port = port
        self._socket: socket.socket | None = None

    async def open(self) -> None:
        """Look up the name and connect, `CONNECT_S` each; raises `LinkNotFound`, `LinkDenied`, `NoAnswer`."""
        self.close()
        try:
            place = await look_up(self._worker, self._host, self._port)
            async with asyncio.timeout(CONNECT_S):
                self._socket = await _connect(place)
        except (OSError, Hung) as error:
            raise self._explain(error) from error
        self._fd = self._socket.fileno()

    def _release(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
            self._socket = None

    def _explain(self, error: OSError | Hung) -> HalError:
        where = f"{self._host} port {self._port}"
        if isinstance(error, Hung):
            return NoAnswer(
                f"no name server says where {self._host} is",
                remedy="check network cable, or write its number into the device file instead of its name",
            )
        if isinstance(error, ConnectionRefusedError):
            return LinkNotFound(f"nothing listens on {where}", remedy="switch the device on, start its network mode")
        if isinstance(error, PermissionError):
            return LinkDenied(f"no permission to connect to {where}", remedy="check the box's firewall")
        if isinstance(error, TimeoutError):
            return NoAnswer(f"{where} does not answer", remedy="check network cable, address and power")
        return LinkNotFound(f"{where} cannot be reached: {error.strerror}", remedy="check network cable and address")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name leads: what `socket.socket` and `connect` or `bind` take."""

    family: socket.AddressFamily
    target: tuple[Any, ...]


async def look_up(worker: Worker, host: str, port: int) -> Place:
    """The first address of `host`; raises OSError where it has none, `Hung` where no name server answers.

    In the link's own thread: lookups that hang would use up the loop's shared ones.
    """
    find = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    family, _, _, _, target = (await worker.do(find, CONNECT_S))[0]
    return Place(family, target)


async def _connect(place: Place) -> socket.socket:
    link = socket.socket(place.family, socket.SOCK_STREAM)
    try:
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        await asyncio.get_running_loop().sock_connect(link, place.target)
    except BaseException:
        link.close()
        raise
    return link
