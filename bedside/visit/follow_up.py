"""Adverse events of earlier visits that were not over: the next treatment asks what became of each.

Assessments do not ask: an assessor must not learn how a treatment was borne.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from msgspec.structs import replace

from bedside.config import ItemConfig
from bedside.events import AdverseEventFollowedUp, Event, OpenEvent, Value
from bedside.refusal import Refusal
from bedside.visit.state import Visit

IF_KNOWN = "leave it open if nobody knows"
EASTERNMOST = timedelta(hours=14)
"""How far the earliest calendar is ahead of UTC."""


def asked(state: Visit) -> Iterator[ItemConfig]:
    """What the safety questions begin with: what became of each event that was not over."""
    outcome = next((detail for detail in state.setup.adverse.details if detail.id == "outcome"), None)
    if outcome is None:
        return
    for number, event in enumerate(_earlier(state), 1):
        name = f"follow_{number}"
        last = f"last: {event.outcome}" if event.outcome else "its outcome was not asked"
        label = f"{event.category} since {event.since} ({event.severity}): now?"
        yield replace(outcome, id=name, label=label, hint=last)
        now = state.answer("screening", name)
        if now is not None and not _is_open(state, now):
            over = f"{event.category}: over since"
            yield ItemConfig(id=f"{name}_day", label=over, kind="day", required=False, hint=IF_KNOWN)


def _earlier(state: Visit) -> tuple[OpenEvent, ...]:
    return state.recalled.follow_up if state.recalled is not None else ()


def _is_open(state: Visit, outcome: Value) -> bool:
    return outcome in state.setup.adverse.open_outcomes


def demand_day(state: Visit, item: ItemConfig, value: Value, utc: str) -> None:
    """Raise `Refusal` for a day that is yet to come everywhere, and for an end before its beginning.

    `value` is an ISO date of the calendar on the wall, `utc` the time now (ISO 8601): where the box stands it may be
    tomorrow already.
    """
    if item.kind != "day" or not isinstance(value, str):
        return
    if value > (datetime.fromisoformat(utc) + EASTERNMOST).date().isoformat():
        raise Refusal(f"{item.label}: {value} is yet to come", f"today is {utc[:10]} (UTC)")
    for number, event in enumerate(_earlier(state), 1):
        if item.id == f"follow_{number}_day" and value < event.since:
            raise Refusal(f"{item.label}: {value} is before it began", f"it began on {event.since}")


def followed(state: Visit) -> tuple[Event, ...]:
    """What the answers say of earlier visits' events."""
    events = []
    for number, event in enumerate(_earlier(state), 1):
        outcome = state.answer("screening", f"follow_{number}")
        if outcome is None:
            continue
        stays = _is_open(state, outcome)
        over = "" if stays else str(state.answer("screening", f"follow_{number}_day") or "")
        events.append(
            AdverseEventFollowedUp(
                event=event.key,
                category=event.category,
                severity=event.severity,
                since=event.since,
                outcome=str(outcome),
                over_on=over,
                open=stays,
            )
        )
    return tuple(event for event in events if event not in state.followed)


def hint(state: Visit, item: ItemConfig) -> str:
    """What a category covers; of one that has gone on since an earlier visit, that it is not told a second time."""
    lasting = next((event for event in _earlier(state) if event.category == item.label), None)
    if lasting is None:
        return item.hint
    known = next((event for event in state.followed if event.event == lasting.key), None)
    since = f"since {lasting.since}: {known.outcome if known is not None else lasting.outcome or 'not asked'}"
    return f"{since}; tell only what is new or worse"


def is_day(value: Value) -> bool:
    """Whether a value is an ISO date such as 2026-11-12."""
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
