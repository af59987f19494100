"""Direct current at the bed: every gate taken out is caught, what was given is told, nothing starts by itself."""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.refusal import Refusal
from bedside.visit import commanded, current_run, rules
from bedside.visit.inputs import ActionFailed, ControlLost, DiskSpace, GuardSeen, RecordTrouble
from tests.helpers.bed import THERAPIST, same
from tests.helpers.bed_ready import bed_at
from tests.helpers.current_bed import CurrentBed, current_bed, current_part, with_current

COMMANDS = (c.PrepareCurrent(), c.StartCurrent(), c.StopCurrent())


def refused(bed: CurrentBed, command: c.AnyCommand) -> str:
    """Why the rules refuse a command; nothing may have been sent."""
    starts = bed.source.starts
    with pytest.raises(Refusal) as why:
        bed.ask(command)
    assert bed.source.starts == starts
    return why.value.reason


def ended(bed: CurrentBed) -> e.CurrentEnded:
    found = bed.events(e.CurrentEnded)
    assert len(found) == 1
    assert isinstance(found[0], e.CurrentEnded)
    return found[0]


@pytest.mark.parametrize(
    ("arm", "plateau_s", "sham", "planned_c", "whole_s"),
    [
        ("A", 200.0, False, 0.5375, 230),
        ("B", 30.0, True, 0.1125, 60),
        ("C", 1200.0, False, 3.0375, 1230),
        ("D", 30.0, True, 0.1125, 60),
    ],
)
def test_the_arm_decides_what_is_given_and_the_journal_holds_its_charge(arm, plateau_s, sham, planned_c, whole_s):
    bed = current_bed(arm).under()
    intents = [x for x in bed.events(e.CurrentIntended) if isinstance(x, e.CurrentIntended)]
    assert [x.action for x in intents] == ["prepare", "start"]
    assert {(x.plateau_s, x.sham, x.current_ma, x.ramp_s) for x in intents} == {(plateau_s, sham, 2.5, 15.0)}
    assert bed.events(e.CurrentStarted)
    bed.advance(whole_s - 5)
    assert not bed.events(e.CurrentEnded)
    bed.advance(10)
    told = ended(bed)
    assert (told.cause, told.planned_c) == ("complete", planned_c)
    assert told.given_c == pytest.approx(planned_c)
    assert told.plateau_c == pytest.approx(2.5e-3 * plateau_s, abs=0.003)
    assert told.ramps_c == pytest.approx(0.0375, abs=0.003)
    ledger = bed.state.currents[-1].ledger
    assert ledger.dose_c == (0.0 if sham else pytest.approx(planned_c))
    assert same(bed.fold(), bed.state)


def test_intents_are_durable_before_anything_is_asked_of_the_device():
    bed = current_bed()
    events = bed.put(c.PrepareCurrent(), THERAPIST)
    assert isinstance(events[0], e.CurrentIntended)
    assert bed.source.phase == "idle"
    bed.work()
    assert bed.source.phase == "prepared"


def test_a_study_without_direct_current_refuses_it_in_words():
    bed = bed_at("treatment")
    for command in COMMANDS[:2]:
        with pytest.raises(Refusal, match="this study gives no direct current"):
            bed.ask(command)
    with pytest.raises(Refusal, match="no electrical stimulation is under way"):
        bed.ask(COMMANDS[2])


GATES: dict[str, tuple[Callable[[CurrentBed], object], str]] = {
    "battery": (lambda bed: setattr(bed.source, "battery_pct", 29.0), "battery is at 29 %"),
    "battery not told": (lambda bed: setattr(bed.source, "battery_pct", None), "battery is not told"),
    "impedance": (lambda bed: setattr(bed.source, "kohm", 10.0), "impedance is 10.0 kOhm"),
    "impedance not told": (lambda bed: setattr(bed.source, "kohm", None), "impedance is not told"),
    "fault": (lambda bed: setattr(bed.source, "fault", "an electrode is off or dry"), "an electrode is off or dry"),
    "link": (lambda bed: bed.unplug(), "UNKNOWN - check device"),
    "not prepared": (lambda bed: setattr(bed.source, "phase", "idle"), "no direct current program is prepared"),
    "emergency stop": (lambda bed: bed.move("stand", e_stop=True), "emergency stop"),
    "control": (lambda bed: bed.put(ControlLost("the kiosk is gone")), "the kiosk is gone"),
    "guard": (lambda bed: bed.put(GuardSeen(ok=False, text="the guard is gone")), "the guard is gone"),
    "record": (lambda bed: bed.put(RecordTrouble("disk full")), "record cannot be written"),
    "disk": (lambda bed: bed.put(DiskSpace(10)), "disk"),
}


@pytest.mark.parametrize("gate", GATES)
def test_each_gate_taken_out_forbids_the_start(gate):
    change, words = GATES[gate]
    bed = current_bed().under(prepared=False)
    change(bed)
    bed.tell()
    assert words in refused(bed, c.StartCurrent())
    assert bed.source.starts == 0


def test_thirty_percent_of_battery_is_enough():
    bed = current_bed()
    bed.source.battery_pct = 30.0
    assert bed.under().source.starts == 1


def test_an_account_of_more_than_a_second_is_no_account():
    bed = current_bed().under(prepared=False)
    bed.now_ns += 1_200_000_000
    assert "UNKNOWN" in refused(bed, c.StartCurrent())


def test_the_skin_must_have_been_looked_at():
    bed = current_bed()
    skin = bed.state.answers["coil.electrode_skin"]
    bed.state = replace(bed.state, answers={**bed.state.answers, "coil.electrode_skin": replace(skin, value=False)})
    assert "skin" in refused(bed, c.PrepareCurrent())


def test_the_coil_step_cannot_be_left_without_the_look_at_the_skin():
    bed = current_bed(step="coil")
    bed.fill()
    bed.ask(c.Answer(step="coil", item="electrode_skin", value=False))
    with pytest.raises(Refusal, match="Skin under both electrodes"):
        bed.ask(c.NextStep())


def test_studies_without_current_do_not_ask_for_electrodes():
    assert "coil.electrode_skin" not in bed_at("treatment").state.answers


def test_above_the_ceiling_of_the_device_nothing_is_prepared():
    setup = with_current()
    device = setup.devices["current"]
    weaker = replace(device, options={**device.options, "max_current_ma": 2.4})
    bed = current_bed(setup=replace(setup, devices={**setup.devices, "current": weaker}))
    assert "2.5 mA is above the ceiling of 2.4 mA" in refused(bed, c.PrepareCurrent())


@pytest.mark.parametrize(("current_ma", "words"), [(2.6, "2.6 mA is above"), (4.1, "4.1 mA is above")])
def test_more_than_the_ceiling_is_refused_whatever_the_device_file_says(current_ma, words):
    part = current_part()
    presets = {name: replace(preset, current_ma=current_ma) for name, preset in part.presets.items()}
    setup = with_current(type(part)(part.study, presets))
    device = setup.devices["current"]
    bold = replace(device, options={**device.options, "max_current_ma": 9.0})
    bed = current_bed(setup=replace(setup, devices={**setup.devices, "current": bold}))
    assert words in refused(bed, c.PrepareCurrent())


def test_a_protocol_that_nobody_enabled_is_not_prepared():
    part = current_part()
    presets = {name: replace(preset, enabled=False) for name, preset in part.presets.items()}
    bed = current_bed(setup=with_current(type(part)(part.study, presets)))
    assert "not enabled" in refused(bed, c.PrepareCurrent())


def test_unsigned_timing_nobody_configured_nobody_signed_in():
    setup = with_current()
    unsigned = replace(setup, study=replace(setup.study, timing=replace(setup.study.timing, signed=None)))
    assert "not signed" in refused(current_bed(setup=unsigned), c.PrepareCurrent())
    alone = replace(setup, devices={name: d for name, d in setup.devices.items() if name != "current"})
    assert "no electrical stimulator" in refused(current_bed(setup=alone), c.PrepareCurrent())
    bed = current_bed()
    with pytest.raises(Refusal, match="nobody is signed in"):
        bed.put(c.PrepareCurrent(), None)


def test_it_belongs_to_its_steps_and_is_prepared_first():
    assert "belongs to" in refused(current_bed(step="fit"), c.PrepareCurrent())
    coil = current_bed(step="coil")
    coil.fill()
    coil.under(prepared=False)
    assert coil.source.phase == "prepared"
    assert "belongs to" in refused(coil, c.StartCurrent())
    assert "no direct current program is prepared" in refused(current_bed(), c.StartCurrent())


def test_a_record_without_an_arm_opens_no_visit_of_such_a_study():
    bed = CurrentBed()
    with pytest.raises(Refusal, match="names no arm"):
        bed.begin()


def test_it_is_not_given_twice_but_may_begin_again_after_a_stop_in_its_ramp():
    bed = current_bed().under()
    assert "under way" in refused(bed, c.PrepareCurrent())
    bed.ask(c.StopCurrent())
    bed.advance(3)
    assert ended(bed).cause == "stopped"
    bed.under()
    assert bed.source.starts == 2
    bed.advance(240)
    assert "given in this visit" in refused(bed, c.PrepareCurrent())


def test_a_normal_end_needs_nobody_and_leaves_the_pulses_alone():
    bed = current_bed().under()
    bed.advance(60)
    bed.put(c.StopCurrent(reason="patient's wish"), None)
    bed.work()
    bed.advance(3)
    told = ended(bed)
    assert (told.cause, told.reason) == ("stopped", "patient's wish")
    assert told.given_c == pytest.approx(2.5e-3 * (60.5 - 7.5), abs=0.005)
    assert not bed.events(e.OffIntended)[-1:] or bed.events(e.OffIntended)[-1].reason != "patient's wish"
    assert "no electrical stimulation" in refused(bed, c.StopCurrent())
    assert "given in this visit" in refused(bed, c.PrepareCurrent())


def test_stop_ends_it_and_says_why():
    bed = current_bed().under()
    bed.advance(30)
    bed.ask(c.Stop(reason="STOP key"))
    bed.advance(3)
    assert (ended(bed).cause, ended(bed).reason) == ("stopped", "STOP key")
    assert same(bed.fold(), bed.state)


def test_a_stop_before_the_start_asks_for_a_new_preparation():
    bed = current_bed().under(prepared=False)
    bed.ask(c.Stop(reason="STOP key"))
    bed.advance(1)
    assert "no direct current program is prepared" in refused(bed, c.StartCurrent())


def test_an_open_electrode_ramps_down_with_an_alarm_and_counts_what_flowed():
    bed = current_bed().under()
    bed.advance(60)
    bed.source.fault = "an electrode is off or dry"
    bed.source.stop(bed.now_ns)
    bed.tell()
    bed.advance(0.5)
    assert bed.state.alarms["current"].text == "electrical stimulator: an electrode is off or dry"
    bed.advance(3)
    assert (ended(bed).cause, ended(bed).reason) == ("fault", "an electrode is off or dry")
    assert 0.1 < ended(bed).given_c < 0.2


def test_a_dropped_link_is_unknown_alarmed_and_never_resumed():
    bed = current_bed().under()
    bed.advance(60)
    bed.unplug()
    bed.advance(1)
    assert "UNKNOWN - check device" in bed.state.alarms["current"].text
    assert bed.state.alarms["current"].priority == "high"
    bed.advance(30)
    assert not bed.events(e.CurrentEnded), "nobody knows"
    bed.plug()
    bed.advance(30)
    assert ended(bed).cause == "stopped"
    assert bed.source.starts == 1
    assert bed.source.phase == "idle"
    assert bed.state.currents[-1].ledger.unplaced_c > 0


@pytest.mark.parametrize("action", ["prepare", "start", "stop"])
def test_an_action_that_fails_is_told_and_switches_off(action):
    bed = current_bed()
    bed.source.fails = {action}
    bed.ask(c.PrepareCurrent())
    bed.advance(0.5)
    if action != "prepare":
        bed.ask(c.StartCurrent())
        bed.advance(0.5)
    if action == "stop":
        bed.ask(c.StopCurrent())
        bed.advance(0.5)
    found = bed.events(e.CurrentFailed)
    assert [x.action for x in found if isinstance(x, e.CurrentFailed)] == [action]
    if action == "prepare":
        assert "no direct current program is prepared" in refused(bed, c.StartCurrent())
    else:
        assert bed.events(e.OffIntended)[-1].reason == "no answer"
        bed.advance(3)
        assert bed.source.phase == "idle"


def test_a_start_that_is_told_late_is_counted_all_the_same():
    bed = current_bed().under(prepared=False)
    bed.put(c.StartCurrent(), THERAPIST)
    bed.todo = []
    bed.source.start(bed.now_ns)
    bed.put(ActionFailed("current_start", "it does not say that it started: stopped", "look at it"))
    bed.tell()
    bed.work()
    bed.advance(3)
    assert bed.events(e.CurrentStarted)
    assert ended(bed).cause == "stopped"


def test_an_early_end_that_nobody_asked_for_is_named():
    bed = current_bed().under()
    bed.advance(60)
    bed.source.stop(bed.now_ns)
    bed.advance(3)
    assert (ended(bed).cause, "gives no reason" in ended(bed).reason) == ("short", True)


def test_a_device_that_tells_no_charge_claims_none():
    bed = current_bed("B")
    bed.source.tells_charge = False
    bed.under()
    bed.advance(65)
    told = ended(bed)
    assert (told.cause, told.charge_told, told.given_c) == ("complete", False, 0.0)
    assert "no charge" in told.reason


# leaving


def test_the_treatment_is_not_left_while_current_flows():
    bed = current_bed("C")
    bed.treat()
    bed.fill()
    bed.under()
    assert "under way" in refused(bed, c.NextStep())
    assert "under way" in refused(current_bed().under(), c.PreviousStep())
    bed.ask(c.Stop(reason="STOP key"))
    bed.advance(3)
    bed.ask(c.NextStep())
    assert bed.state.step == "finish"


def test_ending_the_visit_switches_it_off_and_asks_how_it_was():
    bed = current_bed().under()
    bed.advance(30)
    bed.ask(c.EndVisit(reason="patient's wish"))
    bed.advance(3)
    assert bed.state.step == "aftercare"
    assert ended(bed).cause == "stopped"


def test_a_lost_device_does_not_lock_the_patient_in():
    bed = current_bed()
    bed.treat()
    bed.fill()
    bed.under()
    bed.unplug()
    bed.advance(2)
    bed.ask(c.NextStep())
    assert bed.state.step == "finish"
    assert "current" in bed.state.alarms


def test_no_visit_is_opened_while_it_flows():
    bed = CurrentBed()
    bed.link(ok=True, role="current")
    bed.source.phase = "plateau"
    bed.hear(bed.source.status(bed.now_ns), "current")
    bed.work()
    with pytest.raises(Refusal, match="current flows"):
        bed.begin()


def test_after_a_crash_it_is_off_and_what_flowed_unheard_is_kept_apart():
    bed = current_bed().under()
    bed.advance(100)
    heard_c = bed.state.currents[-1].ledger.given_c
    bed.source.stop(bed.now_ns)
    bed.source.charge_c += 0.01
    bed.crash(30.0)
    bed.link(ok=True, role="current")
    bed.advance(3)
    told = ended(bed)
    assert (told.cause, bed.source.starts) == ("stopped", 1)
    assert 0.0 <= told.given_c - heard_c - 0.01 < 0.05 + 0.01
    assert told.unplaced_c > 0


def test_the_planned_end_of_the_pulses_leaves_the_current_alone():
    bed = current_bed("C")
    bed.start()
    bed.advance(300)
    bed.under()
    while bed.state.course.ended is None:
        bed.advance(10)
    bed.advance(5)
    assert bed.state.course.ended.cause == "complete"
    assert bed.state.off_confirmed
    assert bed.source.phase == "plateau"
    bed.advance(400)
    assert ended(bed).cause == "complete"
    bed.next()


# what the rules would let through without their gates


def test_without_its_gates_a_start_goes_through(monkeypatch):
    """The gates are what refuses: with them taken out the same story starts the current."""
    monkeypatch.setattr(current_run, "_pass", lambda gates: None)
    bed = current_bed().under(prepared=False)
    bed.source.battery_pct = 29.0
    bed.tell()
    bed.ask(c.StartCurrent())
    assert bed.source.starts == 1


def test_without_shared_conditions_a_start_goes_through(monkeypatch):
    monkeypatch.setattr(current_run, "CONDITIONS", ())
    bed = current_bed().under(prepared=False)
    bed.put(GuardSeen(ok=False, text="gone"))
    events = rules.decide(rules.observe(bed.state, c.StartCurrent(), bed.now), c.StartCurrent(), bed.now, THERAPIST)
    assert isinstance(events[0], e.CurrentIntended)
    assert commanded.SIGNED_IN[c.StartCurrent]
