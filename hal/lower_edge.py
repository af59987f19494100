"""The line along the earliest of all arrivals: where a device's clock is, and how fast it drifts. No I/O.

An arrival is never early. Radio, driver and event loop only delay it, over Bluetooth by up to a connection interval and
in bunches, so the earliest arrivals tell. The earliest of all is no good witness: computers blur the edge by a
millisecond or two, and a line through the very lowest points (the linear programme of Moon, Skelly and Towsley,
"Estimation and removal of clock skew from network delay measurements", INFOCOM 1999) follows that blur. The line here
is the regression quantile of the lowest hundredth (Koenker and Bassett, "Regression quantiles", Econometrica 1978),
which on bunched arrivals is as exact as a fit that knows the delays' whole distribution. Its slope is weighed against
what is known beforehand, that crystals hardly differ, by the asymmetric Laplace likelihood (Yu and Moyeed, "Bayesian
quantile regression", Statistics & Probability Letters 2001) on a grid of slopes: a few seconds of bunches pass for no
drift, and the weight of the evidence grows by itself.
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

SHARE = 0.01
"""Which quantile of the arrivals the line follows."""
BIN_S = 0.5
LOWEST_OF_BIN = 3
"""Of half a second of arrivals, no more ever belong to the lowest hundredth of all."""
BUNCH_NS = 3e6
"""Arrivals closer than this came with one connection event: only the last of them tells of the edge."""
RECENT = 256
"""Arrivals that tell how late an arrival is by and large."""
SHARPEST_NS = 5e4
"""No edge is believed to be sharper than this."""
FIT_EVERY, FIT_MOST_NS = 0.05, 2e9
"""The line is fitted again after this share of the window seen, and every two seconds at least."""
CONNECTIONS_PPM = 5.0
"""How far a crystal may have moved while its connection was lost."""
GRID, PASSES, WIDTH_SD = 25, 6, 4.0
Floats = NDArray[np.float64]


@dataclass(slots=True)
class _Bin:
    x_ns: float
    bunches: int = 0
    sum_x_ns: float = 0.0
    lowest: list[tuple[float, float]] = field(default_factory=list)


class LowerEdge:
    """The edge below all lags of a sliding window. Positions `x_ns` are on the device's nominal time scale (ns).

    `slope` is how much later each nanosecond gets, drift in ppm / 1e6, and `slope_sd` how well it is known. No slope
    beyond `max_ppm` is believed, and a third of it is the standard deviation of what is expected beforehand. Positions
    must rise.
    """

    def __init__(self, window_s: float, max_ppm: float) -> None:
        self._window_ns = window_s * 1e9
        self._max_slope = max_ppm / 1e6
        self._expected = (0.0, self._max_slope / 3)
        self._bins: deque[_Bin] = deque()
        self._recent: deque[tuple[float, float]] = deque(maxlen=RECENT)
        self._bunch: tuple[float, float] | None = None
        self._bunch_ns = 0.0
        self._begin_ns = self._newest_ns = self._fit_ns = 0.0
        self._bunches = 0
        self._at_ns = self._level_ns = 0.0
        self.slope = 0.0
        self.slope_sd = self._expected[1]

    @property
    def known(self) -> bool:
        """Whether anything has arrived."""
        return self._bunch is not None

    @property
    def span_ns(self) -> float:
        """How much has been seen since the beginning (ns)."""
        return self._newest_ns - self._begin_ns

    def restart(self) -> None:
        """Forget the level; the slope is expected to be what it was, since a crystal outlives the connection."""
        self.expect(self.slope, math.hypot(self.slope_sd, CONNECTIONS_PPM / 1e6))

    def expect(self, slope: float, slope_sd: float) -> None:
        """Begin anew, with a slope that is known beforehand to `slope_sd`."""
        limit = self._max_slope
        self._expected = (min(max(slope, -limit), limit), min(slope_sd, limit / 3))
        self.slope, self.slope_sd = self._expected
        self._bins.clear()
        self._recent.clear()
        self._bunch = None
        self._bunches = 0

    def at(self, x_ns: float) -> float:
        """The line at one position (ns)."""
        return self._level_ns + self.slope * (x_ns - self._at_ns)

    def lag_ns(self, x_ns: Floats) -> Floats:
        """The line at `x_ns` (any shape)."""
        return self._level_ns + self.slope * (x_ns - self._at_ns)

    def feed(self, x_ns: float, lag_ns: float) -> None:
        """What was taken at `x_ns` arrived `lag_ns` later, by a station clock that has any constant offset."""
        if self._bunch is None:
            self._begin_ns = self._at_ns = x_ns
            self._fit_ns, self._level_ns = -math.inf, lag_ns
        self._newest_ns = x_ns
        if self._bunch is not None and x_ns + lag_ns - self._bunch_ns < BUNCH_NS:
            if lag_ns < self._bunch[1]:
                self._bunch = (x_ns, lag_ns)
        else:
            self._end_bunch()
            self._bunch, self._bunch_ns = (x_ns, lag_ns), x_ns + lag_ns
            if x_ns - self._fit_ns > min(FIT_MOST_NS, FIT_EVERY * self.span_ns) and self._bunches:
                self._fit()
        below_ns = lag_ns - self.at(x_ns)
        if below_ns < 0 and self._bunches * SHARE < 1:
            # among so few, not one arrival lies below the quantile
            self._level_ns += below_ns

    def _end_bunch(self) -> None:
        """What came together is one arrival: that of the newest count in it."""
        if self._bunch is None:
            return
        x_ns = self._bunch[0]
        if not self._bins or x_ns - self._bins[-1].x_ns >= BIN_S * 1e9:
            self._bins.append(_Bin(x_ns))
            while x_ns - self._bins[0].x_ns > self._window_ns:
                self._bunches -= self._bins.popleft().bunches
        place = self._bins[-1]
        place.bunches += 1
        place.sum_x_ns += x_ns
        place.lowest.append(self._bunch)
        if len(place.lowest) > LOWEST_OF_BIN:
            place.lowest.remove(max(place.lowest, key=lambda point: point[1] - self.slope * point[0]))
        self._bunches += 1
        self._recent.append(self._bunch)

    def _fit(self) -> None:
        """Slope and level: means over what is known of the slope beforehand and by the arrivals."""
        self._fit_ns = self._newest_ns
        at_ns, base_ns = self._bins[-1].lowest[-1]
        middle_ns = sum(place.sum_x_ns for place in self._bins) / self._bunches - at_ns
        per_ns = self._density(at_ns, base_ns)
        below = max(0, math.ceil(SHARE * self._bunches) - 1)
        x_ns, lag_ns = self._lowest(at_ns, base_ns, below)
        below = min(below, len(x_ns) - 1)
        scale = per_ns / (SHARE * (1 - SHARE))
        expected, expected_sd = self._expected
        low = max(-self._max_slope, expected - WIDTH_SD * expected_sd)
        high = min(self._max_slope, expected + WIDTH_SD * expected_sd)
        for _ in range(PASSES):
            slopes = np.linspace(low, high, GRID)
            above_ns = lag_ns - slopes[:, np.newaxis] * x_ns
            levels_ns = np.partition(above_ns, below, axis=1)[:, below]
            # the check function's sum, without the part that does not depend on the line
            fits = SHARE * self._bunches * (levels_ns + slopes * middle_ns)
            fits -= np.maximum(levels_ns[:, np.newaxis] - above_ns, 0.0).sum(axis=1)
            log = scale * fits - 0.5 * ((slopes - expected) / expected_sd) ** 2
            weights = np.exp(log - log.max())
            weights /= weights.sum()
            mean, step = float(weights @ slopes), float(slopes[1] - slopes[0])
            spread = math.sqrt(float(weights @ (slopes - mean) ** 2))
            if spread > 1.5 * step:
                break
            low, high = mean - WIDTH_SD * max(spread, step), mean + WIDTH_SD * max(spread, step)
        self.slope, self.slope_sd = mean, spread
        # between two arrivals: the quantile lies below the upper one by so much on average
        few_ns = max(0.0, (below + 1) / self._bunches - SHARE) / per_ns if self._bunches * SHARE >= 1 else 0.0
        self._at_ns, self._level_ns = at_ns, base_ns + float(weights @ levels_ns) - few_ns

    def _density(self, at_ns: float, base_ns: float) -> float:
        """Share of the arrivals in each nanosecond above the edge: half of them come before the median."""
        recent = np.array(self._recent) - (at_ns, base_ns)
        late_ns = recent[:, 1] - self.slope * recent[:, 0]
        middle_ns = float(np.median(late_ns) - late_ns.min())
        return 0.5 / max(middle_ns, SHARPEST_NS)

    def _lowest(self, at_ns: float, base_ns: float, below: int) -> tuple[Floats, Floats]:
        """The arrivals of the window that may lie near the line, against an origin."""
        points = np.array([point for place in self._bins for point in place.lowest]) - (at_ns, base_ns)
        enough = max(32, 8 * (below + 1))
        if enough < len(points):
            points = points[np.argpartition(points[:, 1] - self.slope * points[:, 0], enough - 1)[:enough]]
        return points[:, 0], points[:, 1]
