import pytest

from bedside.config import StaffMember, hash_pin
from bedside.events import (
    AnyEvent,
    CurrentEnded,
    Envelope,
    HotspotChosen,
    PulseReported,
    PulsesReconciled,
    PulsesUncertain,
    StimulationEnded,
    ThresholdFound,
    VisitClosed,
    VisitOpened,
)
from bedside.station.history import history_of
from bedside.station.staff import TRIES, Staff
from bedside.visit.rules import Refusal

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


def test_current_that_was_given_without_a_pulse_was_a_treatment() -> None:
    def given(plateau_c: float) -> CurrentEnded:
        return CurrentEnded(
            cause="stopped", reason="", planned_c=0.5, given_c=plateau_c, plateau_c=plateau_c, ramps_c=0.0
        )

    assert history_of("P1", [visit(NOW, given(0.1), CLOSED)], NOW).visits_today == 1
    assert history_of("P1", [visit(NOW, given(0.0), CLOSED)], NOW).visits_today == 0
