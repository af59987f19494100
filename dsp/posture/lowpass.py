"""The one filter of this package: Butterworth of order 2, forward and back, so that nothing is delayed."""

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

Array = NDArray[np.float64]

ORDER = 2


def lowpass(values: Array, rate_hz: float, cutoff_hz: float) -> Array:
    """Filter the last axis of `values`; `cutoff_hz`, under half the rate, is one pass's: both have -6 dB there."""
    sos = butter(ORDER, cutoff_hz, fs=rate_hz, output="sos")
    return np.asarray(sosfiltfilt(sos, values, axis=-1), dtype=float)
