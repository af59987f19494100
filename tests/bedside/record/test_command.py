import argparse
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bedside.record import command
from bedside.record.chain import Entry
from bedside.record.replay import pauses, replay
from tests.helpers.journals import open_journal, record
from tests.helpers.rights import closed, nobody

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bedside_log(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `bedside log …` and gives exit code, stdout and stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        command.arguments(parser)
        code = command.run(parser.parse_args([str(word) for word in words]))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with the journal of the box and of one visit."""
    for name in ("station", "visits/v1/journal"):
        journal = open_journal(tmp_path / name)
        journal.append(record(1, why="the\nreason", amplitude_pct_mso=48))
        journal.close()
    return tmp_path


def test_show_prints_one_line_an_event(bedside_log: Run, data: Path) -> None:
    code, out, err = bedside_log("show", data / "station")
    assert code == 0
    assert err == f"journal {data / 'station'}\n"
    lines = out.splitlines()
    assert len(lines) == 3
    assert re.match(r" +2  2026-11-21 03:40:05\.123  ther-03 +test\.event +number=1 ", lines[1])
    assert "amplitude_pct_mso=48" in lines[1]


def test_show_as_json_gives_the_lines_themselves(bedside_log: Run, data: Path) -> None:
    code, out, _ = bedside_log("show", data / "station", "--json")
    assert code == 0
    assert out.splitlines() == (data / "station" / "000001.jsonl").read_text().splitlines()


def test_verify_proves_every_journal_below_a_folder(bedside_log: Run, data: Path) -> None:
    code, out, err = bedside_log("verify", data)
    assert (code, err) == (0, "")
    assert out.count("ok   ") == 2
    assert "unsigned: 000001.jsonl" in out


def test_verify_names_file_line_byte_and_remedy(bedside_log: Run, data: Path) -> None:
    path = data / "station" / "000001.jsonl"
    raw = path.read_bytes()
    offset = raw.index(b"\n") + 1
    path.write_bytes(raw.replace(b'"amplitude_pct_mso":48', b'"amplitude_pct_mso":49'))
    code, out, _ = bedside_log("verify", data)
    assert code == 1
    assert f"000001.jsonl line 2 (byte {offset}): the hash does not hold" in out
    assert "do: keep the folder" in out
    code, out, _ = bedside_log("verify", data, "--json")
    assert code == 1
    reports = [json.loads(line) for line in out.splitlines()]
    assert [report["ok"] for report in reports] == [False, True]
    assert reports[0]["problems"][0]["line"] == 2
    code, _, err = bedside_log("show", data / "station")
    assert code == 1
    assert "bedside log verify" in err


def test_a_reader_that_has_seen_enough_gets_no_traceback(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append_many([record(number, text="x" * 500) for number in range(2000)])
    journal.close()
    line = f"{sys.executable} -m bedside.cli log show {tmp_path} --json | head -n 1"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert done.stderr == f"journal {tmp_path}\n"


def test_what_is_not_there_is_named(bedside_log: Run, tmp_path: Path) -> None:
    assert bedside_log("show", tmp_path / "nothing")[::2] == (
        1,
        f"bedside log: {tmp_path / 'nothing'}: no such folder\n",
    )
    code, out, err = bedside_log("verify", tmp_path)
    assert (code, out) == (1, "")
    assert "no journal here or below" in err
    (tmp_path / "key").write_text("x")
    open_journal(tmp_path / "journal").close()
    code, _, err = bedside_log("verify", tmp_path, "--key", tmp_path / "key")
    assert code == 1
    assert "not an Ed25519 public key" in err


@pytest.mark.parametrize("speed", ["-1", "nan", "inf", "slow"])
def test_a_pace_that_is_none_is_refused(bedside_log: Run, data: Path, speed: str) -> None:
    with pytest.raises(SystemExit) as ended:
        bedside_log("replay", data / "station", f"--speed={speed}")
    assert ended.value.code == 2


def test_replay_prints_what_show_prints(bedside_log: Run, data: Path) -> None:
    assert bedside_log("replay", data / "station", "--speed", 0)[1] == bedside_log("show", data / "station")[1]


@pytest.mark.parametrize("action", ["show", "replay"])
def test_a_last_line_that_does_not_hold_is_left_out_and_said(bedside_log: Run, data: Path, action: str) -> None:
    path = data / "station" / "000001.jsonl"
    whole = path.read_bytes()
    for rest in (b'{"h":"not whole', b"garbage\n"):
        path.write_bytes(whole + rest)
        code, out, err = bedside_log(action, data / "station")
        assert code == 1
        assert len(out.splitlines()) == 3
        assert "000001.jsonl line 4 (byte" in err
        assert "bedside log verify" in err


@pytest.mark.parametrize("content", [b"garbage\n", b"garbage", b""])
def test_a_journal_without_any_line_is_no_journal_shown(bedside_log: Run, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "000001.jsonl").write_bytes(content)
    for action in ("show", "replay", "verify"):
        code, out, err = bedside_log(action, tmp_path)
        assert code == 1
        assert ("BAD" in out) if action == "verify" else (out == "" and "bedside log verify" in err)


def test_what_may_not_be_read_is_said(bedside_log: Run, tmp_path: Path) -> None:
    open_journal(tmp_path / "journal").close()
    for path in (tmp_path, tmp_path / "journal", tmp_path / "journal" / "000001.jsonl"):
        for action in ("show", "replay", "verify"):
            with closed(path), nobody():
                code, out, err = bedside_log(action, tmp_path)
            assert (code, out) == (1, ""), (path, action)
            assert "cannot be read: Permission denied" in err


def entry(n: int, mono_ns: int, boot: str = "b") -> Entry:
    return Entry("", n, boot, mono_ns, "", "ntp", "w", "v", "test.event", {})


def test_replay_waits_as_long_as_it_took_divided_by_the_speed() -> None:
    entries = [
        entry(1, 10),
        entry(2, 2_000_000_010),
        entry(3, 0),
        entry(4, 5_000_000_000, "c"),
        entry(5, 6_000_000_000, "c"),
    ]
    assert [pause for pause, _ in pauses(entries, 4.0)] == [0.0, 0.5, 0.0, 0.0, 0.25]
    assert [pause for pause, _ in pauses(entries, 0.0)] == [0.0] * 5
    slept: list[float] = []
    seen: list[int] = []
    assert replay(entries, lambda item: seen.append(item.n), speed=1.0, sleep=slept.append) == 5
    assert (slept, seen) == ([2.0, 1.0], [1, 2, 3, 4, 5])
