"""What the simulated amplifiers share: the patient's electrodes over time, the trigger line, and samples that get lost.

A sample has its running number from simulated time; a lost one leaves a hole in the numbers and moves no other.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hal.sim.far_end import Surroundings

BLOCK_S = 0.015
"""Real time between blocks."""
LAG_S = 0.03
"""How far (real s) an amplifier is behind its own present: radio and buffers."""
TRIGGER_MS = 3.0
MAX_ROWS = 8192
BURST = 5


@dataclass(frozen=True, slots=True)
class Rows:
    """Samples that leave the device: running `numbers` (n,), `uv` (n, 8), `trigger` (n,) high or low.

    `at_s` is the simulated time of the first; `saturated` names columns that sit at the rail.
    """

    numbers: NDArray[np.int64]
    uv: NDArray[np.float32]
    trigger: NDArray[np.bool_]
    at_s: float
    saturated: tuple[int, ...] = ()


class EmgSource:
    """One amplifier's acquisition; `begin` starts it, `take` yields what time has produced since."""

    def __init__(self, around: Surroundings, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self.lost = 0
        self.sent = 0
        self._around = around
        self._rng = np.random.default_rng(around.seed)
        self._next: int | None = None
        self._start_s = 0.0
        self._frozen: Rows | None = None

    @property
    def running(self) -> bool:
        """Whether it samples."""
        return self._next is not None

    def begin(self, rate_hz: float | None = None) -> None:
        """Start sampling now, at another rate where one is given; numbers begin at 0."""
        self.rate_hz = rate_hz or self.rate_hz
        self._start_s, self._next, self._frozen = self._now_s, 0, None

    def end(self) -> None:
        """Stop sampling."""
        self._next = None

    def struck(self, fault: str) -> float | None:
        """The argument of an active fault of this device (0.0 for none), now recorded as fired."""
        fired = self._around.faults.strike(f"{self._around.name}.{fault}", self._now_s)
        return None if fired is None else float(fired.argument or 0.0)

    def take(self) -> Iterator[Rows]:
        """What time has produced and no fault took, oldest first."""
        if self._next is None:
            return
        self._around.catch_up()
        lag_s = LAG_S * self._around.clock.speed
        due = math.floor((self._now_s - lag_s - self._start_s) * self.rate_hz) - self._next
        while due > 0:
            count, due = min(due, MAX_ROWS), due - min(due, MAX_ROWS)
            if self.struck("silence") is not None:
                self._next += count
                continue
            rows = self._lossy(self._rows(count))
            self.sent += len(rows.numbers)
            if len(rows.numbers):
                yield rows

    @property
    def _now_s(self) -> float:
        return self._around.clock.now_s()

    def _rows(self, count: int) -> Rows:
        assert self._next is not None  # noqa: S101 - `take` looked
        first, self._next = self._next, self._next + count
        at_s = self._start_s + first / self.rate_hz
        uv = self._around.patient.render_uv(at_s, count, self.rate_hz, first_index=first)
        rail = self.struck("saturated")
        rows = Rows(
            np.arange(first, first + count), uv, self._line(at_s, count), at_s, () if rail is None else (int(rail),)
        )
        return self._perhaps_frozen(rows)

    def _line(self, first_s: float, count: int) -> NDArray[np.bool_]:
        line = np.zeros(count, np.bool_)
        width = math.ceil(TRIGGER_MS / 1000 * self.rate_hz)
        for pulse_s in self._around.patient.pulses_s(first_s - (width + 1) / self.rate_hz):
            start = math.ceil(round((pulse_s - first_s) * self.rate_hz, 6))
            line[max(0, start) : max(0, start + width)] = True
        return line

    def _perhaps_frozen(self, rows: Rows) -> Rows:
        if self.struck("freeze") is None:
            self._frozen = None
            return rows
        last = self._frozen = self._frozen or rows
        count = len(rows.numbers)
        return Rows(
            np.repeat(last.numbers[:1], count),
            np.repeat(last.uv[:1], count, axis=0),
            np.repeat(last.trigger[:1], count),
            rows.at_s,
            rows.saturated,
        )

    def _lossy(self, rows: Rows) -> Rows:
        kept = np.ones(len(rows.numbers), np.bool_)
        gone = self.struck("lost_samples")
        if gone is not None:
            # All of them at once, also where they outnumber this block.
            kept[: int(gone)] = False
            beyond = max(0, int(gone) - len(kept))
            assert self._next is not None  # noqa: S101 - `take` looked
            self._next += beyond
            self.lost += beyond
        percent = self.struck("loss")
        if percent is not None:
            starts = np.flatnonzero(self._rng.random(len(kept)) < percent / 100 / BURST)
            for start in starts:
                kept[start : start + BURST] = False
        self.lost += int(np.count_nonzero(~kept))
        return Rows(rows.numbers[kept], rows.uv[kept], rows.trigger[kept], rows.at_s, rows.saturated)


def spoiled(source: EmgSource, pieces: list[bytes], rng: np.random.Generator) -> bytes:
    """Frames as they leave the device on a bad day: faults `garbage` and `truncated` act here."""
    if source.struck("garbage") is not None:
        return b"".join(_flipped(piece, rng) + rng.bytes(int(rng.integers(1, 24))) for piece in pieces)
    if source.struck("truncated") is not None:
        return b"".join(piece[:-1] for piece in pieces)
    return b"".join(pieces)


def _flipped(piece: bytes, rng: np.random.Generator) -> bytes:
    made = bytearray(piece)
    made[int(rng.integers(len(made)))] ^= 1 << int(rng.integers(8))
    return bytes(made)
