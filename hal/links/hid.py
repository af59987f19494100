"""A HID device's raw node: one read is one report, one write is one report, its number in the first byte.

Linux `/dev/hidraw*` (kernel's hidraw.rst). A path that is a Unix socket is connected as SOCK_SEQPACKET instead, which
keeps reports apart just the same, so that a program can offer what the kernel offers. Not tried on hardware.
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

from hal.device import LinkBusy, LinkDenied, LinkError, LinkLost, LinkNotFound
from hal.links.fd import FdLink

MAX_QUEUED_REPORTS = 64
"""Reports a device may leave waiting; more means that nobody takes them."""
SYSFS = Path("/sys/class/hidraw")


class HidLink(FdLink):
    """`hid:/dev/hidraw0`. A second station on the same node gets `LinkBusy`."""

    def __init__(self, address: str, *, path: str) -> None:
        super().__init__(address)
        self._path = path
        self._node: int | None = None
        self._socket: socket.socket | None = None
        self._reports: deque[bytes] = deque()

    async def open(self) -> None:
        """Open the node, or connect to the socket; raises `LinkNotFound`, `LinkBusy`, `LinkDenied`."""
        self.close()
        try:
            self._begin()
        except OSError as error:
            raise _explain(error, self._path) from error

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

    def _begin(self) -> None:
        if stat.S_ISSOCK(Path(self._path).stat().st_mode):
            self._fd = self._connect()
        else:
            self._fd = self._node = _open_node(self._path)

    def _connect(self) -> int:
        link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            link.setblocking(False)
            link.connect(self._path)
        except BaseException:
            link.close()
            raise
        self._socket = link
        return link.fileno()

    def _release(self) -> None:
        link, self._socket = self._socket, None
        node, self._node = self._node, None
        with suppress(OSError):
            if link is not None:
                link.close()
            if node is not None:
                os.close(node)


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


def _explain(error: OSError, path: str) -> LinkError:
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
