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


UNKNOWN = -1


class Gap(NamedTuple):
    """`lost` samples are missing just before `row`; `UNKNOWN` where only the clock can tell how many."""

    row: int
    lost: int


class LossDetector:
    """Missing samples, by a wide counter that goes up by one a sample and wraps at `modulus`.

    A loss leaves the counter ahead for good. So a value counts only when the next one bears it out, and one that the
    following ones do not is passed over. A loss of half a turn and more cannot be told from a counter that went back or
    began anew: how much is missing there is for the clock to say.
    """

    def __init__(self, modulus: int = 65536) -> None:
        self._modulus = modulus
        self._line = 0
        self._last: int | None = None
        self.stuck = False

    def feed(self, counter: NDArray[np.integer[Any]]) -> list[Gap] | None:
        """The gaps in one run of counter values (shape (n,), n >= 1); None when it is no counter: alignment lost.

        A loss just before the last value is told with the next run. A counter that stands still tells nothing: `stuck`
        turns True and no gap is claimed.
        """
        values = np.asarray(counter, np.int64) % self._modulus
        if self._last is None:
            self._line = self._last = int(values[0]) - 1
        seen, line = np.concatenate(([self._last], values)), self._line
        on_line = self._last == line
        self._line = self._last = int(values[-1])
        steps = np.diff(seen) % self._modulus
        irregular = int(np.count_nonzero(steps != 1))
        self.stuck = not steps.any() if len(values) == 1 else not steps[1:].any()
        if self.stuck or (on_line and not irregular):
            return []
        if irregular > max(2, len(values) // 10):
            return None
        half = self._modulus // 2
        ahead = (seen - line - np.arange(len(seen)) + half) % self._modulus - half
        return self._gaps(ahead, line)

    def _gaps(self, ahead: NDArray[np.int64], line: int) -> list[Gap]:
        """`ahead` is how far the last value and those of this run (n + 1,) are before the line that `line` ended."""
        rows = len(ahead) - 1
        back = int(np.flatnonzero(np.append(0, ahead) >= 0)[-1])
        firm = ahead[:back]
        if back:
            # the newest of them is not borne out
            firm = np.append(firm[:-1], min(firm[-1], firm[-2] if back > 1 else 0))
        lost = np.maximum(np.minimum.accumulate(firm[::-1])[::-1], 0)
        more = np.diff(lost, prepend=0)
        gaps = [Gap(max(int(at) - 1, 0), int(more[at])) for at in np.flatnonzero(more)]
        if back < rows:
            return [*gaps, Gap(max(back - 1, 0), UNKNOWN)]
        self._line = (line + rows + (int(lost[-1]) if back else 0)) % self._modulus
        return gaps


class FrameLosses:
    """Missing frames, by a small counter that wraps at `modulus`, where something else tells that these are frames.

    A loss of whole turns is invisible here: see `ClockedLoss`.
    """

    def __init__(self, modulus: int) -> None:
        self._modulus = modulus
        self._last: int | None = None

    def feed(self, counter: NDArray[np.integer[Any]]) -> list[Gap]:
        """The gaps in one run of counter values, shape (n,), n >= 1."""
        values = np.asarray(counter, np.int64)
        before = (int(values[0]) - 1) if self._last is None else self._last
        self._last = int(values[-1])
        lost = (np.diff(values, prepend=before) - 1) % self._modulus
        return [Gap(int(row), int(lost[row])) for row in np.flatnonzero(lost)]


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


class Floors:
    """How far arrivals lag behind the samples they bring, at the least, in windows of `window_s` and 20 arrivals."""

    def __init__(self, rate_hz: float, window_s: float = WINDOW_S) -> None:
        self._rate_hz = rate_hz
        self._window_s = window_s
        self.newest = (0.0, 0.0)
        """When the least delayed arrival of the last window came (s), and its lag (s), from an arbitrary zero."""
        self.restart()

    def restart(self) -> None:
        """A new window begins."""
        self._start_s: float | None = None
        self._floor = (0.0, 0.0)
        self._arrivals = 0

    def feed(self, now_s: float, index: int, real_s: float) -> bool:
        """Samples up to the running index `index` came at `now_s`; True when a window of `real_s` has ended."""
        lag_s = now_s - index / self._rate_hz
        if self._start_s is None:
            self._start_s, self._floor, self._arrivals = real_s, (now_s, lag_s), 0
        if lag_s < self._floor[1]:
            self._floor = (now_s, lag_s)
        self._arrivals += 1
        if real_s - self._start_s < self._window_s or self._arrivals < WINDOW_ARRIVALS:
            return False
        self.newest = self._floor
        self._start_s = None
        return True


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
        self._windows = Floors(rate_hz)
        self.restart()

    def restart(self) -> None:
        """Forget the floor: the clock or the index has jumped for a known reason."""
        self._floors: deque[float] = deque(maxlen=EARLIER_WINDOWS + 2)
        self._windows.restart()

    def feed(self, now_s: float, index: int) -> int:
        """Samples found lost now; `index` is the running index after the newest sample, known losses included.

        `now_s` is when it arrived, or when it was stamped (s). What is returned belongs into the next `index`.
        """
        if not self._windows.feed(now_s, index, now_s):
            return 0
        self._floors.append(self._windows.newest[1])
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
