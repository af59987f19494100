"""The visit as its steps: the checklist, the present form, and what may be asked now."""

from typing import Literal

import msgspec

from bedside.events import StepId, Value

ItemKind = Literal["tick", "yesno", "choice", "number", "text", "secret", "day"]
ItemState = Literal["open", "ok", "attention", "stop"]
MarkState = Literal["open", "now", "done", "attention"]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a form. `hint` says what good looks like or how to mend it; `by` who gave the value."""

    id: str
    label: str
    kind: ItemKind
    value: Value = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    state: ItemState = "open"
    hint: str = ""
    by: str = ""
    required: bool = True


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be asked now. `command` is its tag; greyed with its `reason` when not `enabled`."""

    command: str
    label: str
    enabled: bool
    reason: str = ""


class StepMark(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the visit's checklist."""

    id: StepId
    title: str
    state: MarkState
    summary: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The present step: one sentence of what to do, what good looks like, its form and its one next action."""

    id: StepId
    number: int
    total: int
    title: str
    instruction: str
    good: str
    items: tuple[Item, ...] = ()
    next: Action | None = None
    others: tuple[Action, ...] = ()
