"""The leg as a linkage: which way the two axes point, where knee and hip are, and the circle the foot describes.

The knee belongs to both segments, so its acceleration told by either sensor must be one and the same; that gives the
sign of one axis against the other, and where the knee is as seen from each sensor (the idea of Seel, Raisch, Schauer,
Sensors 14:6891, 2014, in a plane). The hip stays where it is, so one point of the thigh has no acceleration; none of
a pedalling shank has. The foot goes in a circle about a point fixed to the hip: the one place on the shank
whose path is a circle tells how shank and thigh lie to each other, without any rule for how the sensors are fastened.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.signal import butter, savgol_filter, sosfiltfilt

from dsp.cycling.segment import GRAVITY_M_S2, Array, Complex, Planar

SMOOTH_HZ, RATE_SMOOTH_HZ = 4.0, 10.0
CIRCLE_POINTS = 2000
PHASE_SPAN_S, PHASE_ORDER = 0.3, 2
"""Smoothing of the phase, against noise and trembling, that keeps a change of direction (Savitzky, Golay, Anal Chem
36:1627, 1964): a crank has a flywheel or a leg on it and bends no faster."""


@dataclass(frozen=True)
class Joints:
    """Where the joints are, in metres from the sensor in its own plane.

    Residuals are shares of what was to explain, and for the knee also an RMS.
    """

    knee_from_thigh_m: complex
    knee_from_shank_m: complex
    hip_from_thigh_m: complex
    knee_residual: float
    knee_residual_m_s2: float
    thigh_swing_residual: float
    shank_swing_residual: float


@dataclass(frozen=True)
class Crank:
    """The circle: the phase (n,) in rad, unwrapped and unsigned; the shank's direction over the thigh's, a turn.

    Lengths are in thighs. `roundness` is the RMS distance from the circle over its radius.
    """

    phase_rad: Array
    thigh: complex
    shank: complex
    radius: float
    roundness: float

    @property
    def travel_rad(self) -> float:
        """Between the furthest points forward and backward."""
        return float(np.ptp(self.phase_rad))


def joints(thigh: Planar, shank: Planar, rate_hz: float) -> Joints:
    """Fit knee and hip by least squares over all samples, below 4 Hz."""
    mine, others = levers(thigh, rate_hz), levers(shank, rate_hz)
    felt, other = thigh.accel_m_s2 * thigh.turned, shank.accel_m_s2 * shank.turned
    knee, knee_share, knee_rms = _solve(np.concatenate([mine, -others], axis=1), other - felt, rate_hz)
    hip, thigh_share, _ = _solve(mine, 1j * GRAVITY_M_S2 - felt, rate_hz)
    _, shank_share, _ = _solve(others, 1j * GRAVITY_M_S2 - other, rate_hz)
    return Joints(
        complex(knee[0], knee[1]),
        complex(knee[2], knee[3]),
        complex(hip[0], hip[1]),
        knee_share,
        knee_rms,
        thigh_share,
        shank_share,
    )


def crank(thigh: Planar, shank: Planar, found: Joints, rate_hz: float, bulge: Array | None = None) -> Crank:
    """Fit the point of the shank whose path about the hip is a circle; started at the lengths the joints suggest.

    `bulge` (n,), in thighs, is how much wider than a circle the path is taken to be at each sample.
    """
    along = found.knee_from_thigh_m - found.hip_from_thigh_m
    direction = along / abs(along)
    knee = direction * thigh.turned
    step = max(1, knee.size // CIRCLE_POINTS)
    few_knees, few_turns = knee[::step], shank.turned[::step]
    few_bulges = 0.0 if bulge is None else bulge[::step]
    guess = -found.knee_from_shank_m / abs(found.knee_from_shank_m)
    path = few_knees + few_turns * guess
    start = np.array([guess.real, guess.imag, path.mean().real, path.mean().imag, np.abs(path - path.mean()).mean()])

    def off_circle(unknown: Array) -> Array:
        point, centre = complex(unknown[0], unknown[1]), complex(unknown[2], unknown[3])
        return np.asarray(np.abs(few_knees + few_turns * point - centre) - unknown[4] - few_bulges)

    fit = least_squares(off_circle, start)
    point, centre = complex(fit.x[0], fit.x[1]), complex(fit.x[2], fit.x[3])
    radius = abs(float(fit.x[4]))
    roundness = float(np.sqrt(np.mean(fit.fun**2))) / max(radius, 1e-9)
    phase = np.unwrap(np.angle(knee + shank.turned * point - centre))
    span = 2 * max(round(PHASE_SPAN_S * rate_hz / 2), 2) + 1
    margin = min(phase.size - 1, span)
    # mirrored through its end points, a crank that turns goes on turning outside the record
    wide = np.pad(phase, margin, mode="reflect", reflect_type="odd")
    phase = savgol_filter(wide, span, PHASE_ORDER)[margin : margin + phase.size]
    return Crank(np.asarray(phase), direction, point, radius, roundness)


def levers(segment: Planar, rate_hz: float) -> Complex:
    """Acceleration in earth axes of a point one metre off along either direction of the plane; (n, 2)."""
    turn = segment.rate_rad_s
    change = np.gradient(sosfiltfilt(_low_pass(RATE_SMOOTH_HZ, rate_hz), turn)) * rate_hz
    one = segment.turned * (1j * change - turn**2)
    return np.stack([one, 1j * one], axis=1)


def _solve(columns: Complex, wanted: Complex, rate_hz: float) -> tuple[Array, float, float]:
    sections = _low_pass(SMOOTH_HZ, rate_hz)
    left, right = (
        np.concatenate([sosfiltfilt(sections, part, axis=0) for part in (values.real, values.imag)])
        for values in (columns, wanted)
    )
    solution = np.linalg.lstsq(left, right, rcond=None)[0]
    missed = float(np.linalg.norm(left @ solution - right))
    return solution, missed / max(float(np.linalg.norm(right)), 1e-9), missed / float(np.sqrt(right.size / 2))


def low_passed(values: Complex, rate_hz: float) -> Complex:
    """Columns (n, k) below 4 Hz, without delay."""
    sections = _low_pass(SMOOTH_HZ, rate_hz)
    return np.asarray(sosfiltfilt(sections, values.real, axis=0) + 1j * sosfiltfilt(sections, values.imag, axis=0))


def _low_pass(corner_hz: float, rate_hz: float) -> Array:
    return np.asarray(butter(2, min(corner_hz, 0.4 * rate_hz), fs=rate_hz, output="sos"))
