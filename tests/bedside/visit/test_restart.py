"""The station dies at any moment: the fold of the journal is the state, the count is the device's, nothing restarts."""

import random

import msgspec
import pytest

from bedside import commands as c
from bedside import events as e
from bedside.visit.inputs import SignedInPerson, Started
from bedside.visit.rules import Refusal
from tests.helpers.bed import THERAPIST, Bed, same
from tests.helpers.bed_ready import bed_at


def resume(bed: Bed) -> None:
    bed.put(SignedInPerson(THERAPIST))
    bed.ask(c.ConfirmResume())
    bed.advance(6.0)


@pytest.mark.parametrize(
    ("gap_s", "words"),
    [
        (None, "the station was restarted"),
        (0.2, "the station was restarted and was away for less than 1 s"),
        (12.4, "the station was restarted and was away for at most 12 s"),
        (1800.0, "the station was restarted and was away for at most 30 min"),
        (86400.0, "the station was restarted and was away for at most 24 h"),
    ],
)
def test_how_long_it_was_away_is_said_as_far_as_the_journal_tells(gap_s: float | None, words: str) -> None:
    bed = bed_at("treatment")
    bed.put(Started(gap_s))
    assert bed.events(e.VisitInterrupted)[-1].reason == words


@pytest.mark.parametrize("seed", range(8))
def test_killed_at_random_moments_the_count_is_the_devices(seed: int) -> None:
    rng = random.Random(seed)
    bed = bed_at("treatment")
    bed.tick_s = 1.0
    bed.start()
    for _ in range(3):
        bed.advance(rng.uniform(1.0, 250.0))
        bed.crash(gap_s=rng.uniform(0.1, 60.0), guard_after=rng.randint(0, 1), clock_restarts=rng.random() < 0.3)
        assert not bed.stim.enabled
        assert bed.state.interrupted is not None
        with pytest.raises(Refusal):
            bed.ask(c.ResumeStimulation())
        resume(bed)
        if bed.state.course.ended is None:
            bed.advance(31.0)
            bed.ask(c.ResumeStimulation())
    bed.advance(1300.0)
    ended = bed.events(e.StimulationEnded)[-1]
    assert ended.cause == "complete"
    assert bed.stim.fired == bed.state.ledger.course + bed.state.ledger.single
    assert bed.state.ledger.course == 1200
    assert bed.state.ledger.uncertain_course == 0
    assert same(bed.fold(), bed.state)


def test_unheard_pulses_are_settled_from_the_counter() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(100.2)
    bed.crash(guard_after=1)
    assert "more pulses may have been given" in bed.state.interrupted.uncertain
    assert "101 of 1200" in bed.state.interrupted.certain
    (settled,) = bed.events(e.PulsesReconciled)
    assert (settled.count, settled.purpose, settled.unasked) == (1, "treatment", 0)
    resume(bed)
    assert bed.state.ledger.course == 102
    assert bed.state.ledger.remaining == 1098


def test_without_a_counter_the_doubt_stays_and_is_never_given_again() -> None:
    bed = bed_at("treatment")
    bed.stim.counter = False
    bed.start()
    bed.advance(100.2)
    bed.crash(gap_s=4.0, guard_after=1)
    resume(bed)
    (doubt,) = bed.events(e.PulsesUncertain)
    assert 1 <= doubt.at_most <= 8
    ledger = bed.state.ledger
    assert ledger.remaining == 1200 - ledger.course - doubt.at_most
    bed.advance(31.0)
    bed.ask(c.ResumeStimulation())
    bed.advance(1300.0)
    ended = bed.events(e.StimulationEnded)[-1]
    assert ended.delivered + ended.uncertain == 1200
    assert bed.stim.fired - ledger.single <= 1200


def test_another_device_proves_nothing() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(50.0)
    swapped = [_with_serial(envelope, 9) for envelope in bed.journal]
    assert swapped != bed.journal, "the fault fired"
    bed.journal = swapped
    bed.crash(guard_after=1)
    resume(bed)
    assert not bed.events(e.PulsesReconciled)
    assert bed.events(e.PulsesUncertain)


def _with_serial(envelope: e.Envelope, serial: int) -> e.Envelope:
    if not isinstance(envelope.event, e.CounterNoted):
        return envelope
    return msgspec.structs.replace(envelope, event=msgspec.structs.replace(envelope.event, serial_number=serial))


@pytest.mark.parametrize("step", ["screening", "posture", "hotspot", "threshold", "dose", "fit", "coil", "treatment"])
def test_the_visit_resumes_on_the_same_step(step: e.StepId) -> None:
    bed = bed_at(step)
    before = bed.state
    bed.crash()
    assert bed.state.step == step
    assert bed.state.answers == before.answers
    with pytest.raises(Refusal):
        bed.ask(c.NextStep())
    resume(bed)
    assert bed.state.interrupted is None
    bed.to("treatment")


def test_a_single_pulse_under_way_is_settled() -> None:
    for given in (0, 1):
        bed = bed_at("threshold")
        bed.ask(c.SetPacing(automatic=True))
        bed.advance(20.0)
        bed.ask(c.SetPacing(automatic=False))
        bed.advance(6.0)
        bed.put(c.Fire(), THERAPIST)
        while bed.state.pending is None:
            bed._act(bed.todo.pop(0))
        assert bed.state.pending is not None
        bed.todo = []
        bed.stim.fired += given
        singles = bed.state.ledger.single
        bed.crash()
        resume(bed)
        assert bed.state.pending is None
        assert bed.state.ledger.single == singles + given
        assert bed.stim.fired == bed.state.ledger.single


def test_nothing_happens_without_a_visit() -> None:
    bed = Bed()
    bed.crash()
    assert bed.state.interrupted is None
    assert not bed.events(e.OffIntended)


def test_pause_in_progress_survives() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(10.0)
    bed.ask(c.PauseStimulation(reason="itch"))
    bed.advance(2.0)
    bed.crash()
    assert not bed.events(e.PulsesUncertain)
    assert bed.state.unsettled is None, "no pulse was under way"
    resume(bed)
    bed.advance(31.0)
    bed.ask(c.ResumeStimulation())
    bed.advance(5.0)
    assert bed.state.course.running
