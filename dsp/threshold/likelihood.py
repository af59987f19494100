"""How probable one response is under every hypothesis of the grid.

Excitability varies on the intensity axis, and responses grow like a sigmoid in log amplitude: steadily from
the noise through the criterion, then ever more slowly towards a plateau (Goetz et al. 2019, IEEE TNSRE
27:1539). Straightened, they scatter evenly around a line. Resting noise has no slope and the plateau
differs between people, so an amplitude near the noise counts only as "small", one near the plateau only as
"large".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from dsp.threshold.grid import Array, Grid

_PLATEAU_DECADES = 1.8
_LARGE_DECADES = 1.5
_SHARE_SMALL = 0.7
_SHARE_LARGE = 0.3
_LAPSE_SMALL, _LAPSE_BETWEEN, _LAPSE_LARGE = 0.4, 0.3, 0.3
_FLOOR_GRAIN = 1.25
_CUT_OVER_FLOOR = 1.6
_LEAST_SHARE = 1e-3


def _straightened(decades: float) -> float:
    """Decades above the criterion, with the approach to the plateau (Goetz 2019, median) stretched out."""
    if decades <= 0:
        return decades
    return -_PLATEAU_DECADES * math.log1p(-min(decades, _LARGE_DECADES) / _PLATEAU_DECADES)


LARGE = _straightened(_LARGE_DECADES)


@dataclass(frozen=True, slots=True)
class AmplitudeScale:
    """Where the resting noise ends (`floor_uv`) and where amplitudes begin to carry information (`cut_uv`)."""

    criterion_uv: float
    floor_uv: float
    cut_uv: float

    @classmethod
    def from_amplitudes(cls, criterion_uv: float, amplitudes_uv: Sequence[float]) -> AmplitudeScale:
        """The scale that the amplitudes below the criterion suggest.

        The floor is a low order statistic (the second lowest at least, so that one dead trace does not set
        it), on a coarse geometric grid so that it seldom moves.
        """
        quiet = sorted(max(v, 1e-3) for v in amplitudes_uv if v < criterion_uv)
        if not quiet:
            return cls(criterion_uv, 0.15 * criterion_uv, 0.5 * criterion_uv)
        lowest = quiet[min(len(quiet) - 1, max(1, len(quiet) // 6))]
        grained = _FLOOR_GRAIN ** round(math.log(lowest, _FLOOR_GRAIN))
        floor = min(max(grained, 0.05 * criterion_uv), 0.4 * criterion_uv)
        cut = max(_CUT_OVER_FLOOR * grained, 0.25 * criterion_uv)
        return cls(criterion_uv, floor, min(cut, criterion_uv))

    def straightened(self, amplitude_uv: float) -> float:
        """Decades above the criterion, floor taken off, on a scale where responses scatter evenly."""
        share = (amplitude_uv - self.floor_uv) / (self.criterion_uv - self.floor_uv)
        return _straightened(math.log10(max(share, _LEAST_SHARE)))


def likelihood(grid: Grid, intensity_pct_mso: float, amplitude_uv: float, scale: AmplitudeScale) -> Array:
    """Likelihood of one trial, shaped (spread, scatter + 1, threshold), with lapses mixed in."""
    distance = (intensity_pct_mso / grid.theta_pct_mso - 1.0) / grid.spread[:, None]
    cut, z = scale.straightened(scale.cut_uv), scale.straightened(amplitude_uv)
    scatter = grid.scatter[:, None]
    out = np.empty((len(grid.spread), len(grid.scatter) + 1, len(grid.theta_pct_mso)))
    graded, binary = out[:, :-1], out[:, -1]
    ndtr(distance if z >= 0 else -distance, out=binary)
    if amplitude_uv < scale.cut_uv:
        ndtr(cut / scatter - distance[:, None, :], out=graded)
        binary *= _SHARE_SMALL if cut < 0 else 1.0
        lapse = _LAPSE_SMALL
    elif z >= LARGE:
        ndtr(distance[:, None, :] - LARGE / scatter, out=graded)
        binary *= _SHARE_LARGE
        lapse = _LAPSE_LARGE
    else:
        np.subtract(z / scatter, distance[:, None, :], out=graded)
        np.exp(-0.5 * graded**2, out=graded)
        graded /= math.sqrt(2.0 * math.pi) * scatter
        binary *= (1.0 - _SHARE_LARGE) / LARGE if z >= 0 else (1.0 - _SHARE_SMALL) / -cut
        lapse = _LAPSE_BETWEEN / (LARGE - cut)
    rate = grid.assumptions.lapse
    out *= 1.0 - rate
    out += rate * lapse
    return out
