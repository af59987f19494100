"""The trial's variables from its strides.

Gait cycle: contact to next contact of the same foot. Stance: contact to toe-off. Step: contact of the other foot to
the contact of this one, named after the foot that lands. Double support: both feet down, initial after a foot's own
contact, terminal before its toe-off. Turns and strides with a missing number are left out of the mean of that number.

The first swing out of standing and the last one into it are about half as long as a stride and no part of walking
steadily: they are left out of all means, where three strides of the foot remain. Ten metres hold ten strides of a foot,
and the two would shorten their mean by up to 8 %.
"""

from collections.abc import Iterable, Sequence
from statistics import fmean, median, stdev

from dsp.gait.identities import broken
from dsp.gait.model import Side, SideSummary, Stride, Summary

# of the straight strides: where more have no length, those that have one are the slow ones
LEAST_MOVED = 0.5
LEAST_STEADY = 3
LONGEST_HOLE = 1.0  # of a stride: what lies between two strides for longer is standing
LONGEST_PHASE = 0.5  # of a stride: an event of the other foot further away belongs to another stride


def summarise(strides: Sequence[Stride], *, lasts_s: float = 0.0, common_clock: bool = True) -> Summary:
    """Means over straight strides of both feet in a recording of `lasts_s`.

    On two clocks nothing takes time from one foot to the other.
    """
    by_side: dict[Side, list[Stride]] = {"left": [], "right": []}
    for stride in strides:
        by_side[stride.side].append(stride)
    left, right = (
        _side(own, other if common_clock else [], lasts_s) if own else None
        for own, other in ((by_side["left"], by_side["right"]), (by_side["right"], by_side["left"]))
    )
    both = [side for side in (left, right) if side is not None]
    cycle = _mean(side.gait_cycle_s for side in both)
    speed = _mean(side.speed_m_s for side in both)
    double = _mean(_sum(s.initial_double_support_pct, s.terminal_double_support_pct) for s in both)
    stance, swing, single = (_pair(left, right, f"{name}_pct") for name in ("stance", "swing", "single_support"))
    steps = _step_times(by_side, lasts_s) if common_clock else (None, None)
    found = Summary(
        left,
        right,
        gait_cycle_s=cycle,
        step_frequency_per_min=None if cycle is None else 120.0 / cycle,
        speed_m_s=speed,
        double_support_pct=double,
        stance_ratio=_ratio(*stance),
        stance_index_pct=_index(*stance),
        swing_ratio=_ratio(*swing),
        swing_index_pct=_index(*swing),
        single_support_ratio=_ratio(*single),
        single_support_index_pct=_index(*single),
        step_time_ratio=_ratio(*steps),
        step_time_index_pct=_index(*steps),
    )
    return _checked(found)


def _side(own: list[Stride], other: list[Stride], lasts_s: float) -> SideSummary:
    found = [s for s in own if not s.is_turn]
    straight = steady(own, lasts_s)
    times = [s.stride_time_s for s in straight if s.stride_time_s is not None]
    cycle = _mean(times)
    phases = [p for s in straight if (p := _phases(s, other)) is not None]
    stance = _mean(100 * p[0] for p in phases)
    initial, terminal = _mean(100 * p[1] for p in phases), _mean(100 * p[2] for p in phases)
    if stance is None:
        stance = _mean(100 * x for s in straight if (x := _stance(s)) is not None)
    length = _mean(s.stride_length_m for s in straight)
    moved = [s for s in straight if s.stride_length_m is not None]
    if len(moved) < LEAST_MOVED * len(straight):
        length, moved = None, []
    lasted = [s.next_mid_stance_s - s.mid_stance_s for s in moved]
    step = _mean(x for s in straight if (x := _step_share(s, other)) is not None)
    return SideSummary(
        strides=len(found),
        turns=len(own) - len(found),
        at_ends=len(found) - len(straight),
        step_length_cm=None if step is None or length is None else 100 * step * length,
        stride_length_cm=None if length is None else 100 * length,
        gait_cycle_s=cycle,
        speed_m_s=sum(s.stride_length_m or 0.0 for s in moved) / sum(lasted) if moved else None,
        swing_pct=None if stance is None else 100 - stance,
        stance_pct=stance,
        initial_double_support_pct=initial,
        terminal_double_support_pct=terminal,
        single_support_pct=None
        if stance is None or initial is None or terminal is None
        else stance - initial - terminal,
        clearance_cm=_scaled(_mean(s.clearance_m for s in straight)),
        least_swing_height_cm=_scaled(_mean(s.least_swing_height_m for s in straight)),
        toe_off_angle_deg=_mean(s.toe_off_angle_deg for s in straight),
        strike_angle_deg=_mean(s.strike_angle_deg for s in straight),
        lateral_excursion_cm=_scaled(_mean(s.lateral_excursion_m for s in straight)),
        stride_time_sd_s=stdev(times) if len(times) > 1 else None,
    )


def steady(own: Sequence[Stride], lasts_s: float) -> list[Stride]:
    """The straight strides of one foot that neither begin nor end in standing; all straight ones where few remain.

    A recording of `lasts_s` that begins or ends in the middle of a walk has no standing there.
    """
    straight = [s for s in own if not s.is_turn]
    if not own:
        return straight
    edges_s = [0.0, *(t for s in own for t in (s.mid_stance_s, s.next_mid_stance_s)), lasts_s]
    stride_s = median(s.next_mid_stance_s - s.mid_stance_s for s in own)
    standing = [
        after - before > LONGEST_HOLE * stride_s for before, after in zip(edges_s[::2], edges_s[1::2], strict=True)
    ]
    walking = [s for s, before, after in zip(own, standing, standing[1:], strict=False) if not before and not after]
    walking = [s for s in walking if not s.is_turn]
    return walking if len(walking) >= LEAST_STEADY else straight


def _stance(stride: Stride) -> float | None:
    """Stance as a share of the stride."""
    if stride.stride_time_s is None or stride.initial_contact_s is None or stride.final_contact_s is None:
        return None
    return (stride.final_contact_s - stride.initial_contact_s) / stride.stride_time_s


def _phases(stride: Stride, other: list[Stride]) -> tuple[float, float, float] | None:
    """Stance, initial and terminal double support as shares of the stride."""
    stance, lasts = _stance(stride), stride.stride_time_s
    if stance is None or lasts is None or stride.initial_contact_s is None or stride.final_contact_s is None:
        return None
    leaves = _nearest((s.final_contact_s for s in other), stride.initial_contact_s, lasts)
    lands = _nearest((s.next_initial_contact_s for s in other), stride.final_contact_s, lasts)
    if leaves is None or lands is None:
        return None
    return stance, (leaves - stride.initial_contact_s) / lasts, (stride.final_contact_s - lands) / lasts


def _nearest(times: Iterable[float | None], to_s: float, lasts_s: float) -> float | None:
    known = [t for t in times if t is not None and abs(t - to_s) < LONGEST_PHASE * lasts_s]
    return min(known, key=lambda t: abs(t - to_s)) if known else None


def _step_share(stride: Stride, other: list[Stride]) -> float | None:
    """Time from the other foot's contact to the one that ends this stride, as a share of the stride."""
    start, end, lasts = stride.initial_contact_s, stride.next_initial_contact_s, stride.stride_time_s
    if start is None or end is None or lasts is None:
        return None
    between = [t for s in other if (t := s.next_initial_contact_s) is not None and start < t < end]
    return (end - between[0]) / lasts if len(between) == 1 else None


def _step_times(by_side: dict[Side, list[Stride]], lasts_s: float) -> tuple[float | None, float | None]:
    left, right = by_side["left"], by_side["right"]
    return _mean(_step_share(s, right) for s in steady(left, lasts_s)), _mean(
        _step_share(s, left) for s in steady(right, lasts_s)
    )


def _checked(summary: Summary) -> Summary:
    left, right = summary.left, summary.right
    rows: dict[str, float | None] = {}
    for name, side in (("left", left), ("right", right)):
        if side is not None:
            rows |= {f"swing_{name}_pct": side.swing_pct, f"stance_{name}_pct": side.stance_pct}
    lengths = [s.stride_length_cm for s in (left, right) if s is not None]
    length = _mean(None if x is None else x / 100 for x in lengths)
    sides = {key: value for key, value in rows.items() if value is not None}
    names = broken(
        **sides,
        stride_length_m=length,
        gait_cycle_s=summary.gait_cycle_s,
        speed_m_s=summary.speed_m_s,
        step_frequency_per_min=summary.step_frequency_per_min,
        double_support_pct=summary.double_support_pct,
    )
    return Summary(**(summary.__dict__ | {"identities": names}))


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b


def _scaled(metres: float | None) -> float | None:
    return None if metres is None else 100 * metres


def _pair(left: SideSummary | None, right: SideSummary | None, name: str) -> tuple[float | None, float | None]:
    return (getattr(left, name) if left else None, getattr(right, name) if right else None)


def _ratio(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None or max(left, right) <= 0 else min(left, right) / max(left, right)


def _index(left: float | None, right: float | None) -> float | None:
    return None if left is None or right is None or left + right == 0 else 200 * (left - right) / (left + right)
