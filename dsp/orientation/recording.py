"""The attitude of a whole recording of one sensor, what was measured of it, and why there may be none."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d

from dsp.cycling.segment import (
    LARGE_M_S2,
    LARGE_RAD_S,
    SHORTEST_S,
    Motion,
    clipped,
    filled,
    longest_stretch,
    samples_of,
    sensor_fault,
)
from dsp.orientation.agreement import disagreement
from dsp.orientation.attitude import UnavailableError, estimate
from dsp.orientation.magnetometer import MagnetometerFit

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

SLOWEST_HZ, FASTEST_HZ = 20.0, 2000.0
LOST_LIMIT = 0.5
REST_S, REST_RAD_S, REST_M_S2 = 1.5, float(np.radians(2.0)), 0.5
"""Rest as VQF has it: for so long, no further from the mean than this."""
REST_TURN_RAD_S = float(np.radians(15.0))
"""A faster even turn is a movement and no bias."""
BIAS_LIMIT_RAD_S = float(np.radians(2.0))
"""VQF takes out no more."""
NEAR_RANGE = 0.985
RANGES_DEG_S = tuple(full * scale for full in (125, 250, 500, 1000, 2000, 4000) for scale in (1.0, 1.147))
"""What gyroscopes are sold with; some makers' full scale lies 14.7 % above the name (35 mdps a count at 1000)."""


@dataclass(frozen=True)
class Orientation:
    """Quaternions (n, 4), w first, sensor to earth (x east, y north, z up); NaN outside of the rows `measured`.

    `by_compass` and `rest` (n,) as masks; `rest_bias_rad_s` (3,) is the mean turn rate at rest, None without rest.
    `reason` says which axes were believed and why; `refusal` why there is nothing.
    """

    quaternions: Array
    by_compass: Mask
    rest: Mask
    rest_bias_rad_s: Array | None
    measured: slice
    reason: str
    refusal: str | None
    flags: tuple[str, ...]


def orientation(
    motion: Motion,
    mag_ut: Array | None = None,
    *,
    rate_hz: float,
    calibration: MagnetometerFit | None = None,
    gyro_range_rad_s: float | None = None,
) -> Orientation:
    """Check and estimate. Holes of up to 0.1 s are filled; beyond a longer one only the longest stretch is measured.

    Raises ValueError for a rate that is none and for shapes that are not (n, 3) or differ; all else is a `refusal`.
    """
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise ValueError(f"rate must be positive, got {rate_hz} Hz")
    gyro, accel, real = samples_of(motion)
    mag = None if mag_ut is None else np.asarray(mag_ut, dtype=float)
    if mag is not None and mag.shape != gyro.shape:
        raise ValueError(f"magnetometer must be {gyro.shape}, got {mag.shape}")
    rows, part = real.size, longest_stretch(real, rate_hz)
    refusal = _unfit(real, part, rate_hz)
    if refusal:
        return _refused(rows, refusal)
    gyro, accel = (filled(values[part], real[part]) for values in (gyro, accel))
    refusal = sensor_fault(gyro, accel) or disagreement(gyro, accel, rate_hz) or _spun(gyro, gyro_range_rad_s)
    if refusal:
        return _refused(rows, refusal)
    rest = _rest(gyro, accel, rate_hz)
    bias = gyro[rest].mean(axis=0) if rest.any() else None
    field = None if mag is None or not np.isfinite(mag[part]).any() else _even_field(mag[part], real[part])
    try:
        found = estimate(gyro, accel, field, rate_hz=rate_hz, calibration=calibration)
    except UnavailableError as error:
        return _refused(rows, str(error))
    flags = [*_losses(real, part, rate_hz), *_doubts(gyro, accel, bias)]
    quaternions = np.full((rows, 4), np.nan)
    quaternions[part] = found.quaternions
    masks = np.zeros((2, rows), dtype=bool)
    masks[:, part] = found.by_compass, rest
    return Orientation(quaternions, masks[0], masks[1], bias, part, found.reason, None, tuple(flags))


def _unfit(real: Mask, part: slice, rate_hz: float) -> str | None:
    if not SLOWEST_HZ <= rate_hz <= FASTEST_HZ:
        return f"{rate_hz:g} Hz is outside {SLOWEST_HZ:g}-{FASTEST_HZ:g} Hz"
    if real.size < SHORTEST_S * rate_hz:
        return f"too short: {real.size / rate_hz:.1f} s, at least {SHORTEST_S:g} s are needed"
    length = part.stop - part.start
    if length < max(SHORTEST_S * rate_hz, LOST_LIMIT * real.size):
        return f"samples are missing or stand still: the longest whole stretch is {length / rate_hz:.1f} s"
    return None


def _spun(gyro: Array, range_rad_s: float | None) -> str | None:
    """A turn beyond the range is lost for good: the attitude after it is another."""
    beyond = range_rad_s is not None and bool(np.any(np.abs(gyro) >= NEAR_RANGE * range_rad_s))
    tops = [float(np.degrees(np.max(np.abs(axis)))) for axis in gyro.T if clipped(axis[:, None], LARGE_RAD_S)]
    if beyond or any(NEAR_RANGE < top / full < 2 - NEAR_RANGE for top in tops for full in RANGES_DEG_S):
        return "turn rate was at the end of the sensor's range: how far it turned is not known"
    return None


def _rest(gyro: Array, accel: Array, rate_hz: float) -> Mask:
    """Rows within a stretch of rest: over `REST_S` neither reading leaves its mean."""
    size = 2 * round(REST_S * rate_hz / 2) + 1  # odd: the same to both sides
    even = np.ones(len(gyro), dtype=bool)
    for values, limit in ((gyro, REST_RAD_S), (accel, REST_M_S2)):
        mean = np.asarray(uniform_filter1d(values, size, axis=0))
        spread = (np.asarray(uniform_filter1d(values**2, size, axis=0)) - mean**2).sum(axis=1)
        even &= spread < limit**2
        if values is gyro:
            even &= np.linalg.norm(mean, axis=1) < REST_TURN_RAD_S
    even[: size // 2] = even[len(even) - size // 2 :] = False
    return np.asarray(maximum_filter1d(even.astype(np.int8), size), dtype=bool)


def _even_field(mag: Array, real: Mask) -> Array:
    """The field over the short holes of the others; where it is missing by itself, it stays missing."""
    known: Mask = np.asarray(np.isfinite(mag).all(axis=1), dtype=bool)
    return np.asarray(np.where((known | ~real)[:, None], filled(mag, known), np.nan))


def _losses(real: Mask, part: slice, rate_hz: float) -> list[str]:
    flags = []
    lost = int(np.count_nonzero(~real))
    if lost:
        flags.append(f"{lost} samples lost or frozen ({100 * lost / real.size:.1f} %)")
    if part.start > 0 or part.stop < real.size:
        flags.append(f"measured from {part.start / rate_hz:.1f} to {part.stop / rate_hz:.1f} s only")
    return flags


def _doubts(gyro: Array, accel: Array, bias_rad_s: Array | None) -> list[str]:
    flags = []
    if clipped(gyro, LARGE_RAD_S):
        flags.append("turn rate stays at its extreme for some samples: a flat peak, or the end of a range")
    if clipped(accel, LARGE_M_S2):
        flags.append("acceleration was at the end of the sensor's range: tilt may be off around it")
    if bias_rad_s is None:
        flags.append("no rest of 1.5 s: the turn rate's bias is known from the movement alone")
    elif np.max(np.abs(bias_rad_s)) > BIAS_LIMIT_RAD_S:
        off = float(np.degrees(np.max(np.abs(bias_rad_s))))
        flags.append(f"turn rate at rest is {off:.1f} deg/s, more than can be taken out: the attitude drifts")
    return flags


def _refused(rows: int, why: str) -> Orientation:
    nothing = np.zeros(rows, dtype=bool)
    return Orientation(np.full((rows, 4), np.nan), nothing, nothing, None, slice(0, 0), "", why, ())
