"""What a walk looked like over its gait cycles, as signs and inks: angles, the feet's paths, a stick figure. Pure.

Only what was measured is drawn. A foot's sensor gives the foot's angle to the floor and its way, and no joint's angle;
of a stick figure directions and the way are measured, lengths are nominal, and it says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bedside.snapshot import Capture, GaitCurve, GaitSide
from bedside.tui.canvas import Codes, Inks, Layers, strokes, write
from bedside.tui.glyphs import DOTS, Ladder
from bedside.tui.legviews import DIM, LEFT, LOOK, PLAIN, RIGHT, STRONG, feet_picture
from bedside.tui.rows import wrapped
from bedside.tui.sticks import figure_picture, leg_words, parts
from bedside.tui.walkorder import TITLES, views

Array = NDArray[np.float64]

FIGURE_WORDS = (
    "Directions and path are measured. Lengths ({}) are nominal, of somebody 170 cm tall; how the feet lie to each "
    "other is not known."
)
LABEL_WIDTH = 5
STEP_DEG = 10.0


def walk_picture(capture: Capture, view: str, size: tuple[int, int], ladder: Ladder) -> tuple[Codes, Inks]:
    """One view in `size` (width, height) cells: its title, the two legs, and what to know of them."""
    width, height = size
    codes = np.full((height, width), ord(" "), dtype=np.uint32)
    inks: Inks = np.zeros((height, width), dtype=np.uint8)
    place = views(capture).index(view) + 1 if view in views(capture) else 1
    write(codes, inks, (1, 0), TITLES[view], STRONG)
    trial = capture.result.title.rpartition(", ")[2] if capture.result is not None else ""
    counted = f" {trial}  {place}/{len(views(capture))} V "
    write(codes, inks, (max(width - len(counted), 0), 0), counted, DIM)
    notes = _notes(capture, view, width, max((height - 1) // 4, 0))
    for line, (text, ink) in enumerate(notes, height - len(notes)):
        write(codes, inks, (1, line), text, ink)
    inner = (width, max(height - 1 - len(notes), 1))
    drawn, inked = _made(capture, view, inner, ladder)
    codes[1 : 1 + inner[1]], inks[1 : 1 + inner[1]] = drawn, inked
    return codes, inks


def _made(capture: Capture, view: str, size: tuple[int, int], ladder: Ladder) -> tuple[Codes, Inks]:
    if view == "paths":
        paths: dict[str, Sequence[tuple[float, float]]] = {side.side: _path(side) for side in capture.gait}
        said: dict[str, str] = {side.side: _path_words(side, capture.paretic) for side in capture.gait}
        return feet_picture(paths, size, ladder, paretic=capture.paretic, fresh=True, said=said)
    if view == "figure":
        return figure_picture(capture.gait, size, ladder, paretic=capture.paretic)
    return _angles(capture, view, size, ladder)


def _notes(capture: Capture, view: str, width: int, limit: int) -> list[tuple[str, int]]:
    """What was left out of the curves, in at most `limit` lines."""
    words = [(FIGURE_WORDS.format(parts(capture.gait)), DIM)] if view == "figure" else []
    for side in capture.gait:
        if side.notes:
            words.append((f"{side.side}: {'; '.join(side.notes)}", LOOK))
    lines = [("".join(part for part, _ in spans), ink) for text, ink in words for spans in wrapped(text, width - 2, 3)]
    return lines[:limit]


def _path(side: GaitSide) -> tuple[tuple[float, float], ...]:
    forward, up = side.curve("forward_cm"), side.curve("up_cm")
    if forward is None or up is None:
        return ()
    return tuple((x - forward.mean[0], y) for x, y in zip(forward.mean, up.mean, strict=True))


def _path_words(side: GaitSide, paretic: str) -> str:
    if side.refusal or side.clearance_cm is None:
        return f"{side.side}: {side.refusal or 'no path'}"
    path = _path(side)
    spread = "" if side.clearance_sd_cm is None else f" ±{side.clearance_sd_cm:.1f}"
    length_cm = path[-1][0] - path[0][0] if path else 0.0
    return f"{leg_words(side, paretic)}, {length_cm:.0f} cm, clears {side.clearance_cm:.1f}{spread} cm"


@dataclass(frozen=True)
class _Frame:
    """Where a curve is drawn: its cells, and the angles at the bottom and the top of them."""

    columns: int
    rows: int
    low: float
    high: float
    ladder: Ladder

    def share(self, values: Array) -> Array:
        """Heights of angles, 0 at the bottom."""
        return (values - self.low) / (self.high - self.low)


def _angles(capture: Capture, name: str, size: tuple[int, int], ladder: Ladder) -> tuple[Codes, Inks]:
    """Left and right side by side on one scale: the mean as a line, a standard deviation on either side dotted."""
    width, height = size
    codes = np.full((height, width), ord(" "), dtype=np.uint32)
    inks: Inks = np.zeros((height, width), dtype=np.uint8)
    found = {side.side: side.curve(name) for side in capture.gait}
    low, high = _scale([curve for curve in found.values() if curve is not None])
    room = (width - LABEL_WIDTH) // 2
    rows = height - 2
    if rows < 1 or room < 1:
        return codes, inks
    zero = 1 + round(high / (high - low) * (rows - 1))
    marks = {1: high, rows: low} | ({zero: 0.0} if 1 < zero < rows else {})
    for row, value in marks.items():
        write(codes, inks, (0, row), f"{value:>{LABEL_WIDTH - 1}.0f}", PLAIN)
    for number, side in enumerate(capture.gait):
        left = LABEL_WIDTH + number * room
        frame = _Frame(room - 1, rows, low, high, ladder)
        curve = found[side.side]
        write(codes, inks, (left, 0), leg_words(side, capture.paretic)[: room - 1], LEFT if number == 0 else RIGHT)
        if curve is None:
            for row, spans in enumerate(wrapped(_why_not(side, name), room - 2, rows), 1):
                write(codes, inks, (left, row), spans[0][0], LOOK)
            continue
        made = _curve(curve, side.toe_off_pct, frame, LEFT if number == 0 else RIGHT)
        codes[1 : 1 + rows, left : left + frame.columns], inks[1 : 1 + rows, left : left + frame.columns] = made
        write(codes, inks, (left, height - 1), _axis(side.toe_off_pct, frame.columns), DIM)
    return codes, inks


def _why_not(side: GaitSide, name: str) -> str:
    angle = name.removesuffix("_deg")
    return side.refusal or next((note for note in side.notes if note.startswith(f"no {angle}")), "not measured")


def _scale(curves: Sequence[GaitCurve]) -> tuple[float, float]:
    """Round angles that hold every mean with its spread."""
    rims = [m + sign * s for curve in curves for m, s in zip(curve.mean, curve.sd, strict=True) for sign in (-1, 1)]
    low, high = min(rims, default=0.0), max(rims, default=STEP_DEG)
    return STEP_DEG * np.floor(low / STEP_DEG), STEP_DEG * max(np.ceil(high / STEP_DEG), np.floor(low / STEP_DEG) + 1)


def _axis(toe_off_pct: float | None, columns: int) -> str:
    """0, toe-off and 100 % beneath a curve."""
    ends = f"0 %{'100 %':>{max(columns - 3, 5)}}"
    if toe_off_pct is None:
        return ends
    mark = f"toe off {toe_off_pct:.0f}"
    at = min(max(round(toe_off_pct / 100 * (columns - 1)) - len(mark) // 2, 4), max(columns - 6 - len(mark), 4))
    return ends[:at] + mark + ends[at + len(mark) :] if columns >= len(mark) + 10 else ends


def _curve(curve: GaitCurve, toe_off_pct: float | None, frame: _Frame, ink: int) -> tuple[Codes, Inks]:
    wide, tall = DOTS[frame.ladder]
    across, dots = frame.columns * wide, frame.rows * tall
    layers = Layers(frame.columns, frame.rows, frame.ladder)
    at = np.linspace(0.0, len(curve.mean) - 1.0, across)
    mean, sd = (np.interp(at, np.arange(len(values)), values) for values in (curve.mean, curve.sd))
    every = np.arange(across) % (2 * wide) == 0
    level = frame.share(np.where(every, 0.0, np.nan)) if frame.low < 0.0 < frame.high else np.full(across, np.nan)
    if toe_off_pct is not None:
        upright = np.zeros((dots, across), dtype=bool)
        upright[::2, round(toe_off_pct / 100 * (across - 1))] = True
        layers.add(upright, DIM)
    layers.add(strokes(level, level, dots), DIM)
    for rim in (mean - sd, mean + sd):
        place = np.where(np.arange(across) % 2 == 0, frame.share(rim), np.nan)
        layers.add(strokes(place, place, dots), DIM)
    # each stroke reaches half-way to its neighbours, so that a steep line has no gaps
    height = frame.share(mean)
    before, after = (np.concatenate(part) for part in ((height[:1], height[:-1]), (height[1:], height[-1:])))
    halves = np.stack([height, (height + before) / 2, (height + after) / 2])
    layers.add(strokes(halves.min(axis=0), halves.max(axis=0), dots), ink)
    return layers.made()
