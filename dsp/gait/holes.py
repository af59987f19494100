"""Lost samples: which holes are filled, by what, and how wrong the filling may be.

A straight line through a hole misses the bump that the signal made in it. How high that may be, the slopes on both
sides of the hole tell: a cubic that goes on with them leaves the line by the hole's length times their difference over
8 (Hermite interpolation). So a hole in the stance, where both slopes are nothing, costs nothing, and the same hole at
a heel contact costs the stride its length.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dsp.gait.model import Array, Mask

Counts = NDArray[np.intp]

LONGEST_FILLED_S = 0.1  # longer, and a contact with its rebound fits in: nothing at the edges tells of it
LONGEST_UNSEEN_S = 0.03  # an event beside a longer hole is asked twice
BUMP_SHARE, BUMP_SD = 2 / 3, 3.0  # a parabola's mean over its height; that height is taken for three deviations


@dataclass(frozen=True)
class Holes:
    """Masks (n,): `cut` samples are never integrated across, `filled` ones are; `unseen` are those of holes that an
    event could hide in."""

    cut: Mask
    filled: Mask
    unseen: Mask


def runs(mask: Mask) -> list[tuple[int, int]]:
    """First and last + 1 of every stretch of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def find_holes(good: Mask, rate_hz: float) -> Holes:
    """Sort the lost samples by the length of their holes; one at an end of the recording has no other side."""
    cut, unseen = np.zeros(good.size, dtype=bool), np.zeros(good.size, dtype=bool)
    for start, end in runs(~good):
        lasts_s = (end - start) / rate_hz
        cut[start:end] = lasts_s > LONGEST_FILLED_S + 1e-9 or start == 0 or end == good.size
        unseen[start:end] = lasts_s > LONGEST_UNSEEN_S + 1e-9
    return Holes(cut, ~good & ~cut, unseen)


def fill(values: Array, good: Mask) -> Array:
    """Straight lines through the holes of (n, 3) values."""
    if good.all():
        return values
    at, known = np.arange(good.size), np.flatnonzero(good)
    return np.stack([np.interp(at, known, values[known, axis]) for axis in range(3)], axis=1)


@dataclass(frozen=True)
class _Edges:
    """Of every hole with two known samples on either side: the last known sample before it and the first after it
    (h,), the slopes there and of the line between them per sample (h, 3)."""

    before: Counts
    after: Counts
    early: Array
    line: Array
    late: Array


def _edges(values: Array, good: Mask) -> _Edges:
    known = np.flatnonzero(good)
    gap = np.diff(known)
    slope = np.diff(values[known], axis=0) / gap[:, None]
    at = np.flatnonzero(gap > 1)
    at = at[(at > 0) & (at + 2 < known.size)]
    return _Edges(known[at], known[at + 1], slope[at - 1], slope[at], slope[at + 1])


def bent(values: Array, good: Mask) -> Array:
    """The other way to fill (n, 3) values: cubics that go on with the slopes on both sides (Hermite)."""
    found, edges = values.copy(), _edges(values, good)
    for first, last, early, line, late in zip(
        edges.before, edges.after, edges.early, edges.line, edges.late, strict=True
    ):
        lasts = last - first
        u = (np.arange(1, lasts) / lasts)[:, None]
        found[first + 1 : last] = values[first] + lasts * (
            line * u + (early - line) * u * (1 - u) ** 2 - (late - line) * u**2 * (1 - u)
        )
    return found


def doubt(values: Array, good: Mask) -> Array:
    """SD (n,) of filled samples, nothing at the others.

    All samples of a hole err to one side: their SDs are such that independent errors would add up to the same.
    """
    found, edges = np.zeros(good.size), _edges(values, good)
    pairs = (edges.early, edges.late), (edges.early, edges.line), (edges.late, edges.line)
    bends = [np.linalg.norm(a - b, axis=1) for a, b in pairs]
    lasts = edges.after - edges.before
    each = lasts / 8 * np.max(bends, axis=0) * BUMP_SHARE / BUMP_SD * np.sqrt(lasts - 1)
    for first, last, sd in zip(edges.before, edges.after, each, strict=True):
        found[first + 1 : last] = sd
    return found
