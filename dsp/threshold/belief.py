"""What the trials say about the threshold: a filtered posterior on the grid, as an immutable value."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dsp.threshold.grid import Array, Grid
from dsp.threshold.likelihood import AmplitudeScale, likelihood


def _smeared(weights: Array, kernel: Array) -> Array:
    """Weights after a symmetric kernel along the last axis."""
    middle = len(kernel) // 2
    out = kernel[middle] * weights
    for shift in range(1, middle + 1):
        out[..., shift:] += kernel[middle + shift] * weights[..., :-shift]
        out[..., :-shift] += kernel[middle - shift] * weights[..., shift:]
    return np.asarray(out)


def _after_a_pause(grid: Grid, weights: Array) -> Array:
    """Belief one pulse later, before its response is seen: older trials count less where unrest is assumed."""
    out = np.empty_like(weights)
    for i, unrest in enumerate(grid.assumptions.unrest):
        landed = np.convolve(weights[i].sum(axis=(0, 1)), grid.jump_kernel, mode="same")
        share = weights[i].sum(axis=-1, keepdims=True)
        total = float(share.sum())
        jumped = unrest.jump_chance * share / total * landed if total > 0 else 0.0
        out[i] = _smeared((1.0 - unrest.jump_chance) * weights[i] + jumped, grid.walk_kernels[i])
    return out


@dataclass(frozen=True)
class Belief:
    """The posterior after some valid trials (intensity %MSO, amplitude uV)."""

    grid: Grid
    start_pct_mso: float
    scale: AmplitudeScale
    trials: tuple[tuple[float, float], ...]
    weights: Array

    @classmethod
    def before(cls, grid: Grid, start_pct_mso: float, criterion_uv: float) -> Belief:
        """The prior, before any pulse."""
        scale = AmplitudeScale.from_amplitudes(criterion_uv, ())
        return cls(grid, start_pct_mso, scale, (), grid.prior(start_pct_mso))

    def after(self, intensity_pct_mso: float, amplitude_uv: float) -> Belief:
        """The posterior with one more valid trial.

        Knowing the resting noise better changes what every earlier amplitude meant: then all are read again.
        """
        trials = (*self.trials, (intensity_pct_mso, amplitude_uv))
        scale = AmplitudeScale.from_amplitudes(self.scale.criterion_uv, [v for _, v in trials])
        if scale == self.scale:
            weights, unread = self.weights, trials[-1:]
        else:
            weights, unread = self.grid.prior(self.start_pct_mso), trials
        for i, (x, v) in enumerate(unread, start=len(trials) - len(unread)):
            moved = _after_a_pause(self.grid, weights) if i else weights
            moved = moved * likelihood(self.grid, x, v, scale)
            weights = moved / moved.sum()
        return Belief(self.grid, self.start_pct_mso, scale, trials, weights)

    @cached_property
    def _by_spread(self) -> Array:
        return np.asarray(self.weights.sum(axis=2))

    @cached_property
    def _by_unrest(self) -> Array:
        return np.asarray(self._by_spread.sum(axis=1))

    @cached_property
    def _doubtful(self) -> Array:
        """The threshold's distribution for one who expects unrest and noise, shaped (threshold,)."""
        a = self.grid.assumptions
        unrest = np.array([u.doubt / u.belief for u in a.unrest])
        noise = (self.grid.spread / a.spread_centre) ** a.noise_doubt
        weights = noise @ np.einsum("u,ust->st", unrest, self._by_spread)
        return np.asarray(weights / weights.sum())

    @cached_property
    def mean_pct_mso(self) -> float:
        """The expected threshold, %MSO (geometric mean)."""
        return float(np.exp(self._by_unrest.sum(axis=0) @ self.grid.log_theta))

    @cached_property
    def relative_sd(self) -> float:
        """The standard deviation of the threshold as a share of it."""
        p, at = self._by_unrest.sum(axis=0), self.grid.log_theta
        return float(np.sqrt(max(0.0, p @ at**2 - (p @ at) ** 2)))

    def interval_pct_mso(self, share: float = 0.95) -> tuple[float, float]:
        """Bounds (%MSO) that hold the threshold with probability `share`, unrest allowed for."""
        cumulative = np.cumsum(self._doubtful) - 0.5 * self._doubtful
        tails = [(1.0 - share) / 2.0, (1.0 + share) / 2.0]
        low, high = np.exp(np.interp(tails, cumulative, self.grid.log_theta))
        return float(low), float(high)

    def chance_above(self, intensity_pct_mso: float) -> float:
        """The probability that the threshold is above an intensity (%MSO)."""
        return float(self._doubtful[self.grid.theta_pct_mso > intensity_pct_mso].sum())

    def chance_moved(self) -> float:
        """The probability, from an even start, that the threshold moved during the hunt."""
        a = self.grid.assumptions
        evidence = self._by_unrest.sum(axis=1) / np.array([u.belief for u in a.unrest])
        return float(evidence[-1] / (evidence[0] + evidence[-1]))
