"""The exact outline: shapes of known area, a slow independent count, touches and overlaps that rounding would lose."""

import csv
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import binary_fill_holes

from dsp.posture import analyse
from dsp.posture.areas import hull_area_cm2
from dsp.posture.outline import outline_area_cm2
from tests.helpers.recordings import need_recordings


def area(points: Sequence[tuple[float, float]], *, closed: bool = False) -> float | None:
    x, y = np.array(points, dtype=float).T
    return outline_area_cm2(x, y, closed=closed)


SQUARE = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)]


def test_shapes_of_known_area() -> None:
    assert area(SQUARE, closed=True) == pytest.approx(1.0)
    assert area(SQUARE) == 0.0
    assert area([*SQUARE, (0.0, 0.0)]) == pytest.approx(1.0)
    assert area([(0, 0), (2, 2), (2, 0), (0, 2), (0, 0)]) == pytest.approx(2.0)
    # a pentagram: five triangles and the pentagon between them
    turn = np.pi / 2 + 4 * np.pi / 5 * np.arange(6)
    star = area(list(zip(np.cos(turn), np.sin(turn), strict=True)))
    inner = np.cos(2 * np.pi / 5) / np.cos(np.pi / 5)
    assert star == pytest.approx(5 * inner * np.sin(np.pi / 5))
    assert area([(0.0, 0.0)] * 5) == area([(0, 0), (1, 1), (2, 2)]) == 0.0


def test_a_hole_inside_belongs_to_it_and_a_tail_does_not() -> None:
    around = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0), (0.0, 0.0)]
    inside = [(1.0, 1.0), (2.0, 1.0), (2.0, 2.0), (1.0, 1.0)]
    tail = [(0.0, 0.0), (-3.0, -1.0), (-5.0, 2.0)]
    assert area([*around, *inside]) == pytest.approx(16.0)
    assert area([*around, *tail]) == pytest.approx(16.0)


def test_touches_overlaps_and_points_where_many_pieces_meet() -> None:
    # a corner that only touches the middle of a piece closes the loop
    assert area([(0, 0), (4, 4), (4, 0), (2, 2)]) == pytest.approx(4.0)
    # pieces that lie on each other, forward and back, are one line
    assert area([(0, 0), (3, 0), (1, 0), (1, 1), (2, 1), (2, 0), (5, 0), (0, 0)]) == pytest.approx(1.0)
    # three pieces through one point that is no corner
    asterisk = [(0, 0), (3, 3), (3, 0), (0, 3), (0, 1.5), (3, 1.5)]
    assert area(asterisk) == pytest.approx(2.25 + 1.125)
    assert area(asterisk, closed=True) == area(asterisk[::-1], closed=True)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=40), st.booleans())
@settings(max_examples=150, deadline=None)
def test_walks_on_a_lattice_in_steps_along_its_lines(corners: list[tuple[int, int]], closed: bool) -> None:
    """Rook's walks touch and overlap everywhere, and their area is a count of unit squares."""
    walk = [corners[0]]
    for x, y in corners[1:]:
        walk += [(x, walk[-1][1]), (x, y)]
    if closed:
        walk += [(walk[0][0], walk[-1][1]), walk[0]]
    lines = np.zeros((29, 29), dtype=bool)
    for (x0, y0), (x1, y1) in pairwise(walk):
        lines[4 * min(x0, x1) + 2 : 4 * max(x0, x1) + 3, 4 * min(y0, y1) + 2 : 4 * max(y0, y1) + 3] = True
    squares = int(np.count_nonzero(binary_fill_holes(lines)[4::4, 4::4]))
    found = area([(float(x), float(y)) for x, y in walk])
    assert found == pytest.approx(squares, abs=1e-9)


@given(st.integers(2, 12), st.integers(3, 60), st.integers(0, 10_000), st.floats(0, 6.28))
@settings(max_examples=60, deadline=None)
def test_turned_reversed_and_scaled_it_stays_the_same(lattice: int, n: int, seed: int, angle: float) -> None:
    x, y = np.random.default_rng(seed).integers(0, lattice, (2, n)).astype(float)
    here = outline_area_cm2(x, y)
    assert here is not None
    assert 0.0 <= here <= hull_area_cm2(x, y) + 1e-9
    assert outline_area_cm2(x[::-1], y[::-1]) == pytest.approx(here, abs=1e-9)
    assert outline_area_cm2(0.1 * y, 0.1 * x) == pytest.approx(0.01 * here, abs=1e-9)
    both = outline_area_cm2(x, y, closed=True)
    assert both is not None
    assert both >= here - 1e-9
    c, s = np.cos(angle), np.sin(angle)
    generic = np.random.default_rng(seed).normal(size=(2, n))
    turned = outline_area_cm2(c * generic[0] - s * generic[1], s * generic[0] + c * generic[1])
    assert turned == pytest.approx(outline_area_cm2(*generic), rel=1e-6)


def test_too_many_crossings_are_not_drawn() -> None:
    assert outline_area_cm2(*np.random.default_rng(1).normal(size=(2, 20_000))) is None


@pytest.mark.parametrize(
    ("name", "open_cm2"), [("BDS00001", 0.381), ("BDS00010", 4.159), ("BDS00043", 35.009), ("PDS13OR1", 3.607)]
)
def test_recordings_agree_with_a_geometry_library(name: str, open_cm2: float) -> None:
    """Values of shapely 2.0's union and polygonize."""
    with (need_recordings("cop") / f"{name}.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    net = "net_cop_ml_m" in rows[0]
    keys, scale = (("net_cop_ml_m", "net_cop_ap_m"), 100.0) if net else (("cop_ml_cm", "cop_ap_cm"), 1.0)
    x, y = (scale * np.array([float(row[key]) for row in rows]) for key in keys)
    made = analyse(x, y, 100.0, outline=True)
    assert made.outline_area_cm2 == pytest.approx(open_cm2, abs=0.0005)
    assert made.outline_closed_area_cm2 is not None
    assert open_cm2 - 0.001 <= made.outline_closed_area_cm2 <= made.hull_area_cm2
    assert analyse(x, y, 100.0).outline_area_cm2 is None
