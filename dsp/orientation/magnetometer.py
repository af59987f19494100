"""Calibration of a magnetometer: an ellipsoid through the raw samples, by a fit that a passing magnet does not bend.

The raw samples of a sensor turned every way lie on an ellipsoid: its centre is the hard iron, its shape the soft iron.
The start is the best of many small algebraic fits by the median of its residuals (least median of squares: Rousseeuw,
J Am Stat Assoc 79:871, 1984); then the whole again under Tukey's weights, by which a sample far off does not
count.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

FEWEST = 100
DRAWS, DRAWN = 500, 24
ROUNDS = 15
TUKEY = 4.7
RESIDUAL_LIMIT = 0.03
"""SD of the strength over its mean: under 3 % is common practice for a good calibration."""
COVERAGE_LIMIT = 0.4
"""A sweep over 47 % of the parts still gave 1 degree; a plane or a cone gives less than 40 %."""
CELLS_HIGH, CELLS_ROUND = 4, 8
SPOILT_LIMIT = 0.25
LARGEST_STRETCH = 2.0
"""Longest over shortest axis; soft iron on a circuit board stays well below."""
EARTH_FIELD_UT = (20.0, 70.0)
VALID_DAYS = 7
"""A calibration holds for the iron around the sensor: a choice of ours, to be confirmed by each clinic."""


@dataclass(frozen=True)
class MagnetometerFit:
    """A calibration. Whether it has become too old is the caller's to know.

    `hard_ut` (3,): the centre; `soft` (3, 3): symmetric, takes a centred sample to microtesla of the field `field_ut`.
    `residual` is the SD of the calibrated strength over its mean, among the samples that count; `coverage` the share of
    32 equal parts of the sphere that were visited; `spoilt` the share of samples that did not fit. `accepted` is false
    with the `reason`; `apply` works all the same, for looking at it.
    """

    hard_ut: Array
    soft: Array
    field_ut: float
    residual: float
    coverage: float
    spoilt: float
    accepted: bool
    reason: str

    def apply(self, raw_ut: Array) -> Array:
        """Calibrated field (n, 3) of raw samples (n, 3), in uT, in the sensor's axes."""
        return np.asarray((np.asarray(raw_ut, dtype=float) - self.hard_ut) @ self.soft.T)


def fit_magnetometer(raw_ut: Array) -> MagnetometerFit:
    """Fit raw samples (n, 3) in uT of a sensor that was turned every way. Raises ValueError for another shape."""
    raw = np.asarray(raw_ut, dtype=float)
    if raw.ndim != 2 or raw.shape[1] != 3:
        raise ValueError(f"expected samples of shape (n, 3), got {raw.shape}")
    raw = raw[np.isfinite(raw).all(axis=1)]
    if raw.shape[0] < FEWEST:
        return _none(f"too few samples: {raw.shape[0]}, at least {FEWEST} are needed")
    middle = np.median(raw, axis=0)
    scale = float(np.median(np.linalg.norm(raw - middle, axis=1)))
    if not scale > 0:
        return _none("the samples do not change: the sensor was not turned")
    points = (raw - middle) / scale
    start = _start(points)
    if start is None:
        return _none("no ellipsoid fits: the sensor was not turned enough, or a magnet was near all the time")
    centre, shape, weight = _refined(points, *start)
    stretch = np.linalg.eigvalsh(shape)
    soft = shape / np.cbrt(np.linalg.det(shape))
    hard = centre * scale + middle
    return _judged(raw, hard, soft, weight > 0, float(stretch[2] / stretch[0]))


def _judged(raw: Array, hard: Array, soft: Array, counted: NDArray[np.bool_], stretch: float) -> MagnetometerFit:
    calibrated = (raw - hard) @ soft.T
    strength = np.linalg.norm(calibrated, axis=1)
    field = float(np.mean(strength[counted]))
    residual = float(np.std(strength[counted]) / field)
    coverage, spoilt = _coverage(calibrated[counted]), 1.0 - float(np.mean(counted))
    doubts = [
        (residual > RESIDUAL_LIMIT, f"the strength still varies by {100 * residual:.1f} %"),
        (coverage < COVERAGE_LIMIT, f"only {100 * coverage:.0f} % of all directions were visited"),
        (spoilt > SPOILT_LIMIT, f"{100 * spoilt:.0f} % of the samples do not fit: a magnet or iron is near"),
        (stretch > LARGEST_STRETCH, "the ellipsoid is too long for a magnetometer"),
        (not EARTH_FIELD_UT[0] < field < EARTH_FIELD_UT[1], f"the field is {field:.3g} uT, not the earth's"),
    ]
    reasons = [text for wrong, text in doubts if wrong]
    return MagnetometerFit(
        hard, soft, field, residual, coverage, spoilt, not reasons, "; ".join(reasons) or "good calibration"
    )


def _start(points: Array) -> tuple[Array, Array] | None:
    """Centre and symmetric shape (unit sphere = |shape (p - centre)|) of the small fit with the least median miss."""
    rng = np.random.default_rng(0)
    terms = _terms(points)
    best, least = None, np.inf
    few = points[:: max(1, points.shape[0] // 500)]
    for _ in range(DRAWS):
        drawn = terms[rng.choice(points.shape[0], DRAWN, replace=False)]
        found = _ellipsoid(np.asarray(np.linalg.lstsq(drawn, np.ones(DRAWN), rcond=None)[0], dtype=float))
        if found is None:
            continue
        off = float(np.median(np.abs(np.linalg.norm((few - found[0]) @ found[1], axis=1) - 1)))
        off /= float(np.trace(found[1])) / 3  # as a distance: or the largest ellipsoid would always win
        if off < least:
            best, least = found, off
    return best


def _ellipsoid(v: Array) -> tuple[Array, Array] | None:
    """Centre and shape of the quadric v . terms = 1; None where it is no ellipsoid."""
    quadric = np.array([[v[0], v[3], v[4]], [v[3], v[1], v[5]], [v[4], v[5], v[2]]])
    if abs(float(np.linalg.det(quadric))) < 1e-9:
        return None
    centre = -np.linalg.solve(quadric, v[6:])
    values, vectors = np.linalg.eigh(quadric / (1 + centre @ quadric @ centre))
    if values[0] <= 1e-3 or values[2] / values[0] > LARGEST_STRETCH**2:
        return None
    return centre, np.asarray((vectors * np.sqrt(values)) @ vectors.T)


def _refined(points: Array, centre: Array, shape: Array) -> tuple[Array, Array, Array]:
    """Algebraic fit under Tukey's weights of the radial misses; centre, symmetric shape, and the last weights (n,).

    Algebraic and not geometric: over part of a sphere the latter runs away to ever larger ellipsoids.
    """
    terms, weight = _terms(points), np.ones(points.shape[0])
    for _ in range(ROUNDS):
        off = np.linalg.norm((points - centre) @ shape, axis=1) - 1
        spread = max(1.4826 * float(np.median(np.abs(off))), 1e-4)
        weight = np.clip(1 - (off / (TUKEY * spread)) ** 2, 0.0, None) ** 2
        root = np.sqrt(weight)
        found = _ellipsoid(np.asarray(np.linalg.lstsq(terms * root[:, None], root, rcond=None)[0], dtype=float))
        if found is None:
            break
        centre, shape = found
    return centre, shape, weight


def _terms(points: Array) -> Array:
    """What a quadric is linear in; (n, 9)."""
    x, y, z = points.T
    return np.asarray(np.stack([x * x, y * y, z * z, 2 * x * y, 2 * x * z, 2 * y * z, 2 * x, 2 * y, 2 * z], axis=1))


def _coverage(field: Array) -> float:
    """Share of the parts of the sphere, equal in area, that hold a sample."""
    unit = field / np.linalg.norm(field, axis=1)[:, None]
    high = np.minimum((unit[:, 2] + 1) / 2 * CELLS_HIGH, CELLS_HIGH - 1e-9).astype(int)
    angle = np.mod(np.arctan2(unit[:, 1], unit[:, 0]) / (2 * np.pi), 1.0)
    around = np.minimum(angle * CELLS_ROUND, CELLS_ROUND - 1e-9).astype(int)
    return float(np.unique(high * CELLS_ROUND + around).size / (CELLS_HIGH * CELLS_ROUND))


def _none(why: str) -> MagnetometerFit:
    return MagnetometerFit(np.zeros(3), np.eye(3), float("nan"), float("nan"), 0.0, 1.0, False, why)
