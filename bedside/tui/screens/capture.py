"""A capture: sensors, live picture, recording and its countdown, trials and what they found."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message

from bedside.tui.copview import load_row
from bedside.tui.glyphs import Ladder
from bedside.tui.link import Link
from bedside.tui.panels.capture import outcome_rows, side_rows, task_rows, time_rows
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, row
from bedside.tui.screens.body import ActionBox, Body, RowsPanel
from bedside.tui.screens.instruments import Moving
from bedside.tui.traces import emg_range_uv
from bedside.tui.walkorder import views
from bedside.tui.widgets.live import FRAMES_PER_S, CopPicture, FeetPicture, KneePicture, LivePicture
from bedside.tui.widgets.trace import TraceCanvas
from bedside.tui.widgets.walk import WalkPicture

MOST_HEAD_ROWS = 4
TITLES = {"cop": " Balance", "knee": " Knee angle", "feet": " Feet, last stride", "none": ""}


def _emg_titles(picture: Picture, width: int, height: int) -> Sequence[Row]:
    return [row((f" sEMG ±{emg_range_uv(picture.emg_range)} µV", "accent"), ("  + takes the next range", "dim"))]


class TrialResult(Moving):
    """What the last trial found."""

    def all_rows(self, picture: Picture, width: int, height: int) -> list[Row]:
        """The result's rows."""
        return outcome_rows(picture, width)


class CaptureBody(Body):
    """Left and right mark a task, up and down a trial, a digit gives its cue."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "task(-1)", show=False),
        Binding("right", "task(1)", show=False),
        Binding("up", "trial(-1)", show=False),
        Binding("down", "trial(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    class Marked(Message):
        """The person marked a task or a trial (its place in the list)."""

        def __init__(self, task: str | None, trial: int | None) -> None:
            super().__init__()
            self.task = task
            self.trial = trial

    class Cued(Message):
        """The person wants this cue given."""

        def __init__(self, cue: str) -> None:
            super().__init__()
            self.cue = cue

    def __init__(self, link: Link, ladder: Ladder) -> None:
        super().__init__()
        self._picture = Picture()
        self._ladder: Ladder = ladder
        self._cop = CopPicture(link, ladder)
        self._live: dict[str, LivePicture] = {
            "cop": self._cop,
            "knee": KneePicture(link, ladder),
            "feet": FeetPicture(link, ladder),
        }
        self._head = RowsPanel(task_rows, id="task")
        self._pictures = Vertical(id="live")
        self._title = RowsPanel(self._titles, id="live-title")
        self._load = RowsPanel(self._loads, id="load")
        self._emg_title = RowsPanel(_emg_titles, id="emg-title")
        self._emg = TraceCanvas(link, ladder, fixed=True)
        self._result = TrialResult(id="trial-result")
        self._walk = WalkPicture(ladder)

    def compose(self) -> ComposeResult:
        """Task, live picture beside sensors and trials, recording and time, action."""
        side = RowsPanel(side_rows, id="capture-side")
        clock = RowsPanel(lambda picture, width, height: time_rows(picture, width, self._ladder), id="capture-time")
        action = ActionBox()
        self.panels = [
            self._head,
            self._title,
            *self._live.values(),
            self._load,
            self._emg_title,
            self._emg,
            self._result,
            self._walk,
            side,
            clock,
            action,
        ]
        yield self._head
        with Horizontal(id="capture-middle"):
            with self._pictures:
                yield self._title
                yield from self._live.values()
                yield self._load
                yield self._emg_title
                yield self._emg
            yield self._result
            yield self._walk
            yield side
        yield clock
        yield action

    def on_mount(self) -> None:
        """The load bar follows the balance picture."""
        self.set_interval(1 / FRAMES_PER_S, self._load.renew)

    def show(self, picture: Picture) -> None:
        """The live picture of the capture's kind, the last trial's result, or what its walk looked like."""
        self._picture = picture
        capture = picture.capture
        if capture is None:
            return
        if self.content_size.width:
            self._head.styles.height = len(task_rows(picture, self.content_size.width, MOST_HEAD_ROWS))
        shows = picture.plot and capture.result is not None
        walks = shows and picture.walk in views(capture)
        self.set_class(walks, "-walk")
        self._walk.set_class(not walks, "gone")
        self._result.set_class(not shows or walks, "gone")
        self._pictures.set_class(shows or capture.live == "none", "gone")
        for kind, widget in self._live.items():
            widget.set_class(capture.live != kind, "gone")
        self._load.set_class(capture.live != "cop", "gone")
        self._emg_title.set_class(capture.live != "knee", "gone")
        self._emg.set_class(capture.live != "knee", "gone")
        super().show(picture)

    def begin(self) -> None:
        """The arrows work at once."""
        self.screen.set_focus(self)

    def on_key(self, event: events.Key) -> None:
        """A digit gives its cue while a trial is recorded."""
        capture = self._picture.capture
        number = int(event.key) if event.key.isdigit() else 0
        if capture is None or not self._picture.acts or capture.state != "recording":
            return
        if 0 < number <= len(capture.cues):
            event.stop()
            self.post_message(self.Cued(capture.cues[number - 1]))

    def action_task(self, step: int) -> None:
        """The task before or after, unless one is recorded."""
        capture = self._picture.capture
        if capture is None or capture.state == "recording" or not capture.tasks:
            return
        names = [name for name, _ in capture.tasks]
        place = (names.index(self._picture.marked_task) + step) % len(names)
        self.post_message(self.Marked(names[place], self._picture.trial))

    def action_trial(self, step: int) -> None:
        """The trial before or after."""
        capture, here = self._picture.capture, self._picture.marked_trial
        if capture is None or here is None:
            return
        place = min(max(capture.done.index(here) + step, 0), len(capture.done) - 1)
        self.post_message(self.Marked(self._picture.task, place))

    def action_page(self, step: int) -> None:
        """Move the result."""
        self._result.by(step)

    def _titles(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        capture = picture.capture
        return [row((TITLES[capture.live], "accent"), ("  live, for the eye alone", "dim"))] if capture else []

    def _loads(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        capture = picture.capture
        target = capture.target_left_pct if capture is not None else None
        return [load_row(self._cop.trail, self._cop.scene(), target, width)]
