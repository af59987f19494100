"""The relative-frequency ladder of the two studies: enough responses in so many pulses, level by level."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from dsp.threshold.rule import ThresholdRule

Verdict = Literal["found", "above range", "below range"]


@dataclass(frozen=True, slots=True)
class Level:
    """Valid trials at one intensity; `number` counts device steps from 0 %MSO."""

    number: int
    hits: int = 0
    misses: int = 0

    def passed(self, rule: ThresholdRule) -> bool | None:
        """True or False once decided, by early stop: hits reached, or no longer reachable; None before."""
        if self.hits >= rule.hits:
            return True
        return False if self.misses > rule.trials - rule.hits else None


@dataclass(frozen=True, slots=True)
class Ladder:
    """The ladder as an immutable value: `level` is under test, `decided` holds every finished test in order.

    From the start it goes down by the coarsest step until a level fails, or up when the start itself fails,
    then closes in between the lowest pass and the highest fail with the finer steps. With `rule.confirm` the
    result is tested afresh and walked by the finest step until a pass lies directly above a fail.
    """

    rule: ThresholdRule
    step_pct_mso: float
    lowest: int
    highest: int
    level: Level
    others: tuple[Level, ...] = ()
    decided: tuple[Level, ...] = ()
    lowest_pass: int | None = None
    highest_fail: int | None = None
    confirming: bool = False
    verdict: Verdict | None = None

    @classmethod
    def at(cls, rule: ThresholdRule, start_pct_mso: float, step_pct_mso: float, lowest: int, highest: int) -> Ladder:
        """A fresh ladder; `lowest` and `highest` bound it in device steps."""
        start = round(start_pct_mso / step_pct_mso)
        return cls(rule, step_pct_mso, lowest, highest, Level(min(max(start, lowest), highest)))

    def after(self, intensity_pct_mso: float, response: bool) -> Ladder:
        """The ladder with one more valid trial; a trial off the level under test only counts for its own level."""
        number = round(intensity_pct_mso / self.step_pct_mso)
        on_step = math.isclose(number * self.step_pct_mso, intensity_pct_mso, abs_tol=1e-6)
        if not on_step or number != self.level.number:
            return self._interrupted(Level(number) if on_step else None, response)
        tested = _counted(self.level, response)
        passed = tested.passed(self.rule)
        if passed is None or self.verdict is not None:
            return replace(self, level=tested)
        moved = replace(self, decided=(*self.decided, tested), level=Level(number))
        return moved._passed() if passed else moved._failed()

    def _interrupted(self, elsewhere: Level | None, response: bool) -> Ladder:
        if self.rule.consecutive:
            return replace(self, level=Level(self.level.number))
        if elsewhere is None:
            return self
        before = next((o for o in self.others if o.number == elsewhere.number), elsewhere)
        rest = tuple(o for o in self.others if o.number != elsewhere.number)
        return replace(self, others=(*rest, _counted(before, response)))

    def _passed(self) -> Ladder:
        known = replace(self, lowest_pass=self.level.number)
        if self.level.number == self.lowest:
            return replace(known, verdict="below range")
        return known._next()

    def _failed(self) -> Ladder:
        known = replace(self, highest_fail=self.level.number)
        if self.level.number == self.highest:
            return replace(known, verdict="above range")
        return known._next()

    def _next(self) -> Ladder:
        here, steps = self.level.number, self._steps()
        if self.lowest_pass is None:
            return self._go(here + steps[0])
        if self.highest_fail is None:
            return self._go(here - steps[0])
        gap = self.lowest_pass - self.highest_fail
        if gap > steps[-1]:
            return self._go(self.lowest_pass - next(s for s in steps if s < gap))
        if self.rule.confirm and not self.confirming:
            fresh = replace(self, confirming=True, lowest_pass=None, highest_fail=None)
            return fresh._go(self.lowest_pass)
        return replace(self, verdict="found", level=Level(self.lowest_pass))

    def _steps(self) -> tuple[int, ...]:
        steps = tuple(max(1, round(s / self.step_pct_mso)) for s in self.rule.steps_pct_mso)
        return steps[-1:] if self.confirming else steps

    def _go(self, number: int) -> Ladder:
        target = min(max(number, self.lowest), self.highest)
        known = next((o for o in self.others if o.number == target), Level(target))
        return replace(self, level=known, others=tuple(o for o in self.others if o.number != target))


def _counted(level: Level, response: bool) -> Level:
    return Level(level.number, level.hits + response, level.misses + (not response))
