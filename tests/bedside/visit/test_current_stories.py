"""Random stories beside a direct current device: whatever is pressed and whatever breaks, the same few things hold."""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from bedside import commands as c
from bedside import events as e
from bedside.refusal import Refusal
from bedside.visit import current_run, current_watch
from bedside.visit.inputs import ControlBack, ControlLost, GuardSeen, RecordTrouble
from tests.helpers.bed import same
from tests.helpers.current_bed import CurrentBed, current_bed

FLOWS = ("ramp_up", "plateau")
PRESSES: tuple[c.AnyCommand, ...] = (
    c.PrepareCurrent(),
    c.PrepareCurrent(),
    c.StartCurrent(),
    c.StartCurrent(),
    c.StartCurrent(),
    c.StopCurrent(),
    c.Stop(reason="STOP key"),
    c.NextStep(),
    c.PreviousStep(),
)


class Story:
    """What the test itself arranged, and what it holds every moment against it."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.bed: CurrentBed = current_bed(self.rng.choice("ABCD"))
        self.wrong: set[str] = set()
        self.starts = 0
        self.whole = 0

    def breaks(self, name: str, *, wrong: bool) -> None:
        """Something goes wrong, or is well again."""
        (self.wrong.add if wrong else self.wrong.discard)(name)
        bed = self.bed
        match name:
            case "battery":
                bed.source.battery_pct = 29.0 if wrong else 80.0
            case "kohm":
                bed.source.kohm = 12.0 if wrong else 5.0
            case "link" if wrong:
                bed.unplug()
            case "link":
                bed.plug()
            case "control":
                bed.put(ControlLost("gone") if wrong else ControlBack())
            case "guard":
                bed.put(GuardSeen(ok=not wrong, text="gone" if wrong else ""))
            case "record":
                bed.put(RecordTrouble("disk full" if wrong else ""))
            case _:
                bed.move("stand", e_stop=wrong)
        bed.work()
        bed.tell()

    def go(self, steps: int) -> None:
        """Press and break things, and look after each."""
        names = ("battery", "kohm", "link", "control", "guard", "record", "e_stop")
        for _ in range(steps):
            if self.wrong and self.rng.random() < 0.4:
                self.breaks(self.rng.choice(sorted(self.wrong)), wrong=False)
            elif self.rng.random() < 0.15:
                self.breaks(self.rng.choice(names), wrong=True)
            else:
                with suppress(Refusal):
                    self.bed.ask(self.rng.choice(PRESSES))
            self.look()
            longest = 240 if self.bed.source.phase in FLOWS else 2
            for _ in range(self.rng.choice((1, 1, 2, 20, longest))):
                self.bed.advance(1.0)
            self.settled()

    def look(self) -> None:
        """Nothing starts while something is wrong, and no second program once one was really given."""
        if self.bed.source.starts > self.starts:
            self.starts = self.bed.source.starts
            assert not self.wrong, f"started although {self.wrong}"
            assert self.whole == 0, "given twice"

    def settled(self) -> None:
        """A second after something forbids current, none flows; the journal alone leads to the same state."""
        bed = self.bed
        if self.wrong & {"control", "guard", "record", "e_stop", "link"}:
            flows = bed.source.phase in FLOWS and bed.source.linked
            assert not flows, f"flows although {self.wrong}"
        for run in bed.state.currents:
            if run.ended is not None and run.ended.cause == "complete":
                self.whole = 1
        assert same(bed.fold(), bed.state)


@pytest.mark.parametrize("seed", range(12))
def test_any_story(seed: int) -> None:
    story = Story(seed)
    story.go(40)


def test_the_stories_start_stop_and_end_programs() -> None:
    """They reach what they are about."""
    seen: set[str] = set()
    for seed in range(12):
        story = Story(seed)
        story.go(40)
        ends = [x for x in story.bed.events(e.CurrentEnded) if isinstance(x, e.CurrentEnded)]
        seen |= {x.cause for x in ends} | ({"start"} if story.starts else set())
    assert {"start", "stopped", "complete"} <= seen


BREAKS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "gates": lambda patch: patch.setattr(current_run, "_pass", lambda gates: None),
    "conditions": lambda patch: patch.setattr(current_run, "CONDITIONS", ()),
    "watch": lambda patch: patch.setattr(current_watch, "_forbidden", lambda state, now: None),
}


@pytest.mark.parametrize("what", BREAKS)
def test_the_same_stories_notice_broken_rules(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    BREAKS[what](monkeypatch)
    with pytest.raises(AssertionError, match="although"):
        tell(40)


def tell(seeds: int) -> None:
    """Many stories."""
    for seed in range(seeds):
        Story(seed).go(40)
