"""The serial force board's line protocol (docs/protocols/force-board.md). No I/O.

Not tried on hardware: the protocol is ours, and no board has been built to it here.
"""

import logging
import re
from dataclasses import dataclass

from hal.crc import crc8_maxim

logger = logging.getLogger(__name__)

ASK_HEADER = b"?\n"
SEQ_MODULUS = 1 << 16
MICROS_MODULUS = 1 << 32
RAIL_LOW, RAIL_HIGH = -(1 << 23), (1 << 23) - 1
MOST_LINE_BYTES = 160
_SAMPLE = re.compile(rb"B,(\d{1,5}),(\d{1,10}),((?:-?\d{1,7},){4}(?:(?:-?\d{1,7},){4})?)([0-9A-Fa-f]{2})")
_HEADER = re.compile(rb"#bedside-board (\d+) cells=([48]) rate=(\d{1,4}(?:\.\d{1,3})?)(?: .*)?")


@dataclass(frozen=True, slots=True)
class BoardHeader:
    """What a board says of itself at reset or when asked."""

    version: int
    cells: int
    rate_hz: float


@dataclass(frozen=True, slots=True)
class BoardSample:
    """One sample: counter, microseconds of the board's clock, and the cells' counts (4 or 8)."""

    seq: int
    micros: int
    counts: tuple[int, ...]


Line = BoardHeader | BoardSample


class ForceBoardLines:
    """Bytes as they come, to lines. `rejected` counts lines that are neither: damaged, too long, of another program."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._overlong = False
        self.rejected = 0

    def feed(self, data: bytes) -> list[Line]:
        """Take `data`; return what it completes, in order. Never raises."""
        self._buffer += data
        *whole, rest = self._buffer.split(b"\n")
        found: list[Line] = []
        for line in whole:
            parsed = None if self._overlong or len(line) > MOST_LINE_BYTES else _parse(bytes(line))
            if parsed is not None:
                found.append(parsed)
            elif self._overlong or not line.startswith(b"#"):
                self.rejected += bool(line.strip())
            self._overlong = False
        if len(rest) > MOST_LINE_BYTES:
            self._overlong, rest = True, bytearray()
        self._buffer = rest
        return found

    def forget(self) -> None:
        """Drop a half line: the wire was cut."""
        self._buffer, self._overlong = bytearray(), False


def _parse(line: bytes) -> Line | None:
    line = line.removesuffix(b"\r")
    if match := _SAMPLE.fullmatch(line):
        return _sample(line, match)
    if (match := _HEADER.fullmatch(line)) and float(match[3]) > 0:
        return BoardHeader(int(match[1]), int(match[2]), float(match[3]))
    if line.startswith(b"#"):
        logger.debug("force board: %s", line[:80])
    return None


def _sample(line: bytes, match: re.Match[bytes]) -> BoardSample | None:
    if crc8_maxim(line[:-2]) != int(match[4], 16):
        return None
    seq, micros = int(match[1]), int(match[2])
    counts = tuple(int(word) for word in match[3].split(b",")[:-1])
    if seq >= SEQ_MODULUS or micros >= MICROS_MODULUS or any(not RAIL_LOW <= count <= RAIL_HIGH for count in counts):
        return None
    return BoardSample(seq, micros, counts)
