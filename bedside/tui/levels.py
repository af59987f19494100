"""Scales by keyboard: what was typed so far, and when it is a level. Pure."""

from collections.abc import Sequence
from typing import Literal

from bedside.events import Missing, Value
from bedside.snapshot import Item, ScaleForm, ScaleItem

REASONS: tuple[tuple[Missing, str], ...] = (
    ("not_done", "not done"),
    ("refused", "refused"),
    ("unsafe", "unsafe to test"),
    ("not_applicable", "not applicable"),
)
SIGNS = frozenset("0123456789+-*.")


def options(item: ScaleItem) -> dict[str, str]:
    """What can be typed for an item, and the level it stands for: the level itself, or a choice's number."""
    if item.kind == "levels":
        return {level: level for level in item.allowed if set(level) <= SIGNS}
    if item.kind == "choice":
        return {str(number): choice for number, choice in enumerate(item.allowed, 1)}
    return {}


def reasons(item: ScaleItem) -> list[tuple[str, Missing | Literal["level"]]]:
    """Why an item may have no level, in the order of their digits; levels that no digit can give come last."""
    known: list[tuple[str, Missing | Literal["level"]]] = [(words, reason) for reason, words in REASONS]
    words = [level for level in item.allowed if item.kind == "levels" and not set(level) <= SIGNS]
    return [*known, *((level, "level") for level in words)]


def typed(item: ScaleItem, so_far: str, sign: str) -> tuple[str, str | None]:
    """What is typed after one more sign, and the level once no longer one could still be meant.

    A sign that leads nowhere begins anew; one that fits nothing at all leaves what was there.
    """
    known = options(item)
    for text in (so_far + sign, sign):
        longer = [option for option in known if option.startswith(text) and option != text]
        if text in known and not longer:
            return "", known[text]
        if longer:
            return text, None
    return so_far, None


def pending(item: ScaleItem, so_far: str) -> str | None:
    """The level that is typed but could still be the beginning of a longer one; None when it is no level yet."""
    return options(item).get(so_far)


def longer_options(item: ScaleItem, so_far: str) -> tuple[str, ...]:
    """What could still be typed after this, such as "+" after "1"."""
    return tuple(option[len(so_far) :] for option in options(item) if option.startswith(so_far) and option != so_far)


def is_open(item: ScaleItem) -> bool:
    """Whether an item has neither a value nor a reason."""
    return item.value is None and not item.missing


def next_place(items: Sequence[ScaleItem], after: int) -> int:
    """The next open item behind `after`, wrapping once; the review, which is behind the last, when none is open.

    An optional item is passed on the way but not gone back to.
    """
    count = len(items)
    later = [place for place in range(after + 1, count) if is_open(items[place])]
    before = [place for place in range(min(after, count)) if is_open(items[place]) and items[place].required]
    return (later or before or [count])[0]


def place_of(form: ScaleForm, code: str) -> int:
    """The place of an item by its code; the review when it is not there."""
    return next((place for place, item in enumerate(form.items) if item.code == code), len(form.items))


def line_item(item: ScaleItem) -> Item:
    """An item as the line to type in wants it."""
    kind: Literal["number", "text"] = "number" if item.kind == "number" else "text"
    return Item(
        id=item.code, label=item.label, kind=kind, value=item.value, unit=item.unit, low=item.low, high=item.high
    )


def value_words(item: ScaleItem) -> str:
    """What an item has: its value with its unit, or why it has none; empty while it is open."""
    if item.missing:
        return item.missing.replace("_", " ")
    return "" if item.value is None else f"{_plain(item.value)} {item.unit}".rstrip() + item.flag


def _plain(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
