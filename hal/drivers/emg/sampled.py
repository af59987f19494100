"""What the sample streams of amplifiers share: gaps by a counter or by the clock, edges of a trigger line. No I/O."""

from collections import deque
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

WINDOW_S = 1.0
WINDOW_ARRIVALS = 20
EARLIER_WINDOWS = 8
LEAST_WINDOWS = 4


class Gap(NamedTuple):
    """`lost` samples are missing just before `row`."""

    row: int
    lost: int


class LossDetector:
    """Missing samples, by a counter that goes up by one a sample and wraps at `modulus`.

    One miscounted sample never counts as a gap twice. A loss of whole turns is invisible here: see `ClockedLoss`.
    With `framed`, something else tells that these are counters, however many gaps there are.
    """

    def __init__(self, modulus: int = 65536, *, framed: bool = False) -> None:
        self._modulus = modulus
        self._framed = framed
        self._last: int | None = None
        self.stuck = False

    def feed(self, counter: NDArray[np.integer[Any]]) -> list[Gap] | None:
        """The gaps in one run of counter values (shape (n,), n >= 1); None when it is no counter: alignment lost.

        A counter that stands still tells nothing: `stuck` turns True and no gap is claimed.
        """
        values = np.asarray(counter, np.int64) % self._modulus
        before = (int(values[0]) - 1) if self._last is None else self._last
        steps = np.diff(values, prepend=before) % self._modulus
        self._last = int(values[-1])
        self.stuck = not steps.any() if len(values) == 1 else not steps[1:].any()
        rows = np.flatnonzero(steps != 1)
        if self.stuck or not len(rows):
            return []
        if not self._framed and len(rows) > max(2, len(values) // 10):
            return None
        return [Gap(int(row), (int(steps[row]) - 1) % self._modulus) for row in rows]


class EdgeDetector:
    """Rising edges of a trigger line: above the threshold after having been below half of it."""

    def __init__(self, threshold_counts: float) -> None:
        self._high_counts = threshold_counts
        self._low_counts = threshold_counts / 2
        self._is_high = True

    def feed(self, line: NDArray[np.number[Any]]) -> list[int]:
        """Rows (0..n-1) at which `line`, shape (n,), rose. A line high from the start has not risen."""
        states = np.where(line >= self._high_counts, 1, np.where(line < self._low_counts, 0, -1))
        known = np.flatnonzero(states >= 0)
        if not len(known):
            return []
        decided = states[known]
        before = np.concatenate(([int(self._is_high)], decided[:-1]))
        self._is_high = bool(decided[-1])
        return [int(row) for row in known[(decided == 1) & (before == 0)]]


class ClockedLoss:
    """Losses that no counter shows, by the clock: samples arrive late, never early.

    How far the arrivals lag behind the samples they bring has a smallest value in every window of a second or more.
    That floor follows the device's drift, and a delayed burst leaves it where it was; samples that are gone raise it
    for good. A rise that lasts over two windows is a loss, rounded to whole `turn`s of the counter, and told two to
    three windows after it happened. Rises below 0.6 turn, below `least_s`, or within four times what the floor
    otherwise moves, are not told.
    """

    def __init__(self, rate_hz: float, *, turn: int = 1, least_s: float = 0.0) -> None:
        self._rate_hz = rate_hz
        self._turn = turn
        self._least_s = max(0.6 * turn / rate_hz, least_s)
        self.restart()

    def restart(self) -> None:
        """Forget the floor: the clock or the index has jumped for a known reason."""
        self._floors: deque[float] = deque(maxlen=EARLIER_WINDOWS + 2)
        self._start_s: float | None = None
        self._floor_s = 0.0
        self._arrivals = 0

    def feed(self, now_s: float, index: int) -> int:
        """Samples found lost now; `index` is the running index after the newest sample, known losses included.

        `now_s` is when it arrived, or when it was stamped (s). What is returned belongs into the next `index`.
        """
        lag_s = now_s - index / self._rate_hz
        if self._start_s is None:
            self._start_s, self._floor_s, self._arrivals = now_s, lag_s, 0
        self._floor_s = min(self._floor_s, lag_s)
        self._arrivals += 1
        if now_s - self._start_s < WINDOW_S or self._arrivals < WINDOW_ARRIVALS:
            return 0
        self._floors.append(self._floor_s)
        self._start_s = None
        return self._judge()

    def _judge(self) -> int:
        *earlier, one, two = self._floors if len(self._floors) > 1 else (0.0, 0.0)
        if len(earlier) < LEAST_WINDOWS:
            return 0
        rise_s = min(one, two) - earlier[-1]
        wander_s = max(abs(after - before) for before, after in pairwise(earlier))
        if rise_s < max(self._least_s, 4 * wander_s):
            return 0
        lost = round(rise_s * self._rate_hz / self._turn) * self._turn
        self._floors[-1] -= lost / self._rate_hz
        self._floors[-2] -= lost / self._rate_hz
        return lost
