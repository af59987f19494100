"""Pulses that the electrical stimulator triggers: whole courses of every arm, and everything that ends both."""

from collections.abc import Callable
from dataclasses import replace as changed
from itertools import pairwise

import pytest
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.config import load_participant
from bedside.refusal import Refusal
from bedside.visit import dose, interlocks, trigger
from bedside.visit.inputs import ControlLost, Heard, History, ParticipantFound
from bedside.visit.view import picture
from hal.device import Health, HealthChanged
from tests.helpers.bed import CONFIGS, NS, RECORD, same
from tests.helpers.paired_bed import STUDY, PairedBed, paired, paired_bed

FLOWS = ("ramp_up", "plateau")


def refused(bed: PairedBed, command: c.AnyCommand) -> str:
    with pytest.raises(Refusal) as why:
        bed.ask(command)
    return why.value.reason


def ended(bed: PairedBed) -> e.StimulationEnded:
    (found,) = bed.events(e.StimulationEnded)
    assert isinstance(found, e.StimulationEnded)
    return found


def fired(bed: PairedBed) -> int:
    """Pulses of the course that the stimulator gave."""
    return bed.stim.fired - bed.state.ledger.single


# whole courses


@pytest.mark.parametrize("arm", "ABCD")
def test_a_whole_course_of_every_arm_counts_the_same_at_all_three_places(arm: str) -> None:
    bed = paired_bed(arm).go()
    bed.advance(240)
    assert (bed.source.sent, fired(bed), bed.state.ledger.course) == (600, 600, 600)
    (train,) = bed.events(e.TrainEnded)
    assert train == e.TrainEnded(reported=600, lost=0, triggers=600)
    assert (ended(bed).cause, ended(bed).delivered, ended(bed).uncertain) == ("complete", 600, 0)
    sham_tms, sham_tes = arm in "CD", arm in "BD"
    assert (bed.state.ledger.delivered, bed.state.ledger.sham_pulses) == ((0, 600) if sham_tms else (600, 0))
    bed.advance(1000)
    (current,) = bed.events(e.CurrentEnded)
    assert isinstance(current, e.CurrentEnded)
    assert (current.cause, current.triggers) == ("complete", 600)
    assert bed.state.currents[-1].ledger.dose_c == (0.0 if sham_tes else pytest.approx(current.planned_c))
    assert current.planned_c == pytest.approx({"A": 0.5375, "B": 0.1125, "C": 3.0375, "D": 0.1125}[arm])
    assert not bed.events(e.StimulationPaused)
    assert set(bed.state.alarms) == {"pressure_due"}, "nobody measured it here"
    assert same(bed.fold(), bed.state)


def test_the_magnetic_side_follows_before_it_is_armed_and_is_armed_before_the_current_starts() -> None:
    bed = paired_bed()
    n = len(bed.journal)
    bed.go()
    kinds = (e.CurrentIntended, e.AmplitudeIntended, e.ArmIntended, e.TrainIntended)
    told = [x.event for x in bed.journal[n:] if isinstance(x.event, kinds)]
    assert [type(event).__name__ for event in told] == [
        "CurrentIntended",
        "AmplitudeIntended",
        "ArmIntended",
        "TrainIntended",
        "CurrentIntended",
    ]
    assert [event.action for event in told if isinstance(event, e.CurrentIntended)] == ["prepare", "start"]
    assert all(event.follow_trigger for event in told if isinstance(event, e.AmplitudeIntended))
    (train,) = [event for event in told if isinstance(event, e.TrainIntended)]
    assert (train.triggered, train.burst_pulses, train.pulses, train.trains) == (True, 3, 10, 20)


def test_pulses_begin_with_the_plateau_and_keep_the_published_times() -> None:
    bed = paired_bed().go()
    assert not bed.events(e.StimulationStarted)
    bed.advance(230)
    begun = next(x.mono_ns for x in bed.journal if isinstance(x.event, e.CurrentSaid) and x.event.phase == "plateau")
    pulses = [
        x.mono_ns - begun
        for x in bed.journal
        if isinstance(x.event, e.PulseReported) and x.event.purpose == "treatment"
    ]
    levels = paired().presets["itbs_600"].levels
    assert pulses == pytest.approx([us * 1000 for us in dose.pulse_times_us(levels)], abs=1)
    assert all(later > earlier for earlier, later in pairwise(pulses))
    assert len(bed.events(e.StimulationStarted)) == 1


def test_the_whole_visit_has_no_robot_and_ends_with_cycling() -> None:
    bed = paired_bed().go()
    bed.advance(240)
    while bed.state.step != "signoff":
        bed.next()
    bed.sign()
    assert bed.state.closed is not None
    assert bed.state.closed.outcome == "complete"
    assert "fit" not in bed.state.done
    assert bed.state.setup.study.robot is None
    assert bed.state.answer("finish", "cycled_min") is not None
    assert "coil.operator_robot" not in bed.state.answers


# before a start


def test_nothing_starts_before_the_current_is_prepared() -> None:
    bed = paired_bed()
    assert "no direct current program is prepared" in refused(bed, c.StartStimulation())
    bed.ask(c.PrepareCurrent())
    bed.advance(0.5)
    assert "both are started together" in refused(bed, c.StartCurrent())
    assert bed.source.starts == 0


GATES: dict[str, tuple[Callable[[PairedBed], object], str]] = {
    "battery": (lambda bed: setattr(bed.source, "battery_pct", 29.0), "battery is at 29 %"),
    "impedance": (lambda bed: setattr(bed.source, "kohm", 10.0), "impedance is 10.0 kOhm"),
    "link": (lambda bed: bed.unplug(), "UNKNOWN - check device"),
    "gone": (lambda bed: setattr(bed.source, "phase", "idle"), "no direct current program is prepared"),
}


@pytest.mark.parametrize("gate", GATES)
def test_each_gate_of_the_current_keeps_the_pulses_back_too(gate: str) -> None:
    change, words = GATES[gate]
    bed = paired_bed()
    bed.ask(c.PrepareCurrent())
    bed.advance(0.5)
    change(bed)
    bed.tell()
    assert words in refused(bed, c.StartStimulation())
    assert (bed.source.starts, bed.stim.enabled) == (0, False)


def test_another_pattern_than_the_protocols_is_not_started() -> None:
    bed = paired_bed()
    bed.ask(c.PrepareCurrent())
    bed.advance(0.5)
    levels = replace(paired().presets["itbs_600"].levels, trains=19)
    presets = {**bed.setup.presets, "itbs_600": replace(bed.setup.presets["itbs_600"], levels=levels)}
    bed.state = replace(bed.state, setup=replace(bed.setup, presets=presets))
    assert interlocks.BY_ID["pair"].problem(bed.state, bed.now) == (
        "the electrical stimulator triggers other pulses than the protocol's"
    )


def test_a_record_whose_coil_and_arm_disagree_opens_no_visit() -> None:
    bed = PairedBed()
    record = replace(RECORD, study=STUDY, arm="C", tms="active", preset="itbs_600")
    with pytest.raises(Refusal, match="arm and its coil placement do not agree") as why:
        bed.begin_with(ParticipantFound(record, History(session=5)))
    assert not {"C", "sham", "active"} & set(f"{why.value.reason} {why.value.remedy}".split())


def test_the_shipped_participant_of_the_demonstration_belongs_to_its_arm() -> None:
    record = load_participant(CONFIGS / "demo" / f"{STUDY}.toml")
    part = paired().current
    assert part is not None
    assert (record.study, record.tms) == (STUDY, part.study.arms[record.arm].tms)


# what ends both

OPEN = "an electrode is off or dry"


def open_electrode(bed: PairedBed) -> None:
    bed.source.fault = OPEN
    bed.source.stop(bed.now_ns)


def ended_early(bed: PairedBed) -> None:
    bed.source.stop(bed.now_ns)


def panel(bed: PairedBed) -> None:
    bed.stim.enabled = False
    bed.status()


def other_control(bed: PairedBed) -> None:
    bed.follows = False
    bed.status()


def stimulator_gone(bed: PairedBed) -> None:
    bed.stim.linked = False
    health = Health("lost", bed.now_ns, None, "cable out", "plug it")
    bed.put(Heard("stimulator", "stimulator", HealthChanged(bed.now_ns, health)))


BREAKS: dict[str, tuple[Callable[[PairedBed], object], str, str]] = {
    "stop": (lambda bed: bed.ask(c.Stop(reason="STOP key")), "stop", "STOP key"),
    "current stopped": (lambda bed: bed.ask(c.StopCurrent(reason="tingling")), "current_stopped", "tingling"),
    "current lost": (lambda bed: bed.unplug(), "trigger_master", "not heard"),
    "open electrode": (open_electrode, "trigger_master", OPEN),
    "ended early": (ended_early, "trigger_master", "ended after"),
    "cable": (lambda bed: setattr(bed, "cable", False), "trigger_count", "pulses were counted"),
    "panel": (panel, "enabled", "front panel"),
    "control": (other_control, "trigger_input", "does not follow"),
    "kiosk": (lambda bed: bed.put(ControlLost("the kiosk is gone")), "control", "the kiosk is gone"),
    "stimulator lost": (stimulator_gone, "stimulator_link", "cable out"),
}


def broken(name: str, arm: str = "A") -> PairedBed:
    """Three seconds after something went wrong: during the current, or in arm B when only triggers are left."""
    bed = paired_bed(arm).go().to_pulses(100 if arm == "A" else 400)
    BREAKS[name][0](bed)
    bed.work()
    bed.advance(3.0)
    return bed


@pytest.mark.parametrize("arm", "AB")
@pytest.mark.parametrize("name", BREAKS)
def test_whatever_goes_wrong_ends_both_and_is_said(name: str, arm: str) -> None:
    bed = broken(name, arm)
    cause, words = BREAKS[name][1:]
    (pause,) = bed.events(e.StimulationPaused)
    assert isinstance(pause, e.StimulationPaused)
    assert pause.cause == cause
    assert words in pause.reason
    assert not bed.source.due, "no trigger follows"
    if name != "stimulator lost":
        assert not bed.stim.enabled
    if name != "current lost":
        assert bed.source.phase not in FLOWS
    given = fired(bed)
    bed.stim.linked = True
    bed.link(ok=True)
    bed.status()
    bed.advance(30.0)
    assert fired(bed) == given, "nothing goes on by itself"
    assert words in ended(bed).reason
    assert "stimulation" in refused(bed, c.ResumeStimulation())
    assert ended(bed).delivered <= given <= ended(bed).delivered + ended(bed).uncertain
    assert same(bed.fold(), bed.state)


@pytest.mark.parametrize("name", ["current lost", "open electrode", "ended early", "cable", "control"])
def test_a_pair_that_broke_is_a_high_alarm_until_the_step_is_left(name: str) -> None:
    bed = broken(name)
    alarm = bed.state.alarms["trigger"]
    assert (alarm.priority, BREAKS[name][2] in alarm.text) == ("high", True)
    assert "both stimulators were stopped" in alarm.text


def test_a_cable_that_was_never_plugged_gives_no_pulse_and_says_so() -> None:
    bed = paired_bed()
    bed.cable = False
    bed.go()
    bed.advance(25.0)
    (pause,) = bed.events(e.StimulationPaused)
    assert isinstance(pause, e.StimulationPaused)
    assert pause.cause == "trigger_count"
    assert bed.source.sent > 0
    assert (fired(bed), bed.state.ledger.course, ended(bed).uncertain) == (0, 0, 0)
    assert ended(bed).cause == "fault"


def test_the_magnetic_off_frame_is_written_first() -> None:
    from bedside.station.actuator import Actuator

    written: list[str] = []

    class Device:
        def __init__(self, name: str) -> None:
            self.name = name

        def off_now(self) -> None:
            written.append(self.name)

    actuator = Actuator(Device("magnetic"), lambda _: None, Device("electrical"))  # type: ignore[arg-type]
    actuator.hold()
    assert written == ["magnetic", "electrical"]


@pytest.mark.parametrize(
    ("name", "row_id"), [("ended early", "trigger_master"), ("control", "trigger_input"), ("cable", "trigger_count")]
)
def test_the_same_stories_see_a_missing_interlock(name: str, row_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tuple(row for row in interlocks.TABLE if row.id != row_id)
    assert len(kept) == len(interlocks.TABLE) - 1
    monkeypatch.setattr(interlocks, "TABLE", kept)
    bed = broken(name)
    assert row_id not in [pause.cause for pause in bed.events(e.StimulationPaused)]  # type: ignore[attr-defined]


def test_without_the_pair_interlock_it_would_start_unprepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interlocks, "TABLE", tuple(row for row in interlocks.TABLE if row.id != "pair"))
    bed = paired_bed()
    events = bed.put(c.StartStimulation(), bed.state.person)
    assert isinstance(events[0], e.AmplitudeIntended)


# counts


def test_one_lost_report_is_told_and_settled_by_the_counter() -> None:
    bed = paired_bed()
    bed.stim.swallow = {bed.stim.fired + 300}
    bed.go()
    bed.advance(240)
    (train,) = bed.events(e.TrainEnded)
    assert train == e.TrainEnded(reported=599, lost=1, triggers=600)
    assert any(off.reason == "1 of 600 pulses were not reported" for off in bed.events(e.OffIntended))  # type: ignore[attr-defined]
    (settled,) = bed.events(e.PulsesReconciled)
    assert isinstance(settled, e.PulsesReconciled)
    assert (settled.count, ended(bed).delivered) == (1, 600)


def test_a_device_that_reports_once_a_burst_is_counted_by_its_counter() -> None:
    bed = paired_bed()
    bed.stim.swallow = {bed.stim.fired + n for n in range(1, 601) if n % 3 != 1}
    bed.go()
    bed.advance(240)
    assert not bed.events(e.StimulationPaused)
    assert (ended(bed).cause, ended(bed).delivered) == ("complete", 600)


def test_without_counter_or_reports_nobody_claims_the_pulses() -> None:
    bed = paired_bed()
    bed.stim.counter = False
    bed.state = replace(bed.state, baseline=None)
    bed.stim.swallow = {bed.stim.fired + n for n in range(1, 601) if n % 3 != 1}
    bed.go()
    bed.advance(60)
    assert ended(bed).cause == "fault"
    assert ended(bed).delivered <= fired(bed) <= ended(bed).delivered + ended(bed).uncertain


def test_a_foot_on_the_switch_is_a_pulse_that_nobody_triggered() -> None:
    bed = paired_bed().go().to_pulses(30)
    for _ in range(4):
        bed.pulse()
    bed.advance(2.0)
    assert bed.events(e.StimulationPaused)[-1].cause == "trigger_count"  # type: ignore[attr-defined]
    assert not bed.stim.enabled


def test_a_pulse_in_the_ramp_is_nobodys_and_ends_both() -> None:
    bed = paired_bed().go()
    bed.advance(5.0)
    bed.pulse()
    bed.advance(1.0)
    assert bed.events(e.StimulationPaused)[-1].cause == "unasked_pulse"  # type: ignore[attr-defined]
    assert (bed.state.ledger.course, bed.state.ledger.unasked) == (0, 1)
    assert (bed.stim.enabled, bed.source.due) == (False, [])


def test_a_first_pulse_may_be_told_before_the_plateau_is() -> None:
    bed = paired_bed().go()
    bed.advance(14.2)
    assert bed.source.phase == "ramp_up"
    bed.pulse()
    assert (bed.state.ledger.course, bed.state.ledger.unasked) == (1, 0)


def test_the_intensity_is_lowered_as_it_runs() -> None:
    bed = paired_bed().go().to_pulses(60)
    bed.ask(c.LowerIntensity(to_pct_mso=38, reason="tolerance"))
    bed.advance(230)
    assert not bed.events(e.StimulationPaused)
    assert (ended(bed).cause, fired(bed), bed.source.starts) == ("complete", 600, 1)
    reported = [x for x in bed.events(e.PulseReported) if isinstance(x, e.PulseReported) and x.course is not None]
    assert {x.amplitude_pct_mso for x in reported[:60]} == {41}
    assert {x.amplitude_pct_mso for x in reported[60:]} == {38}
    with pytest.raises(Refusal):
        bed.ask(c.LowerIntensity(to_pct_mso=30, reason="too late"))
    assert same(bed.fold(), bed.state)


def test_an_intensity_that_is_not_lowered_ends_both() -> None:
    bed = paired_bed().go().to_pulses(60)
    bed.stim.fails = {"amplitude"}
    bed.ask(c.LowerIntensity(to_pct_mso=38, reason="tolerance"))
    bed.stim.fails = set()
    bed.advance(5.0)
    assert (bed.stim.enabled, bed.source.due) == (False, [])
    assert ended(bed).cause == "aborted"


# again, in the same visit


def test_a_stop_in_the_ramp_gives_no_pulse_and_may_begin_again() -> None:
    bed = paired_bed().go()
    bed.advance(5.0)
    bed.ask(c.Stop(reason="STOP key"))
    bed.advance(6.0)
    assert (fired(bed), bed.state.course.ended) == (0, None)
    assert "no direct current program is prepared" in refused(bed, c.ResumeStimulation())
    bed.ask(c.PrepareCurrent())
    bed.advance(0.5)
    bed.ask(c.ResumeStimulation())
    bed.advance(240)
    assert (fired(bed), ended(bed).delivered, ended(bed).cause) == (600, 600, "complete")


def test_a_start_of_the_current_that_fails_ends_the_pulses_unbegun() -> None:
    bed = paired_bed()
    bed.source.fails = {"start"}
    bed.go()
    bed.advance(2.0)
    assert not bed.stim.enabled
    assert (bed.source.starts, fired(bed)) == (0, 0)
    assert bed.state.course.pause is not None
    assert bed.state.course.pause.cause == "current"


def test_after_a_crash_in_mid_train_both_are_off_and_nothing_resumes() -> None:
    bed = paired_bed().go().to_pulses(90)
    bed.source.stop(bed.now_ns)
    bed.crash(20.0)
    bed.link(ok=True, role="current")
    bed.tell()
    bed.advance(10.0)
    assert "interrupted" in refused(bed, c.ResumeStimulation())
    assert bed.state.ledger.course <= 90 <= bed.state.ledger.course + bed.state.ledger.uncertain_course
    assert same(bed.fold(), bed.state)


# blinding


@pytest.mark.parametrize("arms", ["AB", "CD"])
def test_who_is_blinded_sees_the_same_of_sham_and_active_current(arms: str) -> None:
    shown: list[list[object]] = []
    for arm in arms:
        bed = paired_bed(arm)
        seen: list[object] = []
        bed.go()
        for _ in range(60):
            bed.advance(4.0)
            seen.append(picture(bed.state, bed.now, "observe"))
        shown.append(seen)
    assert shown[0] == shown[1]


def test_triggers_and_pulses_are_never_taken_for_each_other() -> None:
    bed = paired_bed().go().to_pulses(60)
    bed.tell()
    assert (trigger.sent(bed.state), trigger.counted(bed.state)) == (60, 60)
    bed.cable = False
    bed.to_pulses(64)
    bed.tell()
    assert (trigger.sent(bed.state), trigger.counted(bed.state)) == (64, 60)
    gap = bed.state.live.gap
    assert gap is not None
    assert (gap.of, gap.value, gap.since_ns > bed.now_ns - NS) == ("triggers", 64, True)


def test_words_that_come_late_are_no_missing_pulses() -> None:
    """The electrical stimulator's account is half a second old whenever it is heard, as on a busy machine."""
    bed = paired_bed().go()
    bed.advance(14.0)
    told = bed.source.status
    late: list[tuple[int, int]] = []

    def delayed(now_ns: int) -> object:
        late.append((now_ns, bed.source.sent))
        known = [sent for at_ns, sent in late if at_ns <= now_ns - NS // 2]
        return changed(told(now_ns), triggers=known[-1] if known else 0)

    bed.source.status = delayed  # type: ignore[method-assign,assignment]
    bed.advance(230)
    assert not bed.events(e.StimulationPaused)
    assert (ended(bed).cause, ended(bed).delivered) == ("complete", 600)
