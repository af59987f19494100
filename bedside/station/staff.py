"""Who may do what at the kiosk: PINs are checked here and go no further."""

import time
from collections.abc import Callable, Mapping

from bedside.config import StaffMember, pin_matches
from bedside.visit.inputs import Person
from bedside.visit.rules import Refusal

TRIES = 5
LOCK_S = 60.0


class Staff:
    """The people of the staff file. Five wrong PINs lock a code for a minute, against guessing."""

    def __init__(self, members: Mapping[str, StaffMember], now_s: Callable[[], float] = time.monotonic) -> None:
        self._members = members
        self._now_s = now_s
        self._wrong: dict[str, list[float]] = {}

    def verify(self, user: str, pin: str) -> Person:
        """The person behind a code and PIN; raises `Refusal` with the same words for a wrong code and a wrong PIN."""
        recent = [at for at in self._wrong.get(user, []) if self._now_s() - at < LOCK_S]
        if len(recent) >= TRIES:
            raise Refusal("too many wrong PINs for this code", "wait one minute")
        member = self._members.get(user)
        if member is None or not pin_matches(member, pin):
            self._wrong[user] = [*recent, self._now_s()]
            raise Refusal("staff code or PIN is wrong", "type both again")
        self._wrong.pop(user, None)
        return Person(user=member.code, name=member.name, profession=member.profession)
