"""Which adverse events of earlier visits have to be asked about again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from bedside.events import AdverseEventDescribed, AdverseEventFollowedUp, AdverseEventRecorded, OpenEvent


@dataclass(slots=True)
class ToldOf:
    """What one visit, opened on `day` (ISO date), says of adverse events; `told` holds severities by category."""

    visit: str
    day: str
    told: dict[str, str] = field(default_factory=dict)
    described: dict[str, AdverseEventDescribed] = field(default_factory=dict)
    followed: list[AdverseEventFollowedUp] = field(default_factory=list)

    def add(self, event: AdverseEventRecorded | AdverseEventDescribed | AdverseEventFollowedUp) -> None:
        """One more event of the visit's journal."""
        match event:
            case AdverseEventRecorded(category=category, severity="none"):
                self.told.pop(category, None)
            case AdverseEventRecorded(category=category, severity=severity):
                self.told[category] = severity
            case AdverseEventDescribed(category=category):
                self.described[category] = event
            case AdverseEventFollowedUp():
                self.followed.append(event)

    def key(self, category: str) -> str:
        """What one of its events is known by from then on."""
        return f"{self.visit}/{category}"

    def lasting(self) -> Iterator[OpenEvent]:
        """Its own events that were not over when it was signed."""
        for told in self.described.values():
            if told.open:
                yield OpenEvent(
                    key=self.key(told.category),
                    category=told.category,
                    severity=told.severity,
                    since=told.began_on,
                    outcome=told.outcome,
                )

    def undescribed(self) -> Iterator[OpenEvent]:
        """Its own events of which nobody was asked more than how severe they are."""
        for category, severity in self.told.items():
            if category not in self.described:
                yield OpenEvent(key=self.key(category), category=category, severity=severity, since=self.day)


def open_events(visits: Sequence[ToldOf], lately: Sequence[ToldOf]) -> tuple[OpenEvent, ...]:
    """Events that were not over when they were last asked about, by their beginning.

    Of those that nobody described only the ones of the last visits (`lately`): in older records nobody was asked.
    """
    found: dict[str, OpenEvent] = {}
    asked = {told.event for visit in visits for told in visit.followed}
    for visit in visits:
        for told in visit.followed:
            found.pop(told.event, None)
            if told.open:
                found[told.event] = OpenEvent(
                    key=told.event,
                    category=told.category,
                    severity=told.severity,
                    since=told.since,
                    outcome=told.outcome,
                )
        found |= {event.key: event for event in visit.lasting()}
    found |= {event.key: event for visit in lately for event in visit.undescribed() if event.key not in asked}
    return tuple(sorted(found.values(), key=lambda event: (event.since, event.key)))
