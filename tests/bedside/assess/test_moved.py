"""What moved: the verdict is strict, its words carry the exact numbers, the arrow is the number's direction alone."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.assess.moved import moved
from bedside.config import Mcid, load_scales
from bedside.config.scales import Direction

SCALES = load_scales(Path(__file__).parents[3] / "configs")
SIX = SCALES["fma_le"].mcid[0]
BAND = SCALES["bbs"].mcid[0]
WALK = SCALES["ten_metre_walk"].mcid[0]


def figure(**given_values: Any) -> Mcid:
    return Mcid(**{"population": "people", "method": "anchor", "source": "here", "verified": True, **given_values})


def test_5_86_does_not_reach_6() -> None:
    found = moved(20.0, 25.86, "higher", SIX)
    assert (found.change, found.verdict, found.arrow) == (5.86, "not reached", "better")
    assert found.words == "+5.86: smallest meaningful change of 6 not reached, 0.14 short (chronic stroke)"
    assert moved(20, 26, "higher", SIX).verdict == "reached"


def test_no_number_is_rounded_onto_the_limit() -> None:
    found = moved(20.0, 25.9999, "higher", SIX)
    assert found.verdict == "not reached"
    assert found.words.startswith("+5.9999: ")


def test_binary_arithmetic_is_not_a_shortfall() -> None:
    assert 0.36 - 0.20 < 0.16
    found = moved(0.20, 0.36, "higher", WALK, unit="m/s")
    assert (found.verdict, found.change) == ("reached", 0.16)
    assert "first 60 days after stroke" in found.words
    assert moved(1000.20, 1000.36, "higher", WALK).verdict == "reached"


@pytest.mark.parametrize(
    ("now", "verdict", "words"),
    [
        (43, "within measurement error", "measurement error of 4 (recalled)"),
        (44, "not reached", "4 to 5 not reached: its lower value 4 is, 1 short of its upper value"),
        (44.5, "not reached", "0.5 short of its upper value"),
        (45, "reached", "4 to 5 reached"),
        (34, "not reached", "worse, by at least the smallest meaningful change of 4 to 5"),
    ],
)
def test_a_band_stays_a_band(now: float, verdict: str, words: str) -> None:
    found = moved(40, now, "higher", BAND)
    assert found.verdict == verdict
    assert words in found.words
    assert "chronic stroke; other populations differ" in found.words


def test_a_recalled_figure_is_called_so() -> None:
    found = moved(2, 1.77, "lower", SCALES["mas"].mcid[0])
    assert (found.verdict, found.arrow) == ("not reached", "better")
    assert "recalled, not verified" in found.words
    assert "recalled" not in moved(20, 26, "higher", SIX).words


def test_within_the_measurement_error_nothing_is_reached() -> None:
    found = moved(10, 17, "higher", figure(value=6, error=8, error_verified=True))
    assert found.verdict == "within measurement error"
    assert "reached" not in found.words
    assert moved(10, 18, "higher", figure(value=6, error=8)).verdict == "reached"


@pytest.mark.parametrize(
    ("before", "now", "direction", "arrow"),
    [
        (1.3, 1.1, "lower", "better"),
        (30, 40, "higher", "better"),
        (70, 60, "lower", "better"),
        (20, 12, "lower", "better"),
        (12, 20, "lower", "worse"),
        (40, 30, "higher", "worse"),
        (0.3, 0.1 + 0.2, "higher", "same"),
        (5.0, 9.0, "none", "none"),
    ],
)
def test_arrows_follow_the_variables_direction(before: float, now: float, direction: Direction, arrow: str) -> None:
    found = moved(before, now, direction, None)
    assert (found.arrow, found.verdict) == (arrow, "no MCID")
    assert found.words.endswith("no published smallest meaningful change is configured")


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [(None, 3.0, "no earlier value"), (3.0, None, "no present value"), (float("nan"), 3.0, "no earlier value")],
)
def test_one_value_is_nothing_to_compare(before: float | None, now: float | None, words: str) -> None:
    found = moved(before, now, "higher", SIX)
    assert (found.change, found.verdict, found.words, found.arrow) == (None, "nothing to compare", words, "none")


@given(st.integers(0, 5600), st.integers(0, 5600))
def test_turning_direction_and_order_round_changes_nothing_but_the_sign(before: int, now: int) -> None:
    first, second = before / 100, now / 100
    one, other = moved(first, second, "higher", SIX), moved(second, first, "lower", SIX)
    assert (one.verdict, one.arrow) == (other.verdict, other.arrow)
    assert (one.verdict == "reached") == (now - before >= 600)
    assert one.change == pytest.approx((now - before) / 100)
