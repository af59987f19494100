"""How much ground a track of the centre of pressure covers: three definitions that must never be mixed."""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull
from scipy.special import fdtri

Array = NDArray[np.float64]

SECTORS = 120
OUTLINE_RATE_HZ = 100.0
ELLIPSE_SHARE = 0.95
THINNEST = 1e-9
"""A spread under this share of the larger one is a line, which has no area."""


def sector_area_cm2(x: Array, y: Array, rate_hz: float, sectors: int = SECTORS) -> float:
    """Area (cm2) inside the farthest points of `sectors` equal sectors about the mean, joined in order of their angle.

    Sectors without a point are passed over. A track slower than 100 Hz is filled up along its straight pieces first,
    because few samples leave sectors empty and cut the outline short.
    """
    if is_line(x, y):
        return 0.0
    middle_x, middle_y = float(np.mean(x)), float(np.mean(y))
    between = math.ceil(OUTLINE_RATE_HZ / rate_hz - 1e-9)
    if between > 1:
        fine = np.arange((x.size - 1) * between + 1) / between
        x, y = np.interp(fine, np.arange(x.size), x), np.interp(fine, np.arange(y.size), y)
    dx, dy = x - middle_x, y - middle_y
    distance = np.hypot(dx, dy)
    sector = np.floor((np.arctan2(dy, dx) + np.pi) / (2 * np.pi) * sectors).astype(int) % sectors
    order = np.lexsort((distance, sector))
    last = np.append(np.flatnonzero(np.diff(sector[order])), order.size - 1)
    outline = order[last]
    return polygon_area_cm2(dx[outline], dy[outline])


def hull_area_cm2(x: Array, y: Array) -> float:
    """Area (cm2) of the convex hull; 0 for a line or a point."""
    return 0.0 if is_line(x, y) else float(ConvexHull(np.column_stack((x, y))).volume)


def ellipse_area_cm2(x: Array, y: Array, share: float = ELLIPSE_SHARE) -> float:
    """Area (cm2) of the ellipse that holds the next sample with probability `share`.

    The F form for a covariance over n - 1 (Chew, J Am Stat Assoc 61:605, 1966; Schubert and Kirchner, Gait Posture
    39:518, 2014). It is a prediction ellipse, often called confidence ellipse in error.
    """
    n = x.size
    quantile = float(fdtri(2, n - 2, share))
    det = 0.0 if is_line(x, y) else max(float(np.linalg.det(np.cov(x, y))), 0.0)
    return math.pi * math.sqrt(det) * quantile * 2 * (n - 1) * (n + 1) / (n * (n - 2))


def principal_axes(x: Array, y: Array) -> tuple[float, float, float]:
    """RMS along the larger and the smaller axis of sway (cm), and the larger one's direction (degrees).

    The direction is counted from the right towards the front, in [0, 180).
    """
    values, vectors = np.linalg.eigh(np.cov(x, y, ddof=0))
    major = vectors[:, 1]
    angle = math.degrees(math.atan2(major[1], major[0])) % 180.0
    return math.sqrt(max(values[1], 0.0)), math.sqrt(max(values[0], 0.0)), angle


def is_line(x: Array, y: Array) -> bool:
    """Whether the points lie on one straight line, within rounding."""
    if x.size < 3:
        return True
    larger, smaller = np.linalg.svd(np.column_stack((x - x.mean(), y - y.mean())), compute_uv=False)
    return bool(smaller <= THINNEST * larger)


def polygon_area_cm2(x: Array, y: Array) -> float:
    """Area of a polygon from its corners in order."""
    return float(0.5 * abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))
