"""What the rules hear of a robot that says the same a hundred times a second."""

from dataclasses import replace
from typing import Any

import pytest

from bedside.station.robot_words import SAME_NS, RobotWords
from hal.roles import RobotState

TICK_NS = 10_000_000
WALK = RobotState(0, "walk", 1.2, 25.0, 80.0, False, 10, angles_deg=(0.0,) * 6)


def test_the_same_is_told_twenty_times_a_second() -> None:
    words = RobotWords()
    told = [words.tell(replace(WALK, mono_ns=n * TICK_NS, angles_deg=(float(n),) * 6)) for n in range(101)]
    assert told[0]
    assert sum(told) == 1 + 101 * TICK_NS // SAME_NS


@pytest.mark.parametrize(
    "change",
    [
        {"phase": "fault"},
        {"speed_kmh": 1.3},
        {"speed_kmh": None},
        {"body_weight_support_kg": 24.0},
        {"assist_pct": 70.0},
        {"e_stop": True},
        {"e_stop": None},
        {"steps": 11},
        {"source": "operator"},
        {"angles_deg": ()},
    ],
)
def test_anything_new_is_told_at_once_and_so_is_its_end(change: dict[str, Any]) -> None:
    words = RobotWords()
    assert words.tell(WALK)
    assert not words.tell(replace(WALK, mono_ns=1))
    assert words.tell(replace(WALK, mono_ns=2, **change))
    assert words.tell(replace(WALK, mono_ns=3))


def test_a_clock_that_went_back_hides_nothing() -> None:
    words = RobotWords()
    assert words.tell(replace(WALK, mono_ns=10**12))
    assert words.tell(replace(WALK, mono_ns=0))
