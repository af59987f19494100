"""Hotspot search and threshold hunt: live EMG, responses, grid or plot, trials, next intensity."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message

from bedside.snapshot import Hunt, Site
from bedside.tui.glyphs import Ladder
from bedside.tui.link import Link
from bedside.tui.panels.pulses import estimate_row, grid_rows, next_rows, trial_rows
from bedside.tui.panels.visit import step_title, step_words
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, row
from bedside.tui.screens.body import ActionBox, Body, RowsPanel
from bedside.tui.widgets.chart import RecruitmentPlot
from bedside.tui.widgets.overlay import MepOverlay
from bedside.tui.widgets.trace import TraceCanvas

DIRECTIONS = {"left": (-1, 0), "right": (1, 0), "up": (0, 1), "down": (0, -1)}


def neighbour_site(sites: Sequence[Site], at: str | None, direction: str) -> str | None:
    """The nearest site in a direction as seen on the grid; the same one at the edge."""
    here = next((site for site in sites if site.id == at), None)
    if here is None:
        return sites[0].id if sites else None
    dx, dy = DIRECTIONS[direction]
    ahead = [
        site
        for site in sites
        if (site.x_cm - here.x_cm) * dx + (site.y_cm - here.y_cm) * dy > 0
        and (dx == 0 or site.y_cm == here.y_cm)
        and (dy == 0 or site.x_cm == here.x_cm)
    ]
    return min(ahead, key=lambda site: abs(site.x_cm - here.x_cm) + abs(site.y_cm - here.y_cm)).id if ahead else at


def neighbour_pulse(hunt: Hunt, at: int | None, step: int) -> int | None:
    """The trial before or after; None, which means the newest, when there is no older one."""
    pulses = [trial.pulse for trial in hunt.trials]
    if not pulses:
        return None
    place = pulses.index(at) if at in pulses else len(pulses) - 1
    return pulses[min(max(place + step, 0), len(pulses) - 1)]


def words(picture: Picture, width: int, height: int) -> Sequence[Row]:
    """Title with the visit's progress, and the instruction."""
    hunt = picture.hunt
    side = f" {hunt.muscle}, {hunt.side}" if hunt else ""
    title = step_title(picture, width, with_progress=True)
    lines = step_words(picture, width, max(height - 1, 1), 0)
    return [title, *lines, row((side, "dim"))]


def side_panel(picture: Picture, width: int, height: int) -> Sequence[Row]:
    """The grid while the hotspot is searched."""
    return grid_rows(picture, width, height)


class HuntBody(Body):
    """Single pulses. Arrows mark a site, page keys (or arrows in the threshold hunt) a response."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(key, f"arrow('{key}')", show=False) for key in DIRECTIONS),
        Binding("pageup", "trial(-1)", show=False),
        Binding("pagedown", "trial(1)", show=False),
    ]

    class Marked(Message):
        """The person marked a site or a response."""

        def __init__(self, site: str | None, pulse: int | None) -> None:
            super().__init__()
            self.site = site
            self.pulse = pulse

    def __init__(self, link: Link, ladder: Ladder) -> None:
        super().__init__()
        self._picture = Picture()
        self._trace = TraceCanvas(link, ladder)
        self._sites = RowsPanel(side_panel, id="sites")
        self._overlay = MepOverlay(link, ladder)
        self._plot = RecruitmentPlot(ladder)
        self._trials = RowsPanel(lambda picture, width, height: trial_rows(picture, height), id="trials")

    def compose(self) -> ComposeResult:
        """Words, traces, three columns, next intensity, action."""
        head = RowsPanel(words, id="words")
        lines = RowsPanel(
            lambda picture, width, height: [*next_rows(picture, width), estimate_row(picture)], id="lines"
        )
        action = ActionBox()
        self.panels = [head, self._trace, self._sites, self._overlay, self._plot, self._trials, lines, action]
        yield head
        yield self._trace
        with Horizontal(id="middle-row"):
            yield self._sites
            yield self._overlay
            yield self._plot
            yield self._trials
        yield lines
        yield action

    def show(self, picture: Picture) -> None:
        """The plot takes the grid's place where the site is chosen, or the responses' when asked."""
        self._picture = picture
        threshold = picture.step_id != "hotspot"
        self._sites.set_class(threshold, "gone")
        self._plot.set_class(not (threshold or picture.plot), "gone")
        self._overlay.set_class(picture.plot, "gone")
        self._trace.set_class(picture.plot, "gone")
        super().show(picture)

    def begin(self) -> None:
        """The arrows work at once."""
        self.screen.set_focus(self)

    def action_arrow(self, direction: str) -> None:
        """Mark the next site in that direction; where the site is chosen the next response."""
        hunt = self._picture.hunt
        if hunt is None:
            return
        if self._picture.step_id != "hotspot":
            self.action_trial({"up": 1, "down": -1}.get(direction, 0))
            return
        site = neighbour_site(hunt.sites, self._picture.marked_site, direction)
        self.post_message(self.Marked(site, self._picture.pulse))

    def action_trial(self, step: int) -> None:
        """Mark the response before or after."""
        if self._picture.hunt is not None:
            pulse = neighbour_pulse(self._picture.hunt, self._picture.pulse, step)
            self.post_message(self.Marked(self._picture.site, pulse))
