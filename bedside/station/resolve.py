"""Turns a client's command into a cause for the rules: checks PINs, finds and makes records. Secrets end here."""

from collections.abc import Callable

from bedside.commands import AnyCommand, DecideConcern, EnrolParticipant, OpenAssessment, OpenVisit, Sign, SignIn
from bedside.config import Participant, second_identifier_matches
from bedside.refusal import Refusal
from bedside.station.history import Assessed
from bedside.station.staff import Staff
from bedside.visit.inputs import (
    AssessmentFound,
    Cause,
    ConcernDecided,
    History,
    ParticipantEnrolled,
    ParticipantFound,
    Person,
    SignedByPerson,
    SignedInPerson,
)


class Resolver:
    """Knows the staff, finds participants and enrols them; raises `Refusal` for who or what is not known."""

    def __init__(
        self,
        staff: Staff,
        participant: Callable[[str], Participant],
        past: Callable[[str], tuple[History, Assessed]],
        enrol: Callable[[EnrolParticipant], Participant],
    ) -> None:
        self._staff = staff
        self._participant = participant
        self._past = past
        self._enrol = enrol

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
            case OpenAssessment():
                return self._assessment(command)
            case EnrolParticipant():
                if person is None:
                    raise Refusal("nobody is signed in", "sign in first")
                return ParticipantEnrolled(self._enrol(command))
            case _:
                return command

    def _found(self, code: str, second_identifier: str) -> ParticipantFound:
        record = self._participant(code)
        matches = second_identifier_matches(record, second_identifier)
        return ParticipantFound(record, self._past(record.code)[0], matches)

    def _assessment(self, asked: OpenAssessment) -> AssessmentFound:
        record = self._participant(asked.participant)
        history, assessed = self._past(record.code)
        return AssessmentFound(
            record=record,
            history=history,
            point=asked.point,
            earlier=assessed.earlier,
            instruments=asked.instruments,
            second_identifier_ok=second_identifier_matches(record, asked.second_identifier),
            first_session_day=assessed.first_session_day,
            last_session_day=assessed.last_session_day,
        )
