"""Event numbers as a blinded role may know them: counted over what it is told, so that gaps tell nothing."""

from bisect import bisect_right

from bedside.events import Envelope, Role


class Numbering:
    """Numbers of one role since the station started, from 1. They begin anew with every start of the station."""

    def __init__(self, role: Role) -> None:
        self._role = role
        self._told: list[int] = []

    def event(self, envelope: Envelope) -> None:
        """Count an event that the role is told of."""
        if self._role in envelope.event.visible_to:
            self._told.append(envelope.n)

    def shown(self, n: int) -> int:
        """The number for a journal number: that of the last event before or at it that the role knows."""
        return bisect_right(self._told, n)

    def real(self, shown: int) -> int:
        """The journal number of a shown one; the number before the first for 0, that of the last for later ones."""
        if shown <= 0:
            return self._told[0] - 1 if self._told else 0
        return self._told[min(shown, len(self._told)) - 1] if self._told else 0
