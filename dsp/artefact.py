"""The stimulation artefact: what it hides, the tail it leaves, where the amplifier was at its rail."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Chosen on modelled artefacts with known tails; `blanked`, `fit_tail` and `saturated` say what each is for.
BLANK_BEFORE_MS = 1.0
BLANK_AFTER_MS = 2.0
RECOVERY_MS = 1.0
FIT_STARTS_MS = (0.0, 2.0, 4.0, 6.0)
SHORTEST_FIT_MS = 5.0
TAIL_FITS_WITHIN_SD = 1.5
STARTS_OVER_SD = 5.0
TWO_LEAVE = 0.6
ROUNDING = 1e-9
SINGULAR = 1e-12
STEP_SEEN_OVER = 25
_TIME_CONSTANTS_MS = np.geomspace(0.4, 20.0, 14)


@dataclass(frozen=True)
class Tail:
    """A fitted artefact tail: `wave_uv` (n,), zero before `start_index`; `removed` False when none was believed."""

    wave_uv: Array
    start_index: int
    removed: bool


def saturated(samples_uv: Array, rail_uv: float | None = None) -> Bools:
    """Mask (n,) of samples where the amplifier was at its rail.

    With a known rail: two or more consecutive samples at or beyond it. Without: consecutive samples that repeat the
    record's largest or smallest value exactly (three, or two more than once) while the trace enters or leaves that
    level steeply; a rounded top of a quantised signal repeats too, but leaves by a few quantisation steps.
    """
    x = np.asarray(samples_uv, dtype=float)
    if rail_uv is not None:
        return _runs(x >= rail_uv, 2) | _runs(x <= -rail_uv, 2)
    mask = np.zeros(x.size, dtype=bool)
    if x.size == 0 or np.ptp(x) == 0.0:
        return mask
    for sign in (1.0, -1.0):
        runs = _spans(_runs(x == sign * np.max(sign * x), 2))
        for start, stop in runs:
            if (stop - start >= 3 or len(runs) > 1) and _is_cut(sign * x, start, stop):
                mask[start:stop] = True
    return mask


def blanked(n: int, rate_hz: float, trigger_index: int, saturation: Bools | None = None) -> slice:
    """Samples that cannot be recovered: 1 ms before the pulse to 2 ms after it, and on until the rail is left.

    Only saturation that touches the blanked span lengthens it, with 1 ms for the amplifier to come back.
    """
    start = max(0, trigger_index - int(np.ceil(rate_hz * BLANK_BEFORE_MS / 1000)))
    stop = min(n, trigger_index + int(np.ceil(rate_hz * BLANK_AFTER_MS / 1000)) + 1)
    if saturation is not None:
        gap = int(np.ceil(rate_hz * 2e-3))
        for first, last in _spans(saturation):
            if first <= stop + gap and last > start:
                stop = min(n, max(stop, last + int(np.ceil(rate_hz * RECOVERY_MS / 1000))))
    return slice(start, stop)


def bridge(samples_uv: Array, span: slice) -> Array:
    """A copy of (n,) samples with a straight line through `span`: for the eye and for filters, never for a number."""
    out = np.array(samples_uv, dtype=float)
    left, right = span.start - 1, span.stop
    if left < 0 or right >= out.size:
        out[span] = out[right] if right < out.size else (out[left] if left >= 0 else 0.0)
        return out
    out[span] = np.interp(np.arange(span.start, span.stop), (left, right), (out[left], out[right]))
    return out


def fit_tail(samples_uv: Array, rate_hz: float, start_index: int, stop_index: int, rest_sd_uv: float) -> Tail:
    """Fit the artefact's tail as one or two exponentials on [start, stop) and extend it over the rest of the epoch.

    `samples_uv` (n,) has hum and offset removed. Time constants are searched on a grid from 0.4 to 20 ms, amplitudes
    are solved (variable projection); two must leave 40 % less than one, or the second would
    follow the noise. A tail is removed only when what is left looks like rest (1.5 SD) and when it starts over 5 SD
    and still stands over one at the end of the fit. The start is moved back up to 6 ms
    past ragged artefacts. Two exponentials: Erez et al., J Neurosci Methods 191:45 (2010).
    """
    n = samples_uv.size
    none = Tail(np.zeros(n), start_index, removed=False)
    for delay_ms in FIT_STARTS_MS:
        start = start_index + round(rate_hz * delay_ms / 1000)
        if (stop_index - start) * 1000.0 / rate_hz < SHORTEST_FIT_MS:
            return none
        t_ms = (np.arange(start, n) - start) * 1000.0 / rate_hz
        wave, left_sd = _best_exponentials(t_ms, samples_uv[start:stop_index])
        if left_sd <= TAIL_FITS_WITHIN_SD * rest_sd_uv:
            if abs(wave[stop_index - start - 1]) < rest_sd_uv or abs(wave[0]) < STARTS_OVER_SD * rest_sd_uv:
                return none
            return Tail(np.concatenate([np.zeros(start), wave]), start, removed=True)
    return none


def _best_exponentials(t_ms: NDArray[np.floating], y: Array) -> tuple[Array, float]:
    basis = np.exp(-t_ms[: y.size, None] / _TIME_CONSTANTS_MS)
    gram, moment = basis.T @ basis, basis.T @ y
    power = float(y @ y)
    single = moment**2 / np.diag(gram)
    one = int(np.argmax(single))
    best_one = power - float(single[one])
    i, j = np.triu_indices(_TIME_CONSTANTS_MS.size, k=2)
    determinant = np.maximum(gram[i, i] * gram[j, j] - gram[i, j] ** 2, SINGULAR * gram[i, i] * gram[j, j])
    a = (moment[i] * gram[j, j] - moment[j] * gram[i, j]) / determinant
    b = (moment[j] * gram[i, i] - moment[i] * gram[i, j]) / determinant
    explained = a * moment[i] + b * moment[j]
    two = int(np.argmax(explained))
    best_two = power - float(explained[two])
    if best_two < TWO_LEAVE * best_one:
        wave = a[two] * np.exp(-t_ms / _TIME_CONSTANTS_MS[i[two]]) + b[two] * np.exp(-t_ms / _TIME_CONSTANTS_MS[j[two]])
        return np.asarray(wave), float(np.sqrt(max(best_two, 0.0) / y.size))
    wave = moment[one] / gram[one, one] * np.exp(-t_ms / _TIME_CONSTANTS_MS[one])
    return np.asarray(wave), float(np.sqrt(max(best_one, 0.0) / y.size))


def _spans(mask: Bools) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _runs(mask: Bools, at_least: int) -> Bools:
    out = np.zeros_like(mask)
    for start, stop in _spans(mask):
        if stop - start >= at_least:
            out[start:stop] = True
    return out


def _is_cut(x: Array, start: int, stop: int) -> bool:
    """Whether the flat top [start, stop) is left by far more than a parabola through one quantisation step allows."""
    reach = 2
    steps = np.diff(np.unique(x[max(0, start - STEP_SEEN_OVER) : stop + STEP_SEEN_OVER]))
    step = float(np.min(steps[steps > ROUNDING * np.max(np.abs(x))], initial=np.inf))
    rounded = step * (1.0 + 2.0 * reach / (stop - start)) ** 2
    drops = [x[start] - x[i] for i in (start - reach, stop - 1 + reach) if 0 <= i < x.size]
    return bool(drops) and max(drops) > 4.0 * rounded
