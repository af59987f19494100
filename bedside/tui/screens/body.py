"""What a body is, and the two that are only words: start and interruption."""

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from bedside.tui.panels.home import choice_rows
from bedside.tui.panels.pages import interruption_rows, start_rows
from bedside.tui.panels.visit import action_rows
from bedside.tui.picture import Picture
from bedside.tui.rows import Row
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


class HomeBox(ActionBox):
    """Treatment or assessment."""

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """Both, side by side."""
        return choice_rows(picture, width, height)


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
    """Before a visit: what this is, the devices, signing in, and the choice of treatment or assessment."""

    def compose(self) -> ComposeResult:
        """Words, then the action."""
        self.panels = [
            RowsPanel(lambda picture, width, height: start_rows(picture, width), classes="rest"),
            HomeBox(),
        ]
        yield from self.panels


class InterruptedBody(Body):
    """After a power cut: what is certain and what is not."""

    def compose(self) -> ComposeResult:
        """Words, then the action."""
        words = RowsPanel(lambda picture, width, height: interruption_rows(picture, width), classes="rest")
        self.panels = [words, ActionBox()]
        yield from self.panels
