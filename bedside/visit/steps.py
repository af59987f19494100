"""The steps of a visit in their order, and what completes each."""

from collections.abc import Callable
from typing import get_args

from bedside.assess.state import MEP
from bedside.events import (
    AdverseEventRecorded,
    Event,
    NoteAdded,
    OffIntended,
    StepCompleted,
    StepEntered,
    StepId,
    StepReopened,
    StimulationEnded,
    VisitClosed,
)
from bedside.refusal import Refusal
from bedside.visit import (
    adverse,
    assessing,
    belt,
    course,
    current_run,
    current_watch,
    dose,
    follow_up,
    forms,
    potentials,
    settle,
    singles,
)
from bedside.visit.inputs import Now
from bedside.visit.state import Visit
from bedside.visit.words import WORDS

ASSESSMENT_ONLY: frozenset[StepId] = frozenset({"mep", "assess"})
ORDER: tuple[StepId, ...] = tuple(step for step in get_args(StepId) if step not in ASSESSMENT_ONLY)


WITH_PULSES: tuple[StepId, ...] = (
    "checkin",
    "screening",
    "posture",
    "hotspot",
    "threshold",
    "mep",
    "assess",
    "aftercare",
    "signoff",
)
"""An assessment that measures evoked potentials asks the safety questions and looks after the participant."""
WITHOUT_PULSES: tuple[StepId, ...] = ("checkin", "assess", "signoff")


def order(state: Visit) -> tuple[StepId, ...]:
    """The steps of this visit. Without a gait robot there is nothing to fit; an assessment treats nothing."""
    if state.assesses:
        return WITH_PULSES if MEP in instruments(state) else WITHOUT_PULSES
    return ORDER if state.setup.study.robot is not None else tuple(step for step in ORDER if step != "fit")


def instruments(state: Visit) -> tuple[str, ...]:
    """What an assessment was planned with; empty in a treatment."""
    return state.assessment.instruments if state.assessment is not None else ()


def after(state: Visit, step: StepId) -> StepId | None:
    """The next step."""
    steps = order(state)
    place = steps.index(step) + 1
    return steps[place] if place < len(steps) else None


def before(state: Visit, step: StepId) -> StepId | None:
    """The step before."""
    steps = order(state)
    place = steps.index(step)
    return steps[place - 1] if place else None


def advance(state: Visit, now: Now) -> tuple[Event, ...]:
    """Complete the present step and enter the next; raises `Refusal` naming what is missing."""
    step = state.step
    following = after(state, step) if step is not None else None
    if step is None or following is None:
        raise Refusal("there is no next step", "sign the visit")
    if state.pending is not None or state.chain is not None:
        raise Refusal("a pulse is under way", "wait for it")
    summary = complete(state, step)
    if step == "finish":
        belt.demand_rest(state, now)
    completed = StepCompleted(step=step, summary=summary)
    quiet = singles.stand_down(state, f"the step '{WORDS[step].title}' is complete")
    return (*quiet, *_statement(state, step, now), completed, StepEntered(step=following), *_entry(state, following))


def complete(state: Visit, step: StepId) -> str:
    """The summary of a step that may be completed; raises `Refusal` with what is missing."""
    item = forms.open_item(state, step)
    if item is not None:
        raise Refusal(f"open: {item.label}", "answer it")
    doubt = next((doubt for doubt in state.doubts.values() if doubt.blocks), None)
    if doubt is not None and step not in AFTER_COURSE:
        remedy = "end the visit" if doubt.outcome == "stop" or doubt.allowed is False else "a physician decides"
        raise Refusal(doubt.text, remedy)
    check = _CHECKS.get(step)
    return check(state) if check is not None else f"{len(forms.items(state, step))} items"


BEFORE_FINISH = frozenset(ORDER[: ORDER.index("finish")])
AFTER_COURSE: frozenset[StepId] = frozenset({"treatment", "finish", "aftercare", "physio", "signoff"})


def _checkin(state: Visit) -> str:
    if state.opened is None:
        raise Refusal("no visit is open", "open a visit")
    if state.assesses:
        return f"assessment {state.opened.point}"
    return f"session {state.opened.session} of {state.opened.sessions_planned}"


def _screening(state: Visit) -> str:
    decided = sum(doubt.outcome == "physician" for doubt in state.doubts.values())
    return f"passed; a physician decided on {decided}" if decided else "passed"


def _hotspot(state: Visit) -> str:
    if state.hotspot is None:
        raise Refusal("no hotspot is chosen", "give pulses, then choose it")
    return f"{state.hotspot.site}, {state.hotspot.mean_uv:.0f} uV"


def _threshold(state: Visit) -> str:
    if state.threshold is None:
        raise Refusal("no threshold is accepted", "give pulses, then accept the estimate")
    found = state.threshold
    return f"{found.rmt_pct_mso:.1f} %MSO ({found.low_pct_mso:.1f} to {found.high_pct_mso:.1f})"


def _dose(state: Visit) -> str:
    planned = dose.plan(state)
    if state.dose != planned:
        raise Refusal("the dose has to be planned again", "go back to the threshold and forward again")
    return f"{planned.pulses} pulses at {planned.intensity_pct_mso} %MSO"


def _treatment(state: Visit) -> str:
    if state.course.ended is None:
        raise Refusal("stimulation is not over", "wait for its end, or end it")
    current_run.demand_over(state)
    off_or_gone(state)
    return f"{state.ledger.course} of {state.ledger.planned} pulses"


def off_or_gone(state: Visit) -> None:
    """Raise `Refusal` while a stimulator that can be reached has not confirmed that it is off."""
    if state.armed:
        raise Refusal("the stimulator is armed", "stop it")
    if not state.off_confirmed and not stimulator_gone(state):
        raise Refusal("the stimulator has not confirmed that it is off", "wait, or switch it off by hand")


def stimulator_gone(state: Visit) -> bool:
    """No wire reaches the stimulator any more."""
    return any(d.role == "stimulator" and d.health.state != "ok" for d in state.live.devices.values())


def _aftercare(state: Visit) -> str:
    adverse.demand_criteria(state)
    return f"{len(adverse.told(state))} adverse event(s)" if adverse.told(state) else "nothing untoward"


def demand_described(state: Visit) -> None:
    """Raise `Refusal` while something is not answered of an adverse event, also one told after its step."""
    step = adverse.step_of(state)
    item = forms.open_item(state, step)
    if item is not None:
        where = "" if step == "signoff" else f": go back to '{WORDS[step].title}'"
        raise Refusal(f"open: {item.label}", f"answer it{where}")
    adverse.demand_criteria(state)


_CHECKS: dict[StepId, Callable[[Visit], str]] = {
    "checkin": _checkin,
    "screening": _screening,
    "hotspot": _hotspot,
    "threshold": _threshold,
    "dose": _dose,
    "treatment": _treatment,
    "mep": potentials.complete,
    "assess": assessing.complete,
    "aftercare": _aftercare,
}


def _statement(state: Visit, step: StepId, now: Now) -> tuple[Event, ...]:
    """What leaving a step states: the potentials' outcome; on adverse events, if only that there were none."""
    if step == "mep":
        return potentials.leaving(state, state.person.user if state.person is not None else "")
    if step == "screening":
        return follow_up.followed(state)
    if step != "aftercare":
        return ()
    none = AdverseEventRecorded(category="none", severity="none", related="no", action="none")
    return (*(() if state.adverse else (none,)), *adverse.described(state, now.utc[:10]))


def _entry(state: Visit, step: StepId) -> tuple[Event, ...]:
    if step == "threshold" and state.hunt is None:
        return (singles.start_hunt(state),)
    if step == "dose":
        try:
            return (dose.plan(state),)
        except Refusal:
            return ()
    return ()


def back(state: Visit) -> tuple[Event, ...]:
    """Open the step before again; the record of what was done in it stays. Raises `Refusal` where none may be."""
    step = state.step
    earlier = before(state, step) if step is not None else None
    if step is None or earlier is None or earlier == "checkin":
        raise Refusal("there is no step to go back to", "")
    if state.course.begun and earlier in BEFORE_FINISH:
        raise Refusal("pulses of the treatment were given: the steps before it stay as they are", "go on")
    if state.pending is not None or state.chain is not None:
        raise Refusal("a pulse is under way", "wait for it")
    _nothing_recorded(state)
    current_run.demand_over(state)
    return (
        *singles.stand_down(state, "an earlier step is opened again"),
        StepReopened(step=earlier, reason="asked for"),
    )


def _nothing_recorded(state: Visit) -> None:
    if state.assessment is not None and state.assessment.running is not None:
        raise Refusal("a trial is being recorded", "stop it first")


def end_visit(state: Visit, now: Now, reason: str) -> tuple[Event, ...]:
    """End early: at once while nothing was given or told of, else through aftercare and signature.

    Raises `Refusal` without a visit or a reason, while a belt started here runs, and once aftercare has begun.
    """
    if not state.going_on:
        raise Refusal("no visit is open", "")
    if not reason.strip():
        raise Refusal("ending a visit needs a reason", "say why")
    belt.demand_rest(state, now)
    _nothing_recorded(state)
    quiet = singles.stand_down(state, f"the visit ends: {reason}")
    if current_run.under_way(state):
        quiet = (OffIntended(reason=f"the visit ends: {reason}"),)
    current_given = any(run.asked_ns is not None for run in state.currents)
    given = (
        current_given
        or state.ledger.ceiling
        or state.pending is not None
        or state.unsettled is not None
        or state.course.begun
        or adverse.anything(state)
    )
    if not given:
        return (*quiet, VisitClosed(outcome="stopped", reason=reason))
    if state.step in ("aftercare", "physio", "signoff"):
        raise Refusal("the visit is nearly over", "complete aftercare and sign it")
    if state.course.begun and state.course.ended is None:
        ended = course.end(state, "aborted", reason)
        quiet = ended if any(isinstance(event, OffIntended) for event in ended) else (*quiet, *ended)
    return (*quiet, NoteAdded(text=f"visit ended early: {reason}"), StepEntered(step=adverse.step_of(state)))


def close(state: Visit) -> tuple[Event, ...]:
    """The end of a signed visit: what is still in doubt is stated, then the ledger closes."""
    doubts = settle.give_up(state)
    if state.assessment is not None:
        return (*doubts, StepCompleted(step="signoff", summary="signed"), assessing.closing(state.assessment))
    ended: StimulationEnded | None = state.course.ended
    planned = state.ledger.planned
    share = state.ledger.course / planned if planned else 0.0
    complete_at = state.setup.study.run.complete_fraction
    unproved = "" if state.off_confirmed else "; the stimulator never confirmed that it was off"
    if current_watch.runs(state):
        unproved += "; the electrical stimulator never confirmed that it was off"
    outcome = VisitClosed(
        outcome="complete" if share >= complete_at else "partial",
        reason=f"{ended.reason if ended is not None else 'ended before treatment'}{unproved}",
    )
    return (*doubts, StepCompleted(step="signoff", summary="signed"), outcome)
