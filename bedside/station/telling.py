"""What a blinded role is told of the journal, and under which numbers: counted over what it is told, without gaps.

A treatment's opening names its session and its end says what was given, so neither is told.
"""

from bisect import bisect_left, bisect_right

from bedside.events import Envelope, Role, VisitClosed, VisitOpened


class Telling:
    """The events of one role since the station started, numbered from 1. Each start of the station begins anew."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self._told: list[int] = []
        self._treats = False

    def recall(self, envelope: Envelope) -> None:
        """Follow the journal of an earlier run; nothing of it is told."""
        if isinstance(envelope.event, VisitOpened):
            self._treats = envelope.event.kind == "treatment"

    def event(self, envelope: Envelope) -> None:
        """Count an event if the role is told of it."""
        self.recall(envelope)
        hidden = self._treats and isinstance(envelope.event, VisitOpened | VisitClosed)
        if envelope.event.told(self._role) is not None and not hidden:
            self._told.append(envelope.n)

    def tells(self, n: int) -> bool:
        """Whether the role is told of the event of this journal number."""
        at = bisect_left(self._told, n)
        return at < len(self._told) and self._told[at] == n

    def shown(self, n: int) -> int:
        """The number for a journal number: that of the last event before or at it that the role knows."""
        return bisect_right(self._told, n)

    def real(self, shown: int) -> int:
        """The journal number of a shown one; the number before the first for 0, that of the last for later ones."""
        if shown <= 0:
            return self._told[0] - 1 if self._told else 0
        return self._told[min(shown, len(self._told)) - 1] if self._told else 0
