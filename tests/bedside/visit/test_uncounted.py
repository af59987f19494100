"""Trains that no device counts: what is claimed of them lies within what the clock proves, however they ended."""

from typing import TypeVar

import pytest
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.visit.inputs import ActionDone, Tick
from hal.roles import OperatorPrompt, PulseDelivered, StimulatorStatus
from tests.helpers.bed import THERAPIST, Bed
from tests.helpers.bed_ready import bed_at

E = TypeVar("E", bound=e.Event)


def uncounted(*, telemetry: bool) -> Bed:
    """Before the treatment, with a stimulator that reports no pulse: one that tells its state, or one by hand."""
    bed = bed_at("treatment")
    device = bed.setup.devices["stimulator"]
    device = replace(device, counts_pulses=False, max_pulses_per_train=1200, telemetry=telemetry)
    bed.setup = replace(bed.setup, devices={**bed.setup.devices, "stimulator": device})
    bed.state = replace(bed.state, setup=bed.setup, baseline=None)
    bed.stim.counter = False
    bed.stim.swallow = set(range(1, 10_000))
    return bed


def last(bed: Bed, kind: type[E]) -> E:
    return next(one.event for one in reversed(bed.journal) if isinstance(one.event, kind))


def ask_for_a_train(bed: Bed) -> None:
    """Amplitude and arm are done, the train is intended, and not yet carried out."""
    bed.walk()
    bed.put(c.StartStimulation(), THERAPIST)
    while not bed.events(e.TrainIntended):
        bed._act(bed.todo.pop(0))
    bed.todo = []


def prompted(bed: Bed, kind: str, text: str = "do it") -> None:
    bed.hear(OperatorPrompt(bed.now_ns, kind, text))  # type: ignore[arg-type]


def stop(bed: Bed) -> None:
    """STOP, of which nothing is confirmed yet."""
    bed.put(c.Stop(reason="STOP key"), THERAPIST)
    bed.todo = []


def off(bed: Bed) -> None:
    bed.stim.enabled, bed.stim.train_left = False, 0
    bed.put(ActionDone("off"))
    assert bed.state.off_confirmed


def told(bed: Bed) -> tuple[int, int]:
    ledger = bed.state.ledger
    assert ledger.remaining == ledger.planned - ledger.course - ledger.uncertain_course
    return ledger.course, ledger.uncertain_course


def test_pulses_between_stop_and_the_operators_word_are_uncertain() -> None:
    bed = uncounted(telemetry=False)
    bed.stim.fails = {"off"}
    ask_for_a_train(bed)
    prompted(bed, "start")
    bed.put(ActionDone("train"))
    bed.now_ns += 10_000_000_000
    stop(bed)
    bed.now_ns += 5_000_000_000
    off(bed)
    assert told(bed) == (11, 5)


@pytest.mark.parametrize(("kind", "doubt"), [("train", 0), ("start", 4)])
def test_a_stop_while_the_start_is_asked_for_leaves_what_the_operator_may_have_begun(kind: str, doubt: int) -> None:
    bed = uncounted(telemetry=False)
    ask_for_a_train(bed)
    bed.now_ns += 60_000_000_000
    prompted(bed, kind)
    bed.now_ns += 2_000_000_000
    stop(bed)
    prompted(bed, "off", "STOP")
    bed.now_ns += 1_200_000_000
    off(bed)
    assert told(bed) == (0, doubt), "it may be running since it was asked for, not since it was set up"


def test_a_stimulator_that_cannot_be_heard_at_its_stop_is_believed_for_as_long_as_it_said_that_it_ran() -> None:
    bed = uncounted(telemetry=True)
    bed.start()
    bed.advance(20.2)
    bed.stim.fails, bed.stim.linked = {"off"}, False
    bed.advance(0.6)
    stop(bed)
    assert bed.state.course.train is not None
    heard = told(bed)
    bed.stim.train_left = 0
    bed.now_ns += 30_000_000_000
    bed.stim.linked = True
    off(bed)
    given, doubt = told(bed)
    assert heard == (0, 0)
    assert given in (20, 21), "no pulse is claimed of a time in which nobody heard it"
    assert given + doubt >= 50, "it may have gone on all the while"


def test_the_end_of_a_train_under_way_tells_what_is_due() -> None:
    bed = uncounted(telemetry=True)
    bed.start()
    bed.advance(30.2)
    bed.ask(c.EndStimulation(reason="enough"))
    ended = last(bed, e.StimulationEnded)
    assert 30 <= ended.delivered <= ended.delivered + ended.uncertain <= 32
    given, doubt = told(bed)
    assert given == ended.delivered
    assert given + doubt <= ended.delivered + ended.uncertain


def test_triggers_that_are_told_one_by_one_are_not_worked_out_again() -> None:
    bed = uncounted(telemetry=False)
    ask_for_a_train(bed)
    bed.hear(StimulatorStatus(bed.now_ns, None, 41, True, None, None, "tms", None, source="trigger"))
    bed.put(ActionDone("train"))
    for _ in range(8):
        bed.hear(PulseDelivered(bed.now_ns, None, 41, source="trigger"))
        bed.now_ns += 1_000_000_000
    bed.now_ns += 2_000_000_000
    stop(bed)
    off(bed)
    assert told(bed)[0] == 8, "two were left out"
    assert not bed.events(e.PulsesReconciled)


def test_triggers_that_end_early_are_not_put_down_to_the_stimulators_panel() -> None:
    bed = uncounted(telemetry=False)
    ask_for_a_train(bed)
    bed.put(ActionDone("train"))
    for running in (True, False):
        bed.hear(PulseDelivered(bed.now_ns, None, 41, source="trigger"))
        bed.now_ns += 1_000_000_000
        bed.move("walk", 1.2)
        bed.hear(StimulatorStatus(bed.now_ns, None, 41, running, None, None, "tms", None, source="trigger"))
    bed.put(Tick())
    assert "triggers of the train ended early" in last(bed, e.StimulationPaused).reason


def test_a_lost_stimulator_keeps_what_was_certain_before_and_doubts_the_rest() -> None:
    bed = uncounted(telemetry=True)
    bed.start()
    bed.advance(100.2)
    given = bed.stim.fired - bed.state.ledger.single
    bed.stim.fails = {"off"}
    bed.link(False)
    bed.work()
    bed.advance(10.0)
    bed.stim.fails = set()
    bed.link(True)
    bed.status()
    off(bed)
    bed.advance(20.0)
    certain, doubt = told(bed)
    assert certain == pytest.approx(given, abs=1)
    assert certain <= given
    assert 10 <= doubt <= 14, "only what came after its last word"


@pytest.mark.parametrize(("heard_s", "cause"), [(1199.4, "complete"), (1100.0, "aborted")])
def test_a_pause_with_nothing_to_go_on_with_ends_the_course(heard_s: float, cause: str) -> None:
    """Nobody could resume it, and what remains of a plan never was a reason to wait for five minutes."""
    bed = uncounted(telemetry=False)
    ask_for_a_train(bed)
    prompted(bed, "start")
    bed.put(ActionDone("train"))
    bed.now_ns += round(heard_s * 1e9)
    stop(bed)
    bed.now_ns += round((1201.0 - heard_s) * 1e9)
    off(bed)
    _, doubt = told(bed)
    assert bed.state.ledger.remaining == 0
    assert bool(doubt) is (cause == "aborted")
    for _ in range(50):
        bed.now_ns += 100_000_000
        bed.put(Tick())
    ended = last(bed, e.StimulationEnded)
    assert (ended.cause, ended.uncertain) == (cause, doubt)
    assert "all planned pulses are behind" in ended.reason
