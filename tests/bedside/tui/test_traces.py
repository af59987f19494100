"""Traces: the sweep buffer, the rasteriser on each rung of the ladder, responses on their time axis."""

import base64

import numpy as np
import pytest

from bedside.station.wire import Sweep, Wave
from bedside.tui.canvas import cells, strokes, text_of
from bedside.tui.glyphs import DOTS
from bedside.tui.screens.hunt import neighbour_pulse, neighbour_site
from bedside.tui.traces import SweepBuffer, decode, scale_for, sweep_columns, sweep_peak_uv
from bedside.tui.widgets.chart import recruitment
from bedside.tui.widgets.trace import lanes
from tests.bedside.tui.peer import sweep, wave
from tests.bedside.tui.scenes import HUNT, SITES, THRESHOLD


def coded(values: list[int]) -> str:
    return base64.b64encode(np.array(values, dtype="<i2").tobytes()).decode()


def ramp(first: int, count: int, pulses: tuple[int, ...] = ()) -> Wave:
    """One channel whose value is its own column number."""
    values = list(range(first, first + count))
    return Wave(
        first_column=first,
        column_ms=10.0,
        channels=("TA",),
        uv_per_count=2.0,
        low=coded([-value for value in values]),
        high=coded(values),
        pulses=pulses,
    )


def test_decode_has_shape_and_unit() -> None:
    assert decode(coded([1, 2, 3, 4]), 2, 0.5).tolist() == [[0.5, 1.0], [1.5, 2.0]]
    with pytest.raises(ValueError, match="cannot reshape"):
        decode(coded([1, 2, 3]), 2, 0.5)


def test_columns_merge_into_dots_whatever_the_chunks() -> None:
    whole, pieces = SweepBuffer(10, 400.0), SweepBuffer(10, 400.0)
    whole.take(ramp(0, 24))
    for first, count in ((0, 5), (5, 1), (6, 9), (15, 9)):
        pieces.take(ramp(first, count))
    assert np.array_equal(whole.high_uv, pieces.high_uv, equal_nan=True)
    assert np.array_equal(whole.low_uv, pieces.low_uv, equal_nan=True)
    assert whole.high_uv[:6, 0].tolist() == [6.0, 14.0, 22.0, 30.0, 38.0, 46.0]
    assert whole.low_uv[1, 0] == -14.0


def test_new_signal_overwrites_the_old_behind_a_gap() -> None:
    buffer = SweepBuffer(20, 200.0)
    buffer.take(ramp(0, 20))
    changed = buffer.take(ramp(20, 3, pulses=(21,)))
    assert sorted(changed.tolist()) == [0, 1, 2, 3, 4, 5, 6]
    assert buffer.high_uv[:3, 0].tolist() == [40.0, 42.0, 44.0]
    assert np.isnan(buffer.high_uv[3:7, 0]).all()
    assert buffer.high_uv[7, 0] == 14.0
    assert np.flatnonzero(buffer.pulse).tolist() == [1]


def test_more_columns_than_the_screen_holds_keep_the_newest() -> None:
    buffer = SweepBuffer(5, 50.0)
    buffer.take(ramp(0, 100))
    assert np.nanmax(buffer.high_uv) == 198.0


def test_pulse_artefact_does_not_set_the_scale() -> None:
    buffer = SweepBuffer(20, 200.0)
    values = [10] * 20
    values[5] = 30000
    buffer.take(
        Wave(
            first_column=0,
            column_ms=10.0,
            channels=("TA",),
            uv_per_count=1.0,
            low=coded([-10] * 20),
            high=coded(values),
            pulses=(5,),
        )
    )
    assert buffer.peaks_uv().tolist() == [10.0]
    assert scale_for(10.0) == 50
    assert scale_for(51.0) == 100
    assert scale_for(1e9) == 10000


def test_other_channels_start_afresh() -> None:
    buffer = SweepBuffer(20, 200.0)
    buffer.take(wave(0, 20))
    assert buffer.channels == ("TA R", "SOL R", "RF R")
    buffer.take(ramp(0, 2))
    assert buffer.high_uv.shape == (20, 1)


@pytest.mark.parametrize("ladder", ["braille", "half", "ascii"])
def test_strokes_reach_the_edges_and_leave_unknown_columns_empty(ladder: str) -> None:
    wide, tall = DOTS[ladder]  # type: ignore[index]
    low = np.array([0.0, np.nan, 0.4, -9.0])
    high = np.array([1.0, np.nan, 0.6, 9.0])
    dots = strokes(np.repeat(low, wide), np.repeat(high, wide), 4 * tall)
    code = cells(dots, ladder)  # type: ignore[arg-type]
    assert code.shape == (4, 4)
    rows = [text_of(line) for line in code]
    assert all(line[0] != " " and line[3] != " " for line in rows)
    assert all(line[1] == " " for line in rows)
    assert (rows[0][2], rows[3][2]) == (" ", " ")
    assert ladder != "ascii" or all(line.isascii() for line in rows)


def test_braille_dots_are_where_unicode_puts_them() -> None:
    for place, sign in {(0, 0): "⠁", (2, 0): "⠄", (3, 0): "⡀", (0, 1): "⠈", (3, 1): "⢀"}.items():
        dots = np.zeros((4, 2), dtype=bool)
        dots[place] = True
        assert text_of(cells(dots, "braille")[0]) == sign


def test_response_lies_on_its_time_axis() -> None:
    columns = sweep_columns(sweep(1, 100.0), "TA R", 100, (-10.0, 90.0))
    assert columns is not None
    low, high = columns
    assert int(np.nanargmin(low[30:])) + 30 in range(46, 49)
    assert int(np.nanargmax(high[30:])) + 30 in range(41, 44)
    assert sweep_columns(sweep(1, 100.0), "nobody", 100, (-10.0, 90.0)) is None
    assert 45.0 <= sweep_peak_uv(sweep(1, 100.0), "TA R", 12.0) <= 50.0


def test_empty_sweep_is_drawn_as_nothing() -> None:
    empty = Sweep(pulse=1, channels=("TA",), rate_hz=1000.0, zero=0, uv_per_count=1.0, samples=("",))
    columns = sweep_columns(empty, "TA", 10, (-10.0, 90.0))
    assert columns is not None
    assert np.isnan(columns[0]).all()


@pytest.mark.parametrize(("height", "channels"), [(8, 3), (6, 8), (1, 3), (0, 2), (44, 8)])
def test_lanes_share_the_height(height: int, channels: int) -> None:
    parts = lanes(height, channels)
    assert sum(rows for _, rows in parts) == (height if channels and height else 0)
    assert all(rows >= 1 for _, rows in parts)


def test_arrows_move_on_the_grid_and_stop_at_its_edge() -> None:
    assert neighbour_site(SITES, "C3", "right") == "D3"
    assert neighbour_site(SITES, "C3", "up") == "C4"
    assert neighbour_site(SITES, "E3", "right") == "E3"
    assert neighbour_site(SITES, None, "left") == SITES[0].id
    assert neighbour_site((), None, "left") is None


def test_responses_are_marked_one_after_another() -> None:
    assert neighbour_pulse(HUNT, None, -1) == 7
    assert neighbour_pulse(HUNT, 1, -1) == 1
    assert neighbour_pulse(HUNT, 8, 1) == 8


def test_recruitment_plot_has_points_criterion_and_estimate() -> None:
    assert THRESHOLD.hunt is not None
    lines = recruitment(THRESHOLD.hunt, 50, 12)
    text = "\n".join(lines)
    assert text.count("o") >= 5
    assert "x" in text
    assert "─" in text
    assert "│" in text
    assert "\x1b" not in text
    assert max(len(line) for line in lines) <= 50
    assert len(lines) == 12
