"""Forms by keyboard: arrows move, y/n and digits answer, Enter opens a line to type in."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from bedside.events import Value
from bedside.snapshot import Item
from bedside.tui.formlogic import TYPED, key_value, neighbour, next_open, range_text, value_text
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, cut, ends, row, width_of, wrapped
from bedside.tui.underway import ON_THE_WAY
from bedside.tui.widgets.choices import choice_rows, is_list
from bedside.tui.widgets.panel import Panel
from bedside.tui.widgets.typed import Typed

_MARKS = {"open": "[ ]", "ok": "[x]", "attention": "[!]", "stop": "[!]"}
_STYLES = {"open": "text", "ok": "text", "attention": "look", "stop": "look"}


def help_text(item: Item) -> str:
    """How the item is answered, in a few words."""
    if item.kind == "tick":
        return "y when done"
    if item.kind == "yesno":
        return "y or n"
    if item.kind == "choice":
        return "its number or first letter, or left and right"
    return f"Enter, then type{': ' + range_text(item) if range_text(item) else ''}"


def item_rows(item: Item, width: int, here: bool, readonly: bool) -> list[Row]:
    """One item: mark, label and value; for the one under the cursor also its hint and how to answer."""
    style = "cursor" if here else _STYLES[item.state]
    rows = _head(item, width, style, here=here)
    if here and item.kind == "choice" and not readonly:
        rows += choice_rows(item, width)
    hint = item.hint if here or item.state in {"attention", "stop"} else ""
    if here and not readonly:
        hint = f"{help_text(item)}{'; ' if hint else ''}{hint}"
    return rows + [row("     ", *spans) for spans in wrapped(hint, width - 6, 2, "dim")]


def _head(item: Item, width: int, style: str, *, here: bool) -> list[Row]:
    value = value_text(item) or ("" if item.required else "optional")
    by = " (measured)" if item.by == "machine" else f" ({ON_THE_WAY})" if item.by == ON_THE_WAY else ""
    value = cut(value, max(width // 2, 12))
    right = row((f"{value}{by} ", style if item.value is not None or here else "dim"))
    room = width - width_of(right) - 7
    labels = [spans[0][0] for spans in wrapped(item.label, room, 3)] if here and item.label else [item.label]
    mark = "[.]" if item.by == ON_THE_WAY and item.value is not None else _MARKS[item.state]
    first = ends(row((f" {mark} {labels[0]}", style)), right, width, style if here else "text")
    more = [row((f"     {label}", style), ("", style)) for label in labels[1:]]
    return [first, *more]


class ItemList(Panel):
    """The items with a cursor; never answers anything itself but says what was answered."""

    can_focus = True
    takes_answers = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down,tab", "move(1)", show=False),
        Binding("shift+tab", "move(-1)", show=False),
        Binding("left", "turn(-1)", show=False),
        Binding("right", "turn(1)", show=False),
    ]

    class Given(Message):
        """An item was answered by a key."""

        def __init__(self, item: Item, value: Value) -> None:
            super().__init__()
            self.item = item
            self.value = value

    class Wanted(Message):
        """An item is to be typed, beginning with `typed`."""

        def __init__(self, item: Item, typed: str) -> None:
            super().__init__()
            self.item = item
            self.typed = typed

    def __init__(self, *, readonly: bool = False) -> None:
        super().__init__()
        self.items: tuple[Item, ...] = ()
        self.at = 0
        self.readonly = readonly

    @property
    def current(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self.at] if self.at < len(self.items) else None

    def put(self, items: Sequence[Item], *, afresh: bool) -> None:
        """Show these items; `afresh` puts the cursor on the first open one."""
        before = self.current
        self.items = tuple(items)
        self.at = max(next_open(self.items, -1) if afresh else min(self.at, len(items) - 1), 0)
        now = self.current
        answered_itself = before and now and before.id == now.id and before.value is None and now.by == "machine"
        if answered_itself and now and now.value is not None:
            self.at = next_open(self.items, self.at)
        self.renew()

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """The items around the cursor."""
        blocks = [
            item_rows(item, width, here=place == self.at and not self.readonly, readonly=self.readonly)
            for place, item in enumerate(self.items)
        ]
        lines = [line for block in blocks for line in block]
        if len(lines) <= height:
            return lines
        end = sum(len(block) for block in blocks[: self.at + 1])
        ahead = 1 if self.at + 1 < len(blocks) else 0
        begin = end - len(blocks[self.at])
        first = min(max(end + ahead - height, 0), begin, len(lines) - height)
        shown = lines[first : first + height]
        if first + height < len(lines):
            shown[-1] = row((cut("     more below (arrow down)", width), "dim"))
        return shown

    def action_move(self, step: int) -> None:
        """Go to the item before or after; through the choices where a long list of them is all there is."""
        only = self.items[0] if len(self.items) == 1 else None
        if only is not None and only.kind == "choice" and is_list(only, self.size.width):
            self.action_turn(step)
        elif self.items:
            self.at = (self.at + step) % len(self.items)
            self.renew()

    def action_turn(self, step: int) -> None:
        """Take the choice before or after."""
        item = self.current
        if item is not None and item.kind == "choice" and item.choices and not self.readonly:
            self.post_message(self.Given(item, neighbour(item, step)))

    def on_key(self, event: events.Key) -> None:
        """Answer with a key, or ask for the line to type in."""
        item = self.current
        if item is None or self.readonly:
            return
        meant, value = key_value(item, event.key)
        if meant:
            event.stop()
            self.post_message(self.Given(item, value))
        elif item.kind in TYPED and (event.key == "enter" or (item.kind == "number" and _starts_number(event))):
            event.stop()
            self.post_message(self.Wanted(item, "" if event.key == "enter" else event.character or ""))


def _starts_number(event: events.Key) -> bool:
    return event.character is not None and (event.character.isdigit() or event.character in "-.")


class Form(Typed):
    """Items and the line to type in. Posts `Form.Answered`; what becomes of it is the owner's business."""

    class Answered(Message):
        """A person gave an item a value."""

        def __init__(self, item: Item, value: Value) -> None:
            super().__init__()
            self.item = item
            self.value = value

    def __init__(self, *, readonly: bool = False, typing: bool = False) -> None:
        super().__init__()
        self.list = ItemList(readonly=readonly)
        self._typing = typing

    def compose(self) -> ComposeResult:
        """The list above, the line below."""
        yield self.list
        yield self.line

    @property
    def keys(self) -> ItemList:
        """The list."""
        return self.list

    def put(self, items: Sequence[Item], *, afresh: bool) -> None:
        """Show these items."""
        self.list.put(items, afresh=afresh)

    def begin(self) -> None:
        """Take the focus, and open the line at once where a form is typed through."""
        if self.is_typing:
            return
        self.screen.set_focus(self.list)
        item = self.list.current
        if self._typing and item is not None and item.kind in TYPED and item.value is None:
            self.open_line(item, "")

    def on_item_list_given(self, message: ItemList.Given) -> None:
        """Pass an answer on and move to the next item unless it was a turn of the choices."""
        message.stop()
        self.given(message.item, message.value)

    def on_item_list_wanted(self, message: ItemList.Wanted) -> None:
        """Open the line to type in."""
        message.stop()
        self.open_line(message.item, message.typed)

    def given(self, item: Item, value: Value) -> None:
        """Go to the next open item and pass the answer on."""
        place = next((n for n, mine in enumerate(self.list.items) if mine.id == item.id), self.list.at)
        if item.value is None:
            self.list.at = next_open(self.list.items, place)
            self.list.renew()
        self.post_message(self.Answered(item, value))
