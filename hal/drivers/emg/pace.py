"""How fast samples really come, and how their clock moves against the station's, by when they arrive. No I/O."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from hal.drivers.emg.sampled import Floors

WINDOW_S, WINDOWS = 0.5, 60
LEAST_WINDOWS = 20
REAL_TIME = 1.5
"""Below this ratio to the real clock, the station's clock is a real one; a simulation's runs twice as fast or more."""
TOLERANCE = 0.01
"""No crystal differs by so much; latencies of evoked potentials would be wrong by as much."""


class Pace:
    """The measured rate of a stream that should have `rate_hz`.

    Arrivals are late, never early, so the least delayed ones of each half second tell: how much later they come than
    half a second before. The median of these steps is the rate, which one loss that nobody noticed, one stall, or one
    gap estimated wrong does not move. It is not believed to be another than it should be before three quarters of the
    steps, and all of them together, say so. The half seconds are real ones whatever the station's clock does: delays
    are those of the computer. Where that clock runs faster than real time, nothing is doubted: a computer that does not
    keep up with it makes the same picture.
    """

    def __init__(self, rate_hz: float) -> None:
        self._rate_hz = rate_hz
        self._floors = Floors(rate_hz, WINDOW_S)
        self._levels: deque[tuple[float, float]] = deque(maxlen=WINDOWS + 1)
        self._real_s: deque[float] = deque(maxlen=WINDOWS + 1)
        self._first_lag_s = 0.0
        self.restart()

    def restart(self) -> None:
        """The next samples are the first after the link came up."""
        self._floors.restart()
        self._levels.clear()
        self._real_s.clear()
        self.rate_hz: float | None = None
        """Samples a second over the last half minute; None before it is known."""
        self.is_off = False
        """Whether the rate is certainly not what it should be."""
        self.offset_ms: float | None = None
        """How far the sender's clock has fallen behind since the link came up (ms); None before it is known."""

    def feed(self, now_s: float, index: int, real_s: float) -> None:
        """Samples up to the running index `index`, lost ones included, have arrived at `now_s` (station's time)."""
        if not self._floors.feed(now_s, index, real_s):
            return
        self._levels.append(self._floors.newest)
        self._real_s.append(real_s)
        if self.offset_ms is None:
            self._first_lag_s = self._floors.newest[1]
        self.offset_ms = 1000.0 * (self._floors.newest[1] - self._first_lag_s)
        if len(self._levels) > 1:
            self._judge()

    def _judge(self) -> None:
        steps = self._steps()
        if not len(steps):
            # a clock that stands still tells nothing
            return
        low, middle, high = np.percentile(steps, (25, 50, 75)).tolist()
        (first_s, first_lag_s), (last_s, last_lag_s) = self._levels[0], self._levels[-1]
        whole = (last_lag_s - first_lag_s) / (last_s - first_s)
        certain = min(low, whole) > TOLERANCE or max(high, whole) < -TOLERANCE
        self.rate_hz = self._rate_hz * (1.0 - middle)
        speed = (last_s - first_s) / (self._real_s[-1] - self._real_s[0])
        self.is_off = certain and len(steps) >= LEAST_WINDOWS and speed < REAL_TIME

    def _steps(self) -> NDArray[np.float64]:
        """By how much (s) the arrivals got later in each second, from one half second to the next."""
        at_s, lag_s = np.array(self._levels, np.float64).T
        apart_s = np.diff(at_s)
        # in a heap that waited, the end of one window and the beginning of the next come together
        telling = apart_s > np.median(apart_s) / 2
        steps: NDArray[np.float64] = np.diff(lag_s)[telling] / apart_s[telling]
        return steps
