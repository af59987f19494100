"""A Boltzmann sigmoid over a floor, fitted to log amplitudes by robust least squares, and how well it is known."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.stats import t as student_t

Array = NDArray[np.float64]

SOFT_L1_SCALE = 0.5
"""Residuals of logs beyond it (a factor of 1.65) count by their size, not by its square."""
LEAST_UV = 0.1
LARGEST_PLATEAU_UV = 1e5
NARROWEST_K = 0.1
LARGEST_LOG = 700.0
STARTS = tuple((middle, width) for middle in (0.3, 0.5, 0.7) for width in (0.05, 0.15))


@dataclass(frozen=True)
class Estimate:
    """A value with the limits of its 95 % confidence interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Fit:
    """A fitted curve. `log_floor` and `log_plateau` are of uV, `s50` in %MSO, `log_k` of %MSO.

    `covariance` (4, 4) is of these four in this order, `residual_sd` the robust SD of the residuals of log amplitudes,
    `free` the degrees of freedom, `gain` by how much the AICc is below that of a constant.
    """

    log_floor: float
    log_plateau: float
    s50: float
    log_k: float
    covariance: Array
    residual_sd: float
    free: int
    gain: float

    @property
    def plateau(self) -> Estimate:
        """Above the floor, uV."""
        return self._of_log(self.log_plateau, (0.0, 1.0, 0.0, 0.0))

    @property
    def middle(self) -> Estimate:
        """Where half the plateau is reached, %MSO."""
        half = self._half_width((0.0, 0.0, 1.0, 0.0))
        return Estimate(self.s50, self.s50 - half, self.s50 + half)

    @property
    def width(self) -> Estimate:
        """The curve's k, %MSO."""
        return self._of_log(self.log_k, (0.0, 0.0, 0.0, 1.0))

    @property
    def slope(self) -> Estimate:
        """The steepest slope, plateau / 4k, in uV per %MSO."""
        return self._of_log(self.log_plateau - self.log_k - math.log(4.0), (0.0, 1.0, 0.0, -1.0))

    def share(self, at_pct_mso: float) -> float:
        """The part of the plateau that the curve reaches at an intensity."""
        exponent = (self.s50 - at_pct_mso) / math.exp(self.log_k)
        return 1.0 / (1.0 + math.exp(min(exponent, LARGEST_LOG)))

    def _of_log(self, value: float, weights: tuple[float, ...]) -> Estimate:
        half = self._half_width(weights)
        return Estimate(*(math.exp(min(x, LARGEST_LOG)) for x in (value, value - half, value + half)))

    def _half_width(self, weights: tuple[float, ...]) -> float:
        w = np.array(weights)
        return float(student_t.ppf(0.975, self.free)) * math.sqrt(max(float(w @ self.covariance @ w), 0.0))


def fit_boltzmann(at_pct_mso: Array, amplitude_uv: Array, largest_floor_uv: float) -> Fit:
    """Fit log(floor + plateau / (1 + exp((s50 - at) / k))) to log amplitudes (n,), n > 5, from several starts.

    Soft-L1 loss, so that a stray trial does not decide. The covariance is that of an M-estimator (Huber, Ann Stat
    1:799, 1973): asymptotic, so the intervals are a little narrow for few trials.
    """
    at = np.asarray(at_pct_mso, dtype=float)
    log_uv = np.log(np.maximum(np.asarray(amplitude_uv, dtype=float), LEAST_UV))
    span = max(float(np.ptp(at)), 1.0)
    lower = np.array([math.log(LEAST_UV), 0.0, at.min() - span, math.log(NARROWEST_K)])
    upper = np.array([math.log(largest_floor_uv), math.log(LARGEST_PLATEAU_UV), at.max() + span, math.log(span)])

    def residual(p: Array) -> Array:
        return np.asarray(_log_curve(p, at) - log_uv)

    def jacobian(p: Array) -> Array:
        return _jacobian(p, at)

    scale = np.array([1.0, 1.0, span / 5.0, 1.0])
    low, high = np.quantile(log_uv, [0.05, 0.95])
    made = []
    for middle, width in STARTS:
        start = np.clip([low, high, at.min() + middle * span, math.log(width * span)], lower, upper)
        made.append(
            least_squares(
                residual,
                start,
                jac=jacobian,
                bounds=(lower, upper),
                loss="soft_l1",
                f_scale=SOFT_L1_SCALE,
                x_scale=scale,
            )
        )
    best = min(made, key=lambda one: float(one.cost)).x
    free = at.size - best.size
    left = residual(best)
    weights = 1.0 / np.sqrt(1.0 + (left / SOFT_L1_SCALE) ** 2)
    sd = math.sqrt(float(np.sum((weights * left) ** 2)) / free) / float(np.mean(weights**3))
    j = jacobian(best)
    covariance = np.asarray(sd**2 * np.linalg.pinv(j.T @ j, rcond=1e-10), dtype=float)
    gain = _aicc(log_uv - np.median(log_uv), 1) - _aicc(left, best.size)
    log_floor, log_plateau, s50, log_k = (float(value) for value in best)
    return Fit(log_floor, log_plateau, s50, log_k, covariance, sd, free, gain)


def _log_curve(p: Array, at: Array) -> Array:
    return np.asarray(np.logaddexp(p[0], p[1] - np.logaddexp(0.0, (p[2] - at) / math.exp(p[3]))))


def _jacobian(p: Array, at: Array) -> Array:
    k = math.exp(p[3])
    z = (p[2] - at) / k
    rise = p[1] - np.logaddexp(0.0, z)
    share = np.exp(rise - np.logaddexp(p[0], rise))
    below = np.exp(z - np.logaddexp(0.0, z))
    return np.column_stack([1.0 - share, share, -share * below / k, share * below * z])


def _aicc(residuals: Array, parameters: int) -> float:
    """Akaike's criterion for small samples, of the soft-L1 cost."""
    n, count = residuals.size, parameters + 1
    cost = float(np.sum(np.sqrt(1.0 + (residuals / SOFT_L1_SCALE) ** 2) - 1.0))
    return n * math.log(max(cost, 1e-12) / n) + 2 * count + 2 * count * (count + 1) / (n - count - 1)
