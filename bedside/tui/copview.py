"""The balance picture: what is drawn of a trail, a target and limits, as signs and inks. numpy only, pure."""

from typing import Literal

import msgspec

from bedside.snapshot import Capture
from bedside.tui.canvas import Codes, Dots, Inks, Layers, write
from bedside.tui.glyphs import Ladder
from bedside.tui.lives import CopTrail, Target, within
from bedside.tui.rows import Row, Span, cut, row
from bedside.tui.shapes import Point, View, disc, line, ring

INKS = ("text", "trace.old", "dim", "trace.other", "look", "trace.target")
PLAIN, OLD, DIM, OTHER, RING, NOW = range(6)
Cell = tuple[int, int]
ZOOMS_CM = (12.0, 8.0, 5.0, 20.0)
SPOKES = ((1.0, 0.0), (0.7071, 0.7071), (0.0, 1.0), (-0.7071, 0.7071))
BAND_PCT = 5.0
"""Half of the load bar's centre band; for the eye alone, nothing is scored by it."""
FADE_S = 0.4
MARK_SHARE = 0.035
LEAST_MARK_DOTS = 1.5


class Scene(msgspec.Struct, frozen=True):
    """What the balance picture shows beside the trail."""

    zoom_cm: float = ZOOMS_CM[0]
    target: Target | None = None
    cue: str = ""
    limits_cm: tuple[Point, ...] = ()
    paretic: str = ""
    hidden: bool = False
    fresh: bool = True


def scene_of(capture: Capture, zoom: int, *, hidden: bool, fresh: bool) -> Scene:
    """The scene of an open capture."""
    return Scene(
        zoom_cm=ZOOMS_CM[zoom % len(ZOOMS_CM)],
        target=capture.target,
        cue=capture.cue,
        limits_cm=capture.limits_cm,
        paretic=capture.paretic,
        hidden=hidden,
        fresh=fresh,
    )


def picture(scene: Scene, trail: CopTrail, size: tuple[int, int], ladder: Ladder) -> tuple[Codes, Inks]:
    """Signs and inks of `size` (columns, rows) cells."""
    layers = Layers(size[0], size[1], ladder)
    view = View(layers.shape[0], layers.shape[1], scene.zoom_cm, ladder)
    if not scene.hidden:
        layers.add(_limits(scene, view), OLD)
        if scene.target is not None:
            layers.add(_target(scene.target, view, cued=bool(scene.cue)), RING)
        if scene.fresh and trail.now is not None:
            _trail(layers, view, trail)
    codes, inks = layers.made()
    for at, text, ink in _words(scene, trail, view, size):
        write(codes, inks, at, text, ink)
    return codes, inks


def _limits(scene: Scene, view: View) -> Dots:
    """The participant's own limits where they are known, else eight spokes; a cross in the middle either way."""
    dots = view.blank()
    if scene.limits_cm:
        line(dots, view, scene.limits_cm, closed=True)
    else:
        reach = 0.8 * view.half_cm
        for x, y in SPOKES:
            line(dots, view, [(-x * reach, -y * reach), (x * reach, y * reach)], every=4)
    arm = 0.06 * view.half_cm
    line(dots, view, [(-arm, 0.0), (arm, 0.0)])
    line(dots, view, [(0.0, -arm), (0.0, arm)])
    return dots


def _target(target: Target, view: View, *, cued: bool) -> Dots:
    """Thin until the cue is given, three dots thick from then on."""
    dots = view.blank()
    ring(dots, view, (target[0], target[1]), target[2], thick=cued)
    return dots


def _trail(layers: Layers, view: View, trail: CopTrail) -> None:
    if trail.now is None:
        return
    last_s = trail.points[-1][0]
    old = [point for at_s, point in trail.points if last_s - at_s >= FADE_S]
    new = [point for at_s, point in trail.points if last_s - at_s < FADE_S]
    for points, ink, every in (([*old, *new[:1]], OLD, 2), (new, OTHER, 1)):
        dots = view.blank()
        line(dots, view, points, every=every)
        layers.add(dots, ink)
    mark = view.blank()
    radius_cm = max(LEAST_MARK_DOTS, MARK_SHARE * view.rows) / view.down_per_cm
    disc(mark, view, view.held(*trail.now), radius_cm)
    layers.add(mark, NOW)


def _words(scene: Scene, trail: CopTrail, view: View, size: tuple[int, int]) -> list[tuple[Cell, str, int]]:
    width, height = size
    left, right = side_word("left", scene.paretic), side_word("right", scene.paretic)
    words: list[tuple[Cell, str, int]] = [
        ((0, height // 2), left, PLAIN),
        ((width - len(right), height // 2), right, PLAIN),
        ((0, height - 1), f"+-{scene.zoom_cm:g} cm", DIM),
    ]
    middle = _middle(scene, trail, view)
    if middle:
        words.append(((max((width - len(middle)) // 2, 0), max(height // 2 - 2, 0)), middle, RING))
    if scene.cue and not scene.hidden:
        cue = f" {scene.cue.upper()} "
        words.append(((max((width - len(cue)) // 2, 0), 0), cue, RING))
    if scene.target is not None and trail.now is not None and scene.fresh and not scene.hidden:
        dwell = f"in the ring {trail.dwell_s or 0.0:.1f} s" if within(trail.now, scene.target) else "outside the ring"
        words.append(((max(width - len(dwell), 0), height - 1), dwell, PLAIN))
    return words


def _middle(scene: Scene, trail: CopTrail, view: View) -> str:
    if scene.hidden:
        return " feedback is hidden (- shows it) "
    if not scene.fresh:
        return " no live data "
    if trail.now is None:
        return " nobody on the plate, or the place is not known "
    return "" if view.inside(*trail.now) else " out of sight: + scales "


def side_word(side: Literal["left", "right"], paretic: str) -> str:
    """The side's name, with the paretic one said."""
    return f"{side}, paretic" if paretic == side else side


def load_row(trail: CopTrail, scene: Scene, target_left_pct: float | None, width: int) -> Row:
    """Load on both feet: a mark on a bar with its centre band between square brackets; the percentages at the ends."""
    names = (side_word("left", scene.paretic), side_word("right", scene.paretic))
    if scene.hidden or not scene.fresh or trail.left_pct is None:
        why = "hidden" if scene.hidden else "not known"
        return row((cut(f" load: {names[0]} | {names[1]}: {why}", width), "dim"))
    left = min(max(trail.left_pct, 0.0), 100.0)
    head, tail = f" {names[0]} {left:.0f} % ", f" {100.0 - left:.0f} % {names[1]} "
    room = width - len(head) - len(tail)
    if room < 12:
        return row((cut(head + "|" + tail, width), "strong"))
    return row(
        (head, "strong"), *_bar(left, 50.0 if target_left_pct is None else target_left_pct, room), (tail, "strong")
    )


def _bar(left_pct: float, centre_pct: float, room: int) -> list[Span]:
    """The more load on the left, the further left the mark."""

    def place(pct: float) -> int:
        return min(max(round((100.0 - pct) / 100.0 * (room - 1)), 0), room - 1)

    first, last, mark = place(centre_pct + BAND_PCT), place(centre_pct - BAND_PCT), place(left_pct)
    signs = ["-"] * room
    signs[first : last + 1] = "=" * (last - first + 1)
    signs[first], signs[last], signs[mark] = "[", "]", "#"
    return [
        ("".join(signs[:mark]), "dim"),
        (signs[mark], "trace.target"),
        ("".join(signs[mark + 1 :]), "dim"),
    ]
