"""What a command line gives: folders that cannot be used and speeds that are none are refused by name, exit code 2."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest
from structlog.testing import CapturingLogger

from bedside.cli import main
from bedside.config import ConfigError
from bedside.record.errors import JournalFailed
from bedside.station import command
from bedside.station.clock import Clock
from bedside.station.given import SOCKET_PATH_BYTES, speed, usable_folder, usable_for_sockets
from tests.helpers.journals import open_journal
from tests.helpers.rights import as_nobody, closed, nobody

CONFIGS = Path(__file__).parents[3] / "configs"
NOWHERE = Path("/proc/bedside/data")
"""Where even the superuser cannot make a folder."""


def test_a_folder_that_is_there_or_can_be_made_stays_empty(tmp_path: Path) -> None:
    usable_folder(tmp_path / "deep" / "below", "--data")
    usable_for_sockets(tmp_path / "deep" / "below", "--run")
    assert list((tmp_path / "deep" / "below").iterdir()) == []


def test_a_folder_that_cannot_be_used_is_named_with_the_option(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder, why in (
        (tmp_path / "file", "Not a directory"),
        (tmp_path / "file" / "below", "Not a directory"),
        (NOWHERE, "No such file or directory"),
    ):
        with pytest.raises(ConfigError, match=f"{folder}: no file can be put there: {why} .*--data"):
            usable_folder(folder, "--data")


def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    with closed(tmp_path, 0o555), nobody():
        for place in (tmp_path, tmp_path / "below"):
            with pytest.raises(ConfigError, match=f"{place}: no file can be put there: Permission denied"):
                usable_folder(place, "--run")


def test_a_name_too_long_for_a_socket_is_told_before_one_is_opened(tmp_path: Path) -> None:
    longest = tmp_path / ("x" * (SOCKET_PATH_BYTES - len(f"{tmp_path}//control.sock")))
    usable_for_sockets(longest, "--run")
    with pytest.raises(ConfigError, match=f"{SOCKET_PATH_BYTES} is the most"):
        usable_for_sockets(longest.with_name(longest.name + "x"), "--run")
    assert not longest.with_name(longest.name + "x").exists()


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "fast", ""])
def test_a_speed_is_a_number_of_more_than_0(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be a number of more than 0"):
        speed(text)
    for words in (["station"], ["demo", "--unattended"]):
        with pytest.raises(SystemExit) as ended:
            main([*words, f"--speed={text}"])
        assert ended.value.code == 2
        assert "must be a number of more than 0" in capsys.readouterr().err


def test_a_clock_does_not_stand_still_or_go_backwards() -> None:
    assert speed("60") == Clock(60.0).speed == 60.0
    for wrong in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="times as fast"):
            Clock(wrong)


@pytest.mark.parametrize("option", ["--data", "--run"])
def test_a_station_refuses_a_folder_that_cannot_be_used(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = CapturingLogger()
    monkeypatch.setattr(command, "log", told)
    monkeypatch.setattr(command, "configure_log", lambda: None)
    folders = {"--data": tmp_path, "--run": tmp_path} | {option: NOWHERE}
    words = [word for name, folder in folders.items() for word in (name, str(folder))]
    assert main(["station", "--config", str(CONFIGS), *words]) == 2
    assert told.calls[-1].method_name == "critical"
    assert told.calls[-1].kwargs["error"].startswith(f"{NOWHERE}: no file can be put there")


def test_a_station_whose_sockets_folder_is_read_only_ends_before_it_does_anything(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    options = ["--config", str(CONFIGS), "--data", str(tmp_path / "data"), "--run", str(tmp_path / "run")]
    command_line = [*as_nobody(), sys.executable, "-m", "bedside.cli", "station", *options]
    with closed(tmp_path / "run", 0o555):
        done = subprocess.run(command_line, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert f"{tmp_path / 'run'}: no file can be put there: Permission denied" in done.stderr
    assert list((tmp_path / "data").iterdir()) == []


def test_a_journals_folder_that_cannot_be_made_is_a_failed_journal(tmp_path: Path) -> None:
    (tmp_path / "journal").touch()
    for folder in (tmp_path / "journal", NOWHERE):
        with pytest.raises(JournalFailed, match="the journal cannot be written"):
            open_journal(folder)


def test_a_demonstration_refuses_a_folder_that_cannot_be_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", NOWHERE, tmp_path / ("long" * 40)):
        assert main(["demo", "--unattended", "--data", str(folder)]) == 2
        told = capsys.readouterr().err
        assert told.startswith(f"bedside demo: {folder}")
        assert "--data" in told
    with closed(tmp_path, 0o555), nobody():
        assert main(["demo", "--data", str(tmp_path / "demo")]) == 2
        assert "Permission denied" in capsys.readouterr().err
