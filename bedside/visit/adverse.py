"""Adverse events of a visit: what is asked of each that was told of, and what the visit states of them.

The checklist's answers come first (an item "ae_..." for each category); every answer but "none" opens the details of
adverse.toml. Nothing here depends on a participant's arm: relations are asked for the modalities of the study.
"""

from collections.abc import Iterator
from typing import Final, Literal, get_args

from msgspec.structs import replace

from bedside.assess.state import MEP
from bedside.config import Detail, ItemConfig
from bedside.events import (
    AdverseEventDescribed,
    AdverseEventRecorded,
    Answered,
    Event,
    StepId,
    Value,
)
from bedside.refusal import Refusal
from bedside.visit.state import Visit

PREFIX = "ae_"
NOTHING: Final = "none"
Severity = Literal["none", "mild", "moderate", "severe"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
MODALITIES = {"tms": "TMS", "tsdcs": "tsDCS", "robot": "robot", "cycling": "cycling", "other": "something else"}


def step_of(state: Visit) -> StepId:
    """The step that asks: how it was, or the signature in an assessment without pulses, which has no such step."""
    present = state.assessment
    return "signoff" if present is not None and MEP not in present.instruments else "aftercare"


def modalities(state: Visit) -> tuple[str, ...]:
    """What an event may be related to: alike for all participants of the study, whatever their arm."""
    given = {"tms", "other", "robot" if state.setup.study.robot is not None else "cycling"}
    given |= {"tsdcs"} if state.setup.current is not None else set()
    return tuple(name for name in MODALITIES if name in given)


def symptoms(state: Visit) -> tuple[ItemConfig, ...]:
    """The checklist's categories; the label of each is the category's name."""
    forms = sorted(state.setup.instruments.values(), key=lambda form: (form.order, form.id))
    return tuple(item for form in forms for item in form.items if is_symptom(item))


def is_symptom(item: ItemConfig) -> bool:
    """Whether an item asks for the severity of one category."""
    return item.id.startswith(PREFIX) and item.kind == "choice"


def told(state: Visit) -> tuple[tuple[ItemConfig, Severity], ...]:
    """The categories that were told of in this visit and not taken back, with their severities."""
    step = step_of(state)
    answers = ((item, _severity(state.answer(step, item.id))) for item in symptoms(state))
    return tuple((item, severity) for item, severity in answers if severity != NOTHING)


def _severity(value: Value) -> Severity:
    return next((severity for severity in SEVERITIES if severity == value), NOTHING)


def anything(state: Visit) -> bool:
    """Whether anything untoward was told of in this visit, and not taken back."""
    last = {event.category: event.severity for event in state.adverse}
    return any(severity != NOTHING for severity in last.values())


# what is asked


def asked(state: Visit, step: StepId) -> tuple[ItemConfig, ...]:
    """What the form of `step` asks beyond its own items: the details of what was told of."""
    if step != step_of(state):
        return ()
    found = told(state)
    lines = tuple(item for item, _ in found) if step == "signoff" else ()
    return (*lines, *(question for item, _ in found for question in _details(state, step, item)))


def _details(state: Visit, step: StepId, symptom: ItemConfig) -> Iterator[ItemConfig]:
    for detail in state.setup.adverse.details:
        if not _applies(state, step, symptom, detail):
            continue
        if detail.each_modality:
            for name in modalities(state):
                yield _question(state, symptom, detail, f"_{name}", f" {MODALITIES[name]}?")
        else:
            yield _question(state, symptom, detail)


def _applies(state: Visit, step: StepId, symptom: ItemConfig, detail: Detail) -> bool:
    when = detail.when
    return when is None or state.answer(step, f"{symptom.id}_{when.detail}") in when.one_of


def _given(state: Visit, step: StepId, symptom: ItemConfig) -> dict[str, Value]:
    """The answers to the details that apply; one that was given before another made it void is not among them."""
    details = (detail for detail in state.setup.adverse.details if _applies(state, step, symptom, detail))
    return {detail.id: state.answer(step, f"{symptom.id}_{detail.id}") for detail in details}


def _question(state: Visit, symptom: ItemConfig, detail: Detail, tail: str = "", more: str = "") -> ItemConfig:
    hint = notify_words(state) if detail.id == "told_to" else detail.hint
    return replace(
        detail,
        id=f"{symptom.id}_{detail.id}{tail}",
        label=f"{symptom.label}: {detail.label}{more}",
        hint=hint,
        required=detail.required or (detail.id == "words" and symptom.label == "other"),
    )


def notify_words(state: Visit) -> str:
    """Whom a serious event is reported to and how soon; says so where nothing is configured or confirmed."""
    notify = state.setup.adverse.notify
    if notify is None:
        return "nobody to notify is configured: ask the investigator"
    doubt = "" if notify.verified else " (not confirmed)"
    return f"notify {notify.whom} within {notify.within_h:g} h{doubt}"


# what an answer leads to


def recorded(state: Visit, step: StepId, item: ItemConfig, value: Value) -> tuple[Event, ...]:
    """A category that is not "none" is an adverse event at once; "none" takes back what was told of it before."""
    if not is_symptom(item):
        return ()
    severity = _severity(value)
    if severity == _severity(state.answer(step, item.id)):
        return ()
    related: Literal["no", "unknown"] = "no" if severity == NOTHING else "unknown"
    return (AdverseEventRecorded(category=item.label, severity=severity, related=related, action="none"),)


def also_answered(state: Visit, event: AdverseEventRecorded) -> tuple[Event, ...]:
    """An event that was reported at any step is on the checklist too, so that it is asked about; the worst holds."""
    item = next((item for item in symptoms(state) if item.label == event.category), None)
    if item is None:
        return ()
    step = step_of(state)
    before = _severity(state.answer(step, item.id))
    if SEVERITIES.index(event.severity) <= SEVERITIES.index(before):
        return ()
    return (Answered(step=step, item=item.id, value=event.severity, unit=item.unit),)


# what a completed step states


def demand_criteria(state: Visit) -> None:
    """Raise `Refusal` for an event that is called serious without any criterion."""
    step = step_of(state)
    for symptom, _ in told(state):
        given = _given(state, step, symptom)
        if given.get("serious") is True and not _criteria(state, given):
            raise Refusal(f"{symptom.label}: serious by no criterion", "answer one with yes, or 'serious?' with no")


def _criteria(state: Visit, given: dict[str, Value]) -> tuple[str, ...]:
    return tuple(detail.label for detail in state.setup.adverse.details if detail.criterion and given.get(detail.id))


def described(state: Visit, today: str) -> tuple[Event, ...]:
    """The descriptions that the answers make and that were not stated yet; what was taken back is withdrawn."""
    if not state.setup.adverse.details:
        return ()
    made = {item.label: _description(state, item, severity, today) for item, severity in told(state)}
    gone = (name for name, last in state.described.items() if name not in made and last.severity != NOTHING)
    new = tuple(event for name, event in made.items() if state.described.get(name) != event)
    return (*new, *(AdverseEventDescribed(category=name, severity="none") for name in gone))


def _description(state: Visit, symptom: ItemConfig, severity: Severity, today: str) -> AdverseEventDescribed:
    step = step_of(state)
    given = _given(state, step, symptom)
    relation = {name: state.answer(step, f"{symptom.id}_relation_{name}") for name in modalities(state)}
    lasted = given.get("lasted_min")
    return AdverseEventDescribed(
        category=symptom.label,
        severity=severity,
        onset=_words(given.get("onset")),
        began_on=_words(given.get("began_on", today)),
        relation={name: _words(value) for name, value in relation.items()},
        action=_words(given.get("action")),
        outcome=_words(given.get("outcome")),
        lasted_min=float(lasted) if isinstance(lasted, int | float) else None,
        serious=_criteria(state, given),
        told_to=_words(given.get("told_to")),
        words=_words(given.get("words")),
        open=given.get("outcome") in state.setup.adverse.open_outcomes,
    )


def _words(value: Value) -> str:
    return "" if value is None else str(value)
