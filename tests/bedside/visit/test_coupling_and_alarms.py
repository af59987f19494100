"""The coupled stop rules, and alarms: condition, occurrence, signal, silence."""

from collections.abc import Callable

import pytest

from bedside import commands as c
from bedside import events as e
from bedside.visit import alarms
from bedside.visit.inputs import ControlBack, ControlLost, Heard, RecordTrouble
from bedside.visit.rules import Refusal
from hal.device import Health, HealthChanged
from tests.helpers.bed import Bed
from tests.helpers.bed_ready import bed_at


def running() -> Bed:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(10.0)
    return bed


def fell(bed: Bed) -> None:
    bed.ask(c.ReportAdverseEvent(category="fall", severity="mild", related="no", action="paused"))


def telemetry_lost(bed: Bed) -> None:
    bed.quiet_robot = True
    bed.advance(1.6)


def stimulation_fault(bed: Bed) -> None:
    bed.stim.enabled = False
    bed.status()
    bed.advance(0.5)


ROWS: list[tuple[str, Callable[[Bed], object]]] = [
    ("robot stops or slows to a stop", lambda bed: bed.move("stopping", 0.4)),
    ("emergency stop pressed", lambda bed: bed.move("walk", 1.2, e_stop=True)),
    ("robot fault", lambda bed: bed.move("fault")),
    ("patient falls or hangs in the harness", fell),
    ("robot telemetry lost", telemetry_lost),
    ("stimulation fault", stimulation_fault),
]


@pytest.mark.parametrize(("event", "happen"), ROWS)
def test_coupled_stop(event: str, happen: Callable[[Bed], object]) -> None:
    bed = running()
    before = bed.robot
    n = len(bed.journal)
    happen(bed)
    bed.work()
    news = [envelope.event for envelope in bed.journal[n:]]
    assert any(isinstance(x, e.OffIntended) for x in news)
    assert bed.state.course.pause is not None, "the pulses pause"
    assert bed.state.course.pause.reason
    assert not bed.stim.enabled
    if event == "stimulation fault":
        assert bed.robot == before or bed.robot.phase == before.phase, "nothing was done to the robot"
    assert not [x for x in news if type(x).__name__.startswith("Robot") and not isinstance(x, e.RobotChanged)]


@pytest.mark.parametrize("phase", ["off", "fitting", "stopping", "fault", "unknown"])
def test_no_start_unless_standing_or_walking(phase: str) -> None:
    bed = bed_at("treatment")
    bed.walk()
    bed.move(phase)
    with pytest.raises(Refusal):
        bed.ask(c.StartStimulation())


def test_standing_is_enough_and_walking_has_to_be_steady() -> None:
    bed = bed_at("treatment")
    bed.move("walk", 1.2)
    bed.advance(29.0)
    with pytest.raises(Refusal, match="steady"):
        bed.ask(c.StartStimulation())
    bed.move("stand")
    bed.ask(c.StartStimulation())
    assert bed.events(e.TrainIntended)


def test_a_small_change_of_speed_is_still_steady() -> None:
    bed = bed_at("treatment")
    bed.move("walk", 1.0)
    bed.advance(20.0)
    bed.move("walk", 1.2)
    bed.advance(11.0)
    bed.ask(c.StartStimulation())
    assert bed.events(e.TrainIntended)


def test_robot_states_are_journalled_when_they_matter() -> None:
    bed = bed_at("treatment")
    bed.move("walk", 1.2)
    n = len(bed.events(e.RobotChanged))
    bed.advance(20.0)
    assert len(bed.events(e.RobotChanged)) == n, "the same again and again is no news"
    bed.move("walk", 0.9)
    assert len(bed.events(e.RobotChanged)) == n + 1


def test_an_alarm_is_raised_once_and_cleared_after_its_condition() -> None:
    bed = running()
    bed.move("walk", 1.2, e_stop=True)
    bed.advance(5.0)
    raised = [x for x in bed.events(e.AlarmRaised) if x.alarm == "robot_stop"]
    assert len(raised) == 1
    assert raised[0].priority == "high"
    bed.move("stand")
    bed.advance(0.5)
    assert "robot_stop" in bed.state.alarms, "gone for less than a second"
    bed.advance(2.0)
    assert "robot_stop" not in bed.state.alarms


def test_a_flicker_is_debounced() -> None:
    bed = bed_at("hotspot")
    bed.tick_s = 0.1
    bed.link(ok=False, role="emg")
    bed.advance(0.3)
    bed.link(ok=True, role="emg")
    bed.advance(2.0)
    assert "emg" not in [x.alarm for x in bed.events(e.AlarmRaised)]
    bed.link(ok=False, role="emg")
    bed.advance(1.0)
    assert "emg" in bed.state.alarms


def test_silence_counts_down_and_never_hides() -> None:
    bed = bed_at("treatment")
    bed.put(RecordTrouble("disk error", "see the disk"))
    bed.advance(2.0)
    bed.ask(c.SilenceAlarm(alarm="record"))
    (shown,) = [alarm for alarm in alarms.shown(bed.state, bed.now) if alarm.id == "record"]
    assert shown.silenced_s == 120.0
    bed.advance(100.0)
    (shown,) = [alarm for alarm in alarms.shown(bed.state, bed.now) if alarm.id == "record"]
    assert shown.silenced_s == pytest.approx(20.0)
    bed.advance(21.0)
    (shown,) = [alarm for alarm in alarms.shown(bed.state, bed.now) if alarm.id == "record"]
    assert shown.silenced_s is None
    bed.put(RecordTrouble(""))
    bed.advance(2.0)
    bed.put(RecordTrouble("disk error"))
    bed.advance(2.0)
    (shown,) = [alarm for alarm in alarms.shown(bed.state, bed.now) if alarm.id == "record"]
    assert shown.silenced_s is None, "silence belongs to one occurrence"


def test_some_alarms_cannot_be_silenced() -> None:
    bed = running()
    bed.move("walk", 1.2, e_stop=True)
    bed.advance(1.0)
    with pytest.raises(Refusal):
        bed.ask(c.SilenceAlarm(alarm="robot_stop"))
    assert not alarms.BY_ID["seizure"].silence


def test_highest_first() -> None:
    bed = running()
    bed.stim.temperature_c = 39.0
    bed.advance(2.0)
    bed.move("walk", 1.2, e_stop=True)
    bed.advance(2.0)
    order = [alarms.ORDER[alarm.priority] for alarm in alarms.shown(bed.state, bed.now)]
    assert order == sorted(order)
    assert order[0] == 0
    assert len(set(order)) > 1


def test_coil_heat_warns_pauses_and_lets_go_on_when_cool() -> None:
    bed = running()
    bed.stim.temperature_c = 38.5
    bed.advance(2.0)
    assert "coil_warm" in bed.state.alarms
    assert bed.state.course.running
    bed.stim.temperature_c = 41.0
    bed.advance(1.0)
    assert bed.state.course.pause is not None
    assert bed.state.course.pause.cause == "coil_heat"
    given = bed.state.ledger.course
    bed.stim.temperature_c = 39.0
    bed.advance(1.0)
    with pytest.raises(Refusal):
        bed.ask(c.ResumeStimulation())
    bed.stim.temperature_c = 37.0
    bed.advance(1.0)
    bed.ask(c.ResumeStimulation())
    bed.advance(3.0)
    assert bed.state.ledger.course > given
    bed.stim.temperature_c = 43.0
    bed.advance(2.0)
    assert bed.state.alarms["coil_stop"].priority == "high"


def test_loss_of_control_pauses_and_alarms() -> None:
    bed = running()
    bed.put(ControlLost("the kiosk does not answer any more"))
    bed.work()
    assert not bed.stim.enabled
    bed.advance(1.0)
    assert bed.state.alarms["control_lost"].priority == "high"
    bed.put(ControlBack())
    bed.advance(2.0)
    assert not bed.stim.enabled, "nothing restarts by itself"
    assert bed.state.course.pause is not None


def test_every_alarm_has_a_remedy_and_a_place_in_the_order() -> None:
    assert len(alarms.BY_ID) == len(alarms.TABLE)
    for definition in alarms.TABLE:
        assert definition.remedy
        assert definition.delay_s <= 1.0


def test_a_sensor_that_is_gone_is_said_and_stops_nothing() -> None:
    bed = running()
    lost = Health("lost", bed.now_ns, error="the radio link ended")
    bed.put(Heard("imu_foot_left", "imu", HealthChanged(bed.now_ns, lost)))
    bed.advance(4.0)
    assert bed.state.course.running
    raised = [x for x in bed.events(e.AlarmRaised) if x.alarm == "sensor"]
    assert [(x.priority, x.text) for x in raised] == [("low", "not heard: imu_foot_left")]
    bed.put(Heard("imu_foot_left", "imu", HealthChanged(bed.now_ns, Health("ok", bed.now_ns))))
    bed.advance(3.0)
    assert [x for x in bed.events(e.AlarmCleared) if x.alarm == "sensor"]
