"""Random stories beside a commanded belt: whatever is pressed and breaks, the same few things hold.

The second half breaks the rules on purpose and shows that the same stories notice.
"""

import contextlib
import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bedside import commands as c
from bedside.refusal import Refusal
from bedside.visit import belt
from bedside.visit.inputs import ControlBack, ControlLost
from hal.roles import RobotState
from tests.helpers.belt_bed import BeltBed, belt_bed, holds, rest_is_the_machines_word

LENGTH = 40


def wanted(bed: BeltBed, rng: random.Random) -> c.SetBeltSpeed:
    """Mostly a step as the keys ask it, now and then anything."""
    asked_kmh = bed.state.belt.asked_kmh or 0.8
    step_kmh = rng.choice((0.1, 0.1, 0.1, -0.1, 0.3, 1.0))
    return c.SetBeltSpeed(speed_kmh=round(asked_kmh + step_kmh, 2))


def found(bed: BeltBed) -> None:
    """The link comes back."""
    bed.lost = False
    bed.tell()


DEEDS: tuple[Callable[[BeltBed, random.Random], object], ...] = (
    *(lambda bed, rng: bed.ask(c.StartBelt(attended=True)),) * 3,
    *(lambda bed, rng: bed.ask(wanted(bed, rng)),) * 6,
    *(lambda bed, rng: bed.advance(rng.choice((0.5, 2.0, 5.0))),) * 6,
    lambda bed, rng: bed.advance(35.0),
    lambda bed, rng: bed.ask(c.StartBelt(attended=False)),
    lambda bed, rng: bed.put(c.StopBelt()),
    lambda bed, rng: bed.put(c.Stop()),
    lambda bed, rng: bed.ask(c.StartStimulation()),
    lambda bed, rng: bed.ask(c.ResumeStimulation()),
    lambda bed, rng: bed.ask(c.PauseStimulation(reason="asked")),
    lambda bed, rng: bed.panel(0.0),
    lambda bed, rng: bed.panel(rng.choice((0.8, 1.3, 1.8))),
    lambda bed, rng: bed.lose(),
    lambda bed, rng: found(bed),
    lambda bed, rng: setattr(bed, "quiet_robot", not bed.quiet_robot),
    lambda bed, rng: setattr(bed, "fails", set(rng.sample(("start", "speed", "stop"), rng.randint(0, 2)))),
    lambda bed, rng: bed.put(rng.choice((ControlLost("gone"), ControlBack()))),
    lambda bed, rng: bed.crash(),
    lambda bed, rng: bed.ask(c.ConfirmResume()),
    lambda bed, rng: bed.ask(rng.choice((c.NextStep(), c.PreviousStep()))),
)


def story(seed: int) -> None:
    """One random story from the treatment step on, checked at every decision."""
    rng = random.Random(seed)
    bed = belt_bed(prescribed_kmh=rng.choice((0.9, 1.2, 1.8)))
    bed.checks.append(holds)
    for _ in range(LENGTH):
        with contextlib.suppress(Refusal):
            rng.choice(DEEDS)(bed, rng)
        rest_is_the_machines_word(bed)
    bed.put(c.StopBelt())
    assert bed.state.belt.doing == "stop"
    assert bed.fold().belt == bed.state.belt


@given(st.integers(0, 10**9))
@settings(max_examples=25, deadline=None)
def test_any_story_of_a_belt(seed: int) -> None:
    story(seed)


def noticed(stories: int = 60) -> bool:
    """Whether any of a fixed set of stories ends in a failed check."""
    for seed in range(stories):
        try:
            story(seed)
        except AssertionError:
            return True
    return False


def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """An order does not wait for the one before, a stop least of all."""
    monkeypatch.setattr(belt, "_idle", lambda state: None)


def unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any speed that is a step away may be asked."""
    monkeypatch.setattr(belt, "_within", lambda state, limits, speed_kmh: None)


def careless(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody minds the pulses."""
    monkeypatch.setattr(belt, "pulses", lambda state: False)


def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """A belt that nobody hears is taken for standing."""
    standing = RobotState(0, "stand", 0.0, None, None, None, None)
    told = belt._told
    monkeypatch.setattr(belt, "_told", lambda state, now: told(state, now) or standing)


@pytest.mark.parametrize("broken", [hasty, unlimited, careless, trusting])
def test_broken_rules_are_noticed(
    broken: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(monkeypatch)
    assert noticed(), f"no story noticed: {broken.__doc__}"
