"""What an inertial sensor on a leg feels, from the one simulated gait. Axes: x forward, y to the left, z up.

A segment turns in the sagittal plane by humps of turn rate over the stride, each with its angle; between them it is
still, so a foot that stands does not move. Angles and swing accelerations are plausible for slow supported walking
(Perry, Gait Analysis), not a recording.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hal.sim.gait_model import DUTY, GaitModel, stride_hz

Array = NDArray[np.float64]
GRAVITY_M_S2 = 9.80665
GYRO_NOISE_RAD_S = 0.0017
ACCEL_NOISE_M_S2 = 0.03
GYRO_BIAS_RAD_S = 0.004
FIELD_NOISE_UT = 0.4
FIELD_UT = (18.0, 4.0, -44.0)
BUMP_PHASE = 0.012
"""Half the length of a heel strike, as a share of the stride."""


@dataclass(frozen=True, slots=True)
class Hump:
    """A turn by `angle_deg` about y (positive: toes up) around `centre` of the stride, within `half` of it."""

    centre: float
    half: float
    angle_deg: float


@dataclass(frozen=True, slots=True)
class Segment:
    """`humps` add up to no turn; `swing_share` of the foot's fore-aft acceleration; `bump_m_s2` at 1 km/h."""

    humps: tuple[Hump, ...]
    swing_share: float
    bump_m_s2: float


SEGMENTS = {
    "foot": Segment((Hump(0.04, 0.04, -15.0), Hump(0.52, 0.12, -70.0), Hump(0.80, 0.16, 85.0)), 1.0, 12.0),
    "shank": Segment((Hump(0.31, 0.31, -45.0), Hump(0.60, 0.10, -20.0), Hump(0.83, 0.15, 65.0)), 0.7, 6.0),
    "thigh": Segment((Hump(0.30, 0.28, -38.0), Hump(0.73, 0.20, 38.0)), 0.4, 3.0),
}


@dataclass(frozen=True, slots=True)
class Felt:
    """Specific force (m/s2), turn rate (rad/s) and magnetic field (microtesla), each shape (n, 3)."""

    accel_m_s2: Array
    gyro_rad_s: Array
    field_ut: Array


class SegmentMotion:
    """A sensor on `segment` of the left or right leg; noise and bias from `rng`."""

    def __init__(self, gait: GaitModel, segment: str, *, left: bool, rng: np.random.Generator) -> None:
        self._gait = gait
        self._segment = SEGMENTS[segment]
        self._shift = 0.5 if left else 0.0
        self._rng = rng
        self._bias_rad_s = rng.normal(0.0, GYRO_BIAS_RAD_S, 3)

    def at(self, times_s: Array) -> Felt:
        """What it feels at times (s, shape (n,)) near the present."""
        n = len(times_s)
        angle, rate, linear = (
            self._walking(times_s) if self._gait.speed_kmh > 0 else (*np.zeros((2, n)), np.zeros((n, 3)))
        )
        accel = _seen(np.array((0.0, 0.0, GRAVITY_M_S2)), angle) + linear
        gyro = np.zeros((n, 3))
        gyro[:, 1] = rate
        return Felt(
            accel + self._rng.normal(0.0, ACCEL_NOISE_M_S2, (n, 3)),
            gyro + self._bias_rad_s + self._rng.normal(0.0, GYRO_NOISE_RAD_S, (n, 3)),
            _seen(np.array(FIELD_UT), angle) + self._rng.normal(0.0, FIELD_NOISE_UT, (n, 3)),
        )

    def _walking(self, times_s: Array) -> tuple[Array, Array, Array]:
        speed_kmh = self._gait.speed_kmh
        cadence_hz = stride_hz(speed_kmh)
        phase = (self._gait.stride_phase(times_s) + self._shift) % 1.0
        angle, rate = np.zeros(len(phase)), np.zeros(len(phase))
        for hump in self._segment.humps:
            x = np.clip((phase - hump.centre) / hump.half, -1.0, 1.0)
            turn = np.deg2rad(hump.angle_deg)
            angle += turn * (0.5 + 0.5 * x + np.sin(np.pi * x) / (2 * np.pi))
            rate += turn * cadence_hz * (1 + np.cos(np.pi * x)) / (2 * hump.half)
        linear = np.zeros((len(phase), 3))
        swing = np.clip((phase - DUTY) / (1 - DUTY), 0.0, 1.0)
        swing_s = (1 - DUTY) / cadence_hz
        stride_m = speed_kmh / 3.6 / cadence_hz
        linear[:, 0] = self._segment.swing_share * 2 * np.pi * stride_m / swing_s**2 * np.sin(2 * np.pi * swing)
        strike = np.abs((phase + 0.5) % 1.0 - 0.5) / BUMP_PHASE
        linear[:, 2] = (
            self._segment.bump_m_s2 * speed_kmh * np.where(strike < 1, 0.5 + 0.5 * np.cos(np.pi * strike), 0.0)
        )
        return angle, rate, linear


def _seen(vector: Array, angle: Array) -> Array:
    """A vector of the room, shape (3,), in the axes of a sensor turned by `angle` (rad, shape (n,)) about y."""
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y, z = vector
    return np.column_stack((cosine * x - sine * z, np.full(len(angle), y), sine * x + cosine * z))
