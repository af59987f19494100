"""Modelled evoked responses with exactly known onset and amplitude, on any background.

Three shapes, because no single one is the truth: `gamma` (a sine under a gamma envelope, leaves the baseline with a
quadratic), `units` (a volley of motor unit potentials whose arrivals are dispersed, leaves it very softly) and `sine`
(leaves it with a corner). The onset is the instant from which the model is no longer exactly zero, except for `units`,
where it is the start of the earliest potential.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

Array = NDArray[np.float64]
Shape = Literal["gamma", "units", "sine"]
SHAPES: tuple[Shape, ...] = ("gamma", "units", "sine")


@dataclass(frozen=True)
class Modelled:
    """One epoch (uV) with what is true of it; `onset_ms` is None for a blank."""

    epoch_uv: Array
    rate_hz: float
    trigger_index: int
    onset_ms: float | None
    amplitude_uv: float


def response(
    t_ms: Array, *, onset_ms: float, amplitude_uv: float, shape: Shape, rng: np.random.Generator, stretch: float = 1.0
) -> Array:
    """The noise-free response (uV) at the times `t_ms` after the pulse, scaled to a peak-to-peak of `amplitude_uv`.

    The scale comes from a fine grid, so the true amplitude does not depend on where the samples fall.
    """
    fine = np.arange(0.0, 80.0, 0.02)
    state = rng.bit_generator.state
    unit = _unit(fine, shape, rng, stretch)
    rng.bit_generator.state = state
    wave = _unit(t_ms - onset_ms, shape, rng, stretch)
    return np.asarray(wave * (amplitude_uv / np.ptp(unit)))


def _unit(t_ms: Array, shape: Shape, rng: np.random.Generator, stretch: float) -> Array:
    sign = rng.choice([-1.0, 1.0])
    if shape == "units":
        arrivals = np.sort(rng.gamma(3.0, 1.1 * stretch, 40))
        arrivals -= arrivals[0]
        sizes = rng.lognormal(0.0, 0.5, arrivals.size)
        widths = rng.uniform(1.2, 2.0, arrivals.size) * stretch
        potentials = [
            size * _unit_potential((t_ms - arrival) / width)
            for arrival, size, width in zip(arrivals, sizes, widths, strict=True)
        ]
        return np.asarray(sign * np.sum(potentials, axis=0))
    x = np.maximum(t_ms, 0.0) / stretch
    period = rng.uniform(15.0, 24.0)
    if shape == "sine":
        cut = x < period
        return np.asarray(
            sign * np.where(cut, np.sin(2 * np.pi * x / period), 0.0) * np.where(x < period / 2, 0.8, 1.0)
        )
    decay = rng.uniform(3.5, 6.0)
    return np.asarray(sign * x * np.exp(-x / decay) * np.sin(2 * np.pi * x / period))


def _unit_potential(x: Array) -> Array:
    """A motor unit potential at the electrode: second difference of a travelling source, zero before it starts."""
    z = np.maximum(x, 0.0)
    return np.asarray(z**2 * (3.0 - z) * np.exp(-1.2 * z))


def artefact(t_ms: Array, *, peak_uv: float, tail_uv: float, tail_ms: float) -> Array:
    """A 1 ms biphasic spike at the pulse and an exponential tail behind it, uV."""
    spike = np.where((t_ms >= 0) & (t_ms < 0.5), peak_uv, 0.0) - np.where((t_ms >= 0.5) & (t_ms < 1.0), peak_uv, 0.0)
    return np.asarray(spike + np.where(t_ms >= 0, tail_uv * np.exp(-np.maximum(t_ms, 0.0) / tail_ms), 0.0))


def muscle_noise(n: int, rate_hz: float, rms_uv: float, rng: np.random.Generator) -> Array:
    """Noise (n,) of the given RMS with the band of surface EMG, 20 Hz to 400 Hz."""
    sos = butter(2, (20.0, min(400.0, 0.45 * rate_hz)), "bandpass", fs=rate_hz, output="sos")
    noise = sosfilt(sos, rng.standard_normal(n + int(0.2 * rate_hz)))[-n:]
    return np.asarray(noise * (rms_uv / noise.std()))


def hum(n: int, rate_hz: float, rms_uv: float, mains_hz: float, rng: np.random.Generator) -> Array:
    """Mains hum (n,) with a weak third and fifth harmonic."""
    t = np.arange(n) / rate_hz
    parts = [
        level * np.sin(2 * np.pi * order * mains_hz * t + rng.uniform(0, 2 * np.pi))
        for order, level in ((1, 1.0), (3, 0.05), (5, 0.05))
    ]
    return np.asarray(np.sum(parts, axis=0) * rms_uv * np.sqrt(2))


def epoch(
    background_uv: Array,
    rate_hz: float,
    trigger_index: int,
    rng: np.random.Generator,
    *,
    onset_ms: float | None,
    amplitude_uv: float = 0.0,
    shape: Shape = "gamma",
    artefact_uv: float = 0.0,
    tail_uv: float = 0.0,
    tail_ms: float = 2.0,
) -> Modelled:
    """Put a response (or none) and an artefact on a background (n,)."""
    t_ms = (np.arange(background_uv.size) - trigger_index) * 1000.0 / rate_hz
    trace = background_uv + artefact(t_ms, peak_uv=artefact_uv, tail_uv=tail_uv, tail_ms=tail_ms)
    if onset_ms is not None:
        trace = trace + response(t_ms, onset_ms=onset_ms, amplitude_uv=amplitude_uv, shape=shape, rng=rng)
    return Modelled(trace, rate_hz, trigger_index, onset_ms, amplitude_uv if onset_ms is not None else 0.0)
