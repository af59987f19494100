"""The hypotheses of the hunt: a grid over threshold, spread, scatter and unrest, with its prior.

The assumptions are wide on purpose: muscle, coil, stimulator and patient are not those of any published
population. Shares are relative to the threshold.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LOWEST_SHARE_OF_RANGE = 0.05


@dataclass(frozen=True, slots=True)
class Unrest:
    """How a threshold may move from pulse to pulse: a random walk and rare jumps, as shares.

    `belief` weighs the hypothesis for the estimate, `doubt` for the interval: who only wants to be right on
    average trusts a steady coil, who promises 95 % must not.
    """

    walk_sd: float
    jump_chance: float
    belief: float
    doubt: float


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is assumed before the first pulse.

    The spread (half-width from 16 to 84 % responses) is centred at 7.5 % of the threshold: 7 % in Awiszus
    2003 (Suppl Clin Neurophysiol 56:13), 7.5 % in the model of Goetz et al. 2019 (IEEE TNSRE 27:1539). The
    scatter is that of one response at a fixed intensity, in decades (`AmplitudeScale.straightened`).
    The threshold is expected a little below the start, where hotspot searches end; `start_doubt` is the
    share of belief that ignores the start, `amplitude_doubt` the share that ignores amplitudes. The
    interval takes large spreads to be likelier than the estimate does, by their power `noise_doubt`.
    """

    log_step: float = 0.016
    start_ratio: float = 0.90
    start_log_sd: float = 0.17
    start_doubt: float = 0.15
    spread_centre: float = 0.075
    spread_log_sd: float = 0.5
    spreads: tuple[float, ...] = (0.025, 0.04, 0.055, 0.075, 0.10, 0.14, 0.20)
    scatter_centre: float = 0.9
    scatter_log_sd: float = 0.5
    scatters: tuple[float, ...] = (0.35, 0.55, 0.8, 1.1, 1.6)
    amplitude_doubt: float = 0.08
    noise_doubt: float = 0.5
    lapse: float = 0.015
    jump_log_sd: float = 0.09
    unrest: tuple[Unrest, ...] = (
        Unrest(walk_sd=0.0, jump_chance=0.001, belief=0.94, doubt=0.20),
        Unrest(walk_sd=0.007, jump_chance=0.004, belief=0.04, doubt=0.20),
        Unrest(walk_sd=0.010, jump_chance=0.03, belief=0.02, doubt=0.60),
    )


@dataclass(frozen=True, slots=True)
class Grid:
    """Tables that all hunts over one range share; never written to.

    `theta_pct_mso` (n,) is log-spaced. `shape` is (unrest, spread, scatter + 1, threshold); the last scatter
    stands for "amplitudes tell nothing beyond hit or miss". `hyper` holds the prior of all but the threshold.
    """

    assumptions: Assumptions
    theta_pct_mso: Array
    log_theta: Array
    spread: Array
    scatter: Array
    hyper: Array
    jump_kernel: Array
    walk_kernels: tuple[Array, ...]

    def prior(self, start_pct_mso: float) -> Array:
        """Belief before the first pulse, shaped (unrest, spread, scatter + 1, threshold), sum 1."""
        a = self.assumptions
        expected = _bell(self.log_theta, math.log(start_pct_mso * a.start_ratio), a.start_log_sd)
        theta = (1.0 - a.start_doubt) * expected + a.start_doubt / len(expected)
        return np.asarray(self.hyper[..., None] * theta)


def _bell(at: Array, centre: float, sd: float) -> Array:
    weights = np.exp(-0.5 * ((at - centre) / sd) ** 2)
    return np.asarray(weights / weights.sum())


def _walk_kernel(sd_cells: float) -> Array:
    """A kernel of exactly that standard deviation: a chain of small three-point steps."""
    steps = max(1, math.ceil(2.0 * sd_cells**2))
    move = sd_cells**2 / steps / 2.0
    kernel = np.ones(1)
    for _ in range(steps if sd_cells > 0 else 0):
        kernel = np.convolve(kernel, [move, 1.0 - 2.0 * move, move])
    return kernel


def _jump_kernel(sd_cells: float) -> Array:
    reach = math.ceil(4.0 * sd_cells)
    return _bell(np.arange(-reach, reach + 1, dtype=float), 0.0, sd_cells)


@lru_cache(maxsize=8)
def grid_for(low_pct_mso: float, high_pct_mso: float, assumptions: Assumptions) -> Grid:
    """The grid for thresholds a hunt between `low_pct_mso` and `high_pct_mso` can meet, beyond both ends."""
    a = assumptions
    lowest = 0.6 * max(low_pct_mso, LOWEST_SHARE_OF_RANGE * high_pct_mso)
    cells = math.ceil(math.log(1.5 * high_pct_mso / lowest) / a.log_step) + 1
    log_theta = math.log(lowest) + a.log_step * np.arange(cells, dtype=np.float64)
    spread, scatter = np.array(a.spreads), np.array(a.scatters)
    spread_prior = _bell(np.log(spread), math.log(a.spread_centre), a.spread_log_sd)
    # The same excitability noise makes the spread and, through the slope of recruitment, the scatter.
    slope = a.scatter_centre / a.spread_centre
    graded = [_bell(np.log(scatter), math.log(slope * s), a.scatter_log_sd) for s in a.spreads]
    doubtful = np.full((len(spread), 1), a.amplitude_doubt)
    scatter_prior = np.hstack(((1.0 - a.amplitude_doubt) * np.array(graded), doubtful))
    belief = np.array([u.belief for u in a.unrest])
    return Grid(
        assumptions=a,
        theta_pct_mso=np.exp(log_theta),
        log_theta=log_theta,
        spread=spread,
        scatter=scatter,
        hyper=belief[:, None, None] * spread_prior[:, None] * scatter_prior,
        jump_kernel=_jump_kernel(a.jump_log_sd / a.log_step),
        walk_kernels=tuple(_walk_kernel(u.walk_sd / a.log_step) for u in a.unrest),
    )
