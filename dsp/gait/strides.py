"""Swings, contacts and ways put together into strides."""

from dataclasses import dataclass, replace

import numpy as np

from dsp.gait.cycle import Cycle, Swing, borrow, cycle, swing_peaks, swings
from dsp.gait.events import Contacts, contacts, pitch_axis
from dsp.gait.model import Array, Mask, Side, Stride
from dsp.gait.samples import LONGEST_CLIPPED_S, STANDARD_GRAVITY_M_S2, RefusedError, Samples
from dsp.gait.shape import pitches, shaped
from dsp.gait.ways import Paths, paths

TURN_DEG = 25.0
# a level floor and a person's leg: outside, the length is not to be believed
LARGEST_RISE_M, SHORTEST_M, LONGEST_M = 0.15, 0.05, 2.5
LEAST_STRIDES = 3
# turned into one frame, the mean force over a stride is gravity, if both sensors have the same axes and right units
FORCE_TOLERANCE_M_S2 = 0.6
LARGEST_AXIS_TILT = 0.5  # sine; a foot turns about a level axis
MOST_UNBELIEVABLE = 0.5
MOST_LOST = 0.5
# an uncalibrated MEMS sensor of this class is off by 5 deg/s and 0.8 m/s2 (MPU-9250 data sheet); wrong axes by more
LARGEST_GYRO_BIAS_RAD_S, LARGEST_ACCEL_BIAS_M_S2 = np.radians(10.0), 1.5
LARGEST_DOUBT = 0.05  # SD over length: more than strides of one steady walker differ among each other
LARGEST_FORCE_SPREAD_M_S2 = 0.6  # between the strides' mean forces: above it the ways are shocks, not steps


@dataclass(frozen=True)
class Walk:
    """One foot: its strides, its rhythm; its vertical, its axis to the left and its biases in sensor axes (3,).

    `no_length` says why none of its ways is to be believed, if so.
    """

    strides: tuple[Stride, ...]
    up: Array
    left: Array
    gyro_bias_rad_s: Array
    accel_bias_m_s2: Array
    period_s: float
    no_length: str


@dataclass(frozen=True)
class _Parts:
    """One foot's swings with what was found of them."""

    side: Side
    samples: Samples
    swings: list[Swing]
    ways: Paths
    marks: list[Contacts]
    way_m: Array
    pitch_deg: Array


def walks(feet: dict[Side, Samples]) -> dict[Side, Walk]:
    """The walk of every foot; the weaker foot borrows the rhythm of the clearer. Raises RefusedError."""
    cycles = {side: _named(side, samples) for side, samples in feet.items()}
    clear = max(cycles, key=lambda side: cycles[side].regularity)
    periods = {side: _period(own, cycles[clear]) for side, own in cycles.items()}
    peaks = {side: swing_peaks(cycles[side], feet[side].rate_hz, periods[side]) for side in feet}
    for side in sorted(cycles, key=lambda side: cycles[side].regularity):
        for other in feet:
            if other != side:
                peaks[side] = borrow(cycles[side], peaks[side], peaks[other], feet[side].rate_hz, periods[side])
    return {side: _walk(side, feet[side], peaks[side], periods[side]) for side in feet}


def _named(side: Side, samples: Samples) -> Cycle:
    try:
        return cycle(samples)
    except RefusedError as error:
        raise RefusedError(f"{side} foot: {error}") from error


def _period(own: Cycle, clear: Cycle) -> float:
    """A foot's own period, unless it disagrees with the clearer foot's."""
    return own.period_s if abs(own.period_s / clear.period_s - 1) < 0.1 else clear.period_s


def _walk(side: Side, samples: Samples, peaks: list[int], period_s: float) -> Walk:
    found = [swing for swing in swings(samples, peaks, period_s) if _measured(samples, swing)]
    if len(found) < LEAST_STRIDES:
        raise RefusedError(f"{side} foot: {len(found)} strides found, too short")
    ways = paths(samples, found)
    try:
        axis = pitch_axis(samples, ways)
    except RefusedError as error:
        raise RefusedError(f"{side} foot: {error}") from error
    whole = np.array([not samples.cut[swing.before : swing.after + 1].any() for swing in found])
    _one_frame(side, ways, axis, whole)
    landmarks = contacts(samples, found, axis, period_s)
    steps = np.array([swing.after - swing.before for swing in found])
    parts = _Parts(side, samples, found, ways, landmarks, _level_ways(ways, steps), pitches(ways, axis))
    made = [_stride(parts, number) for number in range(len(found))]
    if np.mean(["way not believable" in stride.flags for stride in made]) > MOST_UNBELIEVABLE:
        raise RefusedError(f"{side} foot: most strides do not end on the floor they left; check axes and units")
    why = _unsteady(ways, whole)
    if why:
        made = [_without_way(stride, why) for stride in made]
    up = np.median(ways.up, axis=0)
    return Walk(tuple(made), up, axis, ways.gyro_bias_rad_s, ways.accel_bias_m_s2, period_s, why)


def _measured(samples: Samples, swing: Swing) -> bool:
    """Whether most of a stride was received; what was filled across a long hole is no stride."""
    return float(samples.cut[swing.before : swing.after + 1].mean()) < MOST_LOST


def _unsteady(ways: Paths, whole: Mask) -> str:
    """Why no way of this foot is to be believed, or nothing."""
    if not whole.any():
        return ""
    if float(np.ptp(np.percentile(ways.force_m_s2[whole], (20, 80)))) > LARGEST_FORCE_SPREAD_M_S2:
        return "mean force unsteady: no length"
    drift, off = (float(np.linalg.norm(bias)) for bias in (ways.gyro_bias_rad_s, ways.accel_bias_m_s2))
    if drift > LARGEST_GYRO_BIAS_RAD_S or off > LARGEST_ACCEL_BIAS_M_S2:
        return "sensor errors not believable: no length"
    return ""


def _without_way(stride: Stride, why: str) -> Stride:
    return replace(
        stride,
        stride_length_m=None,
        clearance_m=None,
        least_swing_height_m=None,
        lateral_excursion_m=None,
        toe_off_angle_deg=None,
        strike_angle_deg=None,
        path_m=None,
        pitch_deg=None,
        flags=(*stride.flags, why),
    )


def _one_frame(side: Side, ways: Paths, axis: Array, whole: Mask) -> None:
    force = float(np.median(ways.force_m_s2[whole])) if whole.any() else STANDARD_GRAVITY_M_S2
    if abs(force - STANDARD_GRAVITY_M_S2) > FORCE_TOLERANCE_M_S2:
        text = f"the mean force over strides is {force:.2f} m/s2, not gravity"
        raise RefusedError(f"{side} foot: {text}; check axes and units of both sensors")
    if abs(float(np.median(ways.up, axis=0) @ axis)) > LARGEST_AXIS_TILT:
        raise RefusedError(f"{side} foot: it seems to turn about the vertical; check axes and units of both sensors")


def _stride(parts: _Parts, number: int) -> Stride:
    swing, marks, ways, rate_hz = parts.swings[number], parts.marks, parts.ways, parts.samples.rate_hz
    mark = marks[number]
    before = marks[number - 1].initial_s if swing.joined and number else None
    turn = float(np.degrees(ways.turn_rad[number]))
    flags = list(mark.flags) + (["no initial contact before"] if before is None else [])
    stride = Stride(
        parts.side,
        initial_contact_s=before,
        final_contact_s=mark.final_s,
        next_initial_contact_s=mark.initial_s,
        mid_stance_s=swing.before / rate_hz,
        next_mid_stance_s=swing.after / rate_hz,
        stride_length_m=None,
        heading_change_deg=turn,
        clearance_m=None,
        lateral_excursion_m=None,
        is_turn=abs(turn) > TURN_DEG,
        flags=tuple(flags),
    )
    return _with_path(stride, parts, number)


def _with_path(stride: Stride, parts: _Parts, number: int) -> Stride:
    """Length, clearance and way, where no hole cuts the stride and the foot ends on the floor it left."""
    samples, swing, ways = parts.samples, parts.swings[number], parts.ways
    inside = slice(swing.before, swing.after + 1)
    flags = list(stride.flags)
    if (samples.clipped | samples.spun)[inside].any():
        flags.append("sensor at the end of its range")
    if samples.filled[inside].any():
        flags.append("short hole filled")
    length = float(np.linalg.norm(ways.displacement_m[number]))
    if samples.cut[inside].any():
        return replace(stride, flags=(*flags, "cut by lost samples"), heading_change_deg=None)
    if ways.doubt_m[number] > LARGEST_DOUBT * length:
        return replace(stride, flags=(*flags, "lost samples matter: no length"))
    if samples.spun[inside].any() or samples.clipped[inside].sum() > LONGEST_CLIPPED_S * samples.rate_hz:
        return replace(stride, flags=(*flags, "clipped for too long: no length"))
    if abs(ways.rise_m[number]) > LARGEST_RISE_M or not SHORTEST_M <= length <= LONGEST_M:
        return replace(stride, flags=(*flags, "way not believable"))
    steps = swing.after - swing.before
    whole = replace(stride, stride_length_m=length, flags=tuple(flags))
    return shaped(whole, parts.way_m[number, : steps + 1], parts.pitch_deg[number, : steps + 1])


def _level_ways(ways: Paths, steps: Array) -> Array:
    """All ways (k, m, 3) as forward, left, up, their ends after `steps` (k,) samples on one level."""
    length = np.linalg.norm(ways.displacement_m, axis=1, keepdims=True)
    forward = ways.displacement_m / np.maximum(length, 1e-9)
    frames = np.stack([forward, np.cross(ways.up, forward), ways.up], axis=1)
    found = np.einsum("kmj,kij->kmi", ways.position_m, frames)
    found[:, :, 2] -= ways.rise_m[:, None] * np.minimum(np.arange(found.shape[1]) / steps[:, None], 1.0)
    return np.asarray(found)
