"""One motion sensor on a limb that moves in a plane: its axis, its tilt, and what is wrong with its samples.

Numbers in the plane are complex: the real part is one direction in the plane, the imaginary part the next one, and a
turn by an angle is a multiplication. The tilt is the integrated turn rate, held by gravity: the acceleration turned by
that angle and averaged over some seconds is gravity alone, as pedalling leaves no mean acceleration. The average looks
both ways in time, so this is for recordings and for stretches of some seconds, not for a single sample.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Mask = NDArray[np.bool_]

GRAVITY_M_S2 = 9.81
GRAVITY_SD_S = 3.0
"""Width of the average that leaves gravity: a revolution at 20 rpm."""
SHORTEST_S = 5.0
LARGEST_TURN_RAD_S = 35.0
"""Full scale of common sensors, 2000 deg/s: beyond it the numbers are no rad/s."""
STILL_RAD_S = 0.1
LONGEST_HOLE_S = 0.1
"""Filled by a straight line (5 samples at 50 Hz); a longer hole ends the stretch."""
CLIPPED_SAMPLES = 3
LARGE_M_S2, LARGE_RAD_S = 15.0, 1.0
"""A value repeated at an extreme beyond these is a sensor at its full scale, not one at rest."""


class Motion(Protocol):
    """What a thigh or a shank has to bring: raw sensor axes, whatever their direction."""

    @property
    def gyro_rad_s(self) -> Array:
        """Turn rate (n, 3), rad/s."""

    @property
    def accel_m_s2(self) -> Array:
        """Acceleration with gravity (n, 3), m/s2."""


@dataclass(frozen=True)
class Segment:
    """A sensor's samples: turn rate (n, 3) in rad/s, acceleration (n, 3) in m/s2 with gravity.

    `received` (n,) is false where a sample was lost and only filled; None where the numbers tell (NaN, or frozen).
    """

    gyro_rad_s: Array
    accel_m_s2: Array
    received: Mask | None = None


@dataclass(frozen=True)
class Planar:
    """A segment in its plane: turn rate (n,) rad/s, tilt as unit turns (n,), acceleration in the plane (n,) m/s2."""

    rate_rad_s: Array
    turned: Complex
    accel_m_s2: Complex
    planarity: float
    """Share of the turn rate's power about the one axis."""

    def rows(self, chosen: slice) -> "Planar":
        """Some of its samples."""
        return Planar(self.rate_rad_s[chosen], self.turned[chosen], self.accel_m_s2[chosen], self.planarity)


def samples_of(motion: Motion) -> tuple[Array, Array, Mask]:
    """Turn rate, acceleration and which rows are real. Raises ValueError for shapes that do not fit."""
    gyro, accel = np.asarray(motion.gyro_rad_s, dtype=float), np.asarray(motion.accel_m_s2, dtype=float)
    if gyro.ndim != 2 or gyro.shape[1] != 3 or gyro.shape != accel.shape:
        raise ValueError(f"turn rate and acceleration must both be (n, 3), got {gyro.shape} and {accel.shape}")
    real = np.isfinite(gyro).all(axis=1) & np.isfinite(accel).all(axis=1)
    received = getattr(motion, "received", None)
    if received is not None:
        given = np.asarray(received, dtype=bool)
        if given.shape != real.shape:
            raise ValueError(f"received must be ({real.size},), got {given.shape}")
        real &= given
    if real.size > 1:
        same = (np.diff(gyro, axis=0) == 0).all(axis=1) & (np.diff(accel, axis=0) == 0).all(axis=1)
        real &= ~np.concatenate([[False], same])
    return gyro, accel, real


def fault_of(gyro: Array, accel: Array) -> str | None:
    """Why these samples cannot be a moving limb's in rad/s and m/s2; None when they can."""
    fault = sensor_fault(gyro, accel)
    if fault is None and float(np.sqrt(np.mean(np.var(gyro, axis=0).sum()))) < STILL_RAD_S:
        return "standing still: without movement no axis and no knee angle can be found"
    return fault


def sensor_fault(gyro: Array, accel: Array) -> str | None:
    """Why these samples cannot be a motion sensor's in rad/s and m/s2, moving or not; None when they can."""
    if float(np.max(np.abs(gyro))) > LARGEST_TURN_RAD_S:
        return "turn rate is beyond every sensor's range in rad/s: is it in deg/s?"
    for name, values in (("turn rate", gyro), ("acceleration", accel)):
        stuck = [axis for axis, column in zip("xyz", values.T, strict=True) if np.ptp(column) == 0]
        if stuck:
            return f"{name} never changes along {' and '.join(stuck)}: the sensor is broken, or a column is missing"
    strength = float(np.median(np.linalg.norm(accel, axis=1)))
    if 0.5 < strength < 2.0:
        return "acceleration is about 1: it is in g, not in m/s2"
    if not 6.0 < strength < 30.0:
        return f"acceleration is {strength:.3g} m/s2 at the median: no sensor that feels gravity"
    return None


def clipped(values: Array, least: float) -> bool:
    """Whether an axis of (n, 3) stays at its largest or smallest value for some samples on end, beyond `least`."""
    for column in values.T:
        for extreme in (column.max(), column.min()):
            at = column == extreme
            run = at.copy()
            for shift in range(1, CLIPPED_SAMPLES):
                run[shift:] &= at[:-shift]
                run[:shift] = False
            if abs(extreme) > least and run.any():
                return True
    return False


def planar(gyro: Array, accel: Array, rate_hz: float, *, mirrored: bool = False) -> Planar:
    """The segment in the plane across the main axis of its turn rate.

    Which way that axis points is unknown to one sensor alone: `mirrored` takes the other one.
    """
    _, power, axes = np.linalg.svd(gyro - np.median(gyro, axis=0), full_matrices=False)
    axis = -axes[0] if mirrored else axes[0]
    first = np.eye(3)[np.argmin(np.abs(axis))]
    first = first - axis * (first @ axis)
    first /= np.linalg.norm(first)
    in_plane = accel @ first + 1j * (accel @ np.cross(axis, first))
    turn = gyro @ axis
    angle = np.concatenate([[0.0], np.cumsum((turn[1:] + turn[:-1]) / (2 * rate_hz))])
    up = smoothed(in_plane * np.exp(1j * angle), GRAVITY_SD_S * rate_hz)
    drift = _led_out(np.unwrap(np.angle(up)), round(GRAVITY_SD_S * rate_hz)) - np.pi / 2
    return Planar(turn, np.exp(1j * (angle - drift)), in_plane, float(power[0] ** 2 / np.sum(power**2)))


def _led_out(drift: Array, margin: int) -> Array:
    """The drift with straight ends: there the average sees half a revolution more on one side than on the other."""
    if drift.size < 6 * margin:
        return drift
    led, rows = drift.copy(), np.arange(drift.size, dtype=float)
    for ends, inner in (
        (slice(0, margin), slice(margin, 3 * margin)),
        (slice(-margin, None), slice(-3 * margin, -margin)),
    ):
        led[ends] = np.polyval(np.polyfit(rows[inner] - rows[inner][0], drift[inner], 1), rows[ends] - rows[inner][0])
    return led


def smoothed(values: Complex, sd: float) -> Complex:
    """Gaussian average (`sd` in samples) that counts only what is there at both ends."""
    weight = gaussian_filter1d(np.ones(values.size), sd, mode="constant")
    real = gaussian_filter1d(values.real, sd, mode="constant")
    return np.asarray((real + 1j * gaussian_filter1d(values.imag, sd, mode="constant")) / weight)


def filled(values: Array, real: Mask) -> Array:
    """Rows that are not real, replaced by a straight line between those that are."""
    rows = np.arange(real.size)
    return np.stack([np.interp(rows, rows[real], column[real]) for column in values.T], axis=1)


def longest_stretch(real: Mask, rate_hz: float) -> slice:
    """The longest stretch without a hole longer than LONGEST_HOLE_S."""
    at = np.flatnonzero(real)
    if at.size == 0:
        return slice(0, 0)
    cuts = np.flatnonzero(np.diff(at) - 1 > LONGEST_HOLE_S * rate_hz)
    starts, ends = at[np.r_[0, cuts + 1]], at[np.r_[cuts, at.size - 1]] + 1
    best = int(np.argmax(ends - starts))
    return slice(int(starts[best]), int(ends[best]))
