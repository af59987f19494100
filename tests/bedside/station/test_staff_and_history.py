from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from msgspec.structs import replace

from bedside.commands import EnrolParticipant
from bedside.config import StaffMember, hash_pin
from bedside.events import (
    AdverseEventRecorded,
    AnyEvent,
    CurrentEnded,
    CurrentIntended,
    CurrentStarted,
    Envelope,
    HotspotChosen,
    InstrumentClosed,
    InstrumentReopened,
    PulseReported,
    PulsesReconciled,
    PulsesUncertain,
    StimulationEnded,
    ThresholdFound,
    VisitClosed,
    VisitInterrupted,
    VisitOpened,
)
from bedside.refusal import Refusal
from bedside.station.history import assessed_of, history_of
from bedside.station.participants import enrol_participant, find_participant
from bedside.station.staff import TRIES, Staff

NOW = "2026-11-21T12:00:00.000000Z"


class At:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(scope="module")
def member() -> StaffMember:
    return StaffMember(code="thera", name="A. Therapist", profession="therapist", pin=hash_pin("4711"))


def test_the_right_pin_gives_the_person(member: StaffMember) -> None:
    person = Staff({"thera": member}).verify("thera", "4711")
    assert (person.user, person.profession) == ("thera", "therapist")


@pytest.mark.parametrize(("user", "pin"), [("thera", "4712"), ("nobody", "4711"), ("thera", "")])
def test_a_wrong_code_and_a_wrong_pin_get_the_same_answer(member: StaffMember, user: str, pin: str) -> None:
    with pytest.raises(Refusal, match="staff code or PIN is wrong"):
        Staff({"thera": member}).verify(user, pin)


def test_guessing_is_locked_for_a_minute_even_for_the_right_pin(member: StaffMember) -> None:
    at = At()
    staff = Staff({"thera": member}, at)
    for _ in range(TRIES):
        with pytest.raises(Refusal, match="wrong"):
            staff.verify("thera", "0000")
    with pytest.raises(Refusal, match="too many"):
        staff.verify("thera", "4711")
    at.now_s = 61.0
    assert staff.verify("thera", "4711").user == "thera"


def visit(utc: str, *events: AnyEvent, participant: str = "P1") -> list[Envelope]:
    opened = VisitOpened(visit="v", participant=participant, study="S", session=1, sessions_planned=28, simulated=False)
    return [
        Envelope(n=n, mono_ns=n, utc=utc, who="x", via="control", event=event)
        for n, event in enumerate((opened, *events), 1)
    ]


PULSE = PulseReported(purpose="treatment", course=1)
ENDED = StimulationEnded(cause="complete", reason="", planned=2, delivered=2)
CLOSED = VisitClosed(outcome="complete", reason="")


def test_a_new_participant_has_no_history() -> None:
    history = history_of("P1", [visit(NOW, PULSE, participant="P2")], NOW)
    assert (history.session, history.pulses_course, history.hotspot_site) == (1, 0, None)


def test_pulses_are_summed_over_the_day_the_week_and_the_course() -> None:
    visits = [
        visit("2026-11-21T08:00:00.000000Z", PULSE, PULSE, ENDED, CLOSED),
        visit("2026-11-19T08:00:00.000000Z", PULSE, ENDED, CLOSED),
        visit("2026-11-01T08:00:00.000000Z", PULSE, ENDED, CLOSED),
    ]
    history = history_of("P1", visits, NOW)
    assert (history.pulses_today, history.pulses_week, history.pulses_course) == (2, 3, 4)
    assert (history.session, history.visits_today) == (4, 1)


def test_pulses_that_cannot_be_excluded_count_against_the_ceilings() -> None:
    events = (
        PULSE,
        PulsesReconciled(count=3, purpose="treatment", evidence="counter"),
        PulsesUncertain(at_most=4, purpose="treatment", reason="crash"),
        PulseReported(purpose="threshold", pulse=1),
    )
    history = history_of("P1", [visit(NOW, *events)], NOW)
    assert history.pulses_course == 8
    assert history.pulses_today == 9


def test_the_last_threshold_and_hotspot_come_with_their_age() -> None:
    def found(rmt: float) -> ThresholdFound:
        return ThresholdFound(
            rmt_pct_mso=rmt, low_pct_mso=rmt - 2, high_pct_mso=rmt + 2, trials=20, rule="r", muscle="TA left", reason=""
        )

    def spot(site: str) -> HotspotChosen:
        return HotspotChosen(site=site, x_cm=0.0, y_cm=0.0, mean_uv=100.0, reason="")

    visits = [
        visit("2026-11-18T12:00:00.000000Z", spot("old"), found(61.0), CLOSED),
        visit("2026-11-20T12:00:00.000000Z", spot("new"), found(63.0), CLOSED),
    ]
    history = history_of("P1", reversed(visits), NOW)
    assert (history.rmt_pct_mso, history.rmt_age_days, history.hotspot_site) == (63.0, 1.0, "new")


def test_treatments_of_the_week_and_free_days_since_the_last() -> None:
    days = ("2026-11-20", "2026-11-18", "2026-11-15", "2026-11-14")
    visits = [visit(f"{day}T20:00:00.000000Z", PULSE, ENDED, CLOSED) for day in days]
    history = history_of("P1", visits, NOW)
    assert (history.visits_week, history.free_days) == (3, 0)
    assert history_of("P1", visits[1:], NOW).free_days == 2
    assert history_of("P1", [], NOW).free_days is None


def assessment(utc: str, point: str, *events: AnyEvent) -> list[Envelope]:
    opened = VisitOpened(
        visit="a",
        participant="P1",
        study="S",
        session=0,
        sessions_planned=0,
        simulated=False,
        kind="assessment",
        point=point,
    )
    return [
        Envelope(n=n, mono_ns=n, utc=utc, who="x", via="assess", event=event)
        for n, event in enumerate((opened, *events), 1)
    ]


def closed(total: float | None, outcome: Literal["complete", "not_done"] = "complete") -> InstrumentClosed:
    return InstrumentClosed(
        instrument="bbs", outcome=outcome, reason="", total=total, values={"BBS01": 4.0}, examiner="anna"
    )


def test_an_assessment_is_no_session_but_its_pulses_count() -> None:
    found = PulseReported(purpose="assessment", pulse=1)
    visits = [
        assessment("2026-11-20T08:00:00.000000Z", "T0", found, CLOSED),
        visit("2026-11-21T08:00:00.000000Z", PULSE, ENDED, CLOSED),
    ]
    history = history_of("P1", visits, NOW)
    assert (history.session, history.visits_today, history.pulses_week, history.pulses_course) == (2, 1, 2, 1)


def test_the_next_assessment_knows_the_earlier_outcomes_and_the_days_of_treatment() -> None:
    visits = [
        assessment("2026-11-19T09:00:00.000000Z", "week 4", closed(41.0), CLOSED),
        assessment("2026-11-01T09:00:00.000000Z", "T0", closed(30.0), closed(31.0), CLOSED),
        assessment("2026-11-20T09:00:00.000000Z", "T1", closed(None, "not_done"), CLOSED),
        visit("2026-11-18T08:00:00.000000Z", PULSE, ENDED, CLOSED),
        visit("2026-11-02T08:00:00.000000Z", PULSE, ENDED, CLOSED),
        visit("2026-10-30T08:00:00.000000Z", VisitClosed(outcome="stopped", reason="screening")),
        visit("2026-11-10T08:00:00.000000Z", PULSE, ENDED, CLOSED, participant="P2"),
    ]
    known = assessed_of("P1", visits)
    assert [(found.point, found.total, found.examiner) for found in known.earlier] == [
        ("T0", 31.0, "anna"),
        ("week 4", 41.0, "anna"),
    ]
    assert known.earlier[0].utc.startswith("2026-11-01")
    assert (known.first_session_day, known.last_session_day) == ("2026-11-02", "2026-11-18")
    assert assessed_of("P3", visits).first_session_day is None


def test_an_assessment_in_between_does_not_hide_what_happened_at_the_last_treatment() -> None:
    def felt(category: str) -> AdverseEventRecorded:
        return AdverseEventRecorded(category=category, severity="mild", related="possible", action="none")

    visits = [
        visit("2026-11-16T08:00:00.000000Z", felt("fall"), ENDED, CLOSED),
        visit("2026-11-18T08:00:00.000000Z", felt("headache"), ENDED, CLOSED),
        assessment("2026-11-19T08:00:00.000000Z", "T1", felt("dizziness"), CLOSED),
        assessment("2026-11-20T08:00:00.000000Z", "T1 MEP", CLOSED),
    ]
    assert history_of("P1", visits, NOW).adverse == ("headache (mild)", "dizziness (mild)")
    assert history_of("P1", visits[2:3], NOW).adverse == ("dizziness (mild)",)
    assert history_of("P1", [], NOW).adverse == ()


def test_what_a_form_is_compared_by_comes_with_it() -> None:
    bbs = InstrumentClosed(
        instrument="bbs",
        outcome="complete",
        reason="",
        total=41.0,
        values={},
        examiner="anna",
        version="3",
        conditions={"AID": "cane"},
    )
    (found,) = assessed_of("P1", [assessment("2026-11-01T08:00:00.000000Z", "T0", bbs)]).earlier
    assert (found.version, found.conditions) == ("3", {"AID": "cane"})


def test_an_outcome_that_was_opened_again_and_left_is_no_outcome() -> None:
    again = InstrumentReopened(instrument="bbs", reason="mistyped")
    left = assessed_of("P1", [assessment("2026-11-01T08:00:00.000000Z", "T0", closed(31.0), again)])
    assert left.earlier == ()
    finished = assessed_of("P1", [assessment("2026-11-01T08:00:00.000000Z", "T0", closed(31.0), again, closed(33.0))])
    assert [found.total for found in finished.earlier] == [33.0]


ENROL = EnrolParticipant(
    participant="B-12", second_identifier="green 4", height_cm=171.5, consent_version="2", consent_date="2026-11-20"
)


def test_an_enrolment_is_whole_private_and_holds_no_allocation(tmp_path: Path) -> None:
    record = enrol_participant(tmp_path, "study", ENROL)
    assert (record.tms, record.arm, record.preset) == ("unknown", "", "")
    assert find_participant(tmp_path, "B-12") == record
    (path,) = (tmp_path / "participants").iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "tms" not in path.read_text()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "on this box already"),
        ({"participant": "b-12"}, "on this box already"),
        ({"participant": "../B"}, "cannot be the code"),
        ({"participant": "B-13\n"}, "cannot be the code"),
        ({"participant": "--"}, "cannot be the code"),
        ({"participant": "C-2", "height_cm": 17.0}, "cannot be the height cm"),
        ({"participant": "C-1", "second_identifier": "x"}, "cannot be the second identifier"),
    ],
)
def test_an_enrolment_that_cannot_be_changes_nothing(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    enrol_participant(tmp_path, "study", ENROL)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.toml")}
    with pytest.raises(Refusal, match=words):
        enrol_participant(tmp_path, "study", msgspec.structs.replace(ENROL, **change))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


RAMP_S, PLATEAU_S = 15.0, {"active": 200.0, "sham": 30.0}


def with_current(arm: str, stop_s: float | None, *, ends: bool = True) -> list[Envelope]:
    """A visit of current alone, stopped after `stop_s` or let run; the device tells no charge of a sham."""
    loaded = CurrentIntended(action="prepare", current_ma=2.5, plateau_s=PLATEAU_S[arm], ramp_s=RAMP_S)
    whole_s = PLATEAU_S[arm] + 2 * RAMP_S
    over_s = whole_s if stop_s is None else min(whole_s, stop_s + RAMP_S)
    plateau_c = 0.0 if arm == "sham" else max(0.0, over_s - 2 * RAMP_S) * 0.0025
    ended = CurrentEnded(cause="stopped", reason="", planned_c=0.5, given_c=0.1, plateau_c=plateau_c, ramps_c=0.0)
    opened = visit("2026-11-20T08:00:00.000000Z")[0]
    timed: list[tuple[float, AnyEvent]] = [
        (0.0, loaded),
        (1.0, replace(loaded, action="start")),
        (1.0, CurrentStarted()),
    ]
    if stop_s is not None:
        timed.append((1.0 + stop_s, CurrentIntended(action="stop", reason="x")))
    if ends:
        timed.append((1.0 + over_s, ended))
    timed.sort(key=lambda one: one[0])
    later = (replace(opened, n=n, mono_ns=round(at_s * 1e9), event=event) for n, (at_s, event) in enumerate(timed, 2))
    return [opened, *later]


@pytest.mark.parametrize(
    ("stop_s", "ends", "counts"),
    [(None, True, True), (100.0, True, True), (20.0, True, True), (5.0, True, False), (None, False, True)],
)
def test_a_visit_of_current_alone_counts_the_same_in_every_arm(stop_s: float | None, ends: bool, counts: bool) -> None:
    for arm in PLATEAU_S:
        visits = [with_current(arm, stop_s, ends=ends)]
        history, known = history_of("P1", visits, NOW), assessed_of("P1", visits)
        days = "2026-11-20" if counts else None
        assert (known.first_session_day, known.last_session_day) == (days, days), arm
        assert (history.free_days, history.visits_week) == ((0, 1) if counts else (None, 0)), arm


@pytest.mark.parametrize("arm", sorted(PLATEAU_S))
def test_current_that_flowed_when_the_box_lost_its_power_counts(arm: str) -> None:
    """Visit time begins anew with the box, so that the end may lie before the beginning."""
    whole = with_current(arm, None)
    place = next(at for at, envelope in enumerate(whole) if isinstance(envelope.event, CurrentEnded))
    lost = VisitInterrupted(reason="the station was restarted", certain="", uncertain="")
    after = (lost, *(envelope.event for envelope in whole[place:]))
    again = [replace(whole[0], n=99 + n, mono_ns=n, event=event) for n, event in enumerate(after)]
    assert history_of("P1", [[*whole[:place], *again]], NOW).visits_week == 1
