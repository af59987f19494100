import os
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bedside.record.chain import GENESIS, Head
from bedside.record.errors import JournalDamaged
from bedside.record.journal import read_journal
from bedside.record.note import NOTE, note_bytes
from bedside.record.verify import verify
from tests.helpers.journals import in_memory, numbers, open_journal, record

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FILE = "000001.jsonl"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A journal of five events whose process was killed."""
    journal = open_journal(tmp_path / "made")
    for number in range(5):
        journal.append(record(number))
    killed = tmp_path / "killed"
    shutil.copytree(tmp_path / "made", killed)
    journal.close()
    return killed


def cut(source: Path, target: Path, offset: int) -> int:
    """The folder as a power cut at `offset` of the file left it, and how many lines were acknowledged by then."""
    data = (source / FILE).read_bytes()
    whole = data[:offset].splitlines(keepends=True)
    done = sum(line.endswith(b"\n") for line in whole)
    target.mkdir()
    (target / FILE).write_bytes(data[:offset])
    last = data.splitlines()[done - 1][6:70].decode() if done else GENESIS
    (target / NOTE).write_bytes(note_bytes(Head(done, last)))
    return done


def test_a_cut_at_any_byte_leaves_every_acknowledged_event(small: Path) -> None:
    size = (small / FILE).stat().st_size
    repaired = 0
    with in_memory() as memory:
        for offset in range(size + 1):
            folder = memory / f"cut-{offset}"
            done = cut(small, folder, offset)
            journal = open_journal(folder, boot="boot-2")
            repaired += any(entry.ev == "recover.tail" for entry in journal.drain())
            journal.append(record(100))
            journal.close()
            assert numbers(read_journal(folder)) == [*range(max(0, done - 1)), 100], offset
            assert verify(folder).ok, offset
            assert not journal.recovery.damaged
    assert repaired == size + 1 - 6, "a cut at the end of one of the six lines needs no repair, any other one does"


def test_zeros_or_garbage_after_the_last_line_are_a_cut_too(small: Path, tmp_path: Path) -> None:
    for name, tail in (("zeros", bytes(700)), ("garbage", bytes(range(256)) * 3), ("newlines", b"\n" * 9)):
        folder = tmp_path / name
        shutil.copytree(small, folder)
        with (folder / FILE).open("ab") as file:
            file.write(tail)
        journal = open_journal(folder)
        tails = [entry for entry in journal.drain() if entry.ev == "recover.tail"]
        assert tails[0].data["dropped_bytes"] == len(tail)
        assert (folder / tails[0].data["copy"]).read_bytes().endswith(tail), "the original is kept"
        journal.close()
        assert numbers(read_journal(folder)) == [0, 1, 2, 3, 4]
        assert verify(folder).ok


def test_a_cut_that_took_acknowledged_lines_is_no_crash(small: Path, tmp_path: Path) -> None:
    data = (small / FILE).read_bytes()
    starts = [0]
    while (end := data.find(b"\n", starts[-1])) >= 0:
        starts.append(end + 1)
    for offset in (0, 10, starts[1], starts[3] - 1, starts[3], starts[5] + 30):
        folder = tmp_path / f"lost-{offset}"
        shutil.copytree(small, folder)
        (folder / FILE).write_bytes(data[:offset])
        assert not verify(folder).ok
        journal = open_journal(folder)
        said = [entry.ev for entry in journal.drain()]
        assert {"recover.damage", "recover.missing"} & set(said), offset
        assert journal.recovery.damaged
        assert journal.append(record(9)).n > 6, "no number is ever used twice"
        journal.close()
        assert not verify(folder).ok, "the loss stays visible for ever"
        with pytest.raises(JournalDamaged):
            list(read_journal(folder))
        assert numbers(read_journal(folder, strict=False))[-1] == 9


def test_a_bad_line_before_the_last_is_never_repaired(small: Path) -> None:
    data = (small / FILE).read_bytes()
    forged = data.replace(b'"number":2', b'"number":7')
    assert forged != data
    (small / FILE).write_bytes(forged)
    journal = open_journal(small)
    damage = next(entry for entry in journal.drain() if entry.ev == "recover.damage")
    assert damage.data["file"] == f"{FILE}.damaged"
    assert damage.data["line"] == 4
    assert damage.data["offset"] == len(b"".join(data.splitlines(keepends=True)[:3]))
    assert "administrator" in damage.data["remedy"]
    assert (small / f"{FILE}.damaged").read_bytes() == forged, "set aside whole"
    assert journal.recovery.damaged
    journal.append(record(50))
    journal.close()

    report = verify(small)
    assert not report.ok
    assert report.first is not None
    assert "000001.jsonl.damaged line 4" in report.first.reason
    assert numbers(read_journal(small, strict=False)) == [50]
    reopened = open_journal(small)
    assert not reopened.recovery.damaged, "what was journalled once is not found again"
    reopened.append(record(51))
    reopened.close()
    assert len(verify(small).problems) == 1


def test_evidence_that_is_altered_after_it_was_set_aside_is_noticed(small: Path) -> None:
    data = (small / FILE).read_bytes()
    (small / FILE).write_bytes(data.replace(b'"number":2', b'"number":7'))
    open_journal(small).close()
    (small / f"{FILE}.damaged").write_bytes(data)
    assert any("was altered since" in problem.reason for problem in verify(small).problems)


def test_recovery_that_is_itself_cut_short_is_done_again(small: Path) -> None:
    data = (small / FILE).read_bytes()
    (small / FILE).write_bytes(data.replace(b'"number":2', b'"number":7'))
    (small / FILE).rename(small / f"{FILE}.damaged")
    journal = open_journal(small)
    assert [entry.ev for entry in journal.drain()] == ["journal.open", "recover.damage"]
    assert journal.head.n > 6
    journal.close()


def test_a_kill_is_said_and_the_file_sealed(small: Path) -> None:
    journal = open_journal(small, boot="boot-2", key=KEY)
    said = {entry.ev: entry for entry in journal.drain()}
    assert said["recover.interrupted"].data == {
        "file": FILE,
        "last": 6,
        "boot": "boot-1",
        "utc": "2026-11-21T03:40:05.123456Z",
    }
    assert said["journal.seal"].data["reason"] == "interrupted"
    assert journal.recovery.last is not None
    assert journal.recovery.last.data == {"number": 4}
    journal.close()
    report = verify(small)
    assert (report.ok, report.sealed, report.signed) == (True, 2, 2)


def test_a_clean_stop_is_no_interruption(tmp_path: Path) -> None:
    open_journal(tmp_path).close()
    journal = open_journal(tmp_path)
    assert [entry.ev for entry in journal.drain()] == ["journal.open"]
    assert not journal.recovery.interrupted
    journal.close()


def test_a_death_right_after_a_seal_is_an_interruption_too(small: Path) -> None:
    journal = open_journal(small)
    journal.seal("the visit is closed")
    os.close(journal._lock_fd or -1)
    again = open_journal(small)
    assert [entry.ev for entry in again.drain()] == ["journal.open", "recover.interrupted"]
    assert again.recovery.interrupted
    again.close()
    assert verify(small).ok


def test_a_seal_whose_signature_was_cut_off_is_signed_at_the_next_start(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, key=KEY)
    journal.close()
    (tmp_path / f"{FILE}.sig").unlink()
    assert verify(tmp_path).ok, "the last seal may be about to be signed"
    open_journal(tmp_path, key=KEY).close()
    assert (tmp_path / f"{FILE}.sig").exists()
    assert verify(tmp_path).ok


def test_a_lost_or_damaged_note_is_said_and_made_again(small: Path) -> None:
    (small / NOTE).write_bytes(b"{")
    assert verify(small).first is not None
    journal = open_journal(small)
    assert "recover.note" in [entry.ev for entry in journal.drain()]
    journal.close()
    assert verify(small).ok
    (small / NOTE).unlink()
    journal = open_journal(small)
    assert "recover.note" in [entry.ev for entry in journal.drain()]
    journal.close()


def test_all_files_gone_but_the_note_is_a_loss(small: Path) -> None:
    (small / FILE).unlink()
    journal = open_journal(small)
    missing = next(entry for entry in journal.drain() if entry.ev == "recover.missing")
    assert (missing.data["first"], missing.data["last"]) == (1, 6)
    assert journal.append(record(1)).n > 6
    journal.close()
    assert not verify(small).ok
