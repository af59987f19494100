"""Frequencies of sway, and the two things a spectrum says of the path: its noise, and its low-passed form."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

NOISE_BAND_OF_NYQUIST = 0.6
"""Sway has nothing measurable in the upper part of the band; what is there is the instrument's noise."""


@dataclass(frozen=True)
class Spectrum:
    """Power of both axes over frequency: `hz` (k,), `power` (2, k) in cm2/Hz."""

    hz: Array
    power: Array

    @property
    def mean_hz(self) -> tuple[float, float]:
        """Mean power frequency of x and of y; NaN for an axis that does not move."""
        x, y = (_mean_hz(self.hz, power) for power in self.power)
        return x, y

    @property
    def joint_mean_hz(self) -> float:
        """The two mean frequencies weighted by the axes' power, as the authors of the BDS data publish it."""
        weights, means = self.power.sum(axis=1), np.array(self.mean_hz)
        moving = weights > 0
        return float(np.sum(weights[moving] * means[moving]) / weights.sum()) if moving.any() else math.nan

    def noise_density(self) -> float:
        """Power of the instrument's noise (cm2/Hz), both axes together, from the band where no sway is."""
        high = self.hz >= NOISE_BAND_OF_NYQUIST * self.hz[-1]
        return float(np.sum(np.mean(self.power[:, high], axis=1)))


def welch(x: Array, y: Array, rate_hz: float) -> Spectrum:
    """Welch's spectrum with three half-overlapping Hann segments of half the length, each without its mean.

    The settings of Duarte's `psd` (Biomechanics and Motor Control Laboratory, UFABC).
    """
    n = x.size
    length = math.ceil(n / 2)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    starts = range(0, n - length + 1, length - length // 2)
    power = np.zeros((2, length // 2 + 1))
    for start in starts:
        piece = np.stack((x, y))[:, start : start + length]
        piece = (piece - piece.mean(axis=1, keepdims=True)) * window
        power += np.abs(np.fft.rfft(piece, axis=1)) ** 2
    power *= 2.0 / (len(starts) * rate_hz * np.sum(window**2))
    power[:, 0] /= 2
    if length % 2 == 0:
        power[:, -1] /= 2
    return Spectrum(np.arange(power.shape[1], dtype=float) * (rate_hz / length), power)


def noise_speed_share(spectrum: Spectrum, rate_hz: float, lowpass_hz: float | None, mean_square_speed: float) -> float:
    """Which share of the mean square speed (cm2/s2) is white noise; path grows by about half of it while it is small.

    Noise of density S has the mean square speed 4 pi^2 S f^3 / 3 below a cut-off f; unfiltered, the differences of
    neighbouring samples have 2 S (rate / 2) rate^2.
    """
    density = spectrum.noise_density()
    noise = density * rate_hz**3
    if lowpass_hz is not None:
        noise = min(noise, density * 4 * math.pi**2 * lowpass_hz**3 / 3)
    return noise / mean_square_speed if mean_square_speed > 0 else 0.0


def _mean_hz(hz: Array, power: Array) -> float:
    total = float(np.trapezoid(power, hz))
    return float(np.trapezoid(hz * power, hz)) / total if total > 0 else math.nan
