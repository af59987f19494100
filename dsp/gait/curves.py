"""Curves over the gait cycle, contact to contact, 0-100 %: the foot's side view and angle, and the leg's angles.

Of each cycle everything is read off at 101 even instants between two initial contacts of the same foot; mean and spread
are over the cycles. A turn, a cycle without a contact at both ends, one whose way is not believable or whose sensor was
at the end of its range has no place in a mean: it is left out, and counted by its reason.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from dsp.gait.leg import LegAngles
from dsp.gait.model import Array, Side, Stride

POINTS = 101
LEAST_CYCLES = 3
FOOT = ("forward_cm", "left_cm", "up_cm", "pitch_deg")
CLIPPED, FILLED = "sensor at the end of its range", "short hole filled"


@dataclass(frozen=True)
class Curve:
    """Mean and standard deviation (101,) over `cycles`."""

    mean: Array
    sd: Array
    cycles: int


@dataclass(frozen=True)
class SideCurves:
    """One leg over its straight cycles, by name; `refusal` says why there is nothing, `refused` why an angle is not.

    `forward_cm`, `left_cm`, `up_cm`: the sensor's way from where it stands in the cycle's mid-stance. `pitch_deg`: the
    foot against its mid-stance, toes up positive: a segment's angle to the floor and no joint's. `shank_deg`,
    `thigh_deg`: against quiet standing, lower end forward positive. `knee_deg`: flexion, `ankle_deg`: dorsiflexion,
    each 0 in quiet standing.

    `cycles` are those in the mean, `left_out` the others by reason; `filled` of them have a short hole in their
    samples. `toe_off_pct` is the mean end of stance. `clearance_cm` is the sensor's greatest height, mean and standard
    deviation over the cycles.
    """

    cycles: int
    left_out: Mapping[str, int]
    refusal: str | None = None
    by_name: Mapping[str, Curve] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    filled: int = 0
    toe_off_pct: float | None = None
    clearance_cm: tuple[float, float] | None = None


@dataclass(frozen=True)
class _Cycle:
    """Both contacts (s), toe-off as a share, and the foot's values (101, 4) as `FOOT`."""

    start_s: float
    end_s: float
    toe_off: float | None
    filled: bool
    foot: Array


def curves(strides: Sequence[Stride], side: Side, leg: LegAngles | None = None) -> SideCurves:
    """Curves of one leg; a refusal with fewer than three whole, straight cycles."""
    made = list(_cycles([stride for stride in strides if stride.side == side]))
    kept = [cycle for cycle in made if isinstance(cycle, _Cycle)]
    left_out = dict(Counter(why for why in made if isinstance(why, str)))
    if len(kept) < LEAST_CYCLES:
        others = ", ".join(f"{count} {why}" for why, count in left_out.items())
        text = f"{len(kept)} straight cycles from contact to contact, {LEAST_CYCLES} are needed"
        return SideCurves(len(kept), left_out, f"{text} (left out: {others})" if others else text)
    foot = np.stack([cycle.foot for cycle in kept])
    by_name = {name: _over(foot[:, :, axis]) for axis, name in enumerate(FOOT)}
    angles, refused = ({}, {}) if leg is None else _angles(leg, kept)
    shares = [100 * cycle.toe_off for cycle in kept if cycle.toe_off is not None]
    tops = foot[:, :, 2].max(axis=1)
    return SideCurves(
        len(kept),
        left_out,
        by_name=by_name | angles,
        refused=refused,
        filled=sum(cycle.filled for cycle in kept),
        toe_off_pct=float(np.mean(shares)) if shares else None,
        clearance_cm=(float(tops.mean()), float(tops.std(ddof=1))),
    )


def _cycles(own: Sequence[Stride]) -> Iterator["_Cycle | str"]:
    """Every cycle of a foot, or why it has no place in a mean."""
    for before, stride in pairwise(own):
        if stride.initial_contact_s is None or before.next_mid_stance_s != stride.mid_stance_s:
            continue  # standing, or a hole, lies between the two: no cycle was begun
        yield _cycle(before, stride, stride.initial_contact_s)


def _cycle(before: Stride, stride: Stride, start_s: float) -> "_Cycle | str":
    """The end of one stride's way from its contact on, and the next one's up to its contact."""
    end_s = stride.next_initial_contact_s
    if before.is_turn or stride.is_turn:
        return "in a turn"
    if end_s is None:
        return "without a contact at its end"
    if before.path_m is None or stride.path_m is None or before.pitch_deg is None or stride.pitch_deg is None:
        return "without a believable way"
    if CLIPPED in before.flags or CLIPPED in stride.flags:
        return "with a sensor at the end of its range"
    landed = before.path_m[-1] * [1, 0, 0]
    first = np.column_stack([100 * (before.path_m - landed), before.pitch_deg])
    second = np.column_stack([100 * stride.path_m, stride.pitch_deg])
    at_s = np.concatenate(
        [
            np.linspace(before.mid_stance_s, before.next_mid_stance_s, len(first))[:-1],
            np.linspace(stride.mid_stance_s, stride.next_mid_stance_s, len(second)),
        ]
    )
    values = np.concatenate([first[:-1], second])
    when = np.linspace(start_s, end_s, POINTS)
    foot = np.stack([np.interp(when, at_s, values[:, axis]) for axis in range(4)], axis=1)
    leaves = stride.final_contact_s
    toe_off = None if leaves is None else (leaves - start_s) / (end_s - start_s)
    return _Cycle(start_s, end_s, toe_off, FILLED in (*before.flags, *stride.flags), foot)


def _angles(leg: LegAngles, kept: Sequence[_Cycle]) -> tuple[dict[str, Curve], dict[str, str]]:
    """The leg's angles over these cycles, and why others are missing."""
    when_s = np.stack([np.linspace(cycle.start_s, cycle.end_s, POINTS) for cycle in kept])
    rows = {f"{name}_deg": leg.at(name, when_s) for name in leg.segments_deg}
    refused = {f"{name}_deg": why for name, why in leg.refused.items()}
    if "thigh_deg" in rows and "shank_deg" in rows:
        rows["knee_deg"] = rows["thigh_deg"] - rows["shank_deg"]
    if "shank_deg" in rows:
        rows["ankle_deg"] = np.stack([cycle.foot[:, 3] for cycle in kept]) - rows["shank_deg"]
    found: dict[str, Curve] = {}
    for name, values in rows.items():
        whole = values[np.isfinite(values).all(axis=1)]
        if len(whole) < LEAST_CYCLES:
            refused[name] = f"measured in {len(whole)} of {len(kept)} cycles, {LEAST_CYCLES} are needed"
        else:
            found[name] = _over(whole)
    return found, refused


def _over(values: Array) -> Curve:
    """Of cycles (k, 101)."""
    return Curve(values.mean(axis=0), values.std(axis=0, ddof=1), len(values))
