"""Forms without a screen: which item is next, what a key means on an item, what a typed text is worth. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from bedside.events import Value
from bedside.snapshot import Item

TYPED = frozenset({"number", "text", "secret", "day"})
YES, NO = {"y", "Y"}, {"n", "N"}
DAY = "2026-11-12"
"""How a day is typed."""


class NotAValue(ValueError):
    """What was typed does not fit the item; the text says what would."""


def parse(item: Item, typed: str) -> Value:
    """The value of what was typed, or `NotAValue` with the range or the reason."""
    text = typed.strip()
    if not text:
        if item.required:
            raise NotAValue("something has to be entered here")
        return None
    if item.kind == "day":
        return _day(text)
    return _number(item, text) if item.kind == "number" else text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise NotAValue(f"not a day: {text}; type it as {DAY}") from None


def _number(item: Item, text: str) -> float:
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        raise NotAValue(f"not a number: {text}") from None
    inside = (item.low is None or value >= item.low) and (item.high is None or value <= item.high)
    if math.isnan(value) or not inside:
        raise NotAValue(f"{text} is outside {range_text(item)}")
    return value


def unit_text(item: Item) -> str:
    """The unit without the brackets that UCUM puts around some, such as mm[Hg]."""
    return item.unit.replace("[", "").replace("]", "")


def range_text(item: Item) -> str:
    """The permitted range with its unit, such as "0 to 100 %"."""
    if item.kind == "day":
        return f"a day such as {DAY}"
    unit = f" {unit_text(item)}" if item.unit else ""
    if item.low is not None and item.high is not None:
        return f"{item.low:g} to {item.high:g}{unit}"
    if item.low is not None:
        return f"at least {item.low:g}{unit}"
    return f"at most {item.high:g}{unit}" if item.high is not None else unit_text(item)


def value_text(item: Item) -> str:
    """The value as shown behind the label."""
    if item.value is None:
        return ""
    if item.kind == "secret":
        return "entered"
    if isinstance(item.value, bool):
        return "yes" if item.value else "no"
    shown = f"{item.value:g}" if isinstance(item.value, float) else str(item.value)
    return f"{shown} {unit_text(item)}".rstrip()


def key_value(item: Item, key: str) -> tuple[bool, Value]:
    """What a single key answers on an item: `(True, value)`, or `(False, None)` when it means nothing there."""
    if item.kind in {"tick", "yesno"}:
        if key in YES | NO:
            return True, key in YES
        if item.kind == "tick" and key == "enter":
            return True, item.value is not True
    if item.kind == "choice" and key.isdigit() and 0 < int(key) <= len(item.choices):
        return True, item.choices[int(key) - 1]
    if item.kind == "choice" and len(key) == 1:
        fitting = [choice for choice in item.choices if choice.lower().startswith(key.lower())]
        return (True, fitting[0]) if len(fitting) == 1 else (False, None)
    return False, None


def neighbour(item: Item, step: int) -> Value:
    """The choice before or after the present one; the first when none was made."""
    if item.value not in item.choices:
        return item.choices[0] if step > 0 else item.choices[-1]
    return item.choices[(item.choices.index(str(item.value)) + step) % len(item.choices)]


def next_open(items: Sequence[Item], after: int) -> int:
    """The next item without an answer, wrapping once; stays where it is when all are answered."""
    for offset in range(1, len(items) + 1):
        place = (after + offset) % len(items)
        if items[place].value is None and items[place].state == "open":
            return place
    return after


@dataclass(frozen=True, slots=True)
class Draft:
    """A form kept by the screen itself, such as a dialog's: items with the answers so far."""

    items: tuple[Item, ...]

    def answer(self, name: str, value: Value) -> "Draft":
        """The draft with one item answered."""
        state = "open" if value is None else "ok"
        return Draft(
            tuple(
                msgspec.structs.replace(item, value=value, state=state) if item.id == name else item
                for item in self.items
            )
        )

    @property
    def answers(self) -> Mapping[str, Value]:
        """The answers by item."""
        return {item.id: item.value for item in self.items}

    @property
    def missing(self) -> tuple[Item, ...]:
        """Required items without an answer."""
        return tuple(item for item in self.items if item.required and item.value is None)
