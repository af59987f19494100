"""The reason of an estimate, as text for a therapist."""

from __future__ import annotations

from dsp.threshold.belief import Belief
from dsp.threshold.ladder import Ladder, Level, Verdict
from dsp.threshold.rule import ThresholdRule

_NEAR_PCT_MSO = 2.0
_PROBABLY_MOVED = 0.9


def adaptive_reason(
    rule: ThresholdRule, belief: Belief, rmt_pct_mso: float, interval: tuple[float, float], done: bool
) -> str:
    """Evidence near the estimate, then how sure it is; for example "54 to 56 %: 2 of 5 at or above 50 uV"."""
    if not belief.trials:
        return "no valid trial yet"
    near = [t for t in belief.trials if abs(t[0] - rmt_pct_mso) <= _NEAR_PCT_MSO]
    sure = f"95 % sure of {interval[0]:.0f} to {interval[1]:.0f} %"
    parts = [_hits(rule, near)] if near else []
    parts.append(f"threshold {rmt_pct_mso:.0f} %, {sure}" if done else f"{sure}, not settled yet")
    if belief.chance_moved() > _PROBABLY_MOVED:
        parts.append("responses changed during the hunt, check the coil position")
    return "; ".join(parts)


def out_of_reach_reason(rule: ThresholdRule, belief: Belief, beyond: Verdict) -> str:
    """Why there is no threshold within the allowed range."""
    tried = [x for x, _ in belief.trials]
    if beyond == "above range":
        return f"no threshold up to {max(tried):g} %: too few responses {rule.meets}"
    return f"no threshold down to {min(tried):g} %: still responses {rule.meets}"


def ladder_reason(ladder: Ladder) -> str:
    """The level under test, or the levels that decided."""
    rule, step = ladder.rule, ladder.step_pct_mso
    if ladder.verdict is None:
        what = "repeating" if ladder.confirming else "testing"
        return f"{what} {_level(ladder.level, step)} {rule.meets}, needs {rule.hits} of {rule.trials}"
    last = {level.number: level for level in ladder.decided}
    found = ladder.lowest_pass
    deciding = [last[n] for n in (found, ladder.highest_fail) if n is not None]
    return "; ".join(f"{_level(level, step)} {rule.meets}" for level in deciding)


def _level(level: Level, step_pct_mso: float) -> str:
    return f"{level.number * step_pct_mso:g} %: {level.hits} of {level.hits + level.misses}"


def _hits(rule: ThresholdRule, trials: list[tuple[float, float]]) -> str:
    lowest, highest = min(x for x, _ in trials), max(x for x, _ in trials)
    where = f"{lowest:g} %" if lowest == highest else f"{lowest:g} to {highest:g} %"
    return f"{where}: {sum(rule.is_response(v) for _, v in trials)} of {len(trials)} {rule.meets}"
