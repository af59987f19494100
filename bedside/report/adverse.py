"""The report of adverse events: what was told of in this visit, and what became of those of earlier visits."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from bedside.events import AdverseEventDescribed, AdverseEventRecorded, Envelope
from bedside.report.model import Section, Table
from bedside.visit.adverse import MODALITIES, notify_words
from bedside.visit.state import Visit

NOT_ASKED = "not asked"
HEAD = ("event", "severity", "began", "lasted", "caused by", "action", "outcome", "words")
EARLIER_HEAD = ("event", "since", "severity", "now", "over since")
UNITS_MIN = (("d", 1440), ("h", 60))


def section(state: Visit, events: Sequence[Envelope]) -> Section:
    """Every event of the visit that was not taken back; what nobody asked says so."""
    rows = tuple(_rows(state))
    tables = [Table(caption="Adverse events of this visit", head=HEAD, rows=rows)] if rows else []
    earlier = tuple(_earlier(state))
    if earlier:
        tables.append(Table(caption="Adverse events of earlier visits", head=EARLIER_HEAD, rows=earlier))
    return Section(
        title="Adverse events",
        warnings=tuple(_warnings(state, events)),
        paragraphs=() if rows else (_nothing(state),),
        tables=tuple(tables),
    )


def _nothing(state: Visit) -> str:
    """Why there is no event: it was asked, or what was told of was taken back and nobody asked further."""
    if not state.adverse:
        return "Not asked."
    if any(event.category == "none" for event in state.adverse) or "aftercare" in state.done:
        return "None, by the statement of the aftercare."
    return "Not asked; what was told of was taken back."


def _rows(state: Visit) -> Iterator[tuple[str, ...]]:
    last = {event.category: event for event in state.adverse}
    for category, event in last.items():
        described = state.described.get(category)
        if event.severity == "none" or category == "none":
            continue
        words = [one.text for one in state.adverse if one.category == category and one.text]
        yield _described(described, words) if described is not None else _recorded(event, words)


def _described(event: AdverseEventDescribed, words: Sequence[str]) -> tuple[str, ...]:
    return (
        event.category,
        f"{event.severity}, SERIOUS" if event.serious else event.severity,
        f"{event.began_on}, {event.onset}",
        "it lasts" if event.open else _duration(event.lasted_min),
        ", ".join(f"{MODALITIES.get(name, name)}: {likely}" for name, likely in event.relation.items()),
        event.action,
        event.outcome,
        "; ".join((*words, *([event.words] if event.words else ()))),
    )


def _recorded(event: AdverseEventRecorded, words: Sequence[str]) -> tuple[str, ...]:
    """An event of which no more was asked than when it was told; records of earlier versions hold no more either."""
    related = f"treatment: {event.related}"
    return (
        event.category,
        event.severity,
        NOT_ASKED,
        NOT_ASKED,
        related,
        event.action or NOT_ASKED,
        NOT_ASKED,
        "; ".join(words),
    )


def _duration(minutes: float | None) -> str:
    if minutes is None:
        return "not known"
    unit, size = next(((unit, size) for unit, size in UNITS_MIN if minutes >= size and minutes % size == 0), ("min", 1))
    return f"{minutes / size:g} {unit}"


def _earlier(state: Visit) -> Iterator[tuple[str, ...]]:
    told = {event.event: event for event in state.followed}
    for event in state.recalled.follow_up if state.recalled is not None else ():
        now = told.get(event.key)
        outcome = now.outcome if now is not None else NOT_ASKED
        over = "" if now is None or now.open else now.over_on or "not known"
        yield event.category, event.since, event.severity, outcome, over


def _warnings(state: Visit, events: Sequence[Envelope]) -> Iterator[str]:
    notify = state.setup.adverse.notify
    for event in state.described.values():
        if not event.serious:
            continue
        known = next((x.utc for x in events if _tells(x, event.category)), None)
        by = ""
        if notify is not None and known is not None:
            last = datetime.fromisoformat(known) + timedelta(hours=notify.within_h)
            by = f", by {last:%Y-%m-%d %H:%M} UTC"
        told = f"reported to {event.told_to}" if event.told_to else "nobody is named to whom it was reported"
        yield f"SERIOUS: {event.category} ({', '.join(event.serious)}): {notify_words(state)}{by}; {told}."
    lasting = [event.category for event in state.described.values() if event.open]
    if lasting:
        yield f"Not over: {', '.join(lasting)}; the next treatment visit asks again."


def _tells(envelope: Envelope, category: str) -> bool:
    event = envelope.event
    return isinstance(event, AdverseEventRecorded) and event.category == category
