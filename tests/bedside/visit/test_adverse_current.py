"""Something untoward while direct current flows, with or without pulses beside it: the current stops too."""

import pytest

from bedside import commands as c
from bedside import events as e
from bedside.refusal import Refusal
from bedside.visit import current_watch
from tests.helpers.current_bed import CurrentBed, current_bed


def alone() -> CurrentBed:
    """Only current flows, in its plateau."""
    bed = current_bed("C").under()
    bed.advance(100.0)
    assert bed.source.phase == "plateau", "it flows"
    assert not bed.state.course.begun
    return bed


def report(bed: CurrentBed, category: str, severity: str) -> tuple[e.Event, ...]:
    return bed.ask(c.ReportAdverseEvent(category=category, severity=severity, related="unknown", action="none"))


@pytest.mark.parametrize(
    ("category", "severity"),
    [
        ("seizure", "severe"),
        ("syncope", "mild"),
        ("dizziness", "mild"),
        ("skin", "mild"),
        ("scalp or neck pain", "severe"),
        ("other", "severe"),
    ],
)
def test_a_report_stops_current_that_flows_alone_before_it_is_written(category: str, severity: str) -> None:
    bed = alone()
    events = report(bed, category, severity)
    assert isinstance(events[0], e.OffIntended)
    assert category in events[0].reason
    bed.advance(2.0)
    assert bed.source.phase == "idle"
    assert bed.state.currents[-1].stopped_s is not None
    with pytest.raises(Refusal):
        bed.ask(c.PrepareCurrent())


def test_a_mild_headache_stops_nothing() -> None:
    bed = alone()
    report(bed, "headache", "mild")
    bed.advance(2.0)
    assert bed.source.phase == "plateau"


def test_current_that_is_heard_to_flow_after_a_seizure_is_stopped() -> None:
    bed = current_bed("C")
    report(bed, "seizure", "severe")
    assert current_watch.watch(bed.state, bed.now) == ()
    bed.source.phase, bed.source.kohm = "plateau", 5.0
    bed.tell()
    (off,) = [x for x in bed.events(e.OffIntended) if isinstance(x, e.OffIntended) and "seizure" in x.reason][-1:]
    assert "no more stimulation" in off.reason


def test_a_severe_pain_pauses_pulses_too() -> None:
    bed = current_bed("A")
    bed.start()
    bed.advance(5.0)
    report(bed, "scalp or neck pain", "severe")
    assert bed.state.course.pause is not None
    assert bed.state.course.pause.cause == "adverse"
