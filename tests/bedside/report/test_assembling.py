"""From a journal to its report: an assessment, a treatment, and what a blinded reader is not told."""

import json
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from bedside import commands as c
from bedside import events as e
from bedside.cli import main
from bedside.report import command
from bedside.report.assemble import NoVisitError, assemble
from bedside.report.command import arguments, last_visit, run
from bedside.report.html import html
from bedside.report.model import Report
from bedside.report.text import text
from bedside.visit.inputs import AnalysisDone, SignedByPerson
from tests.helpers.assessing import AssessBed
from tests.helpers.bed import CONFIGS, THERAPIST, Bed

BEFORE = (
    e.Earlier(instrument="walk", point="T-1", utc="2026-02-01T08:00:00Z", examiner="thera", total=2.0, version="1"),
    e.Earlier(instrument="sway", point="T-1", utc="2026-02-01T08:00:00Z", examiner="thera", values={"path_cm": 60.0}),
)


def assessed(folder: Path) -> AssessBed:
    """A signed assessment whose second trial was rejected."""
    bed = AssessBed(earlier=BEFORE)
    bed.ask(c.OpenInstrument(instrument="walk"))
    for code in ("WALK1", "WALK2"):
        bed.ask(c.ScoreItem(instrument="walk", code=code, value="1"))
    bed.ask(c.ScoreItem(instrument="walk", code="WALK3", missing="unsafe"))
    bed.ask(c.CloseInstrument(instrument="walk", reason="could not stand"))
    bed.ask(c.CloseInstrument(instrument="arm", reason="not today"))
    bed.ask(c.OpenInstrument(instrument="sway"))
    for trial in (1, 2, 3):
        bed.ask(c.StartCapture(task="quiet"))
        bed.pass_s(31)
        report = json.dumps([{"track_cm": {"x": [0.0, 1.0, 0.5], "y": [0.0, 2.0, 1.0]}}]).encode()
        (folder / f"{trial}.json").write_bytes(report)
        bed.put(
            AnalysisDone(
                "sway",
                "quiet",
                trial,
                "sway 1",
                {"path_cm": 40.0 + trial},
                ("noisy",) if trial == 3 else (),
                "",
                f"{trial}.json",
                sha256(report).hexdigest(),
            )
        )
        bed.ask(c.JudgeTrial(task="quiet", trial=trial, accept=trial != 2, reason="talked" if trial == 2 else ""))
    bed.ask(c.CloseInstrument(instrument="sway"))
    bed.ask(c.NextStep())
    bed.ask(SignedByPerson(THERAPIST, "recorded as described"))
    return bed


def test_an_assessment_beside_the_visit_before(tmp_path: Path) -> None:
    bed = assessed(tmp_path)
    report = assemble(bed.journal, bed.setup, tmp_path, "control")
    by_title = {section.title: section for section in report.sections}
    result = by_title["Standing"].tables[0]
    assert result.head[2] == "before (T-1, 2026-02-01)"
    assert result.rows[0][:4] == ("path (cm)", "42.0", "60.0", "-18.0")
    assert "better" in result.rows[0][4]
    trials = by_title["Standing"].tables[1]
    assert [row[3] for row in trials.rows] == ["accepted", "rejected", "accepted"]
    assert "talked" in trials.rows[1][4]
    assert any("noisy" in warning for warning in by_title["Standing"].warnings)
    assert len(by_title["Standing"].figures) == 1
    assert any("incomplete: could not stand" in warning for warning in by_title["Walking"].warnings)
    items = by_title["Walking"].tables[-1]
    assert items.rows[2][2] == "unsafe to test"
    assert any("SIMULATED" in warning for warning in report.warnings)


def test_a_figure_of_a_changed_analysis_is_left_out(tmp_path: Path) -> None:
    bed = assessed(tmp_path)
    (tmp_path / "3.json").write_text("[]")
    report = assemble(bed.journal, bed.setup, tmp_path, "control")
    assert not next(section for section in report.sections if section.title == "Standing").figures


def test_an_assessor_reads_the_same_assessment(tmp_path: Path) -> None:
    bed = assessed(tmp_path)
    assert (
        assemble(bed.journal, bed.setup, tmp_path, "assess").sections
        == assemble(bed.journal, bed.setup, tmp_path, "control").sections
    )


@pytest.fixture(scope="module")
def treated() -> Bed:
    bed = Bed().begin().to("signoff")
    bed.sign()
    return bed


def test_a_treatment_with_its_dose_as_planned_and_as_counted(treated: Bed, tmp_path: Path) -> None:
    report = assemble(treated.journal, treated.setup, tmp_path, "control")
    dose = next(section for section in report.sections if section.title == "Dose")
    rows = dict(dose.tables[0].rows)
    assert rows["pulses reported by the stimulator"] == str(treated.state.ledger.course)
    assert str(treated.state.dose.intensity_pct_mso) in rows["intensity planned"]
    assert len(dose.figures[0].series[0].x) == treated.state.ledger.course
    assert ("Session", "5 of 28") in report.facts


def test_a_blinded_reader_learns_nothing_of_the_treatment(treated: Bed, tmp_path: Path) -> None:
    report = assemble(treated.journal, treated.setup, tmp_path, "assess")
    for page in (html(report), text(report)):
        assert "Not shown to an assessor" in " ".join(page.split())
        for secret in ("MSO", "pulse", "sham", "active", "Session", "hotspot", "protocol"):
            assert secret not in page, secret


def test_no_visit_no_report(tmp_path: Path) -> None:
    bed = Bed()
    with pytest.raises(NoVisitError, match="no visit"):
        assemble(bed.journal, bed.setup, tmp_path, "control")
    with pytest.raises(NoVisitError, match="no such folder"):
        last_visit(tmp_path / "nothing")
    with pytest.raises(NoVisitError, match="no visit here"):
        last_visit(tmp_path)


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import argparse

    parser = argparse.ArgumentParser()
    arguments(parser)
    assert run(parser.parse_args([str(tmp_path)])) == 2
    assert "no visit here or below" in capsys.readouterr().err


def test_a_machine_reads_the_same_report(
    treated: Bed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "last_visit", lambda folder: (treated.journal, folder))
    assert main(["report", str(tmp_path), "--config", str(CONFIGS), "--json"]) == 0
    told = msgspec.json.decode(capsys.readouterr().out, type=Report)
    assert told == assemble(treated.journal, treated.setup, tmp_path, "control")
    assert main(["report", str(tmp_path), "--config", str(CONFIGS), "--json", "--blinded"]) == 0
    printed = capsys.readouterr().out
    assert msgspec.json.decode(printed, type=Report) == assemble(treated.journal, treated.setup, tmp_path, "assess")
    assert "MSO" not in printed


def test_a_blinded_report_of_a_treatment_names_no_session(treated: Bed, tmp_path: Path) -> None:
    opened = next(x.event for x in treated.journal if isinstance(x.event, e.VisitOpened))
    assert "-s05-" in opened.visit
    page = html(assemble(treated.journal, treated.setup, tmp_path, "assess"))
    assert "s05" not in page
    assert "5 of 28" not in page


def test_a_signed_visit_is_signed_for_every_reader(treated: Bed, tmp_path: Path) -> None:
    for role in ("control", "assess"):
        signed = assemble(treated.journal, treated.setup, tmp_path, role)
        assert not [text for text in signed.warnings if "not signed" in text], role
        assert dict(signed.facts)["Signed by"].startswith(THERAPIST.name)
    unsigned = [x for x in treated.journal if not isinstance(x.event, e.Signed)]
    assert any("not signed" in text for text in assemble(unsigned, treated.setup, tmp_path, "assess").warnings)


def test_an_assessor_reads_no_intensity_of_evoked_potentials(tmp_path: Path) -> None:
    values = {"intensity_pct_mso": 61.0, "baseline_rmt_pct_mso": 51.25, "left_amplitude_uv": 431.0}
    before = e.Earlier(instrument="mep", point="T-1", utc="2026-02-01T08:00:00Z", examiner="thera", values=values)
    bed = AssessBed(earlier=(before, *BEFORE), instruments=("walk", "mep"))
    closed = e.InstrumentClosed(
        instrument="mep", outcome="complete", reason="", total=None, values=values, examiner="thera"
    )
    last = msgspec.structs.replace(bed.journal[-1], n=bed.journal[-1].n + 1, event=closed)
    journal = [*bed.journal, last]
    assert "51.2" in html(assemble(journal, bed.setup, tmp_path, "control"))
    page = html(assemble(journal, bed.setup, tmp_path, "assess"))
    for secret in ("51.2", "431", "MSO", "61"):
        assert secret not in page.split("<main>")[1], secret
    assert "Not shown to an assessor." in page


def test_words_of_the_record_do_not_steer_a_terminal(treated: Bed, tmp_path: Path) -> None:
    note = e.NoteAdded(text="\x1b]0;owned\x07\x9b31m\u202eabc")
    last = msgspec.structs.replace(treated.journal[-1], event=note)
    page = text(assemble([*treated.journal[:-1], last], treated.setup, tmp_path, "control"))
    assert "owned" in page
    assert not [mark for mark in page if mark != "\n" and (ord(mark) < 32 or mark in "\x7f\x9b\u202e")]


def test_what_the_box_journals_behind_the_visit_is_not_the_visits(treated: Bed, tmp_path: Path) -> None:
    whole = assemble(treated.journal, treated.setup, tmp_path, "control")
    later = [
        msgspec.structs.replace(treated.journal[-1], utc="2031-01-01T00:00:00.000000Z", event=event)
        for event in (e.NoteAdded(text="the next morning"), e.StationStopped(reason="maintenance"))
    ]
    assert assemble([*treated.journal, *later], treated.setup, tmp_path, "control") == whole
    assert dict(whole.facts)["Ended (UTC)"] != "not closed"


def test_an_instrument_whose_file_changed_since_says_so(tmp_path: Path) -> None:
    bed = assessed(tmp_path)
    walk = msgspec.structs.replace(bed.setup.catalogue.scales["walk"], sha256="another")
    catalogue = msgspec.structs.replace(bed.setup.catalogue, scales={**bed.setup.catalogue.scales, "walk": walk})
    report = assemble(bed.journal, msgspec.structs.replace(bed.setup, catalogue=catalogue), tmp_path, "assess")
    told = {section.title: section.warnings for section in report.sections}
    assert "another file" in told["Walking"][0]
    assert not any("another file" in text for text in told["Standing"])
