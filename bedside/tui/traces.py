"""Live EMG as a bedside monitor draws it: new signal overwrites the old from left to right. numpy only, no screen."""

import base64
from math import ceil

import numpy as np
from numpy.typing import NDArray

from bedside.station.wire import Sweep, Wave

SCALES_UV = (50, 100, 200, 500, 1000, 2000, 5000, 10000)
RANGES_UV = (50, 100, 150, 200, 250, 300)
"""The six ranges of the cycling assessment's EMG."""
GAP_DOTS = 4
ARTEFACT_MS = 10.0


def decode(text: str, channels: int, uv_per_count: float) -> NDArray[np.float64]:
    """Base64 of little-endian int16, shape (n, channels), in uV; raises ValueError when it does not divide."""
    counts = np.frombuffer(base64.b64decode(text, validate=True), dtype="<i2")
    return counts.reshape(-1, channels).astype(np.float64) * uv_per_count


def scale_for(peak_uv: float) -> int:
    """The smallest step of the 1-2-5 ladder that holds `peak_uv`."""
    return next((step for step in SCALES_UV if peak_uv <= step), SCALES_UV[-1])


def emg_range_uv(presses: int) -> int:
    """The range after so many presses of the key, round and round."""
    return RANGES_UV[presses % len(RANGES_UV)]


class SweepBuffer:
    """Lowest and highest value per dot, shape (dots, channels), for `window_ms` of signal."""

    def __init__(self, dots: int, window_ms: float) -> None:
        self.dots = dots
        self.window_ms = window_ms
        self.channels: tuple[str, ...] = ()
        self.low_uv: NDArray[np.float64] = np.empty((dots, 0))
        self.high_uv: NDArray[np.float64] = np.empty((dots, 0))
        self.pulse: NDArray[np.bool_] = np.zeros(dots, dtype=bool)
        self._per_dot = 1
        self._column_ms = 0.0
        self._key = -1

    def take(self, wave: Wave) -> NDArray[np.int64]:
        """Add columns; returns the dots that changed, the blank gap ahead of the newest included."""
        if wave.channels != self.channels or wave.column_ms != self._column_ms:
            self._reset(wave)
        low = decode(wave.low, len(wave.channels), wave.uv_per_count)
        high = decode(wave.high, len(wave.channels), wave.uv_per_count)
        count = min(len(low), len(high), self.dots * self._per_dot)
        if count == 0:
            return np.empty(0, dtype=np.int64)
        first = wave.first_column + len(low) - count
        keys = (first + np.arange(count)) // self._per_dot
        starts = np.concatenate(([0], np.flatnonzero(np.diff(keys)) + 1))
        new_low = np.minimum.reduceat(low[-count:], starts)
        new_high = np.maximum.reduceat(high[-count:], starts)
        return self._store(keys[starts], new_low, new_high, wave)

    def _reset(self, wave: Wave) -> None:
        self.channels = wave.channels
        self._column_ms = wave.column_ms
        self._per_dot = max(round(self.window_ms / max(wave.column_ms, 1e-6) / self.dots), 1)
        shape = (self.dots, len(wave.channels))
        self.low_uv, self.high_uv = np.full(shape, np.nan), np.full(shape, np.nan)
        self.pulse = np.zeros(self.dots, dtype=bool)
        self._key = -1

    def _store(
        self, keys: NDArray[np.int64], low: NDArray[np.float64], high: NDArray[np.float64], wave: Wave
    ) -> NDArray[np.int64]:
        places = keys % self.dots
        if keys[0] == self._key:
            low[0] = np.fmin(low[0], self.low_uv[places[0]])
            high[0] = np.fmax(high[0], self.high_uv[places[0]])
        else:
            self.pulse[places[0]] = False
        self.low_uv[places], self.high_uv[places] = low, high
        self.pulse[places[1:]] = False
        self._key = int(keys[-1])
        gap = (keys[-1] + 1 + np.arange(min(GAP_DOTS, self.dots - len(keys)))) % self.dots
        self.low_uv[gap] = self.high_uv[gap] = np.nan
        self.pulse[gap] = False
        for column in wave.pulses:
            if keys[0] <= column // self._per_dot <= keys[-1]:
                self.pulse[column // self._per_dot % self.dots] = True
        return np.concatenate((places, gap))

    def peaks_uv(self) -> NDArray[np.float64]:
        """The largest excursion of each channel, shape (channels,), away from the pulses' artefacts."""
        if not len(self.channels):
            return np.empty(0)
        near = self.pulse.copy()
        dot_ms = max(self._per_dot * self._column_ms, 1e-6)
        for shift in range(1, ceil(ARTEFACT_MS / dot_ms) + 1):
            near |= np.roll(self.pulse, shift)
        size = np.fmax(np.abs(self.low_uv), np.abs(self.high_uv))
        size[near] = np.nan
        peaks: NDArray[np.float64] = np.nan_to_num(np.fmax.reduce(size, axis=0, initial=0.0))
        return peaks


def sweep_columns(
    sweep: Sweep, channel: str, dots: int, window_ms: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Lowest and highest value, shape (dots,), of one channel of an evoked response; None when it is not in it."""
    if channel not in sweep.channels:
        return None
    samples = decode(sweep.samples[sweep.channels.index(channel)], 1, sweep.uv_per_count)[:, 0]
    times_ms = (np.arange(len(samples)) - sweep.zero) * 1000.0 / sweep.rate_hz
    places = np.floor((times_ms - window_ms[0]) / (window_ms[1] - window_ms[0]) * dots).astype(int)
    inside = (places >= 0) & (places < dots)
    low, high = np.full(dots, np.nan), np.full(dots, np.nan)
    np.fmin.at(low, places[inside], samples[inside])
    np.fmax.at(high, places[inside], samples[inside])
    return low, high


def sweep_peak_uv(sweep: Sweep, channel: str, from_ms: float) -> float:
    """The largest excursion of a channel later than `from_ms`, so that the artefact does not set the scale."""
    if channel not in sweep.channels:
        return 0.0
    samples = decode(sweep.samples[sweep.channels.index(channel)], 1, sweep.uv_per_count)[:, 0]
    after = samples[sweep.zero + int(from_ms * sweep.rate_hz / 1000.0) :]
    return float(np.max(np.abs(after))) if len(after) else 0.0
