"""Is the muscle at rest: RMS, linear envelope and a detector with a reason."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter

from dsp.streaming import Cascade

Array = NDArray[np.float64]

REST_LIMIT_UV = 10.0
REST_SECONDS = 0.1
ENVELOPE_HZ = 6.0


def rms(samples_uv: Array) -> Array:
    """RMS about the mean of each column of (n, channels); shape (channels,), NaN without samples."""
    x = np.asarray(samples_uv, dtype=float)
    if x.ndim != 2:
        raise ValueError(f"expected samples of shape (n, channels), got {x.shape}")
    if x.shape[0] == 0:
        return np.full(x.shape[1], np.nan)
    return np.asarray(np.std(x, axis=0))


class Envelope:
    """Linear envelope of (n, channels) chunks: rectified, then smoothed by two poles at 6 Hz (Winter's convention).

    Chunks give exactly what one call would.
    """

    def __init__(self, channels: int, rate_hz: float, *, cutoff_hz: float = ENVELOPE_HZ) -> None:
        """Raises ValueError for a cutoff that is not below half the rate."""
        if channels < 1 or not 0 < cutoff_hz < rate_hz / 2:
            raise ValueError(f"need a channel or more and a cutoff below {rate_hz / 2} Hz, got {cutoff_hz}")
        self._filter = Cascade(channels, butter(2, cutoff_hz, fs=rate_hz, output="sos"))

    def reset(self) -> None:
        """Forget the past, after a gap."""
        self._filter.reset()

    def __call__(self, chunk_uv: Array) -> Array:
        """The envelope (uV) of the next (n, channels) samples."""
        return self._filter(np.abs(np.asarray(chunk_uv, dtype=float)))


@dataclass(frozen=True)
class Rest:
    """Whether a channel is at rest, how tense it is, and the sentence to show."""

    at_rest: bool
    rms_uv: float
    reason: str


class RestDetector:
    """Tells for each channel whether the muscle was at rest during the last 100 ms; fed with filtered chunks."""

    def __init__(
        self, channels: int, rate_hz: float, *, limit_uv: float = REST_LIMIT_UV, seconds: float = REST_SECONDS
    ) -> None:
        """Raises ValueError for a limit or a length that is not positive."""
        self._length = round(seconds * rate_hz)
        if channels < 1 or limit_uv <= 0 or self._length < 1:
            raise ValueError("need a channel or more, a positive limit and at least one sample of length")
        self._limit_uv = limit_uv
        self._recent: deque[Array] = deque(maxlen=self._length)
        self._channels = channels

    def reset(self) -> None:
        """Forget the past, after a gap: nothing is at rest before 100 ms have been seen again."""
        self._recent.clear()

    def __call__(self, chunk_uv: Array) -> tuple[Rest, ...]:
        """Judge after the next (n, channels) samples; one `Rest` a channel."""
        chunk = np.asarray(chunk_uv, dtype=float)
        if chunk.ndim != 2 or chunk.shape[1] != self._channels:
            raise ValueError(f"expected samples of shape (n, {self._channels}), got {chunk.shape}")
        self._recent.extend(chunk[-self._length :])
        if len(self._recent) < self._length:
            return (Rest(at_rest=False, rms_uv=float("nan"), reason="not enough samples yet"),) * self._channels
        return tuple(self._judge(float(value)) for value in rms(np.array(self._recent)))

    def _judge(self, value_uv: float) -> Rest:
        if not np.isfinite(value_uv):
            return Rest(at_rest=False, rms_uv=value_uv, reason="samples are missing")
        if value_uv > self._limit_uv:
            return Rest(
                at_rest=False, rms_uv=value_uv, reason=f"tense: {value_uv:.1f} uV, the limit is {self._limit_uv:g} uV"
            )
        return Rest(at_rest=True, rms_uv=value_uv, reason=f"at rest: {value_uv:.1f} uV")
