"""From turn rate and acceleration to the way of the foot, stride by stride, all strides of a foot at once.

Zero velocity is known from the stride's own cycle (its quietest moments), never from a threshold. What is left of the
velocity at the end is taken out where the error arises: evenly for a tilt of the sensor, and at the impacts, where an
accelerometer sampled at 100-200 Hz or clipped loses part of the shock (weights by the variance of each).
"""

from dataclasses import dataclass

import numpy as np

from dsp.gait.cycle import Swing
from dsp.gait.model import Array
from dsp.gait.samples import STANDARD_GRAVITY_M_S2, Samples

TILT_SD_M_S2 = 0.17  # one degree of tilt
SHOCK_SHARE = 1 / 12  # leading error of the trapezium rule: step x second difference / 12
# At its quietest the foot still rolls over the ground: the sensor sits this far above the contact, and moves so.
SENSOR_HEIGHT_M = 0.08


@dataclass(frozen=True)
class Paths:
    """Ways of k strides: positions and velocities (k, m, 3) in a level frame of their own, m padded by standing.

    `up` (k, 3) is the vertical in sensor axes at the start, `displacement_m` (k, 3) is level, `turn_rad` (k,) how far
    the foot turned about the vertical, `rise_m` (k,) the vertical offset at the end, `force_m_s2` (k,) the mean force.
    """

    position_m: Array
    velocity_m_s: Array
    up: Array
    displacement_m: Array
    turn_rad: Array
    rise_m: Array
    force_m_s2: Array


def paths(samples: Samples, swings: list[Swing]) -> Paths:
    """Integrate every swing from mid-stance to mid-stance."""
    start, end = np.array([s.before for s in swings]), np.array([s.after for s in swings])
    steps = int((end - start).max())
    index = np.minimum(start[:, None] + np.arange(steps + 1), end[:, None])
    live = np.arange(steps)[None] < (end - start)[:, None]
    gyro, accel = samples.gyro_rad_s[index], samples.accel_m_s2[index]
    turn = _orientations(gyro, live, samples.rate_hz)
    force = rotate(turn, accel)
    dt = 1.0 / samples.rate_hz
    trapezium = 0.5 * (force[:, 1:] + force[:, :-1]) * live[..., None]
    lasts = (end - start) * dt
    mean_force = trapezium.sum(axis=1) * dt / lasts[:, None]
    magnitude = np.linalg.norm(mean_force, axis=1)
    up = _vertical(mean_force)
    # up is per stride; the lever gives the speed of the rolling foot at both ends
    speed = np.cross(gyro[:, 0], SENSOR_HEIGHT_M * up)
    final = rotate(turn[:, -1], np.cross(gyro[:, -1], SENSOR_HEIGHT_M * rotate(_inverse(turn[:, -1]), up)))
    moving = (trapezium - STANDARD_GRAVITY_M_S2 * up[:, None] * live[..., None]) * dt
    velocity = np.concatenate([np.zeros((start.size, 1, 3)), np.cumsum(moving, axis=1)], axis=1) + speed[:, None]
    share = _error_share(accel, live, lasts, dt)
    velocity -= share[..., None] * (velocity[:, -1] - final)[:, None]
    moved = 0.5 * (velocity[:, 1:] + velocity[:, :-1]) * live[..., None] * dt
    position = np.concatenate([np.zeros((start.size, 1, 3)), np.cumsum(moved, axis=1)], axis=1)
    rise = (position[:, -1] * up).sum(axis=1)
    level = position[:, -1] - rise[:, None] * up
    last = turn[:, -1]
    about = 2 * np.arctan2((last[:, 1:] * up).sum(axis=1), last[:, 0])
    return Paths(position, velocity, up, level, np.angle(np.exp(1j * about)), rise, magnitude)


def _vertical(mean_force: Array) -> Array:
    """The median over strides: the foot stands alike at every mid-stance, a single stride may carry a shock."""
    own = mean_force / np.linalg.norm(mean_force, axis=1, keepdims=True)
    common = np.median(own, axis=0)
    common /= np.linalg.norm(common)
    away = np.arccos(np.clip(own @ common, -1, 1))
    return np.asarray(np.where(away[:, None] < np.radians(4.0), common, own))


def _error_share(accel: Array, live: Array, lasts_s: Array, dt: float) -> Array:
    """How much of the end's velocity error has arisen by each sample (k, m): expected value of a Gaussian bridge."""
    bend = np.zeros(live.shape)
    bend[:, 1:] = (np.diff(accel, n=2, axis=1) ** 2).sum(axis=2)
    bend[:, :-1] = np.maximum(bend[:, :-1], bend[:, 1:])
    bend *= live
    shock = np.concatenate([np.zeros((lasts_s.size, 1)), np.cumsum((SHOCK_SHARE * dt) ** 2 * bend, axis=1)], axis=1)
    at = np.minimum(np.arange(live.shape[1] + 1)[None] * dt, lasts_s[:, None])
    tilt = TILT_SD_M_S2**2 * lasts_s[:, None]
    return np.asarray((tilt * at + shock) / (tilt * lasts_s[:, None] + shock[:, -1:]))


def _orientations(gyro: Array, live: Array, rate_hz: float) -> Array:
    """Quaternions (k, m, 4), w first, from each stride's start: sensor axes to the sensor axes of the start."""
    turned = 0.5 * (gyro[:, 1:] + gyro[:, :-1]) * live[..., None] / rate_hz
    angle = np.linalg.norm(turned, axis=2, keepdims=True)
    step = np.concatenate([np.cos(angle / 2), turned * np.sinc(angle / (2 * np.pi)) / 2], axis=2)
    found = np.zeros((gyro.shape[0], gyro.shape[1], 4))
    found[:, 0, 0] = 1.0
    for at in range(step.shape[1]):
        found[:, at + 1] = _product(found[:, at], step[:, at])
    return found


def _product(a: Array, b: Array) -> Array:
    w, x, y, z = a.T
    p, q, r, s = b.T
    rows = (w * p - x * q - y * r - z * s, w * q + x * p + y * s - z * r)
    return np.stack([*rows, w * r - x * s + y * p + z * q, w * s + x * r - y * q + z * p], axis=-1)


def _inverse(turn: Array) -> Array:
    return np.asarray(turn * np.array([1.0, -1.0, -1.0, -1.0]))


def rotate(turn: Array, vector: Array) -> Array:
    """Vectors turned by unit quaternions, w first."""
    axis = turn[..., 1:]
    twice = 2 * np.cross(axis, vector)
    return np.asarray(vector + turn[..., :1] * twice + np.cross(axis, twice))
