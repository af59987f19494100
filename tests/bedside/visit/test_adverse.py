"""Adverse events: what is asked of each, what a visit states of them, and what the next visit asks again."""

from contextlib import nullcontext

import msgspec
import pytest

from bedside import commands as c
from bedside import events as e
from bedside.config import ItemConfig
from bedside.refusal import Refusal
from bedside.station.history import history_of
from bedside.tui.deeds import ADVERSE_CATEGORIES
from bedside.visit import adverse, forms, interlocks
from bedside.visit.follow_up import demand_day
from bedside.visit.inputs import History, ParticipantFound, SignedByPerson
from bedside.visit.state import Visit
from bedside.visit.view import picture
from tests.helpers.assessing import AssessBed
from tests.helpers.bed import RECORD, THERAPIST, Bed
from tests.helpers.paired_bed import SHAM_TMS, STUDY, PairedBed

TODAY = "2026-03-02"
LASTING = e.OpenEvent(
    key="P-s01/headache", category="headache", severity="mild", since="2026-02-28", outcome="not resolved"
)


def after(bed: Bed) -> Bed:
    """Taken to the questions after the treatment, without a treatment."""
    bed.to("hotspot")
    bed.write((e.StepEntered(step="aftercare"),))
    return bed


def aftercare() -> Bed:
    return after(Bed().begin())


def give(bed: Bed, **values: object) -> None:
    """Answer items of the present step."""
    for name, value in values.items():
        bed.ask(c.Answer(step=bed.state.step, item=name, value=value))  # type: ignore[arg-type]


def names(bed: Bed) -> list[str]:
    return [item.id for item in forms.items(bed.state, bed.state.step)]  # type: ignore[arg-type]


def details(bed: Bed, symptom: str) -> list[str]:
    return [name.removeprefix(f"{symptom}_") for name in names(bed) if name.startswith(f"{symptom}_")]


def last(bed: Bed) -> e.AdverseEventDescribed:
    return bed.events(e.AdverseEventDescribed)[-1]  # type: ignore[return-value]


def test_without_any_symptom_nothing_more_is_asked() -> None:
    bed = aftercare()
    before = names(bed)
    bed.next()
    assert len(before) == 20, "thirteen categories, the open question and the skin: as many as without details"
    assert [item.id for item in forms.items(bed.state, "aftercare")] == before
    assert bed.events(e.AdverseEventDescribed) == []
    assert [event.category for event in bed.events(e.AdverseEventRecorded)] == ["none"]


def test_each_symptom_is_asked_about_after_the_list_and_is_needed() -> None:
    bed = aftercare()
    before = names(bed)
    give(bed, ae_headache="mild", ae_skin="moderate")
    after_list = before.index("ae_other") + 1
    assert names(bed)[:after_list] == before[:after_list], "the list itself does not move while it is filled in"
    wanted = ["onset", "relation_tms", "relation_robot", "relation_other", "action", "outcome", "serious", "words"]
    assert details(bed, "ae_headache") == details(bed, "ae_skin") == wanted
    assert names(bed)[after_list].startswith("ae_headache_")
    for name in before:
        if bed.state.answer("aftercare", name) is None:
            give(bed, **{name: "fine" if name.startswith("skin") else "none"})
    with pytest.raises(Refusal, match="headache: began"):
        bed.ask(c.NextStep())
    bed.next()
    assert [event.category for event in bed.events(e.AdverseEventDescribed)] == ["headache", "skin"]


def test_what_is_asked_is_what_is_stated() -> None:
    bed = aftercare()
    give(
        bed,
        ae_headache="mild",
        ae_headache_onset="within 1 h after",
        ae_headache_relation_tms="possible",
        ae_headache_relation_robot="unlikely",
        ae_headache_relation_other="none",
        ae_headache_action="none",
        ae_headache_outcome="resolved",
        ae_headache_serious=False,
        ae_headache_lasted_min=20,
        ae_headache_words="dull, at the front",
    )
    bed.next()
    assert last(bed) == e.AdverseEventDescribed(
        category="headache",
        severity="mild",
        onset="within 1 h after",
        began_on=TODAY,
        relation={"tms": "possible", "robot": "unlikely", "other": "none"},
        action="none",
        outcome="resolved",
        lasted_min=20.0,
        words="dull, at the front",
    )
    assert bed.state.done["aftercare"].summary == "1 adverse event(s)"


def test_an_answer_that_another_one_made_void_is_not_stated() -> None:
    bed = aftercare()
    give(bed, ae_mood="mild", ae_mood_outcome="resolved", ae_mood_lasted_min=30, ae_mood_onset="later")
    give(bed, ae_mood_began_on="2026-03-01", ae_mood_outcome="not resolved", ae_mood_onset="during treatment")
    bed.next()
    assert (last(bed).lasted_min, last(bed).began_on, last(bed).open) == (None, TODAY, True)


@pytest.mark.parametrize("day", ["2026-03-03", "1 March", "2026-02-30", "20260301", ""])
def test_a_day_is_a_day_and_not_to_come(day: str) -> None:
    bed = aftercare()
    give(bed, ae_dizziness="mild", ae_dizziness_onset="within 24 h after")
    with pytest.raises(Refusal):
        give(bed, ae_dizziness_began_on=day)
    give(bed, ae_dizziness_began_on="2026-03-01")
    bed.next()
    assert last(bed).began_on == "2026-03-01"


def test_a_serious_event_says_why_and_whom_to_notify() -> None:
    bed = aftercare()
    give(bed, ae_fall="severe", ae_fall_serious=True)
    assert "hospital" in details(bed, "ae_fall")
    told_to = next(item for item in forms.items(bed.state, "aftercare") if item.id == "ae_fall_told_to")
    assert "within 24 h" in told_to.hint
    assert "not confirmed" in told_to.hint, "the hours are recalled, not this site's own"
    bed.fill()
    with pytest.raises(Refusal, match="serious by no criterion"):
        bed.ask(c.NextStep())
    give(bed, ae_fall_hospital=True)
    bed.next()
    assert last(bed).serious == ("hospital stay, new or longer",)


def test_what_is_taken_back_is_no_event_and_asks_nothing() -> None:
    bed = aftercare()
    give(bed, ae_hearing="mild", ae_headache="mild")
    bed.next()
    bed.ask(c.PreviousStep())
    give(bed, ae_hearing="none")
    assert details(bed, "ae_hearing") == []
    bed.next()
    assert last(bed) == e.AdverseEventDescribed(category="hearing", severity="none")
    assert bed.state.done["aftercare"].summary == "1 adverse event(s)"
    first, second = [event for event in bed.events(e.AdverseEventRecorded) if event.category == "hearing"]
    assert (first.severity, second.severity) == ("mild", "none")


def test_a_seizure_that_was_taken_back_still_locks() -> None:
    bed = Bed().begin().to("posture")
    bed.ask(c.ReportAdverseEvent(category="seizure", severity="severe", related="possible", action="stopped"))
    bed.ask(c.EndVisit(reason="seizure"))
    give(bed, ae_seizure="none")
    assert interlocks.BY_ID["no_seizure"].problem(bed.state, bed.now) is not None


def report(category: str, severity: str = "mild") -> c.ReportAdverseEvent:
    return c.ReportAdverseEvent(category=category, severity=severity, related="possible", action="paused", text="slip")  # type: ignore[arg-type]


def test_what_was_reported_at_any_step_is_asked_about_too_and_the_worst_holds() -> None:
    bed = Bed().begin().to("screening")
    bed.ask(report("fall", "moderate"))
    bed.ask(report("fall", "mild"))
    bed.ask(c.EndVisit(reason="fall"))
    assert bed.state.answer("aftercare", "ae_fall") == "moderate"
    assert "onset" in details(bed, "ae_fall")
    bed.next()
    assert (last(bed).category, last(bed).severity) == ("fall", "moderate")


def test_nothing_is_signed_before_all_is_asked_that_was_told_later() -> None:
    bed = aftercare().to("signoff")
    bed.ask(report("fall"))
    with pytest.raises(Refusal, match="fall: began") as refused:
        bed.ask(SignedByPerson(THERAPIST, "x"))
    assert "go back to" in refused.value.remedy
    while bed.state.step != "aftercare":
        bed.ask(c.PreviousStep())
    bed.to("signoff")
    bed.sign()
    assert last(bed).category == "fall"


def test_a_visit_that_ends_before_any_pulse_still_asks_about_an_event() -> None:
    bed = Bed().begin().to("posture")
    bed.ask(report("syncope", "severe"))
    bed.ask(c.EndVisit(reason="fainted"))
    assert bed.state.step == "aftercare"
    assert bed.state.closed is None


def test_an_assessment_without_pulses_asks_at_the_signature() -> None:
    bed = AssessBed()
    bed.ask(report("fall"))
    bed.ask(c.EndVisit(reason="fell"))
    assert bed.state.step == "signoff"
    step = picture(bed.state, bed.now, "assess").step
    assert step is not None
    assert step.items[0].id == "ae_fall"
    with pytest.raises(Refusal, match="fall: began"):
        bed.ask(SignedByPerson(THERAPIST, "x"))
    bed.fill()
    bed.ask(SignedByPerson(THERAPIST, "x"))
    assert last(bed).category == "fall"
    assert bed.state.closed is not None


@pytest.mark.parametrize(
    ("utc", "day", "comes"),
    [
        ("2026-03-02T23:30:00Z", "2026-03-03", False),
        ("2026-03-02T23:30:00Z", "2026-03-04", True),
        ("2026-03-02T08:00:00Z", "2026-03-03", True),
    ],
)
def test_a_day_is_yet_to_come_once_it_is_so_in_every_calendar(utc: str, day: str, comes: bool) -> None:
    """A box in Tokyo has the third of March since 15:00 UTC on the second."""
    item = ItemConfig(id="x", label="began on", kind="day")
    with pytest.raises(Refusal, match="yet to come") if comes else nullcontext():
        demand_day(aftercare().state, item, day, utc)


# the next visit


def lasting(*events: e.OpenEvent) -> Bed:
    found = ParticipantFound(RECORD, History(session=5, follow_up=events))
    return Bed().begin_with(found).to("screening")


def test_what_was_not_over_is_asked_first_at_the_next_visit() -> None:
    bed = lasting(LASTING)
    first = forms.items(bed.state, "screening")[0]
    assert first.label == "headache since 2026-02-28 (mild): now?"
    assert "not resolved" in first.hint
    with pytest.raises(Refusal, match="headache since"):
        bed.ask(c.NextStep())
    give(bed, follow_1="resolved")
    with pytest.raises(Refusal, match="before it began"):
        give(bed, follow_1_day="2026-02-27")
    give(bed, follow_1_day="2026-03-01")
    bed.next()
    (told,) = bed.events(e.AdverseEventFollowedUp)
    assert (told.event, told.outcome, told.over_on, told.open) == ("P-s01/headache", "resolved", "2026-03-01", False)


def test_a_lasting_event_is_not_told_a_second_time_by_mistake() -> None:
    bed = lasting(LASTING)
    give(bed, follow_1="improving")
    after(bed)
    step = picture(bed.state, bed.now, "control").step
    assert step is not None
    hint = next(item.hint for item in step.items if item.id == "ae_headache")
    assert hint == "since 2026-02-28: improving; tell only what is new or worse"


def test_an_event_is_followed_from_visit_to_visit_until_it_is_over() -> None:
    first = aftercare()
    give(first, ae_headache="mild", ae_headache_outcome="not resolved", ae_skin="mild", ae_skin_outcome="resolved")
    first.to("signoff")
    first.sign()
    journals = [first.journal]
    for outcome, left in (("improving", 1), ("resolved", 0)):
        history = history_of(RECORD.code, journals, f"{TODAY}T12:00:00Z")
        (event,) = history.follow_up
        assert (event.category, event.since) == ("headache", TODAY)
        bed = lasting(event)
        give(bed, follow_1=outcome)
        bed.next()
        journals.append(bed.journal)
        assert len(history_of(RECORD.code, journals, f"{TODAY}T12:00:00Z").follow_up) == left


def test_an_assessment_asks_nothing_about_earlier_treatments() -> None:
    bed = AssessBed()
    assert bed.state.recalled is not None
    assert bed.state.recalled.follow_up == ()


# blinding and older records


def walked(bed: Bed, found: ParticipantFound) -> dict[str, bytes]:
    """The forms that ask about events, as each screen shows them, and what was stated, for one participant."""
    seen = {}
    bed.begin_with(found).to("screening")
    seen["screening"] = msgspec.json.encode(picture(bed.state, bed.now, "control").step)
    bed.ask(report("skin"))
    bed.ask(c.EndVisit(reason="test"))
    give(bed, ae_scalp_or_neck_pain="moderate", ae_skin_serious=True, ae_skin_other_important=True)
    for role in ("control", "observe", "assess"):
        seen[role] = msgspec.json.encode(picture(bed.state, bed.now, role).step)  # type: ignore[arg-type]
    bed.next()
    seen["stated"] = msgspec.json.encode(bed.events(e.AdverseEventDescribed))
    return seen


def test_the_form_is_byte_identical_in_an_active_and_a_sham_participant() -> None:
    history = History(session=5, follow_up=(LASTING,))
    records = (msgspec.structs.replace(RECORD, tms=tms) for tms in ("active", "sham"))
    active, sham = (walked(Bed(), ParticipantFound(record, history)) for record in records)
    assert b"ae_skin_relation_tms" in active["observe"]
    assert active == sham
    assert active["assess"] == b"null"


def test_every_arm_of_a_study_with_current_is_asked_the_same() -> None:
    history = History(session=5, follow_up=(LASTING,))
    seen = []
    for arm, tms in SHAM_TMS.items():
        record = msgspec.structs.replace(RECORD, study=STUDY, arm=arm, tms=tms, preset="itbs_600")  # type: ignore[arg-type]
        bed = PairedBed()
        seen.append(walked(bed, ParticipantFound(record, history)))
        assert adverse.modalities(bed.state) == ("tms", "tsdcs", "cycling", "other")
    assert b"ae_skin_relation_tsdcs" in seen[0]["observe"]
    assert all(one == seen[0] for one in seen)


def headache() -> e.Answered:
    return e.Answered(step="aftercare", item="ae_headache", value="mild")


def test_records_without_details_are_read_and_asked_about_once() -> None:
    old = aftercare().to("signoff")
    known = e.AdverseEventRecorded(category="headache", severity="mild", related="unknown", action="none")
    old.write((headache(), known))
    (event,) = history_of(RECORD.code, [old.journal], f"{TODAY}T12:00:00Z").follow_up
    assert (event.category, event.since, event.outcome) == ("headache", TODAY, "")
    again = lasting(event)
    assert forms.items(again.state, "screening")[0].hint == "its outcome was not asked"
    give(again, follow_1="resolved", follow_1_day=TODAY)
    again.next()
    assert history_of(RECORD.code, [old.journal, again.journal], f"{TODAY}T12:00:00Z").follow_up == ()


def test_the_checklist_the_categories_and_the_key_name_the_same() -> None:
    bed = Bed()
    on_the_list = [item.label for item in adverse.symptoms(Visit.start(bed.setup))]
    assert on_the_list == [category.id for category in bed.setup.adverse.categories]
    assert [*on_the_list, "none"] == list(ADVERSE_CATEGORIES)
