"""The last evoked responses laid over each other: the newest bright, the older ones dim."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from textual.strip import Strip

from bedside.station.wire import Sweep
from bedside.tui.canvas import cells, strokes, text_of
from bedside.tui.glyphs import DOTS, Ladder
from bedside.tui.link import Link
from bedside.tui.picture import Picture
from bedside.tui.traces import scale_for, sweep_columns, sweep_peak_uv
from bedside.tui.widgets.panel import Panel

WINDOW_MS = (-10.0, 90.0)
SCALE_FROM_MS = 12.0
MARKS_MS = (0, 20, 50)


class MepOverlay(Panel):
    """Evoked responses of the target muscle on one time axis with the pulse at zero."""

    def __init__(self, link: Link, ladder: Ladder) -> None:
        super().__init__()
        self._link = link
        self._ladder: Ladder = ladder
        self._drawn: tuple[object, ...] = ()
        self._codes: NDArray[np.uint32] = np.zeros((0, 0), dtype=np.uint32)
        self._newest: NDArray[np.bool_] = np.zeros((0, 0), dtype=bool)
        self._title = ""

    def show(self, picture: Picture) -> None:
        """Draw again only when a response came or the muscle changed."""
        self.picture = picture
        sweeps = tuple(self._link.sweeps)
        wanted = (tuple(id(sweep) for sweep in sweeps), self._muscle(), self.content_size)
        if wanted != self._drawn and self.content_size.area:
            self._drawn = wanted
            self._draw(sweeps)
            self.refresh()

    def renew(self) -> None:
        """Another size draws again."""
        self.show(self.picture)

    def _muscle(self) -> str:
        return self.picture.hunt.muscle if self.picture.hunt else ""

    def _draw(self, sweeps: tuple[Sweep, ...]) -> None:
        width, height = self.content_size
        wide, tall = DOTS[self._ladder]
        rows = max(height - 2, 1)
        muscle = self._muscle()
        known = [sweep for sweep in sweeps if muscle in sweep.channels]
        scale = scale_for(max((sweep_peak_uv(sweep, muscle, SCALE_FROM_MS) for sweep in known), default=0.0))
        shape = (rows * tall, width * wide)
        layers = [self._layer(sweep, muscle, scale, shape) for sweep in known] or [np.zeros(shape, dtype=bool)]
        self._codes = cells(np.logical_or.reduce(layers), self._ladder)
        self._newest = np.asarray(layers[-1].reshape(rows, tall, width, wide).any(axis=(1, 3)))
        last = f"#{known[-1].pulse}" if known else ""
        self._title = f" {muscle} {last} ±{scale} µV" if known else f" {muscle}: no response yet"

    def _layer(self, sweep: Sweep, muscle: str, scale_uv: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
        columns = sweep_columns(sweep, muscle, shape[1], WINDOW_MS)
        if columns is None:
            return np.zeros(shape, dtype=bool)
        low, high = (_bridged(part) / (2.0 * scale_uv) + 0.5 for part in columns)
        before_low, before_high = np.roll(low, 1), np.roll(high, 1)
        before_low[0] = before_high[0] = np.nan
        low = np.where(before_high < low, (before_high + low) / 2, low)
        high = np.where(before_low > high, (before_low + high) / 2, high)
        return strokes(low, high, shape[0])

    def _axis(self, width: int) -> str:
        span = WINDOW_MS[1] - WINDOW_MS[0]
        line = [" "] * width
        for mark in MARKS_MS:
            place = int((mark - WINDOW_MS[0]) / span * width)
            text = f"|{mark}" + (" ms" if mark == MARKS_MS[-1] else "")
            line[place : place + len(text)] = text
        return "".join(line)[:width]

    def render_line(self, y: int) -> Strip:
        """Title, signal rows, time axis."""
        width, height = self.content_size
        if y == 0 or not self._codes.size:
            title = self._title if y == 0 else ""
            return Strip([Segment(title.ljust(width)[:width], self.style("accent"))], width)
        if y == height - 1 or y > self._codes.shape[0]:
            return Strip([Segment(self._axis(width), self.style("dim"))], width)
        return Strip(self._signal(y - 1), width)

    def _signal(self, line: int) -> list[Segment]:
        text, newest = text_of(self._codes[line]), self._newest[line]
        edges = np.flatnonzero(np.diff(newest.astype(np.int8))) + 1
        bounds = [0, *(int(edge) for edge in edges), len(text)]
        return [
            Segment(text[a:b], self.style("trace.target" if newest[a] else "trace.old"))
            for a, b in pairwise(bounds)
            if b > a
        ]


def _bridged(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Dots without a sample between two with one take the value before them."""
    known = ~np.isnan(values)
    if not known.any():
        return values
    places = np.where(known, np.arange(len(values)), 0)
    filled: NDArray[np.float64] = values[np.maximum.accumulate(places)]
    last = int(np.flatnonzero(known)[-1])
    filled[last + 1 :] = np.nan
    return filled
