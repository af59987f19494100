"""What an inertial sensor on a leg feels: the body's own motion, in its axes, with noise, bias and a crooked strap.

Axes: x forward, y to the left, z up, a few degrees off as a strap is. Specific force and turn rate are the exact
derivatives of one path, see `hal.sim.patient.body`; the magnetic field is a fixed one, turned with the sensor.
"""

from dataclasses import dataclass

import numpy as np

from hal.sim.patient.body import Body
from hal.sim.patient.jet import Array
from hal.sim.patient.limb import Segment, seen, specific_force, turn_rate
from hal.sim.patient.walking_style import Side

GYRO_NOISE_RAD_S = 0.0017
ACCEL_NOISE_M_S2 = 0.03
GYRO_BIAS_RAD_S = 0.004
ACCEL_BIAS_M_S2 = 0.02
FIELD_NOISE_UT = 0.4
FIELD_UT = (18.0, 4.0, -44.0)
CROOKED_DEG = 4.0
"""Standard deviation of how far a strap turns the sensor about each axis."""


@dataclass(frozen=True, slots=True)
class Felt:
    """Specific force (m/s2), turn rate (rad/s) and magnetic field (microtesla), each shape (n, 3)."""

    accel_m_s2: Array
    gyro_rad_s: Array
    field_ut: Array


class SegmentMotion:
    """A sensor on `segment` of the left or right leg; noise, biases and how it sits from `rng`."""

    def __init__(self, body: Body, segment: Segment, *, left: bool, rng: np.random.Generator) -> None:
        self._body = body
        self._segment: Segment = segment
        self._side: Side = "left" if left else "right"
        self._rng = rng
        self._gyro_bias_rad_s = rng.normal(0.0, GYRO_BIAS_RAD_S, 3)
        self._accel_bias_m_s2 = rng.normal(0.0, ACCEL_BIAS_M_S2, 3)
        self._mounting = _turned(np.deg2rad(np.clip(rng.normal(0.0, CROOKED_DEG, 3), -10.0, 10.0)))

    def at(self, times_s: Array) -> Felt:
        """What it feels at times (s, shape (n,)) near the present."""
        shape = (len(times_s), 3)
        if not shape[0]:
            return Felt(np.zeros(shape), np.zeros(shape), np.zeros(shape))
        pose = self._body.pose(self._segment, self._side, times_s)
        accel, gyro, field = (
            part @ self._mounting for part in (specific_force(pose), turn_rate(pose), seen(FIELD_UT, pose))
        )
        return Felt(
            accel + self._accel_bias_m_s2 + self._rng.normal(0.0, ACCEL_NOISE_M_S2, shape),
            gyro + self._gyro_bias_rad_s + self._rng.normal(0.0, GYRO_NOISE_RAD_S, shape),
            field + self._rng.normal(0.0, FIELD_NOISE_UT, shape),
        )


def _turned(angles_rad: Array) -> Array:
    """The rotation (3, 3) whose columns are the sensor's axes as the limb sees them."""
    about_x, about_y, about_z = angles_rad
    cx, sx, cy, sy, cz, sz = (f(a) for a in (about_x, about_y, about_z) for f in (np.cos, np.sin))
    tilt = np.array(((1.0, 0.0, 0.0), (0.0, cx, -sx), (0.0, sx, cx)))
    lean = np.array(((cy, 0.0, sy), (0.0, 1.0, 0.0), (-sy, 0.0, cy)))
    heading = np.array(((cz, -sz, 0.0), (sz, cz, 0.0), (0.0, 0.0, 1.0)))
    made: Array = heading @ lean @ tilt
    return made
