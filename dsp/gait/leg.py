"""Angles of shank and thigh while walking, in the plane in which the leg swings, each 0 in quiet standing.

The tilt of a segment is that of a pedalling leg (`dsp.cycling.segment.planar`): the turn rate about the segment's main
axis, held by gravity. Three things differ in walking. Which way the axis points is told by the foot of the same leg:
while it swings, the lower end of every segment comes forward. The zero is quiet standing before or after the walk,
read off gravity itself. And a segment comes forward in the swing, which is shorter than the stance in which it goes
back; where the foot's contacts say otherwise, the sensor is on the other leg or on another clock.

What turns about the leg's own length or sideways is not seen, and a sensor that was moved on the limb after the
standing shifts the zero.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import uniform_filter1d

from dsp.cycling.segment import Motion, Planar, fault_of, filled, longest_stretch, planar, samples_of
from dsp.gait.model import Array, Mask, Stride

SEGMENTS = ("shank", "thigh")
STANDING_S = 0.5
"""Shortest stretch of quiet standing that makes a zero."""
STANDING_RAD_S = 0.1
"""Spread of the turn rate in it: postural sway stays under half of it, the first step is over it at once."""
LEAST_SWINGS, SURE_SWINGS = 3, 0.8
LEAST_PLANARITY, DOUBTED_PLANARITY = 0.5, 0.7
"""Share of the turn rate's power about the main axis; a third is no axis at all."""
LARGEST_MEAN_DEG = 45.0
"""Of a segment over the walk, against standing: beyond it the zero was sitting or lying."""
LARGEST_SHIFT_DEG = 5.0
"""Between standing before and after: beyond it a sensor may have slipped, or the posture was another."""


@dataclass(frozen=True)
class LegAngles:
    """`segments_deg`: (n,) by "shank" and "thigh", lower end forward positive, NaN where not measured.

    `refused` says why a segment that has a sensor, or the knee and ankle with it, has no angle; `flags` what to look
    at; `zero` where 0 degrees comes from.
    """

    rate_hz: float
    segments_deg: Mapping[str, Array]
    refused: Mapping[str, str]
    flags: tuple[str, ...] = ()
    zero: str = "quiet standing"

    def at(self, name: str, when_s: Array) -> Array:
        """A segment's angle at any times (s), NaN where it was not measured."""
        values = self.segments_deg[name]
        at_s = np.arange(values.size) / self.rate_hz
        return np.asarray(np.interp(when_s, at_s, values, left=np.nan, right=np.nan))


class _RefusedError(Exception):
    """This segment has no angle; the text says why."""


def leg_angles(
    thigh: Motion | None, shank: Motion | None, strides: Sequence[Stride], *, rate_hz: float
) -> LegAngles | None:
    """Angles of one leg whose foot made `strides`, on the foot's clock; None without a sensor on shank or thigh.

    `thigh` and `shank` have `gyro_rad_s` and `accel_m_s2` (n, 3) in raw sensor axes, and may have `received` (n,).
    Raises ValueError for shapes that are not.
    """
    given = {name: motion for name, motion in zip(SEGMENTS, (shank, thigh), strict=True) if motion is not None}
    if not given:
        return None
    found: dict[str, Array] = {}
    refused: dict[str, str] = {}
    flags: list[str] = []
    for name, motion in given.items():
        try:
            found[name] = _angle_deg(name, motion, strides, rate_hz, flags)
        except _RefusedError as error:
            refused[name] = str(error)
    refused |= _joints_refused(found, refused)
    return LegAngles(rate_hz, found, refused, tuple(flags))


def _joints_refused(found: Mapping[str, Array], refused: Mapping[str, str]) -> dict[str, str]:
    """Why the knee or the ankle cannot be, where one of their segments is not."""
    said = {name: refused.get(name, f"no sensor on the {name}") for name in SEGMENTS if name not in found}
    why = {"ankle": said["shank"]} if "shank" in said else {}
    return why | ({"knee": "; ".join(said.values())} if said else {})


def _angle_deg(name: str, motion: Motion, strides: Sequence[Stride], rate_hz: float, flags: list[str]) -> Array:
    if not strides:
        raise _RefusedError(f"{name}: the foot of this leg has no strides")
    gyro, accel, real = samples_of(motion)
    part = longest_stretch(real, rate_hz)
    if part.stop - part.start < 2:
        raise _RefusedError(f"{name}: no samples")
    gyro, accel = (filled(values[part], real[part]) for values in (gyro, accel))
    fault = fault_of(gyro, accel)
    if fault:
        raise _RefusedError(f"{name}: {fault}")
    flat = planar(gyro, accel, rate_hz)
    if flat.planarity < LEAST_PLANARITY:
        raise _RefusedError(f"{name}: it turns about no axis of its own: is the sensor fastened?")
    if flat.planarity < DOUBTED_PLANARITY:
        flags.append(f"{name}: {100 * (1 - flat.planarity):.0f} % of its turning is out of the plane of its angle")
    offset_s = part.start / rate_hz
    zeros = _standing(flat, gyro, strides, rate_hz, offset_s)
    if not zeros:
        raise _RefusedError(f"{name}: no quiet standing of {STANDING_S:g} s before or after the walk, so no zero")
    forward = _forward(name, flat, strides, rate_hz, offset_s)
    turned = [forward * np.degrees(np.angle(flat.turned * np.conj(zero))) for zero in zeros]
    walking = _walking(strides, turned[0].size, rate_hz, offset_s)
    mean_deg = float(turned[0][walking].mean())
    if abs(mean_deg) > LARGEST_MEAN_DEG:
        raise _RefusedError(f"{name}: {mean_deg:.0f} deg on average against the rest before the walk: not standing")
    shift_deg = float(np.mean(turned[-1] - turned[0]))
    if abs(shift_deg) > LARGEST_SHIFT_DEG:
        flags.append(f"{name}: standing before and after the walk differ by {abs(shift_deg):.0f} deg")
    found = np.full(real.size, np.nan)
    found[part] = turned[0]
    return found


def _standing(
    flat: Planar, gyro: Array, strides: Sequence[Stride], rate_hz: float, offset_s: float
) -> list[np.complex128]:
    """The segment's turn in quiet standing before and after the walk, as far as there is any.

    Gravity's direction is read off the samples of the standing alone: the tilt that is carried through the walk leans
    by a degree where walking begins and ends.
    """
    long = max(2, round(STANDING_S * rate_hz))
    mean = uniform_filter1d(gyro, long, axis=0)
    spread = np.sqrt(np.maximum(uniform_filter1d(gyro**2, long, axis=0) - mean**2, 0.0).sum(axis=1))
    half = long // 2
    first, last = (round((at - offset_s) * rate_hz) for at in _span_s(strides))
    found = []
    for start, stop in ((half, min(first, gyro.shape[0]) - half), (max(last, 0) + half, gyro.shape[0] - half)):
        if stop <= start:
            continue
        middle = start + int(np.argmin(spread[start:stop]))
        if spread[middle] < STANDING_RAD_S:
            gravity = flat.accel_m_s2[middle - half : middle + half + 1].mean()
            found.append(np.complex128(1j * np.abs(gravity) / gravity))
    return found


def _forward(name: str, flat: Planar, strides: Sequence[Stride], rate_hz: float, offset_s: float) -> int:
    """1 where a positive turn brings the lower end forward, else -1."""
    angle = np.unwrap(np.angle(flat.turned))
    turns = []
    for stride in strides:
        leaves, lands = stride.final_contact_s, stride.next_initial_contact_s
        if leaves is None or lands is None:
            continue
        start, stop = (round((at - offset_s) * rate_hz) for at in (leaves, lands))
        if 0 <= start < stop < angle.size:
            turns.append(float(angle[stop] - angle[start]))
    if len(turns) < LEAST_SWINGS:
        raise _RefusedError(f"{name}: {len(turns)} swings of the foot with both contacts, {LEAST_SWINGS} are needed")
    way = 1 if float(np.median(turns)) > 0 else -1
    if float(np.mean(np.sign(turns) == way)) < SURE_SWINGS:
        raise _RefusedError(f"{name}: it does not swing with the foot: another leg's sensor, or another clock's")
    walking = _walking(strides, angle.size, rate_hz, offset_s)
    back, ahead = np.percentile(way * flat.rate_rad_s[walking], (5, 95))
    if ahead < -back:
        raise _RefusedError(f"{name}: it comes forward while the foot stands: another leg's sensor, or another clock's")
    return way


def _span_s(strides: Sequence[Stride]) -> tuple[float, float]:
    """From the first mid-stance before a swing to the last one after."""
    return min(stride.mid_stance_s for stride in strides), max(stride.next_mid_stance_s for stride in strides)


def _walking(strides: Sequence[Stride], rows: int, rate_hz: float, offset_s: float) -> Mask:
    first, last = (round((at - offset_s) * rate_hz) for at in _span_s(strides))
    found = np.zeros(rows, dtype=bool)
    found[max(first, 0) : max(last, 0) + 1] = True
    if not found.any():
        found[:] = True
    return found
