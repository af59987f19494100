"""The shapes of what a pulse puts on an electrode: the evoked response of each muscle and the artefact."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
GRID_MS = 0.05
_GRID_LENGTH_MS = 60.0


@dataclass(frozen=True, slots=True)
class Lobe:
    """A half sine: `start_ms` after onset, `length_ms` long, `height` of either sign."""

    start_ms: float
    length_ms: float
    height: float


LATE_SECOND_PHASE = (Lobe(0.0, 8.0, 0.12), Lobe(5.0, 12.0, -0.5), Lobe(17.0, 11.0, 0.5))
"""Tibialis anterior: with an onset at 32 ms the larger second phase peaks past 50 ms, as it does in recordings."""
BIPHASIC = (Lobe(0.0, 8.0, 0.5), Lobe(7.0, 11.0, -0.5))
POLYPHASIC = (Lobe(0.0, 7.0, -0.3), Lobe(5.0, 9.0, 0.55), Lobe(12.0, 9.0, -0.45), Lobe(19.0, 9.0, 0.15))


def unit_response(lobes: tuple[Lobe, ...], stretch: float = 1.0) -> Array:
    """The response on a grid of `GRID_MS` from its onset, zero at both ends, scaled to a peak-to-peak of 1."""
    t_ms = np.arange(0.0, _GRID_LENGTH_MS, GRID_MS) / stretch
    wave = np.zeros_like(t_ms)
    for lobe in lobes:
        phase = (t_ms - lobe.start_ms) / lobe.length_ms
        wave += np.where((phase > 0) & (phase < 1), lobe.height * np.sin(np.pi * phase), 0.0)
    return np.asarray(wave / np.ptp(wave))


@dataclass(frozen=True, slots=True)
class Artefact:
    """What the pulse itself induces on one channel at 100 %MSO: a spike of about 1 ms and a decaying tail (uV, ms)."""

    spike_uv: float
    tail_uv: float
    tail_ms: float

    def at(self, t_ms: Array) -> Array:
        """The artefact (uV) at times after the pulse (ms); zero before it."""
        after = t_ms >= 0
        spike = np.where(after & (t_ms < 1.0), self.spike_uv * np.cos(2 * np.pi * np.maximum(t_ms, 0.0) / 1.0), 0.0)
        tail = np.where(after, self.tail_uv * np.exp(-np.maximum(t_ms, 0.0) / self.tail_ms), 0.0)
        return np.asarray(spike + tail)
