"""One motor evoked response: is the trial sound, is there a response, how large, how late, and why we say so.

Validity comes before presence: a trial with a tense muscle or a saturated amplifier is void whatever its amplitude.
The onset window and the amplitude window are two things: in leg muscles the largest phase peaks after the last
plausible onset.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.signal import savgol_filter

from dsp.epochs import (
    SLOW_HZ,
    check_arguments,
    stray_artefact_ms,
    too_short,
    too_slow,
    unusable,
    without_padding,
    wrong_unit,
)
from dsp.flank import PRECURSOR_OF_RESPONSE
from dsp.muscles import Window
from dsp.onset import RULE, find_onset
from dsp.sweep import Sweep, condition

Array = NDArray[np.float64]

CRITERION_UV = 50.0
"""A response of a resting muscle, peak to peak (IFCN: Rossini et al., Clin Neurophysiol 126:1071, 2015)."""
REST_LIMIT_UV = 10.0
REST_WARNING_UV = 5.0
"""RMS of the 100 ms before the pulse over which a muscle is tense (as papers commonly have it), or nearly so."""
AMBIGUOUS_UV = 10.0

# The rest were chosen on modelled responses of known truth and on labelled recordings (tests/benchmarks/bench_mep.py).
OVER_REST_RANGE = 1.5
AMPLITUDE_AFTER_ONSET_MS = 30.0
PEAK_SPAN_MS = 1.6
CUBIC = 3
SLOW_SD_MS = 3.0
OVER_SLOW_REST_RANGE = 3.0
SMALLEST_SD_UV = 0.3
DOUBTFUL_PRECURSOR_OF_RESPONSE = 0.1


@dataclass(frozen=True)
class Mep:
    """One measured trial. Amplitudes in uV, times in ms after the pulse.

    `amplitude_uv` is the peak-to-peak in the amplitude window, or in the onset window when a response begins outside
    it; NaN when nothing could be measured. `latency_ms` is None when there is no response in the window or the
    amplifier was saturated; it is given for a trial that is void by its rest, so that it can be shown. `valid` says
    whether the trial counts, `present` whether a response begins inside the onset window, `ambiguous` whether an
    operator should look: within 10 uV of the criterion, or over it without standing out of the rest. `onset_ms` is
    what `onset_rule` found, inside the window or not.
    """

    amplitude_uv: float
    latency_ms: float | None
    rest_rms_uv: float
    valid: bool
    reason: str
    present: bool = False
    ambiguous: bool = False
    onset_ms: float | None = None
    onset_rule: str = RULE
    rest_range_uv: float = math.nan
    hum_hz: float | None = None
    hum_rms_uv: float = 0.0
    tail_removed: bool = False
    saturated_until_ms: float | None = None
    window_ms: Window = (20.0, 50.0)
    amplitude_window_ms: Window = (20.0, 80.0)
    notes: tuple[str, ...] = ()


def measure(
    epoch_uv: ArrayLike,
    rate_hz: float,
    trigger_index: int,
    *,
    window_ms: Window = (20.0, 50.0),
    amplitude_window_ms: Window | None = None,
    criterion_uv: float = CRITERION_UV,
    rest_limit_uv: float | None = REST_LIMIT_UV,
    mains_hz: tuple[float, ...] = (50.0, 60.0),
    rail_uv: float | None = None,
) -> Mep:
    """Measure one raw, unfiltered epoch (n,) in uV with the pulse at sample `trigger_index`.

    `window_ms` is where a response may begin. `amplitude_window_ms` is where its peaks are looked for; by default it
    goes on for 30 ms after the onset window, so that the late phase of a leg response is not cut, and ends with the
    epoch. `rest_limit_uv` voids trials whose RMS over the 100 ms before the pulse is higher; None for active muscle.
    A response is present when its amplitude reaches `criterion_uv`, exceeds 1.5 times the range of the rest over an
    equal span (a contracting muscle must pass a stricter test), and an onset is found. Hum at `mains_hz` is removed
    first. `rail_uv` is the amplifier's limit if known.

    Raises ValueError for an epoch that is not one-dimensional, a rate, index or window that cannot be.
    """
    epoch = np.asarray(epoch_uv, dtype=float)
    check_arguments(epoch, rate_hz, trigger_index, window_ms, amplitude_window_ms)
    epoch, trigger_index = without_padding(epoch, rate_hz, trigger_index)
    last_ms = (epoch.size - 1 - trigger_index) * 1000.0 / rate_hz
    wide = amplitude_window_ms or (window_ms[0], min(window_ms[1] + AMPLITUDE_AFTER_ONSET_MS, last_ms))
    needed_ms = window_ms[1] if amplitude_window_ms is None else wide[1]
    refusal = too_slow(rate_hz) or too_short(epoch.size, rate_hz, trigger_index, needed_ms)
    refusal = refusal or unusable(epoch, rate_hz, trigger_index, wide)
    if refusal:
        return _refused(refusal, window_ms, wide)
    sweep = condition(
        np.nan_to_num(epoch),
        rate_hz,
        trigger_index,
        first_response_ms=min(window_ms[0], wide[0]),
        mains_hz=mains_hz,
        rail_uv=rail_uv,
    )
    refusal = wrong_unit(sweep, wide)
    return (
        _refused(refusal, window_ms, wide) if refusal else _judge(sweep, window_ms, wide, criterion_uv, rest_limit_uv)
    )


def _refused(reason: str, window: Window, wide: Window) -> Mep:
    return Mep(math.nan, None, math.nan, valid=False, reason=reason, window_ms=window, amplitude_window_ms=wide)


def _judge(sweep: Sweep, window: Window, wide: Window, criterion_uv: float, rest_limit_uv: float | None) -> Mep:
    span = sweep.span(wide)
    onset = _onset(sweep, span, window)
    wide_uv = _peak_to_peak(sweep, span)
    rest_range = sweep.rest_range_uv(span.stop - span.start)
    stands_out = onset is not None and wide_uv >= criterion_uv and _exceeds_rest(sweep, span, wide_uv, rest_range)
    inside = onset is not None and _is_inside(onset, window, sweep.rate_hz)
    present = stands_out and inside
    amplitude = wide_uv if inside or not stands_out else _peak_to_peak(sweep, sweep.span(window))
    saturation = _saturation(sweep, (min(window[0], wide[0]), wide[1]))
    void = saturation or _tension(sweep, rest_limit_uv) or ("" if inside or not stands_out else _outside(onset, window))
    return Mep(
        amplitude_uv=amplitude,
        latency_ms=onset if present and not saturation else None,
        rest_rms_uv=sweep.rest_rms_uv,
        valid=not void,
        reason=void or _finding(amplitude, onset if present else None, criterion_uv, rest_range),
        present=present and not saturation,
        ambiguous=abs(amplitude - criterion_uv) <= AMBIGUOUS_UV or (amplitude >= criterion_uv and not present),
        onset_ms=onset if stands_out else None,
        rest_range_uv=rest_range,
        hum_hz=sweep.hum.frequency_hz,
        hum_rms_uv=sweep.hum.rms_uv,
        tail_removed=sweep.tail_removed,
        saturated_until_ms=_saturated_until(sweep),
        window_ms=window,
        amplitude_window_ms=wide,
        notes=_notes(sweep, min(window[0], wide[0])),
    )


def _onset(sweep: Sweep, span: slice, window: Window) -> float | None:
    """The onset; a precursor of less than a tenth of the response does not put it before the window."""
    found = [
        find_onset(
            sweep.trace_uv,
            sweep.rate_hz,
            sweep.trigger_index,
            span,
            max(sweep.rest_rms_uv, SMALLEST_SD_UV),
            sweep.blank.stop,
            precursor=precursor,
        )
        for precursor in (PRECURSOR_OF_RESPONSE, DOUBTFUL_PRECURSOR_OF_RESPONSE)
    ]
    return next((onset for onset in found if onset is not None and _is_inside(onset, window, sweep.rate_hz)), found[0])


def _saturation(sweep: Sweep, response_ms: Window) -> str:
    """Whether the amplifier was at its limit where it matters, as a reason or an empty text."""
    response = sweep.span(response_ms)
    if sweep.saturation[sweep.rest].any():
        return "saturated: the amplifier is at its limit before the pulse"
    if sweep.saturation[response].any() or sweep.blank.stop > response.start:
        return f"saturated: the amplifier is at its limit until {_saturated_until(sweep) or 0.0:.1f} ms after the pulse"
    return ""


def _tension(sweep: Sweep, rest_limit_uv: float | None) -> str:
    """Whether the muscle was tense before the pulse, as a reason or an empty text."""
    if rest_limit_uv is None or sweep.rest_rms_uv <= rest_limit_uv:
        return ""
    return f"muscle not at rest: {sweep.rest_rms_uv:.1f} uV before the pulse, the limit is {rest_limit_uv:g} uV"


def _outside(onset_ms: float | None, window: Window) -> str:
    return f"outside window: a response begins at {onset_ms:.1f} ms, the window is {window[0]:g}-{window[1]:g} ms"


def _exceeds_rest(sweep: Sweep, span: slice, amplitude_uv: float, rest_range_uv: float) -> bool:
    """Whether the trace stands out of the rest's own range.

    At rest its range times 1.5 is enough. Of a contracting muscle a single spike passes that, while a response is slow
    and coherent: there both traces are smoothed over 3 ms (SD) first, and 3 times the range is asked for.
    """
    if sweep.rest_rms_uv <= REST_LIMIT_UV:
        return amplitude_uv > OVER_REST_RANGE * rest_range_uv
    slow = sweep.smoothed(SLOW_SD_MS)
    slow_uv = float(np.ptp(slow.trace_uv[span]))
    return amplitude_uv > rest_range_uv and slow_uv > OVER_SLOW_REST_RANGE * slow.rest_range_uv(span.stop - span.start)


def _finding(amplitude_uv: float, onset_ms: float | None, criterion_uv: float, rest_range_uv: float) -> str:
    if onset_ms is not None:
        return f"response of {amplitude_uv:.0f} uV at {onset_ms:.1f} ms"
    if amplitude_uv < criterion_uv:
        return f"no response: {amplitude_uv:.0f} uV is below {criterion_uv:g} uV"
    if amplitude_uv <= OVER_REST_RANGE * rest_range_uv:
        return f"no response: {amplitude_uv:.0f} uV does not stand out of a rest that spans {rest_range_uv:.0f} uV"
    return f"no response: {amplitude_uv:.0f} uV without an onset"


def _notes(sweep: Sweep, first_response_ms: float) -> tuple[str, ...]:
    notes = []
    stray_ms = stray_artefact_ms(sweep, first_response_ms)
    if stray_ms is not None:
        notes.append(f"a step like a pulse's artefact lies at {stray_ms:.1f} ms: is the trigger right?")
    if sweep.rate_hz < SLOW_HZ:
        notes.append(f"sampled at {sweep.rate_hz:g} Hz: peaks between samples are lost, {SLOW_HZ:g} Hz are the rule")
    if REST_WARNING_UV < sweep.rest_rms_uv <= REST_LIMIT_UV:
        notes.append(f"rest is {sweep.rest_rms_uv:.1f} uV: nearly tense")
    if sweep.hum.frequency_hz is not None:
        notes.append(f"mains hum of {sweep.hum.rms_uv:.0f} uV at {sweep.hum.frequency_hz:.1f} Hz removed")
    if sweep.tail_removed:
        notes.append("artefact tail removed")
    return tuple(notes)


def _peak_to_peak(sweep: Sweep, span: slice) -> float:
    """Peak-to-peak over `span` of the trace, each sample replaced by a cubic fitted over 1.6 ms around it.

    A single noisy sample cannot make a peak, and a cubic leaves the peaks of a response as they are (Savitzky and
    Golay, Anal Chem 36:1627, 1964).
    """
    length = 2 * round(PEAK_SPAN_MS * sweep.rate_hz / 2000.0) + 1
    part = slice(max(0, span.start - length), min(sweep.trace_uv.size, span.stop + length))
    trace = sweep.trace_uv[part]
    smooth = savgol_filter(trace, length, CUBIC) if CUBIC < length <= trace.size else trace
    return float(np.ptp(smooth[span.start - part.start : span.stop - part.start]))


def _is_inside(onset_ms: float, window: Window, rate_hz: float) -> bool:
    """Inside the window, half a sample of grace at its ends."""
    grace = 500.0 / rate_hz
    return window[0] - grace <= onset_ms <= window[1] + grace


def _saturated_until(sweep: Sweep) -> float | None:
    at = np.flatnonzero(sweep.saturation)
    after = at[at >= sweep.blank.start]
    return float((after[-1] + 1 - sweep.trigger_index) * 1000.0 / sweep.rate_hz) if after.size else None
