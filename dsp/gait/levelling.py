"""What the sensor gets wrong over a whole walk, from what must hold at every mid-stance.

Unknown are the vertical in sensor axes at every mid-stance and one bias of turn rate and acceleration for the walk.
Known is, stride by stride: the velocity ends as the standing foot's does; the foot ends on the floor it left; and the
turn rate carries the vertical of one mid-stance into the next. All of it is linear, so one weighted least-squares
problem gives what an error-state Kalman filter with zero-velocity updates and its backward pass give, with one step a
stride (Rauch, Tung and Striebel 1965; zero-velocity updates as in Foxlin 2005).
"""

from dataclasses import dataclass, replace

import numpy as np

from dsp.gait.bordered import solve
from dsp.gait.model import Array
from dsp.gait.samples import STANDARD_GRAVITY_M_S2, Samples
from dsp.gait.strapdown import Motion, Spans, Standing, cross, integrate, inverse, rotate, standing

# standard deviations
STANDING_M_S = 0.02  # of a mid-stance's velocity about the rolling foot's
FLOOR_M = 0.03  # of a floor's level from step to step
DRIFT_RAD = np.radians(0.15)  # of the tilt over one second of turn rate
STANCE_RAD = np.radians(3.0)  # of the foot's tilt at mid-stance about its median
GYRO_BIAS_RAD_S = np.radians(2.0)
ACCEL_BIAS_M_S2 = 0.3
SHOCK_SHARE = 1 / 12  # leading error of the trapezium rule: step x second difference / 12
ROUNDS = 2
LARGEST_LINEAR_RAD_S = np.radians(2.0)  # a larger bias is taken off first and the rest found again
MOST_PASSES = 4


@dataclass(frozen=True)
class Levelled:
    """Biases (3,) in sensor axes; the rest is without them.

    `up` (k, 3) is the vertical at every start in the axes there, `first_m_s` and `last_m_s` (k, 3) the velocities
    that a stride begins and ends with in the axes of its start, `shock_m2_s2` (k, m) the running variance of the
    velocity from shocks shorter than a sample and from lost samples.
    """

    gyro_bias_rad_s: Array
    accel_bias_m_s2: Array
    up: Array
    first_m_s: Array
    last_m_s: Array
    shock_m2_s2: Array
    motion: Motion


@dataclass(frozen=True)
class _Walk:
    """What does not change while the problem is solved."""

    span: Spans
    motion: Motion
    begins: Standing
    ends: Standing
    back: Array
    end_by_bias: Array
    place_by_bias: Array
    noise_m_s: Array
    drift_rad: Array

    def speeds(self, up: Array, bias: Array) -> tuple[Array, Array]:
        """Velocities of the standing foot at both ends in the axes of the start."""
        last = self.ends.speed_m_s(rotate(self.back, up), bias[:3])
        return self.begins.speed_m_s(up, bias[:3]), rotate(inverse(self.back), last)


def level(samples: Samples, span: Spans) -> Levelled:
    """Solve for biases and verticals."""
    shock = _shocks(samples, span)
    bias = np.zeros(6)
    for _ in range(MOST_PASSES):
        rid = replace(samples, gyro_rad_s=samples.gyro_rad_s - bias[:3], accel_m_s2=samples.accel_m_s2 - bias[3:])
        walk = _walk(rid, span, shock)
        left, up = _solved(walk, bias)
        bias = bias + left
        if np.linalg.norm(left[:3]) <= LARGEST_LINEAR_RAD_S:
            break
    first, last = walk.speeds(up, left)
    changed = walk.motion.by_gyro @ left[:3] + walk.motion.by_accel @ left[3:]
    motion = replace(walk.motion, velocity_m_s=walk.motion.velocity_m_s + changed)
    return Levelled(bias[:3], bias[3:], up, first, last, shock, motion)


def _walk(samples: Samples, span: Spans, shock: Array) -> _Walk:
    motion = integrate(samples, span)
    cut = (samples.cut | samples.spun)[span.index].any(axis=1)  # a stride with a hole in it says nothing
    filled = (samples.gyro_sd_rad_s[span.index[:, 1:]] ** 2 * span.live).sum(axis=1) * span.step_s**2
    live = span.live.astype(float)
    place = [np.einsum("kmij,km->kij", part[:, 1:], live) for part in (motion.by_gyro, motion.by_accel)]
    count = span.start.size
    stood = standing(samples, np.concatenate([span.start, span.end]))
    return _Walk(
        span,
        motion,
        Standing(stood.turning_rad_s[:count], stood.gained_m_s[:count]),
        Standing(stood.turning_rad_s[count:], stood.gained_m_s[count:]),
        back=inverse(motion.turn[:, -1]),
        end_by_bias=np.concatenate([motion.by_gyro[:, -1], motion.by_accel[:, -1]], axis=2),
        place_by_bias=np.concatenate(place, axis=2) * span.step_s,
        noise_m_s=np.where(cut, np.inf, np.sqrt(shock[:, -1] / 3 + 2 * STANDING_M_S**2)),
        drift_rad=np.where(cut, np.inf, np.sqrt(DRIFT_RAD**2 * np.maximum(span.lasts_s, 0.5) + filled)),
    )


def _shocks(samples: Samples, span: Spans) -> Array:
    """Running variance of the velocity (k, m) from shocks shorter than a sample, and from samples that were lost."""
    bend = np.zeros(span.live.shape)
    bend[:, 1:] = (np.diff(samples.accel_m_s2[span.index], n=2, axis=1) ** 2).sum(axis=2)
    bend[:, :-1] = np.maximum(bend[:, :-1], bend[:, 1:])
    error = SHOCK_SHARE**2 * bend + samples.accel_sd_m_s2[span.index[:, 1:]] ** 2
    found = np.cumsum(span.step_s**2 * error * span.live, axis=1)
    return np.concatenate([np.zeros((span.start.size, 1)), found], axis=1)


def _solved(walk: _Walk, known: Array) -> tuple[Array, Array]:
    """What is left of the biases (6,) beyond `known`, and the verticals (k, 3)."""
    own = walk.motion.velocity_m_s[:, -1] / np.linalg.norm(walk.motion.velocity_m_s[:, -1], axis=1, keepdims=True)
    common = np.median(own, axis=0)
    common /= np.linalg.norm(common)
    side = np.cross(common, np.eye(3)[np.argmin(np.abs(common))])
    side /= np.linalg.norm(side)
    base = np.stack([side, np.cross(common, side)], axis=1)
    up, bias = np.tile(common, (walk.span.start.size, 1)), np.zeros(6)
    sure = np.full(2, 1 / STANCE_RAD**2)
    sure_bias = 1 / np.repeat([GYRO_BIAS_RAD_S**2, ACCEL_BIAS_M_S2**2], 3)
    for _ in range(ROUNDS):
        first, last = walk.speeds(up, bias)
        ends, floor = _ends(walk, up, bias, base, last - first), _floor(walk, up, bias, base, first)
        parts = ends, floor, _carried(walk, up, bias, base)
        rows, rest = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
        tilt, change = solve(rows, rest, (-(up - common) @ base, sure), (-known - bias, sure_bias))
        up = up + tilt @ base.T
        up /= np.linalg.norm(up, axis=1, keepdims=True)
        bias = bias + change
    return bias, up


def _ends(walk: _Walk, up: Array, bias: Array, base: Array, gain: Array) -> tuple[Array, Array]:
    """The velocity at the end is the standing foot's: `gain` (k, 3) more than at the start."""
    gravity = STANDARD_GRAVITY_M_S2 * walk.span.lasts_s[:, None]
    rows = np.zeros((up.shape[0], 3, 10))
    rows[:, :, :2] = -gravity[..., None] * base
    rows[:, :, 4:] = walk.end_by_bias
    rest = gain - walk.motion.velocity_m_s[:, -1] - walk.end_by_bias @ bias + gravity * up
    noise = walk.noise_m_s[:, None]
    return rows / noise[..., None], rest / noise


def _floor(walk: _Walk, up: Array, bias: Array, base: Array, first: Array) -> tuple[Array, Array]:
    """The foot ends on the floor it left; it began with the velocity `first` (k, 3)."""
    lasts = walk.span.lasts_s
    place = walk.motion.place_m + walk.place_by_bias @ bias + first * lasts[:, None]
    fall = 0.5 * STANDARD_GRAVITY_M_S2 * lasts**2
    rows = np.zeros((up.shape[0], 1, 10))
    rows[:, 0, :2] = (place - 2 * fall[:, None] * up) @ base
    rows[:, 0, 4:] = np.einsum("ki,kij->kj", up, walk.place_by_bias)
    rest = (fall - (place * up).sum(axis=1))[:, None]
    noise = np.hypot(FLOOR_M, walk.noise_m_s * lasts / 2)[:, None]
    return rows / noise[..., None], rest / noise


def _carried(walk: _Walk, up: Array, bias: Array, base: Array) -> tuple[Array, Array]:
    """The turn rate carries the vertical into the next mid-stance, where strides join."""
    span, back = walk.span, walk.back
    joined = np.append(span.start[1:] == span.end[:-1], False)
    rows = np.zeros((up.shape[0], 3, 10))
    for axis in range(2):
        rows[:, :, axis] = rotate(back, base[:, axis])
    for axis in range(3):
        rows[:, :, 4 + axis] = rotate(back, cross(up, walk.motion.turned[:, :, axis]))
    rows[:, :, 2:4] = -base
    rest = np.roll(up, -1, axis=0) - rotate(back, up - cross(walk.motion.turned @ bias[:3], up))
    sure = (joined / walk.drift_rad)[:, None]
    return rows * sure[..., None], rest * sure
