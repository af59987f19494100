"""A stop that no answer confirmed, and the device's later word that it is disabled: nothing may be given twice."""

import pytest
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from tests.helpers.bed import THERAPIST, Bed
from tests.helpers.bed_ready import bed_at


def uncounted() -> Bed:
    """Before the treatment, with a stimulator that reports no pulse and has no counter."""
    bed = bed_at("treatment")
    stimulator = replace(bed.setup.devices["stimulator"], counts_pulses=False, max_pulses_per_train=1200)
    bed.setup = replace(bed.setup, devices={**bed.setup.devices, "stimulator": stimulator})
    bed.state = replace(bed.state, setup=bed.setup, baseline=None)
    bed.stim.counter = False
    bed.stim.swallow = set(range(1, 10_000))
    return bed


def stop_without_answer(bed: Bed) -> None:
    """STOP is asked and not confirmed; then the device says by itself that it is disabled."""
    bed.stim.fails = {"off"}
    bed.put(c.Stop(reason="STOP key"), THERAPIST)
    bed.work()
    assert bed.state.off_failed, "the fault fired"
    assert not bed.state.off_confirmed
    bed.stim.enabled, bed.stim.train_left = False, 0
    bed.status()
    assert bed.state.off_confirmed


def test_pulses_of_a_train_that_nobody_counts_are_worked_out_when_a_status_confirms_the_stop() -> None:
    bed = uncounted()
    bed.start()
    bed.advance(100.0)
    stop_without_answer(bed)
    (settled,) = bed.events(e.PulsesReconciled)
    assert settled.count in (100, 101)
    assert "no device counted" in settled.evidence
    assert bed.state.ledger.remaining == 1200 - settled.count
    bed.stim.fails = set()
    bed.ask(c.ResumeStimulation())
    bed.advance(1.0)
    trains = bed.events(e.TrainIntended)
    assert trains[-1].pulses * trains[-1].trains == 1200 - settled.count


@pytest.mark.parametrize("counter", [True, False])
def test_a_single_pulse_under_way_is_settled_or_uncertain_and_holds_nothing_up(counter: bool) -> None:
    bed = bed_at("threshold")
    bed.advance(6.0)
    given = bed.state.ledger.single
    bed.stim.counter = counter
    bed.stim.swallow = {bed.stim.fired + 1}
    bed.put(c.Fire(), THERAPIST)
    while bed.state.pending is None:
        bed._act(bed.todo.pop(0))
    bed.todo = []
    bed.stim.fired += 1
    stop_without_answer(bed)
    assert bed.state.pending is None
    bed.stim.fails = set()
    bed.advance(10.0)
    ledger = bed.state.ledger
    assert (ledger.single - given, ledger.uncertain_single) == ((1, 0) if counter else (0, 1))
    bed.stim.swallow = set()
    bed.ask(c.Fire())
    assert bed.events(e.PulseReported)[-1].purpose == "threshold"
