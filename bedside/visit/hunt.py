"""The threshold hunt, rebuilt from the accepted single pulses by `dsp.threshold`; the latest one is remembered."""

import math
from dataclasses import dataclass
from functools import lru_cache

from bedside.config import RmtRule
from bedside.events import ThresholdFound
from bedside.refusal import Refusal
from bedside.visit.side import measured_side, target_channel
from bedside.visit.state import Single, Visit
from dsp.threshold import ThresholdEstimate, ThresholdHunt, ThresholdRule, Trial


@dataclass(frozen=True, slots=True)
class HuntState:
    """Where the hunt stands: what comes next (%MSO) and what is known."""

    next_pct_mso: int
    done: bool
    estimate: ThresholdEstimate

    @property
    def known(self) -> bool:
        """Whether there is a threshold at all."""
        return math.isfinite(self.estimate.rmt_pct_mso)


def rule_named(state: Visit, name: str) -> RmtRule:
    """A threshold rule of the study; raises `Refusal`."""
    rules = {rule.id: rule for rule in state.setup.study.hunt.rules}
    if name not in rules:
        raise Refusal(f"the study has no threshold rule '{name}'", f"choose one of {', '.join(rules)}")
    return rules[name]


def pulses(state: Visit) -> tuple[Single, ...]:
    """The single pulses of the present hunt."""
    return tuple(single for single in state.singles[state.hunt_from :] if single.purpose == "threshold")


def standing(state: Visit) -> HuntState | None:
    """The hunt as the accepted pulses leave it; None before one was started."""
    if state.hunt is None:
        return None
    trials = tuple(_trial(single) for single in pulses(state) if single.reported)
    cap = state.setup.study.hunt.cap_pct_mso
    return _standing(_rule(rule_named(state, state.hunt.rule)), state.hunt.start_pct_mso, cap, trials)


def _trial(single: Single) -> Trial:
    response = single.response
    counts = single.counts and response is not None and math.isfinite(response.amplitude_uv)
    return Trial(single.amplitude_pct_mso, response.amplitude_uv if counts and response else None, counts)


@lru_cache(maxsize=16)
def _rule(rule: RmtRule) -> ThresholdRule:
    return ThresholdRule(
        method=rule.method,
        criterion_uv=rule.criterion_uv,
        strict=rule.strict,
        hits=rule.hits,
        trials=rule.trials,
        consecutive=rule.consecutive,
    )


@lru_cache(maxsize=64)
def _hunted(rule: ThresholdRule, start_pct_mso: float, cap: int, trials: tuple[Trial, ...]) -> ThresholdHunt:
    """The hunt after `trials`: the one before the last trial, copied and told of it."""
    if not trials:
        return ThresholdHunt(rule, start_pct_mso=start_pct_mso, range_pct_mso=(1.0, float(cap)))
    hunt = _hunted(rule, start_pct_mso, cap, trials[:-1]).__copy__()
    last = trials[-1]
    hunt.record(last.intensity_pct_mso, last.amplitude_uv, last.valid)
    return hunt


@lru_cache(maxsize=64)
def _standing(rule: ThresholdRule, start_pct_mso: float, cap: int, trials: tuple[Trial, ...]) -> HuntState:
    for length in range(0, len(trials), 50):
        _hunted(rule, start_pct_mso, cap, trials[:length])
    hunt = _hunted(rule, start_pct_mso, cap, trials)
    return HuntState(round(hunt.next_intensity()), hunt.done, hunt.estimate())


def borderline(state: Visit, single: Single) -> bool:
    """Whether a response lies so near the criterion that a person should look."""
    if state.hunt is None or single.response is None or not single.response.valid:
        return False
    criterion_uv = rule_named(state, state.hunt.rule).criterion_uv
    return abs(single.response.amplitude_uv - criterion_uv) <= state.setup.study.hunt.borderline_uv


def found(state: Visit) -> ThresholdFound:
    """The threshold to be accepted; raises `Refusal` while there is none."""
    hunt = standing(state)
    if hunt is None or state.hunt is None:
        raise Refusal("no hunt was started", "begin the threshold step")
    estimate = hunt.estimate
    if not hunt.known:
        raise Refusal(f"no threshold yet: {estimate.reason}", "give more pulses, or end the visit")
    if not hunt.done:
        raise Refusal(f"the hunt is not done: {estimate.reason}", "give more pulses")
    return ThresholdFound(
        rmt_pct_mso=round(estimate.rmt_pct_mso, 2),
        low_pct_mso=round(estimate.low, 2),
        high_pct_mso=round(min(estimate.high, 100.0), 2),
        trials=estimate.trials,
        rule=state.hunt.rule,
        muscle=target_channel(state) or f"{state.setup.study.hunt.target_muscle} {measured_side(state)}",
        reason=estimate.reason,
    )
