"""The constant offset between two motion sensors' clocks, from knocks or twists that both have felt.

Clock maps cannot see the delay that even the fastest arrival has. Held together and knocked or twisted three times, two
sensors turn alike, so the lag at which their turn-rate norms correlate best is the offset. Norms, because the sensors'
axes need not agree.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
GRID_MS = 1.0
KNOCKS = 3
APART_S = 0.25
LEAST_SHARE = 0.35
"""A knock is a rise above this share of the strongest one."""
LEAST_CORRELATION = 0.8
MAX_OFFSET_MS = 150.0
LEAST_TURN_RAD_S = 0.5


def offset_ms(
    a_ns: ArrayLike,
    a_gyro_rad_s: ArrayLike,
    b_ns: ArrayLike,
    b_gyro_rad_s: ArrayLike,
    *,
    max_offset_ms: float = MAX_OFFSET_MS,
    knocks: int = KNOCKS,
) -> float:
    """By how much (ms) `b` stamps the same knocks later than `a`.

    Times (ns, shape (n,)) rise; turn rates have shape (n, 3). The stretch should hold the knocks and a second of rest
    at either end. Raises ValueError, in words for a therapist, where the knocks are too few, too weak or do not agree.
    """
    times_a, times_b = np.asarray(a_ns, np.int64), np.asarray(b_ns, np.int64)
    if min(len(times_a), len(times_b)) < 2:
        raise ValueError("a sensor sent nothing: wait until both are connected")
    start, end = max(times_a[0], times_b[0]), min(times_a[-1], times_b[-1])
    grid_ms = np.arange(0.0, (end - start) / 1e6, GRID_MS)
    reach = round(max_offset_ms / GRID_MS)
    if len(grid_ms) < 4 * reach:
        raise ValueError("the sensors were not recorded together for long enough: knock again")
    a = _norm((times_a - start) / 1e6, a_gyro_rad_s, grid_ms)
    b = _norm((times_b - start) / 1e6, b_gyro_rad_s, grid_ms)
    for which, norm in (("first", a), ("second", b)):
        if (found := _count(norm)) < knocks:
            raise ValueError(f"the {which} sensor felt {found} knocks of {knocks}: knock harder, with a pause between")
    scores = _correlations(a, b, reach)
    best = int(np.argmax(scores))
    if scores[best] < LEAST_CORRELATION or best in (0, len(scores) - 1):
        raise ValueError("the sensors did not feel the same: hold them together and knock again")
    return (best - reach + _vertex(scores[best - 1 : best + 2])) * GRID_MS


def _norm(times_ms: Array, gyro_rad_s: ArrayLike, grid_ms: Array) -> Array:
    norms = np.linalg.norm(np.asarray(gyro_rad_s, np.float64), axis=1)
    return np.asarray(np.interp(grid_ms, times_ms, norms))


def _count(norm: Array) -> int:
    """Knocks: stretches above the threshold, those within `APART_S` of each other taken as one."""
    threshold = max(LEAST_TURN_RAD_S, LEAST_SHARE * float(norm.max()))
    above = np.flatnonzero(norm > threshold) * GRID_MS / 1e3
    return 1 + int((np.diff(above) > APART_S).sum()) if len(above) else 0


def _correlations(a: Array, b: Array, reach: int) -> Array:
    """Pearson's correlation of a[t] with b[t + lag] for lags of -reach..reach grid steps."""
    middle = a[reach:-reach]
    windows = np.lib.stride_tricks.sliding_window_view(b, len(middle))
    centred = middle - middle.mean()
    spread = windows.std(axis=1) * len(middle) * middle.std()
    return np.asarray(windows @ centred / np.maximum(spread, 1e-12))


def _vertex(three: Array) -> float:
    """Where the parabola through three points at -1, 0 and 1 is highest."""
    curve = three[0] - 2 * three[1] + three[2]
    return float(0.5 * (three[0] - three[2]) / curve) if curve else 0.0
