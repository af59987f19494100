"""Adverse events in a visit's report: in a terminal and as HTML, for whoever may read them."""

from pathlib import Path

import msgspec
import pytest

from bedside import commands as c
from bedside import events as e
from bedside.report.assemble import assemble
from bedside.report.html import html
from bedside.report.model import Section
from bedside.report.text import text
from bedside.visit.inputs import History, ParticipantFound
from tests.helpers.bed import RECORD, Bed

LASTING = e.OpenEvent(key="P-s01/skin", category="skin", severity="mild", since="2026-02-28", outcome="improving")
SERIOUS = {
    "serious": True,
    "hospital": True,
    "outcome": "not resolved",
    "told_to": "Dr X, 09:30",
    "words": "on the mat",
}


def told(**answers: object) -> Bed:
    """A visit that was followed up and asked, without a treatment; answers to items of the checklist."""
    bed = Bed().begin_with(ParticipantFound(RECORD, History(session=5, follow_up=(LASTING,)))).to("screening")
    bed.ask(c.Answer(step="screening", item="follow_1", value="resolved"))
    bed.to("posture")
    bed.write((e.StepEntered(step="aftercare"),))
    for item, value in answers.items():
        bed.ask(c.Answer(step="aftercare", item=item, value=value))  # type: ignore[arg-type]
    bed.next()
    return bed


def section(bed: Bed, folder: Path) -> Section:
    report = assemble(bed.journal, bed.setup, folder, "control")
    return next(section for section in report.sections if section.title == "Adverse events")


def test_all_that_was_asked_stands_in_one_row_and_what_was_followed_up_in_another(tmp_path: Path) -> None:
    bed = told(
        ae_headache="mild",
        ae_headache_relation_tms="possible",
        ae_headache_outcome="resolved",
        ae_headache_lasted_min=90,
    )
    (row,) = (now := section(bed, tmp_path)).tables[0].rows
    assert row == (
        "headache",
        "mild",
        "2026-03-02, during treatment",
        "90 min",
        "TMS: possible, robot: none, something else: none",
        "none",
        "resolved",
        "none",
    )
    assert now.tables[1].rows == (("skin", "2026-02-28", "mild", "resolved", "2026-03-02"),)
    assert now.warnings == ()


def test_a_serious_event_is_a_warning_with_its_hours(tmp_path: Path) -> None:
    bed = told(ae_fall="severe", **{f"ae_fall_{name}": value for name, value in SERIOUS.items()})
    serious, lasting = section(bed, tmp_path).warnings
    assert serious.startswith("SERIOUS: fall (hospital stay, new or longer): notify sponsor and ethics committee")
    assert "by 2026-03-03 08:" in serious, "twenty-four hours after it was told of"
    assert "not confirmed" in serious
    assert "reported to Dr X" in serious
    assert lasting == "Not over: fall; the next treatment visit asks again."


def test_nothing_and_not_asked_are_different(tmp_path: Path) -> None:
    bed = told()
    assert section(bed, tmp_path).paragraphs == ("None, by the statement of the aftercare.",)
    asked = [x for x in bed.journal if not isinstance(x.event, e.AdverseEventRecorded | e.AdverseEventFollowedUp)]
    bed.journal = asked
    unasked = section(bed, tmp_path)
    assert unasked.paragraphs == ("Not asked.",)
    assert unasked.tables[0].rows[0][3] == "not asked"


def test_what_was_taken_back_before_anybody_asked_is_no_statement(tmp_path: Path) -> None:
    bed = Bed().begin().to("screening")
    bed.ask(c.ReportAdverseEvent(category="mood", severity="mild", related="unknown", action="none"))
    bed.write((e.AdverseEventRecorded(category="mood", severity="none", related="no", action="none"),))
    assert section(bed, tmp_path).paragraphs == ("Not asked; what was told of was taken back.",)


def test_a_record_without_details_says_that_nobody_asked(tmp_path: Path) -> None:
    bed = told(ae_headache="mild", ae_skin="mild", ae_mood="mild")
    bed.write((e.AdverseEventRecorded(category="mood", severity="none", related="no", action="none"),))
    bed.journal = [x for x in bed.journal if not isinstance(x.event, e.AdverseEventDescribed)]
    first, second = section(bed, tmp_path).tables[0].rows
    assert first == ("headache", "mild", "not asked", "not asked", "treatment: unknown", "none", "not asked", "")
    assert second[0] == "skin"


@pytest.mark.parametrize("role", ["control", "observe"])
def test_terminal_and_page_hold_the_same_table(role: str, tmp_path: Path) -> None:
    bed = told(ae_muscle_or_joint_pain="severe", ae_muscle_or_joint_pain_words="both knees, on the last lap")
    report = assemble(bed.journal, bed.setup, tmp_path, role)  # type: ignore[arg-type]
    lines = text(report, 80).splitlines()
    assert max(map(len, lines)) <= 80
    for words in ("caused by", "something else", "the last lap"):
        assert all(word in " ".join(lines) for word in words.split())
        assert words in html(report)


def test_an_assessor_reads_of_none(tmp_path: Path) -> None:
    bed = told(ae_headache="mild")
    report = assemble(bed.journal, bed.setup, tmp_path, "assess")
    for page in (text(report), html(report), msgspec.json.encode(report).decode()):
        assert "headache" not in page
        assert "skin" not in page
