"""The hunt for a resting motor threshold: which intensity next, what the threshold is and how sure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from dsp.threshold import adaptive, words
from dsp.threshold.belief import Belief
from dsp.threshold.grid import Assumptions, grid_for
from dsp.threshold.ladder import Ladder, Verdict
from dsp.threshold.rule import ThresholdEstimate, ThresholdRule, Trial

_ASSUMPTIONS = Assumptions()


class ThresholdHunt:
    """One hunt: ask `next_intensity`, deliver the pulse, `record` what came, until `done`.

    Intensities are %MSO, amplitudes uV peak to peak. All proposals are multiples of `step_pct_mso` within
    `range_pct_mso`, and the same trials always lead to the same proposals. Every state is an immutable value,
    so `copy.copy` and `copy.deepcopy` cost nothing and give an independent hunt.

    The adaptive method is done after 12 to 40 valid trials, see `dsp.threshold.adaptive`; the ladder when its
    levels are decided, see `dsp.threshold.ladder`. Raises ValueError for a start, step or range that no
    stimulator has.
    """

    def __init__(
        self,
        rule: ThresholdRule,
        *,
        start_pct_mso: float,
        step_pct_mso: float = 1.0,
        range_pct_mso: tuple[float, float] = (1.0, 100.0),
    ) -> None:
        low, high = range_pct_mso
        if not (math.isfinite(step_pct_mso) and 0 < step_pct_mso <= 10):
            raise ValueError(f"step_pct_mso must be above 0 and at most 10 %MSO, not {step_pct_mso}")
        if not (math.isfinite(high) and 0 < low < high):
            raise ValueError(f"range_pct_mso must be two rising intensities above 0, not {range_pct_mso}")
        if not low <= start_pct_mso <= high:
            raise ValueError(f"start_pct_mso must be within {low:g} to {high:g} %MSO, not {start_pct_mso}")
        self._lowest = math.ceil(low / step_pct_mso - 1e-9)
        self._highest = math.floor(high / step_pct_mso + 1e-9)
        if self._lowest > self._highest:
            raise ValueError(f"range_pct_mso {range_pct_mso} holds no multiple of {step_pct_mso:g} %MSO")
        self.rule = rule
        self.step_pct_mso = float(step_pct_mso)
        self.range_pct_mso = (float(low), float(high))
        self._start = start_pct_mso
        self._trials: tuple[Trial, ...] = ()
        self._belief = Belief.before(grid_for(low, high, _ASSUMPTIONS), start_pct_mso, rule.criterion_uv)
        self._ladder = Ladder.at(rule, start_pct_mso, step_pct_mso, self._lowest, self._highest)
        self._done = False

    @classmethod
    def replay(
        cls,
        rule: ThresholdRule,
        trials: Iterable[Trial],
        *,
        start_pct_mso: float,
        step_pct_mso: float = 1.0,
        range_pct_mso: tuple[float, float] = (1.0, 100.0),
    ) -> ThresholdHunt:
        """The hunt after all of `trials`, equal in every answer to the one that recorded them one by one."""
        hunt = cls(rule, start_pct_mso=start_pct_mso, step_pct_mso=step_pct_mso, range_pct_mso=range_pct_mso)
        for trial in trials:
            hunt.record(trial.intensity_pct_mso, trial.amplitude_uv, trial.valid)
        return hunt

    def __copy__(self) -> ThresholdHunt:
        twin = object.__new__(type(self))
        twin.__dict__.update(self.__dict__)
        return twin

    def __deepcopy__(self, _memo: dict[int, object]) -> ThresholdHunt:
        return self.__copy__()

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Every recorded trial, void ones included, oldest first."""
        return self._trials

    @property
    def done(self) -> bool:
        """True once the rule has its answer; recording may go on and sharpens an adaptive estimate."""
        return self._done

    def next_intensity(self) -> float:
        """The intensity (%MSO) to deliver next, also after `done`.

        The first is the start. An adaptive proposal is never more than 10 %MSO above the last valid trial,
        however high the threshold seems; a ladder rises by its own coarsest step. A void trial is repeated.
        """
        if self.rule.method == "ladder":
            return self._pct_mso(self._ladder.level.number)
        wanted = round(adaptive.wanted_pct_mso(self._belief) / self.step_pct_mso)
        limit = math.floor(adaptive.limit_pct_mso(self._belief) / self.step_pct_mso + 1e-9)
        return self._pct_mso(min(max(min(wanted, limit), self._lowest), self._highest))

    def _pct_mso(self, steps: int) -> float:
        return round(steps * self.step_pct_mso, 6)

    def record(self, intensity_pct_mso: float, amplitude_uv: float | None, valid: bool = True) -> None:
        """Take in one delivered pulse: intensity as reported (%MSO), amplitude peak to peak (uV).

        A void trial (`valid=False`) is kept but counts for nothing; only there may the amplitude be None or
        NaN. Raises ValueError, changing nothing, for an intensity outside the range or an amplitude that is
        negative or not finite.
        """
        low, high = self.range_pct_mso
        if not low <= intensity_pct_mso <= high:
            raise ValueError(f"intensity must be within {low:g} to {high:g} %MSO, not {intensity_pct_mso}")
        if valid:
            self._count(intensity_pct_mso, _checked(amplitude_uv))
        self._trials = (*self._trials, Trial(intensity_pct_mso, amplitude_uv, valid))

    def _count(self, intensity_pct_mso: float, amplitude_uv: float) -> None:
        self._belief = self._belief.after(intensity_pct_mso, amplitude_uv)
        self._ladder = self._ladder.after(intensity_pct_mso, self.rule.is_response(amplitude_uv))
        if self.rule.method == "ladder":
            self._done = self._ladder.verdict is not None
        else:
            self._done = self._done or adaptive.settled(self._belief, self.range_pct_mso)

    def estimate(self) -> ThresholdEstimate:
        """The threshold as known now; see ThresholdEstimate for what NaN, 0 and inf mean.

        A ladder's interval comes from the same trials through the adaptive model, widened to hold its answer.
        """
        beyond = self._beyond()
        rmt = math.nan if beyond else self._rmt_pct_mso()
        low, high = self._belief.interval_pct_mso()
        if not math.isnan(rmt):
            low, high = min(low, rmt), max(high, rmt)
        low = 0.0 if beyond == "below range" else min(low, self.range_pct_mso[1])
        high = math.inf if beyond == "above range" else max(high, self.range_pct_mso[0])
        counted = len(self._belief.trials)
        return ThresholdEstimate(rmt, low, high, counted, self._done, self._reason(rmt, (low, high), beyond))

    def _beyond(self) -> Verdict | None:
        if not self._done:
            return None
        if self.rule.method == "ladder":
            return None if self._ladder.verdict == "found" else self._ladder.verdict
        return adaptive.out_of_reach(self._belief, self.range_pct_mso)

    def _rmt_pct_mso(self) -> float:
        if self.rule.method == "ladder":
            found = self._ladder.lowest_pass if self._done else None
            return math.nan if found is None else self._pct_mso(found)
        low, high = self.range_pct_mso
        return min(max(self._belief.mean_pct_mso, low), high) if self._belief.trials else math.nan

    def _reason(self, rmt_pct_mso: float, interval: tuple[float, float], beyond: Verdict | None) -> str:
        if beyond:
            return words.out_of_reach_reason(self.rule, self._belief, beyond)
        if self.rule.method == "ladder":
            return words.ladder_reason(self._ladder)
        return words.adaptive_reason(self.rule, self._belief, rmt_pct_mso, interval, self._done)


def _checked(amplitude_uv: float | None) -> float:
    if amplitude_uv is None or not (math.isfinite(amplitude_uv) and amplitude_uv >= 0):
        raise ValueError(f"a valid trial needs an amplitude of 0 uV or more, not {amplitude_uv}")
    return float(amplitude_uv)
