"""Real and paper feet spoilt on purpose: what a mix-up, a wrong unit, a worn strap or a radio does to a recording."""

from collections.abc import Callable

import numpy as np

from dsp.gait import Foot
from dsp.gait.samples import STANDARD_GRAVITY_M_S2
from tests.helpers.walking_feet import changed

Spoil = Callable[[Foot], Foot]
OVER = np.diag([1.0, -1.0, -1.0])


def turned_over(foot: Foot) -> Foot:
    """Strapped on upside down."""
    return changed(foot, gyro_rad_s=foot.gyro_rad_s @ OVER, accel_m_s2=foot.accel_m_s2 @ OVER)


def in_g(foot: Foot) -> Foot:
    """Acceleration in g."""
    return changed(foot, accel_m_s2=foot.accel_m_s2 / STANDARD_GRAVITY_M_S2)


def in_degrees(foot: Foot) -> Foot:
    """Turn rate in degrees per second."""
    return changed(foot, gyro_rad_s=np.degrees(foot.gyro_rad_s))


def scaled_turning(factor: float) -> Spoil:
    """Turn rate read with another range than it was sent with."""
    return lambda foot: changed(foot, gyro_rad_s=factor * foot.gyro_rad_s)


def mirrored(foot: Foot) -> Foot:
    """A left-handed frame: one axis of both sensors the other way."""
    other = np.array([1.0, -1.0, 1.0])
    return changed(foot, gyro_rad_s=foot.gyro_rad_s * other, accel_m_s2=foot.accel_m_s2 * other)


def clipped_turning(limit_deg_s: float) -> Spoil:
    """Turn rate cut off at a range."""
    limit = np.radians(limit_deg_s)
    return lambda foot: changed(foot, gyro_rad_s=np.clip(foot.gyro_rad_s, -limit, limit))


def clipped_force(limit_g: float) -> Spoil:
    """Acceleration cut off at a range."""
    limit = limit_g * STANDARD_GRAVITY_M_S2
    return lambda foot: changed(foot, accel_m_s2=np.clip(foot.accel_m_s2, -limit, limit))


def held(foot: Foot) -> Foot:
    """Stopped half-way, its last sample repeated."""
    gyro, accel = foot.gyro_rad_s.copy(), foot.accel_m_s2.copy()
    half = len(gyro) // 2
    gyro[half:], accel[half:] = gyro[half], accel[half]
    return changed(foot, gyro_rad_s=gyro, accel_m_s2=accel)


def ended(share: float) -> Spoil:
    """Cut off after a share of its samples."""

    def cut(foot: Foot) -> Foot:
        until = int(share * len(foot.gyro_rad_s))
        received = None if foot.received is None else foot.received[:until]
        return changed(foot, gyro_rad_s=foot.gyro_rad_s[:until], accel_m_s2=foot.accel_m_s2[:until], received=received)

    return cut


def early(by_s: float) -> Spoil:
    """Its clock ahead by so much: the first samples are gone."""

    def cut(foot: Foot) -> Foot:
        first = round(by_s * foot.rate_hz)
        received = None if foot.received is None else foot.received[first:]
        return changed(foot, gyro_rad_s=foot.gyro_rad_s[first:], accel_m_s2=foot.accel_m_s2[first:], received=received)

    return cut


def holed(share: float, seed: int = 0) -> Spoil:
    """Packets lost at random, nonsense where they were."""

    def lose(foot: Foot) -> Foot:
        kept = np.random.default_rng(seed).random(len(foot.gyro_rad_s)) > share
        if foot.received is not None:
            kept &= foot.received
        gyro, accel = foot.gyro_rad_s.copy(), foot.accel_m_s2.copy()
        gyro[~kept] = accel[~kept] = 1e3
        return changed(foot, gyro_rad_s=gyro, accel_m_s2=accel, received=kept)

    return lose


def holed_in_rows(share: float, row: int, seed: int = 0) -> Spoil:
    """Packets lost in rows of so many, nonsense where they were."""

    def lose(foot: Foot) -> Foot:
        count = len(foot.gyro_rad_s)
        begins = np.random.default_rng(seed).random(count) < share / row
        kept = ~np.convolve(begins, np.ones(row))[:count].astype(bool)
        if foot.received is not None:
            kept &= foot.received
        gyro, accel = foot.gyro_rad_s.copy(), foot.accel_m_s2.copy()
        gyro[~kept] = accel[~kept] = 1e3
        return changed(foot, gyro_rad_s=gyro, accel_m_s2=accel, received=kept)

    return lose
