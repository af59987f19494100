"""A stimulator that somebody enables at its own panel after a confirmed stop: alarmed, shown, off again."""

import pytest

from bedside import commands as c
from bedside import events as e
from bedside.refusal import Refusal
from bedside.visit import stimulator
from bedside.visit.view import picture
from bedside.visit.view_run import status
from tests.helpers.bed import Bed
from tests.helpers.bed_ready import bed_at


def paused() -> Bed:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(20.0)
    bed.ask(c.PauseStimulation(reason="itch"))
    bed.advance(5.0)
    assert bed.state.off_confirmed
    return bed


def raised(bed: Bed) -> list[e.AlarmRaised]:
    return [x for x in bed.events(e.AlarmRaised) if isinstance(x, e.AlarmRaised) and x.alarm == "elsewhere"]


def test_it_is_alarmed_and_switched_off_each_time() -> None:
    bed = paused()
    for times in (1, 2):
        bed.stim.enabled = True
        bed.advance(3.0)
        alarms = raised(bed)
        assert len(alarms) == times
        assert alarms[-1].priority == "high"
        assert not bed.stim.enabled
        assert bed.state.off_confirmed
        bed.advance(5.0)
        assert "elsewhere" not in bed.state.alarms
    bed.advance(20.0)
    bed.ask(c.ResumeStimulation())
    bed.advance(5.0)
    assert bed.state.course.running


def test_one_that_cannot_be_switched_off_is_unknown_and_starts_nothing() -> None:
    bed = paused()
    bed.advance(40.0)
    bed.stim.enabled = True
    bed.status()
    word, reason = status(bed.state, bed.now)
    assert (word, reason[:41]) == ("UNKNOWN", "the stimulator says that it is enabled, a")
    shown = picture(bed.state, bed.now, "control").run
    assert shown is not None
    assert shown.enabled is True
    with pytest.raises(Refusal, match="enabled"):
        bed.ask(c.ResumeStimulation())
    bed.stim.fails = {"off"}
    bed.advance(10.0)
    assert {"elsewhere", "off_unconfirmed"} & set(bed.state.alarms)
    assert status(bed.state, bed.now)[0] == "UNKNOWN"
    assert len(bed.events(e.OffIntended)) > 2, "tried again"


def test_nothing_is_said_where_it_was_armed_here_or_tells_nothing() -> None:
    bed = bed_at("treatment")
    bed.treat()
    bed.advance(10.0)
    assert not raised(bed)


def test_the_test_sees_a_missing_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    bed = paused()
    monkeypatch.setattr(stimulator, "elsewhere", lambda state, now: None)
    bed.stim.enabled = True
    bed.advance(3.0)
    assert not raised(bed)
    assert bed.stim.enabled
