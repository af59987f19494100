"""How tense a muscle is: its root mean square."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rms(samples_uv: Array) -> Array:
    """RMS (uV) about the mean of each column of (n, channels); shape (channels,), NaN without samples.

    Raises ValueError for another shape.
    """
    x = np.asarray(samples_uv, dtype=float)
    if x.ndim != 2:
        raise ValueError(f"expected samples of shape (n, channels), got {x.shape}")
    if x.shape[0] == 0:
        return np.full(x.shape[1], np.nan)
    return np.asarray(np.std(x, axis=0))
