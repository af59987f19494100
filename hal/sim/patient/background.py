"""What the electrodes show without a pulse: resting noise, contraction, mains hum."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bank = NDArray[np.float32]
Array = NDArray[np.float64]
BANK_SAMPLES = 131_101
"""Length of a noise bank: a prime number, so that evenly spaced pulses do not meet the same noise again and again."""
MAINS_HZ = 50.0


def noise_bank(rng: np.random.Generator, rate_hz: float, channels: int, samples: int = BANK_SAMPLES) -> Bank:
    """Surface-EMG-like noise of unit RMS, float32 (samples, channels), that repeats without a seam.

    The spectrum rises to 30 Hz and falls beyond 450 Hz with soft shoulders, as surface EMG does.
    """
    hz = np.fft.rfftfreq(samples, 1 / rate_hz)
    gain = (hz / 30) ** 2 / (1 + (hz / 30) ** 2) / (1 + (hz / 450) ** 4)
    spectrum = rng.normal(size=(channels, hz.size, 2)) @ np.array([1.0, 1.0j])
    noise = np.fft.irfft(spectrum * gain, samples, axis=1)
    return np.ascontiguousarray((noise / noise.std(axis=1, keepdims=True)).T, dtype=np.float32)


def cut(bank: Bank, first: int, count: int) -> Bank:
    """`count` rows of an endless repetition of `bank`, from running index `first`."""
    start = first % len(bank)
    pieces = [bank[start : start + count]]
    missing = count - len(pieces[0])
    while missing > 0:
        pieces.append(bank[:missing])
        missing -= len(pieces[-1])
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)


def hum_uv(first_s: float, count: int, rate_hz: float, phases: Array) -> Bank:
    """Mains hum of unit RMS, float32 (count, channels), with the given phase per channel (rad)."""
    angle = 2 * np.pi * MAINS_HZ * (first_s + np.arange(count) / rate_hz)
    basis = np.stack((np.sin(angle), np.cos(angle)), axis=1).astype(np.float32)
    mix = np.sqrt(2) * np.stack((np.cos(phases), np.sin(phases))).astype(np.float32)
    return np.asarray(basis @ mix, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Contraction:
    """A voluntary contraction: from `start_s` to `end_s`, `rms_uv` on the channels (column indices) given."""

    start_s: float
    end_s: float
    rms_uv: float
    columns: tuple[int, ...]

    def level_uv(self, t_s: Array, channels: int) -> Bank:
        """RMS (uV) over time, float32 (n, channels)."""
        level = np.zeros((t_s.size, channels), dtype=np.float32)
        inside = (t_s >= self.start_s) & (t_s < self.end_s)
        level[:, list(self.columns)] = np.where(inside, self.rms_uv, 0.0)[:, None]
        return level
