"""Virtual subjects for threshold hunting, written from the equations of Goetz, Alavi, Deng, Peterchev 2019.

Model and population: IEEE Trans Neural Syst Rehabil Eng 27:1539 (2019). One pulse at x %MSO evokes

    V = n + 0.1 uV * 10 ** (e_y + p2 / (1 + p3 / d ** p4)),   d = max(x - p5 + e_x, 0)

with excitability noise e_x (%MSO), pathway noise e_y (decades) and generalised-extreme-value resting noise n.
The truth of a subject is the intensity where P(V >= criterion) = 0.5, found by quadrature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

Array = NDArray[np.float64]

_HILL_MEAN = np.array([3.6466, 0.42639, 1.66649])
_HILL_COVARIANCE = np.array(
    [
        [7.2027, 0.56974, -0.19746],
        [0.56974, 0.047426, -0.015113],
        [-0.19746, -0.015113, 0.0071071],
    ]
)
_NOISE_TRUNCATION = 150.0
_TINY_PCT_MSO = 1e-9


@dataclass(frozen=True)
class Muscle:
    """The parameters of one virtual muscle; amplitudes in uV, intensities in %MSO, `sd_y` and `p2` in decades."""

    p2: float
    p3: float
    p4: float
    p5: float
    sd_x: float
    sd_y: float
    noise_uv: float
    noise_scale_uv: float
    noise_shape: float
    gain: float = 1.0

    def decades(self, effective_pct_mso: Array) -> Array:
        """log10 of the evoked amplitude over 0.1 uV, without pathway noise."""
        d = np.maximum(effective_pct_mso - self.p5, _TINY_PCT_MSO)
        return np.asarray(self.p2 / (1.0 + self.p3 * d**-self.p4))

    def noise_free_uv(self, intensity_pct_mso: Array) -> Array:
        """The recruitment curve without any noise, uV."""
        return np.asarray(0.1 * 10 ** self.decades(intensity_pct_mso / self.gain))

    def resting_uv(self, uniform: Array) -> Array:
        """Quantiles of the resting noise, uV, truncated as in the original model."""
        k = self.noise_shape
        units = ((-np.log(uniform)) ** -k - 1.0) / k
        return np.asarray(self.noise_uv + self.noise_scale_uv * np.clip(units, -1 / k, _NOISE_TRUNCATION))

    def pulse_uv(self, intensity_pct_mso: float | Array, rng: np.random.Generator) -> Array:
        """Peak-to-peak amplitudes of single pulses, uV, shaped as `intensity_pct_mso`."""
        x = np.asarray(intensity_pct_mso, dtype=float) / self.gain
        e_x = rng.normal(0.0, self.sd_x, x.shape)
        e_y = rng.normal(0.0, self.sd_y, x.shape)
        noise = self.resting_uv(rng.uniform(size=x.shape))
        return np.maximum(noise + 0.1 * 10 ** (e_y + self.decades(x + e_x)), 0.1)

    def probability(self, intensity_pct_mso: float, criterion_uv: float) -> float:
        """P(V >= criterion) at one intensity, by quadrature over the three noises."""
        nodes = np.linspace(-5.0, 5.0, 161)
        weights = np.exp(-0.5 * nodes**2)
        noise = self.resting_uv((np.arange(48) + 0.5) / 48)
        need = criterion_uv - noise
        decades = self.decades(intensity_pct_mso / self.gain + self.sd_x * nodes)
        needed_decades = np.log10(np.maximum(need, 1e-6) / 0.1)
        p = np.where(need[:, None] <= 0, 1.0, ndtr((decades[None, :] - needed_decades[:, None]) / self.sd_y))
        return float((p.mean(axis=0) * weights).sum() / weights.sum())

    def truth_pct_mso(self, criterion_uv: float = 50.0) -> float:
        """The intensity where P(V >= criterion) = 0.5, %MSO; raises ValueError when it lies outside 1..250."""
        return float(brentq(lambda x: self.probability(x, criterion_uv) - 0.5, 1.0, 250.0, xtol=1e-3))


def draw_candidate(rng: np.random.Generator) -> Muscle:
    """One candidate from the published population."""
    log_p3, log_p4, log_p5 = rng.multivariate_normal(_HILL_MEAN, _HILL_COVARIANCE)
    return Muscle(
        p2=rng.normal(4.5323, 0.3552),
        p3=10**log_p3,
        p4=10**log_p4,
        p5=10**log_p5,
        sd_x=10 ** rng.normal(0.68827, 0.02367),
        sd_y=10 ** rng.normal(-0.96453, 0.02276),
        noise_uv=1e6 * 10 ** rng.normal(-5.0818, 0.0598),
        noise_scale_uv=1.55 * 1.5 ** rng.normal(),
        noise_shape=0.14 * 2 ** rng.normal(),
    )


def is_plausible(muscle: Muscle, rng: np.random.Generator) -> bool:
    """The published acceptance rule for a candidate."""
    crossing = muscle.noise_free_uv(np.array([30.0, 100.0]))
    if not crossing[0] < 50.0 <= crossing[1]:
        return False
    v = muscle.pulse_uv(np.linspace(20.0, 120.0, 300), rng)
    return bool(v.min() < 30.0 and v.max() > 1000.0 and v.min() >= 0.1 and v.max() <= 30_000.0)


def draw_muscle(rng: np.random.Generator) -> Muscle:
    """One accepted member of the population."""
    while True:
        candidate = draw_candidate(rng)
        if is_plausible(candidate, rng):
            return candidate


Walk = Callable[[np.random.Generator, int], Array]


def steady(_rng: np.random.Generator, pulses: int) -> Array:
    """A threshold that stays put: factor 1 at every pulse."""
    return np.ones(pulses)


@dataclass(frozen=True)
class World:
    """A condition: how muscle, trials, start and time differ from the published population."""

    name: str
    change: Callable[[Muscle], Muscle] = lambda muscle: muscle
    walk: Walk = steady
    lapse: float = 0.0
    criterion_uv: float = 50.0
    start_over_truth: tuple[float, float] = (0.90, 1.40)
    truth_range_pct_mso: tuple[float, float] = (5.0, 98.0)


@dataclass
class Subject:
    """One virtual subject in one world: `start_pct_mso`, the truth at each pulse and the noise to come."""

    muscle: Muscle
    world: World
    start_pct_mso: float
    truth_pct_mso: Array
    rng: np.random.Generator = field(repr=False)

    def pulse_uv(self, index: int, intensity_pct_mso: float) -> float:
        """Peak-to-peak amplitude of pulse `index`, uV."""
        factor = self.truth_pct_mso[index] / self.truth_pct_mso[0]
        moved = replace(self.muscle, gain=self.muscle.gain * factor)
        v = float(moved.pulse_uv(intensity_pct_mso, self.rng))
        wrong, noise, strength = self.rng.uniform(size=3)
        if wrong >= self.world.lapse:
            return v
        if v >= self.world.criterion_uv:
            return max(0.1, float(self.muscle.resting_uv(np.asarray(noise))))
        return float(self.world.criterion_uv * 10 ** (1.3 * strength))


def draw_subject(world: World, seed: int, index: int, pulses: int = 80) -> Subject:
    """Subject `index` of a world; the same seed and index give the same person and noise for every method."""
    rng = np.random.default_rng([seed, index])
    lowest, highest = world.truth_range_pct_mso
    while True:
        muscle = world.change(draw_muscle(rng))
        truth = muscle.truth_pct_mso(world.criterion_uv)
        if lowest <= truth <= highest:
            break
    path = truth * world.walk(rng, pulses)
    start = 5.0 * round(truth * rng.uniform(*world.start_over_truth) / 5.0)
    return Subject(muscle, world, float(np.clip(start, 5.0, 100.0)), path, rng)


def _noisier(factor: float) -> Callable[[Muscle], Muscle]:
    return lambda m: replace(m, sd_x=m.sd_x * factor, sd_y=m.sd_y * factor)


def _coil(factor: float) -> Callable[[Muscle], Muscle]:
    return lambda m: replace(m, gain=factor)


def _small(m: Muscle) -> Muscle:
    return replace(m, p2=3.45 + 0.15 * (m.p2 - 4.5323))


def _resting(factor: float) -> Callable[[Muscle], Muscle]:
    return lambda m: replace(m, noise_uv=m.noise_uv * factor, noise_scale_uv=m.noise_scale_uv * factor)


def _spasm(m: Muscle) -> Muscle:
    return replace(m, noise_scale_uv=m.noise_scale_uv * 3.0, noise_shape=max(m.noise_shape, 0.4))


def _trend(total: float, over: int) -> Walk:
    def walk(rng: np.random.Generator, pulses: int) -> Array:
        slope = rng.choice([-1.0, 1.0]) * total / over
        return np.asarray(np.exp(slope * np.minimum(np.arange(pulses), over)))

    return walk


def _random_walk(sd: float) -> Walk:
    def walk(rng: np.random.Generator, pulses: int) -> Array:
        return np.asarray(np.exp(np.cumsum(rng.normal(0.0, sd, pulses)) * (np.arange(pulses) > 0)))

    return walk


def _wander(sd: float, memory: float) -> Walk:
    def walk(rng: np.random.Generator, pulses: int) -> Array:
        keep = np.exp(-1.0 / memory)
        level = np.empty(pulses)
        level[0] = rng.normal(0.0, sd)
        for i in range(1, pulses):
            level[i] = keep * level[i - 1] + rng.normal(0.0, sd * np.sqrt(1 - keep**2))
        return np.asarray(np.exp(level - level[0]))

    return walk


def _slip(smallest: float, largest: float, window: tuple[int, int]) -> Walk:
    def walk(rng: np.random.Generator, pulses: int) -> Array:
        size = rng.choice([-1.0, 1.0]) * rng.uniform(smallest, largest)
        return np.where(np.arange(pulses) < rng.integers(*window), 1.0, np.exp(size))

    return walk


WORLDS = {
    world.name: world
    for world in (
        World("field"),
        World("loose", change=_noisier(1.6)),
        World("very loose", change=_noisier(2.2)),
        World("tight", change=_noisier(0.6)),
        World("low", change=_coil(0.55)),
        World("high", change=_coil(1.30)),
        World("lapse", lapse=0.04),
        World("small", change=_small),
        World("noisy rest", change=_resting(2.5)),
        World("quiet rest", change=_resting(0.4)),
        World("spasms", change=_spasm),
        World("100 uV", criterion_uv=100.0),
        World("blind start", start_over_truth=(0.5, 1.8)),
        World("trend", walk=_trend(0.12, 30)),
        World("walk", walk=_random_walk(0.006)),
        World("wander", walk=_wander(0.04, 12.0)),
        World("slip", walk=_slip(0.05, 0.15, (4, 18))),
        World("all at once", change=_noisier(1.4), walk=_random_walk(0.006), lapse=0.03),
    )
}
