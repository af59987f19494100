"""A stick figure of a mean gait cycle from the side: segments that were measured, at tenths of the cycle. Pure."""

from collections.abc import Sequence

import numpy as np

from bedside.snapshot import GaitSide
from bedside.tui.canvas import Codes, Inks, Layers, write
from bedside.tui.glyphs import DOTS, Ladder
from bedside.tui.legviews import DIM, LEFT, LOOK, RIGHT
from bedside.tui.rows import wrapped
from bedside.tui.shapes import Point, View, line

FOOT_CM, SHANK_CM, THIGH_CM = 26.0, 42.0, 42.0
"""Of somebody 170 cm tall: 0.152, 0.246 and 0.245 of the stature (Drillis and Contini, in Winter, Biomechanics and
Motor Control of Human Movement, 4th ed., fig. 4.1). Nobody's own lengths."""
MOMENTS = 11
MARGIN_CM = 4.0

Stick = tuple[Point, ...]


def sticks(side: GaitSide) -> tuple[Stick, ...]:
    """The measured segments at tenths of the cycle, in cm from the first place of the foot's sensor.

    A foot is a line about its sensor; a shank is drawn up from the sensor, a thigh from the shank's upper end.
    """
    forward, up, pitch = (side.curve(name) for name in ("forward_cm", "up_cm", "pitch_deg"))
    if forward is None or up is None or pitch is None:
        return ()
    shank, thigh = side.curve("shank_deg"), side.curve("thigh_deg")
    found: list[Stick] = []
    for at in np.linspace(0, len(forward.mean) - 1, MOMENTS).round().astype(int):
        place = np.array([forward.mean[at] - forward.mean[0], up.mean[at]])
        lean = np.radians(pitch.mean[at])
        half = FOOT_CM / 2 * np.array([np.cos(lean), np.sin(lean)])
        found.append((_point(place - half), _point(place + half)))
        if shank is not None:
            knee = place + SHANK_CM * _upward(shank.mean[at])
            found.append((_point(place), _point(knee)))
            if thigh is not None:
                found.append((_point(knee), _point(knee + THIGH_CM * _upward(thigh.mean[at]))))
    return tuple(found)


def parts(sides: Sequence[GaitSide]) -> str:
    """Which segments are in the figure, with their nominal lengths."""
    found = [f"foot {FOOT_CM:.0f}"]
    for name, length_cm in (("shank", SHANK_CM), ("thigh", THIGH_CM)):
        if any(side.curve(f"{name}_deg") is not None for side in sides):
            found.append(f"{name} {length_cm:.0f}")
    return f"{', '.join(found)} cm"


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
    drawn = {side.side: sticks(side) for side in sides}
    beside = any(side.curve("shank_deg") is not None for side in sides)
    for number, side in enumerate(sides):
        left, top = (number * (width // 2), 0) if beside else (0, number * (height // 2))
        room = (width // 2 - 1, height) if beside else (width, height // 2 + (height % 2) * number)
        words = leg_words(side, paretic) if drawn[side.side] else f"{side.side}: {_why(side)}"
        ink = LEFT if side.side == "left" else RIGHT
        lines = wrapped(words, room[0] - 1, 1 if drawn[side.side] else room[1])
        for row, spans in enumerate(lines):
            write(codes, inks, (left + 1, top + row), spans[0][0], ink if drawn[side.side] else LOOK)
        if not drawn[side.side] or room[1] < 2 or room[0] < 2:
            continue
        view = _view([stick for one in drawn.values() for stick in one], (room[0], room[1] - 1), ladder)
        made = _figure(drawn[side.side], view, (room[0], room[1] - 1), ink)
        area = (slice(top + 1, top + room[1]), slice(left, left + room[0]))
        codes[area], inks[area] = made
    return codes, inks


def _why(side: GaitSide) -> str:
    return side.refusal or "no path and angle of the foot"


def _view(found: Sequence[Stick], size: tuple[int, int], ladder: Ladder) -> View:
    """All sticks of both sides in sight."""
    wide, tall = DOTS[ladder]
    points = np.array([point for stick in found for point in stick])
    low, high = points.min(axis=0) - MARGIN_CM, points.max(axis=0) + MARGIN_CM
    across, upward = high - low
    one = View(size[1] * tall, size[0] * wide, upward / 2, ladder)
    half = upward / 2 * max(1.0, across * one.across_per_cm / one.columns)
    middle = (low + high) / 2
    return View(
        size[1] * tall, size[0] * wide, float(half), ladder, mid_x_cm=float(middle[0]), mid_y_cm=float(middle[1])
    )


def _figure(found: Sequence[Stick], view: View, size: tuple[int, int], ink: int) -> tuple[Codes, Inks]:
    layers = Layers(size[0], size[1], view.ladder)
    ground = view.blank()
    xs = [x for stick in found for x, _ in stick]
    line(ground, view, [(min(xs), 0.0), (max(xs), 0.0)], every=3)
    layers.add(ground, DIM)
    drawn = view.blank()
    for stick in found:
        line(drawn, view, stick)
    layers.add(drawn, ink)
    return layers.made()


def _upward(lean_deg: float) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """From a segment's lower end to its upper one; the lower end forward is positive."""
    return np.array([-np.sin(np.radians(lean_deg)), np.cos(np.radians(lean_deg))])


def _point(place: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> Point:
    return float(place[0]), float(place[1])
