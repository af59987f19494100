"""A robot or belt that nobody hears: never taken for standing; and what a trial prescribes of its speed and support."""

import math
from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from bedside import commands as c
from bedside import events as e
from bedside.config import RobotConfig
from bedside.visit import robot
from bedside.visit.narrate import line
from bedside.visit.rules import Refusal
from bedside.visit.view import picture
from hal.roles import RobotState
from tests.helpers.bed import Bed
from tests.helpers.bed_ready import bed_at

UNHEARD = RobotState(0, "unknown", None, None, None, None, None)
RULE = RobotConfig(
    envelope_kmh=(0.8, 1.8),
    prescription_kmh=(1.2, 1.8),
    support_pct=(40, 60),
    max_while_stimulating_kmh=1.2,
    minutes=30,
)


def lose(bed: Bed) -> None:
    """The driver's word that its machine is not heard any more, and nothing after it."""
    bed.quiet_robot = True
    bed.hear(replace(UNHEARD, mono_ns=bed.now_ns), "robot")
    bed.work()


def test_a_lost_belt_pauses_the_pulses_at_once_and_is_journalled_as_unknown() -> None:
    bed = bed_at("treatment")
    bed.move("walk", 1.2)
    bed.advance(40.0)
    bed.start()
    bed.advance(5.0)
    lose(bed)
    assert bed.state.course.pause is not None
    assert "unknown: it may be moving" in bed.state.course.pause.reason
    assert not bed.stim.enabled
    told = bed.events(e.RobotChanged)[-1]
    assert (told.phase, told.speed_kmh, told.e_stop) == ("unknown", None, None)
    assert "state unknown, it may be moving" in line(told)


def test_no_start_on_an_unknown_belt() -> None:
    bed = bed_at("treatment")
    bed.walk()
    lose(bed)
    with pytest.raises(Refusal, match="unknown"):
        bed.ask(c.StartStimulation())


def test_the_picture_shows_unknown_and_no_number() -> None:
    bed = bed_at("treatment")
    bed.move("walk", 1.2)
    lose(bed)
    bed.advance(3.0)
    shown = picture(bed.state, bed.now, "control").robot
    assert shown is not None
    assert (shown.phase, shown.speed_kmh, shown.e_stop, shown.steps) == ("unknown", None, None, None)
    assert shown.age_s == pytest.approx(3.0, abs=0.6), "silence is no word of the robot"
    assert "robot_link" in bed.state.alarms


def test_walking_time_ends_with_the_last_word() -> None:
    bed = bed_at("treatment")
    bed.move("walk", 1.2)
    bed.advance(10.0)
    lose(bed)
    bed.advance(20.0)
    assert bed.state.walk_since_ns is None


def test_a_walk_at_a_speed_nobody_tells_is_no_walk_for_pulses() -> None:
    bed = bed_at("treatment")
    bed.walk()
    bed.hear(replace(bed.robot, mono_ns=bed.now_ns, phase="walk", speed_kmh=None), "robot")
    assert robot.speed_problem(bed.state, bed.now) == "the walking speed is not known"


def test_an_unknown_phase_of_a_robot_that_speaks_is_a_word() -> None:
    assert not robot.is_word(UNHEARD)
    assert robot.is_word(replace(UNHEARD, angles_deg=(0.0,) * 6))
    assert robot.is_word(replace(UNHEARD, e_stop=True))
    assert robot.is_word(replace(UNHEARD, phase="stand"))


def test_angles_nobody_measures_are_not_drawn() -> None:
    bed = bed_at("treatment")
    bed.hear(replace(bed.robot, mono_ns=bed.now_ns, angles_deg=(1.0, math.nan, 1.0, 1.0, 1.0, 1.0)), "robot")
    shown = picture(bed.state, bed.now, "control").robot
    assert shown is not None
    assert shown.angles_deg == ()


@pytest.mark.parametrize(
    ("item", "value", "note"),
    [
        ("speed_kmh", 1.0, "below trial prescription: 1.2 to 1.8 km/h"),
        ("speed_kmh", 1.2, ""),
        ("speed_kmh", 1.8, ""),
        ("support_pct", 30.0, "below trial prescription: 40 to 60 %"),
        ("support_pct", 40.0, ""),
        ("thigh_cm", 1.0, ""),
        ("speed_kmh", None, ""),
        ("speed_kmh", True, ""),
    ],
)
def test_what_is_said_of_a_value(item: str, value: float | None, note: str) -> None:
    assert robot.fit_note(RULE, item, value) == note


def test_without_a_prescription_nothing_is_said() -> None:
    free = RobotConfig(envelope_kmh=(0.8, 1.8), max_while_stimulating_kmh=1.2, minutes=30)
    assert robot.fit_note(free, "speed_kmh", 0.8) == ""


def fitting() -> Bed:
    bed = Bed().begin().to("fit")
    bed.ask(c.Answer(step="fit", item="support_pct", value=40.0))
    return bed


@pytest.mark.parametrize("speed_kmh", [0.7, 1.9])
def test_a_prescribed_speed_outside_the_envelope_is_refused(speed_kmh: float) -> None:
    with pytest.raises(Refusal, match="cannot be right"):
        fitting().ask(c.Answer(step="fit", item="speed_kmh", value=speed_kmh))


def test_a_study_may_have_a_narrower_envelope_than_the_form() -> None:
    bed = fitting()
    narrow = changed(RULE, envelope_kmh=(1.0, 1.5), prescription_kmh=None)
    bed.state = changed(bed.state, setup=changed(bed.setup, study=changed(bed.setup.study, robot=narrow)))
    for speed_kmh in (0.9, 1.6):
        with pytest.raises(Refusal, match="outside this study's envelope"):
            bed.ask(c.Answer(step="fit", item="speed_kmh", value=speed_kmh))
    assert bed.ask(c.Answer(step="fit", item="speed_kmh", value=1.5))


def test_a_slow_speed_is_allowed_with_a_note() -> None:
    bed = fitting()
    bed.ask(c.Answer(step="fit", item="speed_kmh", value=1.0))
    item = next(i for i in picture(bed.state, bed.now, "control").step.items if i.id == "speed_kmh")
    assert item.value == 1.0
    assert item.hint == "below trial prescription: 1.2 to 1.8 km/h"


def test_support_is_shown_in_kg_of_todays_weight_and_61_percent_is_refused() -> None:
    bed = fitting()
    weight_kg = bed.state.answer("screening", "weight_kg")
    shown = {i.id: i.value for i in picture(bed.state, bed.now, "control").step.items}
    assert shown["support_kg"] == pytest.approx(weight_kg * 0.4, abs=0.05)
    with pytest.raises(Refusal, match="61 % cannot be right"):
        bed.ask(c.Answer(step="fit", item="support_pct", value=61.0))


def test_forty_percent_of_72_kg() -> None:
    from bedside.visit.forms import support_kg

    assert support_kg(72, 40) == 28.8
