"""What earlier visits say of a participant: a fold of their journals, made when a visit opens.

An assessment is no session, but its pulses were given, and what it found is known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bedside.events import (
    AdverseEventDescribed,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    Answered,
    CurrentEnded,
    CurrentIntended,
    CurrentStarted,
    Earlier,
    Envelope,
    HotspotChosen,
    InstrumentClosed,
    InstrumentReopened,
    PulseReported,
    PulsesReconciled,
    PulsesUncertain,
    StimulationEnded,
    ThresholdFound,
    Value,
    VisitClosed,
    VisitInterrupted,
    VisitOpened,
)
from bedside.station.follow_up import ToldOf, open_events
from bedside.visit.inputs import NS, History

WEEK = timedelta(days=7)


@dataclass(slots=True)
class _Visit:
    """What one visit adds to the history."""

    opened: datetime
    treatment: bool
    point: str
    adverse: ToldOf
    closed: bool = False
    treated: bool = False
    ramp_s: float = 0.0
    flows_since_ns: int | None = None
    pulses: int = 0
    single: int = 0
    hotspot: HotspotChosen | None = None
    threshold: ThresholdFound | None = None
    fit: dict[str, Value] = field(default_factory=dict)
    found: dict[str, Earlier] = field(default_factory=dict)


def history_of(participant: str, visits: Iterable[Sequence[Envelope]], now_utc: str) -> History:
    """The history of `participant` from the events of visits in any order; `now_utc` is ISO 8601.

    Visits of other participants are passed over. Pulses include those that cannot be excluded: a ceiling must hold
    for what may have been given, not only for what is proved.
    """
    now = datetime.fromisoformat(now_utc)
    own = _own(participant, visits)
    today = [visit for visit in own if visit.opened.date() == now.date()]
    week = [visit for visit in own if now - visit.opened <= WEEK]
    days = [(now.date() - visit.opened.date()).days for visit in own if visit.treated]
    hotspot = next((visit.hotspot for visit in reversed(own) if visit.hotspot is not None), None)
    found = next((visit for visit in reversed(own) if visit.threshold is not None), None)
    threshold = found.threshold if found is not None else None
    return History(
        session=1 + sum(visit.closed and visit.treatment for visit in own),
        visits_today=sum(visit.treated for visit in today),
        visits_week=sum(ago < WEEK.days for ago in days),
        free_days=max(0, min(days) - 1) if days else None,
        pulses_today=sum(visit.pulses + visit.single for visit in today),
        pulses_week=sum(visit.pulses + visit.single for visit in week),
        pulses_course=sum(visit.pulses for visit in own),
        hotspot_site=hotspot.site if hotspot is not None else None,
        rmt_pct_mso=threshold.rmt_pct_mso if threshold is not None else None,
        rmt_rule=threshold.rule if threshold is not None else "",
        rmt_age_days=(now - found.opened) / timedelta(days=1) if found is not None else None,
        fit=next((visit.fit for visit in reversed(own) if visit.fit), {}),
        adverse=tuple(
            f"{category} ({severity})" for visit in _lately(own) for category, severity in visit.adverse.told.items()
        ),
        follow_up=open_events([visit.adverse for visit in own], [visit.adverse for visit in _lately(own)]),
    )


def _lately(own: Sequence[_Visit]) -> Sequence[_Visit]:
    """The last treatment and what came since: an assessment in between does not hide it."""
    last = max((place for place, visit in enumerate(own) if visit.treatment), default=len(own) - 1)
    return own[max(0, last) :]


@dataclass(frozen=True, slots=True)
class Assessed:
    """What earlier assessments found, oldest first, and the days (ISO dates, UTC) of the first and latest treatment."""

    earlier: tuple[Earlier, ...] = ()
    first_session_day: str | None = None
    last_session_day: str | None = None


def assessed_of(participant: str, visits: Iterable[Sequence[Envelope]]) -> Assessed:
    """What the visits of `participant`, in any order, say to the next assessment. Not what was given in a treatment."""
    own = _own(participant, visits)
    days = [visit.opened.date().isoformat() for visit in own if visit.treated]
    return Assessed(
        earlier=tuple(found for visit in own for found in visit.found.values()),
        first_session_day=days[0] if days else None,
        last_session_day=days[-1] if days else None,
    )


def _own(participant: str, visits: Iterable[Sequence[Envelope]]) -> list[_Visit]:
    return sorted((_fold(events) for events in visits if _is_of(events, participant)), key=lambda visit: visit.opened)


def _is_of(events: Sequence[Envelope], participant: str) -> bool:
    return any(isinstance(e.event, VisitOpened) and e.event.participant == participant for e in events)


def _fold(events: Sequence[Envelope]) -> _Visit:
    at, opened = next((e.utc, e.event) for e in events if isinstance(e.event, VisitOpened))
    visit = _Visit(datetime.fromisoformat(at), opened.kind == "treatment", opened.point, ToldOf(opened.visit, at[:10]))
    for envelope in events:
        _add(visit, envelope)
    visit.treated = visit.treated or visit.flows_since_ns is not None
    return visit


def _add(visit: _Visit, envelope: Envelope) -> None:
    match envelope.event:
        case PulseReported(purpose="treatment"):
            visit.pulses += 1
        case PulseReported():
            visit.single += 1
        case PulsesReconciled(count=count, purpose=purpose) | PulsesUncertain(at_most=count, purpose=purpose):
            visit.pulses += count if purpose == "treatment" else 0
            visit.single += count if purpose != "treatment" else 0
        case StimulationEnded(delivered=delivered):
            visit.treated = visit.treated or delivered > 0
        case CurrentIntended() | CurrentStarted() | CurrentEnded() | VisitInterrupted() as event:
            _current(visit, event, envelope.mono_ns)
        case HotspotChosen() as hotspot:
            visit.hotspot = hotspot
        case ThresholdFound() as threshold:
            visit.threshold = threshold
        case Answered(step="fit", item=item, value=value):
            visit.fit[item] = value
        case AdverseEventRecorded() | AdverseEventDescribed() | AdverseEventFollowedUp() as event:
            visit.adverse.add(event)
        case InstrumentClosed() as closed:
            _close(visit, closed, envelope.utc)
        case InstrumentReopened(instrument=instrument):
            visit.found.pop(instrument, None)
        case VisitClosed():
            visit.closed = True


def _current(
    visit: _Visit, event: CurrentIntended | CurrentStarted | CurrentEnded | VisitInterrupted, mono_ns: int
) -> None:
    """A program that was not over within its first ramp is a treatment in every arm, also one whose end nobody heard.

    Charges say nothing here: a sham gives little or none, and some devices tell none.
    """
    if isinstance(event, CurrentIntended) and event.action != "stop":
        visit.ramp_s = event.ramp_s
    elif isinstance(event, CurrentStarted):
        visit.flows_since_ns = mono_ns
    elif visit.flows_since_ns is not None:
        # after an interruption visit time may have begun anew with the box: how long it ran is not known
        unheard = isinstance(event, VisitInterrupted)
        visit.treated = visit.treated or unheard or (mono_ns - visit.flows_since_ns) / NS > visit.ramp_s
        visit.flows_since_ns = None


def _close(visit: _Visit, closed: InstrumentClosed, utc: str) -> None:
    """The last closing of an instrument holds; one without any outcome says nothing to compare with."""
    visit.found.pop(closed.instrument, None)
    if closed.outcome != "not_done":
        visit.found[closed.instrument] = Earlier(
            instrument=closed.instrument,
            point=visit.point,
            utc=utc,
            examiner=closed.examiner,
            total=closed.total,
            values=closed.values,
            version=closed.version,
            conditions=closed.conditions,
        )
