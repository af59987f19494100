"""Another program's table on the real station: listed, imported, analysed by the offline command, proven, sealed."""

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from bedside import commands as c
from bedside.cli import main
from bedside.demo.setup import PIN, USER
from bedside.events import CaptureAnalysed, CaptureStarted, TrialImported
from bedside.record.outbox import MANIFEST, Manifest
from bedside.record.verify import verify
from bedside.snapshot import Imports
from bedside.station.client import StationClient
from tests.bedside.station.test_assessment_station import Terminal, assessment_of, start, visit_folder
from tests.helpers.station_process import Bedside, bedside_at
from tests.helpers.vendor_tables import RESULTS, stand, walk_results

STAND = "example_balance_samples"
WALK = "example_gait_results"


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bedside]:
    async with bedside_at(tmp_path / "bed", speed=5.0) as bed:
        await start(bed)
        yield bed


@pytest.fixture
async def terminal(bed: Bedside) -> AsyncIterator[Terminal]:
    async with contextlib.AsyncExitStack() as stack:
        terminal = Terminal(await StationClient.connect(bed.layout.run, "assess"))
        stack.push_async_callback(terminal.close)
        asked = assessment_of(bed, "T0", "balance_static", "gait_overground")
        await terminal.does(c.SignIn(user=USER, pin=PIN), asked)
        await bed.until(lambda: terminal.picture is not None and terminal.picture.step is not None, "a step")
        await terminal.does(c.NextStep(), c.OpenInstrument(instrument="balance_static"))
        yield terminal


def listed(terminal: Terminal) -> Imports | None:
    assess = terminal.picture.assess if terminal.picture is not None else None
    return assess.capture.imports if assess is not None and assess.capture is not None else None


async def analysed(bed: Bedside, count: int) -> CaptureAnalysed:
    await bed.until(lambda: len(bed.events(CaptureAnalysed)) == count, "a result", 60)
    return bed.events(CaptureAnalysed)[-1]


def circle_cm(seconds: float = 30.0, radius_cm: float = 1.0, turns_hz: float = 0.25) -> float:
    """How far a point on a circle goes."""
    return 2 * np.pi * radius_cm * turns_hz * seconds


@pytest.mark.timeout(180)
async def test_a_stand_and_a_walk_from_files_become_trials_of_the_visit(
    bed: Bedside, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = bed.layout.data / "imports"
    folder.mkdir(exist_ok=True)
    (folder / "stand 1.csv").write_bytes(stand())
    (folder / "robot session.csv").write_bytes(b"Guidance;Speed\n100;0,5\n")
    await bed.until(lambda: bool((now := listed(terminal)) and now.choices), "the list")
    shown = listed(terminal)
    assert shown is not None
    assert [(line.file, line.mapping, line.verified) for line in shown.choices] == [("stand 1.csv", STAND, False)]
    assert shown.folder == str(folder)
    assert "robot session" not in str(terminal.picture), "a treatment's table is not shown to an assessor"
    asked = c.ImportTrial(task="eyes_open", file="stand 1.csv", mapping=STAND, bytes=shown.choices[0].bytes)

    await refused_without_a_trace(bed, terminal, folder)
    await terminal.does(asked)
    found = await analysed(bed, 1)
    assert found.refusal == ""
    assert found.values["path_length"] == pytest.approx(circle_cm(), rel=0.002)
    assert "imported from stand 1.csv, read by mapping example_balance_samples" in found.method
    assert "mapping 'example_balance_samples' is not verified against a known trial" in found.flags
    assert not bed.events(CaptureStarted)
    offline(bed, found, monkeypatch, capsys)
    await terminal.does(c.JudgeTrial(task="eyes_open", trial=1, accept=True))
    again = await terminal.ask(asked)
    assert "stand 1.csv is trial 1 of Quiet standing on the plate already" in again.reason
    assert len(list((visit_folder(bed) / "imports").iterdir())) == 2, "the refused copy is gone"

    await terminal.does(c.CloseInstrument(instrument="balance_static", reason="one trial is enough"))
    await terminal.does(c.OpenInstrument(instrument="gait_overground"))
    (folder / "walk.csv").write_bytes(walk_results(RESULTS.replace("38,1", "45,0")))
    await terminal.does(c.ImportTrial(task="walk_10m", file="walk.csv", mapping=WALK))
    walked = await analysed(bed, 2)
    assert walked.refusal == ""
    assert walked.values["speed"] == pytest.approx(0.7)
    assert walked.values["step_length_left"] == 45.2
    assert walked.values["swing_paretic"] in (45.0, 39.8)
    assert "left swing and stance do not sum to 100 %" in walked.flags
    assert walked.method.endswith(
        "read by mapping example_gait_results (made-up example; no maker's format), not computed here"
    )
    await terminal.does(c.JudgeTrial(task="walk_10m", trial=1, accept=True))
    await sealed(bed, terminal)


async def refused_without_a_trace(bed: Bedside, terminal: Terminal, folder: Path) -> None:
    (folder / "short.csv").write_bytes(stand(seconds=34.0))
    (folder / "link.csv").symlink_to(bed.layout.config / "staff.toml")
    for file, words in (
        ("short.csv", "34.00 s, and Stand still, eyes open needs 35 s, of which the first 5 s do not count"),
        ("link.csv", "link.csv is a link"),
        ("../config/staff.toml", "is no file of the import folder"),
        ("robot session.csv", "does not fit 'example_balance_samples'"),
    ):
        reply = await terminal.ask(c.ImportTrial(task="eyes_open", file=file, mapping=STAND))
        assert words in reply.reason
        assert reply.remedy
    assert not bed.events(TrialImported)
    copies = visit_folder(bed) / "imports"
    assert not copies.exists() or not list(copies.iterdir())


def offline(
    bed: Bedside, found: CaptureAnalysed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Do what a person would do with the copy, and compare to the byte."""
    visit, (event,) = visit_folder(bed), bed.events(TrialImported)
    kept = (visit / found.report).read_bytes()
    assert hashlib.sha256(kept).hexdigest() == found.sha256
    assert hashlib.sha256((visit / event.kept).read_bytes()).hexdigest() == event.sha256
    options = found.method.removeprefix("bedside analyse posture").partition(" on samples ")[0].split()
    monkeypatch.chdir(visit)
    capsys.readouterr()
    assert main(["analyse", "posture", event.kept, "--json", f"--mapping={event.mapping_kept}", *options]) == 0
    assert capsys.readouterr().out.encode() == kept
    assert json.loads(kept)[0]["imported"]["mapping"] == STAND


async def sealed(bed: Bedside, terminal: Terminal) -> None:
    """The visit's folder holds the copies, the manifest names them, and the proof looks at each."""
    folder = visit_folder(bed)
    await terminal.does(c.EndVisit(reason="enough"))
    await bed.until((folder / MANIFEST).exists, "the seal")
    manifest = msgspec.json.decode((folder / MANIFEST).read_bytes(), type=Manifest)
    copies = {file.name: file.sha256 for file in manifest.files if file.name.startswith("imports/")}
    assert {"imports/balance_static-eyes_open-1.csv", "imports/gait_overground-walk_10m-1.toml"} <= set(copies)
    assert len(copies) == 4
    assert {event.sha256 for event in bed.events(TrialImported)} < set(copies.values())
    assert verify(folder / "journal").ok
    copy = folder / "imports" / "gait_overground-walk_10m-1.csv"
    copy.chmod(0o640)
    copy.write_bytes(copy.read_bytes().replace(b"45,2", b"54,2"))
    report = verify(folder / "journal")
    assert [problem.file for problem in report.problems] == [str(copy)]
