"""Random stories at a bed: whatever anybody presses and whatever breaks, the same few things hold.

The second half breaks the rules on purpose and shows that the same stories notice.
"""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bedside import events as e
from bedside.visit import course, interlocks, rules, settle, singles
from bedside.visit.ledger import Ledger
from bedside.visit.state import Visit
from tests.helpers.bed_checks import World, final, something
from tests.helpers.bed_ready import bed_at

LENGTH = 40


def story(seed: int, step: e.StepId = "treatment") -> None:
    """One random story from a step on, checked at every event and at its end."""
    rng = random.Random(seed)
    bed = bed_at(step)
    bed.tick_s = 1.0
    world = World(bed)
    if step == "treatment":
        bed.walk()
    for _ in range(LENGTH):
        something(world, rng)
    final(bed)


@given(st.integers(0, 10**9))
@settings(max_examples=25, deadline=None)
def test_any_story_of_a_treatment(seed: int) -> None:
    story(seed)


@given(st.integers(0, 10**9), st.sampled_from(["hotspot", "threshold", "dose"]))
@settings(max_examples=20, deadline=None)
def test_any_story_of_a_hunt(seed: int, step: e.StepId) -> None:
    story(seed, step)


def noticed(step: e.StepId = "treatment", stories: int = 40) -> bool:
    """Whether any of a fixed set of stories ends in a failed check."""
    for seed in range(stories):
        try:
            story(seed, step)
        except AssertionError:
            return True
    return False


def test_the_same_stories_pass_with_the_rules_as_they_are() -> None:
    assert not noticed(stories=12)
    assert not noticed("threshold", stories=6)


def catching_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was missed in a pause, or lost, is given on top."""
    monkeypatch.setattr(Ledger, "remaining", property(lambda ledger: min(1200, 1200 - ledger.course + 30)))


def no_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interlocks are looked at before a start and never again."""
    monkeypatch.setattr(rules, "WATCHERS", rules.WATCHERS[1:])
    monkeypatch.setattr(rules, "violation", lambda state, now: ())


def no_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anything may be armed at any time."""
    monkeypatch.setattr(interlocks, "problems", lambda state, now, purpose, *, during=False: iter(()))


def pause_before_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause is told before the off."""
    plain = course.halt
    monkeypatch.setattr(course, "halt", lambda state, cause, reason: tuple(reversed(plain(state, cause, reason))))


def rounding_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The amplitude is a percent too high."""
    plain = course.train

    def higher(state: Visit) -> e.TrainIntended:
        train = plain(state)
        return replace(train, amplitude_pct_mso=train.amplitude_pct_mso + 1)

    monkeypatch.setattr(course, "train", higher)


def double_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every reported pulse is journalled twice."""
    plain = settle.pulse
    monkeypatch.setattr(settle, "pulse", lambda state, reading: plain(state, reading) * 2)


def forgetting(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody heard is taken for not given."""
    monkeypatch.setattr(settle, "most", lambda state: 0)
    monkeypatch.setattr(settle, "_settled", lambda state, reading: settle.give_up(state))


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Single pulses follow each other without an interval."""
    monkeypatch.setattr(singles, "ready_in_s", lambda state, now, *, paced: 0.0)


@pytest.mark.parametrize(
    ("broken", "step"),
    [
        (catching_up, "treatment"),
        (no_watch, "treatment"),
        (no_demand, "treatment"),
        (pause_before_off, "treatment"),
        (rounding_up, "treatment"),
        (double_counting, "treatment"),
        (forgetting, "treatment"),
        (impatient, "threshold"),
    ],
)
def test_broken_rules_are_noticed(
    broken: Callable[[pytest.MonkeyPatch], None], step: e.StepId, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed_at(step)
    broken(monkeypatch)
    assert noticed(step), f"no story noticed: {broken.__doc__}"
