"""What a demonstration ends with: a fold of its journal, and the truth only a simulation knows beside it."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from bedside.events import (
    CurrentEnded,
    DosePlanned,
    Envelope,
    PulseReported,
    PulsesReconciled,
    PulsesUncertain,
    StimulationEnded,
    ThresholdFound,
    VisitClosed,
    VisitOpened,
)
from bedside.record.journal import read_journal
from bedside.record.verify import verify
from bedside.station.books import envelopes


class Summary(msgspec.Struct, kw_only=True):
    """The JSON summary, from the journal; `pulses_fired`, `faults_fired` and `true_rmt_pct_mso` from the simulation.

    `single_pulses` are those of the hotspot search and the hunt; `pulses_delivered` those of the treatment.
    `triggers_sent` and `charge_c` are the electrical stimulator's, None in studies without one.
    """

    visit: str = ""
    muscle: str = ""
    rule: str = ""
    rmt_pct_mso: float | None = None
    rmt_low_pct_mso: float | None = None
    rmt_high_pct_mso: float | None = None
    true_rmt_pct_mso: float | None = None
    intensity_pct_mso: int | None = None
    pulses_planned: int = 0
    pulses_delivered: int = 0
    pulses_uncertain: int = 0
    single_pulses: int = 0
    pulses_fired: int | None = None
    triggers_sent: int | None = None
    charge_c: float | None = None
    end_reason: str = ""
    outcome: str = ""
    restarts: int = 0
    faults_fired: dict[str, float] = {}
    journal_ok: bool = False
    data_dir: str = ""


def summarise(data: Path) -> Summary:
    """The last visit in `data`, with the proof of its journal."""
    summary = Summary(data_dir=str(data), journal_ok=verify(data / "journal", raw=None).ok)
    return fold(summary, envelopes(read_journal(data / "journal", strict=False)))


def fold(summary: Summary, events: Iterable[Envelope]) -> Summary:
    """Fold events into the summary; a visit that opens begins it anew."""
    for envelope in events:
        if isinstance(envelope.event, VisitOpened):
            summary = Summary(visit=envelope.event.visit, journal_ok=summary.journal_ok, data_dir=summary.data_dir)
        _add(summary, envelope)
    return summary


def _add(summary: Summary, envelope: Envelope) -> None:
    match envelope.event:
        case ThresholdFound() as found:
            summary.muscle, summary.rule, summary.rmt_pct_mso = found.muscle, found.rule, found.rmt_pct_mso
            summary.rmt_low_pct_mso, summary.rmt_high_pct_mso = found.low_pct_mso, found.high_pct_mso
        case DosePlanned(pulses=pulses, intensity_pct_mso=intensity):
            summary.pulses_planned, summary.intensity_pct_mso = pulses, intensity
        case StimulationEnded(cause=cause):
            summary.end_reason = cause
        case CurrentEnded(given_c=given_c, triggers=triggers):
            summary.charge_c, summary.triggers_sent = (summary.charge_c or 0.0) + given_c, triggers
        case VisitClosed(outcome=outcome):
            summary.outcome = outcome
        case _:
            _count(summary, envelope)


def _count(summary: Summary, envelope: Envelope) -> None:
    match envelope.event:
        case PulseReported(purpose="treatment"):
            summary.pulses_delivered += 1
        case PulseReported():
            summary.single_pulses += 1
        case PulsesReconciled(count=count, purpose="treatment"):
            summary.pulses_delivered += count
        case PulsesReconciled(count=count):
            summary.single_pulses += count
        case PulsesUncertain(at_most=at_most):
            summary.pulses_uncertain += at_most
