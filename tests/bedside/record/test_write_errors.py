import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bedside.record.ballast import Ballast
from bedside.record.chain import SEAL
from bedside.record.errors import JournalFailed
from bedside.record.journal import Journal, read_journal
from bedside.record.reading import read_back
from bedside.record.verify import verify
from tests.helpers.journals import FailingStorage, in_memory, numbers, open_journal, record

RECORDS = 6


@pytest.fixture
def memory() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder


def write_all(journal: Journal) -> list[int]:
    """Append until the journal gives up; the numbers that were acknowledged."""
    acknowledged = []
    try:
        for number in range(RECORDS):
            journal.append(record(number))
            acknowledged.append(number)
            if number == 3:
                journal.seal("half way")
        journal.close()
    except JournalFailed:
        with pytest.raises(JournalFailed):
            journal.append(record(99))
        with pytest.raises(JournalFailed):
            journal.append(record(99))
        journal.close()
    return acknowledged


def calls_of_a_good_run(folder: Path) -> int:
    storage = FailingStorage(set())
    write_all(open_journal(folder, storage=storage))
    return storage.calls


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC, errno.EROFS])
def test_one_failing_call_anywhere_loses_nothing_and_is_said(memory: Path, error: int) -> None:
    total = calls_of_a_good_run(memory / "good")
    faults = 0
    for call in range(total):
        folder = memory / f"{call}"
        storage = FailingStorage({call}, error)
        try:
            journal = open_journal(folder, storage=storage)
        except JournalFailed:
            assert storage.fired
            continue
        assert write_all(journal) == list(range(RECORDS)), f"call {call}: {storage.fired}"
        assert storage.fired, f"call {call} never came"
        said = [entry.ev for entry in read_journal(folder)]
        faults += said.count("record.fault")
        assert numbers(read_journal(folder)) == list(range(RECORDS)), f"call {call}: {storage.fired}"
        assert sorted(n for _, entries in read_back(folder) for n in numbers(entries)) == list(range(RECORDS))
        assert verify(folder).ok, f"call {call}: {verify(folder).problems}"
        reopened = open_journal(folder)
        assert not reopened.recovery.damaged
        reopened.close()
        assert verify(folder).ok
    assert faults >= total - 8, "only calls before the first line refuse instead of going on"


def test_a_second_failure_stops_for_good_and_keeps_what_was_acknowledged(memory: Path) -> None:
    total = calls_of_a_good_run(memory / "good")
    for call in range(8, total):
        folder = memory / f"{call}"
        storage = FailingStorage(range(call, 10_000))
        acknowledged = write_all(open_journal(folder, storage=storage))
        assert len(storage.fired) >= 2
        kept = numbers(read_journal(folder, strict=False))
        assert kept[: len(acknowledged)] == acknowledged
        assert len(kept) <= len(acknowledged) + 1, "at most the one event that was under way"
        journal = open_journal(folder)
        journal.append(record(100))
        journal.close()
        assert numbers(read_journal(folder))[: len(acknowledged)] == acknowledged
        assert verify(folder).ok, verify(folder).problems


def test_a_seal_that_fails_still_ends_with_a_sealed_file(memory: Path) -> None:
    """The files of a closed visit are linked into its folder then: none of them may be written any more."""
    failed = []
    for call in range(8):
        storage = FailingStorage(set())
        journal = open_journal(memory / f"{call}", key=Ed25519PrivateKey.generate(), storage=storage)
        journal.append(record(1))
        storage._fail = {storage.calls + call}
        journal.seal("the visit is closed")
        failed += storage.fired
        *_, (newest, entries) = sorted(read_back(journal.folder))
        assert entries[-1].ev == SEAL, (newest, storage.fired)
        assert newest.with_name(f"{newest.name}.sig").exists()
        journal.close()
        assert verify(journal.folder).problems == ()
    assert {"write", "fdatasync", "create", "fsync_folder"} <= set(failed)


def test_a_failed_sync_is_never_repeated(tmp_path: Path) -> None:
    storage = FailingStorage(set())
    journal = open_journal(tmp_path, storage=storage)
    journal.append(record(1))
    size = (tmp_path / "000001.jsonl").stat().st_size
    storage._fail = {storage.calls + 1}
    synced: list[int] = []
    original = FailingStorage.fdatasync

    def watching(fd: int) -> None:
        synced.append(os.fstat(fd).st_ino)
        original(storage, fd)

    storage.fdatasync = watching  # type: ignore[method-assign]
    journal.append(record(2))
    assert storage.fired == ["fdatasync"]
    old, new = (tmp_path / name for name in ("000001.jsonl", "000002.jsonl"))
    assert synced == [old.stat().st_ino, new.stat().st_ino]
    journal.append(record(3))
    assert synced[2:] == [new.stat().st_ino]
    assert old.stat().st_size > size, "the unacknowledged line lies there, outside the chain"
    journal.close()
    assert numbers(read_journal(tmp_path)) == [1, 2, 3]
    assert any("never acknowledged" in note for note in verify(tmp_path).notes)


def test_a_writer_that_goes_on_in_a_half_written_file_is_caught(tmp_path: Path) -> None:
    class Careless(FailingStorage):
        def write(self, fd: int, data: bytes) -> None:
            try:
                super().write(fd, data)
            except OSError:
                return

    storage = Careless(set())
    journal = open_journal(tmp_path, storage=storage)
    journal.append(record(1))
    storage._fail = {storage.calls}
    journal.append(record(2))
    journal.append(record(3))
    assert storage.fired == ["write"]
    report = verify(tmp_path)
    assert report.first is not None
    assert report.first.line == 3
    journal.close()


def test_ballast_gives_room_for_the_end_of_the_story(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", 1_000_000)
    ballast.fill()
    ballast.fill()
    assert ballast.ready
    assert (tmp_path / "ballast").stat().st_blocks * 512 >= 1_000_000, "written, not sparse"
    storage = FailingStorage(set(), errno.ENOSPC)
    journal = open_journal(tmp_path / "journal", storage=storage, ballast=ballast)
    storage._fail = {storage.calls}
    journal.append(record(1))
    assert storage.fired == ["write"]
    assert not ballast.path.exists()
    assert not ballast.release()
    fault = next(entry for entry in journal.drain() if entry.ev == "record.fault")
    assert "bedside doctor" in fault.data["remedy"]
    journal.close()


def test_ballast_that_finds_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    for call in range(1, 4):
        storage = FailingStorage({call}, errno.ENOSPC)
        ballast = Ballast(tmp_path / "ballast", 2_000_000, storage)
        with pytest.raises(OSError, match="injected"):
            ballast.fill()
        assert storage.fired
        assert not ballast.path.exists()


SMALL_DISK = """
import sys
from collections.abc import Iterator
from pathlib import Path
from bedside.record.ballast import Ballast
from bedside.record.errors import JournalFailed
from tests.helpers.journals import open_journal, record

root = Path(sys.argv[1])
ballast = Ballast(root / "ballast", 100_000)
ballast.fill()
journal = open_journal(root / "journal", ballast=ballast)
(root / "filler").write_bytes(b"")
try:
    with (root / "filler").open("ab", buffering=0) as filler:
        while True:
            filler.write(bytes(4096))
except OSError as error:
    print("full", error.errno)
number = 0
try:
    while True:
        journal.append(record(number, pad="x" * 500))
        print("ack", number, flush=True)
        number += 1
except JournalFailed as error:
    print("stopped", "stimulation must stay off" in str(error), "ballast", ballast.path.exists())
"""


def test_a_really_full_disk(tmp_path: Path) -> None:
    root = tmp_path / "disk"
    root.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1M", "tmpfs", str(root)], capture_output=True, text=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"mounting a small file system is not permitted here: {mount.stderr.strip()}")
    try:
        done = subprocess.run(
            [sys.executable, "-c", SMALL_DISK, str(root)], capture_output=True, text=True, check=True, timeout=50
        )
        lines = done.stdout.splitlines()
        assert lines[0] == f"full {errno.ENOSPC}"
        assert lines[-1] == "stopped True ballast False"
        acknowledged = [int(line.split()[1]) for line in lines if line.startswith("ack")]
        assert len(acknowledged) > 50, "the ballast was given up and used"
        kept = numbers(read_journal(root / "journal", strict=False))
        assert kept[: len(acknowledged)] == acknowledged
        (root / "filler").unlink()
        journal = open_journal(root / "journal")
        assert not journal.recovery.damaged
        journal.append(record(-1))
        journal.close()
        assert numbers(read_journal(root / "journal"))[: len(acknowledged)] == acknowledged
        assert verify(root / "journal").ok
    finally:
        subprocess.run(["umount", str(root)], check=True)


FILE_LIMIT = """
import resource, sys
from pathlib import Path
from bedside.record.errors import JournalFailed
from tests.helpers.journals import open_journal, record

resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
journal = open_journal(Path(sys.argv[1]))
number = 0
try:
    while True:
        journal.append(record(number, pad="x" * 100))
        print("ack", number, flush=True)
        number += 1
except JournalFailed:
    print("stopped")
"""


def test_a_file_size_limit_of_the_kernel(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILE_LIMIT, str(tmp_path)], capture_output=True, text=True, check=True, timeout=50
    )
    *acks, last = done.stdout.splitlines()
    assert last == "stopped"
    acknowledged = [int(line.split()[1]) for line in acks]
    assert (tmp_path / "000001.jsonl").stat().st_size == 20_000, "the limit cut a line in two"
    assert (tmp_path / "000002.jsonl").exists()
    assert numbers(read_journal(tmp_path, strict=False))[: len(acknowledged)] == acknowledged
    journal = open_journal(tmp_path)
    journal.close()
    assert numbers(read_journal(tmp_path))[: len(acknowledged)] == acknowledged
    assert verify(tmp_path).ok
