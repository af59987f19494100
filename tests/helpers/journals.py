"""A journal made by hand: a clock that steps by itself, records, and a disk whose n-th call fails."""

import errno
import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bedside.record.fsutil import Storage
from bedside.record.journal import Journal, Record, Stamp

UTC = "2026-11-21T03:40:05.123456Z"


class Ticking:
    """A clock that goes on by 1 ms each time it is read."""

    def __init__(self) -> None:
        self._ns = itertools.count(1_000_000_000, 1_000_000)

    def __call__(self) -> Stamp:
        return Stamp(next(self._ns), UTC, "ntp")


CLOCK = Ticking()


def record(number: int, clock: Ticking = CLOCK, **data: Any) -> Record:
    """An event that carries its number."""
    now = clock()
    return Record(
        mono_ns=now.mono_ns,
        utc=now.utc,
        sync=now.sync,
        who="ther-03",
        via="control",
        ev="test.event",
        data={"number": number, **data},
    )


def open_journal(folder: Path, **options: Any) -> Journal:
    """A journal of box "box-1"."""
    settings: dict[str, Any] = {
        "box": "box-1",
        "software": "0.1",
        "config_hash": "c0ffee",
        "boot": "boot-1",
        "clock": CLOCK,
    }
    return Journal.open(folder, **(settings | options))


def numbers(entries: Any) -> list[int]:
    """The numbers of the test's own events, in order."""
    return [entry.data["number"] for entry in entries if entry.ev == "test.event"]


@contextmanager
def in_memory() -> Iterator[Path]:
    """A folder in memory where there is one, for tests that write thousands of small files."""
    shared = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as folder:
        yield Path(folder)


class FailingStorage(Storage):
    """The real disk, but the calls with the given indices (from 0) fail; `fired` says which did.

    A failing write leaves half of its bytes behind, as a full disk does.
    """

    def __init__(self, fail: set[int] | range, error: int = errno.EIO) -> None:
        self._fail, self._error = fail, error
        self.calls = 0
        self.fired: list[str] = []

    def _step(self, name: str) -> None:
        call, self.calls = self.calls, self.calls + 1
        if call in self._fail:
            self.fired.append(name)
            raise OSError(self._error, f"injected into {name}")

    def create(self, path: Path) -> int:
        self._step("create")
        return super().create(path)

    def write(self, fd: int, data: bytes) -> None:
        try:
            self._step("write")
        except OSError:
            super().write(fd, data[: len(data) // 2])
            raise
        super().write(fd, data)

    def fdatasync(self, fd: int) -> None:
        self._step("fdatasync")
        super().fdatasync(fd)

    def fsync_folder(self, folder: Path) -> None:
        self._step("fsync_folder")
        super().fsync_folder(folder)
