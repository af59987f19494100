"""Centre of pressure, zero and gains."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hal.drivers.plate.plate_math import (
    PlateRefusal,
    cell_names,
    cell_positions_cm,
    centre_of_pressure_cm,
    empty_loads_kg,
    solve_gains,
)

ONE = cell_positions_cm((43.3, 23.8), ((0.0, 0.0),))
ORIGINS = ((-15.0, 1.0), (14.0, -2.0))
TWO = cell_positions_cm((14.0, 28.0), ORIGINS)
KG = st.floats(1.0, 60.0)


@given(st.tuples(KG, KG, KG, KG))
def test_the_boards_published_formulas(loads: tuple[float, float, float, float]) -> None:
    top_left, top_right, bottom_left, bottom_right = loads
    total = sum(loads)
    cop = centre_of_pressure_cm(np.array([loads]), ONE, 1.0)[0]
    assert cop[0] == pytest.approx(21.65 * (top_right + bottom_right - top_left - bottom_left) / total, abs=1e-9)
    assert cop[1] == pytest.approx(11.90 * (top_right + top_left - bottom_right - bottom_left) / total, abs=1e-9)


@given(st.tuples(*[KG] * 8))
def test_two_boards_weigh_their_centres_by_their_loads(loads: tuple[float, ...]) -> None:
    alone = cell_positions_cm((14.0, 28.0), ((0.0, 0.0),))
    forces = [sum(loads[:4]), sum(loads[4:])]
    centres = [centre_of_pressure_cm(np.array([loads[at : at + 4]]), alone, 0.0)[0] + ORIGINS[at // 4] for at in (0, 4)]
    net = (forces[0] * centres[0] + forces[1] * centres[1]) / sum(forces)
    assert centre_of_pressure_cm(np.array([loads]), TWO, 1.0)[0] == pytest.approx(net, abs=1e-9)


def test_no_centre_below_the_least_load_and_none_of_an_empty_or_negative_plate() -> None:
    loads = np.array([[5.0, 5.0, 5.0, 4.9], [5.0] * 4, [0.0] * 4, [-3.0] * 4])
    assert np.isnan(centre_of_pressure_cm(loads, ONE, 20.0)).all(axis=1).tolist() == [True, False, True, True]


def test_names_of_cells() -> None:
    assert cell_names(1) == ("top_left", "top_right", "bottom_left", "bottom_right")
    assert cell_names(2)[4] == "right top_left"


def _samples(mean_kg: float, spread_kg: float) -> np.ndarray:
    return np.random.default_rng(1).normal(mean_kg, spread_kg, (50, 4))


def test_an_empty_plate_gives_its_zero() -> None:
    assert empty_loads_kg(_samples(-2.0, 0.04), np.zeros(4)) == pytest.approx([-2.0] * 4, abs=0.03)
    assert empty_loads_kg(_samples(90.0, 0.04), None) == pytest.approx([90.0] * 4, abs=0.03)


@pytest.mark.parametrize(
    ("mean_kg", "spread_kg", "why"), [(18.0, 0.04, "not empty"), (0.0, 0.6, "not still"), (0.0, 0.0, "stand still")]
)
def test_what_is_no_empty_plate(mean_kg: float, spread_kg: float, why: str) -> None:
    with pytest.raises(PlateRefusal, match=why):
        empty_loads_kg(_samples(mean_kg, spread_kg), np.zeros(4))


def _placings(boards: int) -> np.ndarray:
    """Shares of the mass on each cell: each corner (at 0.7 of the way to it), then each board's middle."""
    places = [(x, y) for y in (0.7, -0.7) for x in (-0.7, 0.7)] + [(0.0, 0.0)]
    one = np.array([[(1 + sx * x) * (1 + sy * y) / 4 for sy in (1, -1) for sx in (-1, 1)] for x, y in places])
    return one if boards == 1 else np.block([[one, np.zeros_like(one)], [np.zeros_like(one), one]])


@pytest.mark.parametrize("boards", [1, 2])
def test_gains_are_found(boards: int) -> None:
    random = np.random.default_rng(2)
    cells = 4 * boards
    gains = 5e-5 * random.normal(1, 0.05, cells)
    gains[1] *= -1
    zero = random.integers(-9000, 9000, cells).astype(float)
    counts = zero + 20.0 * _placings(boards) / gains + random.normal(0, 40, (5 * boards, cells))
    found = solve_gains(counts, zero, 20.0)
    assert found.gains_kg_per_count == pytest.approx(gains, rel=2e-3)
    assert 0 < found.residual_pct < 0.1
    options = found.as_options(tuple(zero), "2026-11-21")
    assert options["calibrated"] == "2026-11-21"
    assert options["residual_pct"] == pytest.approx(found.residual_pct, abs=1e-3)


def _counts(boards: int = 1) -> np.ndarray:
    return 20.0 * _placings(boards) / 5e-5


def test_as_many_placings_as_cells_prove_nothing() -> None:
    with pytest.raises(PlateRefusal, match="4 placings, 5 are needed"):
        solve_gains(_counts()[:4], np.zeros(4), 20.0)


def test_placings_that_disagree_by_more_than_one_percent_are_refused() -> None:
    counts = _counts()
    counts[4] *= 1.04
    with pytest.raises(PlateRefusal, match=r"disagree by \d"):
        solve_gains(counts, np.zeros(4), 20.0)
    counts[4] *= 1.008 / 1.04
    assert 0.1 < solve_gains(counts, np.zeros(4), 20.0).residual_pct < 1.0


def test_placings_that_do_not_tell_the_corners_apart_are_refused() -> None:
    with pytest.raises(PlateRefusal, match="apart"):
        solve_gains(np.full((5, 4), 1e5) + np.eye(5, 4), np.zeros(4), 20.0)
    with pytest.raises(PlateRefusal, match="above 0"):
        solve_gains(_counts(), np.zeros(4), 0.0)
