"""Contacts from the pitch rate of the foot; a landmark that is not there gives None, never a guess.

The pitch axis is the main axis of the turn rate; its sign comes from physics: the foot moves forward over a stride.
Toe-off is where the toe-drop rate of push-off has fallen to half of its peak (the ground lets go). Initial contact is
where the foot begins to drop onto the floor about its heel, after the toe-up rotation of late swing. A foot that lands
flat does not drop: its contact is taken from the impact in the acceleration, and says so.
"""

from dataclasses import dataclass, replace

import numpy as np

from dsp.gait.cycle import Swing, low_pass
from dsp.gait.holes import bent
from dsp.gait.model import Array, Mask
from dsp.gait.samples import RefusedError, Samples
from dsp.gait.ways import Paths

LANDMARK_HZ, LANDING_HZ, SHAPE_HZ, IMPACT_HZ = 15.0, 12.0, 8.0, 30.0
LEAST_TOE_RATE_RAD_S = 0.4
GUARD_S = 0.03  # a lost sample this close to a landmark may have moved it
LARGEST_APART_S = 0.01  # between the times with holes filled in two ways: as fine as a person labels
EARLY_S = 0.03  # before its zero crossing, a drop may begin
LATEST_CONTACT = 0.5  # of a period after mid-swing
DROP_S = 0.15  # the foot has dropped to the floor this long after a heel contact
# of the highest drop rate: what reaches less is a wobble in the air, and what comes after is the rebound
DROP_SHARE = 0.4
TOP_SHARE = 0.5  # the first peak of a drop that reaches this share of its highest
# The heel is down, and a rate that lingers near zero in the air is not: this share of the drop's rate is passed, and
# this share of its steepest rise.
LANDING_SHARE, STEEP_SHARE = 0.12, 0.3
IMPACT_S = 0.3  # of a period after the toe-up rotation
SHORTEST_SWING_S = 0.1
LEAST_JERK_M_S3 = 500.0  # half of gravity in 10 ms
IMPACT_SHARE = 0.5  # of the largest jerk: the beginning of an impact
IMPACT_FLAG = "initial contact by its impact"


@dataclass(frozen=True)
class Contacts:
    """Of one swing, in s: toe-off and the contact that ends it, with the reasons for what is missing."""

    final_s: float | None
    initial_s: float | None
    flags: tuple[str, ...]


def pitch_axis(samples: Samples, ways: Paths) -> Array:
    """Unit vector (3,) in sensor axes that points left: turns about it drop the toe. Raises RefusedError."""
    gyro = low_pass(samples.gyro_rad_s[~samples.unseen], samples.rate_hz, 10.0)
    axis = np.linalg.eigh(gyro.T @ gyro)[1][:, -1]
    level = axis - ways.up * (ways.up @ axis)[:, None]
    forward = np.cross(level, ways.up)
    along = (forward * ways.displacement_m).sum(axis=1)
    sign = float(np.sign(np.median(along)))
    if sign == 0 or np.mean(np.sign(along) == sign) < 0.6:
        raise RefusedError("the foot's way and its turning do not fit together: no forward direction found")
    return np.asarray(sign * axis)


@dataclass(frozen=True)
class _Signals:
    """Pitch rate (n,), toe-drop positive, at three sharpnesses, its rise per s, and the jerk in m/s3."""

    fine: Array
    calm: Array
    smooth: Array
    rise: Array
    jerk: Array


def contacts(samples: Samples, swings: list[Swing], axis: Array, period_s: float) -> list[Contacts]:
    """Toe-off and contact of every swing; beside lost samples, those that do not depend on how these are filled."""
    found = _contacts(samples, swings, axis, period_s)
    if not samples.unseen.any():
        return found
    good = ~(samples.filled | samples.cut)
    gyro, accel = bent(samples.gyro_rad_s, good), bent(samples.accel_m_s2, good)
    others = _contacts(replace(samples, gyro_rad_s=gyro, accel_m_s2=accel), swings, axis, period_s)
    return [_agreed(samples, mark, other) for mark, other in zip(found, others, strict=True)]


def _agreed(samples: Samples, mark: Contacts, other: Contacts) -> Contacts:
    times, flags = [], list(mark.flags)
    for name, at, again in (
        ("toe-off", mark.final_s, other.final_s),
        ("initial contact", mark.initial_s, other.initial_s),
    ):
        held = at
        if at is not None and _beside(samples.unseen, at, samples.rate_hz):
            apart = again is None or abs(again - at) > LARGEST_APART_S
            held = None if apart or _beside(samples.cut, at, samples.rate_hz) else at
            flags.append(f"samples lost {'at' if held is None else 'near'} {name}")
        times.append(held)
    return Contacts(times[0], times[1], tuple(flags))


def _beside(lost: Mask, at_s: float, rate_hz: float) -> bool:
    first = max(0, int((at_s - GUARD_S) * rate_hz))
    return bool(lost[first : int((at_s + GUARD_S) * rate_hz) + 1].any())


def _contacts(samples: Samples, swings: list[Swing], axis: Array, period_s: float) -> list[Contacts]:
    rate, hz = samples.gyro_rad_s @ axis, samples.rate_hz
    fine, calm, smooth = (low_pass(rate, hz, limit) for limit in (LANDMARK_HZ, LANDING_HZ, SHAPE_HZ))
    bump = np.gradient(low_pass(samples.accel_m_s2, hz, IMPACT_HZ), axis=0)
    signals = _Signals(fine, calm, smooth, np.gradient(fine) * hz, np.linalg.norm(bump, axis=1) * hz)
    return [_of_swing(samples, swing, signals, period_s) for swing in swings]


def _of_swing(samples: Samples, swing: Swing, signals: _Signals, period_s: float) -> Contacts:
    rate_hz, smooth = samples.rate_hz, signals.smooth
    latest = min(swing.after, swing.peak + int(LATEST_CONTACT * period_s * rate_hz))
    lift = swing.before + int(np.argmin(smooth[swing.before : latest]))
    push = swing.before + int(np.argmax(smooth[swing.before : lift + 1]))
    final = _half_fall(signals.fine, push, lift, rate_hz) if smooth[push] > LEAST_TOE_RATE_RAD_S else None
    turned_up = bool(smooth[lift] < -LEAST_TOE_RATE_RAD_S)
    initial = _landing(signals, lift, swing.after, rate_hz) if turned_up else None
    flags: list[str] = []
    if initial is None:
        start = lift if turned_up else swing.peak
        initial = _impact(signals.jerk[start : min(swing.after, start + int(IMPACT_S * period_s * rate_hz))], start)
        flags.extend([] if initial is None else [IMPACT_FLAG])
    if final is not None and initial is not None and initial - final < SHORTEST_SWING_S * rate_hz:
        final = None  # what turned before the impact was no push-off
    missing = [f"no {name}" for name, at in (("toe-off", final), ("initial contact", initial)) if at is None]
    return Contacts(
        None if final is None else final / rate_hz,
        None if initial is None else initial / rate_hz,
        (*flags, *missing),
    )


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


def _landing(signals: _Signals, lift: int, end: int, rate_hz: float) -> float | None:
    """Where the foot begins to drop about its heel, between samples."""
    drop = _drop(signals.calm[lift : end + 1], max(1, int(DROP_S * rate_hz)))
    if drop is None:
        return None
    zero, top = lift + drop[0], lift + drop[1]
    passed = _last_rise(signals.calm, lift, top, LANDING_SHARE * signals.calm[top])
    early = max(lift, zero - int(EARLY_S * rate_hz))
    steepest = early + int(np.argmax(signals.rise[early : top + 1]))
    steep = _last_rise(signals.rise, lift, steepest, STEEP_SHARE * signals.rise[steepest])
    known = [at for at in (passed, steep) if at is not None]
    return max(known) if known else None


def _drop(rate: Array, longest: int) -> tuple[int, int] | None:
    """Zero crossing and first peak of the first drop worth the name."""
    drops: list[tuple[int, Array]] = []
    for zero in map(int, np.flatnonzero((rate[:-1] < 0) & (rate[1:] >= 0))):
        bump = rate[zero + 1 : zero + 1 + longest]
        under = np.flatnonzero(bump < 0)
        bump = bump[: under[0]] if under.size else bump
        drops.append((zero, bump))
    highest = max((float(bump.max()) for _, bump in drops), default=0.0)
    if highest < LEAST_TOE_RATE_RAD_S:
        return None
    zero, bump = next(drop for drop in drops if drop[1].max() >= DROP_SHARE * highest)
    top = int(np.flatnonzero(bump >= TOP_SHARE * bump.max())[0])
    while top + 1 < bump.size and bump[top + 1] >= bump[top]:
        top += 1
    return zero, zero + 1 + top


def _last_rise(values: Array, first: int, last: int, level: float) -> float | None:
    """Where the values rise through the level for the last time before `last`, between samples."""
    below = np.flatnonzero(values[first:last] < level)
    if below.size == 0:
        return None
    at = first + int(below[-1]) + 1
    return float(at - (values[at] - level) / (values[at] - values[at - 1]))


def _impact(jerk: Array, start: int) -> float | None:
    """The beginning of the first impact, if there is one."""
    if jerk.size < 4 or jerk.max() < LEAST_JERK_M_S3:
        return None
    return float(start + int(np.flatnonzero(jerk >= IMPACT_SHARE * jerk.max())[0]))
