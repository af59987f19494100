"""One line to type in, below whatever asks for it."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input

from bedside.events import Value
from bedside.snapshot import Item
from bedside.tui.formlogic import NotAValue, parse


class EditLine(Input):
    """The line to type in; Escape leaves it without an answer."""

    takes_text = True


class Typed(Vertical):
    """The base of forms: opens the line for an item, and hands on what was typed once it is a value."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "close_line", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self.line = EditLine(select_on_focus=False)
        self.line.display = False
        self._item: Item | None = None

    @property
    def keys(self) -> Widget:
        """The widget that has the keys while nobody types."""
        raise NotImplementedError

    def given(self, item: Item, value: Value) -> None:
        """A value was typed for an item."""
        raise NotImplementedError

    def open_line(self, item: Item, typed: str) -> None:
        """Open the line, beginning with `typed`, or with a text's present value."""
        self._item = item
        self.line.password = item.kind == "secret"
        self.line.value = typed or (str(item.value) if item.value is not None and item.kind == "text" else "")
        self.line.cursor_position = len(self.line.value)
        self.line.border_title = item.label
        self.line.border_subtitle = "Enter takes it, Esc leaves it"
        self.line.display = True
        self.screen.set_focus(self.line)

    def action_close_line(self) -> None:
        """Escape: leave the line without an answer."""
        if self.is_typing:
            self.close_line()

    def close_line(self) -> None:
        """Leave the line without an answer."""
        self.line.display = False
        self.line.value = ""
        self._item = None
        self.screen.set_focus(self.keys)

    @property
    def is_typing(self) -> bool:
        """Whether the line is open."""
        return self._item is not None

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Take what was typed, or say what would fit."""
        message.stop()
        taken = self.take_line()
        if taken is not None:
            self.given(*taken)

    def take_line(self) -> tuple[Item, Value] | None:
        """Close the line and return what was typed for which item; None, with the reason shown, when it is no value."""
        item = self._item
        if item is None:
            return None
        try:
            value = parse(item, self.line.value)
        except NotAValue as error:
            self.line.border_subtitle = str(error)
            return None
        self.close_line()
        return item, value
