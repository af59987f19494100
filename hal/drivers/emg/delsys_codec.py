"""Delsys Trigno control utility on the wire: text commands on one port, samples on another. No I/O.

Commands and replies are ASCII and end in CR LF CR LF. Samples are float32 little-endian in volts, always 16 of them,
one a sensor, whether it is there or not. From the maker's public interface as open drivers use it; not tried on
hardware.
"""

import numpy as np
from numpy.typing import NDArray

SENSORS = 16
RATE_HZ = 2000.0
COMMAND_PORT = 50040
END = b"\r\n\r\n"
START = "START"
STOP = "STOP"
DONE = "OK"
MOST_V = 10.0
"""No sensor or analog adapter shows more; where a value does, bytes were lost or added."""
RAIL_UV = 11_000
TEXT_LIMIT = 4096


def encode(command: str) -> bytes:
    """A command's bytes."""
    return command.encode("ascii") + END


class Replies:
    """Bytes of the command port, to replies."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[str]:
        """All replies completed by `data`; a line that never ends is thrown away."""
        *whole, rest = (self._rest + data).split(END)
        self._rest = rest[-TEXT_LIMIT:]
        return [text for reply in whole if (text := reply.decode("ascii", "replace").strip())]


class SampleStream:
    """Bytes of the data port, to whole samples of all sensors."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> NDArray[np.float32] | None:
        """All samples completed by `data`, volts, float32, shape (n, 16); None where they cannot be voltages."""
        whole = self._rest + data if self._rest else data
        rows = len(whole) // (4 * SENSORS)
        self._rest = whole[rows * 4 * SENSORS :]
        volts = np.frombuffer(whole, "<f4", rows * SENSORS).reshape(rows, SENSORS)
        # A comparison with a value that is no number is false, so this refuses those too.
        return volts.astype(np.float32) if (np.abs(volts) <= MOST_V).all() else None
