"""The ground inside a drawn track: the exact area within the outer boundary of all its straight pieces.

The track is one connected drawing, so its outer boundary is one closed walk, and the area inside that walk is what the
drawing encloses. Crossings and touches are decided in whole numbers: the track is put on a grid of a billionth of its
extent, on which products of differences fit 64 bits, so that rounding never decides who touches whom. That the pieces
lie in a plane is then proven by Euler's formula, which a wrong order at any crossing would break.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from dsp.posture.crossings import Drawing, Whole, drawn

Array = NDArray[np.float64]

GRID_OF_EXTENT = 1e9


def outline_area_cm2(x: Array, y: Array, *, closed: bool = False) -> float | None:
    """Area (cm2) inside the track `x`, `y` (n,) in cm as a pen draws it; `closed` joins its last point to its first.

    0 for a track that encloses nothing. None where its pieces cross so often that it is noise and no sway. Takes up to
    some hundred milliseconds for 60 s at 100 Hz: never to be done between two pictures.
    """
    points, scale = _on_grid(x, y)
    if points.shape[0] < 3:
        return 0.0
    if closed:
        points = np.concatenate((points, points[:1]))
    drawing = drawn(points)
    if drawing is None:
        return None
    area = _outer_area(drawing)
    return None if area is None else area * scale**2


def _on_grid(x: Array, y: Array) -> tuple[Whole, float]:
    """The track (n, 2) in whole steps of a power of ten cm, so that rounded positions stay exact; the step."""
    extent = max(float(np.ptp(x)), float(np.ptp(y)))
    if not extent > 0:
        return np.zeros((1, 2), dtype=np.int64), 1.0
    scale = float(10.0 ** np.ceil(np.log10(extent / GRID_OF_EXTENT)))
    steps = np.rint(np.column_stack((x, y)) / scale).astype(np.int64)
    return steps - steps.min(axis=0) - (steps.max(axis=0) - steps.min(axis=0)) // 2, scale


def _outer_area(drawing: Drawing) -> float | None:
    """Area within the outer boundary, by walking round every face at once; None where the drawing is not plane."""
    edges = drawing.edges
    if edges.shape[0] < 3:
        return 0.0
    count = edges.shape[0]
    start = np.concatenate((edges[:, 0], edges[:, 1]))
    end = np.concatenate((edges[:, 1], edges[:, 0]))
    along = np.concatenate((drawing.directions, -drawing.directions)).astype(float)
    order = np.lexsort((np.arctan2(along[:, 1], along[:, 0]), start))
    # round each node the next way out clockwise: the one before in rising angle, the last one for the first
    firsts = np.flatnonzero(np.r_[True, np.diff(start[order]) != 0])
    before = np.arange(2 * count) - 1
    before[firsts] = np.r_[firsts[1:], 2 * count] - 1
    clockwise = np.empty(2 * count, dtype=np.int64)
    clockwise[order] = order[before]
    back = np.r_[np.arange(count, 2 * count), np.arange(count)]
    walk = coo_array((np.ones(2 * count), (np.arange(2 * count), clockwise[back])), shape=(2 * count, 2 * count))
    faces, face = connected_components(walk, directed=False)
    if firsts.size - count + faces != 2:
        return None
    place = drawing.places
    swept = place[start, 0] * place[end, 1] - place[end, 0] * place[start, 1]
    # the outer face is the one that is walked clockwise
    return 0.5 * abs(float(np.bincount(face, swept).min()))
