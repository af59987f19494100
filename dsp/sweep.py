"""One epoch made measurable: hum, offset and artefact tail taken out of the raw trace, the rest before it described."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from dsp.artefact import blanked, bridge, fit_tail, saturated
from dsp.hum import Hum, fit_hum

Array = NDArray[np.float64]

REST_MS = 100.0
LONGEST_REST_MS = 200.0
GUARD_MS = 5.0
SHORTEST_REST_MS = 20.0
TAIL_STOPS_BEFORE_MS = 2.0
DRIFT_LEAVES = 0.25


@dataclass(frozen=True)
class Sweep:
    """A conditioned epoch. `trace_uv` (n,) has hum, the rest's level and the artefact tail removed.

    `rest` are the samples the gate looks at, `rest_rms_uv` their RMS about their baseline, `blank` the unrecoverable
    span around the pulse, `saturation` a mask (n,) of samples at the amplifier's rail.
    """

    trace_uv: Array
    rate_hz: float
    trigger_index: int
    rest: slice
    long_rest: slice
    rest_rms_uv: float
    blank: slice
    saturation: NDArray[np.bool_]
    hum: Hum
    tail_removed: bool

    def index(self, time_ms: float) -> int:
        """The sample at `time_ms` after the pulse, kept inside the epoch."""
        at = self.trigger_index + round(time_ms * self.rate_hz / 1000.0)
        return min(max(at, 0), self.trace_uv.size)

    def span(self, window_ms: tuple[float, float]) -> slice:
        """The samples of a window in ms after the pulse, both ends included, kept inside the epoch."""
        return slice(self.index(window_ms[0]), min(self.index(window_ms[1]) + 1, self.trace_uv.size))

    def smoothed(self, sd_ms: float) -> "Sweep":
        """The sweep bridged over the pulse and smoothed by a Gaussian (zero phase): to detect, not to size."""
        slow = gaussian_filter1d(bridge(self.trace_uv, self.blank), sd_ms * self.rate_hz / 1000.0)
        return replace(self, trace_uv=slow)

    def rest_range_uv(self, span_samples: int) -> float:
        """The largest peak-to-peak that the rest shows over a stretch of `span_samples` (or over all of it)."""
        rest = self.trace_uv[self.long_rest]
        if rest.size <= span_samples:
            return float(np.ptp(rest))
        windows = np.lib.stride_tricks.sliding_window_view(rest, span_samples)[:: max(1, span_samples // 8)]
        return float(np.max(np.ptp(windows, axis=1)))


def rest_span(n: int, rate_hz: float, trigger_index: int, length_ms: float) -> slice:
    """The samples from `length_ms` to 5 ms before the pulse, as far as the epoch (n samples) has them."""
    stop = min(n, trigger_index - round(GUARD_MS * rate_hz / 1000.0))
    return slice(max(0, trigger_index - round(length_ms * rate_hz / 1000.0)), max(0, stop))


def _rest_level(rest: Array) -> tuple[float, float]:
    """The trace's level at the pulse and the RMS of the rest about its baseline.

    The baseline is the mean, or a straight line where that takes away three quarters of the power: an electrode that
    drifts is no muscle, and the mean of a drift is not where the response starts from.
    """
    x = np.linspace(-1.0, 0.0, rest.size)
    slope, level = np.polyfit(x, rest, 1)
    about_line, about_mean = float(np.mean((rest - level - slope * x) ** 2)), float(np.var(rest))
    if about_line < DRIFT_LEAVES * about_mean:
        return float(level), float(np.sqrt(about_line))
    return float(rest.mean()), float(np.sqrt(about_mean))


def condition(
    epoch_uv: Array,
    rate_hz: float,
    trigger_index: int,
    *,
    first_response_ms: float,
    mains_hz: tuple[float, ...] = (50.0, 60.0),
    rail_uv: float | None = None,
) -> Sweep:
    """Take hum, offset and artefact tail out of a raw epoch (n,) in uV, in this order and before any filter.

    `first_response_ms` is the earliest time a response may begin: the tail is fitted up to 2 ms before it.
    """
    n = epoch_uv.size
    rest = rest_span(n, rate_hz, trigger_index, REST_MS)
    long_rest = rest_span(n, rate_hz, trigger_index, LONGEST_REST_MS)
    saturation = saturated(epoch_uv, rail_uv)
    blank = blanked(n, rate_hz, trigger_index, saturation)
    hum = fit_hum(epoch_uv, rate_hz, long_rest, mains_hz)
    trace = epoch_uv - hum.wave_uv
    level, rms = _rest_level(trace[rest])
    trace = trace - level
    fit_until = trigger_index + round((first_response_ms - TAIL_STOPS_BEFORE_MS) * rate_hz / 1000.0)
    tail = fit_tail(trace, rate_hz, blank.stop, min(fit_until, n), rms)
    return Sweep(
        trace_uv=trace - tail.wave_uv,
        rate_hz=rate_hz,
        trigger_index=trigger_index,
        rest=rest,
        long_rest=long_rest,
        rest_rms_uv=rms,
        blank=blank,
        saturation=saturation,
        hum=hum,
        tail_removed=tail.removed,
    )
