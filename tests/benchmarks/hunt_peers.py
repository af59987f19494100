"""Published ways to hunt a threshold, written from their descriptions, to stand beside ours.

All share one shape: `next_intensity()`, `record(intensity, amplitude)`, `rmt_pct_mso`. They work in whole %MSO from
1 to 100 and take the start (%MSO) and the criterion (uV).
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

Array = NDArray[np.float64]
LOWEST, HIGHEST = 1.0, 100.0


class Hunt(Protocol):
    """What the benchmark asks of a method."""

    def next_intensity(self) -> float: ...

    def record(self, intensity_pct_mso: float, amplitude_uv: float) -> None: ...

    @property
    def rmt_pct_mso(self) -> float: ...


def _on_device(intensity_pct_mso: float) -> float:
    return float(np.clip(round(intensity_pct_mso), LOWEST, HIGHEST))


class MlePest:
    """Maximum likelihood with a spread of 7 % of the threshold (Awiszus 2003, MTAT)."""

    _theta = np.arange(0.2, 130.1, 0.2)

    def __init__(self, start_pct_mso: float, criterion_uv: float) -> None:
        self._criterion_uv = criterion_uv
        self._next = start_pct_mso
        self._score = self._of(0.0, hit=False) + self._of(130.2, hit=True)

    def _of(self, x: float, *, hit: bool) -> Array:
        u = (x - self._theta) / (0.07 * self._theta)
        return np.asarray(log_ndtr(u if hit else -u))

    def next_intensity(self) -> float:
        return _on_device(self._next)

    def record(self, intensity_pct_mso: float, amplitude_uv: float) -> None:
        self._score = self._score + self._of(intensity_pct_mso, hit=amplitude_uv >= self._criterion_uv)
        best = self._theta[self._score >= self._score.max() - 1e-9]
        self._next = float(best.mean())

    @property
    def rmt_pct_mso(self) -> float:
        return self._next


class RootFinding:
    """Stochastic approximation, harmonic gain at reversals (Wang, Peterchev, Goetz 2023, J Neural Eng 20:056002).

    Digital (`gain` %MSO, hit or miss) is DCS-HA; analog (`gain` %MSO a decade of amplitude) is ACS-HA.
    """

    def __init__(self, start_pct_mso: float, criterion_uv: float, *, gain: float, analog: bool) -> None:
        self._criterion_uv = criterion_uv
        self._next = start_pct_mso
        self._gain, self._analog = gain, analog
        self._reversals = 0
        self._was_hit: bool | None = None

    def next_intensity(self) -> float:
        return _on_device(self._next)

    def record(self, intensity_pct_mso: float, amplitude_uv: float) -> None:
        hit = amplitude_uv >= self._criterion_uv
        self._reversals += self._was_hit is not None and hit != self._was_hit
        self._was_hit = hit
        error = float(np.log10(amplitude_uv / self._criterion_uv)) if self._analog else (1.0 if hit else -1.0)
        moved = self._next - self._gain / (1 + self._reversals) * error
        self._next = float(np.clip(moved, LOWEST, HIGHEST))

    @property
    def rmt_pct_mso(self) -> float:
        return self._next


class KontsevichTyler:
    """Bayesian with unknown spread (Kontsevich, Tyler 1999, Vision Res 39:2729), wide prior, minimum entropy."""

    _theta = np.exp(np.arange(np.log(15.0), np.log(130.0), 0.01))
    _spread = np.exp(np.linspace(np.log(0.03), np.log(0.20), 10))
    _x = np.arange(LOWEST, HIGHEST + 1)
    _hit = ndtr((_x[:, None, None] / _theta - 1.0) / _spread[:, None])

    def __init__(self, start_pct_mso: float, criterion_uv: float, *, at_mean: bool = False) -> None:
        self._criterion_uv = criterion_uv
        self._start, self._at_mean = start_pct_mso, at_mean
        self._any = False
        self._p = np.full(self._hit.shape[1:], 1.0 / self._hit[0].size)

    def next_intensity(self) -> float:
        if not self._any:
            return _on_device(self._start)
        if self._at_mean:
            return _on_device(self.rmt_pct_mso)
        near = np.abs(self._x - self.rmt_pct_mso) <= 25.0
        return float(self._x[near][np.argmin(self._expected_entropy(self._hit[near]))])

    def _expected_entropy(self, hit: Array) -> Array:
        """Expected entropy of the posterior per candidate intensity, shaped (k,), up to a constant."""
        p_hit = np.einsum("kst,st->k", hit, self._p)
        log_p = np.log(np.maximum(self._p, 1e-300))
        both = 0.0
        for like, chance in ((hit, p_hit), (1.0 - hit, 1.0 - p_hit)):
            joint = np.maximum(like, 1e-12)
            both = both - np.einsum("kst,kst,st->k", joint, np.log(joint) + log_p, self._p)
            both = both + chance * np.log(np.maximum(chance, 1e-300))
        return np.asarray(both)

    def record(self, intensity_pct_mso: float, amplitude_uv: float) -> None:
        hit = self._hit[int(intensity_pct_mso) - 1]
        self._p = self._p * (hit if amplitude_uv >= self._criterion_uv else 1.0 - hit)
        self._p = self._p / self._p.sum()
        self._any = True

    @property
    def rmt_pct_mso(self) -> float:
        return float(self._p.sum(axis=0) @ self._theta)


class FiveOfTen:
    """Relative frequency: down in 1 %MSO steps from the start, the last level with 5 of 10 (IFCN)."""

    def __init__(self, start_pct_mso: float, criterion_uv: float) -> None:
        self._criterion_uv = criterion_uv
        self._level = start_pct_mso
        self._passed = start_pct_mso
        self._hits = self._misses = 0
        self.done = False

    def next_intensity(self) -> float:
        return self._level

    def record(self, intensity_pct_mso: float, amplitude_uv: float) -> None:
        if self.done:
            return
        hit = amplitude_uv >= self._criterion_uv
        self._hits, self._misses = self._hits + hit, self._misses + (not hit)
        if self._hits == 5:
            self._passed = intensity_pct_mso
            self._level = max(LOWEST, intensity_pct_mso - 1.0)
            self._hits = self._misses = 0
        elif self._misses == 6:
            self.done = True

    @property
    def rmt_pct_mso(self) -> float:
        return self._passed
