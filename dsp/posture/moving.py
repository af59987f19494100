"""What the three moving tasks share: a smooth track, a baseline, the first lasting departure from it."""

import math

import numpy as np
from numpy.typing import NDArray

from dsp.posture.lowpass import lowpass

Array = NDArray[np.float64]

BASELINE_S = 1.0
LASTING_S = 0.1
LOWPASS_HZ = 10.0
RESTLESS_CM, RESTLESS_PCT = 4.0, 20.0
"""In one second a very unsteady stander covers half of it."""


def smooth(values: Array, rate_hz: float, cutoff_hz: float = LOWPASS_HZ) -> Array:
    """Low-passed without delay, where the rate is high enough to need it."""
    return lowpass(values, rate_hz, cutoff_hz) if cutoff_hz < 0.45 * rate_hz else values


def baseline(n: int, rate_hz: float, cue: int) -> slice:
    """The second before the cue."""
    return slice(max(cue - round(BASELINE_S * rate_hz), 0), min(cue, n))


def refusal(tracks: tuple[Array, ...], rate_hz: float, cue: int, least_after_s: float) -> str | None:
    """Why these tracks cannot be a trial with this cue. Raises ValueError for shapes and a rate that cannot be."""
    if any(track.ndim != 1 or track.shape != tracks[0].shape for track in tracks):
        raise ValueError(f"expected equally long tracks (n,), got {[track.shape for track in tracks]}")
    if not (math.isfinite(rate_hz) and rate_hz > 0):
        raise ValueError(f"rate_hz must be positive, not {rate_hz}")
    n = tracks[0].size
    if not all(np.all(np.isfinite(track)) for track in tracks):
        return "missing samples: the trial has gaps; repeat it"
    if cue < 0.5 * BASELINE_S * rate_hz or cue >= n:
        return "too short: at least half a second of quiet standing before the cue is needed"
    if n - 1 - cue < least_after_s * rate_hz - 1e-6:
        return f"too short: {(n - 1 - cue) / rate_hz:.2f} s after the cue, {least_after_s:g} s are needed"
    return None


def restless(tracks: tuple[Array, ...], rate_hz: float, cue: int, most: float, unit: str) -> str | None:
    """Why the second before the cue is no rest to measure from: it covers more than `most` on a track."""
    before = baseline(tracks[0].size, rate_hz, cue)
    covered = max(float(np.ptp(smooth(track, rate_hz)[before])) for track in tracks)
    if covered > most:
        return (
            f"moving before the cue: over {covered:.1f} {unit} in the second before it; is the cue at the right time?"
        )
    return None


def first_lasting(above: NDArray[np.bool_], start: int, rate_hz: float, lasting_s: float = LASTING_S) -> int | None:
    """The first sample from `start` on where `above` begins to hold for `lasting_s`."""
    need = max(round(lasting_s * rate_hz), 1)
    runs = np.convolve(above[start:].astype(int), np.ones(need, dtype=int), mode="valid") == need
    found = np.flatnonzero(runs)
    return start + int(found[0]) if found.size else None
