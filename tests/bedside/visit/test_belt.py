"""A treadmill's belt under command: what is asked of it, what never is, and what is said of it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from msgspec.structs import replace as with_fields

from bedside import commands as c
from bedside import events as e
from bedside.refusal import Refusal
from bedside.snapshot import Belt
from bedside.visit.inputs import ActionDone, ControlBack, ControlLost
from bedside.visit.narrate import line
from bedside.visit.state import Given
from bedside.visit.view import picture
from tests.helpers.bed_ready import bed_at
from tests.helpers.belt_bed import BeltBed, belt_bed, orders

START = c.StartBelt(attended=True)


def shown(bed: BeltBed) -> Belt:
    robot = picture(bed.state, bed.now, "control").robot
    assert robot is not None
    assert robot.belt is not None
    return robot.belt


def last(bed: BeltBed) -> str:
    """What the machine confirmed last."""
    return [one.event.action for one in bed.journal if isinstance(one.event, e.BeltConfirmed)][-1]


def at_step(bed: BeltBed, step: e.StepId) -> bool:
    return bed.state.step == step


def faster(bed: BeltBed) -> tuple[e.Event, ...]:
    return bed.ask(c.SetBeltSpeed(speed_kmh=round((bed.state.belt.asked_kmh or 0.0) + 0.1, 2)))


def untick(bed: BeltBed, item: str, value: object = False) -> None:
    answers = {**bed.state.answers, f"fit.{item}": Given(value, "", "person", "thera")}  # type: ignore[arg-type]
    bed.state = with_fields(bed.state, answers=answers)


def stimulating() -> BeltBed:
    bed = belt_bed().at_speed(1.2)
    bed.advance(35.0)
    bed.ask(c.StartStimulation())
    bed.advance(5.0)
    assert bed.state.course.running
    return bed


def test_a_walk_from_start_to_stop_is_intended_then_confirmed() -> None:
    bed = belt_bed()
    assert (shown(bed).state, shown(bed).start, shown(bed).start_kmh) == ("rest", "", 0.8)
    bed.started()
    assert (shown(bed).state, shown(bed).asked_kmh, shown(bed).faster_kmh) == ("moving", 0.8, 0.9)
    faster(bed)
    assert shown(bed).doing == "speed"
    bed.advance(2.0)
    bed.ask(c.StopBelt())
    bed.advance(6.0)
    assert (shown(bed).state, shown(bed).asked_kmh) == ("rest", None)
    told = [one.event for one in bed.journal if isinstance(one.event, e.BeltIntended | e.BeltConfirmed)]
    assert [(type(event).__name__, event.action) for event in told] == [
        ("BeltIntended", "start"),
        ("BeltConfirmed", "start"),
        ("BeltIntended", "speed"),
        ("BeltConfirmed", "speed"),
        ("BeltIntended", "stop"),
        ("BeltConfirmed", "stop"),
    ]
    assert line(told[-1]) == "belt: at rest"


@pytest.mark.parametrize("item", ["harness", "e_stop_tested", "handrail"])
def test_no_start_without_the_ticks_of_the_fitting(item: str) -> None:
    bed = belt_bed()
    untick(bed, item)
    with pytest.raises(Refusal):
        bed.ask(START)


def test_no_start_without_support_unless_the_study_plans_it() -> None:
    bed = belt_bed()
    untick(bed, "support_pct", 0.0)
    with pytest.raises(Refusal, match="no body-weight support"):
        bed.ask(START)
    robot = bed.setup.study.robot
    assert robot is not None
    bed.setup = with_fields(
        bed.setup, study=with_fields(bed.setup.study, robot=with_fields(robot, support_pct=(0.0, 40.0)))
    )
    bed.state = with_fields(bed.state, setup=bed.setup)
    assert orders(bed.ask(START))


def test_nobody_at_its_stop_button_no_start() -> None:
    with pytest.raises(Refusal, match="nobody stands"):
        belt_bed().ask(c.StartBelt(attended=False))


def test_a_treadmill_that_is_not_commanded_is_asked_nothing() -> None:
    bed = bed_at("treatment")
    for command in (START, c.SetBeltSpeed(speed_kmh=0.9), c.StopBelt()):
        with pytest.raises(Refusal, match="no treadmill is commanded"):
            bed.ask(command)
    robot = picture(bed.state, bed.now, "control").robot
    assert robot is not None
    assert robot.belt is None


def moved(bed: BeltBed) -> None:
    bed.panel(1.0)
    bed.advance(3.0)


def fell_silent(bed: BeltBed) -> None:
    bed.quiet_robot = True
    bed.advance(2.0)


NOT_READY: list[tuple[str, Callable[[BeltBed], object]]] = [
    ("unknown", lambda bed: bed.lose()),
    ("does not stand", moved),
    ("heard", fell_silent),
    ("emergency stop", lambda bed: bed.hear(replace(bed.robot, mono_ns=bed.now_ns, e_stop=True), "robot")),
    ("kiosk", lambda bed: bed.put(ControlLost("the kiosk went away"))),
    ("was reported", lambda bed: adverse(bed, "seizure")),
    ("treatment step", lambda bed: bed.ask(c.PreviousStep())),
]


def adverse(bed: BeltBed, category: str) -> None:
    bed.ask(c.ReportAdverseEvent(category=category, severity="severe", related="unknown", action="stopped"))


@pytest.mark.parametrize(("why", "happens"), NOT_READY, ids=[why for why, _ in NOT_READY])
def test_no_start_unless_patient_and_machine_are_ready(why: str, happens: Callable[[BeltBed], object]) -> None:
    bed = belt_bed()
    happens(bed)
    with pytest.raises(Refusal) as refused:
        bed.ask(START)
    assert not bed.events(e.BeltIntended), refused.value.reason
    assert shown(bed).start


@pytest.mark.parametrize("prescribed_kmh", [0.9, 1.2, 1.8])
def test_no_faster_than_prescribed(prescribed_kmh: float) -> None:
    bed = belt_bed(prescribed_kmh=prescribed_kmh).at_speed(prescribed_kmh)
    with pytest.raises(Refusal, match=f"{prescribed_kmh:g} km/h is the fastest today"):
        faster(bed)
    assert "fastest" in shown(bed).faster
    assert shown(bed).slower == ""


def test_no_slower_than_the_slowest_and_no_more_than_a_step() -> None:
    bed = belt_bed().started()
    for speed_kmh, why in (
        (0.7, "slowest"),
        (1.0, "at a time"),
        (0.8, "at a time"),
        (float("nan"), "at a time"),
        (float("inf"), "at a time"),
        (-0.7, "at a time"),
    ):
        with pytest.raises(Refusal, match=why):
            bed.ask(c.SetBeltSpeed(speed_kmh=speed_kmh))
    assert len(bed.events(e.BeltIntended)) == 1


def test_one_order_at_a_time_but_a_stop_always() -> None:
    bed = belt_bed()
    bed.ask(START)
    for command in (START, c.SetBeltSpeed(speed_kmh=0.9)):
        with pytest.raises(Refusal, match="changing its speed"):
            bed.ask(command)
    bed.ask(c.StopBelt())
    bed.advance(0.5)
    assert bed.state.belt.doing in ("stop", None)
    bed.advance(6.0)
    assert (bed.truth_kmh, bed.state.belt.ours) == (0.0, False)


def test_pulses_go_off_before_the_belt_stops() -> None:
    bed = stimulating()
    events = bed.ask(c.StopBelt())
    kinds = [type(event) for event in events if isinstance(event, e.OffIntended | e.StimulationPaused | e.BeltIntended)]
    assert kinds == [e.OffIntended, e.StimulationPaused, e.BeltIntended]
    assert not bed.stim.enabled


def test_while_pulses_come_only_slower() -> None:
    bed = stimulating()
    with pytest.raises(Refusal, match="only slower, or stop"):
        faster(bed)
    bed.ask(c.SetBeltSpeed(speed_kmh=1.1))
    bed.advance(3.0)
    assert bed.state.course.running
    assert bed.truth_kmh == 1.1


@pytest.mark.parametrize("stop", [c.Stop(), c.PauseStimulation(reason="asked"), c.EndStimulation(reason="asked")])
def test_stopping_the_pulses_leaves_the_belt_alone(stop: c.Stop | c.PauseStimulation | c.EndStimulation) -> None:
    bed = stimulating()
    before = len(bed.events(e.BeltIntended))
    bed.ask(stop)
    bed.advance(5.0)
    assert len(bed.events(e.BeltIntended)) == before
    assert bed.truth_kmh == 1.2
    assert shown(bed).state == "moving"


def test_a_stop_needs_neither_sign_in_nor_a_resumed_visit_nor_a_step() -> None:
    bed = belt_bed().started()
    bed.crash()
    assert bed.state.person is None
    assert bed.state.interrupted is not None
    assert orders(bed.put(c.StopBelt(), None))
    early = belt_bed("fit")
    assert orders(early.put(c.StopBelt(), None))


def test_a_stop_at_the_panel_lets_go_of_the_belt() -> None:
    bed = belt_bed().started()
    faster(bed)
    bed.panel(0.0)
    bed.advance(1.0)
    assert "stopped at the panel" in shown(bed).failed
    assert not bed.state.belt.held
    with pytest.raises(Refusal):
        faster(bed)
    bed.advance(6.0)
    assert last(bed) == "stop"
    bed.started()
    assert shown(bed).failed == ""


def test_a_belt_that_starts_faster_than_asked_is_stopped() -> None:
    bed = belt_bed()
    bed.ask(START)
    bed.truth_kmh = bed.target_kmh = 1.5
    bed.advance(0.5)
    assert [event.action for event in orders(tuple(one.event for one in bed.journal))] == ["start", "stop"]
    bed.advance(8.0)
    assert shown(bed).state == "rest"


def test_a_belt_that_is_lost_under_its_order_and_heard_again_is_left_alone() -> None:
    bed = belt_bed().at_speed(1.0)
    faster(bed)
    bed.lose()
    bed.order = "speed"
    bed.lost = False
    bed.target_kmh = 1.2
    bed.advance(0.5)
    bed.advance(4.0)
    assert "stop" not in [event.action for event in orders(tuple(one.event for one in bed.journal))]
    assert bed.truth_kmh == 1.2


def test_another_speed_at_the_panel_is_told_and_not_built_upon() -> None:
    bed = belt_bed().started()
    bed.panel(1.4)
    bed.advance(8.0)
    assert "0.8 was asked" in bed.state.alarms["belt_astray"].text
    with pytest.raises(Refusal, match="was asked"):
        faster(bed)


def test_a_lost_belt_is_unknown_alarmed_and_only_stopped() -> None:
    bed = belt_bed().started()
    bed.lose()
    bed.advance(2.0)
    assert shown(bed).state == "unknown"
    assert bed.state.alarms["belt"].priority == "high"
    assert "treadmill's own stop" in bed.state.alarms["belt"].remedy
    for command in (START, c.SetBeltSpeed(speed_kmh=0.9)):
        with pytest.raises(Refusal):
            bed.ask(command)
    bed.ask(c.StopBelt())
    bed.advance(1.0)
    assert shown(bed).state == "unknown"
    assert "not confirmed" in bed.state.alarms["belt_stop"].text
    bed.lost = False
    bed.advance(8.0)
    assert shown(bed).state == "moving", "it ran on: nobody heard the stop"
    assert "belt_stop" in bed.state.alarms
    bed.ask(c.StopBelt())
    bed.advance(8.0)
    assert shown(bed).state == "rest"
    assert not {"belt", "belt_stop", "belt_astray"} & set(bed.state.alarms)


def test_a_belt_that_comes_back_running_is_not_held() -> None:
    bed = belt_bed().started()
    bed.lose()
    bed.advance(2.0)
    bed.lost = False
    bed.advance(4.0)
    assert "not held from here" in bed.state.alarms["belt_astray"].text
    with pytest.raises(Refusal, match="does not run as it was asked here"):
        bed.ask(c.SetBeltSpeed(speed_kmh=0.9))


def test_a_lost_kiosk_leaves_the_belt_alone_and_alarms() -> None:
    bed = belt_bed().started()
    bed.put(ControlLost("the kiosk went away"))
    bed.advance(3.0)
    assert "belt_control" in bed.state.alarms
    assert bed.truth_kmh == 0.8
    bed.put(ControlBack())
    bed.advance(3.0)
    assert "belt_control" not in bed.state.alarms


def test_a_failed_start_is_told_and_a_failed_stop_alarms_until_it_stands() -> None:
    bed = belt_bed()
    bed.fails = {"start"}
    bed.ask(START)
    bed.advance(1.0)
    assert shown(bed).failed == "start failed: no answer"
    assert not bed.state.belt.ours, "heard standing since"
    bed.fails = {"stop"}
    bed.started()
    bed.ask(c.StopBelt())
    bed.advance(1.0)
    assert "not confirmed" in bed.state.alarms["belt_stop"].text
    bed.panel(0.0)
    bed.advance(8.0)
    assert "belt_stop" not in bed.state.alarms


def test_a_stop_that_only_the_driver_believes_in_is_not_confirmed() -> None:
    bed = belt_bed().started()
    bed.ask(c.StopBelt())
    bed.put(ActionDone("belt_stop"))
    assert last(bed) == "start"
    assert "does not say that it stands" in bed.state.belt.stop_failed
    bed.order = None
    bed.advance(8.0)
    assert last(bed) == "stop", "it says so later"


def test_a_speed_that_is_not_reached_is_held_at_the_told_one() -> None:
    bed = belt_bed().started()
    bed.fails = {"speed"}
    faster(bed)
    bed.advance(1.0)
    assert (bed.state.belt.held, bed.state.belt.asked_kmh) == (True, 0.8)
    bed.fails = set()
    faster(bed)
    bed.advance(2.0)
    assert bed.truth_kmh == 0.9


@pytest.mark.parametrize(("by_itself", "words"), [(True, "should have stopped by itself"), (False, "may have run on")])
def test_after_a_crash_the_belt_is_named_and_not_held(by_itself: bool, words: str) -> None:
    bed = belt_bed(stops_by_itself=by_itself).started()
    faster(bed)
    bed.crash()
    assert bed.state.interrupted is not None
    assert words in bed.state.interrupted.uncertain
    assert (bed.state.belt.doing, bed.state.belt.held, bed.state.belt.ours) == (None, False, True)
    bed.state = with_fields(bed.state, live=with_fields(bed.state.live, robot=None))
    bed.quiet_robot = True
    bed.advance(2.0)
    assert shown(bed).state == "unknown"
    assert "started here and may be running" in bed.state.alarms["belt"].text
    bed.quiet_robot = False
    bed.target_kmh = 0.0
    bed.advance(8.0)
    assert last(bed) == "stop"
    assert not bed.state.belt.ours
    assert "belt" not in bed.state.alarms


def test_a_belt_that_was_never_started_here_is_not_named() -> None:
    bed = belt_bed()
    bed.crash()
    assert bed.state.interrupted is not None
    assert "belt" not in bed.state.interrupted.uncertain


def test_a_visit_does_not_end_on_a_running_belt_and_a_lost_one_does_not_hold_it_up() -> None:
    bed = belt_bed().started()
    with pytest.raises(Refusal, match="the belt runs"):
        bed.ask(c.EndVisit(reason="asked for"))
    bed.lose()
    bed.ask(c.EndVisit(reason="asked for"))
    assert bed.state.step != "treatment"


def test_walking_on_after_the_pulses_and_no_end_of_walking_before_it_stands() -> None:
    bed = belt_bed().started()
    bed.advance(35.0)
    bed.ask(c.StartStimulation())
    bed.advance(5.0)
    bed.ask(c.EndStimulation(reason="asked"))
    bed.advance(3.0)
    faster(bed)
    bed.advance(2.0)
    bed.ask(c.NextStep())
    assert at_step(bed, "finish")
    bed.fill()
    with pytest.raises(Refusal, match="the belt runs"):
        bed.ask(c.NextStep())
    bed.ask(c.StopBelt())
    bed.advance(7.0)
    bed.ask(c.NextStep())
    assert at_step(bed, "aftercare")


def test_the_journal_alone_tells_the_same_state() -> None:
    bed = belt_bed().at_speed(1.1)
    bed.panel(0.0)
    bed.advance(10.0)
    bed.started()
    folded = bed.fold()
    assert folded.belt == bed.state.belt
