"""How far an analysis is from a recording's reference, in the figures that benchmarks of gait print."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.gait import Gait, Stride
from tests.helpers.walking_feet import Recording

Array = NDArray[np.float64]
CONTACT_S, MID_STANCE_S = 0.25, 0.4


@dataclass(frozen=True)
class Strides:
    """Reference strides found (share), and the errors of those: time s, length as a share."""

    found: float
    time_s: Array
    length: Array


def against_contacts(gait: Gait, recording: Recording) -> Strides:
    """Strides matched by both contacts."""
    pairs = []
    for true in recording.truth["strides"]:
        near = [s for s in gait.strides if s.side == true["foot"] and _both(s, true)]
        pairs.extend((s, true) for s in near[:1])
    times = [(s.stride_time_s or 0.0) - t["time_s"] for s, t in pairs]
    lengths = [s.stride_length_m / t["length_m"] - 1 for s, t in pairs if s.stride_length_m and "length_m" in t]
    return Strides(len(pairs) / len(recording.truth["strides"]), np.array(times), np.array(lengths))


def _both(stride: Stride, true: dict[str, float]) -> bool:
    first, last = stride.initial_contact_s, stride.next_initial_contact_s
    if first is None or last is None:
        return False
    return abs(first - true["ic0"]) < CONTACT_S and abs(last - true["ic1"]) < CONTACT_S


def against_mid_stances(gait: Gait, recording: Recording) -> Strides:
    """Strides matched by both moments of rest."""
    lengths = []
    for true in recording.truth["strides"]:
        near = [
            s.stride_length_m
            for s in gait.strides
            if s.side == true["foot"]
            and s.stride_length_m
            and abs(s.mid_stance_s - true["mid0"]) < MID_STANCE_S
            and abs(s.next_mid_stance_s - true["mid1"]) < MID_STANCE_S
        ]
        lengths.extend(length / true["length_m"] - 1 for length in near[:1])
    return Strides(len(lengths) / len(recording.truth["strides"]), np.zeros(0), np.array(lengths))


def event_errors(gait: Gait, recording: Recording, kind: str) -> tuple[Array, int, int]:
    """Errors in s of the events of a kind (`ic`, `tc`) that were found, how many there are, how many were given."""
    errors: list[float] = []
    count = given = 0
    name = {"ic": "next_initial_contact_s", "tc": "final_contact_s"}[kind]
    for side, events in recording.truth["events"].items():
        ours = np.array([t for s in gait.strides if s.side == side and (t := getattr(s, name)) is not None])
        given += ours.size
        for true in events[kind]:
            count += 1
            away = ours - true
            nearest = float(away[np.argmin(np.abs(away))]) if away.size else np.inf
            if abs(nearest) < CONTACT_S:
                errors.append(nearest)
    return np.array(errors), count, given


def double_support_s(recording: Recording) -> Sequence[float]:
    """True initial double supports: from a contact to the next toe-off of the other foot."""
    events = recording.truth["events"]
    found = []
    for own, other in (("left", "right"), ("right", "left")):
        for contact in events[own]["ic"]:
            after = [t - contact for t in events[other]["tc"] if 0 < t - contact < 0.5]
            found.extend(after[:1])
    return found
