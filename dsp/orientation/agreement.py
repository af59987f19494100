"""Whether turn rate and acceleration tell of the same calm movement: what no range check of either can see.

In the sensor's axes gravity changes as d(acc)/dt = acc x turn rate, and smoothing both sides keeps that true. A fast
limb's own acceleration hides it: then nothing is said.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Array = NDArray[np.float64]

SMOOTH_S = 0.25
LEAST_CHANGE_M_S3 = 1.0
"""Gravity turned by 6 deg/s: below it noise decides."""
CLEAR = 0.7
"""Correlation of both sides: 0.86 to 1 in calm recordings, below 0.5 in walking and quick pedalling."""
FACTORS = (0.6, 1.6)
"""A sensor's ranges differ by 2, a degree from a radian by 57."""


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
