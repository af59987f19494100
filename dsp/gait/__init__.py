"""Gait from two foot sensors without a magnetometer: strides, contacts, lengths, and the trial's variables."""

import numpy as np

from dsp.gait.doubts import body_side, doubts
from dsp.gait.model import SIDES, Foot, Gait, Side, SideSummary, Stride, Summary
from dsp.gait.samples import STANDARD_GRAVITY_M_S2, RefusedError, Samples, check
from dsp.gait.strides import Walk, walks
from dsp.gait.summary import summarise

__all__ = ["ACCEL_RANGE_G", "GYRO_RANGE_DEG_S", "Foot", "Gait", "Side", "SideSummary", "Stride", "Summary", "analyse"]

ACCEL_RANGE_G, GYRO_RANGE_DEG_S = 16.0, 2000.0


def analyse(
    left: Foot | None,
    right: Foot | None,
    *,
    accel_range_m_s2: float = ACCEL_RANGE_G * STANDARD_GRAVITY_M_S2,
    gyro_range_rad_s: float = float(np.radians(GYRO_RANGE_DEG_S)),
    common_clock: bool = True,
) -> Gait:
    """Analyse a walk of one or both feet; never raises for what a sensor may deliver, `.refusal` says what is wrong.

    Feet on two clocks have to be named by `common_clock`: two steady rhythms fit together at any offset, so that no
    recording shows it by itself. Then nothing is said that takes the time from one foot to the other.
    """
    given = {side: foot for side, foot in zip(SIDES, (left, right), strict=True) if foot is not None}
    if not given:
        return Gait((), None, "no foot given")
    if left is not None and right is not None and np.array_equal(left.gyro_rad_s, right.gyro_rad_s):
        return Gait((), None, "left and right foot are the same recording")
    if len({foot.rate_hz for foot in given.values()}) > 1:
        return Gait((), None, "the feet have different sampling rates: they are not on one clock")
    feet: dict[Side, Samples] = {}
    found: dict[Side, Walk] = {}
    flags: list[str] = []
    try:
        for side, foot in given.items():
            feet[side] = check(foot, side, accel_range_m_s2, gyro_range_rad_s)
            flags.extend(feet[side].flags)
        found = walks(feet)
    except RefusedError as error:
        return Gait((), None, str(error), tuple(flags))
    strides = sorted((s for walk in found.values() for s in walk.strides), key=lambda s: s.mid_stance_s)
    lasts_s = max(foot.gyro_rad_s.shape[0] / foot.rate_hz for foot in feet.values())
    summary = summarise(tuple(strides), lasts_s=lasts_s, common_clock=common_clock)
    sides = body_side(strides) if len(found) == len(SIDES) else None
    return Gait(
        tuple(strides), summary, None, (*flags, *doubts(feet, found, summary, sides, common_clock=common_clock)), sides
    )
