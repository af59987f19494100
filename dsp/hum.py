"""Mains hum: fitted as sines on the rest before the pulse and extended over the epoch.

A notch filter rings after the artefact and the response; a fit that has only seen the rest cannot. The idea of
subtracting a fitted line instead of filtering it is Mitra and Pesaran's (Biophys J 76:691, 1999).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Chosen on modelled and recorded hum of 50 and 60 Hz; `fit_hum` says what each is for.
LONG_REST_MS = 90.0
SHORTEST_REST_MS = 30.0
REMOVES_OF_SD = 0.4
STRONG_LEAVES = 0.1
OVER_NEIGHBOURS = 12.0
ROUNDING = 1e-12
HARMONICS = (2, 3, 4, 5, 6)
HARMONIC_REMOVES_OF_POWER = 0.1
_PULL_HZ = np.arange(-0.4, 0.41, 0.1)


@dataclass(frozen=True)
class Hum:
    """The fitted hum: `wave_uv` (n,) over the whole epoch; `frequency_hz` None and a zero wave when there is none."""

    wave_uv: Array
    frequency_hz: float | None
    rms_uv: float


def fit_hum(epoch_uv: Array, rate_hz: float, rest: slice, mains_hz: tuple[float, ...] = (50.0, 60.0)) -> Hum:
    """Fit mains hum on `epoch_uv[rest]` (uV) and extend it over the whole epoch (n,).

    The fundamental is believed when it removes more than 40 % of the rest's SD or, with 90 ms of rest or more, when
    its power stands 12 times above that of the frequencies beside it; a harmonic when it removes a tenth of the power
    that is left. Strong hum also has its frequency fitted. With less than 30 ms of rest nothing is fitted. Constant and
    slope are fitted along, never removed.
    """
    y = epoch_uv[rest]
    t = np.arange(epoch_uv.size) / rate_hz
    duration_ms = y.size * 1000.0 / rate_hz
    none = Hum(np.zeros_like(epoch_uv), None, 0.0)
    if duration_ms < SHORTEST_REST_MS:
        return none
    is_long = duration_ms >= LONG_REST_MS
    plain = float(np.mean(_without_drift(t[rest], y) ** 2))
    if plain <= ROUNDING * float(np.ptp(y)) ** 2:
        return none
    left, frequency = _best(t[rest], y, mains_hz)
    if is_long and left < STRONG_LEAVES * plain:
        left, frequency = _best(t[rest], y, tuple(frequency + _PULL_HZ))
        frequency = _refined(t[rest], y, frequency, left)
    if not (_removes_enough(left, plain) or (is_long and _stands_out(t[rest], y, frequency, plain))):
        return none
    frequencies = _with_harmonics(t[rest], y, frequency, rate_hz, left) if is_long else (frequency,)
    wave = _sines(t, frequencies) @ _fit(t[rest], y, frequencies)[0]
    return Hum(np.asarray(wave), frequency, float(np.sqrt(np.mean(wave**2))))


def _sines(t: Array, frequencies: tuple[float, ...]) -> Array:
    phases = 2 * np.pi * np.outer(t, frequencies)
    return np.concatenate([np.sin(phases), np.cos(phases)], axis=1)


def _drift(t: Array) -> Array:
    return np.column_stack([np.ones_like(t), (t - t.mean()) / np.ptp(t)])


def _without_drift(t: Array, y: Array) -> Array:
    drift = _drift(t)
    return np.asarray(y - drift @ np.linalg.lstsq(drift, y, rcond=None)[0])


def _fit(t: Array, y: Array, frequencies: tuple[float, ...]) -> tuple[Array, float]:
    """Coefficients of the sines and the power left over.

    By the normal equations: the columns are nearly orthogonal, and this is ten times faster than an SVD.
    """
    design = np.concatenate([_drift(t), _sines(t, frequencies)], axis=1)
    solution = np.linalg.solve(design.T @ design + 1e-9 * np.eye(design.shape[1]), design.T @ y)
    residual = y - design @ solution
    return solution[2:], float(residual @ residual) / y.size


def _residual_power(t: Array, y: Array, frequencies: tuple[float, ...]) -> float:
    return _fit(t, y, frequencies)[1]


def _best(t: Array, y: Array, frequencies: tuple[float, ...]) -> tuple[float, float]:
    """The power that the best of the single frequencies leaves, and that frequency."""
    return min((_residual_power(t, y, (frequency,)), float(frequency)) for frequency in frequencies)


def _refined(t: Array, y: Array, frequency: float, left: float) -> float:
    """The frequency at the vertex of a parabola through the grid's best three: 0.05 Hz off costs 3 uV of 50."""
    step = float(_PULL_HZ[1] - _PULL_HZ[0])
    below, above = (_residual_power(t, y, (frequency + shift,)) for shift in (-step, step))
    curvature = below - 2 * left + above
    return frequency + step * float(np.clip(0.5 * (below - above) / curvature, -1, 1)) if curvature > 0 else frequency


def _removes_enough(left: float, plain: float) -> bool:
    return left < (1.0 - REMOVES_OF_SD) ** 2 * plain


def _stands_out(t: Array, y: Array, frequency: float, plain: float) -> bool:
    """Whether the line's power is far above that of its neighbours, two to five resolution cells away."""
    cell = 1.0 / (t.size * (t[1] - t[0]))
    offsets = cell * np.array([-4.0, -3.0, -2.0, 2.0, 3.0, 4.0, 5.0])
    beside = [plain - _residual_power(t, y, (frequency + offset,)) for offset in offsets if frequency + offset > cell]
    return plain - _residual_power(t, y, (frequency,)) > OVER_NEIGHBOURS * float(np.median(beside))


def _with_harmonics(t: Array, y: Array, frequency: float, rate_hz: float, left: float) -> tuple[float, ...]:
    kept: tuple[float, ...] = (frequency,)
    for order in HARMONICS:
        if order * frequency > 0.45 * rate_hz:
            break
        power = _residual_power(t, y, (*kept, order * frequency))
        if power < (1.0 - HARMONIC_REMOVES_OF_POWER) * left:
            kept, left = (*kept, order * frequency), power
    return kept
