"""Recovery from a perturbation: how late, how far, how long until the person stands still again."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.posture.checks import STILLEST_RMS_CM, reach
from dsp.posture.moving import RESTLESS_CM, baseline, first_lasting, refusal, restless, smooth

Array = NDArray[np.float64]

PATH_S = 3.0
SPREADS, ONSET_SPREADS = 3.0, 5.0
LEAST_BAND_CM, LEAST_DEPARTURE_CM = 0.5, 0.1
QUIET_S = 1.0
LEAST_OF_LOAD = 0.8


@dataclass(frozen=True)
class Recovery:
    """One perturbation; times in s after the onset, distances in cm.

    `latency_s` is when the position leaves 3 SD of the second before (0.1 cm at least) for 0.1 s; `peak_cm` the
    largest distance from the mean before, at `to_peak_s`. `overshoot_cm` is how far the track went beyond the new mean
    on the side away from the peak. `path_3s_cm` is the path of the first 3 s. `to_stabilise_s` is the last instant
    outside the band of `band_cm` about the new mean (that of the last second); None when not recovered. `recovered` is
    False after a step or a grab, and when the last second is not inside the band.
    """

    onset_s: float = math.nan
    latency_s: float | None = None
    peak_cm: float = math.nan
    to_peak_s: float = math.nan
    overshoot_cm: float = math.nan
    path_3s_cm: float = math.nan
    to_stabilise_s: float | None = None
    band_cm: float = math.nan
    recovered: bool = False
    refusal: str | None = None


def perturbation(
    x_cm: ArrayLike,
    y_cm: ArrayLike,
    rate_hz: float,
    *,
    onset_index: int | None = None,
    acceleration: ArrayLike | None = None,
    total_kg: ArrayLike | None = None,
    stepped: bool = False,
) -> Recovery:
    """Measure a recovery after a mark at `onset_index`, or after the plate's or body's `acceleration` (n,) rises.

    Without a mark the onset is where |acceleration| leaves 5 SD of the first second. `stepped` (the therapist saw a
    step or a grab), or a load `total_kg` (n,) that falls under 80 % of what it was, makes it "not recovered": then
    there are no numbers. Needs 4 s after the onset. Raises ValueError for shapes and options that cannot be.
    """
    x, y = np.asarray(x_cm, dtype=float), np.asarray(y_cm, dtype=float)
    onset = _onset(acceleration, rate_hz) if onset_index is None else onset_index
    if onset is None:
        return Recovery(refusal="no onset: the acceleration never left 5 SD of its first second; mark it by hand")
    # who stepped off left a gap: that is why, and not the gap
    why = "not recovered: a step or a grab ended the trial" if stepped else _unloaded(total_kg, onset, rate_hz)
    why = why or refusal((x, y), rate_hz, onset, PATH_S + QUIET_S) or reach(x, y)
    why = why or restless((x, y), rate_hz, onset, RESTLESS_CM, "cm")
    if why is None and float(np.hypot(np.std(x), np.std(y))) < STILLEST_RMS_CM:
        why = "units: too still for a person who was pushed; is the position in metres?"
    if why is not None:
        return Recovery(onset_s=onset / rate_hz, refusal=why)
    return _measured(smooth(x, rate_hz), smooth(y, rate_hz), rate_hz, onset)


def _measured(x: Array, y: Array, rate_hz: float, onset: int) -> Recovery:
    before, quiet = baseline(x.size, rate_hz, onset), slice(x.size - round(QUIET_S * rate_hz), x.size)
    away = np.hypot(x - x[before].mean(), y - y[before].mean())
    spread = float(np.hypot(x[before].std(), y[before].std()))
    band = max(LEAST_BAND_CM, SPREADS * spread)
    late = first_lasting(away > max(SPREADS * spread, LEAST_DEPARTURE_CM), onset, rate_hz)
    peak = onset + int(np.argmax(away[onset:]))
    new_x, new_y = float(x[quiet].mean()), float(y[quiet].mean())
    outside = np.flatnonzero(np.hypot(x - new_x, y - new_y)[onset:] > band)
    last = int(outside[-1]) + 1 if outside.size else 0
    stable = onset + last <= quiet.start
    first = slice(onset, onset + round(PATH_S * rate_hz) + 1)
    return Recovery(
        onset_s=onset / rate_hz,
        latency_s=None if late is None else (late - onset) / rate_hz,
        peak_cm=float(away[peak]),
        to_peak_s=(peak - onset) / rate_hz,
        overshoot_cm=_overshoot(x[peak:] - new_x, y[peak:] - new_y),
        path_3s_cm=float(np.hypot(np.diff(x[first]), np.diff(y[first])).sum()),
        to_stabilise_s=last / rate_hz if stable else None,
        band_cm=band,
        recovered=stable,
    )


def _overshoot(x: Array, y: Array) -> float:
    """How far (cm) the track after its peak goes beyond the new mean, on the line from the mean to the peak."""
    length = math.hypot(x[0], y[0])
    return max(-float(np.min((x * x[0] + y * y[0]) / length)), 0.0) if length > 0 else 0.0


def _onset(acceleration: ArrayLike | None, rate_hz: float) -> int | None:
    if acceleration is None:
        raise ValueError("either onset_index or acceleration must be given")
    size = np.asarray(acceleration, dtype=float)
    first = size[: round(rate_hz)]
    if first.size < 2 or not np.all(np.isfinite(size)):
        return None
    over = np.flatnonzero(np.abs(size - first.mean()) > ONSET_SPREADS * first.std())
    after = over[over >= first.size]
    return int(after[0]) if after.size else None


def _unloaded(total_kg: ArrayLike | None, onset: int, rate_hz: float) -> str | None:
    if total_kg is None:
        return None
    total = np.asarray(total_kg, dtype=float)
    known = np.isfinite(total)
    before = baseline(total.size, rate_hz, onset)
    if not known[before].any():
        return None
    body = float(np.nanmean(total[before]))
    settled = smooth(np.where(known, total, body), rate_hz, 3.0)[onset:]
    if settled.size and float(settled.min()) < LEAST_OF_LOAD * body:
        return "not recovered: the load fell, as with a step off the plate or a hand on the rail"
    return None
