"""The bodies that need no signal: start, interruption, and a step's form."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from bedside.events import Value
from bedside.snapshot import Item, Step
from bedside.tui.panels.pages import interruption_rows, start_rows
from bedside.tui.panels.visit import HIDDEN_STEPS, action_rows, step_title, step_words
from bedside.tui.picture import Picture
from bedside.tui.rows import Row
from bedside.tui.widgets.form import Form
from bedside.tui.widgets.panel import Panel

Rows = Callable[[Picture, int, int], Sequence[Row]]


class RowsPanel(Panel):
    """A panel around a pure function."""

    def __init__(self, make: Rows, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self._make = make

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """What the function makes."""
        return self._make(picture, width, height)


class ActionBox(Panel):
    """The one next action."""

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """The band with the key, and the reason beneath."""
        return action_rows(picture, height)


class Body(Vertical):
    """What stands in the middle of the screen for one kind of moment."""

    def __init__(self) -> None:
        super().__init__()
        self.panels: list[Panel] = []

    def show(self, picture: Picture) -> None:
        """Give every panel the picture."""
        for panel in self.panels:
            panel.show(picture)

    def begin(self) -> None:
        """Take the focus when the body appears."""


class StartBody(Body):
    """Before a visit: what this is, the devices, and signing in."""

    def compose(self) -> ComposeResult:
        """Words, then the action."""
        self.panels = [
            RowsPanel(lambda picture, width, height: start_rows(picture, width), classes="rest"),
            ActionBox(),
        ]
        yield from self.panels


class InterruptedBody(Body):
    """After a power cut: what is certain and what is not."""

    def compose(self) -> ComposeResult:
        """Words, then the action."""
        words = RowsPanel(lambda picture, width, height: interruption_rows(picture, width), classes="rest")
        self.panels = [words, ActionBox()]
        yield from self.panels


def head_rows(picture: Picture, width: int, height: int) -> Sequence[Row]:
    """Title, instruction and what good looks like."""
    title = step_title(picture, width, with_progress=False)
    return [title, *step_words(picture, width, 2, max(height - 3, 0))]


class FormBody(Body):
    """A step with its form."""

    def __init__(self, answer: Callable[[Step, Item, Value], None]) -> None:
        super().__init__()
        self._answer = answer
        self._step: Step | None = None
        self.form: Form | None = None

    def compose(self) -> ComposeResult:
        """Head, form, action."""
        head, action = RowsPanel(head_rows, id="head"), ActionBox()
        self.form = Form()
        self.panels = [head, action]
        yield head
        yield self.form
        yield action

    def show(self, picture: Picture) -> None:
        """Keep the cursor while the step stays the same."""
        super().show(picture)
        step = picture.step
        if self.form is None or step is None:
            return
        afresh = self._step is None or self._step.id != step.id
        self._step = step
        self.form.list.readonly = picture.role != "control"
        hide = picture.private and step.id in HIDDEN_STEPS
        self.form.put(() if hide else step.items, afresh=afresh)

    def begin(self) -> None:
        """The form has the keys."""
        if self.form is not None:
            self.form.begin()

    def on_form_answered(self, message: Form.Answered) -> None:
        """Send the answer for the step it was given in."""
        message.stop()
        if self._step is not None:
            self._answer(self._step, message.item, message.value)
