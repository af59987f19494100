"""The summary is a fold of the journal's events."""

from collections.abc import Iterable

import pytest

from bedside.demo.summary import Summary, fold
from bedside.events import (
    DosePlanned,
    Envelope,
    Event,
    PulseReported,
    PulsesReconciled,
    PulsesUncertain,
    StimulationEnded,
    ThresholdFound,
    VisitClosed,
    VisitOpened,
)
from tests.helpers.bed_ready import bed_at

FOUND = ThresholdFound(
    rmt_pct_mso=52.5, low_pct_mso=50.0, high_pct_mso=55.0, trials=20, rule="adaptive_50", muscle="TA left", reason=""
)
PLANNED = DosePlanned(
    preset="lf",
    pulses=3,
    rate_hz=1.0,
    pct_rmt=80,
    intensity_pct_mso=42,
    last_pulse_s=2.0,
    train_end_s=3.0,
    period_s=3.0,
)
ENDED = StimulationEnded(cause="complete", reason="", planned=3, delivered=3)
CLOSED = VisitClosed(outcome="complete", reason="")


def opened(visit: str) -> VisitOpened:
    return VisitOpened(visit=visit, participant="D-0017", study="s", session=1, sessions_planned=28, simulated=True)


def folded(*events: Event) -> Summary:
    return fold(Summary(journal_ok=True, data_dir="here"), enveloped(events))


def enveloped(events: Iterable[Event]) -> list[Envelope]:
    return [
        Envelope(n=n, mono_ns=n, utc="", who="", via="", event=event)  # type: ignore[arg-type]
        for n, event in enumerate(events, 1)
    ]


@pytest.mark.parametrize(
    ("event", "delivered", "single", "uncertain"),
    [
        (PulseReported(purpose="treatment", course=1), 1, 0, 0),
        (PulseReported(purpose="hotspot", pulse=1), 0, 1, 0),
        (PulseReported(purpose="threshold", pulse=1), 0, 1, 0),
        (PulseReported(purpose=None), 0, 1, 0),
        (PulsesReconciled(count=4, purpose="treatment", evidence=""), 4, 0, 0),
        (PulsesReconciled(count=4, purpose="threshold", evidence=""), 0, 4, 0),
        (PulsesUncertain(at_most=7, purpose="treatment", reason=""), 0, 0, 7),
    ],
)
def test_each_pulse_is_counted_once(event: Event, delivered: int, single: int, uncertain: int) -> None:
    summary = folded(opened("v"), event)
    counts = (summary.pulses_delivered, summary.single_pulses, summary.pulses_uncertain)
    assert counts == (delivered, single, uncertain)


def test_a_visit_from_opening_to_closing() -> None:
    pulses = [PulseReported(purpose="treatment", course=n) for n in (1, 2, 3)]
    summary = folded(opened("v"), FOUND, PLANNED, *pulses, ENDED, CLOSED)
    assert (summary.visit, summary.muscle, summary.rule) == ("v", "TA left", "adaptive_50")
    assert (summary.rmt_low_pct_mso, summary.rmt_pct_mso, summary.rmt_high_pct_mso) == (50.0, 52.5, 55.0)
    assert (summary.pulses_planned, summary.pulses_delivered, summary.intensity_pct_mso) == (3, 3, 42)
    assert (summary.end_reason, summary.outcome) == ("complete", "complete")


def test_a_second_visit_keeps_nothing_of_the_first() -> None:
    summary = folded(
        opened("first"), FOUND, PLANNED, PulseReported(purpose="treatment"), ENDED, CLOSED, opened("second")
    )
    assert summary == Summary(visit="second", journal_ok=True, data_dir="here")


def test_the_counts_are_those_of_a_real_visit_s_ledger() -> None:
    bed = bed_at("signoff")
    summary = fold(Summary(), bed.journal)
    assert summary.pulses_delivered == bed.state.ledger.course == summary.pulses_planned
    assert summary.pulses_delivered + summary.single_pulses == bed.stim.fired
