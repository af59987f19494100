"""Contacts from the pitch rate of the foot; a landmark that is not there gives None, never a guess.

The pitch axis is the main axis of the turn rate; its sign comes from physics: the foot moves forward over a stride.
Toe-off is where the toe-drop rate of push-off has fallen to half of its peak (the ground lets go), initial contact
where the toe-up rotation of late swing ends. Steps without a heel rocker have no such zero: they get no contact.
"""

from dataclasses import dataclass

import numpy as np

from dsp.gait.cycle import Swing, low_pass
from dsp.gait.model import Array
from dsp.gait.samples import RefusedError, Samples
from dsp.gait.ways import Paths

LANDMARK_HZ, SHAPE_HZ = 15.0, 8.0
LEAST_TOE_RATE_RAD_S = 0.4
GUARD_S = 0.03  # no lost sample this close to a landmark
SLAP_S = 0.15  # the foot has dropped to the floor this long after a heel contact
LANDING_SHARE = 0.08  # of that drop's rate: the heel is down, and a rate that lingers near zero in the air is not
LATEST_CONTACT = 0.5  # of a period after mid-swing


@dataclass(frozen=True)
class Contacts:
    """Of one swing, in s: toe-off and the contact that ends it, with the reasons for what is missing."""

    final_s: float | None
    initial_s: float | None
    flags: tuple[str, ...]


def pitch_axis(samples: Samples, ways: Paths) -> Array:
    """Unit vector (3,) in sensor axes that points left: turns about it drop the toe. Raises RefusedError."""
    gyro = low_pass(samples.gyro_rad_s[~samples.cut], samples.rate_hz, 10.0)
    axis = np.linalg.eigh(gyro.T @ gyro)[1][:, -1]
    level = axis - ways.up * (ways.up @ axis)[:, None]
    forward = np.cross(level, ways.up)
    along = (forward * ways.displacement_m).sum(axis=1)
    sign = float(np.sign(np.median(along)))
    if sign == 0 or np.mean(np.sign(along) == sign) < 0.6:
        raise RefusedError("the foot's way and its turning do not fit together: no forward direction found")
    return np.asarray(sign * axis)


def contacts(samples: Samples, swings: list[Swing], axis: Array, period_s: float) -> list[Contacts]:
    """Toe-off and contact of every swing."""
    rate = samples.gyro_rad_s @ axis
    fine, smooth = (low_pass(rate, samples.rate_hz, hz) for hz in (LANDMARK_HZ, SHAPE_HZ))
    return [_of_swing(samples, swing, fine, smooth, period_s) for swing in swings]


def _of_swing(samples: Samples, swing: Swing, fine: Array, smooth: Array, period_s: float) -> Contacts:
    rate_hz = samples.rate_hz
    latest = min(swing.after, swing.peak + int(LATEST_CONTACT * period_s * rate_hz))
    lift = swing.before + int(np.argmin(smooth[swing.before : latest]))
    push = swing.before + int(np.argmax(smooth[swing.before : lift + 1]))
    flags: list[str] = []
    final = _half_fall(fine, push, lift, rate_hz) if smooth[push] > LEAST_TOE_RATE_RAD_S else None
    initial = _rise(fine, lift, swing.after, int(SLAP_S * rate_hz)) if smooth[lift] < -LEAST_TOE_RATE_RAD_S else None
    final, initial = _whole(samples, final, "toe-off", flags), _whole(samples, initial, "initial contact", flags)
    return Contacts(final, initial, tuple(flags))


def _whole(samples: Samples, at: float | None, name: str, flags: list[str]) -> float | None:
    """The time of a landmark, unless samples around it were lost."""
    if at is None:
        flags.append(f"no {name}")
        return None
    guard = GUARD_S * samples.rate_hz
    if samples.cut[max(0, int(at - guard)) : int(at + guard) + 1].any():
        flags.append(f"samples lost at {name}")
        return None
    return at / samples.rate_hz


def _half_fall(rate: Array, push: int, lift: int, rate_hz: float) -> float | None:
    """Where the toe-drop rate has fallen to half of its peak, between samples."""
    near = int(0.08 * rate_hz)
    first = max(push - near, 0)
    peak = first + int(np.argmax(rate[first : push + near + 1]))
    half = 0.5 * rate[peak]
    below = np.flatnonzero(rate[peak : lift + 1] < half)
    if half <= 0 or below.size == 0:
        return None
    at = peak + int(below[0])
    return float(at - (half - rate[at]) / (rate[at - 1] - rate[at]))


def _rise(rate: Array, lift: int, end: int, near: int) -> float | None:
    """Where the toe-up rate comes back to zero after its last strong value, between samples."""
    strong = np.flatnonzero(rate[lift:end] < 0.5 * rate[lift])
    first = lift + (int(strong[-1]) if strong.size and rate[lift] < 0 else 0)
    above = np.flatnonzero(rate[first : end + 1] >= 0)
    if above.size == 0 or above[0] == 0:
        return None
    zero = first + int(above[0])
    slap = zero + int(np.argmax(rate[zero : zero + near + 1]))
    level = LANDING_SHARE * rate[slap]
    below = np.flatnonzero(rate[first:slap] < level)
    at = first + int(below[-1]) + 1
    return float(at - (rate[at] - level) / (rate[at] - rate[at - 1]))
