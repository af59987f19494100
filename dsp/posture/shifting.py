"""Weight shift: put a given share of the load on one leg at a cue, and hold it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.posture.moving import RESTLESS_PCT, baseline, refusal, restless, smooth

Array = NDArray[np.float64]

LEAST_HOLD_S = 2.0
REACTION_OF_STEP, ARRIVED_OF_STEP = 0.05, 0.90
SMALLEST_STEP_PCT = 2.0
LOOSEST_PCT, LOOSEST_OF_STEP = 5.0, 0.3
"""A spread beyond both is no hold but a movement, or a hold that ended."""


@dataclass(frozen=True)
class Shift:
    """One shift; loads in % of the body's weight on the named leg, times in s after the cue.

    `before_pct` is the load of the second before the cue, `held_pct` that of the hold, their difference the step.
    `reaction_s` and `to_90_s` are when 5 and 90 % of the step are passed. `overshoot_pct` is how far the load went
    beyond `held_pct`. `hold_error_pct` is held minus target, `hold_sd_pct` the spread of the hold, `in_target_s` the
    time within the band about the target. `reached_pct` is the most that leg carried.
    """

    before_pct: float = math.nan
    held_pct: float = math.nan
    reaction_s: float = math.nan
    to_90_s: float = math.nan
    overshoot_pct: float = math.nan
    hold_error_pct: float = math.nan
    hold_sd_pct: float = math.nan
    in_target_s: float = math.nan
    reached_pct: float = math.nan
    target_pct: float = math.nan
    band_pct: float = math.nan
    hold_s: float = math.nan
    refusal: str | None = None


def weight_shift(
    load_pct: ArrayLike,
    rate_hz: float,
    *,
    cue_index: int,
    target_pct: float,
    band_pct: float = 5.0,
    hold_s: float | None = None,
) -> Shift:
    """Measure one shift from the share (n,) of the load on the leg that was asked for, in %.

    The hold is the last `hold_s`; by default the second half of what follows the cue, and no less than 2 s. Times are
    read off a low-passed track (10 Hz), between samples. Raises ValueError for shapes, rate and target that cannot be.
    """
    load = np.asarray(load_pct, dtype=float)
    if not (0 < target_pct <= 100 and band_pct > 0):
        raise ValueError(f"target_pct must be in (0, 100] and band_pct positive, not {target_pct} and {band_pct}")
    told = Shift(target_pct=target_pct, band_pct=band_pct)
    why = refusal((load,), rate_hz, cue_index, 2 * LEAST_HOLD_S) or _share(load)
    why = why or restless((load,), rate_hz, cue_index, RESTLESS_PCT, "%")
    if why is not None:
        return _refused(told, why)
    hold = max((load.size - 1 - cue_index) / (2 * rate_hz) if hold_s is None else hold_s, LEAST_HOLD_S)
    if hold * rate_hz >= load.size - cue_index:
        return _refused(told, f"too short: a hold of {hold:g} s does not fit after the cue")
    track = smooth(load, rate_hz)
    held_part = load[load.size - round(hold * rate_hz) :]
    before, held = float(load[baseline(load.size, rate_hz, cue_index)].mean()), float(held_part.mean())
    step = held - before
    if abs(step) < SMALLEST_STEP_PCT:
        return _refused(told, f"no shift: the load went from {before:.1f} to {held:.1f} %")
    spread = float(held_part.std())
    if spread > max(LOOSEST_PCT, LOOSEST_OF_STEP * abs(step)):
        why = f"not held: the load spreads by {spread:.0f} % about {held:.0f} % in the last {hold:.0f} s"
        return _refused(told, why)
    gone = (track[cue_index:] - before) / step
    return Shift(
        before_pct=before,
        held_pct=held,
        reaction_s=_passed(gone, REACTION_OF_STEP) / rate_hz,
        to_90_s=_passed(gone, ARRIVED_OF_STEP) / rate_hz,
        overshoot_pct=max(float(gone.max()) - 1.0, 0.0) * abs(step),
        hold_error_pct=held - target_pct,
        hold_sd_pct=spread,
        in_target_s=float(np.count_nonzero(np.abs(load[cue_index:] - target_pct) <= band_pct)) / rate_hz,
        reached_pct=float(track[cue_index:].max()),
        target_pct=target_pct,
        band_pct=band_pct,
        hold_s=hold,
    )


def _passed(gone: Array, share: float) -> float:
    """Where `gone` passes `share` for the last time before it first reaches 90 % (samples): not a twitch before it."""
    arrived = int(np.argmax(gone >= ARRIVED_OF_STEP))
    under = np.flatnonzero(gone[:arrived] < share)
    if not under.size:
        return 0.0
    at = int(under[-1])
    return at + float((share - gone[at]) / (gone[at + 1] - gone[at]))


def _share(load: Array) -> str | None:
    if load.min() < -5 or load.max() > 105:
        return "off the plate: a share outside 0 to 100 %; did the person stand on it?"
    if load.max() <= 1.0:
        return "units: the shares are all under 1; give them in %"
    return None


def _refused(told: Shift, why: str) -> Shift:
    return Shift(target_pct=told.target_pct, band_pct=told.band_pct, refusal=why)
