"""What every event has, and the words that several of them use."""

from typing import ClassVar, Literal, Self

import msgspec

Role = Literal["control", "observe", "assess", "admin"]
EVERYONE: frozenset[Role] = frozenset({"control", "observe", "assess", "admin"})
BEDSIDE: frozenset[Role] = frozenset({"control", "observe", "admin"})
UNBLINDED: frozenset[Role] = frozenset({"control", "admin"})

StepId = Literal[
    "checkin",
    "screening",
    "posture",
    "hotspot",
    "threshold",
    "dose",
    "fit",
    "coil",
    "treatment",
    "mep",
    "assess",
    "finish",
    "aftercare",
    "physio",
    "signoff",
]
Purpose = Literal["hotspot", "threshold", "assessment", "treatment"]
VisitKind = Literal["treatment", "assessment"]
Priority = Literal["high", "medium", "low"]
Value = bool | int | float | str | None


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="ev"):
    """Base of all events."""

    visible_to: ClassVar[frozenset[Role]] = BEDSIDE

    def told(self, role: Role) -> Self | None:
        """The event as `role` may know it; None where it may not know that there was one."""
        return self if role in self.visible_to else None
