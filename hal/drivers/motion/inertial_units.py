"""Units that codecs of inertial sensors share."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

STANDARD_GRAVITY_M_S2 = 9.80665
INT16 = 32768
Vectors = NDArray[np.float32]


def accel_of_counts(counts: ArrayLike, full_scale_g: float) -> Vectors:
    """Acceleration (m/s2) of int16 counts, shape (n, 3), where 32768 is `full_scale_g`."""
    return (np.asarray(counts, np.float64) * (full_scale_g * STANDARD_GRAVITY_M_S2 / INT16)).astype(np.float32)


def gyro_of_counts(counts: ArrayLike, full_scale_deg_s: float) -> Vectors:
    """Turn rate (rad/s) of int16 counts, shape (n, 3), where 32768 is `full_scale_deg_s`."""
    rates: Vectors = (np.asarray(counts, np.float64) * (math.radians(full_scale_deg_s) / INT16)).astype(np.float32)
    return rates


def at_rail(counts: ArrayLike) -> NDArray[np.bool_]:
    """Rows, shape (n,), of counts (n, m) in which one is at an end of int16."""
    values = np.asarray(counts, np.int32)
    return np.asarray(((values >= INT16 - 1) | (values <= -INT16)).any(axis=1))
