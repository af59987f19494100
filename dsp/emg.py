"""How tense a muscle is: its root mean square, over all, in moving windows, and between given times.

What is measured is the raw signal after a high-pass of 20 Hz (Butterworth order 4, forward and back, so nothing is
delayed), which takes out the offset, sway of the cables and movement; each window's own mean is taken out besides. From
50 Hz on a sine of amplitude A gives A / sqrt(2) within 0.1 %. There is no upper limit but the amplifier's own.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

Array = NDArray[np.float64]

HIGH_PASS_HZ, ORDER = 20.0, 4
WINDOW_MS, OVERLAP = 100.0, 0.5
LEAST_KNOWN = 0.8
"""Share of a window's samples that must be there."""


@dataclass(frozen=True)
class MovingRms:
    """`time_s` (k,): the middles of the windows after the first sample; `rms_uv` (k, channels), NaN where too much of
    a window is missing; and how it was made.
    """

    time_s: Array
    rms_uv: Array
    window_ms: float
    overlap: float
    high_pass_hz: float | None


def rms(samples_uv: Array) -> Array:
    """RMS (uV) about the mean of each column of (n, channels); shape (channels,), NaN without samples.

    Raises ValueError for another shape.
    """
    x = _columns(samples_uv)
    if x.shape[0] == 0:
        return np.full(x.shape[1], np.nan)
    return np.asarray(np.std(x, axis=0))


def high_passed(samples_uv: Array, rate_hz: float, high_pass_hz: float = HIGH_PASS_HZ) -> Array:
    """The signal (n, channels) without what is slower. Missing samples are bridged for the filter and stay NaN.

    Raises ValueError for another shape, and a rate that does not hold twice that frequency.
    """
    x = _columns(samples_uv)
    if not (math.isfinite(rate_hz) and 0 < high_pass_hz < rate_hz / 2):
        raise ValueError(f"a high-pass of {high_pass_hz:g} Hz does not fit a rate of {rate_hz:g} Hz")
    known = np.isfinite(x)
    rows = np.arange(x.shape[0])
    whole = np.column_stack(
        [
            np.interp(rows, rows[real], column[real]) if real.any() else rows * 0.0
            for column, real in zip(x.T, known.T, strict=True)
        ]
    )
    sections = butter(ORDER, high_pass_hz, "highpass", fs=rate_hz, output="sos")
    padding = min(x.shape[0] - 1, round(3 * rate_hz / high_pass_hz))
    out = np.asarray(sosfiltfilt(sections, whole, axis=0, padlen=max(padding, 0)), dtype=float)
    return np.where(known, out, np.nan)


def moving_rms(
    samples_uv: Array,
    rate_hz: float,
    *,
    window_ms: float = WINDOW_MS,
    overlap: float = OVERLAP,
    high_pass_hz: float | None = HIGH_PASS_HZ,
) -> MovingRms:
    """RMS in windows of `window_ms` that overlap by that share; `high_pass_hz` None takes the signal as it is.

    Raises ValueError for shapes and settings that cannot be.
    """
    x = _columns(samples_uv) if high_pass_hz is None else high_passed(samples_uv, rate_hz, high_pass_hz)
    length = round(window_ms * rate_hz / 1000.0)
    if length < 2 or not 0 <= overlap < 1:
        raise ValueError(f"a window of {window_ms:g} ms that overlaps by {overlap:g} cannot be at {rate_hz:g} Hz")
    step = max(round(length * (1 - overlap)), 1)
    firsts = np.arange(0, x.shape[0] - length + 1, step)
    found = _rms_of(x, firsts, firsts + length)
    return MovingRms((firsts + (length - 1) / 2) / rate_hz, found, window_ms, overlap, high_pass_hz)


def rms_between(samples_uv: Array, rate_hz: float, start_s: Array, end_s: Array) -> Array:
    """RMS (k, channels) of a signal that is filtered already, from each start to each end (s after its first sample).

    NaN where too much is missing, or a stretch lies outside.
    """
    x = _columns(samples_uv)
    firsts, lasts = (np.round(np.asarray(at, dtype=float) * rate_hz).astype(int) for at in (start_s, end_s))
    inside = (firsts >= 0) & (lasts <= x.shape[0]) & (lasts > firsts)
    found = np.full((firsts.size, x.shape[1]), np.nan)
    found[inside] = _rms_of(x, firsts[inside], lasts[inside])
    return found


def _rms_of(x: Array, firsts: NDArray[np.int_], lasts: NDArray[np.int_]) -> Array:
    """RMS about its own mean of each stretch of rows, by running sums; (k, channels)."""
    known = np.isfinite(x)
    filled = np.where(known, x, 0.0)
    sums = [np.vstack((np.zeros(x.shape[1]), np.cumsum(part, axis=0))) for part in (known, filled, filled**2)]
    count, total, square = (part[lasts] - part[firsts] for part in sums)
    enough = count >= LEAST_KNOWN * (lasts - firsts)[:, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        variance = square / count - (total / count) ** 2
    return np.where(enough & (count > 0), np.sqrt(np.clip(variance, 0.0, None)), np.nan)


def _columns(samples_uv: Array) -> Array:
    x = np.asarray(samples_uv, dtype=float)
    if x.ndim != 2:
        raise ValueError(f"expected samples of shape (n, channels), got {x.shape}")
    return x
