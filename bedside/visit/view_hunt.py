"""Hotspot search and threshold hunt as a screen shows them."""

import math
from typing import Literal

from bedside.snapshot import Hunt, Site, Trial
from bedside.visit import hotspot, potentials, singles
from bedside.visit import hunt as threshold
from bedside.visit.inputs import Now
from bedside.visit.side import aim_of, measured_side, other_channels, target_channel
from bedside.visit.state import Single, Visit

SHOWN = 60
Verdict = Literal["response", "none", "void", "pending", "failed"]


def hunt(state: Visit, now: Now) -> Hunt | None:
    """The hunt of the present step; None in the other steps."""
    if singles.purpose_of(state) is None:
        return None
    aim, target = aim_of(state), target_channel(state)
    rms_uv = state.live.emg.rest_rms_uv.get(target) if state.live.emg is not None and target is not None else None
    standing = threshold.standing(state) if state.step == "threshold" else None
    known = standing is not None and standing.known
    estimate = standing.estimate if standing is not None else None
    return Hunt(
        muscle=target or f"{state.setup.study.hunt.target_muscle} {measured_side(state)}",
        others=other_channels(state),
        side=aim.text if aim is not None else "",
        criterion=_criterion(state),
        sites=_sites(state),
        trials=tuple(_trial(state, single) for single in _pulses(state)[-SHOWN:]),
        site=_site(state),
        next_pct_mso=_next_pct(state),
        next_reason=_reason(state),
        rmt_pct_mso=round(estimate.rmt_pct_mso, 1) if estimate is not None and known else None,
        low_pct_mso=_finite(estimate.low) if estimate is not None and estimate.trials else None,
        high_pct_mso=_finite(estimate.high) if estimate is not None and estimate.trials else None,
        done=_done(state),
        rule=state.hunt.rule if state.hunt is not None and standing is not None else "",
        pacing=state.pacing,
        ready_in_s=round(singles.ready_in_s(state, now, paced=state.pacing), 1),
        rest_rms_uv=None if rms_uv is None else round(rms_uv, 1),
        rest_ok=None if rms_uv is None else singles.rest_problem(state, now) is None,
    )


def _done(state: Visit) -> bool:
    if state.step == "mep":
        return potentials.finished(state) is not None
    standing = threshold.standing(state) if state.step == "threshold" else None
    return standing.done if standing is not None else hotspot.standing(state).search.done


def _finite(value: float) -> float | None:
    return round(value, 1) if math.isfinite(value) else None


def _pulses(state: Visit) -> tuple[Single, ...]:
    if state.step == "threshold":
        return threshold.pulses(state)
    return tuple(single for single in state.singles if single.purpose == singles.purpose_of(state))


def _next_pct(state: Visit) -> int | None:
    if state.step == "threshold" and state.hunt is None:
        return None
    return singles.next_pct(state)


def _reason(state: Visit) -> str:
    if state.step == "hotspot":
        return hotspot.standing(state).reason
    if state.step == "mep":
        return potentials.finished(state) or f"{len(potentials.counted(state))} responses are accepted"
    standing = threshold.standing(state)
    return standing.estimate.reason if standing is not None else ""


def _site(state: Visit) -> str | None:
    place = state.placed if state.step == "hotspot" else state.hotspot
    return place.site if place is not None else None


def _criterion(state: Visit) -> str:
    if state.step == "mep":
        lock = potentials.locked(state)
        reach = ", the most the study allows" if lock.flags else ""
        return f"{lock.percent_of_rmt:g} % of the first threshold: {lock.pct_mso} %MSO{reach}"
    if state.step == "hotspot" or state.hunt is None:
        return f"mean of {state.setup.study.hunt.pulses_per_site} responses, largest wins"
    rule = threshold.rule_named(state, state.hunt.rule)
    return rule.title


def _sites(state: Visit) -> tuple[Site, ...]:
    if state.step != "hotspot":
        return ()
    search = hotspot.standing(state).search
    proposed = search.next_site.id if search.next_site is not None else None
    best = search.best.id if search.best is not None else None
    return tuple(
        Site(
            id=score.site.id,
            x_cm=score.site.x_cm,
            y_cm=score.site.y_cm,
            pulses=score.stimuli,
            mean_uv=round(score.mean_uv, 1) if score.stimuli else None,
            state=_site_state(state, score.site.id, proposed, best, bool(score.visits_uv)),
        )
        for score in search.scores
    )


def _site_state(
    state: Visit, name: str, proposed: str | None, best: str | None, visited: bool
) -> Literal["open", "now", "done", "best", "chosen"]:
    if state.hotspot is not None and state.hotspot.site == name:
        return "chosen"
    if name == proposed and state.hotspot is None:
        return "now"
    if name == best and visited:
        return "best"
    return "done" if visited else "open"


def _trial(state: Visit, single: Single) -> Trial:
    response = single.response
    verdict, reason = _verdict(state, single)
    return Trial(
        pulse=single.pulse,
        purpose=single.purpose if single.purpose != "treatment" else "threshold",
        site=single.site,
        amplitude_pct_mso=single.amplitude_pct_mso,
        response_uv=None if response is None else _finite(response.amplitude_uv),
        latency_ms=None if response is None else response.latency_ms,
        rest_rms_uv=None if response is None else _finite(response.rest_rms_uv),
        verdict=verdict,
        reason=single.rejected or reason,
        rejected=bool(single.rejected),
        borderline=threshold.borderline(state, single),
    )


def _verdict(state: Visit, single: Single) -> tuple[Verdict, str]:
    if single.failed or single.missing:
        return "failed", single.failed or single.missing
    if single.response is None:
        return "pending", ""
    if not single.response.valid:
        return "void", single.response.reason
    hit = single.response.amplitude_uv >= hotspot.CRITERION_UV
    if single.purpose == "threshold" and state.hunt is not None:
        rule = threshold.rule_named(state, state.hunt.rule)
        amplitude_uv = single.response.amplitude_uv
        hit = amplitude_uv > rule.criterion_uv if rule.strict else amplitude_uv >= rule.criterion_uv
    return ("response" if hit else "none"), single.response.reason
