"""The sensor's lines, as bytes and as values. No I/O, no clock: bytes in, samples out.

    #COUNT,AX,AY,AZ,GX,GY,GZ*SS\r\n        100 a second; acceleration in mm/s2, turn rate in mrad/s, decimal integers
    COUNT   0..65535, one more with every sample, then again from 0
    SS      two hexadecimal digits: XOR of the bytes between # and *

The sensor takes one command, `S` (start), and sends nothing before it.
"""

import re
from dataclasses import dataclass
from functools import reduce
from operator import xor

START = b"S"
COUNTER_BITS = 16
MAX_LINE = 96
"""A longer run without an end of line is garbage; it is dropped, so that noise cannot fill the memory."""
_LINE = re.compile(rb"#(\d{1,5}(?:,-?\d{1,6}){6})\*([0-9A-F]{2})")


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: the counter, acceleration (m/s2) and turn rate (rad/s), x y z."""

    count: int
    accel_m_s2: tuple[float, ...]
    gyro_rad_s: tuple[float, ...]


def checksum(body: bytes) -> int:
    """XOR of all bytes."""
    return reduce(xor, body, 0)


class LineParser:
    """Takes bytes that may end anywhere; `dropped` counts lines that were damaged."""

    def __init__(self) -> None:
        self.dropped = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[Sample]:
        """The whole samples that have arrived."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        samples = [sample for line in lines if (sample := self._sample(line.rstrip(b"\r"))) is not None]
        if len(self._rest) > MAX_LINE:
            self._rest = b""
            self.dropped += 1
        return samples

    def _sample(self, line: bytes) -> Sample | None:
        match = _LINE.fullmatch(line[max(line.rfind(b"#"), 0) :])
        if match is None or int(match[2], 16) != checksum(match[1]):
            self.dropped += bool(line)
            return None
        count, *values = (int(word) for word in match[1].split(b","))
        if count >= 1 << COUNTER_BITS:
            self.dropped += 1
            return None
        return Sample(count, tuple(v / 1000 for v in values[:3]), tuple(v / 1000 for v in values[3:]))
