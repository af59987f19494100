"""The base of everything that shows rows: it repaints only the rows that changed."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from bedside.tui.picture import Picture
from bedside.tui.rows import Row, fit
from bedside.tui.theme import palette_for, styles


class Panel(Widget):
    """Rows of text made by `rows` from a picture."""

    can_focus = False
    fill: ClassVar[str] = "text"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.picture = Picture()
        self._rows: list[Row] = []
        self._width = 0
        self._palette: Mapping[str, Style] = {}

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """What to show in `width` x `height` cells; more rows than `height` are not seen."""
        raise NotImplementedError

    def show(self, picture: Picture) -> None:
        """Take a new picture and repaint what it changes."""
        self.picture = picture
        self.renew()

    def renew(self) -> None:
        """Make the rows again and repaint those that differ."""
        width, height = self.content_size
        if not width or not self.is_mounted:
            return
        before = self._rows if self._width == width else []
        made = self._remake(width, height)
        changed = [
            line
            for line in range(max(len(before), len(made)))
            if line >= len(before) or line >= len(made) or before[line] != made[line]
        ]
        if changed:
            left, top = self.gutter.left, self.gutter.top
            self.refresh(*(Region(left, top + line, width, 1) for line in changed))

    def _remake(self, width: int, height: int) -> list[Row]:
        self._rows = [fit(spans, width, self.fill) for spans in self.rows(self.picture, width, height)]
        self._width = width
        return self._rows

    def on_resize(self) -> None:
        """Another size makes other rows."""
        self.renew()

    def style(self, name: str) -> Style:
        """The colours of a style name on this terminal."""
        if not self._palette:
            environment = getattr(self.app, "environment", {})
            self._palette = styles(palette_for(self.app.console.color_system, environment.get("TERM", "")))
        return self._palette[name]

    def render_line(self, y: int) -> Strip:
        """One row as the compositor wants it."""
        width, height = self.content_size
        if width != self._width:
            self._remake(width, height)
        if y >= len(self._rows):
            return Strip([Segment(" " * width, self.style(self.fill))], width)
        return Strip([Segment(text, self.style(name)) for text, name in self._rows[y]], width)
