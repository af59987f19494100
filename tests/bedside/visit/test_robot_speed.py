"""The walking speed against its limits: every reading counts, small steps hide nothing."""

import pytest

from bedside import commands as c
from bedside import events as e
from bedside.visit import robot
from bedside.visit.rules import Refusal
from tests.helpers.bed import Bed, same
from tests.helpers.bed_ready import bed_at


def ramp(bed: Bed, start_kmh: float, end_kmh: float, seconds: float) -> None:
    """The belt changes its speed evenly, heard ten times a second."""
    steps = round(seconds * 10)
    for step in range(1, steps + 1):
        bed.advance(0.1)
        bed.move("walk", start_kmh + (end_kmh - start_kmh) * step / steps)


def walking(speed_kmh: float, seconds: float = 35.0) -> Bed:
    bed = bed_at("treatment")
    bed.move("walk", speed_kmh)
    bed.advance(seconds)
    return bed


def stimulating(speed_kmh: float) -> Bed:
    bed = walking(speed_kmh)
    bed.ask(c.StartStimulation())
    bed.advance(5.0)
    assert bed.state.course.running
    return bed


def test_a_drift_below_what_the_journal_keeps_pauses_the_pulses_at_the_limit() -> None:
    bed = stimulating(1.3)
    n = len(bed.events(e.RobotChanged))
    bed.move("walk", 1.31)
    assert len(bed.events(e.RobotChanged)) == n, "too small a step for the journal"
    assert not bed.stim.enabled
    assert bed.state.course.pause is not None
    assert bed.state.course.pause.reason == "1.31 km/h is faster than the 1.2 km/h of this study during stimulation"


def test_up_to_the_limit_and_its_tolerance_pulses_go_on() -> None:
    bed = stimulating(1.2)
    for speed_kmh in (1.25, 1.3, 1.2 + 0.1, 1.1):
        bed.move("walk", speed_kmh)
        bed.advance(1.0)
    assert bed.state.course.running


def test_no_start_above_the_limit_however_small_the_step_that_led_there() -> None:
    bed = walking(1.25)
    bed.move("walk", 1.4)
    with pytest.raises(Refusal, match=r"1.4 km/h is faster"):
        bed.ask(c.StartStimulation())


def test_back_below_the_limit_the_pulses_may_go_on() -> None:
    bed = stimulating(1.2)
    bed.move("walk", 1.38)
    assert bed.state.course.pause is not None
    bed.advance(2.0)
    bed.move("walk", 1.2)
    bed.ask(c.ResumeStimulation())
    bed.advance(2.0)
    assert bed.state.course.running


def test_a_ramp_just_before_the_start_is_no_steady_walk() -> None:
    bed = walking(0.8, 29.0)
    ramp(bed, 0.8, 1.2, 2.0)
    with pytest.raises(Refusal, match="steady walk in"):
        bed.ask(c.StartStimulation())


@pytest.mark.parametrize("seconds", [20.0, 60.0])
def test_a_long_ramp_is_steady_only_after_its_end(seconds: float) -> None:
    bed = walking(0.8, 40.0)
    ramp(bed, 0.8, 1.2, seconds)
    with pytest.raises(Refusal, match="steady walk in"):
        bed.ask(c.StartStimulation())
    bed.advance(30.0)
    bed.ask(c.StartStimulation())
    assert bed.events(e.TrainIntended)


def test_a_speed_that_leaves_the_tolerance_between_two_journalled_steps_is_not_steady() -> None:
    bed = walking(0.8, 20.0)
    bed.move("walk", 1.0)
    bed.advance(15.0)
    bed.move("walk", 1.15)
    with pytest.raises(Refusal, match="steady walk in 30 s"):
        bed.ask(c.StartStimulation())


def test_swaying_around_a_speed_is_steady_and_journalled_once() -> None:
    bed = walking(1.0, 1.0)
    n = len(bed.events(e.RobotChanged))
    for _ in range(20):
        bed.move("walk", 1.08)
        bed.advance(1.0)
        bed.move("walk", 0.92)
        bed.advance(1.0)
    assert len(bed.events(e.RobotChanged)) == n
    bed.ask(c.StartStimulation())
    assert bed.events(e.TrainIntended)


def test_the_journal_alone_folds_to_the_same_steadiness() -> None:
    bed = walking(0.8, 10.0)
    ramp(bed, 0.8, 1.2, 5.0)
    assert bed.state.steady_kmh != 0.8
    assert same(bed.state, bed.fold())


def test_after_a_restart_steadiness_counts_anew_from_the_present_speed() -> None:
    bed = walking(1.0)
    bed.crash()
    assert bed.state.steady_kmh == 1.0
    assert "steady walk in" in (robot.steady_problem(bed.state, bed.now) or "")
    bed.advance(31.0)
    assert robot.steady_problem(bed.state, bed.now) is None
