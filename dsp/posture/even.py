"""An evenly sampled track from samples with times of their own, as boards on a radio send them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

LONGEST_STEP_S = 0.1
NEXT_TO_NOTHING = 1e-3


@dataclass(frozen=True)
class EvenTrack:
    """`values` (n, channels) at `rate_hz` from `start_s`; NaN inside gaps. `notes` say what was found."""

    values: Array
    rate_hz: float
    start_s: float
    measured_rate_hz: float
    notes: tuple[str, ...] = ()


def resample(times_s: ArrayLike, values: ArrayLike, rate_hz: float | None = None) -> EvenTrack:
    """Straight lines between samples `values` (n, channels) at `times_s` (n,), read off at `rate_hz`.

    Without a rate, an even recording (to 0.1 % of a step) is handed back as it is, and an uneven one goes to its own
    rounded rate. Where neighbouring samples are more than 0.1 s apart, or a value is NaN, NaN comes out.
    Raises ValueError for times that do not rise, or fewer than two samples.
    """
    t, v = np.asarray(times_s, dtype=float), np.asarray(values, dtype=float)
    if t.ndim != 1 or v.ndim != 2 or v.shape[0] != t.size or t.size < 2:
        raise ValueError(f"expected times (n,) and values (n, channels) with n > 1, got {t.shape} and {v.shape}")
    steps = np.diff(t)
    if not np.all(steps > 0):
        raise ValueError("the times must be numbers that rise")
    step = float(np.median(steps))
    # of an even recording the mean is known far better than one rounded step
    own_hz = float((t.size - 1) / (t[-1] - t[0]))
    even = bool(np.max(np.abs(t - t[0] - np.arange(t.size) / own_hz)) <= NEXT_TO_NOTHING / own_hz + 5e-6)
    if even and (rate_hz is None or abs(rate_hz - own_hz) < NEXT_TO_NOTHING * own_hz):
        tidy = round(own_hz, 2)
        return EvenTrack(v, tidy if abs(tidy - own_hz) < 1e-4 * own_hz else own_hz, float(t[0]), own_hz)
    target = rate_hz or float(round(1.0 / step) or 1)
    at = t[0] + np.arange(int((t[-1] - t[0]) * target + 1e-9) + 1) / target
    out = np.column_stack([np.interp(at, t, column) for column in v.T])
    after = np.clip(np.searchsorted(t, at, side="left"), 1, t.size - 1)
    inside = ~np.isin(at, t)
    out[(steps[after - 1] > LONGEST_STEP_S) & inside] = np.nan
    gaps = int(np.count_nonzero(steps > LONGEST_STEP_S))
    spread = f"{1e3 * steps.min():.0f} to {1e3 * steps.max():.0f} ms"
    notes = [f"times: {own_hz:.1f} Hz in steps of {spread}, read off at {target:g} Hz"]
    if gaps:
        notes.append(f"times: {gaps} gaps of up to {steps.max():.2f} s")
    return EvenTrack(out, target, float(t[0]), own_hz, tuple(notes))
