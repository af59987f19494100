"""The box itself starts anew, and visit time with it: nothing is given twice, and nothing waits for the old clock."""

import pytest
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.refusal import Refusal
from bedside.visit import current_run, trigger
from bedside.visit.inputs import SignedInPerson
from tests.helpers.bed import NS, THERAPIST, Bed, same
from tests.helpers.bed_ready import bed_at
from tests.helpers.current_bed import CurrentBed, current_bed
from tests.helpers.paired_bed import paired_bed


def reboot(bed: Bed) -> None:
    """The power is cut: the devices forget what they did, the clock begins at 5 s, a person resumes."""
    if isinstance(bed, CurrentBed):
        bed.source.phase, bed.source.program, bed.source.charge_c = "idle", None, 0.0
    before_ns = bed.now_ns
    bed.crash(clock_restarts=True)
    assert bed.now_ns < before_ns, "the clock restarted"
    for role in ("stimulator", "emg", "robot", "current"):
        bed.link(ok=True, role=role)
    if isinstance(bed, CurrentBed):
        bed.tell()
    bed.put(SignedInPerson(THERAPIST))
    bed.ask(c.ConfirmResume())
    bed.advance(6.0)


@pytest.mark.parametrize("ran_s", [4.0, 100.0, 900.0])
def test_current_that_was_under_way_counts_as_given(ran_s: float) -> None:
    bed = current_bed("C").under()
    bed.advance(ran_s)
    reboot(bed)
    run = trigger.spent(bed.state)
    assert run is not None
    assert run.unsure
    assert not current_run.under_way(bed.state)
    with pytest.raises(Refusal, match="may have been given"):
        bed.ask(c.PrepareCurrent())
    assert same(bed.fold(), bed.state)


def test_current_that_was_asked_for_and_not_yet_heard_counts_as_given() -> None:
    bed = current_bed("C").under(prepared=False)
    bed.put(c.StartCurrent(), THERAPIST)
    bed.todo = []
    assert bed.state.currents[-1].started_ns is None
    reboot(bed)
    with pytest.raises(Refusal, match="may have been given"):
        bed.ask(c.PrepareCurrent())


def test_a_crash_within_the_ramp_that_leaves_the_clock_is_no_program() -> None:
    bed = current_bed("C").under()
    bed.advance(4.0)
    bed.source.stop(bed.now_ns)
    bed.crash(3.0)
    assert trigger.spent(bed.state) is None


def test_the_devices_own_charge_tells_what_the_clock_does_not() -> None:
    bed = current_bed("C").under()
    bed.advance(4.0)
    bed.source.stop(bed.now_ns)
    bed.source.charge_c = 0.2
    bed.crash(3.0)
    bed.link(ok=True, role="current")
    bed.tell()
    assert trigger.spent(bed.state) is not None


def test_a_program_that_was_over_stays_over() -> None:
    bed = current_bed("A").under()
    bed.advance(240.0)
    assert bed.events(e.CurrentEnded)
    shown = current_run.shown(bed.state, bed.now_ns)
    assert shown.text == "ended"
    reboot(bed)
    assert current_run.shown(bed.state, bed.now_ns) == shown
    current_run.demand_over(bed.state)
    with pytest.raises(Refusal, match="was given"):
        bed.ask(c.PrepareCurrent())


def test_a_device_that_runs_on_is_told_to_stop_once_not_at_every_look() -> None:
    bed = current_bed("C").under()
    bed.advance(100.0)
    bed.crash(clock_restarts=True)
    bed.source.since_ns = bed.now_ns - 100 * NS
    bed.source.phase, bed.source.program = "ramp_down", None
    bed.link(ok=True, role="current")
    offs = len(bed.events(e.OffIntended))
    for _ in range(5):
        bed.now_ns += NS // 10
        bed.hear(bed.source.status(bed.now_ns), "current")
        bed.work()
    assert len(bed.events(e.OffIntended)) == offs


def test_a_pair_that_ran_is_over() -> None:
    bed = paired_bed().go().to_pulses(90)
    reboot(bed)
    bed.advance(10.0)
    (ended,) = bed.events(e.StimulationEnded)
    assert isinstance(ended, e.StimulationEnded)
    assert ended.delivered + ended.uncertain >= 90
    with pytest.raises(Refusal):
        bed.ask(c.PrepareCurrent())


def test_the_treatment_starts_after_the_last_single_pulse_of_the_old_clock() -> None:
    bed = bed_at("treatment")
    assert bed.state.singles
    reboot(bed)
    bed.start()
    assert bed.state.course.running


def test_a_sweep_that_nobody_measured_is_missing_soon_and_the_hunt_goes_on() -> None:
    bed = bed_at("threshold")
    bed.advance(6.0)
    bed.quiet_emg = True
    bed.ask(c.Fire())
    assert bed.state.singles[-1].awaits_sweep, "the fault fired"
    bed.quiet_emg = False
    reboot(bed)
    assert bed.state.singles[-1].missing
    bed.advance(5.0)
    bed.ask(c.Fire())


def test_an_armed_stimulator_that_nobody_uses_is_switched_off_after_a_reboot_too() -> None:
    bed = bed_at("threshold")
    reboot(bed)
    bed.state = replace(bed.state, armed=True, off_confirmed=False)
    bed.stim.enabled, bed.stim.amplitude = True, bed.state.asked_pct_mso or 0
    bed.advance(130.0)
    assert not bed.state.armed
    off = bed.events(e.OffIntended)[-1]
    assert isinstance(off, e.OffIntended)
    assert "not used" in off.reason


def test_a_doubt_is_settled_after_the_reboot_not_when_the_old_time_comes_again() -> None:
    bed = bed_at("treatment")
    bed.stim.counter = False
    bed.start()
    bed.advance(50.2)
    bed.link(ok=False)
    assert bed.state.unsettled is not None
    bed.stim.linked = True
    reboot(bed)
    assert bed.state.unsettled is None
    (doubt,) = bed.events(e.PulsesUncertain)
    assert isinstance(doubt, e.PulsesUncertain)
    assert doubt.at_most == 1200 - bed.state.ledger.course, "no clock bounds it"


def test_a_silenced_alarm_sounds_again() -> None:
    bed = bed_at("treatment")
    bed.stim.temperature_c = 39.0
    bed.advance(2.0)
    bed.ask(c.SilenceAlarm(alarm="coil_warm"))
    assert bed.state.alarms["coil_warm"].silent_until_ns > bed.now_ns
    reboot(bed)
    alarm = bed.state.alarms["coil_warm"]
    assert alarm.silent_until_ns < bed.now_ns
    assert alarm.since_ns <= bed.now_ns
