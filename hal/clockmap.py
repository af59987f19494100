"""From a device's own clock or counter to the station's monotonic time, by the arrivals of what it sent. No I/O.

An arrival is never early. Radio, driver and event loop only delay it, over Bluetooth by up to a connection interval and
in bunches. So the earliest arrivals tell where the device's clock is, and the line that lies below all arrivals of the
last two minutes and as close to them as possible is its offset and drift: the linear programme of Moon, Skelly and
Towsley, "Estimation and removal of clock skew from network delay measurements" (INFOCOM 1999), whose solution is the
edge of the lower convex hull above the middle of the window. A mean or a least-squares fit would follow the bunching.

What timing alone cannot see is the delay that even the fastest arrival has: it stays in the map as a constant, some
milliseconds on Bluetooth, and it differs between two devices until something both have felt tells (`dsp.knock`).
"""

from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

WINDOW_S = 120.0
"""Of 20 packets a second, one in a second or two is hardly delayed: drift needs minutes."""
BIN_S = 0.5
SETTLE_S = 30.0
"""A slope is believed in proportion to the window seen, up to this; before, a bunch could pass for drift."""
LEVEL_S = 0.5
"""After this the level is known but for a few ms: bunches are shorter."""
CRYSTAL_PPM = 300.0
"""More than any crystal differs from another; drift beyond is not believed."""
BEGINNING_S = 2.0
"""The offset is told as the change since the line at this age."""
SLOWEST = 0.5
"""When the line moves back, times still go on at this share of their rate until they meet it."""
SPREAD_ARRIVALS = 1024
SPREAD_EVERY = 64
"""Arrivals between two looks at their spread: a screen asks far more often than it changes."""
Ints = NDArray[np.int64]


class Envelope:
    """The line below all lags of a sliding window. Positions `x_ns` are on the device's nominal time scale (ns).

    `slope` is how much later each nanosecond gets, `drift_ppm` / 1e6; positions must not fall by more than a window.
    """

    def __init__(self, window_s: float = WINDOW_S, max_ppm: float = CRYSTAL_PPM, settle_s: float = SETTLE_S) -> None:
        self._window_ns = window_s * 1e9
        self._settle_ns = settle_s * 1e9
        self._max_slope = max_ppm / 1e6
        self._lows: deque[tuple[float, float]] = deque()
        self._bin: int | None = None
        self._at_ns = 0.0
        self._level_ns = 0.0
        self.slope = 0.0

    @property
    def known(self) -> bool:
        """Whether anything has arrived."""
        return bool(self._lows)

    @property
    def span_ns(self) -> float:
        """How much of the window is filled (ns)."""
        return self._lows[-1][0] - self._lows[0][0] if self._lows else 0.0

    def restart(self) -> None:
        """Forget the level; the slope is kept, since a crystal does not change with the connection."""
        self._lows.clear()
        self._bin = None

    def lag_ns(self, x_ns: NDArray[np.float64] | float) -> NDArray[np.float64]:
        """The line at `x_ns` (any shape)."""
        return np.asarray(self._level_ns + self.slope * (np.asarray(x_ns, np.float64) - self._at_ns))

    def feed(self, x_ns: float, lag_ns: float) -> None:
        """What was taken at `x_ns` arrived `lag_ns` later, by a station clock that has any constant offset."""
        place = int(x_ns // (BIN_S * 1e9))
        if not self._lows:
            self._at_ns, self._level_ns = x_ns, lag_ns
        elif lag_ns < (line_ns := self._level_ns + self.slope * (x_ns - self._at_ns)):
            self._level_ns += lag_ns - line_ns
        if place != self._bin:
            self._bin = place
            self._lows.append((x_ns, lag_ns))
            while x_ns - self._lows[0][0] > self._window_ns:
                self._lows.popleft()
            self._fit()
        elif lag_ns < self._lows[-1][1]:
            self._lows[-1] = (x_ns, lag_ns)

    def _fit(self) -> None:
        span_ns = self.span_ns
        if span_ns <= 0:
            self._at_ns, self._level_ns = self._lows[-1]
            return
        most = self._max_slope * min(1.0, span_ns / self._settle_ns)
        fitted = self._middle_slope(self._lows[0][0] + span_ns / 2)
        # a short window knows less of the slope than what is kept from before the connection was lost
        self.slope = min(max(fitted, -most), most) if abs(self.slope) <= most else self.slope
        self._at_ns = self._lows[-1][0]
        self._level_ns = min(lag - self.slope * (x - self._at_ns) for x, lag in self._lows)

    def _middle_slope(self, middle_ns: float) -> float:
        """Slope of the lower hull's edge at `middle_ns`."""
        hull: list[tuple[float, float]] = []
        for x, lag in self._lows:
            while len(hull) > 1 and _turns_down(hull[-2], hull[-1], (x, lag)):
                hull.pop()
            hull.append((x, lag))
        after = next(i for i in range(1, len(hull)) if hull[i][0] >= middle_ns)
        (x0, low), (x1, high) = hull[after - 1], hull[after]
        return (high - low) / (x1 - x0)


class ClockMap:
    """A device's count to the station's monotonic time. `tick_ns` is one count's nominal length (ns).

    `bits` is the width of a counter that wraps (None: it does not). For each packet: `unwrap` its counter, `feed` the
    newest count in it with its arrival, then ask `at_ns`. Two devices so mapped agree to 2 ms beside their constant
    delays, at 100 ppm drift and bunches of 10 to 60 ms, from a few seconds after the start.
    """

    def __init__(
        self,
        tick_ns: float,
        *,
        bits: int | None = None,
        window_s: float = WINDOW_S,
        max_ppm: float = CRYSTAL_PPM,
        settle_s: float = SETTLE_S,
    ) -> None:
        self.tick_ns = tick_ns
        self._turn = 1 << bits if bits is not None else None
        self._envelope = Envelope(window_s, max_ppm, settle_s)
        self._behind_ns: deque[float] = deque(maxlen=SPREAD_ARRIVALS)
        self._fed = self._spread_at = 0
        self._spread_ms = 0.0
        self._zero_count = 0
        self._zero_ns = 0
        self._newest: tuple[int, int] | None = None
        self._reference: tuple[int, int] | None = None
        self._first_lag_ns: float | None = None
        self._last_x_ns: float | None = None
        self._last_ns: int | None = None

    @property
    def known(self) -> bool:
        """Whether anything has arrived since the last restart."""
        return self._envelope.known

    @property
    def settled(self) -> bool:
        """Whether the level can be relied on: `LEVEL_S` of arrivals."""
        return self._envelope.span_ns >= LEVEL_S * 1e9

    @property
    def drift_ppm(self) -> float:
        """How much slower the device's clock runs than the station's (parts per million); 0 before it is known."""
        return self._envelope.slope * 1e6

    @property
    def offset_ms(self) -> float:
        """How far the device's clock has fallen behind the station's since its first seconds (ms)."""
        if self._newest is None or self._first_lag_ns is None:
            return 0.0
        return (self._lag_ns(self._newest[0]) - self._first_lag_ns) / 1e6

    @property
    def spread_ms(self) -> float:
        """95th percentile of how late the last thousand arrivals were (ms): bunching and delays."""
        if self._fed - self._spread_at >= SPREAD_EVERY or len(self._behind_ns) < SPREAD_EVERY:
            self._spread_at = self._fed
            self._spread_ms = float(np.percentile(self._behind_ns, 95)) / 1e6 if self._behind_ns else 0.0
        return self._spread_ms

    def restart(self) -> None:
        """The connection was lost, or the device started anew: what it counts now is fitted from the beginning."""
        self._envelope.restart()
        self._behind_ns.clear()
        self._newest = None
        self._first_lag_ns = None
        self._last_x_ns = None

    def expected(self, arrival_ns: int) -> int | None:
        """The count that the device should have reached, also after a restart (None before the first)."""
        if self._reference is None:
            return None
        count, at_ns = self._reference
        return count + round((arrival_ns - at_ns) / self.tick_ns)

    def unwrap(self, raw: int, arrival_ns: int) -> int:
        """The full count of a counter's value, by whole turns nearest to what time makes expected.

        Right while the delay of an arrival stays below half a turn. A count that is not above the newest one is a
        repeat, or comes out of order; one far from `expected` is a device that started anew: `restart`.
        """
        near = self.expected(arrival_ns)
        if near is None or self._turn is None:
            return raw
        return raw + self._turn * round((near - raw) / self._turn)

    def feed(self, count: int, arrival_ns: int) -> None:
        """A packet whose newest unwrapped count is `count` arrived at `arrival_ns` (station's monotonic ns).

        A count that is not above the newest one tells nothing and is ignored.
        """
        if self._newest is None:
            self._zero_count, self._zero_ns = count, arrival_ns
        elif count <= self._newest[0]:
            return
        self._newest = self._reference = (count, arrival_ns)
        x_ns = self._x_ns(count)
        lag_ns = arrival_ns - self._zero_ns - x_ns
        self._envelope.feed(x_ns, lag_ns)
        if self._first_lag_ns is None and self._envelope.span_ns >= BEGINNING_S * 1e9:
            self._first_lag_ns = self._lag_ns(count)
        self._behind_ns.append(lag_ns - self._lag_ns(count))
        self._fed += 1

    def at_ns(self, counts: ArrayLike) -> Ints:
        """Station times (ns, shape (n,)) of rising counts: strictly rising, also from call to call and over restarts.

        Raises ValueError before the first `feed`.
        """
        if not self.known:
            raise ValueError("nothing has arrived yet: feed first")
        steps: Ints = np.atleast_1d(np.asarray(counts, np.int64)) - self._zero_count
        x_ns: NDArray[np.float64] = steps.astype(np.float64) * self.tick_ns
        # float64 holds nanoseconds of months without loss; the station's own large zero is added as an integer
        target_ns: NDArray[np.float64] = x_ns + self._envelope.lag_ns(x_ns)
        if self._last_ns is not None:
            # nothing ties the counts before a restart to those after it
            rest_ns = 0.0 if self._last_x_ns is None else max(0.0, x_ns[0] - self._last_x_ns)
            target_ns[0] = max(target_ns[0], self._last_ns + max(1.0, SLOWEST * rest_ns) - self._zero_ns)
        slow_ns = SLOWEST * x_ns
        rising_ns = np.maximum.accumulate(target_ns - slow_ns) + slow_ns
        times = np.rint(rising_ns).astype(np.int64) + self._zero_ns
        times = np.maximum.accumulate(times - np.arange(len(times))) + np.arange(len(times))
        self._last_x_ns, self._last_ns = float(x_ns[-1]), int(times[-1])
        return times

    def _x_ns(self, count: int) -> float:
        return (count - self._zero_count) * self.tick_ns

    def _lag_ns(self, count: int) -> float:
        return float(self._envelope.lag_ns(self._x_ns(count)))


def _turns_down(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """Whether b lies on or above the line from a to c."""
    return (b[1] - a[1]) * (c[0] - a[0]) >= (c[1] - a[1]) * (b[0] - a[0])
