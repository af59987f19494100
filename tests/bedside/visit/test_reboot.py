"""The box itself starts anew, and visit time with it: nothing is given twice, and nothing waits for the old clock."""

import pytest

from bedside import commands as c
from bedside import events as e
from bedside.refusal import Refusal
from bedside.visit import current_run, trigger
from bedside.visit.inputs import SignedInPerson
from tests.helpers.bed import NS, THERAPIST, same
from tests.helpers.current_bed import CurrentBed, current_bed
from tests.helpers.paired_bed import paired_bed


def reboot(bed: CurrentBed) -> None:
    """The power is cut: the device forgets its program, the clock begins at 5 s, a person resumes."""
    bed.source.phase, bed.source.program, bed.source.charge_c = "idle", None, 0.0
    before_ns = bed.now_ns
    bed.crash(clock_restarts=True)
    assert bed.now_ns < before_ns, "the clock restarted"
    for role in ("stimulator", "emg", "robot", "current"):
        bed.link(ok=True, role=role)
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
