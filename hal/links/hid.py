"""A HID device's raw node: one read is one report, one write is one report, its number in the first byte.

Linux `/dev/hidraw*` (kernel's hidraw.rst). A path that is a Unix socket is connected as SOCK_SEQPACKET instead, which
keeps reports apart just the same, so that a program can offer what the kernel offers. Opening and closing run in a
thread; writing does not: the kernel queues a report for a Bluetooth device, the only kind in use here. Not tried on
hardware.
"""

import asyncio
import errno
import fcntl
import os
import socket
import stat
from collections import deque
from contextlib import suppress
from pathlib import Path

from hal.device import HalError, LinkBusy, LinkDenied, LinkLost, LinkNotFound, NoAnswer
from hal.links.fd import OPEN_S, FdLink
from hal.links.worker import Hung

MAX_QUEUED_REPORTS = 64
"""Reports a device may leave waiting; more means that nobody takes them."""
SYSFS = Path("/sys/class/hidraw")
_Node = int | socket.socket
"""An open node: its descriptor, or the socket in its place."""


class HidLink(FdLink):
    """`hid:/dev/hidraw0`. A second station on the same node gets `LinkBusy`."""

    def __init__(self, address: str, *, path: str) -> None:
        super().__init__(address)
        self._path = path
        self._node: _Node | None = None
        self._reports: deque[bytes] = deque()

    async def open(self) -> None:
        """Open the node, or connect to the socket, in `OPEN_S` seconds.

        Raises `LinkNotFound`, `LinkBusy`, `LinkDenied`, `NoAnswer`.
        """
        self.close()
        try:
            self._node = await self._worker.do(lambda: _opened(self._path), OPEN_S, _shut)
        except (OSError, Hung) as error:
            raise _explain(error, self._path) from error
        self._fd = self._node if isinstance(self._node, int) else self._node.fileno()

    def write(self, data: bytes) -> None:
        """Send one report whole, or queue it; raises `LinkLost`."""
        fd = self._open_fd()
        if len(self._reports) >= MAX_QUEUED_REPORTS:
            raise self._lost("the device takes no more reports")
        self._reports.append(data)
        self._send(fd)

    def close(self) -> None:
        """Close; safe to call twice. A waiting `read` raises `LinkLost`."""
        self._reports.clear()
        super().close()

    def _send(self, fd: int) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._reports:
                os.write(fd, self._reports[0])
                self._reports.popleft()
        except BlockingIOError:
            loop.add_writer(fd, self._send_later, fd)
        except OSError as error:
            raise self._lost(error.strerror or str(error)) from error
        else:
            loop.remove_writer(fd)

    def _send_later(self, fd: int) -> None:
        try:
            self._send(fd)
        except LinkLost:
            # The reader hears of the same end and says so.
            asyncio.get_running_loop().remove_writer(fd)

    def _release(self) -> None:
        node, self._node = self._node, None
        if node is not None:
            if isinstance(node, int):
                fcntl.flock(node, fcntl.LOCK_UN)
            self._closing = self._worker.submit(lambda: _shut(node))


def _opened(path: str) -> _Node:
    return _connect(path) if stat.S_ISSOCK(Path(path).stat().st_mode) else _open_node(path)


def _shut(node: _Node) -> None:
    with suppress(OSError):
        if isinstance(node, int):
            os.close(node)
        else:
            node.close()


def _connect(path: str) -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        link.setblocking(False)
        link.connect(path)
    except BaseException:
        link.close()
        raise
    return link


def _open_node(path: str) -> int:
    if not stat.S_ISCHR(Path(path).stat().st_mode):
        raise OSError(errno.ENODEV, "it is no device")
    fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(fd)
        raise
    return fd


def udev_rule(path: str) -> str:
    """The rule that opens the node to the group `dialout`; nodes of Bluetooth devices belong to root otherwise.

    The kernel names a HID device BUS:VENDOR:PRODUCT.NUMBER, whatever bus it is on.
    """
    kind = Path(os.path.realpath(SYSFS / Path(os.path.realpath(path)).name / "device")).name.partition(".")[0]
    if kind.count(":") != 2:
        kind = "BUS:VENDOR:PRODUCT"
    return f'KERNEL=="hidraw*", KERNELS=="{kind}.*", MODE="0660", GROUP="dialout"'


def _explain(error: OSError | Hung, path: str) -> HalError:
    if isinstance(error, Hung):
        return NoAnswer(f"{path} hangs while it is opened", remedy="switch the device off and on")
    if error.errno in (errno.EAGAIN, errno.EBUSY):
        return LinkBusy(f"{path} is in use by another program", remedy="close the other program, then wait")
    if error.errno in (errno.EACCES, errno.EPERM):
        return LinkDenied(
            f"no permission to open {path}",
            remedy=f"let the administrator add the udev rule {udev_rule(path)} and switch the device off and on",
        )
    if error.errno == errno.ECONNREFUSED:
        return LinkNotFound(f"nothing listens on {path}", remedy="switch the device on")
    if error.errno in (errno.ENOENT, errno.ENXIO, errno.ENODEV):
        return LinkNotFound(f"{path} is not there", remedy="switch the device on and pair it, or correct its address")
    return LinkNotFound(f"{path} is no such device: {error.strerror}", remedy="correct its address")
