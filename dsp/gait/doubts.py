"""What speaks against the two feet's recordings belonging together as they are given.

A swinging foot passes the standing leg on the outside: its way bends outward, left to the left and right to the right,
in walking of every kind but a scissoring one. So the bend tells the body side; it is counted over the straight strides
of both feet, and where the count is no clear one nothing is said.
"""

from collections.abc import Sequence
from math import comb, sqrt
from typing import Literal

import numpy as np

from dsp.gait.model import SIDES, BodySide, Side, Stride, Summary
from dsp.gait.samples import Samples
from dsp.gait.strides import Walk

STRAIGHT_DEG = 15.0
LEAST_SIDED_STRIDES = 5  # of each foot
CERTAIN = 0.001  # chance of such a count, were the sides a toss
CLEAR_SHARE = 0.6  # of each foot's strides
# Between the initial double supports of the sides, in % of the stride. Hemiparetic walking reaches 4; with stances
# alike a gap is the clocks', which put one foot early and the other late by half of it.
LARGEST_GAP_PCT, LARGEST_GAP_ALIKE_PCT, ALIKE_PCT = 8.0, 5.0, 3.0
LARGEST_PERIOD_GAP, PERIOD_ERRORS = 0.01, 5.0  # between the feet's mean stride times; in standard errors
LARGEST_END_GAP_S = 1.0
LARGE_GYRO_BIAS_RAD_S, LARGE_ACCEL_BIAS_M_S2 = np.radians(3.0), 0.8
LARGEST_WAY_GAP = 0.06  # both feet of a person travel alike, however they limp
LEAST_SHARED_S = 3.0
TWO_CLOCKS = "the feet are not on one clock: no double support, no single support, no step length, no symmetry of steps"
LARGEST_MOUNTING_DEG = 90.0  # sensors strapped alike on both feet came out up to 45 degrees apart


def doubts(
    feet: dict[Side, Samples],
    found: dict[Side, Walk],
    summary: Summary,
    sides: BodySide | None,
    *,
    common_clock: bool = True,
) -> tuple[str, ...]:
    """Doubts in plain words; the numbers stand, but are to be read with them."""
    flags = [flag for side, walk in found.items() for flag in _biased(side, walk)]
    if len(found) < 2:
        return (f"{next(iter(found))} foot only: no double support, no step length, no symmetry", *flags)
    flags.extend(_mounted(found))
    if sides is not None and sides.verdict == "swapped":
        flags.append(
            f"left and right look swapped: {sides.strides - sides.outward} of {sides.strides} straight strides "
            "of both feet bend to the other side"
        )
    if not common_clock:
        return (*flags, TWO_CLOCKS)
    if abs(len(found["left"].strides) - len(found["right"].strides)) > 1:
        flags.append("left and right strides differ in number")
    strides = [stride for walk in found.values() for stride in walk.strides]
    ratio = way_ratio(strides)
    if ratio is not None and abs(ratio - 1) > LARGEST_WAY_GAP:
        flags.append(
            f"the feet do not travel alike: left over right is {ratio:.2f} in the same time; "
            "check units, ranges and axes of both sensors"
        )
    return (*flags, *_ends(feet), *_clocks(summary))


def body_side(strides: Sequence[Stride]) -> BodySide | None:
    """How the ways of the feet bend, or None where there are too few straight strides with a way on both feet."""
    shares, outward, count = [], 0, 0
    for side in SIDES:
        bends = [_bend(stride) for stride in strides if stride.side == side and _is_straight(stride)]
        if len(bends) < LEAST_SIDED_STRIDES:
            return None
        out = sum(bend > 0 for bend in bends)
        shares.append(out / len(bends))
        outward, count = outward + out, count + len(bends)
    chance = _chance(max(outward, count - outward), count)
    verdict: Literal["as labelled", "swapped"] | None = None
    if chance <= CERTAIN and min(shares) >= CLEAR_SHARE:
        verdict = "as labelled"
    if chance <= CERTAIN and max(shares) <= 1 - CLEAR_SHARE:
        verdict = "swapped"
    return BodySide(outward, count, chance, verdict)


def _is_straight(stride: Stride) -> bool:
    turned = stride.heading_change_deg
    return stride.path_m is not None and turned is not None and abs(turned) < STRAIGHT_DEG


def _bend(stride: Stride) -> float:
    """Mean distance of the way from its chord, outward positive."""
    if stride.path_m is None:
        return 0.0
    left = float(stride.path_m[:, 1].mean())
    return left if stride.side == "left" else -left


def _chance(most: int, count: int) -> float:
    """Two-sided sign test."""
    return float(min(1.0, 2 * sum(comb(count, k) for k in range(most, count + 1)) / 2**count))


def _biased(side: Side, walk: Walk) -> list[str]:
    if walk.no_length:
        return [f"{side} foot: {walk.no_length}; check axes, units and range of the sensor"]
    flags = []
    if float(np.linalg.norm(walk.gyro_bias_rad_s)) > LARGE_GYRO_BIAS_RAD_S:
        drift = float(np.degrees(np.linalg.norm(walk.gyro_bias_rad_s)))
        flags.append(f"{side} foot: the turn rate is off by {drift:.1f} deg/s, taken out; calibrate the sensor")
    if float(np.linalg.norm(walk.accel_bias_m_s2)) > LARGE_ACCEL_BIAS_M_S2:
        off = float(np.linalg.norm(walk.accel_bias_m_s2))
        flags.append(f"{side} foot: the acceleration is off by {off:.2f} m/s2, taken out; calibrate the sensor")
    return flags


def _mounted(found: dict[Side, Walk]) -> list[str]:
    """The results do not depend on the mounting, but a sensor that is not where it was last time is worth a look."""
    frames = []
    for side in SIDES:
        up = found[side].up / np.linalg.norm(found[side].up)
        left = found[side].left - up * (up @ found[side].left)
        left /= np.linalg.norm(left)
        frames.append(np.stack([np.cross(left, up), left, up], axis=1))
    turned = float(np.degrees(np.arccos(np.clip((np.trace(frames[0] @ frames[1].T) - 1) / 2, -1, 1))))
    if turned <= LARGEST_MOUNTING_DEG:
        return []
    return [f"the sensors are mounted {turned:.0f} degrees apart: one is upside down or turned round"]


def way_ratio(strides: Sequence[Stride]) -> float | None:
    """Way of the left foot over that of the right in the time both are in steady straight walking, None if short."""
    spans = [_steady([stride for stride in strides if stride.side == side]) for side in SIDES]
    if min(len(span) for span in spans) == 0:
        return None
    left, right = np.array(spans[0]), np.array(spans[1])
    shared = np.minimum(left[:, None, 1], right[None, :, 1]) - np.maximum(left[:, None, 0], right[None, :, 0])
    shared = np.maximum(shared, 0.0)
    if shared.sum() < LEAST_SHARED_S:
        return None
    return float((shared * left[:, None, 2]).sum() / (shared * right[None, :, 2]).sum())


def _steady(strides: Sequence[Stride]) -> list[tuple[float, float, float]]:
    """Start, end and speed of the straight strides with a length between two others of their kind."""
    found = []
    for before, stride, after in zip(strides, strides[1:], strides[2:], strict=False):
        row = before, stride, after
        joined = before.next_mid_stance_s == stride.mid_stance_s and stride.next_mid_stance_s == after.mid_stance_s
        if joined and all(s.stride_length_m is not None and not s.is_turn for s in row):
            lasts = stride.next_mid_stance_s - stride.mid_stance_s
            found.append((stride.mid_stance_s, stride.next_mid_stance_s, (stride.stride_length_m or 0.0) / lasts))
    return found


def _ends(feet: dict[Side, Samples]) -> list[str]:
    """One sensor delivered longer than the other."""
    last_s = {}
    for side in SIDES:
        whole = np.flatnonzero(~feet[side].cut)
        last_s[side] = float(whole[-1]) / feet[side].rate_hz
    gap = last_s["left"] - last_s["right"]
    if abs(gap) <= LARGEST_END_GAP_S:
        return []
    early = "left" if gap < 0 else "right"
    return [f"{early} foot: its samples end {abs(gap):.1f} s before the other foot's"]


def _clocks(summary: Summary) -> list[str]:
    """Double support that speaks of two clocks, not of a limp."""
    left, right = summary.left, summary.right
    if left is None or right is None or left.gait_cycle_s is None or right.gait_cycle_s is None:
        return []
    flags = []
    spread = (left.stride_time_sd_s or 0.0) ** 2 / left.strides + (right.stride_time_sd_s or 0.0) ** 2 / right.strides
    apart = abs(left.gait_cycle_s - right.gait_cycle_s)
    if apart > max(LARGEST_PERIOD_GAP * left.gait_cycle_s, PERIOD_ERRORS * sqrt(spread)):
        flags.append("the feet's stride times differ: a clock runs wrong, or strides were lost")
    initial = left.initial_double_support_pct, right.initial_double_support_pct
    if initial[0] is None or initial[1] is None or left.stance_pct is None or right.stance_pct is None:
        return flags
    gap = initial[0] - initial[1]
    late_ms = abs(gap) / 200 * 1000 * (left.gait_cycle_s + right.gait_cycle_s) / 2
    if abs(gap) > LARGEST_GAP_ALIKE_PCT and abs(left.stance_pct - right.stance_pct) < ALIKE_PCT:
        late = "right" if gap > 0 else "left"
        flags.append(
            f"double support differs between the sides while stance does not: the {late} foot's clock may be "
            f"{late_ms:.0f} ms late; check that both feet are on one clock"
        )
    elif abs(gap) > LARGEST_GAP_PCT:
        flags.append("double support differs much between the sides: a limp, or feet that are not on one clock")
    if min(initial[0], initial[1]) < 0:
        flags.append("a foot leaves before the other lands: not walking, or not on one clock")
    return flags
