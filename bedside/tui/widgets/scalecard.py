"""One item of a scale at a time, by keyboard: levels, reasons, clearing, and the review behind the last item."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from bedside.commands import ScoreItem
from bedside.events import Missing, Value
from bedside.snapshot import ScaleForm, ScaleItem
from bedside.tui.levels import SIGNS, next_place, pending, place_of, reasons, typed
from bedside.tui.panels.scale import card_rows, review_rows
from bedside.tui.picture import Picture
from bedside.tui.rows import Row
from bedside.tui.widgets.panel import Panel

PAGE_ROWS = 8


class ScaleCard(Panel):
    """The item under the cursor, or the review behind the last one. It has the keys."""

    can_focus = True
    takes_answers = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,shift+tab", "move(-1)", show=False),
        Binding("down,tab", "move(1)", show=False),
        Binding("home", "review(0)", show=False),
        Binding("end", "review(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    class Wanted(Message):
        """An item is to be typed, beginning with `typed`."""

        def __init__(self, item: ScaleItem, typed: str) -> None:
            super().__init__()
            self.item = item
            self.typed = typed

    class Unknown(Message):
        """A sign was typed with which none of the item's levels begins."""

        def __init__(self, item: ScaleItem, sign: str) -> None:
            super().__init__()
            self.item = item
            self.sign = sign

    class Moved(Message):
        """The cursor is elsewhere."""

    def __init__(self, score: Callable[[ScoreItem], None]) -> None:
        super().__init__()
        self._score = score
        self.form: ScaleForm | None = None
        self.at = 0
        self.so_far = ""
        self.asking = False
        self.readonly = False
        self._first = 0

    @property
    def current(self) -> ScaleItem | None:
        """The item under the cursor; None on the review."""
        return self.form.items[self.at] if self.form is not None and self.at < len(self.form.items) else None

    def put(self, form: ScaleForm) -> None:
        """Show this scale; another one begins at its first open item."""
        if self.form is None or self.form.id != form.id:
            self.at = place_of(form, form.next_code) if form.next_code else len(form.items)
            self.so_far, self.asking, self._first = "", False, 0
        self.form = form
        self.at = min(self.at, len(form.items))
        self.renew()

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """The card or the review."""
        if self.form is None:
            return []
        if self.at >= len(self.form.items):
            return review_rows(self.form, self._first, width, height)
        return card_rows(self.form, self.at, self.so_far, asking=self.asking, width=width, height=height)

    def action_move(self, step: int) -> None:
        """The item before or after; a level that was typed is taken first."""
        if self.form is not None:
            self._take_pending()
            self._go((self.at + step) % (len(self.form.items) + 1))

    def action_review(self, end: int) -> None:
        """The first item, or the review."""
        if self.form is not None:
            self._take_pending()
            self._go(len(self.form.items) if end else 0)

    def action_page(self, step: int) -> None:
        """Move the review's rows."""
        if self.form is not None:
            self._first = max(min(self._first + step * PAGE_ROWS, len(self.form.items)), 0)
            self.renew()

    def _go(self, place: int) -> None:
        self.at, self.so_far, self.asking = place, "", False
        self.renew()
        self.post_message(self.Moved())

    def on_key(self, event: events.Key) -> None:
        """A level, a reason, or clearing."""
        item = self.current
        if item is None or self.readonly:
            return
        sign = event.character or ""
        if self.asking:
            handled = self._reason(item, event.key, sign)
        elif event.key in {"n", "backspace", "enter"}:
            handled = self._control(item, event.key)
        else:
            handled = self._sign(item, sign)
        if handled:
            event.stop()
            event.prevent_default()
            self.renew()

    def _control(self, item: ScaleItem, key: str) -> bool:
        if key == "n":
            self.so_far, self.asking = "", True
        elif key == "backspace":
            if self.so_far:
                self.so_far = self.so_far[:-1]
            elif item.value is not None or item.missing:
                self._send(item, None)
        elif self.so_far:
            self._take_pending(go_on=True)
        elif item.kind in {"number", "text"}:
            self.post_message(self.Wanted(item, ""))
        return True

    def _sign(self, item: ScaleItem, sign: str) -> bool:
        if sign == "" or sign not in SIGNS:
            return False
        if item.kind in {"number", "text"}:
            if item.kind == "number" and (sign.isdigit() or sign in "-."):
                self.post_message(self.Wanted(item, sign))
            return True
        before = self.so_far
        self.so_far, level = typed(item, before, sign)
        if level is not None:
            self.give(item, level)
        elif self.so_far == before:
            self.post_message(self.Unknown(item, sign))
        return True

    def _reason(self, item: ScaleItem, key: str, sign: str) -> bool:
        if key in {"escape", "backspace"}:
            self.asking = False
            return True
        known = reasons(item)
        if sign.isdigit() and 0 < int(sign) <= len(known):
            words, reason = known[int(sign) - 1]
            if reason == "level":
                self.give(item, words)
            else:
                self.give(item, None, reason)
        return True

    def _take_pending(self, *, go_on: bool = False) -> None:
        item = self.current
        level = pending(item, self.so_far) if item is not None else None
        if item is None or level is None:
            return
        if go_on:
            self.give(item, level)
        else:
            self._send(item, level)

    def give(self, item: ScaleItem, value: Value, missing: Missing = "") -> None:
        """Pass it on and go to the next open item."""
        self._send(item, value, missing)
        if self.form is not None:
            self._go(next_place(self.form.items, place_of(self.form, item.code)))

    def _send(self, item: ScaleItem, value: Value, missing: Missing = "") -> None:
        """Ask the station to keep it; with neither value nor reason the item is cleared.

        Called rather than posted: the next key finds this one already counted as given.
        """
        if self.form is not None:
            self._score(ScoreItem(instrument=self.form.id, code=item.code, value=value, missing=missing))
