"""A form over the screen. Alarms stay visible above it, STOP works in it, Escape is always "no"."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from bedside.commands import AnyCommand
from bedside.events import Value
from bedside.snapshot import Item
from bedside.tui.beltkeys import foot
from bedside.tui.deedkinds import Ask
from bedside.tui.formlogic import Draft
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, row
from bedside.tui.widgets.banner import AlarmBanner
from bedside.tui.widgets.form import Form
from bedside.tui.widgets.panel import Panel


class DialogFoot(Panel):
    """What is missing or wrong, and the keys."""

    words = ""
    accept = "Save"

    def rows(self, picture: Picture, width: int, height: int) -> list[Row]:
        """Message above, keys below."""
        keys = row(
            (" F2 ", "key"),
            (self.accept, "text"),
            ("   Esc ", "key"),
            ("cancel", "text"),
            ("   F12 ", "stop"),
            " STOP",
            *foot(picture),
        )
        return [row((f" {self.words}", "look")), keys]


class Dialog(ModalScreen[AnyCommand | None]):
    """One `Ask`: ends with the command to send, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2", "accept", show=False),
        Binding("escape", "leave", show=False, priority=True),
    ]

    def __init__(self, ask: Ask, picture: Picture, *, flashing: bool = True) -> None:
        super().__init__()
        self._ask = ask
        self._picture = picture
        self._flashing = flashing
        self.draft = Draft(ask.items(picture))
        self.form = Form(typing=True)
        self.foot = DialogFoot()
        self.foot.accept = ask.accept

    def compose(self) -> ComposeResult:
        """Banner, then the box with the form."""
        yield AlarmBanner(flashing=self._flashing)
        with Vertical(id="box") as box:
            box.border_title = self._ask.title
            yield self.form
            yield self.foot

    def on_mount(self) -> None:
        """Begin on the first open item."""
        self.show(self._picture)
        self.form.put(self.draft.items, afresh=True)
        self.form.begin()

    def show(self, picture: Picture) -> None:
        """Keep the alarms up to date while the dialog is open, and say here what would be said beneath it."""
        if picture.notice != self._picture.notice:
            self._say(picture.notice)
        self._picture = picture
        self.foot.show(picture)
        for banner in self.query(AlarmBanner):  # a picture may come before it is mounted
            banner.show(picture)

    def on_form_answered(self, message: Form.Answered) -> None:
        """Keep the answer; go on typing, or accept when the last one was typed."""
        self._keep(message.item, message.value)
        self._say("")
        self.form.begin()

    def _say(self, words: str) -> None:
        self.foot.words = words
        self.foot.renew()

    def action_accept(self) -> None:
        """Take what is being typed, then build the command, or say what is missing."""
        if self.form.is_typing and self.form.line.value:
            taken = self.form.take_line()
            if taken is None:
                return
            self._keep(*taken)
        missing = self.draft.missing
        if missing:
            self._say(f"still missing: {', '.join(item.label for item in missing)}")
            return
        built = self._ask.build(self.draft.answers, self._picture)
        if isinstance(built, str):
            self._say(built)
        else:
            self.dismiss(built)

    def _keep(self, item: Item, value: Value) -> None:
        self.draft = self.draft.answer(item.id, value)
        self.form.put(self.draft.items, afresh=False)

    def action_leave(self) -> None:
        """Leave the line, or the dialog, without doing anything."""
        if self.form.is_typing and len(self.draft.items) > 1 and self.form.line.value:
            self.form.close_line()
        else:
            self.dismiss(None)
