"""Whole revolutions out of a crank's phase, over starts, stops and changes of direction."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from dsp.cycling.segment import Array

TURN = 2 * np.pi
BACK_RAD = np.radians(25.0)
"""Going back by less is a foot that rocks, not a change of direction."""
AWAY_RAD = np.radians(2.0)
"""A revolution begins when the crank has left its resting place, not while it waits there."""
NEARLY_RAD = np.radians(6.0)
"""A last turn that ends so little before the full circle was one."""
STANDING_RPM, STANDING_S = 3.0, 1.0
REST_RAD = np.radians(5.0)


@dataclass(frozen=True)
class Revolutions:
    """One entry a whole revolution, in order; times in s from the first sample.

    `end_s`, `start_s`, `cadence_rpm` (turned in between over the time in between, always positive), `direction` (1
    forward, -1 backward as the phase was given), `paused_s` (how much of the time the crank stood); (k,) each.
    `unfinished` are the parts of revolutions before stops of the record and changes of direction. `turned` (n,): how
    many revolutions the crank has turned so far, either way. `stop_s` (stops, 2): from when to when it stood.
    """

    start_s: Array
    end_s: Array
    cadence_rpm: Array
    direction: NDArray[np.int64]
    paused_s: Array
    unfinished: float
    turned: Array
    stop_s: Array


def revolutions(phase_rad: Array, rate_hz: float) -> Revolutions:
    """Cut the unwrapped phase (n,) into revolutions: a new count at the start and at each change of direction."""
    corners = _turning_points(phase_rad)
    rows: list[tuple[float, float, float, int]] = []
    unfinished = 0.0
    turned = np.zeros(phase_rad.size)
    for first, last in pairwise(corners):
        way = 1 if phase_rad[last] >= phase_rad[first] else -1
        travelled = np.maximum.accumulate(way * (phase_rad[first : last + 1] - phase_rad[first]))
        turned[first : last + 1] = turned[first] + travelled / TURN
        marks = _marks(float(travelled[-1]))
        # the first sample at which a mark is passed, and the straight line to it
        at = np.clip(np.searchsorted(travelled, marks), 1, travelled.size - 1)
        span = np.maximum(travelled[at] - travelled[at - 1], 1e-12)
        times = (first + at - 1 + np.clip((marks - travelled[at - 1]) / span, 0.0, 1.0)) / rate_hz
        rows += [
            (times[i], times[i + 1], 60.0 * (marks[i + 1] - marks[i]) / TURN / (times[i + 1] - times[i]), way)
            for i in range(marks.size - 1)
        ]
        unfinished += max(0.0, float(travelled[-1] - marks[-1])) / TURN
    stops = _stops(phase_rad, rate_hz)
    paused = [
        float(np.clip(np.minimum(stops[:, 1], row[1]) - np.maximum(stops[:, 0], row[0]), 0, None).sum()) for row in rows
    ]
    table = np.array(rows, dtype=float).reshape(-1, 4)
    return Revolutions(
        table[:, 0],
        table[:, 1],
        table[:, 2],
        table[:, 3].astype(np.int64),
        np.array(paused, dtype=float),
        unfinished,
        turned,
        stops,
    )


def _marks(travelled: float) -> Array:
    """Where revolutions begin and end on a way of `travelled` rad; one mark when there is no whole one."""
    start = min(AWAY_RAD, travelled)
    whole = int((travelled - start) // TURN)
    marks = start + TURN * np.arange(whole + 1)
    if travelled - marks[-1] >= TURN - NEARLY_RAD:
        marks = np.append(marks, travelled - min(AWAY_RAD, NEARLY_RAD / 2))
    return np.asarray(marks)


def _turning_points(phase_rad: Array) -> list[int]:
    """First sample, samples where the direction changes by more than BACK_RAD, last sample."""
    corners, extreme, way = [0], 0, 0
    values = phase_rad.tolist()
    for i, value in enumerate(values):
        moved = value - values[extreme]
        if way == 0:
            if abs(moved) > BACK_RAD:
                way, extreme = (1 if moved > 0 else -1), i
        elif moved * way >= 0:
            extreme = i
        elif -moved * way > BACK_RAD:
            corners.append(extreme)
            way, extreme = -way, i
    return [*corners, len(values) - 1]


def _stops(phase_rad: Array, rate_hz: float) -> Array:
    """When the crank moved less than at STANDING_RPM for STANDING_S or longer; (stops, 2) in s.

    The window that sees a stop reaches half a second into the movement on both sides; the stop itself lasts as long as
    the crank stays about the place where it came to rest.
    """
    half = max(1, round(STANDING_S * rate_hz / 2))
    padded = np.pad(phase_rad, half, mode="edge")
    moved = np.abs(padded[2 * half :] - padded[: -2 * half])
    slow = moved < STANDING_RPM / 60.0 * TURN * 2 * half / rate_hz
    edges = np.flatnonzero(np.diff(np.concatenate(([False], slow, [False])).astype(np.int8))).tolist()
    stops: list[tuple[float, float]] = []
    for begin, end in zip(edges[::2], edges[1::2], strict=True):
        first, last = _at_rest(phase_rad, begin, end)
        if last - first >= STANDING_S * rate_hz:
            stops.append((first / rate_hz, last / rate_hz))
    return np.array(stops, dtype=float).reshape(-1, 2)


def _at_rest(phase_rad: Array, begin: int, end: int) -> tuple[int, int]:
    """First sample, and one past the last, about the places of rest at both ends of a slow stretch."""
    first, last = begin, end
    while first > 0 and abs(phase_rad[first - 1] - phase_rad[begin]) <= REST_RAD:
        first -= 1
    while last < phase_rad.size and abs(phase_rad[last] - phase_rad[end - 1]) <= REST_RAD:
        last += 1
    return first, last
