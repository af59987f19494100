"""A cycling test or treatment in numbers: minutes, cadence, its spread and drift, stops, range of motion."""

import math
from dataclasses import dataclass

import numpy as np

from dsp.cycling.result import Cycling
from dsp.cycling.segment import Array

STOP_S = 2.0
"""An interruption that counts."""
LAST_MIN = 4.0
UNSEEN_S = 1.0
"""What may be missing at the end of the record for its last minutes to be called so."""
HIGHEST_RPM = 120.0
FEWEST_FOR_DRIFT = 10


@dataclass(frozen=True)
class Window:
    """One stretch of pedalling, from `start_s` to `end_s`.

    `mean_rpm` is all that the crank turned over all the time, stops included; `moving_rpm` over the time without stops.
    `sd_rpm` (n - 1), `drift_rpm_per_min` (least squares) and `knee_range_deg` (mean of the revolutions) are of the
    `revolutions` that lie in it whole and without a stop; NaN where there are too few.
    """

    start_s: float
    end_s: float
    turned: float = math.nan
    revolutions: int = 0
    mean_rpm: float = math.nan
    moving_rpm: float = math.nan
    sd_rpm: float = math.nan
    drift_rpm_per_min: float = math.nan
    knee_range_deg: float = math.nan
    knee_range_sd_deg: float = math.nan


@dataclass(frozen=True)
class Ride:
    """`whole` is from the first sample measured to the last, `last_4_min` its end; None when it is shorter, or
    not measured to the end of the record.

    `began_s` and `ended_s`: when the crank first left its rest and came to it for good. `minutes` lie between them
    without the stops. `stops` (k, 2): interruptions of 2 s or more between them, in s. `flags` what to look at.
    """

    whole: Window
    last_4_min: Window | None
    began_s: float
    ended_s: float
    minutes: float
    stops: Array
    flags: tuple[str, ...] = ()


def summarise(leg: Cycling, rate_hz: float) -> Ride | None:
    """The numbers of a test or treatment; None for a leg that was refused."""
    seen = np.flatnonzero(np.isfinite(leg.turned))
    if leg.refusal is not None or seen.size < 2:
        return None
    start_s, end_s = float(seen[0]) / rate_hz, float(seen[-1]) / rate_hz
    step_s = 1.5 / rate_hz
    rests = leg.stop_s
    began_s = max((float(rest[1]) for rest in rests if rest[0] <= start_s + step_s), default=start_s)
    ended_s = min((float(rest[0]) for rest in rests if rest[1] >= end_s - step_s), default=end_s)
    inner = rests[(rests[:, 0] >= began_s) & (rests[:, 1] <= ended_s)]
    last_s = 60.0 * LAST_MIN
    lasted, to_the_end = end_s - start_s >= last_s - step_s, (leg.turned.size - 1) / rate_hz - end_s <= UNSEEN_S
    return Ride(
        whole=window(leg, rate_hz, start_s, end_s),
        last_4_min=window(leg, rate_hz, end_s - last_s, end_s) if lasted and to_the_end else None,
        began_s=began_s,
        ended_s=ended_s,
        minutes=max(ended_s - began_s - float(np.sum(inner[:, 1] - inner[:, 0])), 0.0) / 60.0,
        stops=inner[inner[:, 1] - inner[:, 0] >= STOP_S],
        flags=_flags(leg),
    )


def window(leg: Cycling, rate_hz: float, start_s: float, end_s: float) -> Window:
    """One stretch of a measured leg. Raises ValueError for one that ends before it begins."""
    if not end_s > start_s:
        raise ValueError(f"a stretch must end after it begins, got {start_s:g} to {end_s:g} s")
    times = np.arange(leg.turned.size) / rate_hz
    known = np.isfinite(leg.turned)
    start_s, end_s = max(start_s, float(times[known][0])), min(end_s, float(times[known][-1]))
    turned = float(np.diff(np.interp((start_s, end_s), times[known], leg.turned[known]))[0])
    stood_s = float(np.clip(np.minimum(leg.stop_s[:, 1], end_s) - np.maximum(leg.stop_s[:, 0], start_s), 0, None).sum())
    inside = (leg.revolution_start_s >= start_s - 1e-9) & (leg.revolution_s <= end_s + 1e-9) & (leg.paused_s == 0)
    rpm, at_min = leg.cadence_rpm[inside], (leg.revolution_start_s + leg.revolution_s)[inside] / 120.0
    ranges = _ranges(leg, rate_hz, inside)
    moving_s = end_s - start_s - stood_s
    return Window(
        start_s,
        end_s,
        turned=turned,
        revolutions=int(np.count_nonzero(inside)),
        mean_rpm=60.0 * turned / (end_s - start_s),
        moving_rpm=60.0 * turned / moving_s if moving_s > 0 else math.nan,
        sd_rpm=_sd(rpm),
        drift_rpm_per_min=float(np.polyfit(at_min, rpm, 1)[0]) if rpm.size >= FEWEST_FOR_DRIFT else math.nan,
        knee_range_deg=float(ranges.mean()) if ranges.size else math.nan,
        knee_range_sd_deg=_sd(ranges),
    )


def _ranges(leg: Cycling, rate_hz: float, inside: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Array:
    """Largest minus smallest knee angle of each revolution that was measured throughout."""
    found = []
    for start_s, end_s in zip(leg.revolution_start_s[inside], leg.revolution_s[inside], strict=True):
        angle = leg.knee_angle_deg[round(start_s * rate_hz) : round(end_s * rate_hz) + 1]
        if angle.size and np.isfinite(angle).all():
            found.append(float(np.ptp(angle)))
    return np.array(found)


def _flags(leg: Cycling) -> tuple[str, ...]:
    fast = int(np.count_nonzero(leg.cadence_rpm > HIGHEST_RPM))
    return (f"{fast} revolutions beyond {HIGHEST_RPM:g} rpm: check the sensors",) if fast else ()


def _sd(values: Array) -> float:
    return float(np.std(values, ddof=1)) if values.size > 1 else math.nan
