"""Common ways to find an evoked response, written for comparison: each takes a raw epoch, returns amplitude and onset.

All call a trial a response when the peak-to-peak in the window reaches 50 uV and their own rule finds an onset.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Window = tuple[float, float]
Rule = Callable[[Array, Array, float], int | None]
Peer = Callable[[Array, float, int, Window], tuple[float, float | None]]

CRITERION_UV = 50.0
HELD_MS = 1.0


def _mean_3_sd(rest: Array, window: Array, rate_hz: float) -> int | None:
    """Rectified trace over mean + 3 SD of the rectified rest for 1 ms."""
    quiet = np.abs(rest)
    return _first_held(np.abs(window), float(quiet.mean() + 3 * quiet.std()), rate_hz)


def _absolute(_: Array, window: Array, rate_hz: float) -> int | None:
    """Over 25 uV for 1 ms."""
    return _first_held(np.abs(window), 25.0, rate_hz)


def _squared(_: Array, window: Array, rate_hz: float) -> int | None:
    """Squared trace over 1 % of its peak (the idea of SHTE, Soda 2020)."""
    return _first_held(window**2, 0.01 * float(np.max(window**2)), rate_hz)


def _slope(_: Array, window: Array, rate_hz: float) -> int | None:
    """From the first main peak back to where the trace stops rising steadily (the idea of Bigoni 2022)."""
    peak = min(int(np.argmax(window)), int(np.argmin(window)))
    rising = np.sign(window[peak] - window[0]) * np.diff(window[: peak + 1])
    at, length = rising.size, max(2, round(0.6e-3 * rate_hz))
    while at > 0 and np.mean(rising[max(0, at - length) : at] > 0) > 0.5:
        at -= 1
    return at if 0 < at < peak else None


def _aic(_: Array, window: Array, __: float) -> int | None:
    """The split up to the main peak with the smallest AIC of two variances (Maeda 1985)."""
    part = window[: int(np.argmax(np.abs(window))) + 1]
    if part.size < 12:
        return None
    split = np.arange(5, part.size - 5)
    cost = [k * np.log(part[:k].var() + 1e-9) + (part.size - k) * np.log(part[k:].var() + 1e-9) for k in split]
    return int(split[np.argmin(cost)])


def _walk_back(rest: Array, window: Array, rate_hz: float) -> int | None:
    """First crossing of max(4 SD, 8 uV) held for 0.8 ms, walked back to 1.5 SD; the trial must exceed rest's range."""
    if np.ptp(window) <= 1.5 * np.ptp(rest):
        return None
    sd = float(rest.std())
    at = _first_held(np.abs(window), max(4 * sd, 8.0), rate_hz, 0.8)
    while at is not None and at > 0 and np.sign(window[at]) * window[at - 1] > 1.5 * sd:
        at -= 1
    return at


def _sliding_mean(rest: Array, window: Array, rate_hz: float) -> int | None:
    """Mean of the rectified trace over 2 ms, 3 SDs of the rectified rest over its mean (after Hodges and Bui 1996)."""
    quiet, length = np.abs(rest), max(2, round(2e-3 * rate_hz))
    test = np.convolve(np.abs(window) - quiet.mean(), np.ones(length) / length, "valid") / max(quiet.std(), 1e-9)
    over = np.flatnonzero(test > 3.0)
    return int(over[0]) if over.size else None


def _first_held(trace: Array, threshold: float, rate_hz: float, held_ms: float = HELD_MS) -> int | None:
    length = max(2, round(held_ms * rate_hz / 1000))
    held = np.convolve((trace > threshold).astype(int), np.ones(length, dtype=int), "valid") == length
    return int(np.argmax(held)) if held.any() else None


def _peer(rule: Rule | None) -> Peer:
    def run(epoch: Array, rate_hz: float, trigger: int, window_ms: Window) -> tuple[float, float | None]:
        per_ms = rate_hz / 1000
        rest = epoch[max(0, trigger - round(100 * per_ms)) : trigger - round(5 * per_ms)]
        first, last = (trigger + round(ms * per_ms) for ms in window_ms)
        window = epoch[first : last + 1] - rest.mean()
        amplitude = float(np.ptp(window))
        if amplitude < CRITERION_UV:
            return amplitude, None
        if rule is None:
            return amplitude, float("nan")
        at = rule(rest - rest.mean(), window, rate_hz)
        return amplitude, None if at is None else (first + at - trigger) / per_ms

    return run


PEERS: dict[str, Peer] = {
    "peak-to-peak only": _peer(None),
    "mean + 3 SD": _peer(_mean_3_sd),
    "absolute 25 uV": _peer(_absolute),
    "squared, 1 % of peak": _peer(_squared),
    "slope walked back": _peer(_slope),
    "change of variance": _peer(_aic),
    "sliding mean": _peer(_sliding_mean),
    "own range, walked back": _peer(_walk_back),
}
