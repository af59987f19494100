"""The body of a step with a form."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult

from bedside.events import Value
from bedside.snapshot import Item, Step
from bedside.tui.panels.treatment import dose_rows
from bedside.tui.panels.visit import HIDDEN_STEPS, step_title, step_words
from bedside.tui.picture import Picture
from bedside.tui.rows import Row
from bedside.tui.screens.body import ActionBox, Body, RowsPanel
from bedside.tui.widgets.form import Form

INSTRUCTION_ROWS = 8
TOTAL_STEPS = frozenset({"dose", "signoff"})


def head_rows(picture: Picture, width: int, height: int) -> Sequence[Row]:
    """Title, instruction and what good looks like."""
    title = step_title(picture, width, with_progress=False)
    totals = dose_rows(picture) if picture.step_id in TOTAL_STEPS else []
    return [title, *step_words(picture, width, INSTRUCTION_ROWS, 1), *totals]


class FormBody(Body):
    """A step with its form."""

    def __init__(self, answer: Callable[[Step, Item, Value], None]) -> None:
        super().__init__()
        self._answer = answer
        self._picture = Picture()
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
        self._picture = picture
        self._fit_head()
        self.form.list.readonly = not picture.acts
        hide = picture.private and step.id in HIDDEN_STEPS
        self.form.put(() if hide else picture.items, afresh=afresh)

    def _fit_head(self) -> None:
        width = self.content_size.width
        if width:
            self.panels[0].styles.height = len(head_rows(self._picture, width, 0)) + 1

    def on_resize(self) -> None:
        """Words need another number of rows in another width."""
        if self.panels:
            self._fit_head()

    def begin(self) -> None:
        """The form has the keys."""
        if self.form is not None:
            self.form.begin()

    def on_form_answered(self, message: Form.Answered) -> None:
        """Send the answer for the step it was given in."""
        message.stop()
        if self._step is not None:
            self._answer(self._step, message.item, message.value)
