"""Knee angles over time and the path of a foot, as signs and inks. numpy only, pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bedside.tui.canvas import Codes, Inks, Layers, cells, strokes, write
from bedside.tui.glyphs import DOTS, Ladder
from bedside.tui.lives import LEGS, KneeSweep
from bedside.tui.rows import number
from bedside.tui.shapes import Point, View, fitted, line

INKS = ("text", "trace.target", "trace.other", "dim", "strong", "look")
PLAIN, LEFT, RIGHT, DIM, STRONG, LOOK = range(6)
LABEL_WIDTH = 15
KNEE_RANGE_DEG = (-10.0, 130.0)
STRETCHES = (4.0, 3.0, 2.0, 1.5, 1.0, 0.75, 0.5)
"""A foot's path is flat, and so may be its place: heights are drawn so many times larger, as the picture says."""
STICKS = 12
GROUND_SHARE = 0.9
LEAST_STRIDE_CM = 20.0


def knee_picture(
    sweep: KneeSweep, size: tuple[int, int], ladder: Ladder, *, paretic: str, fresh: bool
) -> tuple[Codes, Inks]:
    """Two lanes, left above right, each with its angle and cadence; `sweep` has as many dots as the lanes."""
    width, height = size
    codes, inks = _blank(width, height)
    upper = (height + 1) // 2
    for leg, (top, rows) in enumerate(((0, upper), (upper, height - upper))):
        if rows < 1:
            continue
        for place, (text, ink) in enumerate(_knee_label(sweep, LEGS[leg], rows, paretic, fresh=fresh)):
            write(codes, inks, (1, top + place), text, ink)
        dots = strokes(_share(sweep.low_deg[:, leg]), _share(sweep.high_deg[:, leg]), rows * DOTS[ladder][1])
        drawn = cells(dots, ladder)[:, : max(width - LABEL_WIDTH, 0)]
        codes[top : top + rows, LABEL_WIDTH : LABEL_WIDTH + drawn.shape[1]] = drawn
        inks[top : top + rows, LABEL_WIDTH:] = LEFT if leg == 0 else RIGHT
    if not fresh:
        write(codes, inks, (LABEL_WIDTH + 2, height // 2), " no live data ", LOOK)
    return codes, inks


def _share(angles_deg: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = KNEE_RANGE_DEG
    return (angles_deg - low) / (high - low)


def _knee_label(sweep: KneeSweep, leg: str, rows: int, paretic: str, *, fresh: bool) -> list[tuple[str, int]]:
    angle, rpm = (sweep.latest.get(f"{leg}_{unit}") if fresh else None for unit in ("deg", "rpm"))
    name, degrees = f"{leg} {'paretic' if paretic == leg else 'knee'}", number(angle, 0, "deg")
    if rows == 1:
        return [(f"{leg[0].upper()} {degrees}", STRONG)]
    if rows == 2:
        return [(name, STRONG), (f"{degrees} {'' if rpm is None else f'{rpm:.0f}rpm'}", PLAIN)]
    return [(name, STRONG), (degrees, PLAIN), (_cadence(rpm), PLAIN)]


def _cadence(rpm: float | None) -> str:
    return "rpm not known" if rpm is None else f"{rpm:.0f} rpm"


def feet_picture(
    paths: Mapping[str, Sequence[Point]],
    size: tuple[int, int],
    ladder: Ladder,
    *,
    paretic: str,
    fresh: bool,
    said: Mapping[str, str] | None = None,
) -> tuple[Codes, Inks]:
    """A stride of each foot from the side, left above right: its path, the ground, and sticks up to the path.

    A stick stands at every twelfth of the stride's samples; its length is the foot's height there. `said` are words for
    each foot in place of those for the last stride.
    """
    width, height = size
    upper = height // 2
    codes, inks = _blank(width, height)
    points = [point for path in paths.values() for point in path]
    length_cm = max((x for x, _ in points), default=LEAST_STRIDE_CM)
    peak_cm = max((y for _, y in points), default=0.0)
    length_cm = max(length_cm, LEAST_STRIDE_CM)
    for foot, (top, rows) in zip(LEGS, ((0, upper), (upper, height - upper)), strict=True):
        path = paths.get(foot, ()) if fresh else ()
        side = f"{foot}{', paretic' if paretic == foot else ''}: "
        if rows < 2 or not path:
            write(codes, inks, (1, top), f"{side}no stride yet" if said is None else said.get(foot, ""), DIM)
            continue
        stretch = _stretch((upper - 1, width), ladder, length_cm, peak_cm)
        view = _side_view((rows - 1, width), ladder, length_cm, stretch)
        codes[top + 1 : top + rows], inks[top + 1 : top + rows] = _foot(path, (width, rows - 1), view)
        peak = max(y for _, y in path)
        words = f"{side}{path[-1][0] - path[0][0]:.0f} cm, peak {peak:.0f} cm" if said is None else said.get(foot, "")
        write(codes, inks, (1, top), words, STRONG)
        drawn = f"heights x{view.tall:g}"
        short = len(words) + 3 + len(drawn) > width
        write(
            codes,
            inks,
            (len(words) + (2 if short else 3), top),
            drawn.removeprefix("heights ") if short else drawn,
            DIM,
        )
    return codes, inks


def _side_view(size: tuple[int, int], ladder: Ladder, length_cm: float, stretch: float) -> View:
    """The whole stride across `size` (rows, columns) of cells, the ground near the bottom."""
    wide, tall = DOTS[ladder]
    view = fitted((size[0] * tall, size[1] * wide), ladder, 1.05 * length_cm, tall=stretch)
    return replace(view, mid_x_cm=length_cm / 2.0, mid_y_cm=GROUND_SHARE * view.half_cm)


def _stretch(size: tuple[int, int], ladder: Ladder, length_cm: float, peak_cm: float) -> float:
    """How much larger heights can be drawn with the peak still in sight."""
    high = (stretch for stretch in STRETCHES if 1.8 * _side_view(size, ladder, length_cm, stretch).half_cm >= peak_cm)
    return next(high, STRETCHES[-1])


def _foot(path: Sequence[Point], size: tuple[int, int], view: View) -> tuple[Codes, Inks]:
    layers = Layers(size[0], size[1], view.ladder)
    ground = view.blank()
    line(ground, view, [(0.0, 0.0), (2.0 * view.mid_x_cm, 0.0)], every=2)
    layers.add(ground, DIM)
    sticks = view.blank()
    for x, y in path[:: max(len(path) // STICKS, 1)]:
        line(sticks, view, [(x, 0.0), (x, y)], every=2)
    layers.add(sticks, DIM)
    drawn = view.blank()
    line(drawn, view, path)
    layers.add(drawn, LEFT)
    return layers.made()


def _blank(width: int, height: int) -> tuple[Codes, Inks]:
    return np.full((height, width), ord(" "), dtype=np.uint32), np.zeros((height, width), dtype=np.uint8)
