"""Knee angle and cadence of one pedalling leg, or the reason why there are none."""

from dataclasses import dataclass

import numpy as np

from dsp.cycling.clocks import ClockOffset, clock_offset, later
from dsp.cycling.doubt import Doubt, doubt
from dsp.cycling.linkage import Crank, Joints, crank, joints
from dsp.cycling.ranges import RANGES, wrong_range
from dsp.cycling.result import Cycling, refused
from dsp.cycling.revolutions import Revolutions, revolutions
from dsp.cycling.segment import (
    LARGE_M_S2,
    LARGE_RAD_S,
    SHORTEST_S,
    Array,
    Mask,
    Motion,
    Planar,
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


def cadence(thigh: Motion | None, shank: Motion | None, *, rate_hz: float, known: Known | None = None) -> Cycling:
    """Knee angle and one cadence a revolution from two sensors on one leg, on one clock, mounted in any way.

    `thigh` and `shank` have `gyro_rad_s` (n, 3) and `accel_m_s2` (n, 3) in raw sensor axes, and may have `received`
    (n,). Needs a whole turn within the recording, by which the leg's geometry is found; no magnetometer.

    Cadence and the angle's range do not depend on its zero. The zero takes the ankle's path for a circle, and no sensor
    here can see where it is not: on the modelled leg a path 2 cm longer than wide turns it by 6 degrees, and soft
    tissue that swings by 1 degree with the crank by 2 to 4. `zero_doubt_deg` works that out for this ride. Where the
    zero matters, give `known` = (from s, to s, knee angle deg) of a posture that was measured.

    Raises ValueError for a rate that is none and for shapes that are not (n, 3) or differ; all else is a `refusal`.
    """
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise ValueError(f"rate must be positive, got {rate_hz} Hz")
    if thigh is None or shank is None:
        given = thigh if thigh is not None else shank
        rows = 0 if given is None else np.asarray(given.gyro_rad_s).shape[0]
        missing = [name for name, motion in (("thigh", thigh), ("shank", shank)) if motion is None]
        return refused(rows, f"no sensor on the {' and '.join(missing)}: a knee angle needs thigh and shank")
    sides = samples_of(thigh), samples_of(shank)
    rows = sides[0][2].size
    if rows != sides[1][2].size:
        raise ValueError(f"thigh has {rows} samples and shank {sides[1][2].size}; give both on one clock")
    real = sides[0][2] & sides[1][2]
    part = longest_stretch(real, rate_hz)
    length = part.stop - part.start
    if rows < SHORTEST_S * rate_hz:
        return refused(rows, f"too short: {rows / rate_hz:.1f} s, at least {SHORTEST_S:g} s are needed")
    if length < max(SHORTEST_S * rate_hz, LOST_LIMIT * rows):
        return refused(rows, f"samples are missing: the longest whole stretch is {length / rate_hz:.1f} s")
    flags = _losses(real, part, rate_hz)
    cut = [[filled(values[part], real[part]) for values in side[:2]] for side in sides]
    for name, (gyro, accel) in zip(("thigh", "shank"), cut, strict=True):
        fault = fault_of(gyro, accel)
        if fault:
            return refused(rows, f"{name}: {fault}", flags)
        if clipped(gyro, LARGE_RAD_S) or clipped(accel, LARGE_M_S2):
            flags.append(f"{name}: the sensor was at its full scale")
    return _measured(cut, part, rows, rate_hz, flags, known)


@dataclass(frozen=True)
class _Way:
    """The shank with its axis pointing one way, on the thigh's clock, and how it fits the thigh."""

    shank: Planar
    clock: ClockOffset
    fit: Joints


def _ways(thigh: Planar, gyro: Array, accel: Array, rate_hz: float) -> list[_Way]:
    """Both ways the shank's axis may point, the better one first."""
    ways = []
    for mirrored in (False, True):
        shank = planar(gyro, accel, rate_hz, mirrored=mirrored)
        clock = clock_offset(thigh, shank, rate_hz)
        if np.isfinite(clock.ms):
            shank = later(shank, clock.ms, rate_hz)
        ways.append(_Way(shank, clock, joints(thigh, shank, rate_hz)))
    return sorted(ways, key=lambda way: way.fit.knee_residual)


def _measured(
    cut: list[list[Array]], part: slice, rows: int, rate_hz: float, flags: list[str], known: Known | None
) -> Cycling:
    unfit = wrong_range((cut[0][0], cut[0][1]), (cut[1][0], cut[1][1]), rate_hz)
    if unfit is not None:
        which, factor = unfit
        names = "thigh and shank" if which == "both" else which
        text = f"{names}: the turn rate fits the acceleration only times {factor:g}; check the range it was read with"
        if max(factor, 1 / factor) > RANGES:
            return refused(rows, text, flags)
        flags.append(text)
    thigh = planar(cut[0][0], cut[0][1], rate_hz)
    way, mirrored = _ways(thigh, cut[1][0], cut[1][1], rate_hz)
    refusal = _misplaced(way.fit)
    if refusal:
        return refused(rows, refusal, flags)
    seen = _seen(way.clock, thigh.rate_rad_s.size, rate_hz)
    part, thigh = slice(part.start + seen.start, part.start + seen.stop), thigh.rows(seen)
    shank = way.shank.rows(seen)
    circle, other = (crank(thigh, one.shank.rows(seen), one.fit, rate_hz) for one in (way, mirrored))
    if min(thigh.planarity, shank.planarity) < PLANAR:
        flags.append("a sensor turns about more than one axis: is it fastened?")
    if circle.travel_rad < LEAST_TRAVEL_RAD:
        return refused(rows, "no whole revolution: the leg's geometry cannot be found", flags)
    if other.travel_rad >= LEAST_TRAVEL_RAD and other.roundness < circle.roundness:
        return refused(rows, "which way the sensors point cannot be told from this movement", flags)
    if circle.roundness > ROUND_ENOUGH:
        return refused(rows, "the foot does not go in circles: no pedalling, or sensors of two legs", flags)
    if circle.roundness > ROUND:
        flags.append("the foot's path is not round: the zero of the knee angle may be off by some degrees")
    unsure = doubt(thigh, shank, way.fit, circle, rate_hz)
    flags += _clock_flags(way.clock, unsure)
    bend = np.angle(shank.turned * circle.shank / (thigh.turned * circle.thigh))
    # a knee bends one way only; with flexion positive, a rising phase is forward or backward by geometry alone
    flexes = 1 if float(np.mean(bend)) > 0 else -1
    turns = revolutions(flexes * circle.phase_rad, rate_hz)
    angle_deg = np.degrees(flexes * bend)
    return _result(angle_deg, turns, (circle, way.clock, unsure), part, rows, rate_hz, flags, known)


def _clock_flags(clock: ClockOffset, unsure: Doubt) -> list[str]:
    if not np.isfinite(clock.ms):
        return [
            f"the sensors' clocks cannot be compared: each ms apart moves the knee angle by {unsure.deg_per_ms:.2g} deg"
        ]
    if clock.large:
        late = "shank" if clock.ms > 0 else "thigh"
        return [f"the {late}'s stamps are {abs(clock.ms):.0f} ms late by the knee that both share: this was taken out"]
    return []


def _seen(clock: ClockOffset, rows: int, rate_hz: float) -> slice:
    """Without what a large shift of the clock left unmeasured at one end; a small one leaves a sample there."""
    held = int(np.ceil(abs(clock.ms) * rate_hz / 1000.0)) if clock.large else 0
    return slice(0, rows - held) if clock.ms > 0 else slice(held, rows)


def _result(
    angle_deg: Array,
    turns: Revolutions,
    seen: tuple[Crank, ClockOffset, Doubt],
    part: slice,
    rows: int,
    rate_hz: float,
    flags: list[str],
    known: Known | None,
) -> Cycling:
    circle, clock, unsure = seen
    knee, turned = np.full(rows, np.nan), np.full(rows, np.nan)
    knee[part], turned[part] = angle_deg, turns.turned
    begin_s = part.start / rate_hz
    zero, zero_doubt_deg = "circle", unsure.zero_deg(clock.doubt_ms)
    if known is not None:
        posture = knee[round(known[0] * rate_hz) : round(known[1] * rate_hz)]
        if np.isfinite(posture).any():
            knee += known[2] - float(np.nanmean(posture))
            zero, zero_doubt_deg = "known posture", 0.0
        else:
            flags.append("the known posture lies outside what was measured: it was not used")
    busy_s = float(np.sum(turns.end_s - turns.start_s - turns.paused_s))
    whole = float(np.sum(turns.cadence_rpm * (turns.end_s - turns.start_s)))
    if (turns.direction < 0).any():
        flags.append("part of it was pedalled backward")
    low, high = np.percentile(angle_deg, (1.0, 99.0))
    return Cycling(
        knee,
        revolution_s=turns.end_s + begin_s,
        cadence_rpm=turns.cadence_rpm,
        revolution_start_s=turns.start_s + begin_s,
        direction=turns.direction,
        paused_s=turns.paused_s,
        turned=turned,
        stop_s=turns.stop_s + begin_s,
        unfinished=turns.unfinished,
        mean_cadence_rpm=whole / busy_s if busy_s > 0 else float("nan"),
        knee_range_deg=float(high - low),
        roundness=circle.roundness,
        zero=zero,
        zero_doubt_deg=zero_doubt_deg,
        clock_offset_ms=clock.ms,
        clock_deg_per_ms=unsure.deg_per_ms,
        flags=tuple(flags),
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
