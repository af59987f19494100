"""Side view and foot angle of a foot over the gait cycle, contact to contact, 0-100 %."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dsp.gait.model import Array, Side, Stride

POINTS = 101
LEAST_CYCLES = 3


@dataclass(frozen=True)
class Curve:
    """Mean and standard deviation (101,) over the cycles."""

    mean: Array
    sd: Array


@dataclass(frozen=True)
class SideCurves:
    """One foot over its straight cycles.

    The sensor's way forward and up from where it stands in the cycle's mid-stance (cm), to its left (cm), and the
    foot's angle against its angle at mid-stance, toes up positive (deg).
    """

    cycles: int
    forward_cm: Curve
    left_cm: Curve
    up_cm: Curve
    pitch_deg: Curve


def curves(strides: Sequence[Stride], side: Side) -> SideCurves | None:
    """Curves of one foot, or None with fewer than three straight cycles that have both contacts and a way."""
    own = [stride for stride in strides if stride.side == side]
    found = [cycle for before, stride in pairwise(own) if (cycle := _cycle(before, stride)) is not None]
    if len(found) < LEAST_CYCLES:
        return None
    every = np.stack(found)
    mean, sd = every.mean(axis=0), every.std(axis=0, ddof=1)
    return SideCurves(len(found), *(Curve(mean[:, axis], sd[:, axis]) for axis in range(4)))


def _cycle(before: Stride, stride: Stride) -> Array | None:
    """One cycle (101, 4): the end of one stride's way from its contact on, and the next one's up to its contact."""
    start, end = stride.initial_contact_s, stride.next_initial_contact_s
    if start is None or end is None or before.is_turn or stride.is_turn:
        return None
    if before.next_mid_stance_s != stride.mid_stance_s or before.stride_length_m is None:
        return None
    if before.path_m is None or stride.path_m is None or before.pitch_deg is None or stride.pitch_deg is None:
        return None
    first = np.column_stack([100 * (before.path_m - [before.stride_length_m, 0, 0]), before.pitch_deg])
    second = np.column_stack([100 * stride.path_m, stride.pitch_deg])
    at_s = np.concatenate(
        [
            np.linspace(before.mid_stance_s, before.next_mid_stance_s, len(first))[:-1],
            np.linspace(stride.mid_stance_s, stride.next_mid_stance_s, len(second)),
        ]
    )
    values = np.concatenate([first[:-1], second])
    when = np.linspace(start, end, POINTS)
    return np.stack([np.interp(when, at_s, values[:, axis]) for axis in range(4)], axis=1)
