"""Full-screen pages over the visit: keys, devices, emergency cards. Alarms and STOP stay."""

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from bedside.tui.beltkeys import foot
from bedside.tui.panels.devices import device_page
from bedside.tui.panels.ident import ident
from bedside.tui.panels.pages import CARDS, card_rows, help_rows
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, row
from bedside.tui.widgets.banner import AlarmBanner
from bedside.tui.widgets.panel import Panel

RowMaker = Callable[[Picture, int], list[Row]]


class Scroll(Panel):
    """Rows that may be more than fit: arrows and page keys move them."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "by(-1)", show=False),
        Binding("down", "by(1)", show=False),
        Binding("pageup", "by(-10)", show=False),
        Binding("pagedown", "by(10)", show=False),
    ]

    def __init__(self, make: RowMaker) -> None:
        super().__init__()
        self._make = make
        self._first = 0

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """The part of the rows that is in sight."""
        lines = self._make(picture, width)
        self._first = max(min(self._first, len(lines) - height), 0)
        return lines[self._first : self._first + height]

    def action_by(self, lines: int) -> None:
        """Move."""
        self._first += lines
        self.renew()


class PageIdent(Panel):
    """Whose visit this is, on every page."""

    fill = "bar"

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """The participant's line."""
        return [ident(picture, width)]


class PageFoot(Panel):
    """The keys of a page."""

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """STOP first."""
        keys = row((" F12 STOP ", "stop"), ("  Esc ", "key"), "back", ("  arrows ", "key"), "move", *foot(picture))
        return [keys]


class Page(ModalScreen[None]):
    """One page of rows over everything; Escape goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", show=False)]

    def __init__(self, picture: Picture, make: RowMaker, *, flashing: bool = True) -> None:
        super().__init__()
        self._picture = picture
        self._flashing = flashing
        self._body = Scroll(make)

    def compose(self) -> ComposeResult:
        """Banner, participant, rows, keys."""
        yield AlarmBanner(flashing=self._flashing)
        yield PageIdent()
        yield self._body
        yield PageFoot()

    def on_mount(self) -> None:
        """Show what was known when it was opened."""
        self.show(self._picture)
        self._body.focus()

    def show(self, picture: Picture) -> None:
        """Stay up to date."""
        self._picture = picture
        for panel in self.query(Panel):
            panel.show(picture)

    def action_leave(self) -> None:
        """Back to the visit."""
        self.dismiss(None)


class EmergencyCard(Page):
    """Seizure and fainting cards with a timer that began when the card was opened."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "turn", show=False)]

    def __init__(self, picture: Picture, *, flashing: bool = True) -> None:
        super().__init__(picture, self._rows, flashing=flashing)
        self._opened_s = picture.now_s
        self._kinds = list(CARDS)

    def _rows(self, picture: Picture, width: int) -> list[Row]:
        return card_rows(self._kinds[0], picture.now_s - self._opened_s, width)

    def action_turn(self) -> None:
        """The other card; the timer goes on."""
        self._kinds.reverse()
        self._body.renew()


PAGES: dict[str, RowMaker] = {
    "help": help_rows,
    "devices": device_page,
}


def page(name: str, picture: Picture, *, flashing: bool) -> Page:
    """The page of this name."""
    return Page(picture, PAGES[name], flashing=flashing)
