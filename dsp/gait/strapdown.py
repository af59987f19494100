"""Turn rate and force integrated from mid-stance to mid-stance, all strides of a foot at once, and how the result
depends on what the sensor gets wrong.

Every stride has a frame of its own: the sensor's axes at its start. Arrays are padded by standing to the longest
stride (k strides, m samples).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsp.gait.cycle import QUIET_S, Swing
from dsp.gait.model import Array, Mask
from dsp.gait.samples import Samples

# At its quietest the foot still rolls over the ground: the sensor sits about this far above it, and moves so. On the
# instep 6-11 cm, on the side of a shoe 4-7 cm.
SENSOR_HEIGHT_M = 0.08


@dataclass(frozen=True)
class Spans:
    """Where the strides are: first and last sample (k,), duration in s (k,), which steps belong to them (k, m - 1)."""

    start: Array
    end: Array
    lasts_s: Array
    live: Mask
    index: Array
    step_s: float


@dataclass(frozen=True)
class Motion:
    """Raw integrals of k strides in the axes of their starts, gravity in them.

    `turn` (k, m, 4) quaternions to the start's axes, w first; `velocity_m_s` (k, m, 3); `place_m` (k, 3) at the end;
    `by_gyro`, `by_accel` (k, m, 3, 3): the velocity's change by a bias taken off turn rate or acceleration;
    `turned` (k, 3, 3): the rotation vector of the end by a bias taken off the turn rate.
    """

    turn: Array
    velocity_m_s: Array
    place_m: Array
    by_gyro: Array
    by_accel: Array
    turned: Array


def spans(samples: Samples, swings: Sequence[Swing]) -> Spans:
    """The strides of these swings, padded to one length."""
    start, end = np.array([s.before for s in swings]), np.array([s.after for s in swings])
    steps = int((end - start).max())
    index = np.minimum(start[:, None] + np.arange(steps + 1), end[:, None])
    live = np.arange(steps)[None] < (end - start)[:, None]
    step_s = 1.0 / samples.rate_hz
    return Spans(start, end, (end - start) * step_s, live, index, step_s)


def integrate(samples: Samples, span: Spans) -> Motion:
    """Trapezium rule over turn rates and accelerations."""
    gyro, accel = samples.gyro_rad_s[span.index], samples.accel_m_s2[span.index]
    turn = orientations(gyro, span.live, span.step_s)
    frame = _matrices(turn)
    force = np.einsum("kmij,kmj->kmi", frame, accel)
    turning = _running(frame, span)
    velocity = _running(force, span)
    skewed = cross(force[..., None, :], np.swapaxes(turning, -1, -2))
    return Motion(
        turn,
        velocity,
        _running(velocity, span)[:, -1],
        by_gyro=_running(np.swapaxes(skewed, -1, -2), span),
        by_accel=-turning,
        turned=-turning[:, -1],
    )


@dataclass(frozen=True)
class Standing:
    """The foot about its quietest samples: mean turn rate, and mean velocity relative to those samples (k, 3)."""

    turning_rad_s: Array
    gained_m_s: Array

    def speed_m_s(self, up: Array, gyro_bias_rad_s: Array) -> Array:
        """Velocity (k, 3) at the quietest samples in the sensor's axes there, `up` (k, 3) in the same axes.

        The foot rolls, so the sensor moves with its height above the ground. The mean over the quiet interval is
        taken, because the one quietest sample is quiet by chance as well; gravity has no part in a mean over an
        interval that is even on both sides.
        """
        return cross(self.turning_rad_s - gyro_bias_rad_s, SENSOR_HEIGHT_M * up) - self.gained_m_s


def standing(samples: Samples, at: Array) -> Standing:
    """The quiet interval about the samples `at` (k,), in the sensor's axes at them."""
    half = max(1, round(QUIET_S * samples.rate_hz / 2))
    index = np.clip(at[:, None] + np.arange(-half, half + 1), 0, samples.gyro_rad_s.shape[0] - 1)
    gyro, step_s = samples.gyro_rad_s[index], 1.0 / samples.rate_hz
    turn = orientations(gyro, np.ones((at.size, 2 * half), dtype=bool), step_s)
    turn = product(inverse(turn[:, half : half + 1]), turn)
    force = rotate(turn, samples.accel_m_s2[index])
    gained = np.zeros_like(force)
    gained[:, 1:] = np.cumsum(0.5 * (force[:, 1:] + force[:, :-1]) * step_s, axis=1)
    return Standing(rotate(turn, gyro).mean(axis=1), gained.mean(axis=1) - gained[:, half])


def orientations(gyro: Array, live: Mask, step_s: float) -> Array:
    """Quaternions (k, m, 4), w first, from each row's start: sensor axes to the sensor axes of the start."""
    turned = 0.5 * (gyro[:, 1:] + gyro[:, :-1]) * live[..., None] * step_s
    angle = np.linalg.norm(turned, axis=2, keepdims=True)
    step = np.concatenate([np.cos(angle / 2), turned * np.sinc(angle / (2 * np.pi)) / 2], axis=2)
    found = _planes(gyro.shape[:2], 4)
    found[:, 0] = (1.0, 0.0, 0.0, 0.0)
    found[:, 1:] = step
    reach = 1
    while reach < found.shape[1]:  # running products by doubling (Hillis and Steele 1986)
        found[:, reach:] = product(found[:, :-reach], found[:, reach:])
        reach *= 2
    return found


def product(a: Array, b: Array) -> Array:
    """Of quaternions (..., 4), w first: b, then a."""
    w, x, y, z = (a[..., axis] for axis in range(4))
    p, q, r, s = (b[..., axis] for axis in range(4))
    found = _planes(np.broadcast_shapes(a.shape, b.shape)[:-1], 4)
    found[..., 0] = w * p - x * q - y * r - z * s
    found[..., 1] = w * q + x * p + y * s - z * r
    found[..., 2] = w * r - x * s + y * p + z * q
    found[..., 3] = w * s + x * r - y * q + z * p
    return found


def inverse(turn: Array) -> Array:
    """Of unit quaternions (..., 4)."""
    return np.asarray(turn * np.array([1.0, -1.0, -1.0, -1.0]))


def rotate(turn: Array, vector: Array) -> Array:
    """Vectors (..., 3) turned by unit quaternions (..., 4), w first."""
    axis = turn[..., 1:]
    twice = 2 * cross(axis, vector)
    return vector + turn[..., :1] * twice + cross(axis, twice)


def cross(a: Array, b: Array) -> Array:
    """Vector product (..., 3), three times faster than numpy's on arrays as small as these."""
    found = _planes(np.broadcast_shapes(a.shape, b.shape)[:-1], 3)
    found[..., 0] = a[..., 1] * b[..., 2] - a[..., 2] * b[..., 1]
    found[..., 1] = a[..., 2] * b[..., 0] - a[..., 0] * b[..., 2]
    found[..., 2] = a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    return found


def _planes(shape: tuple[int, ...], components: int) -> Array:
    """An empty array (..., components) that lies component by component: arithmetic on one is on whole rows."""
    return np.empty((components, *shape)).transpose(*range(1, len(shape) + 1), 0)


def _running(values: Array, span: Spans) -> Array:
    """Integral from each stride's start along the second axis, nothing added while padded."""
    live = span.live.reshape(span.live.shape + (1,) * (values.ndim - 2))
    steps = 0.5 * (values[:, 1:] + values[:, :-1]) * live * span.step_s
    return np.concatenate([np.zeros_like(values[:, :1]), np.cumsum(steps, axis=1)], axis=1)


def _matrices(turn: Array) -> Array:
    """Rotation matrices (..., 3, 3) of unit quaternions."""
    found = np.empty((*turn.shape[:-1], 3, 3))
    twice = 2 * turn
    ww, xx, yy, zz = (turn[..., axis] * twice[..., axis] for axis in range(4))
    wx, wy, wz = (turn[..., 0] * twice[..., axis] for axis in (1, 2, 3))
    xy, xz, yz = (turn[..., a] * twice[..., b] for a, b in ((1, 2), (1, 3), (2, 3)))
    found[..., 0, 0], found[..., 1, 1], found[..., 2, 2] = ww + xx - 1, ww + yy - 1, ww + zz - 1
    found[..., 0, 1], found[..., 1, 0] = xy - wz, xy + wz
    found[..., 0, 2], found[..., 2, 0] = xz + wy, xz - wy
    found[..., 1, 2], found[..., 2, 1] = yz - wx, yz + wx
    return found
