"""A serial port, opened for us alone."""

import errno
import fcntl
import termios
from contextlib import suppress
from typing import Literal

import serial

from hal.device import HalError, LinkBusy, LinkDenied, LinkNotFound, NoAnswer
from hal.links.fd import OPEN_S, FdLink
from hal.links.worker import Hung


class _Port(serial.Serial):  # type: ignore[misc]
    """pyserial without its flush at opening: what a device said before we listened still counts."""

    def _reset_input_buffer(self) -> None:
        pass


class SerialLink(FdLink):
    """8 data bits, no flow control, exclusive: a second program on the port gets, or causes, `LinkBusy`.

    `rts_low` drops the line Request To Send at opening, for devices where it may be wired to a trigger. The kernel
    raises it for the moment between opening and that: nothing in a program can prevent it. Opening and closing run in
    a thread: both can block in the kernel, with a USB adapter in a bad state for as long as it is plugged in.
    """

    def __init__(
        self,
        address: str,
        *,
        path: str,
        baud: int,
        parity: Literal["N", "E", "O"] = "N",
        stop_bits: int = 1,
        rts_low: bool = False,
    ) -> None:
        super().__init__(address)
        self._path = path
        self._settings = {"baudrate": baud, "parity": parity, "stopbits": stop_bits}
        self._rts_low = rts_low
        self._port: _Port | None = None

    async def open(self) -> None:
        """Open and configure the port in `OPEN_S`; raises `LinkNotFound`, `LinkBusy`, `LinkDenied`, `NoAnswer`."""
        self.close()
        try:
            port = await self._worker.do(self._opened, OPEN_S, _give_up)
        except (OSError, ValueError, termios.error, Hung) as error:
            raise explain(error, self._path) from error
        self._port, self._fd = port, port.fd

    def _opened(self) -> _Port:
        """In the thread: the port, set up and locked."""
        # An inter-byte timeout of 0 makes pyserial set VMIN to 1: an empty read is a hang-up, never "not yet".
        port = _Port(None, exclusive=True, inter_byte_timeout=0, **self._settings)
        port.port, port.rts = self._path, not self._rts_low
        port.open()
        with suppress(OSError):
            fcntl.ioctl(port.fd, termios.TIOCEXCL)
        return port

    def _release(self) -> None:
        port, self._port = self._port, None
        if port is not None:
            _unlock(port)
            self._closing = self._worker.submit(lambda: _shut(port))


def _unlock(port: _Port) -> None:
    """Never waits. A duplicate of the descriptor may live on in the guard and would keep lock and exclusive mode."""
    with suppress(OSError):
        fcntl.ioctl(port.fd, termios.TIOCNXCL)
        fcntl.flock(port.fd, fcntl.LOCK_UN)


def _shut(port: _Port) -> None:
    """In the thread. It unlocks nothing: another link may have the port for itself by now."""
    with suppress(OSError):
        port.close()


def _give_up(port: _Port) -> None:
    """In the thread: a port that came too late."""
    _unlock(port)
    _shut(port)


def explain(error: OSError | ValueError | termios.error | Hung, path: str) -> HalError:
    """What kept the port at `path` from opening, and what to do."""
    if isinstance(error, Hung):
        return NoAnswer(f"{path} hangs while it is opened", remedy="unplug the adapter, wait, plug it in again")
    code = error.errno if isinstance(error, OSError) else None
    if code in (errno.EBUSY, errno.EAGAIN):
        return LinkBusy(f"{path} is in use by another program", remedy="close the other program, then wait")
    if code in (errno.EACCES, errno.EPERM):
        return LinkDenied(f"no permission to open {path}", remedy="add this user to the group that owns the port")
    if code in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return LinkNotFound(
            f"{path} does not exist", remedy="plug in the cable, or correct its address in the device file"
        )
    return LinkNotFound(
        f"{path} does not work as a serial port: {error}", remedy="correct its address in the device file"
    )
