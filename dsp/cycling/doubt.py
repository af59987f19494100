"""How far the knee angle may be off: by soft tissue and by clocks, told by wobbling this very ride's numbers a little.

The zero of the angle takes the foot's path for a circle. What swings with the crank, as soft tissue does, leaves the
circle round and turns it; no sensor on the skin can see that. But by how much it would can be worked out.
"""

from dataclasses import dataclass, replace

import numpy as np

from dsp.cycling.clocks import later
from dsp.cycling.linkage import Crank, Joints, crank
from dsp.cycling.segment import Array, Planar

TISSUE_DEG = 1.0
"""Swing of a strapped sensor against its bone that is taken for granted; half to twice of it is usual."""
SHIFT_MS = 5.0
FEW_POINTS = 400


@dataclass(frozen=True)
class Doubt:
    """`tissue_deg`: how far the zero may be off by TISSUE_DEG on both segments; `deg_per_ms` of clock offset."""

    tissue_deg: float
    deg_per_ms: float


def doubt(thigh: Planar, shank: Planar, found: Joints, circle: Crank, rate_hz: float) -> Doubt:
    """Fit the circle again with each segment wobbled in and across the crank's phase, and with the clock shifted."""
    shifted = later(shank, SHIFT_MS, rate_hz)
    step = slice(None, None, max(1, circle.phase_rad.size // FEW_POINTS))
    thigh, shank, shifted, phase = _few(thigh, step), _few(shank, step), _few(shifted, step), circle.phase_rad[step]
    here = _bend_deg(thigh, shank, found, rate_hz)
    moved = []
    for wave in (np.cos(phase), np.sin(phase)):
        wobble = np.exp(1j * np.radians(TISSUE_DEG) * wave)
        moved.append(_bend_deg(replace(thigh, turned=thigh.turned * wobble), shank, found, rate_hz) - here)
        moved.append(_bend_deg(thigh, replace(shank, turned=shank.turned * wobble), found, rate_hz) - here)
    off = _bend_deg(thigh, shifted, found, rate_hz) - here
    return Doubt(float(np.hypot.reduce([np.mean(one) for one in moved])), float(np.abs(off).mean()) / SHIFT_MS)


def _bend_deg(thigh: Planar, shank: Planar, found: Joints, rate_hz: float) -> Array:
    circle = crank(thigh, shank, found, rate_hz)
    return np.degrees(np.angle(shank.turned * circle.shank / (thigh.turned * circle.thigh)))


def _few(segment: Planar, rows: slice) -> Planar:
    return Planar(segment.rate_rad_s[rows], segment.turned[rows], segment.accel_m_s2[rows], segment.planarity)
