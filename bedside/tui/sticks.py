"""A stick figure of a mean gait cycle from the side: segments that were measured, at tenths of the cycle. Pure."""

from collections.abc import Sequence

import numpy as np

from bedside.snapshot import GaitSide, GaitStick
from bedside.tui.canvas import Codes, Inks, Layers, write
from bedside.tui.glyphs import DOTS, Ladder
from bedside.tui.legviews import DIM, LEFT, LOOK, RIGHT
from bedside.tui.rows import wrapped
from bedside.tui.shapes import View, line

MARGIN_CM = 4.0


def parts(sides: Sequence[GaitSide]) -> str:
    """Which segments are in the figure, with their nominal lengths."""
    found = dict(each for side in sides for each in side.nominal)
    return f"{', '.join(f'{name} {length_cm:.0f}' for name, length_cm in found.items())} cm"


def leg_words(side: GaitSide, paretic: str) -> str:
    """The leg by its name, and how many cycles are in its mean."""
    name = f"{side.side}{', paretic' if paretic == side.side else ''}"
    return f"{name}: {side.cycles} cycles"


def figure_picture(
    sides: Sequence[GaitSide], size: tuple[int, int], ladder: Ladder, *, paretic: str
) -> tuple[Codes, Inks]:
    """Left and right at one scale, the same across as up: feet one above the other, whole legs side by side."""
    width, height = size
    codes = np.full((height, width), ord(" "), dtype=np.uint32)
    inks: Inks = np.zeros((height, width), dtype=np.uint8)
    every = [stick for side in sides for stick in side.sticks]
    beside = any(stick.segment != "foot" for stick in every)
    for number, side in enumerate(sides):
        left, top = (number * (width // 2), 0) if beside else (0, number * (height // 2))
        room = (width // 2 - 1, height) if beside else (width, height // 2 + (height % 2) * number)
        drawn = bool(side.sticks)
        words = leg_words(side, paretic) if drawn else f"{side.side}: {side.refusal or 'no path of the foot'}"
        ink = LEFT if side.side == "left" else RIGHT
        for row, spans in enumerate(wrapped(words, room[0] - 1, 1 if drawn else room[1])):
            write(codes, inks, (left + 1, top + row), spans[0][0], ink if drawn else LOOK)
        if not drawn or room[1] < 2 or room[0] < 2:
            continue
        inner = (room[0], room[1] - 1)
        area = (slice(top + 1, top + room[1]), slice(left, left + room[0]))
        codes[area], inks[area] = _figure(side.sticks, _view(every, inner, ladder), inner, ink)
    return codes, inks


def _view(found: Sequence[GaitStick], size: tuple[int, int], ladder: Ladder) -> View:
    """All sticks of both sides in sight."""
    wide, tall = DOTS[ladder]
    points = np.array([point for stick in found for point in _ends(stick)])
    low, high = points.min(axis=0) - MARGIN_CM, points.max(axis=0) + MARGIN_CM
    across, upward = high - low
    one = View(size[1] * tall, size[0] * wide, upward / 2, ladder)
    half = float(upward / 2 * max(1.0, across * one.across_per_cm / one.columns))
    middle = (low + high) / 2
    return View(one.rows, one.columns, half, ladder, mid_x_cm=float(middle[0]), mid_y_cm=float(middle[1]))


def _figure(found: Sequence[GaitStick], view: View, size: tuple[int, int], ink: int) -> tuple[Codes, Inks]:
    layers = Layers(size[0], size[1], view.ladder)
    ground = view.blank()
    xs = [x for stick in found for x, _ in _ends(stick)]
    line(ground, view, [(min(xs), 0.0), (max(xs), 0.0)], every=3)
    layers.add(ground, DIM)
    drawn = view.blank()
    for stick in found:
        line(drawn, view, _ends(stick))
    layers.add(drawn, ink)
    return layers.made()


def _ends(stick: GaitStick) -> tuple[tuple[float, float], tuple[float, float]]:
    return (stick.x_cm, stick.y_cm), (stick.to_x_cm, stick.to_y_cm)
