"""When samples of a device without a clock were taken, from when they arrived. No I/O.

A sample that comes alone is taken when it arrives. What comes in one heap had waited, in the radio or behind a stalled
program: its samples lie one period apart, the newest at the arrival, and none before what was there already. The
kernel's queue of a HID device holds 63 reports and then takes no more (`HIDRAW_BUFFER_SIZE` of its hidraw.c): a heap
of that size is the oldest part of what waited, and follows right after what was there before.
"""

from collections import deque
from typing import NamedTuple

import numpy as np

HEAP_SHARE = 0.6
"""Samples that arrive within this share of a period of the one before belong to the same heap."""
QUEUE = 63
RECENT, LEAST = 512, 64


class Timed(NamedTuple):
    """A sample's counts, when it was taken and when it arrived (station's monotonic ns)."""

    counts: tuple[int, ...]
    at_ns: int
    arrived_ns: int


class ArrivalTimes:
    """Feeds on samples of a device that sends about `rate_hz` a second, and gives them times, a heap at once."""

    def __init__(self, rate_hz: float) -> None:
        self._period_ns = 1e9 / rate_hz
        self._heap: list[tuple[tuple[int, ...], int]] = []
        self._last_ns: int | None = None
        self._late_ns: deque[int] = deque(maxlen=RECENT)

    def arrived(self, counts: tuple[int, ...], at_ns: int) -> list[Timed]:
        """A sample; returns those whose times are known now that it does not belong to their heap."""
        timed = self.rest(at_ns)
        self._heap.append((counts, at_ns))
        return timed

    def rest(self, now_ns: int | None = None) -> list[Timed]:
        """The samples of the last heap, if it is over at `now_ns` (None: in any case)."""
        if not self._heap or (now_ns is not None and now_ns - self._heap[-1][1] < self.patience_ns):
            return []
        heap, self._heap = self._heap, []
        times_ns = self._times_ns(heap[-1][1], len(heap))
        self._last_ns = times_ns[-1]
        timed = [Timed(counts, at_ns, came_ns) for (counts, came_ns), at_ns in zip(heap, times_ns, strict=True)]
        self._late_ns.extend(one.arrived_ns - one.at_ns for one in timed)
        return timed

    def restart(self) -> None:
        """Another connection: what comes next was taken since then."""
        self._last_ns = None
        self._late_ns.clear()

    @property
    def waiting(self) -> bool:
        """Whether there is a heap that may not be over."""
        return bool(self._heap)

    @property
    def patience_ns(self) -> int:
        """How long after a sample its heap is over (ns)."""
        return round(HEAP_SHARE * self._period_ns)

    @property
    def spread_ms(self) -> float | None:
        """95th percentile of how late the last arrivals were (ms), None before there are enough."""
        return float(np.percentile(self._late_ns, 95)) / 1e6 if len(self._late_ns) >= LEAST else None

    def _times_ns(self, newest_ns: int, n: int) -> list[int]:
        """Times of a heap of `n` whose last sample arrived at `newest_ns`."""
        if self._last_ns is None:
            step_ns = self._period_ns
        else:
            step_ns = min(self._period_ns, max(1.0, (newest_ns - self._last_ns) / n))
            if n >= QUEUE:
                newest_ns = self._last_ns + round(n * step_ns)
        return [newest_ns - round(back * step_ns) for back in range(n - 1, -1, -1)]
