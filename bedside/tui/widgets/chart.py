"""The recruitment plot: amplitude against intensity, drawn by plotext as a still picture when a pulse is added."""

import importlib
from collections.abc import Sequence
from typing import Any

from bedside.snapshot import Hunt
from bedside.tui.glyphs import Ladder
from bedside.tui.picture import Picture
from bedside.tui.rows import Row, Span, row
from bedside.tui.widgets.panel import Panel

CRITERION_UV = 50.0
_STYLES = {"o": "trace.target", "x": "dim", "+": "look"}


def recruitment(hunt: Hunt, width: int, height: int, ladder: Ladder = "braille") -> list[str]:
    """The plot as lines of text. o: valid response, x: void or rejected, lines: criterion, estimate and interval.

    plotext is loaded here, the first time a plot is wanted: it costs more than all other imports of the first screen.
    """
    plotext: Any = importlib.import_module("plotext")
    figure = plotext.figure
    figure.clear()
    figure.plot_size(width, height)
    _lines(figure, hunt, "default" if ladder == "ascii" else "dotted")
    for marker, points in _points(hunt).items():
        if points:
            xs, ys = zip(*points, strict=True)
            figure.draw(figure.signal(list(xs), list(ys), marker=marker))
    lines = str(plotext.uncolorize(str(figure.build()))).splitlines()
    return [line.rstrip() for line in lines]


def _points(hunt: Hunt) -> dict[str, list[tuple[float, float]]]:
    good: list[tuple[float, float]] = []
    void: list[tuple[float, float]] = []
    for trial in hunt.trials:
        if trial.response_uv is None:
            continue
        point = (float(trial.amplitude_pct_mso), trial.response_uv)
        (void if trial.rejected or trial.verdict == "void" else good).append(point)
    return {"x": void, "o": good}


def _lines(figure: Any, hunt: Hunt, bound: str) -> None:
    figure.line(CRITERION_UV, "h")
    for value, style in ((hunt.low_pct_mso, bound), (hunt.high_pct_mso, bound), (hunt.rmt_pct_mso, "default")):
        if value is not None:
            figure.line(value, "v", style=style)


class RecruitmentPlot(Panel):
    """Recruitment plot of the threshold hunt, made anew only when a trial or the size changes."""

    def __init__(self, ladder: Ladder) -> None:
        super().__init__()
        self._ladder: Ladder = ladder
        self._made: tuple[object, ...] = ()
        self._lines: list[str] = []

    def rows(self, picture: Picture, width: int, height: int) -> Sequence[Row]:
        """Title and plot."""
        hunt = picture.hunt
        title = row((" µV against %MSO", "accent"))
        if hunt is None or picture.private or not any(trial.response_uv is not None for trial in hunt.trials):
            return [title, row((" nothing to plot yet", "dim"))]
        made = (hunt.trials, hunt.rmt_pct_mso, hunt.low_pct_mso, hunt.high_pct_mso, width, height)
        if made != self._made:
            self._made, self._lines = made, recruitment(hunt, width - 1, max(height - 1, 4), self._ladder)
        return [title, *(row(*_coloured(line)) for line in self._lines)]


def _coloured(line: str) -> list[Span]:
    return [(" ", "text"), *((sign, _STYLES.get(sign, "dim")) for sign in line)]
