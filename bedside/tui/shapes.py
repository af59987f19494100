"""Round and straight shapes as dots: what a live picture of balance or of a foot's path is made of. numpy only, pure.

A `View` says where a point in cm falls. Cells are about twice as tall as wide, so that braille and half-block dots
are square; ASCII dots are not, and the view allows for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bedside.tui.canvas import Dots
from bedside.tui.glyphs import DOTS, Ladder

Point = tuple[float, float]
CELL_TALL = 2.0
"""How many times taller than wide a terminal's cell is."""
MOST_STEPS = 4096


@dataclass(frozen=True, slots=True)
class View:
    """A window in cm on dots of shape (rows, columns): `half_cm` up and down from (`mid_x_cm`, `mid_y_cm`).

    The same length in cm is as long across as it is up; `tall` stretches heights, for paths that are flat.
    """

    rows: int
    columns: int
    half_cm: float
    ladder: Ladder
    mid_x_cm: float = 0.0
    mid_y_cm: float = 0.0
    tall: float = 1.0

    @property
    def down_per_cm(self) -> float:
        """Dots downwards for one cm."""
        return self.rows / (2.0 * self.half_cm)

    @property
    def across_per_cm(self) -> float:
        """Dots across for one cm."""
        wide, high = DOTS[self.ladder]
        return self.down_per_cm / self.tall * (CELL_TALL / high) / (1.0 / wide)

    def place(self, x_cm: float, y_cm: float) -> Point:
        """Column and row, as fractions of a dot, of a point; they may lie outside."""
        column = (self.columns - 1) / 2.0 + (x_cm - self.mid_x_cm) * self.across_per_cm
        row = (self.rows - 1) / 2.0 - (y_cm - self.mid_y_cm) * self.down_per_cm
        return column, row

    def blank(self) -> Dots:
        """No dots."""
        return np.zeros((self.rows, self.columns), dtype=bool)

    def inside(self, x_cm: float, y_cm: float) -> bool:
        """Whether a point is in sight."""
        column, row = self.place(x_cm, y_cm)
        return -0.5 <= column < self.columns - 0.5 and -0.5 <= row < self.rows - 0.5

    def held(self, x_cm: float, y_cm: float) -> Point:
        """The point itself, or the one at the window's edge nearest to it."""
        half_x = (self.columns - 1) / 2.0 / self.across_per_cm
        half_y = (self.rows - 1) / 2.0 / self.down_per_cm
        x = min(max(x_cm, self.mid_x_cm - half_x), self.mid_x_cm + half_x)
        return x, min(max(y_cm, self.mid_y_cm - half_y), self.mid_y_cm + half_y)


def fitted(shape: tuple[int, int], ladder: Ladder, across_cm: float, *, tall: float = 1.0) -> View:
    """The view on (rows, columns) of dots that shows `across_cm` from its left to its right edge, about 0."""
    rows, columns = shape
    one = View(rows, columns, rows / 2.0, ladder, tall=tall)
    return View(rows, columns, rows / 2.0 * one.across_per_cm * across_cm / columns, ladder, tall=tall)


def disc(dots: Dots, view: View, at_cm: Point, radius_cm: float) -> None:
    """Fill a disc; one that is smaller than a dot is still a dot."""
    column, row = view.place(*at_cm)
    reach_x, reach_y = radius_cm * view.across_per_cm, radius_cm * view.down_per_cm
    columns = np.arange(max(int(column - reach_x), 0), min(int(column + reach_x) + 2, view.columns))
    rows = np.arange(max(int(row - reach_y), 0), min(int(row + reach_y) + 2, view.rows))
    if len(columns) and len(rows):
        across, down = (columns - column) / view.across_per_cm, (rows - row) / view.down_per_cm
        within = np.hypot(across[None, :], down[:, None]) <= radius_cm
        dots[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] |= within
    _light(dots, np.array([column]), np.array([row]))


def ring(dots: Dots, view: View, at_cm: Point, radius_cm: float, *, thick: bool) -> None:
    """Draw a circle, one dot thin or three dots thick; only the part in sight."""
    steps = _steps(2.0 * np.pi * radius_cm * max(view.across_per_cm, view.down_per_cm))
    angles = np.linspace(0.0, 2.0 * np.pi, steps, endpoint=False)
    dot_cm = 1.0 / view.down_per_cm
    for radius in (radius_cm - dot_cm, radius_cm, radius_cm + dot_cm) if thick else (radius_cm,):
        _light(dots, *_dots(view, at_cm[0] + radius * np.cos(angles), at_cm[1] + radius * np.sin(angles)))


def line(dots: Dots, view: View, points_cm: Sequence[Point], *, closed: bool = False, every: int = 1) -> None:
    """Join points by straight lines; `every` second, third … dot makes it dotted."""
    if not points_cm:
        return
    ends = np.array([*points_cm, points_cm[0]] if closed else points_cm, dtype=np.float64)
    columns, rows = _dots(view, ends[:, 0], ends[:, 1])
    steps = np.maximum(np.abs(np.diff(columns)), np.abs(np.diff(rows)))
    along = np.concatenate(([0.0], np.cumsum(steps)))
    at = np.linspace(0.0, along[-1], _steps(along[-1]) + 1)[::every]
    _light(dots, np.interp(at, along, columns), np.interp(at, along, rows))


def _steps(dots: float) -> int:
    return int(min(max(np.ceil(dots), 1), MOST_STEPS))


def _dots(
    view: View, x_cm: NDArray[np.float64], y_cm: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    columns = (view.columns - 1) / 2.0 + (x_cm - view.mid_x_cm) * view.across_per_cm
    return columns, (view.rows - 1) / 2.0 - (y_cm - view.mid_y_cm) * view.down_per_cm


def _light(dots: Dots, columns: NDArray[np.float64], rows: NDArray[np.float64]) -> None:
    known = np.isfinite(columns) & np.isfinite(rows)
    # halves all go the same way: rint takes them to even numbers, which leaves gaps in a line through half dots
    across, down = (np.floor(places[known] + 0.5).astype(int) for places in (columns, rows))
    seen = (across >= 0) & (across < dots.shape[1]) & (down >= 0) & (down < dots.shape[0])
    dots[down[seen], across[seen]] = True
