"""The evoked responses of an assessment: the same intensity at every visit, three accepted sweeps a side, two rows.

The intensity is 120 % of the first resting threshold and stays what it was when the threshold moves. A sweep that is
void (tense muscle, saturation, missing samples) or was given at another intensity is listed and does not count.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from numpy.typing import ArrayLike

from dsp.mep_set import Reading, SweepSet, measure_set
from dsp.onset import RULE

Side = Literal["left", "right"]
Cell = str | int | float | None

PERCENT_OF_RMT = 120.0
SWEEPS_A_SIDE = 3
LARGEST_PCT_MSO = 100
ROUNDING = 1e-9
SAME_INTENSITY_PCT_MSO = 0.5
INTENSITY_NOT_REACHABLE = "intensity_not_reachable"
INTENSITY_UNKNOWN = "intensity_of_sweeps_unknown"


@dataclass(frozen=True)
class LockedIntensity:
    """What every visit uses. `asked_pct_mso` is before rounding down and clamping; `flags` say when it was clamped."""

    pct_mso: int
    asked_pct_mso: float
    baseline_rmt_pct_mso: float
    percent_of_rmt: float = PERCENT_OF_RMT
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class SideResult:
    """One side of one visit, a row of the export. `intensity` is None when nobody locked one."""

    side: Side
    result: SweepSet
    intensity: LockedIntensity | None
    flags: tuple[str, ...]
    onset_rule: str = RULE

    @property
    def row(self) -> dict[str, Cell]:
        """The row, units in the names; None where nothing was measured."""
        made = self.result
        return {
            "side": self.side,
            "intensity_pct_mso": None if self.intensity is None else self.intensity.pct_mso,
            "sweeps_given": len(made.sweeps),
            "sweeps_accepted": len(made.accepted),
            "sweeps_with_response": made.responses,
            "amplitude_uv": made.amplitude_uv,
            "amplitude_sd_uv": made.amplitude_sd_uv,
            "latency_ms": made.latency_ms,
            "latency_sd_ms": made.latency_sd_ms,
            "average_amplitude_uv": made.average_amplitude_uv,
            "average_latency_ms": made.average_latency_ms,
            "onset_rule": self.onset_rule,
            "flags": " ".join(self.flags),
            "refusal": made.refusal,
        }


@dataclass(frozen=True)
class MepAssessment:
    """Both legs of one visit, each with its own row. A side that was not measured has a row with a refusal."""

    left: SideResult
    right: SideResult

    @property
    def rows(self) -> tuple[dict[str, Cell], dict[str, Cell]]:
        """Left, then right."""
        return self.left.row, self.right.row


def lock_intensity(
    baseline_rmt_pct_mso: float, *, percent_of_rmt: float = PERCENT_OF_RMT, largest_pct_mso: int = LARGEST_PCT_MSO
) -> LockedIntensity:
    """The intensity of all visits: a percentage of the baseline threshold, down to whole %MSO, at most the largest.

    A threshold of 85 %MSO asks for 102: the result is 100 with the flag `intensity_not_reachable`. Store the result at
    the first visit and never compute it from a later threshold. Raises ValueError for what cannot be.
    """
    if not 0.0 < baseline_rmt_pct_mso <= LARGEST_PCT_MSO:
        raise ValueError(f"baseline_rmt_pct_mso must be over 0 and at most 100, got {baseline_rmt_pct_mso}")
    if not (math.isfinite(percent_of_rmt) and percent_of_rmt > 0.0):
        raise ValueError(f"percent_of_rmt must be positive, got {percent_of_rmt}")
    asked = baseline_rmt_pct_mso * percent_of_rmt / 100.0
    whole = math.floor(asked + ROUNDING)
    if whole < 1:
        raise ValueError(
            f"{percent_of_rmt:g} % of {baseline_rmt_pct_mso:g} %MSO is below 1 %MSO: no stimulator gives it"
        )
    flags = (INTENSITY_NOT_REACHABLE,) if asked > largest_pct_mso + ROUNDING else ()
    return LockedIntensity(min(whole, largest_pct_mso), asked, baseline_rmt_pct_mso, percent_of_rmt, flags)


def assess_side(
    side: Side,
    epochs_uv: Sequence[ArrayLike],
    reading: Reading,
    *,
    locked: LockedIntensity | None = None,
    intensity_pct_mso: Sequence[float | None] | None = None,
    wanted: int = SWEEPS_A_SIDE,
) -> SideResult:
    """Measure one side's sweeps, each (n,) in uV, and average the first `wanted` that count.

    With `locked` and the `intensity_pct_mso` at which each sweep was given, a sweep at another intensity does not
    count; where the intensity of a sweep is not known the result is flagged. Raises ValueError when there is not one
    intensity a sweep.
    """
    given = [None] * len(epochs_uv) if intensity_pct_mso is None else list(intensity_pct_mso)
    if len(given) != len(epochs_uv):
        raise ValueError(f"intensity_pct_mso has {len(given)} values for {len(epochs_uv)} sweeps")
    wrong = {number: reason for number, at in enumerate(given) if (reason := _elsewhere(at, locked))}
    result = measure_set(epochs_uv, reading, wanted=wanted, not_counted=wrong)
    flags = list(result.flags)
    if locked is not None:
        flags += locked.flags
        flags += [INTENSITY_UNKNOWN] if any(given[number] is None for number in result.accepted) else []
    return SideResult(side, result, locked, tuple(flags))


def _elsewhere(given_pct_mso: float | None, locked: LockedIntensity | None) -> str:
    """Why a sweep's intensity is the wrong one, or an empty text."""
    if locked is None or given_pct_mso is None or abs(given_pct_mso - locked.pct_mso) < SAME_INTENSITY_PCT_MSO:
        return ""
    return f"given at {given_pct_mso:g} %MSO, the locked intensity is {locked.pct_mso} %MSO"
