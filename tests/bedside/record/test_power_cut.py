"""What a power cut may do and a killed process cannot: bytes and names that were never synced are gone or torn."""

import os
import random
from pathlib import Path

from bedside.record.fsutil import Storage
from bedside.record.journal import read_journal
from bedside.record.verify import verify
from tests.helpers.journals import in_memory, numbers, open_journal, record

CUTS = 60


class Volatile(Storage):
    """A disk that remembers what was synced, and can forget the rest as a power cut does."""

    def __init__(self) -> None:
        self.synced: dict[Path, int] = {}
        self.unsynced_names: set[Path] = set()
        self.forgotten = 0

    def create(self, path: Path) -> int:
        fd = super().create(path)
        self.synced[path] = 0
        self.unsynced_names.add(path)
        return fd

    def fdatasync(self, fd: int) -> None:
        path = Path(f"/proc/self/fd/{fd}").readlink()
        self.synced[path] = os.fstat(fd).st_size

    def fsync_folder(self, folder: Path) -> None:
        self.unsynced_names = {path for path in self.unsynced_names if path.parent != folder}

    def cut_power(self, rng: random.Random) -> None:
        """Keep what was synced; of the rest keep a part, turn a part into zeros, or lose it."""
        for path, size in self.synced.items():
            if not path.exists():
                continue
            data = path.read_bytes()
            if path in self.unsynced_names and rng.random() < 0.5:
                path.unlink()
                self.forgotten += len(data)
                continue
            tail = data[size : size + rng.randrange(len(data) - size + 1)]
            zeros = bytes(rng.randrange(600)) if len(tail) < len(data) - size and rng.random() < 0.5 else b""
            self.forgotten += len(data) - size - len(tail)
            path.write_bytes(data[:size] + tail + zeros)


class NeverSynced(Volatile):
    """The broken one: it reports every sync as done and does none."""

    def fdatasync(self, fd: int) -> None:
        pass


def lost_after_power_cuts(storage_kind: type[Volatile]) -> tuple[int, int]:
    """Acknowledged events lost over many cuts, and bytes the disk forgot."""
    lost = forgotten = 0
    with in_memory() as memory:
        for seed in range(CUTS):
            rng = random.Random(seed)
            folder, storage = memory / str(seed), storage_kind()
            journal = open_journal(folder, storage=storage, rotate_after_s=rng.choice((0.003, 60.0)))
            acknowledged = [number for number in range(rng.randrange(1, 12)) if journal.append(record(number))]
            with max(folder.glob("*.jsonl")).open("ab") as under_way:
                under_way.write(b'{"h":"' + b"0" * rng.randrange(300))
            os.close(journal._lock_fd or -1)
            storage.cut_power(rng)
            forgotten += storage.forgotten
            recovered = open_journal(folder)
            recovered.close()
            kept = numbers(read_journal(folder, strict=False))
            lost += len(set(acknowledged) - set(kept))
            if storage_kind is Volatile:
                assert verify(folder).ok, seed
                assert not recovery_blamed_anybody(folder)
    return lost, forgotten


def recovery_blamed_anybody(folder: Path) -> bool:
    return any(entry.ev in {"recover.damage", "recover.missing"} for entry in read_journal(folder))


def test_a_power_cut_loses_nothing_that_was_acknowledged() -> None:
    lost, forgotten = lost_after_power_cuts(Volatile)
    assert forgotten > 1000, "the disk did forget"
    assert lost == 0


def test_a_journal_that_does_not_sync_is_caught_by_the_same_cuts() -> None:
    lost, forgotten = lost_after_power_cuts(NeverSynced)
    assert forgotten > 1000
    assert lost > CUTS
