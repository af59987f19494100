"""Samples and markers of LSL streams on one time line: gaps by the sender's stamps, samples under markers. No I/O."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from hal.drivers.emg.sampled import ClockedLoss, Gap

JUMP_S = 0.25
"""A step between two stamps from which samples are gone, whatever the jitter of the sender."""
LEAST_LOSS_S = 0.02
KEEP_S = 5.0
Stamps = NDArray[np.float64]


class StampLosses:
    """Missing samples, by raw stamps (s): long gaps at once, short ones when later stamps confirm them."""

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._clocked = ClockedLoss(rate_hz, least_s=LEAST_LOSS_S)
        self._last_s: float | None = None
        self.stuck = False

    def restart(self) -> None:
        """Another sender, another clock."""
        self._clocked.restart()
        self._last_s = None

    def feed(self, stamps: Stamps, index: int) -> list[Gap]:
        """Gaps in or before samples with these stamps, (n,) with n >= 1; `index` is the running index of the first.

        Stamps that stand still tell nothing: `stuck` turns True.
        """
        before = stamps[0] - 1 / self._rate_hz if self._last_s is None else self._last_s
        steps = np.diff(stamps, prepend=before)
        self._last_s = float(stamps[-1])
        self.stuck = bool((steps[1:] <= 0).all()) if len(steps) > 1 else bool(steps[0] <= 0)
        rows = np.flatnonzero(steps > JUMP_S)
        gaps = [Gap(int(row), round(float(steps[row]) * self._rate_hz) - 1) for row in rows]
        end = index + len(stamps) + sum(gap.lost for gap in gaps)
        unseen = self._clocked.feed(self._last_s, end)
        return [Gap(0, unseen), *gaps] if unseen else gaps


class MarkerLine:
    """Which samples the markers of another stream belong to: the first at or after each, on a clock common to both."""

    def __init__(self, rate_hz: float) -> None:
        self._half_s = 0.5 / rate_hz
        self._known: deque[tuple[int, Stamps]] = deque()
        self._waiting: list[float] = []

    def restart(self) -> None:
        """Another sender: what was known is of another clock."""
        self._known.clear()
        self._waiting.clear()

    def samples(self, first: int, stamps: Stamps) -> list[int]:
        """Samples from running index `first` on have these stamps, gaps excluded; indices of markers settled now."""
        if len(stamps):
            self._known.append((first, stamps))
        while self._known and self._known[-1][1][-1] - self._known[0][1][-1] > KEEP_S:
            self._known.popleft()
        return self._settled()

    def marker(self, at_s: float) -> None:
        """A marker with this stamp."""
        self._waiting.append(at_s)

    def _settled(self) -> list[int]:
        found, waiting = [], []
        for at_s in self._waiting:
            index = self._index(at_s)
            if index is None:
                waiting.append(at_s)
            else:
                found.append(index)
        newest_s = self._known[-1][1][-1] if self._known else 0.0
        self._waiting = [at_s for at_s in waiting if at_s > newest_s - KEEP_S]
        return sorted(found)

    def _index(self, at_s: float) -> int | None:
        """The first sample at or after `at_s`; None where it has not come, or `at_s` is before all that is known."""
        if not self._known or at_s < self._known[0][1][0] - 2 * self._half_s:
            return None
        for first, stamps in self._known:
            if stamps[-1] >= at_s - self._half_s:
                return first + int(np.searchsorted(stamps, at_s - self._half_s))
        return None
