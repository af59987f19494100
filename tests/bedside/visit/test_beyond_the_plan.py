"""Instruments beyond the study's plan, and those of the plan that were left out when the assessment opened."""

from pathlib import Path

import msgspec
import pytest

from bedside import commands as c
from bedside import events as e
from bedside.refusal import Refusal
from bedside.report.assemble import assemble
from bedside.snapshot import Assess, FurtherInstrument
from bedside.station.history import assessed_of
from bedside.visit import rules
from bedside.visit.inputs import SignedByPerson
from bedside.visit.narrate import line as told
from bedside.visit.state import Visit
from bedside.visit.view import picture
from tests.helpers.assessing import AssessBed
from tests.helpers.bed import RECORD, THERAPIST

replace = msgspec.structs.replace
ROLES: tuple[e.Role, ...] = ("control", "observe", "assess")


@pytest.fixture
def bed() -> AssessBed:
    return AssessBed()


def seen(bed: AssessBed, role: e.Role = "control") -> Assess:
    found = picture(bed.state, bed.now, role).assess
    assert found is not None
    return found


def further(bed: AssessBed, name: str) -> FurtherInstrument:
    return next(each for each in seen(bed).further if each.id == name)


def refused(bed: AssessBed, command: c.AnyCommand) -> Refusal:
    with pytest.raises(Refusal) as why:
        bed.ask(command)
    return why.value


def without(bed: AssessBed, *devices: str) -> AssessBed:
    kept = {name: device for name, device in bed.state.setup.devices.items() if name not in devices}
    bed.state = replace(bed.state, setup=replace(bed.state.setup, devices=kept))
    return bed


def telling_the_arm(bed: AssessBed) -> AssessBed:
    """A scale that is not on the list, and that a blinded assessor must not ask."""
    guess = replace(bed.state.setup.catalogue.scales["arm"], id="guess", title="Guess", blinded_ok=False)
    catalogue = replace(bed.state.setup.catalogue, scales={**bed.state.setup.catalogue.scales, "guess": guess})
    bed.state = replace(bed.state, setup=replace(bed.state.setup, catalogue=catalogue))
    return bed


def measured_from_cues(bed: AssessBed) -> AssessBed:
    """A capture that no other program's table can be a trial of."""
    shift = bed.state.setup.catalogue.captures["shift"]
    tasks = tuple(replace(task, settings={"task": "shift"}) for task in shift.tasks)
    catalogue = replace(
        bed.state.setup.catalogue, captures={**bed.state.setup.catalogue.captures, "shift": replace(shift, tasks=tasks)}
    )
    bed.state = replace(bed.state, setup=replace(bed.state.setup, catalogue=catalogue))
    return bed


def finish(bed: AssessBed, *names: str) -> e.VisitClosed:
    for name in names:
        bed.ask(c.CloseInstrument(instrument=name, reason="not today"))
    bed.ask(c.NextStep())
    bed.ask(SignedByPerson(THERAPIST, "as described"))
    closed = bed.told(e.VisitClosed)[-1]
    assert isinstance(closed, e.VisitClosed)
    return closed


@pytest.mark.parametrize("role", ROLES)
def test_every_screen_is_told_what_else_can_be_done(bed: AssessBed, role: e.Role) -> None:
    assert [(each.id, bool(each.refusal)) for each in seen(bed, role).further] == [("shift", False), ("mep", True)]
    assert not any(line.beyond for line in seen(bed, role).instruments)


def test_an_added_instrument_is_on_the_list_and_in_the_journal_as_not_planned(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="shift"))
    line = seen(bed).instruments[-1]
    assert (line.id, line.state, line.beyond) == ("shift", "now", True)
    assert seen(bed).further == (), "one at a time"
    (opened,) = [event for event in bed.told(e.InstrumentOpened) if isinstance(event, e.InstrumentOpened)]
    assert opened.beyond
    assert told(opened) == "shift opened, version 1, beyond the plan"
    assert not bed.told(e.DeviationNoted), "nothing that the study wants is missing"
    assert "Shifting" not in refused(bed, c.NextStep()).reason, "what is planned comes first"
    assert ("To the left", "1 x 20 s") in seen(bed).panels[-1].rows


def test_one_of_the_plan_is_journalled_as_such(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="sway"))
    (opened,) = [event for event in bed.told(e.InstrumentOpened) if isinstance(event, e.InstrumentOpened)]
    assert not opened.beyond
    assert "beyond" not in told(opened)


@pytest.mark.parametrize(
    ("made", "name", "words"),
    [
        (telling_the_arm, "guess", "tells the arm"),
        (lambda bed: without(measured_from_cues(bed), "board"), "shift", "no sensor is configured for plate"),
        (lambda bed: bed, "mep", "steps of its own"),
    ],
)
def test_what_cannot_be_added_says_why_on_the_list_and_when_asked(made: object, name: str, words: str) -> None:
    bed = made(AssessBed())  # type: ignore[operator]
    before = bed.state.assessment
    assert words in further(bed, name).refusal
    assert refused(bed, c.OpenInstrument(instrument=name)).reason == further(bed, name).refusal
    assert bed.state.assessment == before


def test_without_a_sensor_another_programs_table_may_still_be_a_trial(bed: AssessBed) -> None:
    assert further(bed, "shift").remark == ""
    without(bed, "board")
    assert (further(bed, "shift").refusal, further(bed, "shift").remark) == ("", "no sensor is configured for plate")
    bed.ask(c.OpenInstrument(instrument="shift"))
    assert "no samples from plate" in refused(bed, c.StartCapture(task="left")).reason


def test_all_that_is_offered_can_be_opened_and_nothing_else(bed: AssessBed) -> None:
    for each in seen(telling_the_arm(bed)).further:
        try:
            rules.decide(bed.state, c.OpenInstrument(instrument=each.id), bed.now, THERAPIST)
        except Refusal:
            assert each.refusal
        else:
            assert not each.refusal


def test_a_planned_instrument_is_opened_without_its_sensors_to_say_why_it_is_not_done(bed: AssessBed) -> None:
    without(bed, "board").ask(c.OpenInstrument(instrument="sway"))
    bed.ask(c.CloseInstrument(instrument="sway", reason="device fault"))
    assert seen(bed).instruments[2].state == "not_done"


def test_nothing_is_recorded_while_two_devices_are_configured_for_one_place(bed: AssessBed) -> None:
    devices = {**bed.setup.devices, "other": replace(bed.setup.devices["board"], id="other")}
    bed.state = replace(bed.state, setup=replace(bed.setup, devices=devices))
    bed.ask(c.OpenInstrument(instrument="sway"))
    words = "board and other are both configured for it: leave one out of [devices] in station.toml"
    assert refused(bed, c.StartCapture(task="quiet")).remedy == words
    capture = seen(bed).capture
    assert capture is not None
    assert [(line.ok, line.remedy) for line in capture.sensors] == [(False, words)]
    without(bed, "other").ask(c.StartCapture(task="quiet"))


def test_nothing_is_finished_that_is_not_on_the_list(bed: AssessBed) -> None:
    assert "not on this visit's list" in refused(bed, c.CloseInstrument(instrument="shift", reason="tired")).reason
    assert not bed.told(e.InstrumentClosed)


@pytest.mark.parametrize("trials", [0, 1, 2])
def test_beyond_the_plan_nothing_is_missing_and_what_was_found_counts(bed: AssessBed, trials: int) -> None:
    bed.ask(c.OpenInstrument(instrument="shift"))
    for task in ("left", "right")[:trials]:
        bed.trial(task, 1, path_cm=40.0)
    bed.ask(c.CloseInstrument(instrument="shift", reason="" if trials == 2 else "tired"))
    line = seen(bed).instruments[-1]
    assert (line.state, line.beyond) == (("not_done", "partial", "complete")[trials], True)
    closed = finish(bed, "walk", "arm", "sway")
    assert closed.reason == f"0 of 3 instruments complete, {trials // 2} of 1 beyond the plan"
    earlier = assessed_of(RECORD.code, [bed.journal]).earlier
    assert [found.instrument for found in earlier] == (["shift"] if trials else [])


def test_a_whole_plan_is_complete_although_an_addition_is_not(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="walk"))
    for code in ("WALK1", "WALK2", "WALK3"):
        bed.ask(c.ScoreItem(instrument="walk", code=code, value="1"))
    bed.ask(c.CloseInstrument(instrument="walk"))
    bed.ask(c.OpenInstrument(instrument="arm"))
    bed.ask(c.ScoreItem(instrument="arm", code="ARM1", value="6"))
    bed.ask(c.CloseInstrument(instrument="arm"))
    bed.ask(c.OpenInstrument(instrument="sway"))
    bed.trial("quiet", 1, path_cm=40.0)
    bed.trial("quiet", 2, path_cm=42.0)
    bed.ask(c.CloseInstrument(instrument="sway"))
    bed.ask(c.OpenInstrument(instrument="shift"))
    assert "open: Shifting" in refused(bed, c.NextStep()).reason, "an addition is finished, too, or says why not"
    closed = finish(bed, "shift")
    assert (closed.outcome, closed.reason) == ("complete", "3 of 3 instruments complete, 0 of 1 beyond the plan")


def test_an_addition_stands_beside_the_visit_before_in_the_report_and_is_called_one(tmp_path: Path) -> None:
    before = e.Earlier(
        instrument="shift", point="T-1", utc="2026-02-01T08:00:00Z", examiner="thera", values={"left.path_cm": 50.0}
    )
    bed = AssessBed(earlier=(before,))
    bed.ask(c.OpenInstrument(instrument="shift"))
    bed.trial("left", 1, path_cm=40.0)
    bed.ask(c.CloseInstrument(instrument="shift", reason="tired"))
    result = seen(bed).result
    assert result is not None
    assert (result.rows[0].previous, result.rows[0].value, result.previous) == (50.0, 40.0, "T-1, 2026-02-01")
    finish(bed, "walk", "arm", "sway")
    for role in ROLES:
        report = assemble(bed.journal, bed.setup, tmp_path, role)
        assert [section.title for section in report.sections] == ["Walking", "Arm", "Standing", "Shifting"]
        shifting = report.sections[-1]
        assert shifting.paragraphs[0] == "Beyond the plan: not among what the study plans at T0."
        assert "incomplete: tired" in shifting.warnings
        assert shifting.tables[0].rows[0][:4] == ("To the left: path (cm)", "40.0", "50.0", "-10.0")
        assert not any("Beyond the plan" in text for section in report.sections[:-1] for text in section.paragraphs)


def test_a_choice_at_the_opening_departs_from_the_plan_by_name(tmp_path: Path) -> None:
    bed = AssessBed(instruments=("shift", "sway"))
    assert [(line.id, line.beyond) for line in seen(bed).instruments] == [("sway", False), ("shift", True)]
    assert seen(bed).deviations == ("left out when the assessment was opened: Walking, Arm",)
    assert [each.remark for each in seen(bed).further] == ["planned, left out at first"] * 2 + [""]
    bed.ask(c.OpenInstrument(instrument="arm"))
    assert not bed.told(e.InstrumentOpened)[-1].beyond  # type: ignore[attr-defined]
    bed.ask(c.ScoreItem(instrument="arm", code="ARM1", value="6"))
    bed.ask(c.CloseInstrument(instrument="arm"))
    assert [line.id for line in seen(bed).instruments] == ["sway", "arm", "shift"]
    closed = finish(bed, "sway", "shift")
    assert (closed.outcome, closed.reason) == ("partial", "1 of 3 instruments complete, 0 of 1 beyond the plan")
    left_out = assemble(bed.journal, bed.setup, tmp_path, "control").sections[2]
    assert left_out.title == "Walking"
    assert left_out.paragraphs == ("Left out when the assessment was opened.", "Not worked on.")


def test_the_journal_says_what_was_chosen() -> None:
    (planned,) = AssessBed(instruments=("shift", "sway")).told(e.AssessmentPlanned)
    assert told(planned) == "assessment T0: sway, shift; beyond the plan: shift; left out: walk, arm"


def test_the_whole_plan_chosen_by_name_is_the_plan() -> None:
    bed = AssessBed(instruments=("sway", "walk", "arm"))
    assert not bed.told(e.DeviationNoted)
    assert bed.state.assessment is not None
    assert (bed.state.assessment.beyond, bed.state.assessment.left_out) == ((), ())


def test_after_a_restart_the_list_is_the_same(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="shift"))
    again = Visit.start(bed.setup)
    for envelope in bed.journal:
        again = rules.evolve(again, msgspec.json.decode(msgspec.json.encode(envelope), type=e.Envelope))
    assert again.assessment == bed.state.assessment
    assert again.assessment is not None
    assert (again.assessment.instruments[-1], again.assessment.beyond) == ("shift", ("shift",))


def test_a_journal_from_before_there_was_a_mark_tells_additions_by_its_plan(bed: AssessBed) -> None:
    bed.ask(c.OpenInstrument(instrument="shift"))
    again = Visit.start(bed.setup)
    for envelope in bed.journal:
        old = (
            replace(envelope.event, beyond=False) if isinstance(envelope.event, e.InstrumentOpened) else envelope.event
        )
        again = rules.evolve(again, replace(envelope, event=old))
    assert again.assessment is not None
    assert again.assessment.beyond == ("shift",)
