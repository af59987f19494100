"""Forms: which items a step has, whether a value fits, and what an answer leads to."""

from itertools import chain

from bedside.config import Concern, ItemConfig
from bedside.events import Answered, ConcernRaised, Event, StepId, Value
from bedside.refusal import Refusal
from bedside.visit import adverse, follow_up, robot
from bedside.visit.inputs import NS
from bedside.visit.state import Visit

FREE_TEXT = 500


def items(state: Visit, step: StepId) -> tuple[ItemConfig, ...]:
    """The items of a step's form, in order; those of the treatment appear once half of it is behind.

    What is asked of adverse events stands behind their checklist, so that none of it moves while it is filled in; what
    became of earlier ones stands first.
    """
    given = modalities(state)
    forms = [form for form in state.setup.instruments.values() if form.step == step and form.modality in given]
    if step == "treatment" and not past_half(state):
        return ()
    session = state.opened.session if state.opened is not None else 1
    forms.sort(key=lambda form: (form.order, form.id))
    parts = [[item for item in form.items if not 0 < item.first_sessions < session] for form in forms]
    asked = list(follow_up.asked(state) if step == "screening" else adverse.asked(state, step))
    place = next((number for number, part in enumerate(parts, 1) if any(map(adverse.is_symptom, part))), 0)
    return tuple(chain.from_iterable((*parts[:place], asked, *parts[place:])))


def modalities(state: Visit) -> frozenset[str]:
    """What this study's visits consist of, as forms name it; "" is in all."""
    exercise = "robot" if state.setup.study.robot is not None else "cycling"
    current = {"tsdcs"} if state.setup.current is not None else set()
    return frozenset({"", exercise}) | current | ({"dysreflexia"} if state.setup.study.dysreflexia else set())


def past_half(state: Visit) -> bool:
    """Half of the course's pulses are behind, and half of the current's time, as a blinded person sees it."""
    pulses = state.ledger.planned > 0 and 2 * state.ledger.course >= state.ledger.planned
    run = state.currents[-1] if state.currents else None
    if run is None or run.started_ns is None or run.stopped_s is not None:
        return pulses
    return pulses and (state.live.now_ns - run.started_ns) / NS >= run.intended.shown_s / 2


def checked(item: ItemConfig, value: Value) -> Value:
    """The value as it will be kept; raises `Refusal` when it does not fit the item."""
    match item.kind:
        case "tick" | "yesno":
            if not isinstance(value, bool):
                raise Refusal(f"{item.label}: needs yes or no", "answer with yes or no")
        case "choice":
            if value not in item.choices:
                raise Refusal(f"{item.label}: '{value}' is not offered", f"choose one of {', '.join(item.choices)}")
        case "number":
            return _number(item, value)
        case "text":
            if not isinstance(value, str) or len(value) > FREE_TEXT:
                raise Refusal(f"{item.label}: needs text of at most {FREE_TEXT} characters", "shorten it")
        case "day":
            if not follow_up.is_day(value):
                raise Refusal(f"{item.label}: needs a day", "type it as 2026-11-12")
    return value


def _number(item: ItemConfig, value: Value) -> float | int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:  # noqa: PLR0124 - NaN
        raise Refusal(f"{item.label}: needs a number", f"type a number{_range(item)}")
    if (item.low is not None and value < item.low) or (item.high is not None and value > item.high):
        raise Refusal(f"{item.label}: {value:g} {item.unit} cannot be right", f"type a number{_range(item)}")
    return value


def _range(item: ItemConfig) -> str:
    if item.low is None or item.high is None:
        return ""
    return f" from {item.low:g} to {item.high:g} {item.unit}".rstrip()


def concern(item: ItemConfig, value: Value, own: Value = None) -> Concern | None:
    """What this value leads to; the first rule that applies. `own`: the patient's own usual value, None for unknown."""
    return next((rule for rule in item.concerns if _applies(rule, value, own)), None)


def _applies(rule: Concern, value: Value, own: Value) -> bool:
    if rule.equals is not None:
        return type(rule.equals) is type(value) and rule.equals == value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if rule.rise is not None and isinstance(own, int | float) and value - own >= rule.rise:
        return True
    return (rule.above is not None and value > rule.above) or (rule.below is not None and value < rule.below)


def own_value(state: Visit, item: ItemConfig) -> Value:
    """The answer to the item that this one is held against; None without one."""
    given = state.answers.get(item.own)
    return given.value if given is not None else None


def answer(state: Visit, step: StepId, item_id: str, value: Value, utc: str) -> tuple[Event, ...]:
    """The events of a person's answer at the time `utc` (ISO 8601).

    Raises `Refusal` for an item that is not there or a value that does not fit.
    """
    item = next((item for item in items(state, step) if item.id == item_id), None)
    if item is None:
        raise Refusal(f"the step has no item '{item_id}'", "answer the items on the screen")
    if item.by == "machine":
        raise Refusal(f"{item.label} is worked out by the program", "change the values it comes from")
    kept = checked(item, value)
    if step == "fit":
        robot.demand_within(state.setup.study.robot, item.id, kept)
    follow_up.demand_day(state, item, kept, utc)
    return (
        *_answered(step, item, kept, own_value(state, item)),
        *adverse.recorded(state, step, item, kept),
        *_derived(state, step, item_id, kept),
        *_held_anew(state, f"{step}.{item_id}", kept),
    )


def _answered(step: StepId, item: ItemConfig, value: Value, own: Value) -> tuple[Event, ...]:
    event = Answered(step=step, item=item.id, value=value, unit=item.unit)
    found = concern(item, value, own)
    return (event,) if found is None else (event, ConcernRaised(item=item.id, outcome=found.outcome, text=found.text))


def _held_anew(state: Visit, name: str, own: Value) -> tuple[Event, ...]:
    """Answers that are held against this one, and were given before it, are held against it again."""
    forms = state.setup.instruments.values()
    against = ((form.step, item) for form in forms for item in form.items if item.own == name)
    given = ((step, item, state.answer(step, item.id)) for step, item in against)
    again = (_answered(step, item, value, own) for step, item, value in given if value is not None)
    return tuple(chain.from_iterable(again))


def _derived(state: Visit, step: StepId, item: str, value: Value) -> tuple[Event, ...]:
    """The unloaded weight follows from the percentage and today's body weight."""
    weight_kg = state.answer("screening", "weight_kg")
    if (step, item) != ("fit", "support_pct") or not isinstance(weight_kg, int | float):
        return ()
    return (Answered(step=step, item="support_kg", value=support_kg(weight_kg, value), unit="kg", by="machine"),)


def support_kg(weight_kg: float, support_pct: Value) -> float:
    """Body-weight support in kg: 40 % of 72 kg is 28.8 kg."""
    return round(weight_kg * float(support_pct or 0) / 100.0, 1)


def open_item(state: Visit, step: StepId) -> ItemConfig | None:
    """The first required item without an answer, or a tick that is not ticked."""
    return next((item for item in items(state, step) if item.required and not answered(state, step, item)), None)


def answered(state: Visit, step: StepId, item: ItemConfig) -> bool:
    """Whether an item is done: it has a value, and a tick is ticked."""
    value = state.answer(step, item.id)
    return value is True if item.kind == "tick" else value is not None


def deviation(state: Visit, item: ItemConfig) -> str:
    """How a fitting value differs from the last visit's, in words; empty when it does not by more than 1 cm."""
    last = (state.recalled.fit if state.recalled is not None else {}).get(item.id)
    if isinstance(last, bool) or not isinstance(last, int | float):
        return ""
    now = state.answer("fit", item.id)
    if isinstance(now, bool) or not isinstance(now, int | float):
        return f"last time {last:g} {item.unit}"
    change = now - last
    return f"{change:+.1f} {item.unit} against last time" if item.unit == "cm" and abs(change) > 1.0 else ""
