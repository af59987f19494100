"""The event journal: lines that are on the disk before anybody acts on them, chained so that no change goes unseen.

One process writes it, in files that are sealed each hour, at the end of a visit and at a clean stop.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bedside.record.ballast import Ballast
from bedside.record.chain import Entry, Head, Record, Stamp
from bedside.record.errors import JournalBusy, JournalFailed
from bedside.record.fsutil import SYSTEM, Storage
from bedside.record.layout import Opening
from bedside.record.reading import read_journal
from bedside.record.recovery import Recovery, recover
from bedside.record.signing import public_hex
from bedside.record.writer import ChainWriter, Setup

__all__ = ["Entry", "Head", "Journal", "Record", "Stamp", "read_journal"]

ROTATE_AFTER_S = 3600.0


class Journal:
    """Appends to the journal in one folder. Safe to call from several threads; every call blocks until durable."""

    def __init__(self, setup: Setup, recovery: Recovery, lock_fd: int, rotate_after_s: float) -> None:
        """Use `Journal.open`."""
        self.recovery = recovery
        self._setup = setup
        self._lock_fd: int | None = lock_fd
        self._rotate_after_ns = int(rotate_after_s * 1e9)
        self._mutex = threading.Lock()
        self._writer = ChainWriter(setup, recovery)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        box: str,
        software: str,
        config_hash: str,
        boot: str,
        clock: Callable[[], Stamp],
        key: Ed25519PrivateKey | None = None,
        ballast: Ballast | None = None,
        storage: Storage = SYSTEM,
        rotate_after_s: float = ROTATE_AFTER_S,
    ) -> Self:
        """Recover the journal in `folder` (made when missing), seal what a crash left open, and begin a new file.

        `clock` gives the moment of the journal's own lines; it must be the clock the records' times come from. Without
        a `key` files are sealed but not signed. What was found is in `recovery`. Raises JournalBusy when another
        process has it open, JournalFailed when the disk refuses.
        """
        identity = Opening(
            box=box,
            software=software,
            config_hash=config_hash,
            cause="start",
            signer=public_hex(key) if key else None,
        )
        setup = Setup(folder, identity, boot, clock, key, ballast, storage)
        try:
            lock_fd = _lock(folder)
        except OSError as error:
            raise JournalFailed(f"{folder}: the journal cannot be written: {error}; check the disk") from error
        try:
            journal = cls(setup, recover(folder, storage), lock_fd, rotate_after_s)
            journal._writer.begin()
        except OSError as error:
            os.close(lock_fd)
            raise JournalFailed(f"{folder}: the journal cannot be written: {error}; check the disk") from error
        except BaseException:
            os.close(lock_fd)
            raise
        return journal

    @property
    def folder(self) -> Path:
        """Where the journal lies."""
        return self._setup.folder

    @property
    def head(self) -> Head:
        """Number and hash of the last durable line."""
        return self._writer.head

    def append(self, record: Record) -> Entry:
        """Journal one event; it is durable on return. Raises JournalFailed: then stimulation must stop."""
        return self.append_many((record,))[0]

    def append_many(self, records: Sequence[Record]) -> tuple[Entry, ...]:
        """Journal several events with one flush; all are durable on return. Raises JournalFailed."""
        with self._mutex:
            self._require_open()
            if not records:
                return ()
            if self._writer.due(records[0].mono_ns, self._rotate_after_ns):
                self._writer.seal("rotated", records[0])
            return self._writer.commit(records)

    def seal(self, reason: str) -> None:
        """Close the current file for good and sign it; the next event begins a new one. Raises JournalFailed."""
        with self._mutex:
            self._require_open()
            self._writer.seal(reason, self._setup.clock())

    def close(self, reason: str = "clean stop") -> None:
        """Seal, and let other processes have the journal. Does nothing the second time."""
        with self._mutex:
            if self._lock_fd is None:
                return
            try:
                self._writer.seal(reason, self._setup.clock(), stop=True)
            finally:
                self._writer.close()
                os.close(self._lock_fd)
                self._lock_fd = None

    def drain(self) -> tuple[Entry, ...]:
        """Lines the journal wrote by itself since the last call: openings, seals, recovery, and `record.fault`."""
        with self._mutex:
            own, self._writer.own = tuple(self._writer.own), []
            return own

    def _require_open(self) -> None:
        if self._lock_fd is None:
            raise JournalFailed(f"{self.folder}: the journal is closed")


def _lock(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        raise JournalBusy(f"{folder}: another bedside process writes this journal; stop it first") from None
    return fd
