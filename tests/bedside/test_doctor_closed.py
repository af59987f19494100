"""`bedside doctor` run by somebody who may not look everywhere: it says so, and goes on with the rest."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bedside import doctor_devices
from bedside.cli import main
from bedside.doctor import check_participants, check_record
from bedside.record.outbox import seal_visit
from tests.helpers.journals import open_journal, record
from tests.helpers.rights import closed, nobody
from tests.helpers.visits import write_visit

CONFIGS = Path(__file__).parents[2] / "configs"
Doctor = Callable[[Path], dict[str, dict[str, object]]]


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Data and configuration of a box."""
    config = Path(shutil.copytree(CONFIGS, tmp_path / "config"))
    shutil.copy(config / "demo" / "staff.toml", config / "staff.toml")
    journal = open_journal(tmp_path / "data" / "journal")
    journal.append(record(1))
    journal.close()
    seal_visit(write_visit(tmp_path / "data", "D-0017-s01"))
    (tmp_path / "data" / "participants").mkdir()
    shutil.copy(config / "demo" / "participant.toml", tmp_path / "data" / "participants" / "D-0017.toml")
    (tmp_path / "run").mkdir()
    return tmp_path


@pytest.fixture
def report(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """The lines of the report by name, as somebody without rights gets them."""
    monkeypatch.setattr(doctor_devices, "SETTLE_S", 0.1)
    monkeypatch.setattr(doctor_devices, "LISTEN_S", 0.1)

    def run(box: Path) -> dict[str, dict[str, object]]:
        options = [word for name in ("config", "data", "run") for word in (f"--{name}", str(box / name))]
        with nobody():
            code = main(["doctor", *options, "--json"])
        lines = {line["name"]: line for line in json.loads(capsys.readouterr().out)}
        assert code == (not all(line["ok"] for line in lines.values()))
        return lines

    return run


def test_what_is_open_is_in_order(box: Path) -> None:
    with nobody():
        checks = [*check_record(box / "data"), *check_participants(box / "data")]
    assert [check.name for check in checks if check.ok] == ["journal", "sync", "participants"]


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("data/visits", {"sync"}),
        ("data/journal", {"journal"}),
        ("data/journal/000001.jsonl", {"journal"}),
        ("data/participants", {"participants"}),
        ("data", {"journal", "sync", "participants", "data"}),
        ("config/instruments", {"config"}),
        ("config/imports", {"mapping"}),
        ("config", {"config", "staff", "mapping"}),
        ("config/station.toml", {"config"}),
    ],
)
def test_what_is_closed_is_said_and_the_rest_told(box: Path, report: Doctor, part: str, names: set[str]) -> None:
    with closed(box / part):
        lines = report(box)
    for name in names:
        assert not lines[name]["ok"]
        assert lines[name]["remedy"]
        assert "Permission denied" in str(lines[name]["text"]), lines[name]
    told = {"journal", "sync", "participants"} - names
    if not part.startswith("config"):
        assert all(lines[name]["ok"] for name in told)
