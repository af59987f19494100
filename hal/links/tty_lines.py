"""Control lines of a serial port on this box, worked from a thread: a dead USB adapter can block for seconds."""

import asyncio
import fcntl
import struct
import termios
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import sleep
from typing import Any, TypeVar

import serial

from hal.device import LinkError, LinkLost, LinkNotFound
from hal.links.fd import OPEN_S
from hal.links.lines import Lines, OutputLine
from hal.links.serial import explain
from hal.links.worker import Hung, Worker

T = TypeVar("T")
TIOCGICOUNT = getattr(termios, "TIOCGICOUNT", 0x545D)
"""Linux: how often each input line has changed (asm-generic/ioctls.h)."""
_COUNTERS = struct.Struct("20i")
LOOK_S = 0.005
"""Pause between looks while somebody waits for a change."""
ANSWER_S = 0.5
"""How long the adapter may take to read or switch a line; a healthy one on USB needs some milliseconds."""


class TtyLines:
    """A `hal.links.control_line.LinesBackend` on a local port; `make` opens the port and may be replaced in tests."""

    def __init__(self, address: str, path: str, make: Callable[[str], Any] | None = None) -> None:
        self._address = address
        self._path = path
        self._make = make or _open_port
        self._port: Any = None
        self._worker = Worker(f"lines {path}")
        self._seen: Lines | None = None

    @property
    def is_open(self) -> bool:
        """Between `open` and `close`."""
        return self._port is not None

    async def open(self) -> None:
        """Open the port and lower both outputs, in `OPEN_S` seconds; see `ControlLineLink.open`."""
        self.close()
        try:
            self._port = await self._worker.do(self._begin, OPEN_S, _end)
        except Hung as error:
            raise explain(error, self._path) from None

    async def set_line(self, line: OutputLine, on: bool) -> None:
        """Switch one output."""
        await self._do(lambda: setattr(self._port, line, on))

    async def pulse(self, line: OutputLine, seconds: float) -> None:
        """One output high for `seconds`, timed in the thread, so that nothing on the event loop can lengthen it."""
        await self._do(lambda: self._pulse(line, seconds), ANSWER_S + seconds)

    def lower_now(self) -> None:
        """Both outputs low as soon as the thread comes to it."""
        if self._port is not None:
            self._worker.submit(partial(_lower, self._port))

    async def lines(self) -> Lines:
        """The inputs, read now."""
        return await self._do(self._look)

    async def changed(self, since: Lines) -> Lines:
        """The inputs once they differ from `since`; looks every `LOOK_S`."""
        while (seen := await self.lines()) == since:  # noqa: ASYNC110 - a port tells nothing by itself
            await asyncio.sleep(LOOK_S)
        return seen

    def close(self) -> None:
        """Outputs low, then close, in the thread."""
        port, self._port = self._port, None
        if port is not None:
            self._worker.submit(partial(_end, port))

    # in the thread

    def _begin(self) -> Any:
        try:
            port = self._make(self._path)
        except (OSError, ValueError, termios.error) as error:
            raise explain(error, self._path) from error
        try:
            _lower(port)
            self._seen = None
            self._seen = self._read(port)
        except OSError as error:
            port.close()
            raise LinkNotFound(
                f"{self._path} has no control lines", remedy="use a serial port or adapter that has them"
            ) from error
        return port

    def _look(self) -> Lines:
        self._seen = self._read(self._port)
        return self._seen

    def _read(self, port: Any) -> Lines:
        levels = (bool(port.cts), bool(port.dsr), bool(port.cd), bool(port.ri))
        before = self._seen
        counts = _counters(port)
        if counts is None:
            was = (before.cts, before.dsr, before.dcd, before.ri) if before is not None else levels
            counted = before.changes if before is not None else (0, 0, 0, 0)
            moved = [int(now != then) for now, then in zip(levels, was, strict=True)]
            counts = (counted[0] + moved[0], counted[1] + moved[1], counted[2] + moved[2], counted[3] + moved[3])
        return Lines(*levels, counts)

    def _pulse(self, line: OutputLine, seconds: float) -> None:
        try:
            setattr(self._port, line, True)
            sleep(seconds)
        finally:
            setattr(self._port, line, False)

    async def _do(self, what: Callable[[], T], within_s: float | None = None) -> T:
        if self._port is None:
            raise self._gone("not open")
        try:
            return await self._worker.do(what, ANSWER_S if within_s is None else within_s)
        except LinkError:
            raise
        except Hung:
            raise self._gone("it hangs") from None
        except (OSError, AttributeError) as error:
            raise self._gone(str(error)) from error

    def _gone(self, why: str) -> LinkLost:
        return LinkLost(f"port {self._path} ended: {why}", remedy="check the cable and the adapter")


def _open_port(path: str) -> Any:
    port = serial.Serial(exclusive=True)
    port.port = path
    port.rts = port.dtr = False
    port.open()
    return port


def _lower(port: Any) -> None:
    port.rts = False
    port.dtr = False


def _end(port: Any) -> None:
    with suppress(OSError):
        _lower(port)
    with suppress(OSError):
        port.close()


def _counters(port: Any) -> tuple[int, int, int, int] | None:
    """How often CTS, DSR, DCD and RI have changed; None where the port does not count."""
    try:
        raw = fcntl.ioctl(port.fileno(), TIOCGICOUNT, bytes(_COUNTERS.size))
    except (OSError, ValueError):
        return None
    cts, dsr, ring, carrier, *_ = _COUNTERS.unpack(raw)
    return cts, dsr, carrier, ring
