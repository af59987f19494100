"""Writes the chain's files: opens, appends, seals, signs, and goes on once in a new file after a write error.

Not safe for several threads by itself: the `Journal` calls it with its lock held.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bedside.record import chain
from bedside.record.ballast import Ballast
from bedside.record.chain import Entry, Head, Record, Stamp
from bedside.record.errors import JournalFailed
from bedside.record.fsutil import Storage, write_whole
from bedside.record.layout import Cause, Closing, Opening, Previous, file_name, highest_number, to_data
from bedside.record.note import Note
from bedside.record.recovery import Recovery
from bedside.record.signing import sign

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REMEDY = "finish or stop the visit, then check the disk (bedside doctor)"


@dataclass(frozen=True, slots=True)
class Setup:
    """What stays the same while a journal is open."""

    folder: Path
    identity: Opening
    boot: str
    clock: Callable[[], Stamp]
    key: Ed25519PrivateKey | None
    ballast: Ballast | None
    storage: Storage


@dataclass(slots=True)
class _File:
    """The file being written and how much of it belongs to the chain."""

    path: Path
    fd: int
    began_ns: int
    size: int = 0
    lines: int = 0


class ChainWriter:
    """The end of one chain."""

    def __init__(self, setup: Setup, recovery: Recovery) -> None:
        self.head = recovery.head
        self.own: list[Entry] = []
        self._setup, self._recovery = setup, recovery
        self._previous = recovery.previous
        self._note: Note | None = Note(setup.folder, recovery.head, setup.storage)
        self._file: _File | None = None
        self._started = self._replaced = False
        self._failure: str | None = None

    def begin(self) -> None:
        """Seal what a crash left open, and begin a new file with what recovery found."""
        now, recovery = self._setup.clock(), self._recovery
        if recovery.unsealed:
            fd = self._setup.storage.reopen(recovery.unsealed)
            data = recovery.unsealed.read_bytes()
            self._file = _File(recovery.unsealed, fd, now.mono_ns, len(data), data.count(b"\n"))
            self.seal("interrupted", now)
        elif recovery.previous and recovery.last:
            self._sign(recovery.previous.file, Head(recovery.last.n, recovery.last.h))
        self.commit([_own(now, item.ev, item.data) for item in recovery.findings])

    def due(self, mono_ns: int, after_ns: int) -> bool:
        """Whether the current file has been open for `after_ns` or longer."""
        return self._file is not None and mono_ns - self._file.began_ns >= after_ns

    def commit(self, records: Sequence[Record]) -> tuple[Entry, ...]:
        """Append `records` durably; in a new file when the current one cannot be written. Raises JournalFailed."""
        if self._failure:
            raise JournalFailed(self._failure)
        try:
            return self._write(records, "rotate" if self._started else "start")
        except OSError as error:
            return self._replace(records, error)

    def seal(self, reason: str, at: Stamp | Record, *, stop: bool = False) -> None:
        """End the current file, if one is open, with its seal, and sign it; `stop` when nothing will follow."""
        if self._file is None and stop and not self._failure:
            self.commit(())
        file = self._file
        if file is None or self._failure:
            return
        closing = _own(at, chain.SEAL, to_data(Closing(reason, file.lines, stop)))
        sealed: Head | None = None
        try:
            self._write([closing], "rotate")
            sealed = self.head
            if self._note:
                self._note.sync()
            self._leave()
            self._sign(file.path.name, sealed)
        except OSError as error:
            self._replace((), error)
            self._sign_again(file.path.name, sealed)
            # who seals goes on with files that nobody writes any more
            self.seal(reason, at, stop=stop)

    def close(self) -> None:
        """Let go of all files."""
        self._leave()
        if self._note:
            self._note.close()
            self._note = None

    def _write(self, records: Sequence[Record], cause: Cause) -> tuple[Entry, ...]:
        storage = self._setup.storage
        opening = () if self._file else (self._opening(records, cause),)
        text, entries, head = chain.extend(self.head, self._setup.boot, (*opening, *records))
        file = self._file or self._create(entries[0].mono_ns)
        storage.write(file.fd, text)
        storage.fdatasync(file.fd)
        if opening:
            storage.fsync_folder(self._setup.folder)
            self._started = True
        file.size += len(text)
        file.lines += len(entries)
        self.head = head
        self.own += [entry for entry in entries if entry.who == "journal"]
        self._remember()
        return entries[len(opening) :]

    def _opening(self, records: Sequence[Record], cause: Cause) -> Record:
        first = not self._started
        opening = Opening(
            box=self._setup.identity.box,
            software=self._setup.identity.software,
            config_hash=self._setup.identity.config_hash,
            cause=cause,
            signer=self._setup.identity.signer,
            previous=self._previous,
            set_aside=self._recovery.set_aside if first else (),
            missing=self._recovery.missing if first else None,
        )
        return _own(records[0] if records else self._setup.clock(), chain.OPEN, to_data(opening))

    def _create(self, now_ns: int) -> _File:
        path = self._setup.folder / file_name(highest_number(self._setup.folder) + 1)
        self._file = _File(path, self._setup.storage.create(path), now_ns)
        return self._file

    def _remember(self) -> None:
        """Put the number into the note. Its loss is no reason to stop: it can only lag behind."""
        if self._note is None:
            return
        try:
            self._note.put(self.head)
        except OSError as error:
            self._note.close()
            self._note = None
            fault = _fault(f"the note of the last number cannot be written: {error}")
            self.commit([_own(self._setup.clock(), "record.fault", fault)])

    def _leave(self) -> None:
        """Close the current file; what it holds of the chain is what the next one continues."""
        file, self._file = self._file, None
        if file is None:
            return
        with contextlib.suppress(OSError):
            os.close(file.fd)
        if file.lines:
            self._previous = Previous(file.path.name, file.size, self.head.h)

    def _sign(self, name: str, head: Head) -> None:
        signature = self._setup.folder / f"{name}.sig"
        if self._setup.key and not signature.exists():
            write_whole(signature, sign(name, head, self._setup.key), self._setup.storage)

    def _sign_again(self, name: str, sealed: Head | None) -> None:
        """Sign a file whose seal was written before something failed; without a seal there is nothing to sign."""
        try:
            if sealed:
                self._sign(name, sealed)
        except OSError as second:
            self._give_up(second)

    def _replace(self, records: Sequence[Record], error: OSError) -> tuple[Entry, ...]:
        """A write failed: the file stays as it is, is never synced again, and all goes on once in a new one."""
        if self._replaced:
            self._give_up(error)
        self._replaced = True
        self._leave()
        fault = _fault(f"the journal could not be written: {error}")
        at = records[0] if records else self._setup.clock()
        try:
            if error.errno in _NO_ROOM and self._setup.ballast:
                self._setup.ballast.release()
            return self._write([_own(at, "record.fault", fault), *records], "write_error")[1:]
        except OSError as second:
            self._give_up(second)

    def _give_up(self, error: OSError) -> NoReturn:
        self._failure = f"{self._setup.folder}: the journal cannot be written: {error}; stimulation must stay off"
        raise JournalFailed(self._failure) from error


def _own(at: Stamp | Record, ev: str, data: dict[str, Any]) -> Record:
    return Record(mono_ns=at.mono_ns, utc=at.utc, sync=at.sync, who="journal", via="station", ev=ev, data=data)


def _fault(text: str) -> dict[str, Any]:
    """The data of `record.fault`, the one event that the journal itself adds to a visit."""
    return {"text": text, "remedy": _REMEDY, "dropped": 0}
