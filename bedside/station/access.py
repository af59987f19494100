"""Who may ask what. A kiosk acts while it controls; an assessor's terminal carries out assessments and nothing else.

An assessor must learn nothing of a treatment: not even a refusal's words may depend on one, beyond that the box is in
use. A sign-in holds for the socket on which it was made.
"""

from collections.abc import Callable

from bedside import commands as c
from bedside.assess.state import MEP
from bedside.commands import AnyCommand
from bedside.events import Envelope, Role, SignedIn, VisitClosed, VisitOpened
from bedside.refusal import Refusal
from bedside.station.attached import Client
from bedside.visit.inputs import AssessmentFound, Cause, Person
from bedside.visit.state import Visit

ASSESSOR: frozenset[type] = frozenset(
    {
        c.OpenAssessment,
        c.EnrolParticipant,
        c.OpenInstrument,
        c.ScoreItem,
        c.CloseInstrument,
        c.ReopenInstrument,
        c.StartCapture,
        c.ImportTrial,
        c.StopCapture,
        c.GiveCue,
        c.JudgeTrial,
        c.CalibrateDevice,
        c.SignIn,
        c.NextStep,
        c.PreviousStep,
        c.Answer,
        c.AddNote,
        c.ReportAdverseEvent,
        c.Sign,
        c.EndVisit,
        c.ConfirmResume,
    }
)
"""All that can be asked over assess.sock, besides a stop."""


class Access:
    """Follows who opened the visit and who signed in where. `state` tells the present state, `clients` who is there."""

    def __init__(self, state: Callable[[], Visit], clients: Callable[[], list[Client]]) -> None:
        self._state = state
        self._clients = clients
        self._opened_via = ""
        self._signed_via = ""
        self._acting: Client | None = None

    def event(self, envelope: Envelope) -> None:
        """Follow the journal; also one that is read again after a restart."""
        match envelope.event:
            case VisitOpened():
                self._opened_via = envelope.via
            case SignedIn():
                self._signed_via = envelope.via
            case VisitClosed():
                self._acting = None

    def allow(self, client: Client, command: AnyCommand) -> None:
        """Raise `Refusal` when this client may not ask this now. A stop is asked of nobody.

        An administrator's program may hand over the table of a robot without a wire, beside the kiosk at work.
        """
        if client.role == "assess":
            self._allow_assessor(client, command)
        elif client.role == "control":
            self._allow_kiosk(command)
        elif client.role != "admin" or not isinstance(command, c.ImportRobot):
            raise Refusal(f"the {client.role} role may only look and stop")

    def person(self, client: Client) -> Person | None:
        """Who is signed in for this client's socket."""
        return self._state().person if self._signed_via in ("", client.role) else None

    def signed_in(self, role: Role) -> Person | None:
        """Who a screen of that role shows as signed in: whoever signed in there; the others see whoever did."""
        here = role not in ("control", "assess") or self._signed_via in ("", role)
        return self._state().person if here else None

    def check(self, client: Client, cause: Cause) -> None:
        """Raise `Refusal` for what an assessor must not work on, once it is known what was asked."""
        if client.role == "assess" and isinstance(cause, AssessmentFound):
            points = {point.id: point.instruments for point in self._state().setup.study.assessments}
            if MEP in (cause.instruments or points.get(cause.point, ())):
                raise Refusal("this assessment is not carried out at an assessor's terminal", "choose another one")

    def _allow_assessor(self, client: Client, command: AnyCommand) -> None:
        if type(command) not in ASSESSOR:
            raise Refusal("an assessor's terminal may assess, look and stop")
        state = self._state()
        if state.going_on and not (state.assesses and self._opened_via == "assess"):
            raise Refusal("the box is in use", "ask the therapist when it is free")
        acting = self._present_actor()
        if acting is not None and acting is not client:
            raise Refusal("another assessor's terminal is at work", "go on there")
        self._acting = client

    def _allow_kiosk(self, command: AnyCommand) -> None:
        state = self._state()
        theirs = state.going_on and state.assesses and self._opened_via == "assess"
        if theirs and type(command) in ASSESSOR and self._present_actor() is not None:
            raise Refusal("an assessor works on this assessment at another terminal", "wait until it is finished")

    def _present_actor(self) -> Client | None:
        """The assessor's terminal at work, as long as it is attached and an assessment is open."""
        if self._acting not in self._clients() or not self._state().going_on:
            self._acting = None
        return self._acting
