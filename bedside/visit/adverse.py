"""Adverse events: what is asked of each that was told, what a visit says of them, and what the next visit asks again.

The checklist's answers come first (an item "ae_..." for each category); every answer but "none" opens the details of
adverse.toml. Nothing here depends on a participant's arm: relations are asked for the modalities of the study.
"""

from collections.abc import Iterator
from datetime import date

from msgspec.structs import replace

from bedside.assess.state import MEP
from bedside.config import Detail, ItemConfig
from bedside.events import (
    AdverseEventDescribed,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    Answered,
    Event,
    OpenEvent,
    StepId,
    Value,
)
from bedside.refusal import Refusal
from bedside.visit.state import Visit

PREFIX = "ae_"
NOTHING = "none"
SEVERITIES = ("none", "mild", "moderate", "severe")
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


def told(state: Visit) -> tuple[tuple[ItemConfig, str], ...]:
    """The categories that were told of in this visit and not taken back, with their severities."""
    step = step_of(state)
    answers = ((item, state.answer(step, item.id)) for item in symptoms(state))
    return tuple((item, str(value)) for item, value in answers if value not in (None, NOTHING))


def anything(state: Visit) -> bool:
    """Whether anything untoward was told of in this visit, and not taken back."""
    last = {event.category: event.severity for event in state.adverse}
    return any(severity != NOTHING for severity in last.values())


# what is asked


def asked(state: Visit, step: StepId) -> tuple[ItemConfig, ...]:
    """What the form of `step` asks beyond its own items: details of what was told, or what became of earlier events."""
    if step == "screening":
        return tuple(_follow_ups(state))
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
    notify = state.setup.adverse.notify
    hint = notify_words(state) if detail.id == "told_to" and notify is not None else detail.hint
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
    doubt = "" if notify.verified else " (to be confirmed by the site)"
    return f"notify {notify.whom} within {notify.within_h:g} h{doubt}"


def _follow_ups(state: Visit) -> Iterator[ItemConfig]:
    outcome = next((detail for detail in state.setup.adverse.details if detail.id == "outcome"), None)
    if outcome is None:
        return
    for number, event in enumerate(_earlier(state), 1):
        name = f"follow_{number}"
        last = f"last: {event.outcome}" if event.outcome else "its outcome was not asked"
        label = f"{event.category} since {event.since} ({event.severity}): now?"
        yield replace(outcome, id=name, label=label, hint=last)
        now = state.answer("screening", name)
        if now is not None and not _is_open(state, now):
            yield ItemConfig(id=f"{name}_day", label=f"{event.category}: over since", kind="day")


def _earlier(state: Visit) -> tuple[OpenEvent, ...]:
    return state.recalled.follow_up if state.recalled is not None else ()


def _is_open(state: Visit, outcome: Value) -> bool:
    return outcome in state.setup.adverse.open_outcomes


# what an answer leads to


def recorded(state: Visit, step: StepId, item: ItemConfig, value: Value) -> tuple[Event, ...]:
    """A category that is not "none" is an adverse event at once; "none" takes back what was told of it before."""
    if not is_symptom(item) or value not in SEVERITIES or value == state.answer(step, item.id):
        return ()
    if value == NOTHING and state.answer(step, item.id) is None:
        return ()
    related = "no" if value == NOTHING else "unknown"
    severity = SEVERITIES[SEVERITIES.index(str(value))]
    return (AdverseEventRecorded(category=item.label, severity=severity, related=related, action="none"),)  # type: ignore[arg-type]


def also_answered(state: Visit, event: AdverseEventRecorded) -> tuple[Event, ...]:
    """An event that was reported at any step is on the checklist too, so that it is asked about; the worst holds."""
    item = next((item for item in symptoms(state) if item.label == event.category), None)
    if item is None:
        return ()
    step = step_of(state)
    before = state.answer(step, item.id)
    worst = max(event.severity, str(before or NOTHING), key=_rank)
    return () if worst == before else (Answered(step=step, item=item.id, value=worst, unit=item.unit),)


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else 0


def demand_day(state: Visit, item: ItemConfig, value: Value, today: str) -> None:
    """Raise `Refusal` for a day to come, and for an end before its beginning; days are ISO dates."""
    if item.kind != "day" or not isinstance(value, str):
        return
    if value > today:
        raise Refusal(f"{item.label}: {value} is yet to come", f"today is {today}")
    for number, event in enumerate(_earlier(state), 1):
        if item.id == f"follow_{number}_day" and value < event.since:
            raise Refusal(f"{item.label}: {value} is before it began", f"it began on {event.since}")


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


def _description(state: Visit, symptom: ItemConfig, severity: str, today: str) -> AdverseEventDescribed:
    step = step_of(state)
    given = _given(state, step, symptom)
    relation = {name: state.answer(step, f"{symptom.id}_relation_{name}") for name in modalities(state)}
    lasted = given.get("lasted_min")
    return AdverseEventDescribed(
        category=symptom.label,
        severity=severity,  # type: ignore[arg-type]
        onset=_words(given.get("onset")),
        began_on=_words(given.get("began_on", today)),
        relation={name: _words(value) for name, value in relation.items()},
        action=_words(given.get("action")),
        outcome=_words(given.get("outcome")),
        lasted_min=float(lasted) if isinstance(lasted, int | float) else None,
        serious=_criteria(state, given),
        told_to=_words(given.get("told_to")),
        words=_words(given.get("words")),
        open=_is_open(state, given.get("outcome")),
    )


def _words(value: Value) -> str:
    return "" if value is None else str(value)


def followed(state: Visit) -> tuple[Event, ...]:
    """What the answers say of earlier visits' events."""
    events = []
    for number, event in enumerate(_earlier(state), 1):
        outcome = state.answer("screening", f"follow_{number}")
        if outcome is None:
            continue
        stays = _is_open(state, outcome)
        over = "" if stays else _words(state.answer("screening", f"follow_{number}_day"))
        events.append(
            AdverseEventFollowedUp(
                event=event.key,
                category=event.category,
                severity=event.severity,
                since=event.since,
                outcome=str(outcome),
                over_on=over,
                open=stays,
            )
        )
    return tuple(event for event in events if event not in state.followed)


def hint(state: Visit, item: ItemConfig) -> str:
    """What a category covers; of one that has gone on since an earlier visit, that it is not told a second time."""
    lasting = next((event for event in _earlier(state) if event.category == item.label), None)
    if lasting is None:
        return item.hint
    known = next((event for event in state.followed if event.event == lasting.key), None)
    since = f"since {lasting.since}: {known.outcome if known is not None else lasting.outcome or 'not asked'}"
    return f"{since}; tell only what is new or worse"


def is_day(value: Value) -> bool:
    """Whether a value is an ISO date such as 2026-11-12."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
