"""Attitude by VQF, in the implementation of the algorithm's author, and the decision when to believe the compass.

VQF: Laidig and Seel, Information Fusion 91:187, 2023 (package `vqf`, its causal filter). It works on one sample after
the other, so that chunks of any size give exactly what one call gives. A magnet near the sensor shows as a field whose
strength changes while the sensor moves: then VQF is fed no magnetometer, and the heading is carried on by the gyroscope
from where the compass was last believed. A magnet that is there from the start is seen only once the sensor has moved,
so that no compass is believed in the first seconds.
"""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp.orientation.magnetometer import MagnetometerFit

try:
    from vqf import VQF
except ImportError:  # no wheel for aarch64; see UnavailableError
    VQF = None

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

EARTH_FIELD_UT = (20.0, 70.0)
"""The earth's field anywhere, 22 to 67 uT (World Magnetic Model), and a little for indoors."""
WATCH_S = 5.0
SPREAD_LIMIT = 0.05
"""Standard deviation of the field over its mean: under 0.025 in undisturbed recordings, over 0.1 with a magnet near."""
FIELD_TOLERANCE = 0.15
"""How far the strength may be from the calibrated one."""
CLEAN_AGAIN_S = 30.0
"""A compass that comes back drags the heading through the record; so it has to be clean for long."""
DISTURBED, WATCHED, STEADY = 0, 1, 2
"""What a field is: not one to steer by; well so far, and not yet watched for long enough; one to steer by."""
LARGEST_TURN_RAD_S = 70.0
"""4000 deg/s, the widest range sold."""


class UnavailableError(Exception):
    """The library `vqf` is missing; docs/dependencies.md says how to install it on this machine."""


@dataclass(frozen=True)
class Attitude:
    """Quaternions (n, 4), w first, sensor to earth (x east, y north, z up); NaN never.

    `by_compass` (n,) is true where the heading came from the magnetometer, never in the first seconds; elsewhere it is
    carried by the gyroscope and drifts (about a degree a minute after VQF's own bias estimate). `reason` says in words
    what was believed.
    """

    quaternions: Array
    by_compass: Mask
    reason: str


class AttitudeFilter:
    """The attitude of a stream: call it with further samples in chunks of any size."""

    def __init__(self, rate_hz: float, *, calibration: MagnetometerFit | None = None) -> None:
        """Raises ValueError for a rate that is none, and UnavailableError without the library."""
        if not (np.isfinite(rate_hz) and rate_hz > 0):
            raise ValueError(f"rate must be positive, got {rate_hz} Hz")
        if VQF is None:
            raise UnavailableError("the library vqf is not installed; docs/dependencies.md says how to install it here")
        self._filter = VQF(1.0 / rate_hz)
        self._field = _FieldWatch(rate_hz, calibration.field_ut if calibration else None)
        self._calibration = calibration
        self._heading_rad = 0.0

    def __call__(self, gyro_rad_s: Array, accel_m_s2: Array, mag_ut: Array | None = None) -> tuple[Array, Mask]:
        """Quaternions (n, 4) and where the compass was believed (n,), for the next (n, 3) samples.

        Raises ValueError for samples that are no turn rate in rad/s and no acceleration in m/s2.
        """
        gyro, accel = _checked("turn rate", gyro_rad_s), _checked("acceleration", accel_m_s2)
        if gyro.shape != accel.shape:
            raise ValueError(f"turn rate and acceleration differ in length: {gyro.shape[0]} and {accel.shape[0]}")
        if gyro.size and np.max(np.abs(gyro)) > LARGEST_TURN_RAD_S:
            raise ValueError("turn rate is beyond every sensor's range in rad/s: is it in deg/s?")
        if mag_ut is None or (self._calibration is not None and not self._calibration.accepted):
            return self._run(gyro, accel, None), np.zeros(gyro.shape[0], dtype=bool)
        mag = np.asarray(mag_ut, dtype=float)
        if mag.shape != gyro.shape:
            raise ValueError(f"magnetometer must be {gyro.shape}, got {mag.shape}")
        mag = np.ascontiguousarray(self._calibration.apply(mag) if self._calibration else mag)
        fields = self._field(np.linalg.norm(mag, axis=1))
        parts = [np.empty((0, 4))]
        edges = [0, *(np.flatnonzero(np.diff(fields)) + 1).tolist(), fields.size]
        for start, stop in pairwise(edges):
            if stop > start:
                rows = slice(start, stop)
                fed = None if fields[start] == DISTURBED else mag[rows]
                parts.append(self._run(gyro[rows], accel[rows], fed, believed=fields[start] == STEADY))
        return np.concatenate(parts), fields == STEADY

    def _run(self, gyro: Array, accel: Array, mag: Array | None, *, believed: bool = False) -> Array:
        """The next samples. A compass that is only watched prepares the filter, and its heading is not yet given."""
        if gyro.shape[0] == 0:
            return np.empty((0, 4))
        told = self._filter.updateBatch(gyro, accel, mag) if mag is not None else self._filter.updateBatch(gyro, accel)
        if not believed:
            return _turned(np.asarray(told["quat6D"]), self._heading_rad)
        self._heading_rad = float(self._filter.getDelta())
        return np.asarray(told["quat9D"])


class _FieldWatch:
    """Whether the strength of the field, sample by sample, is one to steer by: steady, plausible, as calibrated."""

    def __init__(self, rate_hz: float, field_ut: float | None) -> None:
        self._recent: deque[float] = deque(maxlen=max(2, round(WATCH_S * rate_hz)))
        self._wait = round(CLEAN_AGAIN_S * rate_hz)
        # a magnet that is there from the start shows only once the sensor has moved: nothing is believed at once
        self._left = round(WATCH_S * rate_hz)
        self._undisturbed = True
        self._sum = self._squares = 0.0
        self._range = EARTH_FIELD_UT
        if field_ut is not None:
            self._range = ((1 - FIELD_TOLERANCE) * field_ut, (1 + FIELD_TOLERANCE) * field_ut)

    def __call__(self, norms_ut: Array) -> NDArray[np.int8]:
        return np.fromiter((self._next(norm) for norm in norms_ut.tolist()), dtype=np.int8, count=norms_ut.size)

    def _next(self, norm: float) -> int:
        if not np.isfinite(norm):
            self._left, self._undisturbed = self._wait, False
            return DISTURBED
        if len(self._recent) == self._recent.maxlen:
            old = self._recent[0]
            self._sum -= old
            self._squares -= old * old
        self._recent.append(norm)
        self._sum += norm
        self._squares += norm * norm
        mean = self._sum / len(self._recent)
        spread = max(self._squares / len(self._recent) - mean * mean, 0.0) ** 0.5
        if spread > SPREAD_LIMIT * mean or not self._range[0] <= norm <= self._range[1]:
            self._left, self._undisturbed = self._wait, False
        elif self._left:
            self._left -= 1
        if self._left:
            return WATCHED if self._undisturbed else DISTURBED
        return STEADY


def attitude(gyro_rad_s: Array, accel_m_s2: Array, mag_ut: Array | None = None, *, rate_hz: float) -> Array:
    """Quaternions (n, 4), w first, sensor to earth (x east, y north, z up), of (n, 3) samples.

    Without a magnetometer, and while it is disturbed, the heading is relative. `estimate` says which. Raises ValueError
    for inputs that cannot be what they are named, UnavailableError without the library.
    """
    return estimate(gyro_rad_s, accel_m_s2, mag_ut, rate_hz=rate_hz).quaternions


def estimate(
    gyro_rad_s: Array,
    accel_m_s2: Array,
    mag_ut: Array | None = None,
    *,
    rate_hz: float,
    calibration: MagnetometerFit | None = None,
) -> Attitude:
    """As `attitude`, with where the compass was believed and why; `calibration` is applied to the magnetometer.

    A calibration that was not accepted turns the compass off. Raises as `attitude`.
    """
    accel = np.asarray(accel_m_s2, dtype=float)
    if accel.ndim == 2 and accel.shape[0]:
        strength = float(np.nanmedian(np.linalg.norm(accel, axis=1)))
        if not 5.0 < strength < 30.0:
            raise ValueError(f"acceleration is {strength:.3g} at the median: m/s2 with gravity is wanted, not g")
    quaternions, by_compass = AttitudeFilter(rate_hz, calibration=calibration)(gyro_rad_s, accel, mag_ut)
    return Attitude(quaternions, by_compass, _reason(by_compass, mag_ut is not None, calibration))


def _reason(by_compass: Mask, compass: bool, calibration: MagnetometerFit | None) -> str:
    if not compass:
        return "6-axis: no magnetometer given; heading is relative"
    if calibration is not None and not calibration.accepted:
        return f"6-axis: the calibration was not accepted ({calibration.reason}); heading is relative"
    share = float(np.mean(by_compass)) if by_compass.size else 0.0
    if share and by_compass[np.argmax(by_compass) :].all():
        return "9-axis: the field was steady"
    if share == 0.0:
        return "6-axis: a magnet or iron was near, or the record is too short to tell; heading is relative"
    return (
        f"9-axis for {100 * share:.0f} % of the time; a magnet or iron was near in the rest, heading held by gyroscope"
    )


def _turned(quaternions: Array, heading_rad: float) -> Array:
    """Quaternions after a turn of the earth frame about its vertical."""
    c, s = np.cos(heading_rad / 2), np.sin(heading_rad / 2)
    w, x, y, z = quaternions.T
    return np.stack([c * w - s * z, c * x - s * y, c * y + s * x, c * z + s * w], axis=1)


def _checked(name: str, values: Array) -> Array:
    array = np.ascontiguousarray(values, dtype=float)
    if array.ndim != 2 or array.shape[1] != 3:
        raise ValueError(f"{name} must be (n, 3), got {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} has samples that are no numbers; fill or cut holes before")
    return array
