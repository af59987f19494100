"""The alarm banner: three rows for high, two for medium, one otherwise; flashing slowly by its own colours."""

from collections.abc import Sequence

from bedside.tui.panels.alarms import HEIGHTS, banner, priority_of
from bedside.tui.picture import Picture
from bedside.tui.rows import Row
from bedside.tui.widgets.panel import Panel

HIGH_TICKS, MEDIUM_TICKS, TICK_S = 1, 4, 0.25


class AlarmBanner(Panel):
    """High flashes at 2 Hz, medium at 0.5 Hz, low is steady: slow and small, since the patient may see it."""

    def __init__(self, *, flashing: bool = True) -> None:
        super().__init__()
        self._flashing = flashing
        self._ticks = 0

    def on_mount(self) -> None:
        """Flash as long as there is something to flash for."""
        if self._flashing:
            self.set_interval(TICK_S, self._tick)

    def _tick(self) -> None:
        self._ticks += 1
        if priority_of(self.picture) in {"high", "medium"}:
            self.renew()

    def show(self, picture: Picture) -> None:
        """Take the height that the highest alarm needs."""
        self.styles.height = HEIGHTS.get(priority_of(picture), 1)
        super().show(picture)

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """The banner's words in this half of the flash."""
        half = HIGH_TICKS if priority_of(picture) == "high" else MEDIUM_TICKS
        return banner(picture, lit=(self._ticks // half) % 2 == 0)
