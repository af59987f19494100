"""The way of the foot, stride by stride, with the sensor's errors taken off.

What is left of the velocity at a stride's end is taken out where the error arises: evenly for a tilt of the sensor,
and at the impacts, where an accelerometer sampled at 100-200 Hz or clipped loses part of the shock (weights by the
variance of each).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dsp.gait.cycle import Swing
from dsp.gait.levelling import level
from dsp.gait.model import Array
from dsp.gait.samples import STANDARD_GRAVITY_M_S2, Samples
from dsp.gait.strapdown import Spans, rotate, spans

TILT_SD_M_S2 = 0.05  # 0.3 degrees of tilt, what levelling leaves


@dataclass(frozen=True)
class Paths:
    """Ways of k strides: positions and velocities (k, m, 3) in a level frame of their own, m padded by standing.

    `turn` (k, m, 4) from sensor axes to the start's; `up` (k, 3) is the vertical in sensor axes at the start,
    `displacement_m` (k, 3) is level, `turn_rad` (k,) how far the foot turned about the vertical, `rise_m` (k,) the
    vertical offset at the end, `doubt_m` (k,) the displacement's SD from samples that were filled, `force_m_s2` (k,)
    the mean force as measured; the biases (3,) are in sensor axes.
    """

    position_m: Array
    velocity_m_s: Array
    turn: Array
    up: Array
    displacement_m: Array
    turn_rad: Array
    rise_m: Array
    doubt_m: Array
    force_m_s2: Array
    gyro_bias_rad_s: Array
    accel_bias_m_s2: Array


def paths(samples: Samples, swings: Sequence[Swing]) -> Paths:
    """Integrate every swing from mid-stance to mid-stance."""
    span = spans(samples, swings)
    found = level(samples, span)
    up, turn = found.up, found.motion.turn
    last, steps_s = turn[:, -1], span.live * span.step_s
    at_s = np.concatenate([np.zeros((up.shape[0], 1)), np.cumsum(steps_s, axis=1)], axis=1)
    fallen = STANDARD_GRAVITY_M_S2 * at_s[..., None] * up[:, None]
    velocity = found.motion.velocity_m_s + found.first_m_s[:, None] - fallen
    shock, tilt = found.shock_m2_s2, TILT_SD_M_S2**2 * span.lasts_s[:, None]
    # expected value of a Gaussian bridge
    share = (tilt * at_s + shock) / (tilt * span.lasts_s[:, None] + shock[:, -1:])
    velocity -= share[..., None] * (velocity[:, -1] - found.last_m_s)[:, None]
    moved = 0.5 * (velocity[:, 1:] + velocity[:, :-1]) * steps_s[..., None]
    position = np.concatenate([np.zeros((up.shape[0], 1, 3)), np.cumsum(moved, axis=1)], axis=1)
    rise = (position[:, -1] * up).sum(axis=1)
    about = 2 * np.arctan2((last[:, 1:] * up).sum(axis=1), last[:, 0])
    force = rotate(turn, samples.accel_m_s2[span.index])
    mean_force = (0.5 * (force[:, 1:] + force[:, :-1]) * steps_s[..., None]).sum(axis=1) / span.lasts_s[:, None]
    return Paths(
        position,
        velocity,
        turn,
        up,
        displacement_m=position[:, -1] - rise[:, None] * up,
        turn_rad=np.angle(np.exp(1j * about)),
        rise_m=rise,
        doubt_m=_doubt_m(samples, span),
        force_m_s2=np.linalg.norm(mean_force, axis=1),
        gyro_bias_rad_s=found.gyro_bias_rad_s,
        accel_bias_m_s2=found.accel_bias_m_s2,
    )


def _doubt_m(samples: Samples, span: Spans) -> Array:
    """SD of the displacements (k,) from filled samples.

    A jump of the velocity, with the stride's end put right, moves the end by at most half of the stride's time; a turn
    lets gravity in from there to the end, and the end put right takes a straight line out of that.
    """
    index = span.index[:, 1:]
    passed = np.cumsum(span.live * span.step_s, axis=1)
    lasts = span.lasts_s[:, None]
    by_jump = samples.accel_sd_m_s2[index] * lasts / 2
    by_turn = samples.gyro_sd_rad_s[index] * STANDARD_GRAVITY_M_S2 * passed * (lasts - passed) / 2
    return np.asarray(np.sqrt(((by_jump**2 + by_turn**2) * span.live).sum(axis=1)) * span.step_s)
