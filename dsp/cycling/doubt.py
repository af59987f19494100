"""How far the knee angle may be off: by soft tissue, the ankle and the clocks, told by moving this very ride a little.

The zero of the angle takes the ankle's path for a circle. An ankle that bends with the crank makes it longer than wide,
and soft tissue swings with the crank: both leave a path that looks round from another zero. No sensor on the skin can
see that; but by how much either would move the zero can be worked out.
"""

from dataclasses import dataclass, replace

import numpy as np

from dsp.cycling.clocks import later
from dsp.cycling.linkage import Crank, Joints, crank
from dsp.cycling.segment import Array, Planar

TISSUE_DEG = 1.0
"""Swing of a strapped sensor against its bone that is taken for granted; half to twice of it is usual."""
OUT_OF_ROUND_M = 0.01
"""Half of how much longer than wide the ankle's path is taken to be: some degrees of a free ankle."""
SHIFT_MS = 5.0
FEW_POINTS = 400
SHORTEST_THIGH_M = 0.25


@dataclass(frozen=True)
class Doubt:
    """How far the zero may be off: `tissue_deg` by TISSUE_DEG on both segments, `ankle_deg` by OUT_OF_ROUND_M;
    `deg_per_ms` is by how much each ms of clock offset moves the angle.
    """

    tissue_deg: float
    ankle_deg: float
    deg_per_ms: float

    def zero_deg(self, clock_ms: float) -> float:
        """All of it together, with clocks that may be that far apart."""
        return float(np.hypot(np.hypot(self.tissue_deg, self.ankle_deg), clock_ms * self.deg_per_ms))


def doubt(thigh: Planar, shank: Planar, found: Joints, circle: Crank, rate_hz: float) -> Doubt:
    """Fit the circle again with each segment wobbled in and across the crank's phase, and with the clock shifted."""
    shifted = later(shank, SHIFT_MS, rate_hz)
    step = slice(None, None, max(1, circle.phase_rad.size // FEW_POINTS))
    thigh, shank, shifted, phase = thigh.rows(step), shank.rows(step), shifted.rows(step), circle.phase_rad[step]
    here = _bend_deg(thigh, shank, found, rate_hz)
    moved, bulged = [], []
    for wave in (np.cos(phase), np.sin(phase)):
        wobble = np.exp(1j * np.radians(TISSUE_DEG) * wave)
        moved.append(_bend_deg(replace(thigh, turned=thigh.turned * wobble), shank, found, rate_hz) - here)
        moved.append(_bend_deg(thigh, replace(shank, turned=shank.turned * wobble), found, rate_hz) - here)
    out = OUT_OF_ROUND_M / max(abs(found.knee_from_thigh_m - found.hip_from_thigh_m), SHORTEST_THIGH_M)
    for wave in (np.cos(2 * phase), np.sin(2 * phase)):
        bulged.append(_bend_deg(thigh, shank, found, rate_hz, out * wave) - here)
    off = _bend_deg(thigh, shifted, found, rate_hz) - here
    tissue_deg, ankle_deg = (float(np.hypot.reduce([np.mean(one) for one in ways])) for ways in (moved, bulged))
    return Doubt(tissue_deg, ankle_deg, float(np.abs(off).mean()) / SHIFT_MS)


def _bend_deg(thigh: Planar, shank: Planar, found: Joints, rate_hz: float, bulge: Array | None = None) -> Array:
    circle = crank(thigh, shank, found, rate_hz, bulge)
    return np.degrees(np.angle(shank.turned * circle.shank / (thigh.turned * circle.thigh)))
