"""The silent period: how long a contracting muscle falls silent after the pulse.

Two starts are in use and both are given: the pulse, and the onset of the evoked response. The end is the return of
voluntary activity. Activity is the rectified trace averaged over 5 ms; the muscle is silent where it is below half of
its mean before the pulse, and active where it is over that for 5 ms (criteria of this kind: Hupfeld et al., Neurosci
Biobehav Rev 118:610, 2020). As such an average blurs an edge, each edge is then put where the likelihood of a change
of variance is greatest (Inclan and Tiao, J Am Stat Assoc 89:913, 1994). A contraction has gaps of its own: a silence
that is not clearly longer than those before the pulse is none. A burst inside the silence does not end it, but is said.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import uniform_filter1d

from dsp.epochs import known_part
from dsp.mep import measure
from dsp.muscles import Window
from dsp.sweep import GUARD_MS, Sweep, condition

Array = NDArray[np.float64]
Span = tuple[int, int]

RULE = "half-of-rectified-mean+variance-change/1"
CONTRACTION_UV = 50.0
"""RMS before the pulse from which a return of activity can be told from noise."""
SMOOTH_MS = 5.0
HELD_MS = 5.0
SILENT_BELOW = 0.5
DEEP_BELOW = 1.0 / 3.0
OVER_OWN_GAPS = 1.5
SHORTEST_MS = 15.0
SHORTEST_BACKGROUND_MS = 80.0
BACKGROUND_MS = 200.0
STARTS_BEFORE_MS = 120.0
LONGEST_BURST_MS = 50.0
EDGE_MS = 15.0
SHORTEST_PART_MS = 2.0


@dataclass(frozen=True)
class SilentPeriod:
    """One sweep. Times in ms after the pulse, durations in ms; all None with a `refusal`.

    `return_ms` is when activity is back for good and so also the silent period counted from the pulse;
    `from_onset_ms` counts from `onset_ms`, the onset of the evoked response (None, with the flag `no_onset`, when the
    contraction hides it). `stretches_ms` are the uninterrupted silences, `longest_ms` is the longest; more than one
    stands with the flag `interrupted`. `background_uv` and `background_rms_uv` are the mean of the rectified trace
    before the pulse and its RMS, `own_gap_ms` the longest silence before the pulse, `residual` the mean rectified
    activity inside the stretches over that before the pulse.
    """

    refusal: str | None
    background_rms_uv: float = math.nan
    background_uv: float = math.nan
    own_gap_ms: float = math.nan
    onset_ms: float | None = None
    return_ms: float | None = None
    from_onset_ms: float | None = None
    stretches_ms: tuple[Window, ...] = ()
    longest_ms: float | None = None
    residual: float | None = None
    flags: tuple[str, ...] = ()
    rule: str = RULE


def silent_period(
    epoch_uv: ArrayLike,
    rate_hz: float,
    trigger_index: int,
    *,
    window_ms: Window = (20.0, 50.0),
    contraction_uv: float = CONTRACTION_UV,
    onset_ms: float | None = None,
    mains_hz: tuple[float, ...] = (50.0, 60.0),
    rail_uv: float | None = None,
) -> SilentPeriod:
    """Measure one raw epoch (n,) in uV of a contracting muscle, with the pulse at sample `trigger_index`.

    `window_ms` is where the evoked response may begin; `onset_ms` is taken where this sweep's own onset is not found
    (the onset of the average of several sweeps, say), with the flag `onset_given`. Refused, with words: what
    `dsp.mep.measure` cannot use, no contraction before the pulse (RMS under `contraction_uv`), less than 80 ms of it,
    no silence that starts within 120 ms, is longer than 15 ms and 1.5 times the contraction's own gaps, and on average
    below a third of the contraction, no return before the epoch ends. Raises ValueError as `dsp.mep.measure` does.
    """
    response = measure(
        epoch_uv, rate_hz, trigger_index, window_ms=window_ms, rest_limit_uv=None, mains_hz=mains_hz, rail_uv=rail_uv
    )
    if math.isnan(response.amplitude_uv):
        return SilentPeriod(response.reason)
    epoch = np.asarray(epoch_uv, dtype=float)
    known = known_part(epoch, trigger_index)
    sweep = condition(
        epoch[known],
        rate_hz,
        trigger_index - known.start,
        first_response_ms=window_ms[0],
        mains_hz=mains_hz,
        rail_uv=rail_uv,
    )
    own = response.latency_ms
    found = _find(sweep, contraction_uv, own if own is not None else onset_ms)
    if found.refusal:
        return found
    flags = found.flags if own is not None else (*found.flags, "no_onset" if onset_ms is None else "onset_given")
    return replace(found, flags=flags)


def _find(sweep: Sweep, contraction_uv: float, onset_ms: float | None) -> SilentPeriod:
    per_ms = sweep.rate_hz / 1000.0
    rest = slice(sweep.index(-BACKGROUND_MS), sweep.index(-GUARD_MS))
    if rest.stop - rest.start < SHORTEST_BACKGROUND_MS * per_ms:
        return SilentPeriod(f"too short: under {SHORTEST_BACKGROUND_MS:.0f} ms of contraction before the pulse")
    rectified = np.abs(sweep.trace_uv)
    level, rms = float(np.mean(rectified[rest])), float(np.sqrt(np.mean(sweep.trace_uv[rest] ** 2)))
    quiet = uniform_filter1d(rectified, max(1, round(SMOOTH_MS * per_ms))) < SILENT_BELOW * level
    gap_ms = max((stop - start for start, stop in _silences(quiet[rest], per_ms)), default=0) / per_ms
    made = SilentPeriod(None, rms, level, gap_ms)
    if rms < contraction_uv:
        return replace(made, refusal=f"no contraction: {rms:.1f} uV before the pulse, {contraction_uv:g} uV are needed")
    if sweep.saturation[rest].any() or sweep.saturation[sweep.blank.stop :].any():
        return replace(made, refusal="saturated: the amplifier is at its limit in the contraction or after the pulse")
    after = sweep.index(onset_ms if onset_ms is not None else 0.0)
    after = max(after, sweep.blank.stop)
    spans = [(a + after, b + after) for a, b in _silences(quiet[after:], per_ms)]
    longest_gap = max(SHORTEST_MS, OVER_OWN_GAPS * gap_ms)
    long = [span for span in spans if span[1] - span[0] >= longest_gap * per_ms]
    chain = _chain([(a, b) for a, b in long if np.mean(rectified[a:b]) < DEEP_BELOW * level], sweep)
    if not chain:
        words = f"no silent period: no silence over {longest_gap:.0f} ms begins within {STARTS_BEFORE_MS:.0f} ms"
        return replace(made, refusal=words)
    if chain[-1][1] >= sweep.trace_uv.size - HELD_MS * per_ms:
        end_ms = (sweep.trace_uv.size - 1 - sweep.trigger_index) / per_ms
        return replace(made, refusal=f"no return: the muscle is still silent when the epoch ends at {end_ms:.0f} ms")
    edges = [_sharpened(sweep, span) for span in chain]
    stretches = tuple(((a - sweep.trigger_index) / per_ms, (b - sweep.trigger_index) / per_ms) for a, b in edges)
    back_ms = stretches[-1][1]
    inside = np.concatenate([rectified[a:b] for a, b in edges])
    return replace(
        made,
        onset_ms=onset_ms,
        return_ms=back_ms,
        from_onset_ms=None if onset_ms is None else back_ms - onset_ms,
        stretches_ms=stretches,
        longest_ms=max(b - a for a, b in stretches),
        residual=float(np.mean(inside)) / level,
        flags=("interrupted",) if len(stretches) > 1 else (),
    )


def _silences(quiet: NDArray[np.bool_], per_ms: float) -> list[Span]:
    """Spans [start, stop) of silence: activity that is not held for 5 ms does not break one."""
    active = _runs(~quiet, round(HELD_MS * per_ms))
    edges = np.flatnonzero(np.diff(np.concatenate([[True], active, [True]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _runs(mask: NDArray[np.bool_], at_least: int) -> NDArray[np.bool_]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8))).reshape(-1, 2)
    kept = np.zeros_like(mask)
    for start, stop in edges:
        if stop - start >= at_least:
            kept[start:stop] = True
    return kept


def _chain(spans: list[Span], sweep: Sweep) -> list[Span]:
    """The first silence that starts early enough, and those after it with no burst over 50 ms between."""
    chain: list[Span] = []
    for start, stop in spans:
        before = chain[-1][1] + LONGEST_BURST_MS * sweep.rate_hz / 1000.0 if chain else sweep.index(STARTS_BEFORE_MS)
        if start > before:
            break
        chain.append((start, stop))
    return chain


def _sharpened(sweep: Sweep, span: Span) -> Span:
    """Both edges moved to the likeliest change of variance within 15 ms."""
    reach = round(EDGE_MS * sweep.rate_hz / 1000.0)
    middle = (span[0] + span[1]) // 2
    start = _change(sweep, max(span[0] - reach, sweep.blank.stop), min(span[0] + reach, middle))
    stop = _change(sweep, max(span[1] - reach, middle), min(span[1] + reach, sweep.trace_uv.size))
    return (start or span[0], stop or span[1])


def _change(sweep: Sweep, first: int, last: int) -> int | None:
    """The sample in [first, last) where two variances are likeliest to meet; None where the stretch is too short."""
    part = sweep.trace_uv[first:last]
    least = max(2, round(SHORTEST_PART_MS * sweep.rate_hz / 1000.0))
    if part.size < 2 * least + 1:
        return None
    split = np.arange(least, part.size - least)
    power = np.cumsum(part**2)
    floor = 1e-6 * power[-1] / part.size + 1e-12
    early = np.log(power[split - 1] / split + floor)
    late = np.log((power[-1] - power[split - 1]) / (part.size - split) + floor)
    return first + int(split[np.argmin(split * early + (part.size - split) * late)])
