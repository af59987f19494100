"""Measured rate and samples that repeat."""

import pytest

from hal.drivers.pace import Pace
from hal.drivers.plate.plate_watch import Stillness


def test_the_pace_of_the_last_seconds() -> None:
    pace = Pace()
    assert pace.rate_hz is None
    for number in range(1000):
        pace.arrived(number * 10_000_000)
    assert pace.rate_hz == pytest.approx(100.0)
    for number in range(400):
        pace.arrived(10**10 + number * 20_000_000)
    assert pace.rate_hz == pytest.approx(50.0)
    pace.forget()
    assert pace.rate_hz is None


def test_samples_that_repeat_for_a_second_are_frozen() -> None:
    stillness = Stillness()
    for _ in range(100):
        stillness.see((1, 2, 3, 4))
    assert not stillness.frozen(100.0)
    stillness.see((1, 2, 3, 4))
    assert stillness.frozen(100.0)
    stillness.see((1, 2, 3, 5))
    assert not stillness.frozen(100.0)
