"""The treatment: before it the conditions for stimulation, then numbers, live trace and the last events."""

from collections.abc import Sequence

from textual.app import ComposeResult

from bedside.tui.glyphs import Ladder
from bedside.tui.link import Link
from bedside.tui.panels.treatment import event_rows, interlock_rows, number_rows, reminder
from bedside.tui.picture import Picture
from bedside.tui.rows import Row
from bedside.tui.screens.body import ActionBox, Body, RowsPanel
from bedside.tui.widgets.trace import TraceCanvas

BEFORE_WORDS = frozenset({"OFF", "READY"})


class RunBody(Body):
    """Numbers on top; interlocks until the pulses start, the live trace from then on."""

    def __init__(self, link: Link, ladder: Ladder) -> None:
        super().__init__()
        self._trace = TraceCanvas(link, ladder)
        self._locks = RowsPanel(lambda picture, width, height: interlock_rows(picture, width), id="locks")

    def compose(self) -> ComposeResult:
        """Numbers, trace or interlocks, events, reminder, action."""
        numbers = RowsPanel(lambda picture, width, height: number_rows(picture, width), id="numbers")
        events = RowsPanel(_events, id="events")
        reminders = RowsPanel(lambda picture, width, height: [reminder(picture)], id="reminder")
        self.panels = [numbers, self._trace, self._locks, events, reminders, ActionBox()]
        yield from self.panels

    def show(self, picture: Picture) -> None:
        """Interlocks matter before the start and when some do not hold in a pause."""
        run = picture.run
        before = run is None or run.word in BEFORE_WORDS
        broken = run is not None and run.word == "PAUSED" and any(not lock.holds for lock in run.interlocks)
        self._locks.set_class(not (before or broken), "gone")
        self._trace.set_class(before or broken, "gone")
        super().show(picture)


def _events(picture: Picture, width: int, height: int) -> Sequence[Row]:
    return event_rows(picture, height)
