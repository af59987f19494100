"""`bedside import-robot --visit`: a real station keeps the table with its open visit, or says why not."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bedside import cli
from bedside.commands import ImportRobot
from bedside.events import CommandRefused, RobotImported, VisitOpened
from bedside.refusal import Refusal
from bedside.station import robot_table
from bedside.station.importing import Imports
from tests.bedside.importer.test_import import EXAMPLE, SHIPPED, written
from tests.helpers.station_process import Bedside, bedside_at


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bedside]:
    async with bedside_at(tmp_path / "bed", speed=1.0, step="fit") as bed:
        await bed.start()
        await bed.until(lambda: bed.picture is not None and bool(bed.picture.visit), "the visit")
        await bed.fall_silent()
        (bed.layout.data / "imports").mkdir(exist_ok=True)
        yield bed


async def command(bed: Bedside, file: Path, *words: str, mapping: str = "example_robot") -> int:
    layout = bed.layout
    folders = ["--config", str(layout.config), "--data", str(layout.data), "--run", str(layout.run)]
    line = ["import-robot", str(file), "--mapping", mapping, *folders, *words]
    return await asyncio.to_thread(cli.main, line)


def opening(bed: Bedside) -> tuple[str, datetime]:
    """The open visit and when it was opened."""
    found = [x for x in bed.envelopes() if isinstance(x.event, VisitOpened)]
    assert isinstance(found[-1].event, VisitOpened)
    return found[-1].event.visit, datetime.fromisoformat(found[-1].utc)


async def test_a_table_is_copied_with_its_hash_and_journalled_and_never_twice(
    bed: Bedside, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, EXAMPLE)
    visit, opened = opening(bed)
    began = (opened + timedelta(seconds=100)).isoformat()
    asked = ("--visit", visit, "--began", began, "--clock-ahead", "100")
    assert await command(bed, file, *asked) == 0
    said = capsys.readouterr()
    (event,) = bed.events(RobotImported)
    assert json.loads(said.out)["sha256"] == event.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert "not verified" in said.err
    folder = bed.layout.data / "visits" / visit
    assert (folder / event.kept).read_bytes() == file.read_bytes()
    assert (folder / event.mapping_kept).exists()
    assert (event.rows, event.distance_m, event.max_speed_kmh, event.clock_ahead_s) == (3, 600.0, 1.8, 100.0)
    assert abs((datetime.fromisoformat(event.first_utc) - opened).total_seconds()) < 1.5
    assert list((bed.layout.data / "imports").iterdir()) == []
    envelope = next(x for x in bed.envelopes() if isinstance(x.event, RobotImported))
    assert envelope.via == "admin"
    assert await command(bed, file, *asked) == 1
    assert "imported" in capsys.readouterr().err
    assert sorted(path.name for path in (folder / "imports").iterdir()) == ["robot-1.csv", "robot-1.toml"]
    capsys.readouterr()
    verify = ["log", "verify", str(bed.layout.data / "journal")]
    await asyncio.to_thread(cli.main, verify)
    assert "robot-1" not in "".join(capsys.readouterr())
    (folder / event.kept).write_bytes(file.read_bytes() + b" ")
    assert await asyncio.to_thread(cli.main, verify) != 0
    assert "robot-1.csv" in "".join(capsys.readouterr())


async def test_what_is_refused_is_said_and_leaves_no_copy(
    bed: Bedside, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, EXAMPLE)
    visit, opened = opening(bed)
    days_ago = (opened - timedelta(days=3)).isoformat()
    for words, told in (
        (("--visit", "S1-999"), "is not the open visit"),
        (("--visit", visit, "--began", days_ago), "do not overlap"),
        (("--visit", visit, "--began", "noon"), "'noon' is no time"),
        (("--visit", visit, "--began", "0001-01-01"), "'0001-01-01' is no time"),
    ):
        assert await command(bed, file, *words) == 1
        assert told in capsys.readouterr().err
    assert await command(bed, file, "--visit", visit, mapping="example_gait_results") == 1
    assert "maps a gait table" in capsys.readouterr().err
    await bed.until(lambda: len(bed.events(CommandRefused)) == 4, "the refusals in the journal")
    assert not list((bed.layout.data / "visits" / visit).glob("imports/*"))
    assert list((bed.layout.data / "imports").iterdir()) == []
    (bed.layout.data / "imports" / file.name).write_text("another one")
    assert await command(bed, file, "--visit", visit) == 1
    assert "another session.csv lies in" in capsys.readouterr().err


async def test_without_a_station_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "imports").mkdir()
    file = written(tmp_path, EXAMPLE)
    folders = ["--config", str(SHIPPED), "--data", str(tmp_path), "--run", str(tmp_path)]
    line = ["import-robot", str(file), "--mapping", "example_robot", "--visit", "S1-1", *folders]
    assert await asyncio.to_thread(cli.main, line) == 1
    assert "no station answers" in capsys.readouterr().err
    assert list((tmp_path / "imports").iterdir()) == []


def table(folder: Path, text: str, **words: object) -> RobotImported:
    """What `robot_table.read` finds for a visit that was opened at noon here, on a day without a change of clocks."""
    opened = datetime(2026, 3, 2, 12).astimezone().isoformat()
    asked = ImportRobot(visit="V", file="session.csv", mapping="example_robot", **words)  # type: ignore[arg-type]
    (folder / "imports").mkdir(exist_ok=True)
    (folder / "imports" / "session.csv").write_text(text)
    return robot_table.read(Imports(SHIPPED, folder), asked, robot_table.Begun("V", opened, 0)).found


def test_times_are_the_robots_time_of_day_less_what_its_clock_is_ahead(tmp_path: Path) -> None:
    text = EXAMPLE.replace("0:00:00;", "12:10:00;").replace("0:01:30,5", "12:11:30,5").replace("1:00:00;", "13:10:00;")
    noon = datetime(2026, 3, 2, 12).astimezone()
    found = table(tmp_path, text, clock_ahead_s=300.0)
    assert datetime.fromisoformat(found.first_utc) == noon + timedelta(minutes=5)
    assert datetime.fromisoformat(found.last_utc) == noon + timedelta(minutes=65)
    assert found.walk_s == pytest.approx(58.5 * 60 - 0.5 + 0.0, abs=0.6)


def test_a_table_that_lies_in_any_visit_is_not_taken_again(tmp_path: Path) -> None:
    (tmp_path / "visits" / "earlier" / "imports").mkdir(parents=True)
    (tmp_path / "visits" / "earlier" / "imports" / "walk-1.csv").write_text(EXAMPLE)
    with pytest.raises(Refusal, match="was imported in another visit already"):
        table(tmp_path, EXAMPLE)
