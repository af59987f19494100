"""Where a response begins: five estimates by three independent ideas, and their median.

`consensus/1` is the one rule bedside reports. Each idea alone is known to fail somewhere: walking back to a level stops
at the first wobble, a fitted bend assumes a shape, a change of variance needs quiet on one side. All look at the same
flank, so they can only disagree about its foot, and the median drops the odd one out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RULE = "consensus/1"
FLANK_SD, FLANK_UV = 4.0, 10.0
PRECURSOR_OF_RESPONSE = 0.02
FLANK_AT_MOST_OF_RESPONSE = 0.3
FIRST_PEAK_OF_LARGEST = 0.25
HELD_MS, GAP_MS = 0.8, 2.5
FOOT_SD = 2.0
LEVELS_SD = (1.5, 3.0)
BASE_SPAN_MS = 12.0
DRIFT_SD = 2.0
BEND_SD, BEND_UV, BEND_OF_RESPONSE = 5.0, 5.0, 0.05
BEND_POWERS = (1.0, 1.5)
LOOK_BACK_MS = 12.0
BEFORE_WINDOW_MS = 10.0


@dataclass(frozen=True)
class Flank:
    """The first deflection of a response: `trace` (n,) has it upwards and its own baseline removed (uV).

    `first` is the earliest usable sample, `crossing` where the flank is certain, `foot` the walked-back start (a
    fractional sample), `peak` the response's first extreme.
    """

    trace: Array
    first: int
    crossing: int
    foot: float
    peak: int


def find_onset(
    trace_uv: Array,
    rate_hz: float,
    trigger_index: int,
    span: slice,
    sd_uv: float,
    usable_from: int,
    *,
    precursor: float = PRECURSOR_OF_RESPONSE,
) -> float | None:
    """Onset in ms after the pulse by `consensus/1`, or None when nothing leaves the rest for 0.8 ms.

    `trace_uv` (n,) has hum, tail and the mean of the rest removed; `span` are the samples in which the response's
    peaks lie, `sd_uv` the SD of the rest, `usable_from` the first sample after the artefact, `precursor` the size (of
    the response) from which a small deflection before the main one belongs to it. The parts are the walk
    back to 1.5 and to 3 SD of the rest, a broken stick (baseline, then a straight rise or one with power 1.5; after
    Muggeo's broken-line regression, Stat Med 22:3055, 2003) and the change of variance with the smallest AIC (Maeda,
    Zisin 38:365, 1985).
    """
    flank = _find_flank(trace_uv, rate_hz, span, sd_uv, usable_from, precursor)
    if flank is None:
        return None
    feet = [_walk_back(flank.trace, flank.crossing, flank.first, level * sd_uv) for level in LEVELS_SD]
    bends = [_bend(flank, rate_hz, sd_uv, power) for power in BEND_POWERS]
    parts = (*feet, *bends, _variance_change(flank, rate_hz, sd_uv))
    return (float(np.median(parts)) - trigger_index) * 1000.0 / rate_hz


def _find_flank(
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
        crossing = _crossing(free, first, peak, threshold, per_ms)
        if crossing is None:
            return None
        sign = 1.0 if free[crossing] > 0 else -1.0
        foot = _walk_back(sign * free, crossing, first, FOOT_SD * sd)
        flank = Flank(sign * free, first, crossing, foot, peak)
        line = _base_line(trace, max(int(foot - 0.5 * per_ms), first + round(2 * per_ms)), usable_from, per_ms, sd)
    return flank


def _first_peak(trace: Array, first: int, span: slice) -> int:
    """The earlier of the largest and the smallest value, unless it is small beside the other: then that is drift."""
    level = float(np.median(trace[first : max(span.start, first) + 1]))
    early, late = sorted((int(np.argmin(trace[span])), int(np.argmax(trace[span]))))
    sizes = np.abs(trace[span][[early, late]] - level)
    return int(span.start) + (early if float(sizes[0]) >= FIRST_PEAK_OF_LARGEST * float(sizes[1]) else late)


def _crossing(free: Array, first: int, peak: int, threshold: float, per_ms: float) -> int | None:
    """The earliest sample that is over the threshold for 0.8 ms and tied to the peak without a gap of 2.5 ms."""
    held = max(2, round(HELD_MS * per_ms))
    over = np.abs(free[first : peak + held]) > threshold
    inside = np.flatnonzero(over[: peak - first + 1])
    if inside.size == 0:
        return None
    breaks = np.flatnonzero(np.diff(inside) > GAP_MS * per_ms + 1)
    start = int(inside[breaks[-1] + 1]) if breaks.size else int(inside[0])
    steady = np.convolve(over[start:].astype(int), np.ones(held, dtype=int), "valid") == held
    return first + start + int(np.argmax(steady)) if steady.any() else None


def _walk_back(upward: Array, crossing: int, first: int, level: float) -> float:
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


def _bend(flank: Flank, rate_hz: float, sd: float, power: float) -> float:
    """The bend of a broken stick fitted to the foot of the flank, searched in steps of 0.05 ms.

    The baseline (level and slope) is projected out first, so that each bend costs one scalar product.
    """
    per_ms = rate_hz / 1000.0
    top = max(BEND_SD * sd, BEND_UV, BEND_OF_RESPONSE * abs(float(flank.trace[flank.peak])))
    reached = np.flatnonzero(flank.trace[flank.crossing : flank.peak + 1] >= top)
    last = flank.crossing + int(reached[0]) if reached.size else flank.peak
    start = max(flank.first - round(2 * per_ms), int(flank.foot - 10 * per_ms), 0)
    x, y = np.arange(start, last + 1) / per_ms, flank.trace[start : last + 1]
    bends = np.arange(max(x[0] + 1.5, flank.foot / per_ms - 3.0), x[-1] - 1.5 / per_ms, 0.05)
    if bends.size == 0:
        return flank.foot
    base, _ = np.linalg.qr(np.column_stack([np.ones_like(x), x - x.mean()]))
    rises = np.maximum(x - bends[:, None], 0.0) ** power
    moment = rises @ (y - base @ (base.T @ y))
    norm = np.sum(rises**2, axis=1) - np.sum((rises @ base) ** 2, axis=1)
    return float(bends[np.argmax(np.maximum(moment, 0.0) ** 2 / np.maximum(norm, 1e-12))]) * per_ms


def _variance_change(flank: Flank, rate_hz: float, sd: float) -> float:
    """The split into a quiet and a loud part with the smallest AIC."""
    per_ms = rate_hz / 1000.0
    start = max(flank.first - round(2 * per_ms), flank.crossing - round(LOOK_BACK_MS * per_ms), 0)
    part = flank.trace[start : min(flank.crossing + round(3 * per_ms), flank.peak) + 1]
    if part.size < 10:
        return flank.foot
    split = np.arange(3, part.size - 3)
    power = np.cumsum(part**2)
    floor = max(1e-4 * sd**2, 1e-9)
    quiet = np.log(power[split - 1] / split + floor)
    loud = np.log((power[-1] - power[split - 1]) / (part.size - split) + floor)
    return start + float(split[np.argmin(split * quiet + (part.size - split) * loud)])
