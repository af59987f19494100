import pytest
from hypothesis import given
from hypothesis import strategies as st

from bedside.sync.backoff import FIRST_S, LONGEST_S, delay_s

FRACTIONS = st.floats(0, 1)


@pytest.mark.parametrize(("failures", "expected_s"), [(1, 5), (2, 10), (3, 20), (8, 640), (9, 900), (10_000, 900)])
def test_doubles_up_to_a_quarter_of_an_hour(failures: int, expected_s: float) -> None:
    assert delay_s(failures, 1.0) == expected_s


@given(st.integers(1, 10_000), FRACTIONS)
def test_stays_within_bounds(failures: int, fraction: float) -> None:
    assert FIRST_S / 2 <= delay_s(failures, fraction) <= LONGEST_S


@given(st.integers(1, 100), FRACTIONS)
def test_never_shrinks_with_failures(failures: int, fraction: float) -> None:
    assert delay_s(failures + 1, fraction) >= delay_s(failures, fraction)
