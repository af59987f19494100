"""What the way of one stride looks like: clearance, excursion, and the foot's angle at its contacts."""

from dataclasses import replace

import numpy as np
from scipy.signal import find_peaks

from dsp.gait.model import Array, Stride
from dsp.gait.strapdown import rotate
from dsp.gait.ways import Paths


def pitches(ways: Paths, left: Array) -> Array:
    """Angle of the foot (k, m) in degrees against mid-stance, toes up positive; `left` (3,) is its axis."""
    level = left - ways.up * (ways.up @ left)[:, None]
    level /= np.linalg.norm(level, axis=1, keepdims=True)
    forward = np.cross(level, ways.up)
    pointing = rotate(ways.turn, forward[:, None])
    return np.asarray(np.degrees(np.arcsin(np.clip((pointing * ways.up[:, None]).sum(axis=2), -1, 1))))


def shaped(stride: Stride, path: Array, pitch_deg: Array) -> Stride:
    """The stride with its way (k, 3) and angle (k,), and what follows from them."""
    first, last = _at(stride, stride.final_contact_s, path), _at(stride, stride.next_initial_contact_s, path)
    return replace(
        stride,
        clearance_m=float(path[:, 2].max()),
        least_swing_height_m=None if first is None or last is None else _dip(path[first : last + 1, 2]),
        lateral_excursion_m=float(np.abs(path[:, 1]).max()),
        toe_off_angle_deg=None if first is None else float(pitch_deg[first]),
        strike_angle_deg=None if last is None else float(pitch_deg[last]),
        path_m=path,
        pitch_deg=pitch_deg,
    )


def _at(stride: Stride, time_s: float | None, path: Array) -> int | None:
    if time_s is None:
        return None
    share = (time_s - stride.mid_stance_s) / (stride.next_mid_stance_s - stride.mid_stance_s)
    return min(max(round(share * (len(path) - 1)), 0), len(path) - 1)


def _dip(height: Array) -> float | None:
    """The lowest point between the two highest tops of a swing, None where it has one top."""
    tops, _ = find_peaks(height, prominence=0.002)
    if tops.size < 2:
        return None
    a, b = sorted(tops[np.argsort(height[tops])[-2:]])
    return float(height[a : b + 1].min())
