"""Knee angle and cadence of one pedalling leg, or the reason why there are none."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dsp.cycling.linkage import Crank, Joints, crank, joints
from dsp.cycling.revolutions import Revolutions, revolutions
from dsp.cycling.segment import (
    LARGE_M_S2,
    LARGE_RAD_S,
    SHORTEST_S,
    Array,
    Mask,
    Motion,
    clipped,
    fault_of,
    filled,
    longest_stretch,
    planar,
    samples_of,
)

# Chosen on a modelled leg of known truth with noise, bias, soft tissue and slow, uneven pedalling
# (tests/benchmarks/bench_cycling.py): one leg gives a knee residual up to 0.7 where soft tissue is all there is to feel
# (0.18 m/s2), and a knee 0.2 m from the thigh's sensor; sensors of two legs put it beyond the hip, or 0.7 and more.
ONE_LEG_RESIDUAL = 0.6
TISSUE_M_S2 = 0.5
"""A residual that 3 degrees of soft tissue explain says nothing."""
ROUND, ROUND_ENOUGH = 0.08, 0.3
PLANAR = 0.9
NEAREST_M = 0.01
LOST_NOTED = 0.02
LOST_LIMIT = 0.5
LEAST_TRAVEL_RAD = 2 * np.pi

Known = tuple[float, float, float]


@dataclass(frozen=True)
class Cycling:
    """One leg's pedalling. Times in s from the first sample.

    `knee_angle_deg` (n,): flexion, 0 with the leg straight, NaN where it was not measured. `revolution_s` (k,): when
    each whole revolution ended; `revolution_start_s`, `cadence_rpm`, `direction` (1 forward, -1 backward) and
    `paused_s` (k,) belong to it. A revolution in which the crank stood has a low cadence and says so in `paused_s`.
    `mean_cadence_rpm` is the turned angle over the time without pauses, NaN without a revolution. `unfinished` are
    parts of revolutions before the end and before changes of direction. `roundness` is how far the foot's path is
    from a circle, as a share of its radius. `zero` says where 0 degrees comes from: "circle" or "known posture".
    `refusal` says why there is nothing; `flags` what to look at.
    """

    knee_angle_deg: Array
    revolution_s: Array
    cadence_rpm: Array
    revolution_start_s: Array
    direction: NDArray[np.int64]
    paused_s: Array
    unfinished: float = 0.0
    mean_cadence_rpm: float = float("nan")
    knee_range_deg: float = float("nan")
    roundness: float = float("nan")
    zero: str = "none"
    flags: tuple[str, ...] = field(default=())
    refusal: str | None = None


def cadence(thigh: Motion | None, shank: Motion | None, *, rate_hz: float, known: Known | None = None) -> Cycling:
    """Knee angle and one cadence a revolution from two sensors on one leg, on one clock, mounted in any way.

    `thigh` and `shank` have `gyro_rad_s` (n, 3) and `accel_m_s2` (n, 3) in raw sensor axes, and may have `received`
    (n,). Needs a whole turn within the recording, by which the leg's geometry is found; no magnetometer.

    Cadence and the angle's range do not depend on its zero. The zero takes the foot's path for a circle, and no sensor
    here can see where it is not: on the modelled leg a path 2 cm longer than wide turns it by 6 degrees, and soft
    tissue that swings by 1 degree with the crank by 2 to 4. Where the zero matters, give `known` = (from s, to s, knee
    angle deg) of a posture that was measured.

    Raises ValueError for a rate that is none and for shapes that are not (n, 3) or differ; all else is a `refusal`.
    """
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise ValueError(f"rate must be positive, got {rate_hz} Hz")
    if thigh is None or shank is None:
        given = thigh if thigh is not None else shank
        rows = 0 if given is None else np.asarray(given.gyro_rad_s).shape[0]
        missing = [name for name, motion in (("thigh", thigh), ("shank", shank)) if motion is None]
        return _refused(rows, f"no sensor on the {' and '.join(missing)}: a knee angle needs thigh and shank")
    sides = samples_of(thigh), samples_of(shank)
    rows = sides[0][2].size
    if rows != sides[1][2].size:
        raise ValueError(f"thigh has {rows} samples and shank {sides[1][2].size}; give both on one clock")
    real = sides[0][2] & sides[1][2]
    part = longest_stretch(real, rate_hz)
    length = part.stop - part.start
    if rows < SHORTEST_S * rate_hz:
        return _refused(rows, f"too short: {rows / rate_hz:.1f} s, at least {SHORTEST_S:g} s are needed")
    if length < max(SHORTEST_S * rate_hz, LOST_LIMIT * rows):
        return _refused(rows, f"samples are missing: the longest whole stretch is {length / rate_hz:.1f} s")
    flags = _losses(real, part, rate_hz)
    cut = [[filled(values[part], real[part]) for values in side[:2]] for side in sides]
    for name, (gyro, accel) in zip(("thigh", "shank"), cut, strict=True):
        fault = fault_of(gyro, accel)
        if fault:
            return _refused(rows, f"{name}: {fault}", flags)
        if clipped(gyro, LARGE_RAD_S) or clipped(accel, LARGE_M_S2):
            flags.append(f"{name}: the sensor was at its full scale")
    return _measured(cut, part, rows, rate_hz, flags, known)


def _measured(
    cut: list[list[Array]], part: slice, rows: int, rate_hz: float, flags: list[str], known: Known | None
) -> Cycling:
    thigh = planar(cut[0][0], cut[0][1], rate_hz)
    ways = []
    for mirrored in (False, True):
        shank = planar(cut[1][0], cut[1][1], rate_hz, mirrored=mirrored)
        fit = joints(thigh, shank, rate_hz)
        ways.append((shank, fit))
    ways.sort(key=lambda way: way[1].knee_residual)
    shank, fit = ways[0]
    refusal = _misplaced(fit)
    if refusal:
        return _refused(rows, refusal, flags)
    circle, other = (crank(thigh, way[0], way[1], rate_hz) for way in ways)
    if min(thigh.planarity, shank.planarity) < PLANAR:
        flags.append("a sensor turns about more than one axis: is it fastened?")
    if circle.travel_rad < LEAST_TRAVEL_RAD:
        return _refused(rows, "no whole revolution: the leg's geometry cannot be found", flags)
    if other.travel_rad >= LEAST_TRAVEL_RAD and other.roundness < circle.roundness:
        return _refused(rows, "which way the sensors point cannot be told from this movement", flags)
    if circle.roundness > ROUND_ENOUGH:
        return _refused(rows, "the foot does not go in circles: no pedalling, or sensors of two legs", flags)
    if circle.roundness > ROUND:
        flags.append("the foot's path is not round: the zero of the knee angle may be off by some degrees")
    bend = np.angle(shank.turned * circle.shank / (thigh.turned * circle.thigh))
    # a knee bends one way only; with flexion positive, a rising phase is forward or backward by geometry alone
    flexes = 1 if float(np.mean(bend)) > 0 else -1
    turns = revolutions(flexes * circle.phase_rad, rate_hz)
    return _result(np.degrees(flexes * bend), turns, circle, part, rows, rate_hz, flags, known)


def _result(
    angle_deg: Array,
    turns: Revolutions,
    circle: Crank,
    part: slice,
    rows: int,
    rate_hz: float,
    flags: list[str],
    known: Known | None,
) -> Cycling:
    knee = np.full(rows, np.nan)
    knee[part] = angle_deg
    begin_s = part.start / rate_hz
    zero = "circle"
    if known is not None:
        seen = knee[round(known[0] * rate_hz) : round(known[1] * rate_hz)]
        if np.isfinite(seen).any():
            knee += known[2] - float(np.nanmean(seen))
            zero = "known posture"
        else:
            flags.append("the known posture lies outside what was measured: it was not used")
    busy_s = float(np.sum(turns.end_s - turns.start_s - turns.paused_s))
    turned = float(np.sum(turns.cadence_rpm * (turns.end_s - turns.start_s)))
    if (turns.direction < 0).any():
        flags.append("part of it was pedalled backward")
    low, high = np.percentile(angle_deg, (1.0, 99.0))
    return Cycling(
        knee,
        turns.end_s + begin_s,
        turns.cadence_rpm,
        turns.start_s + begin_s,
        turns.direction,
        turns.paused_s,
        turns.unfinished,
        turned / busy_s if busy_s > 0 else float("nan"),
        float(high - low),
        circle.roundness,
        zero,
        tuple(flags),
    )


def _misplaced(fit: Joints) -> str | None:
    """Why these two sensors are not on the thigh and the shank of one leg."""
    if fit.shank_swing_residual < fit.thigh_swing_residual:
        return "the sensor given as shank swings about a fixed hip and the other does not: swapped, or wrong units"
    if abs(fit.knee_from_shank_m) < NEAREST_M or abs(fit.knee_from_thigh_m) < NEAREST_M:
        return "a sensor sits on the knee itself, or one sensor was given twice"
    # the sensor sits between hip and knee, so it is nearer to the knee than the hip is
    beyond = abs(fit.knee_from_thigh_m) > abs(fit.knee_from_thigh_m - fit.hip_from_thigh_m)
    if beyond or (fit.knee_residual > ONE_LEG_RESIDUAL and fit.knee_residual_m_s2 > TISSUE_M_S2):
        return "thigh and shank share no knee: are they on two legs, on two clocks, or in wrong units?"
    return None


def _losses(real: Mask, part: slice, rate_hz: float) -> list[str]:
    flags = []
    lost = 1.0 - float(np.mean(real))
    if lost > LOST_NOTED:
        flags.append(f"{100 * lost:.1f} % of the samples are missing")
    if part.stop - part.start < real.size:
        flags.append(f"measured only from {part.start / rate_hz:.2f} s to {part.stop / rate_hz:.2f} s, between holes")
    return flags


def _refused(rows: int, why: str, flags: list[str] | None = None) -> Cycling:
    none = np.empty(0)
    return Cycling(
        np.full(rows, np.nan),
        none,
        none,
        none,
        np.empty(0, dtype=np.int64),
        none,
        flags=tuple(flags or ()),
        refusal=why,
    )
