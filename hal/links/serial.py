"""A serial port, opened for us alone."""

import errno
import fcntl
import termios
from contextlib import suppress
from typing import Literal

import serial

from hal.device import LinkBusy, LinkDenied, LinkError, LinkNotFound
from hal.links.fd import FdLink


class _Port(serial.Serial):  # type: ignore[misc]
    """pyserial without its flush at opening: what a device said before we listened still counts."""

    def _reset_input_buffer(self) -> None:
        pass


class SerialLink(FdLink):
    """8 data bits, no flow control, exclusive: a second program on the port gets, or causes, `LinkBusy`.

    `rts_low` drops the line Request To Send at opening, for devices where it may be wired to a trigger. The kernel
    raises it for the moment between opening and that: nothing in a program can prevent it.
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
        """Open and configure the port; raises `LinkNotFound`, `LinkBusy`, `LinkDenied`."""
        self.close()
        try:
            # An inter-byte timeout of 0 makes pyserial set VMIN to 1: an empty read is a hang-up, never "not yet".
            port = _Port(None, exclusive=True, inter_byte_timeout=0, **self._settings)
            port.port, port.rts = self._path, not self._rts_low
            port.open()
        except (OSError, ValueError, termios.error) as error:
            raise explain(error, self._path) from error
        with suppress(OSError):
            fcntl.ioctl(port.fd, termios.TIOCEXCL)
        self._port, self._fd = port, port.fd

    def _release(self) -> None:
        port, self._port = self._port, None
        if port is None:
            return
        # A duplicate of the descriptor may live on in the guard and would keep lock and exclusive mode with it.
        with suppress(OSError):
            fcntl.ioctl(port.fd, termios.TIOCNXCL)
            fcntl.flock(port.fd, fcntl.LOCK_UN)
        with suppress(OSError):
            port.close()


def explain(error: OSError | ValueError | termios.error, path: str) -> LinkError:
    """What kept the port at `path` from opening, and what to do."""
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
