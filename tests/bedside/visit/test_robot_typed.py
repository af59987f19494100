"""A robot without a wire: what a person types of it is seen, and is believed while pulses are given."""

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from bedside import commands as c
from bedside import events as e
from bedside.snapshot import Action, Robot
from bedside.visit import robot_news
from bedside.visit.inputs import NS
from bedside.visit.rules import Refusal
from bedside.visit.state import NO_TIME
from bedside.visit.view import picture
from tests.helpers.bed import Bed, same
from tests.helpers.bed_ready import bed_at


def by_hand(step: e.StepId = "treatment") -> Bed:
    """A bed whose robot has no wire."""
    bed = bed_at(step)
    devices = {**bed.setup.devices, "robot": changed(bed.setup.devices["robot"], telemetry=False)}
    bed.setup = changed(bed.setup, devices=devices)
    bed.state = changed(bed.state, setup=bed.setup, robot=None)
    bed.quiet_robot = True
    return bed


def stimulating() -> Bed:
    bed = by_hand()
    bed.ask(c.ReportRobot(phase="walk", speed_kmh=1.2))
    bed.advance(31.0)
    bed.ask(c.StartStimulation())
    bed.advance(5.0)
    assert bed.state.course.running
    return bed


def shown(bed: Bed) -> Robot:
    picked = picture(bed.state, bed.now, "control").robot
    assert picked is not None
    return picked


@pytest.mark.parametrize("speed_kmh", [1.5, 1.9, 4.0])
def test_a_speed_that_is_too_fast_pauses_the_pulses_however_fast_it_is(speed_kmh: float) -> None:
    bed = stimulating()
    bed.ask(c.ReportRobot(phase="walk", speed_kmh=speed_kmh))
    assert not bed.stim.enabled
    assert bed.state.course.pause is not None
    assert bed.state.course.pause.cause == "robot_speed"
    assert f"{speed_kmh:g} km/h is faster" in bed.state.course.pause.reason
    assert bed.events(e.RobotChanged)[-1].speed_kmh == speed_kmh
    bed.advance(40.0)
    with pytest.raises(Refusal, match="faster"):
        bed.ask(c.ResumeStimulation())


def test_a_slow_walk_is_seen_too_while_pulses_are_given() -> None:
    bed = stimulating()
    bed.ask(c.ReportRobot(phase="walk", speed_kmh=0.5))
    assert bed.state.robot is not None
    assert bed.state.robot.speed_kmh == 0.5
    assert bed.state.course.running


def test_what_is_too_fast_is_believed_in_a_pause_as_well() -> None:
    bed = stimulating()
    bed.ask(c.PauseStimulation(reason="asked for"))
    bed.ask(c.ReportRobot(phase="walk", speed_kmh=2.5))
    bed.advance(40.0)
    with pytest.raises(Refusal, match=r"2.5 km/h is faster"):
        bed.ask(c.ResumeStimulation())


@pytest.mark.parametrize("speed_kmh", [0.7, 1.9, None])
def test_before_pulses_a_walking_speed_outside_the_envelope_is_asked_again(speed_kmh: float | None) -> None:
    bed = by_hand()
    with pytest.raises(Refusal, match="walking speed"):
        bed.ask(c.ReportRobot(phase="walk", speed_kmh=speed_kmh))
    assert not bed.events(e.RobotChanged) or bed.events(e.RobotChanged)[-1].source != "operator"


@pytest.mark.parametrize("speed_kmh", [-1.0, float("nan"), float("inf"), None])
def test_no_speed_is_never_taken_for_one(speed_kmh: float | None) -> None:
    bed = stimulating()
    with pytest.raises(Refusal, match="0 km/h or more"):
        bed.ask(c.ReportRobot(phase="walk", speed_kmh=speed_kmh))
    assert bed.state.course.running


def test_support_above_the_studys_is_kept_with_a_note_once() -> None:
    bed = by_hand()
    assert bed.state.answer("screening", "weight_kg") == 72.0
    for load_kg in (43.2, 70.0, 71.0):
        bed.ask(c.ReportRobot(phase="walk", speed_kmh=1.2, body_weight_support_kg=load_kg))
    (note,) = bed.events(e.NoteAdded)
    assert note.text == "body-weight support of 70 kg is 97 % of the body weight, more than 60 %"
    assert shown(bed).support_above
    bed.ask(c.ReportRobot(phase="walk", speed_kmh=1.2, body_weight_support_kg=43.2))
    assert not shown(bed).support_above, "60 % is allowed"


def test_support_above_the_studys_is_noted_of_a_robot_with_a_wire_too() -> None:
    bed = bed_at("treatment")
    bed.robot = replace(bed.robot, body_weight_support_kg=50.0)
    bed.move("walk", 1.2)
    assert [x.text for x in bed.events(e.NoteAdded)] == [
        "body-weight support of 50 kg is 69 % of the body weight, more than 60 %"
    ]


def test_what_was_typed_has_its_age() -> None:
    bed = by_hand()
    bed.ask(c.ReportRobot(phase="stand"))
    bed.advance(12.0)
    bed.ask(c.ReportRobot(phase="walk", speed_kmh=1.2))
    assert shown(bed).age_s == 0.0
    bed.advance(90.0)
    assert shown(bed).age_s == pytest.approx(90.0)


def test_its_age_goes_on_across_a_restart_of_the_station() -> None:
    bed = by_hand()
    bed.ask(c.ReportRobot(phase="walk", speed_kmh=1.2))
    bed.advance(300.0)
    bed.crash(60.0)
    assert shown(bed).age_s == pytest.approx(360.0, abs=60.0), "this bed's wall clock shows minutes"


def test_its_age_is_taken_from_the_wall_clock_where_visit_time_began_anew() -> None:
    state = by_hand().state
    assert robot_news.told_before(changed(state, robot_told_ns=NO_TIME), 5 * NS, "2026-03-02T08:00:00Z") == NO_TIME
    told = changed(state, robot_told_ns=9000 * NS, robot_told_utc="2026-03-02T08:00:00.500000Z")
    assert robot_news.told_before(told, 5 * NS, "2026-03-02T08:02:00.000000Z") == 5 * NS - round(119.5 * NS)
    assert robot_news.told_before(told, 5 * NS, "2026-03-02T07:59:00.000000Z") == 5 * NS, "a clock that was set back"


def test_the_form_is_offered_where_there_is_no_wire() -> None:
    def offer(bed: Bed) -> Action:
        step = picture(bed.state, bed.now, "control").step
        assert step is not None
        return next(action for action in step.others if action.command == "robot.report")

    assert offer(by_hand()).enabled
    refused = offer(bed_at("treatment"))
    assert not refused.enabled
    assert refused.reason == "the robot tells its state over its own wire"


def test_the_journal_folds_to_the_same() -> None:
    bed = stimulating()
    bed.ask(c.ReportRobot(phase="walk", speed_kmh=1.9))
    assert same(bed.state, bed.fold())
