"""Causal filters and a decimator for live traces: state is kept, so chunks give exactly what one call would.

For the eye only. A causal band-pass turns an artefact's tail into a deflection of hundreds of microvolts where a
response belongs; amplitudes and latencies come from the raw epoch (`dsp.mep`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, iirnotch, sosfilt, sosfilt_zi, tf2sos

Array = NDArray[np.float64]

BAND_HZ = (10.0, 500.0)
ORDER = 2
NOTCH_QUALITY = 30.0


class Cascade:
    """Second-order sections (k, 6) with state over (n, channels) chunks, started at the first sample's steady state."""

    def __init__(self, channels: int, sections: Array) -> None:
        self._channels = channels
        self._sections = sections
        self._settled = sosfilt_zi(sections)[:, :, None]
        self._state: Array | None = None

    def reset(self) -> None:
        """Forget the past; the next sample is taken as having been there for ever."""
        self._state = None

    def __call__(self, chunk: Array) -> Array:
        """Filter the next (n, channels) samples. Raises ValueError for another shape."""
        samples = np.asarray(chunk, dtype=float)
        if samples.ndim != 2 or samples.shape[1] != self._channels:
            raise ValueError(f"expected samples of shape (n, {self._channels}), got {samples.shape}")
        if samples.shape[0] == 0:
            return samples.copy()
        if self._state is None:
            self._state = self._settled * samples[0]
        filtered, self._state = sosfilt(self._sections, samples, axis=0, zi=self._state)
        return np.asarray(filtered)


class StreamFilter:
    """Band-pass, optionally with a mains notch, over (n, channels) chunks.

    Butterworth of order 2 (4 poles) from 10 to 500 Hz unless told otherwise, as second-order sections. It starts as if
    the first sample had been there for ever, so that an electrode offset does not make it swing for a second.
    """

    def __init__(
        self,
        channels: int,
        rate_hz: float,
        *,
        band_hz: tuple[float, float] = BAND_HZ,
        notch_hz: float | None = None,
    ) -> None:
        """Raises ValueError when the band does not fit below half the rate."""
        low, high = band_hz
        if channels < 1 or not 0 < low < high < rate_hz / 2:
            raise ValueError(f"need a channel or more and 0 < {low} < {high} < {rate_hz / 2} Hz (half the rate)")
        if notch_hz is not None and not 0 < notch_hz < rate_hz / 2:
            raise ValueError(f"a notch at {notch_hz} Hz does not fit below {rate_hz / 2} Hz (half the rate)")
        sections = [butter(ORDER, band_hz, "bandpass", fs=rate_hz, output="sos")]
        if notch_hz is not None:
            sections.append(tf2sos(*iirnotch(notch_hz, NOTCH_QUALITY, fs=rate_hz)))
        self._cascade = Cascade(channels, np.concatenate(sections))

    def reset(self) -> None:
        """Forget the past: call after a gap, and mark the gap in the record."""
        self._cascade.reset()

    def __call__(self, chunk_uv: Array) -> Array:
        """Filter the next (n, channels) samples; same shape and unit. Raises ValueError for another shape."""
        return self._cascade(chunk_uv)


@dataclass(frozen=True)
class Envelopes:
    """Smallest and largest value of each group of samples; both (k, channels)."""

    low: Array
    high: Array


class MinMaxDecimator:
    """Groups of `factor` samples to one (min, max) pair, so that no spike is lost between two columns of a screen."""

    def __init__(self, channels: int, factor: int) -> None:
        """Raises ValueError for less than one channel or a factor below 1."""
        if channels < 1 or factor < 1:
            raise ValueError(f"need a channel or more and a factor of 1 or more, got {channels} and {factor}")
        self.factor = factor
        self._left = np.empty((0, channels))

    def reset(self) -> None:
        """Drop an unfinished group, after a gap."""
        self._left = self._left[:0]

    def __call__(self, chunk: Array) -> Envelopes:
        """The pairs that (n, channels) further samples complete; the rest waits for the next chunk."""
        samples = np.concatenate([self._left, np.asarray(chunk, dtype=float)])
        groups = samples.shape[0] // self.factor
        whole = samples[: groups * self.factor].reshape(groups, self.factor, samples.shape[1])
        self._left = samples[groups * self.factor :].copy()
        return Envelopes(whole.min(axis=1), whole.max(axis=1))
