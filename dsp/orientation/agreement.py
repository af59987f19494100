"""Whether turn rate and acceleration tell of the same calm movement: what no range check of either can see.

In the sensor's axes gravity changes as d(acc)/dt = acc x turn rate, and smoothing both sides keeps that true. A fast
limb's own acceleration hides it: then nothing is said.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Array = NDArray[np.float64]

SMOOTH_S = 1.0
"""Leaves what is slower than about 0.25 Hz: there a lever of a leg's length adds less than a quarter to gravity's turn,
while a leg that swings freely may turn the whole sum round.
"""
LEAST_CHANGE_M_S3 = 0.5
"""Gravity turned by 3 deg/s: below it noise and the limb's own acceleration decide."""
CLEAR = 0.7
"""Correlation of both sides."""
FACTORS = (1 / 3, 3.0)
"""A degree and a radian differ by 57, ranges by 2, 4, 8. A shank that pedals at 15 rpm gives 0.6 by its own
acceleration, so that a range that is off by 2 cannot be told from it.
"""


def disagreement(gyro_rad_s: Array, accel_m_s2: Array, rate_hz: float) -> str | None:
    """What is wrong with the turn rate, both (n, 3) and whole; None where all is well, or cannot be told."""
    width = SMOOTH_S * rate_hz
    seen = np.asarray(gaussian_filter1d(accel_m_s2, width, axis=0, order=1)) * rate_hz
    told = np.asarray(gaussian_filter1d(np.cross(accel_m_s2, gyro_rad_s), width, axis=0))
    seen_power, told_power = float(np.sum(seen**2)), float(np.sum(told**2))
    if not np.sqrt(seen_power / len(seen)) > LEAST_CHANGE_M_S3 or not told_power > 0:
        return None
    shared = float(np.sum(seen * told))
    clarity, factor = shared / float(np.sqrt(seen_power * told_power)), shared / told_power
    if clarity < -CLEAR:
        return "turn rate and acceleration turn opposite ways: check their axes and signs"
    if clarity > CLEAR and not FACTORS[0] < factor < FACTORS[1]:
        return (
            f"the turn rate fits the acceleration only times {factor:.3g}: "
            "check its unit (rad/s) and the range it was read with"
        )
    return None
