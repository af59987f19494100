"""Where a response begins: five estimates by three independent ideas, and their median.

`consensus/2` is the one rule bedside reports. Each idea alone is known to fail somewhere: walking back to a level stops
at the first wobble, a fitted bend assumes a shape, a change of variance needs quiet on one side. All look at the same
flank, so they can only disagree about its foot, and the median drops the odd one out. (`consensus/1` took no shoulder
before the flank for a part of the response.)

A second pass over a block of sweeps, with the block's median latency as a prior, was tried and is not used: latencies
of single trials differ by more than the estimates do, and the prior moved more onsets off their labels than onto them.
"""

import numpy as np
from numpy.typing import NDArray

from dsp.flank import PRECURSOR_OF_RESPONSE, Flank, find_flank, walk_back

Array = NDArray[np.float64]

RULE = "consensus/2"
LEVELS_SD = (1.5, 3.0)
BEND_SD, BEND_UV, BEND_OF_RESPONSE = 5.0, 5.0, 0.05
BEND_POWERS = (1.0, 1.5)
LOOK_BACK_MS = 12.0


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
    """Onset in ms after the pulse by `consensus/2`, or None when nothing leaves the rest for 0.8 ms.

    `trace_uv` (n,) has hum, tail and the mean of the rest removed; `span` are the samples in which the response's
    peaks lie, `sd_uv` the SD of the rest, `usable_from` the first sample after the artefact, `precursor` the size (of
    the response) from which a small deflection before the main one belongs to it. The parts are the walk
    back to 1.5 and to 3 SD of the rest, a broken stick (baseline, then a straight rise or one with power 1.5; after
    Muggeo's broken-line regression, Stat Med 22:3055, 2003) and the change of variance with the smallest AIC (Maeda,
    Zisin 38:365, 1985).
    """
    flank = find_flank(trace_uv, rate_hz, span, sd_uv, usable_from, precursor)
    if flank is None:
        return None
    feet = [walk_back(flank.trace, flank.crossing, flank.first, level * sd_uv) for level in LEVELS_SD]
    bends = [_bend(flank, rate_hz, sd_uv, power) for power in BEND_POWERS]
    parts = (*feet, *bends, _variance_change(flank, rate_hz, sd_uv))
    return (float(np.median(parts)) - trigger_index) * 1000.0 / rate_hz


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
