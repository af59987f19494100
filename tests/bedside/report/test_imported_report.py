"""The report of an assessment with trials from another program: where each number is from, beside the visit before."""

import json
from hashlib import sha256
from pathlib import Path

import msgspec

from bedside import commands as c
from bedside import events as e
from bedside.report.assemble import assemble
from bedside.visit.inputs import AnalysisDone, TableRead
from tests.helpers.assessing import AssessBed

METHOD = "results imported from stand 7.csv, read by mapping plate_maker (Plate 2.1), not computed here"
FOUND = e.TrialImported(
    instrument="sway",
    task="quiet",
    trial=1,
    seconds=0.0,
    settings={},
    holds="results",
    file="stand 7.csv",
    kept="imports/sway-quiet-1.csv",
    sha256="ab" * 32,
    bytes=80,
    written="2026-02-27T10:00:00Z",
    mapping="plate_maker",
    mapping_kept="imports/sway-quiet-1.toml",
    mapping_sha256="cd" * 32,
    verified=True,
    source="Plate 2.1",
)
BEFORE = e.Earlier(
    instrument="sway", point="T-1", utc="2026-02-01T08:00:00Z", examiner="thera", values={"path_cm": 60.0}
)


def imported(bed: AssessBed, folder: Path, trial: int) -> None:
    """Import a trial, have it analysed and accept it."""
    report = json.dumps([{"posture": {"path_length_cm": 40.0 + trial}}]).encode()
    (folder / f"{trial}.json").write_bytes(report)
    found = msgspec.structs.replace(FOUND, trial=trial, sha256=f"{trial:064d}")
    bed.ask(TableRead("balance", found))
    values = {"path_cm": 40.0 + trial}
    digest = sha256(report).hexdigest()
    bed.put(AnalysisDone("sway", "quiet", trial, METHOD, values, (), "", f"{trial}.json", digest))
    bed.ask(c.JudgeTrial(task="quiet", trial=trial, accept=True))


def test_every_imported_number_says_so_beside_the_visit_before(tmp_path: Path) -> None:
    bed = AssessBed(earlier=(BEFORE,))
    bed.ask(c.OpenInstrument(instrument="sway"))
    for trial in (1, 2):
        imported(bed, tmp_path, trial)
    bed.ask(c.CloseInstrument(instrument="sway"))
    report = assemble(bed.journal, bed.setup, tmp_path, "control")
    standing = next(section for section in report.sections if section.title == "Standing")
    result, trials = standing.tables
    assert result.rows[0][:4] == ("path (cm)", "41.5", "60.0", "-18.5")
    assert f"Method: {METHOD}." in standing.paragraphs
    assert any("recorded here before: two ways of measuring" in warning for warning in standing.warnings)
    assert [row[1:4] for row in trials.rows] == [("-", "path 41.0 cm", "accepted"), ("-", "path 42.0 cm", "accepted")]
    assert trials.rows[1][4] == "results imported from stand 7.csv, SHA-256 0000000000000000"
    assert assemble(bed.journal, bed.setup, tmp_path, "assess").sections == report.sections
