import json
import re
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bedside.record.errors import JournalBusy, JournalFailed
from bedside.record.journal import read_journal
from bedside.record.reading import read_back
from bedside.record.verify import verify
from tests.helpers.journals import FailingStorage, Ticking, numbers, open_journal, record

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def test_what_is_appended_is_read_back_in_order_and_proven(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "journal")
    one = journal.append(record(1, text="Ünïcode\nand a newline"))
    many = journal.append_many([record(2), record(3)])
    journal.close()

    entries = list(read_journal(tmp_path / "journal"))
    assert [entry.ev for entry in entries] == ["journal.open", *["test.event"] * 3, "journal.seal"]
    assert entries[1:4] == [one, *many]
    assert entries[1].data["text"] == "Ünïcode\nand a newline"
    assert [entry.n for entry in entries] == [1, 2, 3, 4, 5]
    assert [entry.own for entry in entries] == [True, False, False, False, True]
    assert verify(tmp_path / "journal").ok


def test_the_hash_can_be_checked_with_coreutils_alone(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(record(1))
    journal.close()
    script = r"""
        previous=$(printf '0%.0s' $(seq 64))
        while IFS= read -r line; do
            h=$(printf '%s%s' "$previous" "$(printf '%s' "$line" | cut -b 73-)" | sha256sum | cut -c 1-64)
            [ "$h" = "$(printf '%s' "$line" | cut -b 7-70)" ] || { echo bad; exit 1; }
            previous=$h
        done < 000001.jsonl; echo good"""
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "good\n"


def test_a_line_has_the_documented_form(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(record(1))
    line = (tmp_path / "000001.jsonl").read_text().splitlines()[1]
    assert re.match(r'\{"h":"[0-9a-f]{64}","n":2,"boot":"boot-1","mono":\d+,"utc":"', line)
    assert list(json.loads(line)) == ["h", "n", "boot", "mono", "utc", "sync", "who", "via", "ev", "data"]
    journal.close()


def test_an_event_is_on_the_disk_before_append_returns(tmp_path: Path) -> None:
    calls: list[str] = []

    class Watching(FailingStorage):
        def _step(self, name: str) -> None:
            calls.append(name)

    journal = open_journal(tmp_path, storage=Watching(set()))
    assert calls[-4:] == ["create", "write", "fdatasync", "fsync_folder"]
    calls.clear()
    journal.append(record(1))
    assert calls == ["write", "fdatasync"]
    calls.clear()
    journal.append_many([record(2), record(3), record(4)])
    assert calls == ["write", "fdatasync"]
    journal.close()


def test_files_rotate_and_each_names_the_one_before(tmp_path: Path) -> None:
    clock = Ticking()
    journal = open_journal(tmp_path, clock=clock, rotate_after_s=0.010)
    for number in range(30):
        journal.append(record(number, clock))
    journal.close()
    files = sorted(path.name for path in tmp_path.glob("*.jsonl"))
    assert len(files) > 3
    openings = [entry for entry in read_journal(tmp_path) if entry.ev == "journal.open"]
    assert [entry.data["previous"]["file"] for entry in openings[1:]] == files[:-1]
    assert openings[0].data["box"] == "box-1"
    assert openings[0].data["config_hash"] == "c0ffee"
    assert numbers(read_journal(tmp_path)) == list(range(30))
    assert verify(tmp_path).ok


def test_seal_ends_a_file_and_signs_it(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, key=KEY)
    journal.append(record(1))
    journal.seal("the visit is closed")
    assert not (tmp_path / "000002.jsonl").exists()
    journal.append(record(2))
    journal.close()
    report = verify(tmp_path, key=KEY.public_key().public_bytes_raw().hex())
    assert (report.ok, report.files, report.sealed, report.signed, report.unsigned) == (True, 2, 2, 2, ())


def test_a_signature_is_that_of_plain_text_which_openssl_can_check(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, key=KEY)
    journal.close()
    seal = json.loads((tmp_path / "000001.jsonl.sig").read_bytes())
    text = f"bedside journal 1 000001.jsonl {seal['n']} {seal['h']}\n".encode()
    KEY.public_key().verify(bytes.fromhex(seal["sig"]), text)


def test_without_a_key_files_are_sealed_and_verify_says_unsigned(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    report = verify(tmp_path)
    assert report.ok
    assert report.unsigned == ("000001.jsonl",)


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(JournalBusy, match="another bedside process"):
        open_journal(tmp_path)
    journal.close()
    journal.close()
    open_journal(tmp_path).close()


def test_a_closed_journal_refuses(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.close()
    with pytest.raises(JournalFailed, match="closed"):
        journal.append(record(1))


def test_several_threads_share_one_journal(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    threads = [
        threading.Thread(target=lambda start: [journal.append(record(start + k)) for k in range(25)], args=(start,))
        for start in (0, 100, 200, 300)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    assert len(numbers(read_journal(tmp_path))) == 100
    assert verify(tmp_path).ok


def test_drain_gives_what_the_journal_said_of_itself_once(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(record(1))
    assert [entry.ev for entry in journal.drain()] == ["journal.open"]
    assert journal.drain() == ()
    journal.close()


def test_a_reader_sees_a_journal_that_is_being_written(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(record(1))
    assert numbers(read_journal(tmp_path)) == [1]
    assert verify(tmp_path).ok
    journal.close()


def test_read_back_gives_the_newest_file_first(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.append(record(1))
    journal.seal("x")
    journal.append(record(2))
    journal.close()
    assert [numbers(entries) for _, entries in read_back(tmp_path)] == [[2], [1]]


def test_an_excerpt_of_whole_files_verifies_by_itself(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "box", key=KEY)
    for number in range(3):
        journal.append(record(number))
        journal.seal("x")
    journal.close()
    excerpt = tmp_path / "visit"
    excerpt.mkdir()
    for name in ("000002.jsonl", "000002.jsonl.sig"):
        (excerpt / name).write_bytes((tmp_path / "box" / name).read_bytes())
    report = verify(excerpt)
    assert (report.ok, report.signed) == (True, 1)
    assert "excerpt" in report.notes[0]
    assert numbers(read_journal(excerpt)) == [1]
