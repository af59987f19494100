"""The base of live pictures: signs and inks in arrays; only the cells that changed are painted again."""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np
from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip

from bedside.tui.canvas import Codes, Inks, changed_runs, text_of
from bedside.tui.glyphs import Ladder
from bedside.tui.widgets.panel import Panel


class Raster(Panel):
    """A picture of signs; `INKS` are the style names by ink number."""

    INKS: ClassVar[Sequence[str]] = ("text",)

    def __init__(self, ladder: Ladder) -> None:
        super().__init__()
        self._ladder: Ladder = ladder
        self._codes: Codes = np.zeros((0, 0), dtype=np.uint32)
        self._inks: Inks = np.zeros((0, 0), dtype=np.uint8)

    def put(self, codes: Codes, inks: Inks) -> int:
        """Show these cells; returns how many rows were painted again."""
        runs = changed_runs((self._codes, self._inks), (codes, inks))
        self._codes, self._inks = codes, inks
        if runs:
            left, top = self.gutter.left, self.gutter.top
            self.refresh(*(Region(left + first, top + line, last - first, 1) for line, first, last in runs))
        return len(runs)

    def render_line(self, y: int) -> Strip:
        """One row in runs of one ink."""
        if y >= self._codes.shape[0]:
            return Strip.blank(self.size.width, self.style("text"))
        text, inks = text_of(self._codes[y]), self._inks[y]
        edges = np.flatnonzero(np.diff(inks)) + 1
        bounds = [0, *edges.tolist(), len(text)]
        return Strip([Segment(text[a:b], self.style(self.INKS[inks[a]])) for a, b in pairwise(bounds) if b > a])
