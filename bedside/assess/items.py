"""One item of a clinical scale: which values fit, in words, and what they count."""

import math
from typing import Literal

import msgspec

from bedside.assess.words import number_text
from bedside.config import Scale, ScaleItem
from bedside.config.scales import ItemSide
from bedside.events import Missing, Value
from bedside.refusal import Refusal

FREE_TEXT = 500
LARGEST = 10**9
"""No item has larger numbers, and a float cannot hold every larger one."""


class Entry(msgspec.Struct, frozen=True):
    """One item of a form: a value as `checked` returns it, or the reason why there is none.

    With neither, the item was cleared and is open again. `flag` is a short mark beside the value; `by` "rule" marks
    what a rule of the scale filled in.
    """

    value: Value = None
    missing: Missing = ""
    flag: str = ""
    by: Literal["person", "rule"] = "person"

    @property
    def cleared(self) -> bool:
        """No value and no reason: as if nobody had been there."""
        return self.value is None and not self.missing


def checked(scale: Scale, code: str, value: Value) -> Value:
    """The value as it is kept: a level's or choice's text, a number at the item's resolution, or text.

    Raises `Refusal` for a code that the scale does not have and for a value that is impossible.
    """
    item = scale.item(code)
    if item is None:
        raise Refusal(f"{scale.title} has no item '{code}'", "answer the items on the screen")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise Refusal(f"{item.label}: so large a number is not possible", f"allowed: {allowed_text(item)}")
    match item.kind:
        case "levels" | "choice":
            return _level(item, value)
        case "number":
            return _measured(item, value)
        case "text":
            if not isinstance(value, str) or len(value) > FREE_TEXT:
                raise Refusal(f"{item.label}: needs text of at most {FREE_TEXT} characters", "shorten it")
            return value


def _level(item: ScaleItem, value: Value) -> str:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    text = f"{value:g}" if is_number else value
    if not isinstance(text, str) or text not in item.allowed:
        raise Refusal(f"{item.label}: {_quoted(value)} is not possible", f"allowed: {allowed_text(item)}")
    return text


def _measured(item: ScaleItem, value: Value) -> float:
    remedy = f"allowed: {allowed_text(item)}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refusal(f"{item.label}: needs a number", remedy)
    if item.digits == 0 and value != int(value):
        raise Refusal(f"{item.label}: {value:g} is no whole number", remedy)
    kept = round(float(value), item.digits)
    if (item.low is not None and kept < item.low) or (item.high is not None and kept > item.high):
        raise Refusal(f"{item.label}: {number_text(value)} {item.unit}".rstrip() + " cannot be right", remedy)
    return kept


def allowed_text(item: ScaleItem) -> str:
    """What an item accepts, in words: "0 or 2", "0, 1, 1+, 2, 3 or 4", "0.5 to 600 s"."""
    if item.kind == "text":
        return f"text of at most {FREE_TEXT} characters"
    if item.kind == "number":
        whole = "a whole number from " if item.digits == 0 else ""
        return f"{whole}{number_text(item.low or 0.0)} to {number_text(item.high or 0.0)} {item.unit}".rstrip()
    return " or ".join(part for part in (", ".join(item.allowed[:-1]), item.allowed[-1]) if part)


def _quoted(value: Value) -> str:
    return "nothing" if value is None else f"'{value:g}'" if isinstance(value, float) else f"'{value}'"


def side_at(item: ScaleItem, paretic: Literal["left", "right"]) -> ItemSide:
    """The side that an item is stored with: "left" or "right", never "paretic"; "none" where it has none."""
    return paretic if item.side == "paretic" else item.side


def number_of(scale: Scale, code: str, entry: Entry | None) -> float | None:
    """What an entry counts: a level's number, or a measured number; None for anything else and for untested levels.

    Raises `Refusal` for a value that the item cannot have.
    """
    item = scale.item(code)
    if item is None or entry is None or entry.missing or item.kind in {"text", "choice"}:
        return None
    kept = checked(scale, code, entry.value)
    return scale.number(kept) if isinstance(kept, str) else float(kept or 0.0)
