"""Turns a client's command into a cause the rules can decide: checks PINs, finds records. Secrets end here."""

from collections.abc import Callable

from bedside.commands import AnyCommand, DecideConcern, OpenVisit, Sign, SignIn
from bedside.config import Participant, second_identifier_matches
from bedside.station.staff import Staff
from bedside.visit.inputs import (
    Cause,
    ConcernDecided,
    History,
    ParticipantFound,
    Person,
    SignedByPerson,
    SignedInPerson,
)
from bedside.visit.rules import Refusal


class Resolver:
    """Knows the staff and finds participants; raises `Refusal` for who or what is not known."""

    def __init__(
        self, staff: Staff, participant: Callable[[str], Participant], history: Callable[[str], History]
    ) -> None:
        self._staff = staff
        self._participant = participant
        self._history = history

    def resolve(self, command: AnyCommand, person: Person | None) -> Cause:
        """The cause for `command` from `person` (None before sign-in).

        Raises `Refusal` for a wrong PIN or an unknown participant, `ConfigError` for a broken record.
        """
        match command:
            case SignIn(user=user, pin=pin):
                return SignedInPerson(self._staff.verify(user, pin))
            case Sign(pin=pin, meaning=meaning):
                if person is None:
                    raise Refusal("nobody is signed in", "sign in first")
                return SignedByPerson(self._staff.verify(person.user, pin), meaning)
            case DecideConcern(item=item, allow=allow, physician=physician, pin=pin, reason=reason):
                return ConcernDecided(item, allow, self._staff.verify(physician, pin), reason)
            case OpenVisit(participant=code, second_identifier=second):
                return self._found(code, second)
            case _:
                return command

    def _found(self, code: str, second_identifier: str) -> ParticipantFound:
        record = self._participant(code)
        matches = second_identifier_matches(record, second_identifier)
        return ParticipantFound(record, self._history(record.code), matches)
