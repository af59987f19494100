"""From a device's own clock or counter to the station's monotonic time, by the arrivals of what it sent. No I/O.

The earliest arrivals of the last minutes tell where the device's clock is and how it drifts (`hal.lower_edge`). A mean
or a least-squares fit would follow the bunching of a radio.

What timing alone cannot see is the delay that even the fastest arrival has: it stays in the map as a constant, some
milliseconds on Bluetooth, and it differs between two devices until something both have felt tells (`dsp.knock`).
"""

from collections import deque

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hal.lower_edge import LowerEdge

WINDOW_S = 240.0
"""Of 20 packets a second, one in a second or two is hardly delayed: drift needs minutes."""
LEVEL_S = 0.5
"""After this the level is known but for a few ms: bunches are shorter."""
CRYSTAL_PPM = 300.0
"""More than any crystal differs from another; drift beyond is not believed."""
BEGINNING_S = 2.0
"""The offset is told as the change since the line at this age."""
SLOWEST = 0.5
"""When the line moves back, times still go on at this share of their rate until they meet it."""
APART_NS = 1000.0
"""Two calls' times are at least so far apart: they keep their order where times within a block are kept as float32."""
SHORT_TICK_NS = 10.0
SPREAD_ARRIVALS = 1024
SPREAD_EVERY = 64
"""Arrivals between two looks at their spread: a screen asks far more often than it changes."""
Ints = NDArray[np.int64]


class ClockMap:
    """A device's count to the station's monotonic time. `tick_ns` is one count's nominal length (ns).

    `bits` is the width of a counter that wraps (None: it does not). For each packet: `unwrap` its counter, `feed` the
    newest count in it with its arrival, then ask `at_ns`. Two devices so mapped agree to 2 ms beside their constant
    delays, at 100 ppm drift and bunches of 10 to 60 ms: from a few seconds after the start at 100 packets a second; at
    20 a second from the first minute on, and to 4 ms before.
    """

    def __init__(
        self,
        tick_ns: float,
        *,
        bits: int | None = None,
        window_s: float = WINDOW_S,
        max_ppm: float = CRYSTAL_PPM,
    ) -> None:
        self.tick_ns = tick_ns
        self._turn = 1 << bits if bits is not None else None
        self._edge = LowerEdge(window_s, max_ppm)
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
        return self._edge.known

    @property
    def settled(self) -> bool:
        """Whether the level can be relied on: `LEVEL_S` of arrivals."""
        return self._edge.span_ns >= LEVEL_S * 1e9

    @property
    def drift_ppm(self) -> float:
        """How much slower the device's clock runs than the station's (parts per million); 0 before it is known."""
        return self._edge.slope * 1e6

    @property
    def drift_within_ppm(self) -> float:
        """How well the drift is known: its standard deviation (parts per million)."""
        return self._edge.slope_sd * 1e6

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
        self._edge.restart()
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
        self._edge.feed(x_ns, lag_ns)
        if self._first_lag_ns is None and self._edge.span_ns >= BEGINNING_S * 1e9:
            self._first_lag_ns = self._lag_ns(count)
        self._behind_ns.append(lag_ns - self._edge.at(x_ns))
        self._fed += 1

    def late_ns(self, count: int, arrival_ns: int) -> float:
        """How much later than by the line `count` would arrive with this arrival (ns); negative before it.

        Raises ValueError before the first `feed`. It tells no time, so nothing follows from it for `at_ns`.
        """
        self._must_be_known()
        x_ns = self._x_ns(count)
        return arrival_ns - self._zero_ns - x_ns - self._edge.at(x_ns)

    def at_ns(self, counts: ArrayLike) -> Ints:
        """Station times (ns, shape (n,)) of rising counts: strictly rising, also from call to call and over restarts.

        Raises ValueError before the first `feed`.
        """
        self._must_be_known()
        steps: Ints = np.atleast_1d(np.asarray(counts, np.int64)) - self._zero_count
        x_ns: NDArray[np.float64] = steps.astype(np.float64) * self.tick_ns
        # float64 holds nanoseconds of months without loss; the station's own large zero is added as an integer
        target_ns: NDArray[np.float64] = x_ns + self._edge.lag_ns(x_ns)
        first_ns = float(target_ns[0])
        target_ns[0] = self._not_before(float(x_ns[0]), first_ns)
        self._last_x_ns = float(x_ns[-1])
        if target_ns[0] == first_ns and self.tick_ns > SHORT_TICK_NS:
            # on the line, and further apart than rounding could bring together
            times = np.rint(target_ns).astype(np.int64) + self._zero_ns
            self._last_ns = int(times[-1])
            return times
        slow_ns = SLOWEST * x_ns
        rising_ns = np.maximum.accumulate(target_ns - slow_ns) + slow_ns
        times = np.rint(rising_ns).astype(np.int64) + self._zero_ns
        order = np.arange(len(times))
        times = np.maximum.accumulate(times - order) + order
        self._last_ns = int(times[-1])
        return times

    def one_ns(self, count: int) -> int:
        """`at_ns` of a single count."""
        self._must_be_known()
        x_ns = self._x_ns(count)
        self._last_ns = round(self._not_before(x_ns, x_ns + self._edge.at(x_ns))) + self._zero_ns
        self._last_x_ns = x_ns
        return self._last_ns

    def _not_before(self, x_ns: float, target_ns: float) -> float:
        """`target_ns`, or later where the times told so far demand it."""
        if self._last_ns is None:
            return target_ns
        # nothing ties the counts before a restart to those after it
        rest_ns = 0.0 if self._last_x_ns is None else max(0.0, x_ns - self._last_x_ns)
        return max(target_ns, self._last_ns - self._zero_ns + max(APART_NS, SLOWEST * rest_ns))

    def _must_be_known(self) -> None:
        if not self.known:
            raise ValueError("nothing has arrived yet: feed first")

    def _x_ns(self, count: int) -> float:
        return (count - self._zero_count) * self.tick_ns

    def _lag_ns(self, count: int) -> float:
        return self._edge.at(self._x_ns(count))
