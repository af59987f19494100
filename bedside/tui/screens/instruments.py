"""The assessment's own page: its instruments at the left, the four panels or the last result at the right."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message

from bedside.tui.panels.assess import head_rows, list_rows, panel_rows
from bedside.tui.panels.results import result_rows
from bedside.tui.picture import Picture
from bedside.tui.rows import Row
from bedside.tui.screens.body import ActionBox, Body, RowsPanel
from bedside.tui.widgets.panel import Panel

PAGE_ROWS = 8


class Moving(Panel):
    """Rows that page up and page down move, for what is longer than its place."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._first = 0

    def all_rows(self, picture: Picture, width: int, height: int) -> list[Row]:
        """All rows."""
        raise NotImplementedError

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """Those in sight; the last one says when there are more."""
        lines = self.all_rows(picture, width, height)
        self._first = max(min(self._first, len(lines) - height), 0)
        shown = lines[self._first : self._first + height]
        below = len(lines) - self._first - height
        if below > 0 and shown:
            shown[-1] = ((f" {below + 1} more rows (page down)", "dim"),)
        return shown

    def by(self, step: int) -> None:
        """Move by about a page."""
        self._first = max(self._first + step * PAGE_ROWS, 0)
        self.renew()


class ResultPanel(Moving):
    """What the instrument last finished found."""

    def all_rows(self, picture: Picture, width: int, height: int) -> list[Row]:
        """The result's rows."""
        assess = picture.assess
        return result_rows(assess.result, width) if assess is not None and assess.result is not None else []


class ParameterPanels(Moving):
    """Subject, electrical, magnetic, evaluation time."""

    def all_rows(self, picture: Picture, width: int, height: int) -> list[Row]:
        """The panels' rows."""
        return panel_rows(picture, width, height)


class InstrumentsBody(Body):
    """Arrows mark an instrument, Enter opens it."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "mark(-1)", show=False),
        Binding("down", "mark(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
    ]

    class Marked(Message):
        """The person marked an instrument."""

        def __init__(self, instrument: str) -> None:
            super().__init__()
            self.instrument = instrument

    def __init__(self) -> None:
        super().__init__()
        self._picture = Picture()
        self._parameters = ParameterPanels(id="parameters")
        self._result = ResultPanel(id="result")

    def compose(self) -> ComposeResult:
        """Head, list beside panels or result, action."""
        head = RowsPanel(head_rows, id="assess-head")
        instruments = RowsPanel(list_rows, id="instruments")
        action = ActionBox()
        self.panels = [head, instruments, self._parameters, self._result, action]
        yield head
        with Horizontal(id="assess-middle"):
            yield instruments
            yield self._parameters
            yield self._result
        yield action

    def show(self, picture: Picture) -> None:
        """The result takes the panels' place when asked for."""
        self._picture = picture
        shows = picture.plot and picture.assess is not None and picture.assess.result is not None
        self.set_class(shows, "-result")
        self._result.set_class(not shows, "gone")
        self._parameters.set_class(shows, "gone")
        super().show(picture)

    def begin(self) -> None:
        """The arrows work at once."""
        self.screen.set_focus(self)

    def action_mark(self, step: int) -> None:
        """The instrument above or below."""
        lines = self._picture.assess.instruments if self._picture.assess else ()
        here = self._picture.marked_instrument
        if here is not None:
            self.post_message(self.Marked(lines[(lines.index(here) + step) % len(lines)].id))

    def action_page(self, step: int) -> None:
        """Move what is at the right."""
        (self._parameters if self._result.has_class("gone") else self._result).by(step)
