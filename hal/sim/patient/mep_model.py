"""How large the next evoked response is: the statistical model of single-pulse responses, and its population.

One pulse at x %MSO gives a peak-to-peak amplitude

    V = n + 0.1 uV * 10 ** (e_y + p2 / (1 + p3 / d ** p4)),   d = max(x - p5 + e_x, 0)

with excitability noise e_x on the intensity axis (%MSO), pathway noise e_y (decades) and resting noise n of a
generalised extreme value distribution. Model and population: Goetz, Alavi, Deng, Peterchev 2019, IEEE Trans Neural
Syst Rehabil Eng 27:1539. Its parameters come from a hand muscle; for the leg none are published.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]

_HILL_MEAN = (3.6466, 0.42639, 1.66649)
_HILL_COVARIANCE = (
    (7.2027, 0.56974, -0.19746),
    (0.56974, 0.047426, -0.015113),
    (-0.19746, -0.015113, 0.0071071),
)
_NOISE_UNITS_MAX = 150.0
_SMALLEST_D_PCT_MSO = 1e-9
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(61)
_THRESHOLD_RANGE_PCT_MSO = (1.0, 400.0)
_THRESHOLD_STEP_PCT_MSO = 1e-3
_CROSSING_RANGE_PCT_MSO = (30.0, 100.0)


@dataclass(frozen=True, slots=True)
class Recruitment:
    """One muscle's curve and its three noises, as named in the module's equation.

    `gain` multiplies the whole intensity axis: 1.1 means that everything needs 10 % more stimulator output.
    """

    p2_decades: float
    p3: float
    p4: float
    p5_pct_mso: float
    sd_x_pct_mso: float
    sd_y_decades: float
    noise_uv: float
    noise_scale_uv: float
    noise_shape: float
    gain: float = 1.0

    def scaled(self, gain: float) -> "Recruitment":
        """The same curve with its intensity axis stretched by `gain`."""
        return replace(self, gain=self.gain * gain)

    def evoked_uv(self, intensity_pct_mso: Array | float, e_x: Array | float = 0.0, e_y: Array | float = 0.0) -> Array:
        """Evoked peak-to-peak amplitude (uV) without resting noise, for intensities in %MSO of any shape."""
        x = np.asarray(intensity_pct_mso, dtype=np.float64) / self.gain
        d = np.maximum(x - self.p5_pct_mso + e_x, _SMALLEST_D_PCT_MSO)
        return np.asarray(0.1 * 10 ** (e_y + self.p2_decades / (1 + self.p3 * d**-self.p4)))

    def resting_uv(self, quantile: Array | float) -> Array:
        """Resting peak-to-peak noise (uV) at quantiles in (0, 1), truncated as in the published model."""
        units = ((-np.log(quantile)) ** -self.noise_shape - 1) / self.noise_shape
        return np.asarray(self.noise_uv + self.noise_scale_uv * np.minimum(units, _NOISE_UNITS_MAX))

    def draw(self, intensity_pct_mso: Array | float, rng: np.random.Generator) -> tuple[Array, Array]:
        """Random (evoked, resting) peak-to-peak amplitudes in uV; their sum is V. Shapes follow the intensity."""
        shape = np.shape(intensity_pct_mso)
        e_x = rng.normal(0.0, self.sd_x_pct_mso, shape)
        e_y = rng.normal(0.0, self.sd_y_decades, shape)
        resting = self.resting_uv(rng.uniform(1e-12, 1.0, shape))
        return self.evoked_uv(intensity_pct_mso, e_x, e_y), resting

    def probability(self, intensity_pct_mso: float, criterion_uv: float) -> float:
        """P(V >= criterion) at one intensity: quadrature over e_x and n, closed form over e_y."""
        resting = self.resting_uv((np.arange(48) + 0.5) / 48)
        mean_decades = np.log10(self.evoked_uv(intensity_pct_mso, self.sd_x_pct_mso * _NODES) / 0.1)
        missing = np.maximum(criterion_uv - resting, 1e-12)
        z = (mean_decades[:, None] - np.log10(missing / 0.1)[None, :]) / self.sd_y_decades
        return float(_WEIGHTS @ ndtr(z).mean(axis=1) / _WEIGHTS.sum())

    def threshold_pct_mso(self, criterion_uv: float) -> float:
        """The true threshold: the intensity (%MSO) where P(V >= criterion) is one half, within 1..400, to 0.001."""
        low, high = _THRESHOLD_RANGE_PCT_MSO
        # Bisection by hand: scipy.optimize would take a third of the process's start.
        while high - low > _THRESHOLD_STEP_PCT_MSO:
            middle = (low + high) / 2
            low, high = (low, middle) if self.probability(middle, criterion_uv) >= 0.5 else (middle, high)
        return (low + high) / 2


def draw_recruitment(rng: np.random.Generator) -> Recruitment:
    """One member of the published population, candidates outside its acceptance rule drawn again."""
    while True:
        candidate = _candidate(rng)
        if _accepted(candidate, rng):
            return candidate


def _candidate(rng: np.random.Generator) -> Recruitment:
    log_p3, log_p4, log_p5 = rng.multivariate_normal(_HILL_MEAN, _HILL_COVARIANCE)
    return Recruitment(
        p2_decades=rng.normal(4.5323, 0.3552),
        p3=10**log_p3,
        p4=10**log_p4,
        p5_pct_mso=10**log_p5,
        sd_x_pct_mso=10 ** rng.normal(0.68827, 0.02367),
        sd_y_decades=10 ** rng.normal(-0.96453, 0.02276),
        noise_uv=1e6 * 10 ** rng.normal(-5.0818, 0.0598),
        noise_scale_uv=1.55 * 1.5 ** rng.normal(),
        noise_shape=0.14 * 2 ** rng.normal(),
    )


def _accepted(curve: Recruitment, rng: np.random.Generator) -> bool:
    low, high = curve.evoked_uv(np.array(_CROSSING_RANGE_PCT_MSO))
    if not low < 50.0 <= high:
        return False
    evoked, resting = curve.draw(np.linspace(20.0, 120.0, 300), rng)
    v = evoked + resting
    return bool(0.1 <= v.min() < 30.0 and 1000.0 < v.max() <= 30_000.0)
