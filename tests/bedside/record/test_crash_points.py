"""The process dies at each call to the disk in turn, while it writes and while it recovers from an earlier death."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bedside.record.fsutil import Storage
from bedside.record.journal import Journal, read_journal
from bedside.record.verify import verify
from tests.helpers.journals import in_memory, numbers, open_journal, record

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


class Died(BaseException):
    """The process is gone."""


class Dying(Storage):
    """Dies before call `at` (from 0); a write has put a third of its bytes down by then."""

    def __init__(self, at: int | None) -> None:
        self.at, self.calls = at, 0

    def _step(self) -> None:
        call, self.calls = self.calls, self.calls + 1
        if call == self.at:
            raise Died

    def create(self, path: Path) -> int:
        self._step()
        return super().create(path)

    def write(self, fd: int, data: bytes) -> None:
        try:
            self._step()
        except Died:
            super().write(fd, data[: len(data) // 3])
            raise
        super().write(fd, data)

    def fdatasync(self, fd: int) -> None:
        self._step()
        super().fdatasync(fd)

    def fsync_folder(self, folder: Path) -> None:
        self._step()
        super().fsync_folder(folder)


def life(folder: Path, storage: Storage, first: int) -> list[int]:
    """Append five events and seal twice; the numbers acknowledged before the process died."""
    acknowledged: list[int] = []
    journal: Journal | None = None
    try:
        journal = open_journal(folder, storage=storage, key=KEY)
        for number in range(first, first + 5):
            journal.append(record(number))
            acknowledged.append(number)
            if number == first + 2:
                journal.seal("part")
        journal.close()
    except Died:
        if journal is not None and journal._lock_fd is not None:
            os.close(journal._lock_fd)
    return acknowledged


def calls_of(folder: Path, first: int) -> int:
    storage = Dying(None)
    life(folder, storage, first)
    return storage.calls


def torn(folder: Path) -> None:
    """The newest file with half a line at its end."""
    newest = max(folder.glob("*.jsonl"))
    with newest.open("ab") as file:
        file.write(b'{"h":"0123')


def holds(folder: Path, acknowledged: list[int], when: object) -> None:
    kept = numbers(read_journal(folder))
    assert kept == sorted(set(kept)), when
    assert set(acknowledged) <= set(kept), when
    open_journal(folder, key=KEY).close()
    report = verify(folder, key=KEY.public_key().public_bytes_raw().hex())
    assert report.ok, (when, report.problems)
    assert set(acknowledged) <= set(numbers(read_journal(folder)))


@pytest.mark.parametrize("before", [None, torn])
def test_death_at_every_call_and_at_every_call_of_the_recovery_after_it(
    before: Callable[[Path], None] | None,
) -> None:
    with in_memory() as memory:
        total = calls_of(memory / "good", 0)
        assert total > 20
        for first_death in range(0, total, 1 if before is None else 3):
            dead = memory / f"dead-{first_death}"
            storage = Dying(first_death)
            acknowledged = life(dead, storage, 0)
            assert storage.calls == first_death + 1, "it died there"
            if before is not None and list(dead.glob("*.jsonl")):
                before(dead)
            holds_after_a_second_death(dead, acknowledged, first_death)


def holds_after_a_second_death(dead: Path, acknowledged: list[int], first_death: int) -> None:
    for second_death in range(0, 14):
        folder = dead.with_name(f"{dead.name}-{second_death}")
        shutil.copytree(dead, folder)
        more = life(folder, Dying(second_death), 100)
        holds(folder, acknowledged + more, (first_death, second_death))
