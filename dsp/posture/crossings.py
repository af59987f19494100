"""A drawn track cut at every point where two of its pieces meet, decided in whole numbers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cmp_to_key, partial
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

MOST_PAIRS, MOST_CUTS = 50_000_000, 4_000_000
PAIRS_AT_ONCE = 1_000_000
TIED = 1e-11
"""Shares of a piece that lie this close are compared as exact fractions: rounding is a thousand times smaller."""


@dataclass(frozen=True)
class Drawing:
    """`places` (nodes, 2) of corners and crossings; `edges` (e, 2) between neighbouring nodes, each once; `directions`
    (e, 2) of the edges' pieces, exact, from the first node to the second.
    """

    places: Array
    edges: Whole
    directions: Whole


@dataclass(frozen=True)
class _Cuts:
    """Cuts of pieces: which piece (k,), how far along it as `above` / `below` (k,), and at which node (k,)."""

    piece: Whole
    above: Whole
    below: Whole
    node: Whole

    @property
    def share(self) -> Array:
        """How far along its piece each cut lies, 0 to 1."""
        return self.above / self.below

    def rows(self, chosen: Whole) -> "_Cuts":
        """Some of the cuts, in that order."""
        return _Cuts(self.piece[chosen], self.above[chosen], self.below[chosen], self.node[chosen])


def drawn(points: Whole) -> Drawing | None:
    """Cut the track through `points` (n, 2), whole numbers whose differences stay below 2^30.

    None where there are more pairs to look at, or more cuts, than a person's sway has.
    """
    points = points[np.r_[True, np.any(np.diff(points, axis=0) != 0, axis=1)]]
    corners, number = np.unique(points, axis=0, return_inverse=True)
    number = number.reshape(-1)
    # a stretch gone twice, either way, is one piece; corners are sorted, so each piece runs to the right, or up
    pieces = np.unique(np.sort(np.column_stack((number[:-1], number[1:])), axis=1), axis=0)
    cuts = _all_cuts(corners, pieces)
    if cuts is None:
        return None
    cuts = _one_node_a_place(_in_order(cuts))
    return _as_edges(corners, pieces, cuts)


def _all_cuts(corners: Whole, pieces: Whole) -> _Cuts | None:
    """Ends, touches and crossings of all pieces. A crossing's node is numbered after the corners."""
    start, along = corners[pieces[:, 0]], corners[pieces[:, 1]] - corners[pieces[:, 0]]
    numbers, ones = np.arange(pieces.shape[0]), np.ones(pieces.shape[0], dtype=np.int64)
    found = [
        _Cuts(numbers, np.zeros_like(ones), ones, pieces[:, 0]),
        _Cuts(numbers, ones, ones, pieces[:, 1]),
    ]
    if _pairs_to_look_at(corners, pieces) > MOST_PAIRS:
        return None
    nodes, total = corners.shape[0], 0
    for i, j in _near_pairs(corners, pieces):
        crossing, at_i, at_j = _crossings(start, along, i, j)
        new = np.arange(nodes, nodes + crossing.size)
        nodes += crossing.size
        found += [_Cuts(i[crossing], *at_i, new), _Cuts(j[crossing], *at_j, new)]
        for one, other in ((i, j), (j, i)):
            found += [_touches(corners, start, along, one, pieces[other, end]) for end in (0, 1)]
        total += sum(cuts.node.size for cuts in found[-6:])
        if total > MOST_CUTS:
            return None
    return _Cuts(
        *(np.concatenate([getattr(cuts, key) for cuts in found]) for key in ("piece", "above", "below", "node"))
    )


def _near_pairs(corners: Whole, pieces: Whole) -> Iterator[tuple[Whole, Whole]]:
    """Pairs of pieces whose boxes meet, a block at a time. Pieces are sorted by their left ends."""
    left, right = corners[pieces[:, 0], 0], corners[pieces[:, 1], 0]
    low, high = (function(corners[pieces[:, 0], 1], corners[pieces[:, 1], 1]) for function in (np.minimum, np.maximum))
    last = np.searchsorted(left, right, side="right")
    width = last - np.arange(left.size) - 1
    done = 0
    while done < left.size:
        upto = max(int(np.searchsorted(np.cumsum(width[done:]), PAIRS_AT_ONCE, side="right")), 1) + done
        block = width[done:upto]
        i = np.repeat(np.arange(done, upto), block)
        j = i + 1 + np.arange(i.size) - np.repeat(np.cumsum(block) - block, block)
        meet = (low[i] <= high[j]) & (low[j] <= high[i])
        yield i[meet], j[meet]
        done = upto


def _pairs_to_look_at(corners: Whole, pieces: Whole) -> int:
    left, right = corners[pieces[:, 0], 0], corners[pieces[:, 1], 0]
    return int(np.sum(np.searchsorted(left, right, side="right") - np.arange(left.size) - 1))


def _crossings(
    start: Whole, along: Whole, i: Whole, j: Whole
) -> tuple[Whole, tuple[Whole, Whole], tuple[Whole, Whole]]:
    """Which of the pairs cross inside both pieces, and how far along each (above, below)."""
    apart, d_i, d_j = start[j] - start[i], along[i], along[j]
    begin_i, end_i = _cross(apart, d_j), _cross(apart - d_i, d_j)
    begin_j, end_j = _cross(apart, d_i), _cross(apart + d_j, d_i)
    both = np.flatnonzero((np.sign(begin_i) * np.sign(end_i) < 0) & (np.sign(begin_j) * np.sign(end_j) < 0))
    at_i, at_j = (
        (np.abs(begin[both]), np.abs(begin[both] - end[both])) for begin, end in ((begin_i, end_i), (begin_j, end_j))
    )
    return both, at_i, at_j


def _touches(corners: Whole, start: Whole, along: Whole, piece: Whole, corner: Whole) -> _Cuts:
    """Corners that lie on the inside of a piece."""
    apart, whole = corners[corner] - start[piece], along[piece]
    # along the longer side of the piece's box the share is a fraction of whole numbers
    longer = (np.abs(whole[:, 1]) > np.abs(whole[:, 0])).astype(int)
    rows = np.arange(piece.size)
    above, below = apart[rows, longer], whole[rows, longer]
    above, below = above * np.sign(below), np.abs(below)
    on = np.flatnonzero((_cross(apart, whole) == 0) & (above > 0) & (above < below))
    return _Cuts(piece[on], above[on], below[on], corner[on])


def _cross(a: Whole, b: Whole) -> Whole:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _in_order(cuts: _Cuts) -> _Cuts:
    """Each piece's cuts from its start to its end, a node once."""
    once = np.unique(np.column_stack((cuts.piece, cuts.node)), axis=0, return_index=True)[1]
    cuts = cuts.rows(once)
    order = np.lexsort((cuts.share, cuts.piece))
    near = _neighbours_tie(cuts.rows(order))
    further = cmp_to_key(partial(_exactly, cuts))
    for run in _runs(near):
        order[run] = sorted(order[run].tolist(), key=further)
    return cuts.rows(order)


def _one_node_a_place(cuts: _Cuts) -> _Cuts:
    """Where three pieces meet in one point, the nodes of their pairs become one."""
    near = np.flatnonzero(_neighbours_tie(cuts))
    same = [row for row in near.tolist() if _exactly(cuts, row, row + 1) == 0]
    if not same:
        return cuts
    rows = np.array(same)
    nodes = int(cuts.node.max()) + 1
    links = coo_array((np.ones(rows.size), (cuts.node[rows], cuts.node[rows + 1])), shape=(nodes, nodes))
    group = connected_components(links, directed=False)[1]
    # every group is called by its lowest member: a corner where there is one
    lowest = np.full(int(group.max()) + 1, nodes)
    np.minimum.at(lowest, group, np.arange(nodes))
    return _Cuts(cuts.piece, cuts.above, cuts.below, lowest[group[cuts.node]])


def _exactly(cuts: _Cuts, one: int, other: int) -> int:
    """Positive where cut `one` lies further than `other`, 0 where they coincide; in numbers that never overflow."""
    return int(cuts.above[one]) * int(cuts.below[other]) - int(cuts.above[other]) * int(cuts.below[one])


def _neighbours_tie(cuts: _Cuts) -> NDArray[np.bool_]:
    """Whether a cut and the next one (k - 1,) lie on one piece and too close for floating point."""
    return np.asarray((np.diff(cuts.piece) == 0) & (np.diff(cuts.share) <= TIED))


def _runs(near: NDArray[np.bool_]) -> Iterator[slice]:
    """Stretches of cuts that tie one with the next."""
    at = np.flatnonzero(near).tolist()
    for _, members in groupby(enumerate(at), key=lambda pair: pair[1] - pair[0]):
        run = [row for _, row in members]
        yield slice(run[0], run[-1] + 2)


def _as_edges(corners: Whole, pieces: Whole, cuts: _Cuts) -> Drawing:
    start, along = corners[pieces[:, 0]], corners[pieces[:, 1]] - corners[pieces[:, 0]]
    places = np.zeros((int(cuts.node.max(initial=-1)) + 1, 2))
    places[cuts.node] = start[cuts.piece] + cuts.share[:, None] * along[cuts.piece]
    rows = np.flatnonzero((np.diff(cuts.piece) == 0) & (np.diff(cuts.node) != 0))
    ends, ways = np.column_stack((cuts.node[rows], cuts.node[rows + 1])), along[cuts.piece[rows]]
    turned = ends[:, 0] > ends[:, 1]
    ends[turned], ways[turned] = ends[turned][:, ::-1], -ways[turned]
    edges, first = np.unique(ends, axis=0, return_index=True)
    return Drawing(places, edges, ways[first])
