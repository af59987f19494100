"""Live pictures as dots and signs: a dot lands where it should, a ring is round, a side is named, old is not now."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.station.wire import Live
from bedside.tui import copview, legviews
from bedside.tui.canvas import Layers, bits, cells, changed_runs, text_of, write
from bedside.tui.glyphs import DOTS, LADDERS, Ladder
from bedside.tui.lives import CopTrail, KneeSweep, Strides, newest
from bedside.tui.shapes import View, disc, fitted, line, ring
from tests.bedside.tui.assess_scenes import cop_live, feet_live, knee_live

SIZE = (60, 22)


def cop(x_cm: float | None, y_cm: float | None, at_s: float = 0.0, left_pct: float | None = 50.0) -> Live:
    names = ("x_cm", "y_cm", "left_pct", "load_kg")
    return Live(stream="cop", names=names, seconds=(at_s,), rows=((x_cm, y_cm, left_pct, 70.0),))


def trail(*lives: Live) -> CopTrail:
    made = CopTrail()
    for live in lives:
        made.take(live)
    return made


def lit(codes: np.ndarray) -> int:
    """How many braille dots are lit."""
    return sum(bin(code - 0x2800).count("1") for code in codes.ravel().tolist() if code >= 0x2800)


def text(codes: np.ndarray) -> str:
    return "\n".join(text_of(row) for row in codes)


def centre(inks: np.ndarray, ink: int) -> tuple[float, float]:
    """Column and row, in cells, of the middle of an ink."""
    rows, columns = np.nonzero(inks == ink)
    return float(columns.mean()), float(rows.mean())


# canvas


@pytest.mark.parametrize("ladder", LADDERS)
def test_each_dot_of_a_cell_has_its_own_bit(ladder: Ladder) -> None:
    wide, tall = DOTS[ladder]
    found = set()
    for row in range(tall):
        for column in range(wide):
            dots = np.zeros((tall, wide), dtype=bool)
            dots[row, column] = True
            found.add(int(bits(dots, ladder)[0, 0]))
    assert len(found) == wide * tall
    assert text(cells(np.zeros((tall, wide), dtype=bool), ladder)) == " "


def test_braille_bits_are_those_of_unicode() -> None:
    dots = np.zeros((4, 2), dtype=bool)
    dots[0, 0] = dots[3, 1] = True
    assert text(cells(dots, "braille")) == "⢁"


def test_later_layer_gives_a_shared_cell_its_ink_and_dots_add_up() -> None:
    layers = Layers(1, 1, "braille")
    first, second = np.zeros((4, 2), dtype=bool), np.zeros((4, 2), dtype=bool)
    first[0, 0], second[3, 1] = True, True
    layers.add(first, 1)
    layers.add(second, 2)
    codes, inks = layers.made()
    assert (text(codes), int(inks[0, 0])) == ("⢁", 2)


def test_only_changed_cells_are_painted_again() -> None:
    codes, inks = cells(np.zeros((12, 20), dtype=bool), "braille"), np.zeros((3, 10), dtype=np.uint8)
    after, other = codes.copy(), inks.copy()
    write(after, other, (4, 1), "ab", 2)
    assert changed_runs((codes, inks), (after, other)) == [(1, 4, 6)]
    assert changed_runs((after, other), (after, other)) == []
    assert changed_runs((codes[:2], inks[:2]), (after, other)) == [(0, 0, 10), (1, 0, 10), (2, 0, 10)]


@given(st.integers(-20, 20), st.integers(-5, 5), st.text(alphabet="abc", max_size=30))
def test_writing_over_an_edge_never_fails(column: int, row: int, words: str) -> None:
    codes, inks = np.full((3, 10), ord(" "), dtype=np.uint32), np.zeros((3, 10), dtype=np.uint8)
    write(codes, inks, (column, row), words, 1)
    assert codes.shape == (3, 10)


# shapes


@pytest.mark.parametrize("ladder", LADDERS)
def test_a_length_is_as_long_across_as_it_is_high(ladder: Ladder) -> None:
    wide, tall = DOTS[ladder]
    view = View(22 * tall, 60 * wide, 10.0, ladder)
    cells_across, cells_down = view.across_per_cm / wide, view.down_per_cm / tall
    assert cells_across == pytest.approx(2.0 * cells_down)


@pytest.mark.parametrize(("x_cm", "y_cm"), [(0.0, 0.0), (5.0, 0.0), (-5.0, 3.0), (0.0, -8.0)])
@pytest.mark.parametrize("ladder", LADDERS)
def test_a_dot_lands_where_it_should(ladder: Ladder, x_cm: float, y_cm: float) -> None:
    view = View(80, 200, 10.0, ladder)
    dots = view.blank()
    disc(dots, view, (x_cm, y_cm), 0.6)
    rows, columns = np.nonzero(dots)
    assert columns.mean() == pytest.approx(99.5 + x_cm * view.across_per_cm, abs=0.6)
    assert rows.mean() == pytest.approx(39.5 - y_cm * view.down_per_cm, abs=0.6)


def test_right_is_right_and_forward_is_up() -> None:
    view = View(80, 200, 10.0, "braille")
    assert view.place(1.0, 0.0)[0] > view.place(0.0, 0.0)[0]
    assert view.place(0.0, 1.0)[1] < view.place(0.0, 0.0)[1]


@pytest.mark.parametrize("thick", [False, True])
def test_ring_keeps_its_distance_from_its_middle(thick: bool) -> None:
    view = View(80, 200, 10.0, "braille")
    dots = view.blank()
    ring(dots, view, (2.0, -1.0), 3.0, thick=thick)
    rows, columns = np.nonzero(dots)
    x = (columns - 99.5) / view.across_per_cm - 2.0
    y = (39.5 - rows) / view.down_per_cm + 1.0
    off_cm = np.abs(np.hypot(x, y) - 3.0)
    assert off_cm.max() <= (2.0 if thick else 1.0) / view.down_per_cm
    assert len(set(np.round(np.degrees(np.arctan2(y, x)) / 45.0))) == 9


@given(st.floats(-60, 60), st.floats(-60, 60), st.floats(0, 30))
def test_nothing_outside_fails_and_a_held_point_is_in_sight(x_cm: float, y_cm: float, radius_cm: float) -> None:
    view = View(40, 120, 12.0, "braille")
    dots = view.blank()
    disc(dots, view, (x_cm, y_cm), radius_cm)
    ring(dots, view, (x_cm, y_cm), radius_cm, thick=True)
    line(dots, view, [(x_cm, y_cm), (0.0, 0.0)])
    assert view.inside(*view.held(x_cm, y_cm))


def test_line_has_no_gaps_and_a_dotted_one_has() -> None:
    view = View(80, 200, 10.0, "braille")
    whole, dotted = view.blank(), view.blank()
    line(whole, view, [(-5.0, 0.0), (5.0, 0.0)])
    line(dotted, view, [(-5.0, 0.0), (5.0, 0.0)], every=4)
    assert np.diff(np.nonzero(whole)[1]).max() == 1
    assert np.diff(np.nonzero(dotted)[1]).max() == 4


def test_fitted_view_shows_its_length_from_edge_to_edge() -> None:
    view = fitted((40, 120), "braille", 100.0, tall=3.0)
    assert view.columns / view.across_per_cm == pytest.approx(100.0)
    assert view.down_per_cm == pytest.approx(3.0 * view.across_per_cm)


# balance


@pytest.mark.parametrize("ladder", LADDERS)
def test_mark_of_the_centre_of_pressure_is_where_it_was_measured(ladder: Ladder) -> None:
    scene = copview.Scene()
    _, inks = copview.picture(scene, trail(cop(6.0, 5.0)), SIZE, ladder)
    column, row = centre(inks, copview.NOW)
    assert column == pytest.approx(SIZE[0] / 2 - 0.5 + 6.0 / 12.0 * SIZE[1], abs=1.0)
    assert row == pytest.approx(SIZE[1] / 2 - 0.5 - 5.0 / 12.0 * SIZE[1] / 2, abs=1.0)


def test_mark_moves_with_the_zoom_and_stays_in_sight() -> None:
    near = copview.picture(copview.Scene(zoom_cm=5.0), trail(cop(9.0, 0.0)), SIZE, "braille")
    assert "out of sight" in text(near[0])
    assert (
        centre(near[1], copview.NOW)[0]
        > centre(copview.picture(copview.Scene(), trail(cop(9.0, 0.0)), SIZE, "braille")[1], copview.NOW)[0]
    )


def test_target_ring_grows_thick_on_the_cue_and_says_it() -> None:
    quiet = copview.Scene(target=(4.0, 2.0, 2.0))
    cued = copview.Scene(target=(4.0, 2.0, 2.0), cue="right 70 %")
    before, after = (copview.picture(scene, trail(), SIZE, "braille") for scene in (quiet, cued))
    dots = [lit(codes[inks == copview.RING]) for codes, inks in (before, after)]
    assert dots[1] > 1.5 * dots[0] > 0
    assert "RIGHT 70 %" in text(after[0])
    assert "RIGHT" not in text(before[0])


def test_within_the_ring_is_said_in_words_with_its_time() -> None:
    at_target = trail()
    at_target.aim((0.0, 0.0, 2.0))
    for n in range(30):
        at_target.take(cop(0.5, 0.5, n / 20))
    scene = copview.Scene(target=(0.0, 0.0, 2.0))
    assert at_target.dwell_s == pytest.approx(29 / 20)
    assert "in the ring 1.4 s" in text(copview.picture(scene, at_target, SIZE, "braille")[0])
    at_target.take(cop(5.0, 0.5, 1.5))
    assert at_target.dwell_s is None
    assert "outside the ring" in text(copview.picture(scene, at_target, SIZE, "braille")[0])


def test_another_target_begins_another_dwell() -> None:
    made = trail()
    made.aim((0.0, 0.0, 2.0))
    made.take(cop(0.0, 0.0, 0.0))
    made.take(cop(0.0, 0.0, 1.0))
    made.aim((0.0, 0.1, 2.0))
    assert made.dwell_s is None


@pytest.mark.parametrize("side", ["left", "right"])
def test_paretic_side_is_named_on_its_own_side(side: str) -> None:
    scene = copview.Scene(paretic=side)
    middle = text_of(copview.picture(scene, trail(), SIZE, "braille")[0][SIZE[1] // 2])
    assert f"{side}, paretic" in middle
    assert (middle.index("paretic") < SIZE[0] / 2) == (side == "left")
    bar = "".join(part for part, _ in copview.load_row(trail(cop(0.0, 0.0)), scene, None, 80))
    assert f"{side}, paretic" in bar


def test_limits_take_the_spokes_place() -> None:
    limits = ((8.0, 0.0), (0.0, 8.0), (-8.0, 0.0), (0.0, -8.0))
    without, with_limits = (
        copview.picture(copview.Scene(limits_cm=points), trail(), (80, 40), "braille")[1] for points in ((), limits)
    )
    row = 20 - round(4.0 / 24.0 * 40)
    columns = np.flatnonzero(with_limits[row] == copview.OLD)
    assert columns.min() == pytest.approx(39.5 - 4.0 / 24.0 * 80, abs=2)
    assert columns.max() == pytest.approx(39.5 + 4.0 / 24.0 * 80, abs=2)
    assert not np.array_equal(without, with_limits)


def test_tail_fades_and_ends() -> None:
    made = trail(cop_live(0.0, 4.0))
    assert made.points[-1][0] - made.points[0][0] <= 1.5
    _, inks = copview.picture(copview.Scene(), made, (100, 40), "braille")
    assert {copview.OTHER, copview.NOW, copview.OLD} <= set(np.unique(inks))


def test_unknown_place_is_no_place() -> None:
    gone = trail(cop(1.0, 1.0), cop(None, None, 0.1))
    codes, inks = copview.picture(copview.Scene(), gone, SIZE, "braille")
    assert copview.NOW not in inks
    assert "the place is not known" in text(codes)


def test_old_values_show_no_mark() -> None:
    codes, inks = copview.picture(copview.Scene(fresh=False), trail(cop(1.0, 1.0)), SIZE, "braille")
    assert copview.NOW not in inks
    assert "no live data" in text(codes)


def test_hidden_feedback_hides_mark_ring_and_load() -> None:
    scene = copview.Scene(target=(4.0, 2.0, 2.0), cue="push", hidden=True)
    codes, inks = copview.picture(scene, trail(cop(1.0, 1.0)), SIZE, "braille")
    assert not {copview.NOW, copview.OLD, copview.OTHER} & set(np.unique(inks))
    assert "PUSH" not in text(codes)
    assert "hidden" in str(copview.load_row(trail(cop(1.0, 1.0)), scene, None, 80))


@pytest.mark.parametrize(("left_pct", "side"), [(90.0, "left"), (50.0, "middle"), (10.0, "right")])
def test_load_mark_is_on_the_side_that_carries(left_pct: float, side: str) -> None:
    bar = "".join(part for part, _ in copview.load_row(trail(cop(0, 0, left_pct=left_pct)), copview.Scene(), None, 80))
    share = bar.index("#") / len(bar)
    assert {"left": share < 0.4, "middle": 0.4 <= share <= 0.6, "right": share > 0.6}[side]
    assert f"{left_pct:.0f} %" in bar
    assert f"{100 - left_pct:.0f} %" in bar


def test_load_band_is_around_its_target() -> None:
    bar = "".join(part for part, _ in copview.load_row(trail(cop(0, 0, left_pct=20.0)), copview.Scene(), 70.0, 100))
    assert bar.index("[") < bar.index("]") < len(bar) / 2


@given(st.one_of(st.none(), st.floats(-50, 150)), st.integers(10, 160))
def test_load_row_fits_its_width(left_pct: float | None, width: int) -> None:
    spans = copview.load_row(trail(cop(0, 0, left_pct=left_pct)), copview.Scene(paretic="left"), None, width)
    assert sum(len(part) for part, _ in spans) <= width


# legs


def test_knee_lanes_show_both_angles_cadence_and_the_paretic_side() -> None:
    sweep = KneeSweep(2 * (100 - legviews.LABEL_WIDTH), 10.0)
    sweep.take(knee_live())
    codes, inks = legviews.knee_picture(sweep, (100, 12), "braille", paretic="right", fresh=True)
    shown = text(codes)
    for words in ("left knee", "right paretic", "40 rpm", "deg"):
        assert words in shown
    assert {legviews.LEFT, legviews.RIGHT} <= set(np.unique(inks))
    old = text(legviews.knee_picture(sweep, (100, 12), "braille", paretic="right", fresh=False)[0])
    assert "no live data" in old
    assert "40 rpm" not in old


def test_knee_sweep_holds_the_extremes_of_the_signal() -> None:
    sweep = KneeSweep(200, 10.0)
    sweep.take(knee_live(0.0, 8.0))
    left, right = sweep.high_deg[:, 0], sweep.high_deg[:, 1]
    assert np.nanmax(left) == pytest.approx(105.0, abs=0.5)
    assert np.nanmin(sweep.low_deg[:, 1]) == pytest.approx(40.0, abs=0.5)
    assert np.isnan(left[170:]).all()
    assert not np.isnan(right[:158]).any()


def test_knee_sweep_overwrites_the_old_and_joins_no_gap() -> None:
    sweep = KneeSweep(100, 10.0)
    sweep.take(knee_live(0.0, 9.0))
    names = ("left_deg", "right_deg", "left_rpm", "right_rpm")
    sweep.take(Live(stream="knee", names=names, seconds=(12.0,), rows=((90.0, None, None, None),)))
    assert sweep.low_deg[20, 0] == sweep.high_deg[20, 0] == 90.0
    assert np.isnan(sweep.low_deg[21:25]).all()
    assert np.isnan(sweep.low_deg[95, 0])


@pytest.mark.parametrize("height", [1, 2, 3, 5, 8, 20])
@pytest.mark.parametrize("width", [12, 40, 120])
def test_leg_pictures_fill_any_size(width: int, height: int) -> None:
    sweep, strides = KneeSweep(2 * max(width - legviews.LABEL_WIDTH, 1), 10.0), Strides()
    sweep.take(knee_live())
    strides.take(feet_live("left"))
    for codes, inks in (
        legviews.knee_picture(sweep, (width, height), "braille", paretic="left", fresh=True),
        legviews.feet_picture(strides.paths, (width, height), "braille", paretic="left", fresh=True),
    ):
        assert codes.shape == inks.shape == (height, width)


def test_foot_picture_says_stride_peak_and_its_own_stretch() -> None:
    strides = Strides()
    strides.take(feet_live("left", 104.0))
    shown = text(legviews.feet_picture(strides.paths, (100, 20), "braille", paretic="left", fresh=True)[0])
    assert "left, paretic: 104 cm, peak 12 cm" in shown
    assert "heights x" in shown
    assert "right: no stride yet" in shown
    assert "104 cm" not in text(legviews.feet_picture(strides.paths, (100, 20), "braille", paretic="", fresh=False)[0])


def test_foot_path_is_in_sight_from_ground_to_peak() -> None:
    strides = Strides()
    strides.take(feet_live("left"))
    _, inks = legviews.feet_picture(strides.paths, (120, 24), "braille", paretic="", fresh=True)
    rows, columns = np.nonzero(inks == legviews.LEFT)
    assert columns.min() <= 4
    assert columns.max() >= 110
    assert rows.min() > 0
    assert rows.max() >= 10


def test_stride_with_an_unknown_point_is_not_drawn() -> None:
    live = feet_live("right")
    broken = Live(stream="feet", names=live.names, seconds=(0.0, 0.1), rows=((0.0, 0.0), (None, 1.0)), foot="right")
    strides = Strides()
    strides.take(live)
    strides.take(broken)
    assert strides.paths["right"] == ()


def test_only_new_messages_of_the_stream_are_taken() -> None:
    lives = [(1, cop(0, 0)), (2, knee_live()), (3, cop(1, 1))]
    assert newest(lives, 1, "cop") == [lives[2][1]]
    assert newest(lives, 3, "cop") == []
