"""Check-in, safety questions, forms, adverse events, the end of a visit."""

import pytest
from msgspec.structs import replace

from bedside import commands as c
from bedside import events as e
from bedside.visit.inputs import (
    ConcernDecided,
    DiskSpace,
    History,
    ParticipantFound,
    Person,
    SignedByPerson,
    SignedInPerson,
)
from bedside.visit.rules import Refusal
from tests.helpers.bed import PHYSICIAN, RECORD, THERAPIST, Bed, shipped
from tests.helpers.bed_ready import bed_at


def answer(bed: Bed, item: str, value: e.Value) -> tuple[e.Event, ...]:
    assert bed.state.step is not None
    return bed.ask(c.Answer(step=bed.state.step, item=item, value=value))


@pytest.mark.parametrize(
    ("record", "history", "matches", "word"),
    [
        ({}, {}, False, "do not belong together"),
        ({"study": "other"}, {}, True, "belongs to study"),
        ({"tms": "none"}, {}, True, "no stimulation"),
        ({"paretic_side": "left"}, {}, True, "opposite"),
        ({"paretic_side": None}, {}, True, "not both recorded"),
        ({}, {"session": 29}, True, "28 sessions"),
        ({}, {"visits_today": 1}, True, "treated today"),
    ],
)
def test_a_visit_that_may_not_take_place(record: dict, history: dict, matches: bool, word: str) -> None:
    found = ParticipantFound(replace(RECORD, **record), History(**history), matches)
    with pytest.raises(Refusal, match=word):
        Bed().begin_with(found)


def test_no_visit_begins_without_room_for_it_on_the_disk() -> None:
    bed = Bed()
    bed.put(SignedInPerson(THERAPIST))
    bed.put(DiskSpace(999_000_000))
    with pytest.raises(Refusal, match="needs 1000 MB of free disk, 999 MB are left"):
        bed.put(ParticipantFound(RECORD, History()), THERAPIST)
    bed.put(DiskSpace(1_000_000_000))
    bed.put(ParticipantFound(RECORD, History()), THERAPIST)
    assert bed.state.going_on


def test_nobody_opens_a_visit_unsigned_or_twice() -> None:
    bed = Bed()
    with pytest.raises(Refusal, match="signed in"):
        bed.put(ParticipantFound(RECORD, History()), None)
    bed.begin()
    with pytest.raises(Refusal, match="a visit is open"):
        bed.put(ParticipantFound(RECORD, History()), THERAPIST)


def test_opening_says_what_earlier_visits_said() -> None:
    bed = Bed().begin(
        History(session=5, hotspot_site="r0c3", rmt_pct_mso=51.0, rmt_age_days=1.0, fit={"thigh_cm": 41.0})
    )
    (recalled,) = bed.events(e.ParticipantRecalled)
    assert (recalled.hotspot_site, recalled.fit) == ("r0c3", {"thigh_cm": 41.0})
    (opened,) = bed.events(e.VisitOpened)
    assert (opened.session, opened.sessions_planned, opened.simulated) == (5, 28, True)
    bed.to("hotspot")
    bed.ask(c.PlaceCoil(site="r0c3"))
    bed.ask(c.SetPacing(automatic=True))
    assert bed.state.pacing, "the search starts at the last visit's site"


def test_thirteen_topics_and_twelve_questions() -> None:
    forms = shipped().instruments
    assert (len(forms["tass"].items), len(forms["day_questions"].items)) == (13, 12)


def test_every_screening_item_holds_the_visit() -> None:
    bed = bed_at("screening")
    bed.fill()
    for key in [key for key in bed.state.answers if key.startswith("screening.")]:
        item = next(i for f in shipped().instruments.values() for i in f.items if i.id == key.split(".")[1])
        if not item.required:
            continue
        without = {name: given for name, given in bed.state.answers.items() if name != key}
        kept, bed.state = bed.state, replace(bed.state, answers=without)
        with pytest.raises(Refusal, match="open"):
            bed.ask(c.NextStep())
        bed.state = kept
    bed.ask(c.NextStep())
    assert bed.state.step == "posture"


@pytest.mark.parametrize(("item", "value"), [("tass_seizure", "yes"), ("tass_metal", "unknown"), ("day_fever", True)])
def test_a_physician_decides(item: str, value: e.Value) -> None:
    bed = bed_at("screening")
    bed.fill()
    events = answer(bed, item, value)
    assert events[1].outcome == "physician"
    with pytest.raises(Refusal):
        bed.ask(c.NextStep())
    for person, reason, word in (
        (Person("second", "Second", "therapist"), "fine", "not a physician"),
        (PHYSICIAN, " ", "reason"),
    ):
        with pytest.raises(Refusal, match=word):
            bed.put(ConcernDecided(item, True, person, reason), THERAPIST)
    with pytest.raises(Refusal, match="treating person"):
        bed.put(ConcernDecided(item, True, PHYSICIAN, "fine"), PHYSICIAN)
    bed.put(ConcernDecided(item, False, PHYSICIAN, "not today"), THERAPIST)
    with pytest.raises(Refusal):
        bed.ask(c.NextStep())
    bed.put(ConcernDecided(item, True, PHYSICIAN, "known, stable"), THERAPIST)
    bed.ask(c.NextStep())
    assert bed.state.step == "posture"


@pytest.mark.parametrize("item", ["tass_pacemaker", "tass_cochlear", "tass_stimulator", "tass_pump"])
def test_nobody_can_allow_a_stop(item: str) -> None:
    bed = bed_at("screening")
    bed.fill()
    answer(bed, item, "yes")
    with pytest.raises(Refusal, match="nobody can allow"):
        bed.put(ConcernDecided(item, True, PHYSICIAN, "please"), THERAPIST)
    with pytest.raises(Refusal):
        bed.ask(c.NextStep())
    bed.ask(c.EndVisit(reason="pacemaker"))
    (closed,) = bed.events(e.VisitClosed)
    assert closed.outcome == "stopped"


def test_a_corrected_answer_ends_the_concern_and_stays_in_the_record() -> None:
    bed = bed_at("screening")
    bed.fill()
    answer(bed, "day_fever", True)
    assert bed.state.doubts["day_fever"].blocks
    answer(bed, "day_fever", False)
    assert "day_fever" not in bed.state.doubts
    assert bed.events(e.ConcernRaised)


@pytest.mark.parametrize(("value", "blocks"), [(180.0, False), (181.0, True), (90.0, False), (89.0, True)])
def test_vital_limits(value: float, blocks: bool) -> None:
    bed = bed_at("screening")
    answer(bed, "systolic", value)
    assert any(doubt.blocks for doubt in bed.state.doubts.values()) is blocks


@pytest.mark.parametrize(
    ("item", "value"),
    [("systolic", 500), ("systolic", "high"), ("systolic", True), ("systolic", float("nan")), ("tass_metal", "maybe"),
     ("day_fever", "no"), ("ear_protection", 1), ("nothing", True)],
)  # fmt: skip
def test_values_that_cannot_be(item: str, value: e.Value) -> None:
    with pytest.raises(Refusal):
        answer(bed_at("screening"), item, value)


def test_another_step_cannot_be_answered() -> None:
    bed = bed_at("posture")
    with pytest.raises(Refusal):
        bed.ask(c.Answer(step="screening", item="day_fever", value=False))


def test_support_in_kg_follows_todays_weight() -> None:
    bed = bed_at("fit")
    events = answer(bed, "support_pct", 40.0)
    assert (events[1].item, events[1].value, events[1].unit, events[1].by) == ("support_kg", 28.8, "kg", "machine")
    with pytest.raises(Refusal):
        answer(bed, "support_pct", 61.0)
    with pytest.raises(Refusal):
        answer(bed, "support_kg", 10.0)


@pytest.mark.parametrize(("value", "refused"), [(0.7, True), (1.9, True), (1.0, False)])
def test_speed_envelope(value: float, refused: bool) -> None:
    bed = bed_at("fit")
    if refused:
        with pytest.raises(Refusal):
            answer(bed, "speed_kmh", value)
    else:
        assert answer(bed, "speed_kmh", value)


def test_a_physician_is_there_in_the_first_three_sessions() -> None:
    for session, asked in ((3, True), (4, False)):
        bed = Bed().begin(History(session=session)).to("coil")
        from bedside.visit import forms

        assert ("physician_present" in [item.id for item in forms.items(bed.state, "coil")]) is asked


def test_going_back_keeps_the_record_and_asks_again() -> None:
    bed = bed_at("threshold")
    bed.ask(c.PreviousStep())
    assert bed.state.step == "hotspot"
    assert "hotspot" not in bed.state.done
    bed.ask(c.NextStep())
    assert bed.state.step == "threshold"


def test_no_way_back_once_pulses_were_given() -> None:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(3.0)
    bed.ask(c.PauseStimulation(reason="x"))
    with pytest.raises(Refusal):
        bed.ask(c.PreviousStep())


def ended() -> Bed:
    bed = bed_at("treatment")
    bed.start()
    bed.advance(5.0)
    bed.ask(c.EndStimulation(reason="test"))
    bed.advance(1.0)
    return bed


def test_aftercare_asks_everything_before_the_signature() -> None:
    bed = ended().to("aftercare")
    with pytest.raises(Refusal):
        bed.ask(SignedByPerson(THERAPIST, "x"))
    with pytest.raises(Refusal, match="open"):
        bed.ask(c.NextStep())
    bed.fill()
    bed.ask(c.NextStep())
    (statement,) = bed.events(e.AdverseEventRecorded)
    assert statement.category == "none"


def test_a_ticked_complaint_is_an_adverse_event() -> None:
    bed = ended().to("aftercare")
    answer(bed, "ae_headache", "mild")
    bed.fill()
    bed.ask(c.NextStep())
    (event,) = bed.events(e.AdverseEventRecorded)
    assert (event.category, event.severity) == ("headache", "mild")


def test_only_the_person_at_the_kiosk_signs() -> None:
    bed = ended().to("signoff")
    with pytest.raises(Refusal):
        bed.put(SignedByPerson(PHYSICIAN, "x"), THERAPIST)
    bed.sign()
    assert bed.state.signed is not None
    assert bed.state.closed is not None
    with pytest.raises(Refusal):
        bed.ask(c.AddNote(text="too late"))


def test_ending_after_a_pulse_still_asks_how_it_was() -> None:
    bed = bed_at("dose")
    bed.ask(c.EndVisit(reason="patient wants to go"))
    assert bed.state.step == "aftercare"
    assert bed.state.closed is None
    bed.to("signoff")
    bed.sign()
    (closed,) = bed.events(e.VisitClosed)
    assert closed.outcome == "partial"


def test_unknown_adverse_categories_are_refused() -> None:
    with pytest.raises(Refusal):
        bed_at("fit").ask(c.ReportAdverseEvent(category="hiccup", severity="mild", related="no", action="none"))
