"""What an epoch must be before it can be measured: arguments, padding, length, samples, unit, trigger."""

import math

import numpy as np
from numpy.typing import NDArray

from dsp.muscles import Window
from dsp.sweep import REST_MS, SHORTEST_REST_MS, Sweep, rest_span

Array = NDArray[np.float64]

QUIETEST_ELECTRODE_UV = 0.05
"""RMS. A pair of electrodes of 1 kOhm alone gives 0.1 uV over 500 Hz (Johnson noise); every amplifier adds to it."""
RESPONSE_IN_MV_AT_MOST = 30.0
SLOWEST_HZ, SLOW_HZ = 500.0, 2000.0
"""The amplitude of modelled responses of 500 uV is up to 2 % off at 2000 Hz, 3 % at 1000 Hz, 14 % at 500 Hz; at 100 Hz
most of it is lost."""
STOPPED_MS, STOPPED_SAMPLES = 10.0, 10
LARGEST_RESPONSE_UV = 30_000.0
"""No surface response is larger; the population model of Goetz et al. (IEEE TNSRE 27:1539, 2019) stops there too."""
STRAY_STEP_UV = 100.0
STRAY_STEP_OF_OTHERS = 10.0
STEP_BEGINS_AT = 0.25
PULSE_SPAN_MS = (-2.0, 8.0)
EARLIEST_RESPONSE_MS = 12.0


def check_arguments(
    epoch: Array, rate_hz: float, trigger_index: int, window_ms: Window, amplitude_window_ms: Window | None
) -> None:
    """Raise ValueError for an epoch that is not one-dimensional, a rate, index or window that cannot be."""
    if epoch.ndim != 1:
        raise ValueError(f"epoch_uv must be one channel of shape (n,), got {epoch.shape}")
    if not (rate_hz > 0 and math.isfinite(rate_hz)):
        raise ValueError(f"rate_hz must be positive, got {rate_hz}")
    if trigger_index < 0:
        raise ValueError(f"trigger_index must not be negative, got {trigger_index}")
    for name, pair in (("window_ms", window_ms), ("amplitude_window_ms", amplitude_window_ms)):
        if pair is not None and not 0 < pair[0] < pair[1]:
            raise ValueError(f"{name} must be (start, stop) in ms with 0 < start < stop, got {pair}")


def without_padding(epoch: Array, rate_hz: float, trigger_index: int) -> tuple[Array, int]:
    """The epoch without missing samples at its ends, or before the rest that is needed, and its new trigger."""
    finite = np.flatnonzero(np.isfinite(epoch))
    if finite.size == 0:
        return epoch[:0], 0
    first, last = int(finite[0]), int(finite[-1])
    needed = rest_span(epoch.size, rate_hz, trigger_index, REST_MS).start
    early = np.flatnonzero(~np.isfinite(epoch[first:needed]))
    first = first + int(early[-1]) + 1 if early.size else first
    return epoch[first : last + 1], max(0, trigger_index - first)


def known_part(epoch: Array, trigger_index: int) -> slice:
    """The stretch around the pulse in which no sample is missing."""
    missing = np.flatnonzero(~np.isfinite(epoch))
    first = int(np.max(missing[missing < trigger_index], initial=-1)) + 1
    return slice(first, int(np.min(missing[missing > trigger_index], initial=epoch.size)))


def too_slow(rate_hz: float) -> str:
    """Why a response cannot be measured at this rate (Hz), or an empty text."""
    if rate_hz >= SLOWEST_HZ:
        return ""
    return f"too slow: {rate_hz:g} Hz miss the peaks of a response, {SLOWEST_HZ:g} Hz are the least; record again"


def too_short(n: int, rate_hz: float, trigger_index: int, needed_ms: float) -> str:
    """What an epoch of n samples lacks when it must reach `needed_ms` after the pulse, or an empty text."""
    rest = rest_span(n, rate_hz, trigger_index, REST_MS)
    rest_ms = (rest.stop - rest.start) * 1000.0 / rate_hz
    after_ms = (n - 1 - trigger_index) * 1000.0 / rate_hz
    if rest_ms < SHORTEST_REST_MS:
        return f"too short: {max(rest_ms, 0.0):.0f} ms of rest before the pulse, {SHORTEST_REST_MS:.0f} ms are needed"
    if after_ms + 1000.0 / rate_hz < needed_ms:
        return f"too short: {max(after_ms, 0.0):.0f} ms after the pulse, {needed_ms:.0f} ms are needed"
    return ""


def unusable(epoch: Array, rate_hz: float, trigger_index: int, amplitude_window_ms: Window) -> str:
    """Why the samples themselves cannot be measured, or an empty text."""
    start = rest_span(epoch.size, rate_hz, trigger_index, REST_MS).start
    used = epoch[start : trigger_index + round(amplitude_window_ms[1] * rate_hz / 1000.0) + 1]
    missing = int(np.count_nonzero(~np.isfinite(used)))
    if missing:
        return f"missing samples: {missing} between rest and the end of the window"
    if np.ptp(used) == 0.0:
        return "flat line: the channel does not change; check electrodes and cable"
    return _stopped(epoch, rate_hz, trigger_index, amplitude_window_ms)


def _stopped(epoch: Array, rate_hz: float, trigger_index: int, amplitude_window_ms: Window) -> str:
    """Whether the numbers repeat in the rest or the response, where no amplifier's noise lets them.

    Around the pulse it may hold its value; at the largest or smallest one it is saturated, which is told elsewhere.
    A sweep without any noise in its rest is made by hand.
    """
    rest = rest_span(epoch.size, rate_hz, trigger_index, REST_MS)
    if np.ptp(epoch[rest]) == 0.0:
        return ""
    rails = np.nanmin(epoch), np.nanmax(epoch)
    longest = max(STOPPED_SAMPLES, round(STOPPED_MS * rate_hz / 1000.0))
    first, last = (trigger_index + round(at * rate_hz / 1000.0) for at in amplitude_window_ms)
    for part in (rest, slice(first, last + 1)):
        changes = np.flatnonzero(np.diff(epoch[part], prepend=np.nan, append=np.nan) != 0)
        held = np.diff(changes)
        held[np.isin(epoch[part][changes[:-1]], rails)] = 0
        if held.size and held.max() >= longest:
            at = int(np.argmax(held))
            begins_ms = (part.start + int(changes[at]) - trigger_index) * 1000.0 / rate_hz
            lasts_ms = float(held[at]) * 1000.0 / rate_hz
            return f"stopped: one value for {lasts_ms:.0f} ms from {begins_ms:.0f} ms on; check amplifier and cable"
    return ""


def wrong_unit(sweep: Sweep, amplitude_window_ms: Window) -> str:
    """Why the samples cannot be uV, or an empty text: quieter than any electrode, or larger than any response."""
    range_uv = float(np.ptp(sweep.trace_uv[sweep.span(amplitude_window_ms)]))
    if 0.0 < sweep.rest_rms_uv < QUIETEST_ELECTRODE_UV and range_uv < RESPONSE_IN_MV_AT_MOST:
        return f"wrong unit: a rest of {sweep.rest_rms_uv:.1g} uV is quieter than any electrode; are these mV or V?"
    if range_uv > LARGEST_RESPONSE_UV:
        return f"wrong unit: {range_uv:.0f} uV is more than any muscle gives; are these nV or counts?"
    return ""


def stray_artefact_ms(sweep: Sweep, first_response_ms: float) -> float | None:
    """When an artefact like a pulse's begins beside the trigger (ms), or None.

    The steepest step up to 12 ms, or to the first response, must exceed 100 uV and ten times the steepest
    step elsewhere, 2 ms around both spared. A conditioning pulse looks the same, so this is a matter for a note.
    """
    step = np.abs(np.diff(sweep.trace_uv[: sweep.index(min(first_response_ms, EARLIEST_RESPONSE_MS))]))
    pulse = slice(max(0, sweep.index(PULSE_SPAN_MS[0]) - 1), max(sweep.index(PULSE_SPAN_MS[1]), sweep.blank.stop))
    step[pulse] = 0.0
    if step.size == 0:
        return None
    at = int(np.argmax(step))
    others = step.copy()
    reach = round(-PULSE_SPAN_MS[0] * sweep.rate_hz / 1000.0)
    others[max(0, at - reach) : at + reach + 1] = 0.0
    if step[at] < STRAY_STEP_UV or step[at] < STRAY_STEP_OF_OTHERS * float(np.max(others)):
        return None
    start = max(0, at - reach)
    first = start + int(np.argmax(step[start : at + 1] >= STEP_BEGINS_AT * step[at]))
    return (first + 1 - sweep.trigger_index) * 1000.0 / sweep.rate_hz
