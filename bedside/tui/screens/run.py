"""The treatment: before it the conditions for stimulation, then numbers, live trace and the last events.

Questions in the middle of the treatment and after its end take the trace's place until they are answered.
"""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult

from bedside.events import Value
from bedside.snapshot import Item, Step
from bedside.tui.beltkeys import belt_of, belt_row
from bedside.tui.glyphs import Ladder
from bedside.tui.link import Link
from bedside.tui.panels.current import current_rows
from bedside.tui.panels.treatment import event_rows, interlock_rows, number_rows, reminder
from bedside.tui.picture import Picture
from bedside.tui.rows import Row
from bedside.tui.screens.body import ActionBox, Body, RowsPanel
from bedside.tui.widgets.form import Form
from bedside.tui.widgets.trace import TraceCanvas

BEFORE_WORDS = frozenset({"OFF", "READY"})


def questions(picture: Picture) -> tuple[Item, ...]:
    """The step's form while the station wants something in it answered, else nothing."""
    step = picture.step
    items = step.items if step is not None and step.id == "treatment" else ()
    open_items = [item for item in items if item.value is None and item.by != "machine"]
    asked = any(item.required for item in open_items) or (bool(open_items) and picture.word == "ENDED")
    return picture.items if asked else ()


class RunBody(Body):
    """Numbers on top; interlocks until the pulses start, the live trace from then on, and questions as they come."""

    def __init__(self, link: Link, ladder: Ladder, answer: Callable[[Step, Item, Value], None]) -> None:
        super().__init__()
        self._answer = answer
        self._step: Step | None = None
        self._asking = False
        self.form = Form()
        self._trace = TraceCanvas(link, ladder)
        self._current = RowsPanel(lambda picture, width, height: current_rows(picture), id="current")
        self._belt = RowsPanel(lambda picture, width, height: [belt_row(picture)], id="belt")
        self._locks = RowsPanel(lambda picture, width, height: interlock_rows(picture, width), id="locks")

    def compose(self) -> ComposeResult:
        """Numbers, belt, trace or interlocks, events, reminder, action."""
        numbers = RowsPanel(lambda picture, width, height: number_rows(picture, width), id="numbers")
        events = RowsPanel(_events, id="events")
        reminders = RowsPanel(lambda picture, width, height: [reminder(picture)], id="reminder")
        above, below = [numbers, self._belt, self._current, self._trace, self._locks], [events, reminders, ActionBox()]
        self.panels = [*above, *below]
        yield from above
        yield self.form
        yield from below

    def show(self, picture: Picture) -> None:
        """Interlocks matter before the start and when some do not hold in a pause."""
        run = picture.run
        before = run is None or run.word in BEFORE_WORDS
        broken = run is not None and run.word == "PAUSED" and any(not lock.holds for lock in run.interlocks)
        asked = questions(picture)
        self._belt.set_class(belt_of(picture) is None, "gone")
        self._current.set_class(picture.snapshot.current is None, "gone")
        self._locks.set_class(bool(asked) or not (before or broken), "gone")
        self._trace.set_class(bool(asked) or before or broken, "gone")
        self._ask(picture, asked)
        super().show(picture)

    def _ask(self, picture: Picture, asked: tuple[Item, ...]) -> None:
        self._step = picture.step
        begins, self._asking = bool(asked) and not self._asking, bool(asked)
        self.form.set_class(not asked, "gone")
        self.form.list.readonly = picture.role != "control"
        self.form.put(asked, afresh=begins)
        if begins and picture.role == "control" and self.is_attached:
            self.form.begin()
        elif not asked and self.form.list.has_focus:
            self.screen.set_focus(None)

    def begin(self) -> None:
        """The questions have the keys, if there are any."""
        if self._asking:
            self.form.begin()

    def on_form_answered(self, message: Form.Answered) -> None:
        """Send the answer for the step it was given in."""
        message.stop()
        if self._step is not None:
            self._answer(self._step, message.item, message.value)


def _events(picture: Picture, width: int, height: int) -> Sequence[Row]:
    return event_rows(picture, height)
