"""Who may ask what, by role and by what is going on; numbers that tell a blinded role nothing."""

from typing import Any, cast, get_args

import msgspec
import pytest

from bedside import commands as c
from bedside.commands import AnyCommand
from bedside.events import (
    Envelope,
    Event,
    NoteAdded,
    PulseReported,
    Role,
    SignedIn,
    StepEntered,
    VisitClosed,
    VisitKind,
    VisitOpened,
)
from bedside.refusal import Refusal
from bedside.station.access import ASSESSOR, Access
from bedside.station.attached import Client
from bedside.station.telling import Telling
from bedside.visit.inputs import AssessmentFound, History
from tests.helpers.bed import RECORD, THERAPIST, Bed

OPENED = VisitOpened(visit="v", participant="P", study="S", session=0, sessions_planned=0, simulated=True)


def client(role: Role) -> Client:
    return Client(f"{role}-1", role, "user", cast(Any, None), 0.0, 0.0)


class Desk:
    """An access control over a bed's state, with a kiosk and two assessors' terminals."""

    def __init__(self) -> None:
        self.bed = Bed()
        self.kiosk, self.first, self.second = client("control"), client("assess"), client("assess")
        self.here = [self.kiosk, self.first, self.second]
        self.access = Access(lambda: self.bed.state, lambda: self.here)

    def told(self, event: Event, via: str) -> None:
        self.access.event(Envelope(n=1, mono_ns=0, utc="", who="", via=via, event=event))

    def allowed(self, client: Client, command: AnyCommand) -> bool:
        try:
            self.access.allow(client, command)
        except Refusal:
            return False
        return True

    def assess(self, via: str) -> None:
        """An assessment was opened at a terminal of that role."""
        found = AssessmentFound(record=RECORD, history=History(), point="T0", instruments=("bbs",))
        self.bed.put(found, THERAPIST)
        self.told(OPENED, via)


def example(kind: type) -> Any:
    """A command of that kind; what it asks for does not matter here."""
    blank: dict[type, Any] = {str: "x", bool: True, int: 1, float: 1.0}
    fields = msgspec.structs.fields(kind)
    return kind(**{field.name: blank.get(field.type, "x") for field in fields if field.required})


@pytest.mark.parametrize("kind", get_args(AnyCommand))
def test_an_assessors_terminal_has_exactly_the_commands_of_an_assessment(kind: type) -> None:
    desk = Desk()
    assert desk.allowed(desk.first, example(kind)) == (kind in ASSESSOR)
    assert not desk.allowed(client("observe"), example(kind))
    assert desk.allowed(client("admin"), example(kind)) == (kind is c.ImportRobot)


def test_the_list_holds_nothing_that_moves_a_device() -> None:
    assert len(ASSESSOR) == 21
    forbidden = {
        c.OpenVisit,
        c.Fire,
        c.StartStimulation,
        c.StartCurrent,
        c.SilenceAlarm,
        c.TakeControl,
    }
    assert not forbidden & ASSESSOR


@pytest.mark.parametrize("kind", sorted(ASSESSOR, key=lambda kind: kind.__name__))
def test_during_a_treatment_every_command_gets_the_same_words(kind: type) -> None:
    desk = Desk()
    desk.bed.begin()
    desk.told(OPENED, "control")
    with pytest.raises(Refusal) as refused:
        desk.access.allow(desk.first, example(kind))
    assert (refused.value.reason, refused.value.remedy) == ("the box is in use", "ask the therapist when it is free")


def test_an_assessment_at_the_kiosk_is_none_of_the_terminals() -> None:
    desk = Desk()
    desk.assess("control")
    assert desk.bed.state.assesses
    assert not desk.allowed(desk.first, c.NextStep())
    assert desk.allowed(desk.kiosk, c.NextStep())


def test_the_terminal_that_began_goes_on_until_it_leaves() -> None:
    desk = Desk()
    assert desk.allowed(desk.first, c.NextStep())
    desk.assess("assess")
    assert desk.allowed(desk.first, c.NextStep())
    assert not desk.allowed(desk.second, c.NextStep())
    assert not desk.allowed(desk.kiosk, c.NextStep())
    assert desk.allowed(desk.kiosk, c.SilenceAlarm(alarm="x")), "what is the kiosk's alone stays so"
    desk.here.remove(desk.first)
    assert desk.allowed(desk.kiosk, c.NextStep()), "nobody is at work any more"
    assert desk.allowed(desk.second, c.NextStep())
    assert not desk.allowed(desk.kiosk, c.NextStep())
    desk.told(VisitClosed(outcome="complete", reason=""), "assess")
    assert desk.allowed(desk.kiosk, c.NextStep())


def test_a_sign_in_holds_for_the_socket_it_was_made_on() -> None:
    desk = Desk()
    desk.bed.state = desk.bed.begin().state
    assert desk.access.person(desk.first) is not None, "before any sign-in of this run nobody can say"
    desk.told(SignedIn(user="thera", name="T", profession="therapist"), "assess")
    assert desk.access.person(desk.kiosk) is None
    assert desk.access.person(desk.second) is not None
    assert desk.access.signed_in("control") is None, "nor does the kiosk show somebody who did not sign in there"
    assert desk.access.signed_in("assess") == desk.access.signed_in("observe") == desk.access.person(desk.first)


@pytest.mark.parametrize("asked", [{"point": "T0 MEP"}, {"point": "T0", "instruments": ("bbs", "mep")}])
def test_potentials_need_intensities_and_are_not_for_an_assessor(asked: dict[str, Any]) -> None:
    desk = Desk()
    found = AssessmentFound(record=RECORD, history=History(), **asked)
    with pytest.raises(Refusal, match="not carried out at an assessor's terminal"):
        desk.access.check(desk.first, found)
    desk.access.check(desk.kiosk, found)


def test_an_assessors_numbers_have_no_gaps() -> None:
    telling = Telling("assess")
    pulse = PulseReported(purpose="treatment")
    events: list[Event] = [StepEntered(step="checkin"), pulse, NoteAdded(text="x"), StepEntered(step="assess")]
    for n, event in enumerate(events, 11):
        telling.event(Envelope(n=n, mono_ns=0, utc="", who="", via="", event=event))
    assert [telling.shown(n) for n in range(10, 16)] == [0, 1, 1, 1, 2, 2]
    assert [telling.real(shown) for shown in range(-1, 4)] == [10, 10, 11, 14, 14]
    assert [n for n in range(10, 16) if telling.tells(n)] == [11, 14]


@pytest.mark.parametrize("kind", ["treatment", "assessment"])
@pytest.mark.parametrize("restarted", [False, True])
def test_neither_the_session_nor_the_end_of_a_treatment_is_told(kind: VisitKind, restarted: bool) -> None:
    telling = Telling("assess")
    opened = msgspec.structs.replace(OPENED, kind=kind, session=5, sessions_planned=28)
    closed = VisitClosed(outcome="complete", reason="all 1200 pulses were given")
    for n, event in enumerate((opened, StepEntered(step="checkin"), closed), 1):
        hear = telling.recall if restarted and n == 1 else telling.event
        hear(Envelope(n=n, mono_ns=0, utc="", who="", via="", event=event))
    told = [n for n in (1, 2, 3) if telling.tells(n)]
    assert told == ([2] if kind == "treatment" else [2, 3] if restarted else [1, 2, 3])
