"""Limits of stability: one lean towards a target, from a held centre."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.posture.checks import STILLEST_RMS_CM, reach
from dsp.posture.moving import RESTLESS_CM, baseline, first_lasting, refusal, restless, smooth

Array = NDArray[np.float64]

HEIGHT_OF_CENTRE = 0.5527
FORWARD_DEG, BACKWARD_DEG = 8.0, 4.5
TASK_S = 8.0
SPREADS = 3.0
LEAST_SPEED_CM_S = 0.5
END_OF_PEAK = 0.05
MOST_OF_LIMIT_PCT = 200.0


@dataclass(frozen=True)
class Lean:
    """One lean; distances in % of the limit, along the line to the target.

    `reaction_s` from the cue to the first movement, `mean_speed_cm_s` over 5 to 95 % of the first movement,
    `endpoint_pct` where that movement ends, `maximum_pct` the farthest reached, `directional_control_pct` is
    100 (on-axis path - off-axis path) / on-axis path of the first movement. `refusal`: None, or why there is nothing.
    """

    reaction_s: float = math.nan
    mean_speed_cm_s: float = math.nan
    endpoint_pct: float = math.nan
    maximum_pct: float = math.nan
    directional_control_pct: float = math.nan
    limit_cm: float = math.nan
    direction_deg: float = math.nan
    refusal: str | None = None


def theoretical_limit_cm(height_cm: float, direction_deg: float) -> float:
    """How far a person of that stature can lean (cm): the height of the body's centre times the sine of the lean.

    Directions count from the right (0) to the front (90). 8 degrees forward and to the sides, 4.5 backward; between
    side and back on an ellipse. Patients differ from theory: three maximal leans of their own are the better limit.
    Raises ValueError for a stature that cannot be.
    """
    if not 50.0 <= height_cm <= 250.0:
        raise ValueError(f"height_cm must be between 50 and 250, not {height_cm}")
    centre = HEIGHT_OF_CENTRE * height_cm
    forward, back = (centre * math.sin(math.radians(lean)) for lean in (FORWARD_DEG, BACKWARD_DEG))
    sideways, ahead = math.cos(math.radians(direction_deg)), math.sin(math.radians(direction_deg))
    if ahead >= 0:
        return forward
    return 1.0 / math.hypot(sideways / forward, ahead / back)


def limits_of_stability(
    x_cm: ArrayLike,
    y_cm: ArrayLike,
    rate_hz: float,
    *,
    cue_index: int,
    direction_deg: float,
    limit_cm: float,
    task_s: float = TASK_S,
) -> Lean:
    """Measure a lean that begins at a cue; `direction_deg` from the right (0) to the front (90), 100 % = `limit_cm`.

    Departure is where the speed along the line exceeds its mean by 3 SD of the second before the cue (and 0.5 cm/s)
    for 0.1 s. The first movement ends where the speed has fallen to 5 % of its peak. Needs half a second before the
    cue and 1 s after it. Raises ValueError for shapes, rate and limit that cannot be.
    """
    x, y = np.asarray(x_cm, dtype=float), np.asarray(y_cm, dtype=float)
    if not (math.isfinite(limit_cm) and limit_cm > 0):
        raise ValueError(f"limit_cm must be positive, not {limit_cm}")
    why = refusal((x, y), rate_hz, cue_index, 1.0) or reach(x, y)
    why = why or restless((x, y), rate_hz, cue_index, RESTLESS_CM, "cm")
    if why is not None:
        return Lean(limit_cm=limit_cm, direction_deg=direction_deg, refusal=why)
    last = min(cue_index + round(task_s * rate_hz), x.size - 1)
    before = baseline(x.size, rate_hz, cue_index)
    along, across = _turned(x, y, before, direction_deg)
    along, across = smooth(along, rate_hz)[: last + 1], smooth(across, rate_hz)[: last + 1]
    speed = np.gradient(along) * rate_hz
    rest = speed[before]
    limit = float(rest.mean() + max(SPREADS * rest.std(), LEAST_SPEED_CM_S))
    start = first_lasting(speed > limit, cue_index, rate_hz)
    if start is None:
        why = f"no movement towards the target within {(last - cue_index) / rate_hz:.1f} s{_too_small(x, y)}"
        return Lean(limit_cm=limit_cm, direction_deg=direction_deg, refusal=why)
    end = _end(speed, start)
    maximum_pct = 100.0 * float(along[cue_index:].max()) / limit_cm
    if maximum_pct > MOST_OF_LIMIT_PCT:
        why = f"units: {maximum_pct:.0f} % of the limit cannot be reached; is the position in mm, or the limit wrong?"
        return Lean(limit_cm=limit_cm, direction_deg=direction_deg, refusal=why)
    return Lean(
        reaction_s=(start - cue_index) / rate_hz,
        mean_speed_cm_s=_mean_speed(along[start : end + 1], rate_hz),
        endpoint_pct=100.0 * float(along[end]) / limit_cm,
        maximum_pct=maximum_pct,
        directional_control_pct=_control(along[start : end + 1], across[start : end + 1]),
        limit_cm=limit_cm,
        direction_deg=direction_deg,
    )


def _turned(x: Array, y: Array, before: slice, direction_deg: float) -> tuple[Array, Array]:
    dx, dy = x - x[before].mean(), y - y[before].mean()
    c, s = math.cos(math.radians(direction_deg)), math.sin(math.radians(direction_deg))
    return c * dx + s * dy, c * dy - s * dx


def _end(speed: Array, start: int) -> int:
    """Where the first movement from `start` ends: 5 % of the peak speed so far."""
    peak = np.maximum.accumulate(speed[start:])
    ended = np.flatnonzero(speed[start:] < END_OF_PEAK * peak)
    return start + int(ended[0]) if ended.size else speed.size - 1


def _mean_speed(along: Array, rate_hz: float) -> float:
    low, high = (along[0] + share * (along[-1] - along[0]) for share in (0.05, 0.95))
    first, last = (
        float(np.interp(level, np.maximum.accumulate(along), np.arange(along.size))) for level in (low, high)
    )
    return (high - low) * rate_hz / (last - first) if last > first else math.nan


def _control(along: Array, across: Array) -> float:
    on = float(np.abs(np.diff(along)).sum())
    return 100.0 * (on - float(np.abs(np.diff(across)).sum())) / on if on > 0 else math.nan


def _too_small(x: Array, y: Array) -> str:
    still = float(np.hypot(np.std(x), np.std(y))) < STILLEST_RMS_CM
    return "; too still for a person: is the position in metres?" if still else ""
