"""Where a response's first flank is: the deflection that leads to its first peak, with the shoulder before it.

Two thresholds, as in edge detection with hysteresis: the higher one says that there is a response, the lower one how
far its first deflection reaches back. The response of a leg muscle often starts with a shoulder of a few uV, some ms
before the steep flank and of the same sign. A small deflection of the other sign is left out: it may come from a
muscle beside the one under the electrodes, and so the onset is that of the main deflection.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Chosen on modelled responses of known truth and on labelled recordings (tests/benchmarks/bench_mep.py).
FLANK_SD, FLANK_UV = 4.0, 10.0
PRECURSOR_OF_RESPONSE = 0.02
FLANK_AT_MOST_OF_RESPONSE = 0.3
SHOULDER_OF_FLANK = 0.7
"""Lower threshold over higher one. From 0.6 to 0.8 no modelled or recorded onset set changes by more than one trial."""
FIRST_PEAK_OF_LARGEST = 0.25
HELD_MS, GAP_MS = 0.8, 2.5
FOOT_SD = 2.0
BASE_SPAN_MS = 12.0
DRIFT_SD = 2.0
BEFORE_WINDOW_MS = 10.0


@dataclass(frozen=True)
class Flank:
    """The first deflection of a response: `trace` (n,) has it upwards and its own baseline removed (uV).

    `first` is the earliest usable sample, `crossing` where the flank or its shoulder is certain, `foot` the walked-back
    start (a fractional sample), `peak` the response's first extreme.
    """

    trace: Array
    first: int
    crossing: int
    foot: float
    peak: int


def find_flank(
    trace: Array, rate_hz: float, span: slice, sd: float, usable_from: int, precursor: float
) -> Flank | None:
    """Locate the flank against the rest's mean, then again against the baseline right before it."""
    per_ms = rate_hz / 1000.0
    first = max(usable_from, span.start - round(BEFORE_WINDOW_MS * per_ms))
    peak = _first_peak(trace, first, span)
    if peak - first < 2 * per_ms:
        return None
    size = float(np.ptp(trace[span]))
    threshold = min(max(FLANK_SD * sd, FLANK_UV, precursor * size), FLANK_AT_MOST_OF_RESPONSE * size)
    quiet_to = max(first + round(5 * per_ms), peak - round(BASE_SPAN_MS * per_ms))
    line = _level(trace, quiet_to, first, per_ms, sd)
    for _ in range(2):
        free = trace - line
        certain = _reaches_back(np.abs(free) > threshold, first, peak, per_ms)
        if certain is None:
            return None
        upward = free if free[certain] > 0 else -free
        crossing = _reaches_back(upward > SHOULDER_OF_FLANK * threshold, first, certain, per_ms) or certain
        foot = walk_back(upward, crossing, first, FOOT_SD * sd)
        flank = Flank(upward, first, crossing, foot, peak)
        line = _base_line(trace, max(int(foot - 0.5 * per_ms), first + round(2 * per_ms)), usable_from, per_ms, sd)
    return flank


def _first_peak(trace: Array, first: int, span: slice) -> int:
    """The earlier of the largest and the smallest value, unless it is small beside the other: then that is drift."""
    level = float(np.median(trace[first : max(span.start, first) + 1]))
    early, late = sorted((int(np.argmin(trace[span])), int(np.argmax(trace[span]))))
    sizes = np.abs(trace[span][[early, late]] - level)
    return int(span.start) + (early if float(sizes[0]) >= FIRST_PEAK_OF_LARGEST * float(sizes[1]) else late)


def _reaches_back(over: NDArray[np.bool_], first: int, end: int, per_ms: float) -> int | None:
    """The earliest sample from `first` on that is `over` for 0.8 ms and tied to `end` without a gap of 2.5 ms."""
    held = max(2, round(HELD_MS * per_ms))
    over = over[first : end + held]
    inside = np.flatnonzero(over[: end - first + 1])
    if inside.size == 0:
        return None
    breaks = np.flatnonzero(np.diff(inside) > GAP_MS * per_ms + 1)
    start = int(inside[breaks[-1] + 1]) if breaks.size else int(inside[0])
    steady = np.convolve(over[start:].astype(int), np.ones(held, dtype=int), "valid") == held
    return first + start + int(np.argmax(steady)) if steady.any() else None


def walk_back(upward: Array, crossing: int, first: int, level: float) -> float:
    """The (interpolated) sample where the flank last leaves `level` before the crossing."""
    at = crossing
    while at > first and upward[at - 1] > level:
        at -= 1
    rise = upward[at] - upward[at - 1]
    return at - float(np.clip((upward[at] - level) / rise, 0.0, 1.0)) if rise > 0 else float(at)


def _level(trace: Array, stop: int, first: int, per_ms: float, sd: float) -> Array:
    """The rest's mean (zero) unless the stretch before the response lies clearly elsewhere."""
    quiet = trace[max(first, stop - round(BASE_SPAN_MS * per_ms)) : stop]
    level = float(np.median(quiet)) if quiet.size else 0.0
    return np.full(trace.size, level if abs(level) > DRIFT_SD * sd else 0.0)


def _base_line(trace: Array, stop: int, usable_from: int, per_ms: float, sd: float) -> Array:
    """The baseline before a foot at `stop`: the rest's mean, a level or a line, whichever is the least that fits.

    The rest's mean rests on ten times more samples, so it stays until the stretch differs by more than rest itself
    wanders.
    """
    index = np.arange(trace.size)
    near = slice(max(usable_from, stop - round(BASE_SPAN_MS * per_ms)), stop)
    x, y = index[near], trace[near]
    if y.size < max(4, 2 * per_ms):
        return np.zeros(trace.size)
    slope, level = np.polyfit(x - x.mean(), y, 1)
    if abs(slope) * y.size > 2 * DRIFT_SD * sd:
        return np.asarray(level + slope * (index - x.mean()))
    return np.full(trace.size, level if abs(level) > DRIFT_SD * sd else 0.0)
