"""A leg on a crank with two motion sensors, from geometry alone: hip fixed, foot on a circle, knee where they meet.

Positions are worked out at 1000 Hz and differentiated; nothing here knows how the estimator works.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from dsp.cycling import Segment

Array = NDArray[np.float64]

FINE_HZ = 1000.0
EASE_S = 0.15
THIGH_M, SHANK_M, CRANK_M = 0.42, 0.45, 0.17
CENTRE_M = np.array([0.35, -0.48])


@dataclass(frozen=True)
class Rig:
    """Sensors and their faults. Mounting is any rotation; tissue is a wobble of the sensor in degrees."""

    rate_hz: float = 50.0
    seconds: float = 60.0
    gyro_noise_rad_s: float = 0.004
    accel_noise_m_s2: float = 0.05
    bias_rad_s: float = 0.01
    tissue_deg: float = 0.0
    offset_m: float = 0.04
    ankle_m: float = 0.0
    seed: int = 1


@dataclass(frozen=True)
class Ride:
    """Sensors and truth at the sensors' rate. `crank_rad` rises pedalling forward."""

    thigh: Segment
    shank: Segment
    rate_hz: float
    crank_rad: Array
    knee_deg: Array


def ride(rpm: Callable[[Array], Array], rig: Rig | None = None) -> Ride:
    """Pedal at `rpm` of time (s), negative is backward."""
    rig = rig or Rig()
    rng = np.random.default_rng(rig.seed)
    t = np.arange(0.0, rig.seconds, 1 / FINE_HZ)
    speed = gaussian_filter1d(rpm(t), EASE_S * FINE_HZ, mode="nearest")
    turned = np.cumsum(speed) / FINE_HZ * 2 * np.pi / 60
    angle = 1.9 - turned
    radius = CRANK_M + rig.ankle_m * np.sin(angle + 0.7) ** 2
    foot = CENTRE_M + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1)
    reach = np.linalg.norm(foot, axis=1)
    towards = np.arctan2(foot[:, 1], foot[:, 0])
    thigh = towards + np.arccos((THIGH_M**2 + reach**2 - SHANK_M**2) / (2 * THIGH_M * reach))
    knee_at = THIGH_M * np.stack([np.cos(thigh), np.sin(thigh)], 1)
    shank = np.arctan2(*(foot - knee_at).T[::-1])
    bend = np.degrees(np.mod(thigh - shank + np.pi, 2 * np.pi) - np.pi)
    sensors = [
        _sensor(thigh, turned, np.zeros_like(foot), (0.6 * THIGH_M, rig.offset_m), rig, rng),
        _sensor(shank, turned, knee_at, (0.4 * SHANK_M, rig.offset_m), rig, rng),
    ]
    pick = np.round(np.arange(0, rig.seconds - 0.01, 1 / rig.rate_hz) * FINE_HZ).astype(int)
    return Ride(sensors[0], sensors[1], rig.rate_hz, turned[pick], bend[pick])


def cut(segment: Segment, rows: slice) -> Segment:
    """Some rows of a segment."""
    return replace(segment, gyro_rad_s=segment.gyro_rad_s[rows], accel_m_s2=segment.accel_m_s2[rows])


def delayed(segment: Segment, late_ms: float, rate_hz: float) -> Segment:
    """The same sensor with stamps that are `late_ms` later than its samples."""
    rows = np.arange(segment.gyro_rad_s.shape[0])
    at = rows - late_ms * rate_hz / 1000.0
    gyro, accel = (
        np.stack([np.interp(at, rows, column) for column in part.T], axis=1)
        for part in (segment.gyro_rad_s, segment.accel_m_s2)
    )
    return Segment(gyro, accel)


def _sensor(
    bone: Array, crank: Array, origin: Array, place: tuple[float, float], rig: Rig, rng: np.random.Generator
) -> Segment:
    t = np.arange(bone.size) / FINE_HZ
    # soft tissue follows the limb's acceleration, so the crank, and trembles a little by itself
    wave = 0.9 * np.sin(crank + rng.uniform(0, 6)) + 0.1 * np.sin(2 * np.pi * 7.3 * t)
    wobble = np.radians(rig.tissue_deg) * wave
    lean = bone + wobble
    along, across = np.stack([np.cos(lean), np.sin(lean)], 1), np.stack([-np.sin(lean), np.cos(lean)], 1)
    position = origin + place[0] * along + place[1] * across
    accel = np.gradient(np.gradient(position, axis=0), axis=0) * FINE_HZ**2 + [0.0, 9.81]
    body = np.stack([(accel * along).sum(1), (accel * across).sum(1), np.zeros(bone.size)], 1)
    turn = np.stack([np.zeros(bone.size), np.zeros(bone.size), np.gradient(lean) * FINE_HZ], 1)
    mounting = Rotation.random(rng=rng)
    pick = np.round(np.arange(0, rig.seconds - 0.01, 1 / rig.rate_hz) * FINE_HZ).astype(int)
    gyro, felt = mounting.apply(turn[pick]), mounting.apply(body[pick])
    gyro = gyro + rng.normal(0, rig.bias_rad_s, 3) + rng.normal(0, rig.gyro_noise_rad_s, gyro.shape)
    return Segment(gyro, felt + rng.normal(0, rig.accel_noise_m_s2, felt.shape))
