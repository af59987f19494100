"""Answers on their way to the station: they count as given, and are shown as not confirmed. Pure, time given.

An answer is on its way until a picture of the station has it. It is taken back when the station refuses it, when no
answer comes, or when the picture that should have it does not come in time.
"""

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from bedside.commands import Answer, AnyCommand, ScoreItem
from bedside.events import Value
from bedside.snapshot import Item, ScaleForm, ScaleItem
from bedside.tui.levels import REASONS, is_open

ON_THE_WAY = "on the way"
"""Stands in an item's `by` until the station has the answer."""
PICTURE_WITHIN_S = 10.0


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """One answer: `place` is its step or instrument, `n` the journal's number that has it, None before the reply."""

    number: int
    place: str
    code: str
    value: Value
    missing: str = ""
    until_s: float
    n: int | None = None


Underway = tuple[Sent, ...]


def sent(command: AnyCommand, number: int, now_s: float) -> Sent | None:
    """What a command gives an item; None for one that gives none."""
    until_s = now_s + PICTURE_WITHIN_S
    if isinstance(command, ScoreItem):
        place, code, missing = command.instrument, command.code, command.missing
        return Sent(number=number, place=place, code=code, value=command.value, missing=missing, until_s=until_s)
    if isinstance(command, Answer):
        return Sent(number=number, place=command.step, code=command.item, value=command.value, until_s=until_s)
    return None


def kept(underway: Underway, number: int, n: int) -> Underway:
    """The station has kept one in its journal at `n`."""
    return tuple(replace(one, n=n) if one.number == number else one for one in underway)


def without(underway: Underway, number: int) -> Underway:
    """One is taken back."""
    return tuple(one for one in underway if one.number != number)


def still(underway: Underway, n: int) -> Underway:
    """Those that a picture of the journal up to `n` does not have yet."""
    return tuple(one for one in underway if one.n is None or one.n > n)


def late(underway: Underway, now_s: float) -> Underway:
    """Those whose picture should be here by now."""
    return tuple(one for one in underway if now_s > one.until_s)


def words(underway: Underway) -> str:
    """How many, in words; empty without any."""
    if not underway:
        return ""
    return "1 answer is on the way" if len(underway) == 1 else f"{len(underway)} answers are on the way"


def items_with(items: tuple[Item, ...], place: str, underway: Underway) -> tuple[Item, ...]:
    """A step's items with the answers that are on their way."""
    given = _given(place, underway)
    return tuple(_item(item, given[item.id]) if item.id in given else item for item in items) if given else items


def _item(item: Item, answer: Sent) -> Item:
    state = item.state if answer.value == item.value else "open" if answer.value is None else "ok"
    return replace(item, value=answer.value, state=state, by=ON_THE_WAY)


def form_with(form: ScaleForm, underway: Underway) -> ScaleForm:
    """A scale with the answers that are on their way; its sums are the station's to tell."""
    given = _given(form.id, underway)
    if not given:
        return form
    items = tuple(_scored(item, given[item.code]) if item.code in given else item for item in form.items)
    left = [item.code for item in items if item.required and is_open(item)]
    return replace(form, items=items, total=None, open=len(left), next_code=left[0] if left else "")


def _scored(item: ScaleItem, answer: Sent) -> ScaleItem:
    missing = next((told for reason, told in REASONS if reason == answer.missing), "")
    return replace(item, value=answer.value, missing=missing, flag="", by=ON_THE_WAY)


def on_the_way(items: Sequence[ScaleItem | Item]) -> int:
    """How many of these the station does not have yet."""
    return sum(item.by == ON_THE_WAY for item in items)


def _given(place: str, underway: Underway) -> dict[str, Sent]:
    return {one.code: one for one in underway if one.place == place}
