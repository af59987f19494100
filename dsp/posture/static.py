"""Quiet standing: path, speed, areas, offsets, frequencies, with the definition each of them rests on."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.posture import areas
from dsp.posture.checks import checked
from dsp.posture.doubts import doubts
from dsp.posture.lowpass import ORDER, lowpass
from dsp.posture.outline import outline_area_cm2
from dsp.posture.plate import against_loads, unit_shown
from dsp.posture.result import Posture
from dsp.posture.spectrum import welch

Array = NDArray[np.float64]

DEFINITIONS = {
    "sector": f"outline of the farthest points in {areas.SECTORS} equal sectors about the mean",
    "hull": "convex hull",
    "ellipse": "95 % prediction ellipse (F)",
    "outline": "exact outline of the drawn track, open",
    "outline_closed": "exact outline of the drawn track, its last point joined to its first",
}
EXACT = ("outline", "outline_closed")


def analyse(
    x_cm: ArrayLike,
    y_cm: ArrayLike,
    rate_hz: float,
    *,
    lowpass_hz: float | None = None,
    envelope: str = "sector",
    outline: bool = False,
    loads_kg: ArrayLike | None = None,
    cells: Sequence[str] | None = None,
    origin_cm: tuple[float, float] = (0.0, 0.0),
    skip_s: float = 0.0,
    duration_s: float | None = None,
    sampled_hz: float | None = None,
) -> Posture:
    """Measure one stand; `x_cm` and `y_cm` (n,) in cm, x to the patient's right, y to the front.

    `lowpass_hz` None takes the track as it is; else a Butterworth filter of order 2 runs forward and back with that
    cut-off. `envelope` chooses what is called the envelope; the two exact outlines are measured with `outline`, or
    when one is chosen, and take some ten to hundred milliseconds. `loads_kg` (n, cells), one column a load cell, lets
    samples without a person and cells without a load be seen; the columns' names `cells` ("top_left", or "left" and
    "right" of two plates) let wrong units and swapped axes be seen too. `origin_cm` is what the offsets are about.
    `sampled_hz` is the instrument's rate where the track was read off at another: reading off adds no information.
    `skip_s` leaves out the beginning and `duration_s` takes that long a part after it (a shorter rest is refused).

    Bad data is refused in `Posture.refusal`. Raises ValueError for shapes and options that cannot be.
    """
    x, y = np.asarray(x_cm, dtype=float), np.asarray(y_cm, dtype=float)
    loads = None if loads_kg is None else np.asarray(loads_kg, dtype=float)
    _check(x, y, loads, rate_hz, lowpass_hz, envelope)
    _check_part(skip_s, duration_s)
    _check_cells(cells, loads)
    told = _filter_name(lowpass_hz)
    base = Posture(
        rate_hz=float(rate_hz),
        lowpass_hz=lowpass_hz,
        filter=told,
        envelope=envelope,
        definition=DEFINITIONS[envelope],
        origin_cm=origin_cm,
    )
    if 0 < rate_hz < np.inf and (skip_s > 0 or duration_s is not None):
        part = _part(x.size, rate_hz, skip_s, duration_s)
        if isinstance(part, str):
            return _refused(base, x.size, part)
        x, y, loads = x[part], y[part], None if loads is None else loads[part]
    track = checked(x, y, rate_hz, loads)
    refusal = track.refusal
    if refusal is None and loads is not None and cells is not None:
        refusal = against_loads(track.x, track.y, loads, cells)
    if refusal is not None:
        return _refused(base, x.size, refusal)
    raw = (track.x, track.y)
    x, y = raw if lowpass_hz is None else lowpass(np.stack(raw), rate_hz, lowpass_hz)
    sure = loads is not None and cells is not None and unit_shown(*raw, loads, cells)
    made = _measured(base, x, y, raw, track.warnings, min(sampled_hz or rate_hz, rate_hz), sure_unit=sure)
    return _outlined(made, x, y) if outline or envelope in EXACT else made


def _measured(
    base: Posture,
    x: Array,
    y: Array,
    raw: tuple[Array, Array],
    warnings: list[str],
    sampled_hz: float,
    *,
    sure_unit: bool,
) -> Posture:
    rate_hz = base.rate_hz
    steps = np.hypot(np.diff(x), np.diff(y))
    path, seconds = float(steps.sum()), (x.size - 1) / rate_hz
    area = {
        "sector": areas.sector_area_cm2(x, y, rate_hz),
        "hull": areas.hull_area_cm2(x, y),
        "ellipse": areas.ellipse_area_cm2(x, y),
    }
    envelope = area.get(base.envelope, math.nan)
    spectrum = welch(x, y, rate_hz)
    before = spectrum if base.lowpass_hz is None else welch(*raw, rate_hz)
    about_path, about_trial = doubts(raw, before, steps, base, sampled_hz, sure_unit=sure_unit)
    major, minor, angle = areas.principal_axes(x, y)
    from_x, from_y = x - base.origin_cm[0], y - base.origin_cm[1]
    rms_x, rms_y = float(np.std(x)), float(np.std(y))
    frequency_x, frequency_y = spectrum.mean_hz
    return Posture(
        path_length_cm=path,
        mean_speed_cm_s=path / seconds,
        envelope_area_cm2=envelope,
        sector_area_cm2=area["sector"],
        hull_area_cm2=area["hull"],
        ellipse_area_cm2=area["ellipse"],
        offset_x_cm=float(from_x.mean()),
        offset_y_cm=float(from_y.mean()),
        path_per_area_per_cm=path / envelope if envelope > 0 else None,
        mean_abs_x_cm=float(np.abs(from_x).mean()),
        mean_abs_y_cm=float(np.abs(from_y).mean()),
        rms_x_cm=rms_x,
        rms_y_cm=rms_y,
        rms_cm=float(np.hypot(rms_x, rms_y)),
        range_x_cm=float(np.ptp(x)),
        range_y_cm=float(np.ptp(y)),
        frequency_hz=spectrum.joint_mean_hz,
        frequency_x_hz=frequency_x,
        frequency_y_hz=frequency_y,
        major_rms_cm=major,
        minor_rms_cm=minor,
        major_axis_deg=angle,
        rate_hz=rate_hz,
        samples=x.size,
        duration_s=seconds,
        lowpass_hz=base.lowpass_hz,
        filter=base.filter,
        envelope=base.envelope,
        definition=base.definition,
        origin_cm=base.origin_cm,
        path_trusted=not (about_path or warnings),
        warnings=(*warnings, *about_path, *about_trial),
    )


def _outlined(made: Posture, x: Array, y: Array) -> Posture:
    """The same result with both exact outlines; of a track that is noise and no sway they stay unknown."""
    line = areas.is_line(x, y)
    drawn, joined = (0.0 if line else outline_area_cm2(x, y, closed=closed) for closed in (False, True))
    made = replace(made, outline_area_cm2=drawn, outline_closed_area_cm2=joined)
    if made.envelope not in EXACT:
        return made
    area = drawn if made.envelope == "outline" else joined
    if area is None:
        words = "outline: the track crosses itself too often to be drawn round; it is noise, or the rate is too high"
        return replace(made, warnings=(*made.warnings, words))
    return replace(made, envelope_area_cm2=area, path_per_area_per_cm=made.path_length_cm / area if area > 0 else None)


def _refused(base: Posture, n: int, why: str) -> Posture:
    return Posture(
        rate_hz=base.rate_hz,
        samples=n,
        lowpass_hz=base.lowpass_hz,
        filter=base.filter,
        envelope=base.envelope,
        definition=base.definition,
        origin_cm=base.origin_cm,
        refusal=why,
    )


def _part(n: int, rate_hz: float, skip_s: float, duration_s: float | None) -> slice | str:
    first = round(skip_s * rate_hz)
    if duration_s is None:
        return slice(first, n)
    last = first + round(duration_s * rate_hz)
    if last >= n:
        rest = max(n - 1 - first, 0) / rate_hz
        return f"too short: {rest:.2f} s after the first {skip_s:g} s, {duration_s:g} s were asked; repeat the trial"
    return slice(first, last + 1)


def _filter_name(lowpass_hz: float | None) -> str:
    if lowpass_hz is None:
        return "as given"
    return f"Butterworth order {ORDER}, forward and back, {lowpass_hz:g} Hz"


def _check(x: Array, y: Array, loads: Array | None, rate_hz: float, lowpass_hz: float | None, envelope: str) -> None:
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"x_cm and y_cm must be one-dimensional and equally long, got {x.shape} and {y.shape}")
    if loads is not None and (loads.ndim != 2 or loads.shape[0] != x.size):
        raise ValueError(f"loads_kg must be ({x.size}, cells), got {loads.shape}")
    if envelope not in DEFINITIONS:
        raise ValueError(f"envelope must be one of {', '.join(DEFINITIONS)}, not {envelope!r}")
    if lowpass_hz is not None and not 0 < lowpass_hz < rate_hz / 2:
        raise ValueError(f"lowpass_hz must lie between 0 and half the rate ({rate_hz / 2:g} Hz), not {lowpass_hz:g}")


def _check_part(skip_s: float, duration_s: float | None) -> None:
    if not 0 <= skip_s < math.inf:
        raise ValueError(f"skip_s must not be negative, got {skip_s:g}")
    if duration_s is not None and not 0 < duration_s < math.inf:
        raise ValueError(f"duration_s must be positive, got {duration_s:g}")


def _check_cells(cells: Sequence[str] | None, loads: Array | None) -> None:
    if cells is None:
        return
    if loads is None or len(cells) != loads.shape[1]:
        raise ValueError(f"cells must name every column of loads_kg, got {list(cells)}")
