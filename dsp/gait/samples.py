"""Is it a foot sensor's recording at all, and which of its samples can be trusted."""

from dataclasses import dataclass

import numpy as np

from dsp.gait.holes import doubt, fill, find_holes, runs
from dsp.gait.model import Array, Foot, Mask, Side

STANDARD_GRAVITY_M_S2 = 9.80665
LEAST_RATE_HZ, MOST_RATE_HZ = 40.0, 2000.0
# median force of any walking, shaken as it may be; beyond this it is another unit or gravity was taken out
FORCE_BAND_M_S2 = (4.0, 40.0)
LARGEST_TURN_RATE_RAD_S = 40.0  # above 2000 deg/s no foot sensor of this kind can read
FROZEN_S, HALF_FROZEN_S = 0.3, 1.0  # all six numbers the same, or those of one of the two sensors
LEAST_RECEIVED = 0.5
NEAR_RANGE = 0.985
NONSENSE = 1e6  # no unit makes a sensor say so much: a decoding error, a lost sample
FLAT_TOP = 5  # samples at exactly a channel's extreme: a live sensor reaches it once
LEAST_TOP_M_S2, LEAST_TOP_RAD_S = 15.0, 3.0  # below, it may be a foot at rest
LONGEST_CLIPPED_S = 0.05  # of acceleration in one stride: longer, and its way is not to be believed


class RefusedError(Exception):
    """The recording cannot be analysed; the text says why in plain words."""


@dataclass(frozen=True)
class Samples:
    """Filled samples: turn rate and acceleration (n, 3); `cut` marks holes too long to fill, `filled` the others.

    `unseen` marks holes that an event could hide in, `gyro_sd_rad_s` and `accel_sd_m_s2` (n,) say how wrong a filled
    sample may be; `clipped` marks accelerations and `spun` turn rates at the end of the sensor's range.
    """

    gyro_rad_s: Array
    accel_m_s2: Array
    rate_hz: float
    cut: Mask
    filled: Mask
    unseen: Mask
    gyro_sd_rad_s: Array
    accel_sd_m_s2: Array
    clipped: Mask
    spun: Mask
    flags: tuple[str, ...]


def check(foot: Foot, side: Side, accel_range_m_s2: float, gyro_range_rad_s: float) -> Samples:
    """Samples on a whole grid. Raises RefusedError for shapes, rates and units that cannot be right."""
    gyro, accel = np.asarray(foot.gyro_rad_s, dtype=float), np.asarray(foot.accel_m_s2, dtype=float)
    if gyro.ndim != 2 or gyro.shape[1] != 3 or accel.shape != gyro.shape:
        raise RefusedError(f"{side} foot: turn rate {gyro.shape} and acceleration {accel.shape} must both be (n, 3)")
    if not LEAST_RATE_HZ <= foot.rate_hz <= MOST_RATE_HZ:
        raise RefusedError(f"{side} foot: {foot.rate_hz:g} Hz is outside {LEAST_RATE_HZ:g}-{MOST_RATE_HZ:g} Hz")
    good = _received(foot, side, gyro, accel)
    frozen = _frozen(gyro, accel, good, foot.rate_hz)
    good &= ~frozen
    if good.sum() < 3 * foot.rate_hz:
        raise RefusedError(
            f"{side} foot: only {good.sum() / foot.rate_hz:.1f} s of samples, too short for three strides"
        )
    if good.mean() < LEAST_RECEIVED:
        stopped = " or stand still" if frozen.any() else ""
        raise RefusedError(f"{side} foot: {100 * (1 - good.mean()):.0f} % of the samples are missing{stopped}")
    _units(side, gyro[good], accel[good])
    clipped = good & _at_range(accel, accel_range_m_s2, LEAST_TOP_M_S2)
    spun = good & _at_range(gyro, gyro_range_rad_s, LEAST_TOP_RAD_S)
    flags = [f"{side} foot: samples stand still, the sensor stopped"] if frozen.any() else []
    for marked, what in ((clipped, "acceleration"), (spun, "turn rate")):
        if marked.any():
            flags.append(f"{side} foot: {int(marked.sum())} samples of {what} at the end of the sensor's range")
    if not good.all():
        flags.append(f"{side} foot: {int((~good).sum())} samples lost ({100 * (1 - good.mean()):.1f} %)")
    holes = find_holes(good, foot.rate_hz)
    return Samples(
        fill(gyro, good),
        fill(accel, good),
        foot.rate_hz,
        holes.cut,
        holes.filled,
        holes.unseen,
        doubt(gyro, good),
        doubt(accel, good),
        clipped,
        spun,
        tuple(flags),
    )


def _received(foot: Foot, side: Side, gyro: Array, accel: Array) -> Mask:
    both = np.concatenate([gyro, accel], axis=1)
    finite: Mask = np.asarray((np.abs(both) < NONSENSE).all(axis=1), dtype=bool)  # and not NaN
    if foot.received is None:
        return finite
    received = np.asarray(foot.received, dtype=bool)
    if received.shape != finite.shape:
        raise RefusedError(f"{side} foot: `received` has {received.size} entries for {finite.size} samples")
    return np.asarray(finite & received, dtype=bool)


def _frozen(gyro: Array, accel: Array, good: Mask, rate_hz: float) -> Mask:
    """Where the same numbers repeat for longer than a live sensor's noise allows."""
    still = [np.append(False, (np.diff(values, axis=0) == 0).all(axis=1) & good[1:]) for values in (gyro, accel)]
    frozen = np.zeros(good.size, dtype=bool)
    for same, longest_s in ((still[0] & still[1], FROZEN_S), (still[0], HALF_FROZEN_S), (still[1], HALF_FROZEN_S)):
        for start, end in runs(same):
            if end - start >= longest_s * rate_hz:
                frozen[start:end] = True
    return frozen


def _at_range(values: Array, declared: float, least: float) -> Mask:
    """Samples at the declared range, or in a flat top: several at the extreme of their channel."""
    found = np.zeros(values.shape[0], dtype=bool)
    found |= (np.abs(values) >= NEAR_RANGE * declared).any(axis=1)
    for channel in values.T:
        for extreme in (np.nanmax(channel), np.nanmin(channel)):
            if abs(extreme) < least:
                continue
            top = channel == extreme
            if np.count_nonzero(top) >= FLAT_TOP:
                found |= top
    return found


def _units(side: Side, gyro: Array, accel: Array) -> None:
    for name, values in (("turn rate", gyro), ("acceleration", accel)):
        stuck = [axis for axis, column in zip("xyz", values.T, strict=True) if np.ptp(column) == 0]
        if stuck:
            text = f"{name} never changes along {' and '.join(stuck)}"
            raise RefusedError(f"{side} foot: {text}: the sensor is broken, or a column is missing")
    force = float(np.median(np.linalg.norm(accel, axis=1)))
    if 0.7 <= force <= 1.4:
        raise RefusedError(f"{side} foot: acceleration is about {force:.2f}, it is in g; give m/s2")
    if not FORCE_BAND_M_S2[0] <= force <= FORCE_BAND_M_S2[1]:
        raise RefusedError(f"{side} foot: acceleration is about {force:.3g}, not 9.81 m/s2 with gravity")
    rate = float(np.percentile(np.linalg.norm(gyro, axis=1), 97))
    if rate > LARGEST_TURN_RATE_RAD_S:
        raise RefusedError(f"{side} foot: turn rates reach {rate:.0f}, they are in deg/s; give rad/s")
