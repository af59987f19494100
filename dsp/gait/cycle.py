"""The stride's cycle from the turn rate alone: period, swings, and the quietest moment of every stance.

Nothing here knows a resting level: heights are relative to the foot's own swing, distances to its own period, so that a
foot that hardly turns is cut like one that swings freely.
"""

from dataclasses import dataclass

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks

from dsp.gait.model import Array
from dsp.gait.samples import RefusedError, Samples

SHORTEST_PERIOD_S, LONGEST_PERIOD_S = 0.6, 3.5
LEAST_REGULARITY = 0.25  # autocorrelation at the period
LEAST_SWING_RAD_S = 0.6  # 97th percentile of the envelope; standing sway stays under 0.2 rad/s
QUIET_S = 0.1
SETTLE_PERIODS = 3.0  # of the cut-off frequency: how far a filter's ends reach


@dataclass(frozen=True)
class Cycle:
    """A foot's envelope (n,), its period in s, and how regular it is (0-1)."""

    envelope_rad_s: Array
    period_s: float
    regularity: float


@dataclass(frozen=True)
class Swing:
    """Sample numbers: mid-stance before, swing, mid-stance after; `joined`: the last swing ended at `before`."""

    before: int
    peak: int
    after: int
    joined: bool


def low_pass(values: Array, rate_hz: float, cutoff_hz: float, order: int = 2) -> Array:
    """Butterworth forth and back along the first axis: its squared gain on the spectrum, the ends mirrored in a point.

    The same as filtering twice with the bilinear filter, at a fifth of the time.
    """
    size, cutoff = values.shape[0], min(cutoff_hz, 0.45 * rate_hz)
    pad = min(size - 1, int(SETTLE_PERIODS * rate_hz / cutoff))
    before, after = 2 * values[0] - values[pad:0:-1], 2 * values[-1] - values[-2 : -pad - 2 : -1]
    whole = np.concatenate([before, values, after])
    length = next_fast_len(whole.shape[0], real=True)
    warped = np.tan(np.pi * np.minimum(np.fft.rfftfreq(length), 0.4999)) / np.tan(np.pi * cutoff / rate_hz)
    gain = 1 / (1 + warped ** (2 * order))
    spectrum = rfft(whole, length, axis=0)
    found = irfft((spectrum.T * gain).T, length, axis=0)
    return np.asarray(found[pad : pad + size])


def cycle(samples: Samples) -> Cycle:
    """Period by autocorrelation of the low-passed turn rate. Raises RefusedError where nothing repeats."""
    rate_hz = samples.rate_hz
    norm = np.linalg.norm(samples.gyro_rad_s, axis=1)
    envelope = low_pass(norm, rate_hz, 3.0)
    if np.percentile(envelope, 97) < LEAST_SWING_RAD_S:
        raise RefusedError("the foot does not move: standing still, no walking found")
    centred = envelope - envelope.mean()
    size = centred.size
    whole = next_fast_len(2 * size, real=True)
    power = irfft(np.abs(rfft(centred, whole)) ** 2, whole)[:size]
    lags = slice(int(SHORTEST_PERIOD_S * rate_hz), min(int(LONGEST_PERIOD_S * rate_hz), size * 2 // 3))
    likeness = (power * size / (power[0] * (size - np.arange(size))))[lags]
    peaks, _ = find_peaks(likeness)
    if peaks.size == 0 or likeness[peaks].max() < LEAST_REGULARITY:
        raise RefusedError("nothing repeats like a stride: no walking found")
    first = peaks[likeness[peaks] >= 0.8 * likeness[peaks].max()][0]
    return Cycle(envelope, float(lags.start + first) / rate_hz, float(likeness[first]))


def swing_peaks(own: Cycle, rate_hz: float, period_s: float) -> list[int]:
    """The middle of every swing: peaks of the envelope, at least 0.6 of a period apart, relative to the foot's own."""
    envelope = low_pass(own.envelope_rad_s, rate_hz, min(3.0, 3.0 / period_s))
    height = float(np.percentile(envelope, 97))
    distance = max(1, int(0.6 * period_s * rate_hz))
    peaks, _ = find_peaks(envelope, distance=distance, height=0.2 * height, prominence=0.12 * height)
    return [int(peak) for peak in peaks]


def borrow(own: Cycle, peaks: list[int], other: list[int], rate_hz: float, period_s: float) -> list[int]:
    """Swings of a weak foot that the other foot's rhythm asks for and its own envelope shows as a small peak."""
    if len(peaks) < 3 or len(other) < 3:
        return peaks
    period = period_s * rate_hz
    mine, theirs = np.array(peaks), np.array(other)
    after = [float((mine[mine > at] - at).min()) for at in theirs if (mine > at).any()]
    lag = float(np.median([gap for gap in after if gap < period] or [period / 2]))
    floor = 0.12 * float(np.percentile(own.envelope_rad_s, 97))
    found = list(peaks)
    for expected in theirs + lag:
        if np.abs(mine - expected).min() < 0.45 * period:
            continue
        start, end = int(expected - 0.25 * period), int(expected + 0.25 * period)
        if start < 0 or end > own.envelope_rad_s.size:
            continue
        best = start + int(np.argmax(own.envelope_rad_s[start:end]))
        free = np.abs(np.array(found) - best).min() >= 0.5 * period  # a swing has humps; one foot swings once
        if own.envelope_rad_s[best] > floor and start < best < end - 1 and free:
            found.append(best)
    return sorted(found)


def swings(samples: Samples, peaks: list[int], period_s: float) -> list[Swing]:
    """Every swing between the quietest moments of the stances around it."""
    rate_hz, size = samples.rate_hz, samples.gyro_rad_s.shape[0]
    motion = uniform_filter1d((samples.gyro_rad_s**2).sum(axis=1), max(1, int(QUIET_S * rate_hz)))
    period = period_s * rate_hz
    found: list[Swing] = []
    last_after = -1
    for number, peak in enumerate(peaks):
        joined = number > 0 and peak - peaks[number - 1] <= 1.6 * period
        follows = number + 1 < len(peaks) and peaks[number + 1] - peak <= 1.6 * period
        start = peaks[number - 1] + 0.2 * period if joined else peak - 0.75 * period
        end = peaks[number + 1] - 0.2 * period if follows else peak + 0.75 * period
        before = _quietest(motion, start, peak - 0.2 * period)
        after = _quietest(motion, peak + 0.2 * period, min(end, size))
        if before is not None and after is not None:
            found.append(Swing(before, peak, after, joined and before == last_after))
        last_after = -1 if after is None else after
    return found


def _quietest(motion: Array, start: float, end: float) -> int | None:
    first, last = max(int(start), 0), int(end)
    return None if last - first < 4 else first + int(np.argmin(motion[first:last]))
