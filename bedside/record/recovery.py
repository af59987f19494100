"""What is done with a journal that was not closed: the only place that ever changes or moves a written file.

A cut-off last line is what a crash leaves: it is copied, removed, and said. Acknowledged lines that are missing or
altered are not: the file is set aside whole, never repaired, and a new chain names it. Each step may itself be cut
short by a crash; doing it all again then ends in the same state.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from bedside.record.chain import GENESIS, BadLine, Entry, Head, parse
from bedside.record.fsutil import SYSTEM, Storage, truncate
from bedside.record.layout import (
    Missing,
    Previous,
    SetAside,
    chain_files,
    file_number,
    free_name,
    other_files,
    peek,
)
from bedside.record.note import DamagedNote, read_note
from bedside.record.scan import Scan, scan

_START = Head(0, GENESIS)
_DAMAGE_REMEDY = (
    "keep the file, find out who or what changed it, and have an administrator acknowledge it with a reason"
)
_MISSING_REMEDY = "look for the lines on the study server, and have an administrator acknowledge it with a reason"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something recovery did or noticed, to be journalled under the tag `ev`."""

    ev: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Recovery:
    """Where to go on from, and what was found. `unsealed` is the file a crash left open."""

    head: Head
    previous: Previous | None
    last: Entry | None
    unsealed: Path | None = None
    set_aside: tuple[SetAside, ...] = ()
    missing: Missing | None = None
    findings: tuple[Finding, ...] = ()

    @property
    def interrupted(self) -> bool:
        """Whether the last writer ended without closing the journal: power, crash or kill."""
        return any(item.ev == "recover.interrupted" for item in self.findings)

    @property
    def damaged(self) -> bool:
        """Whether acknowledged lines are missing or altered: no new trial visit until an administrator has looked."""
        return bool(self.set_aside) or self.missing is not None


@dataclass(frozen=True, slots=True)
class _Newest:
    path: Path
    size: int
    before: Head
    scan: Scan


def recover(folder: Path, storage: Storage = SYSTEM) -> Recovery:
    """Bring the journal in `folder` to a state one may append to; raises OSError when the disk refuses."""
    noted, findings = _noted(folder)
    newest = _newest(folder)
    while newest and not newest.scan.lines and _crash_explains(newest, noted):
        findings.append(_take_away(newest, storage))
        newest = _newest(folder)
    if newest and (newest.scan.bad or not newest.scan.lines) and not _crash_explains(newest, noted):
        newest.path.rename(free_name(newest.path, ".damaged"))
        storage.fsync_folder(folder)
        newest = _newest(folder)
    set_aside = tuple(describe(path) for path in _unnamed(folder, newest))
    if set_aside:
        return _new_chain(folder, newest, noted, set_aside, findings)
    if newest is not None and newest.scan.last:
        return _repaired(newest, newest.scan.last, noted, findings, storage)
    if noted:
        return _end_missing(_START, None, noted, findings)
    return Recovery(_START, None, None, findings=tuple(findings))


def _noted(folder: Path) -> tuple[int, list[Finding]]:
    try:
        note = read_note(folder)
    except DamagedNote as error:
        return 0, [Finding("recover.note", {"reason": str(error)})]
    if note is None and chain_files(folder):
        return 0, [Finding("recover.note", {"reason": "the note of the last number is missing"})]
    return (note.n if note else 0), []


def _newest(folder: Path) -> _Newest | None:
    files = chain_files(folder)
    if not files:
        return None
    data = files[-1].read_bytes()
    before = _claimed_start(data) or (_claimed_end(files[-2].read_bytes()) if len(files) > 1 else _START)
    return _Newest(files[-1], len(data), before, scan(data, before))


def _claimed_start(data: bytes) -> Head | None:
    first = peek(data)
    if first is None:
        return None
    entry, opening = first
    return Head(entry.n - 1, opening.previous.h if opening.previous else GENESIS)


def _claimed_end(data: bytes) -> Head:
    for line in reversed(data.split(b"\n")):
        try:
            entry = parse(line)
        except BadLine:
            continue
        return Head(entry.n, entry.h)
    return _START


def _crash_explains(newest: _Newest, noted: int) -> bool:
    last = newest.scan.last
    all_there = (last.n if last else newest.before.n) >= noted
    return all_there and (newest.scan.bad is None or newest.scan.bad.cut_off)


def _take_away(newest: _Newest, storage: Storage) -> Finding:
    """A file whose first line never became whole is not part of the chain."""
    kept = free_name(newest.path, ".broken")
    newest.path.rename(kept)
    storage.fsync_folder(kept.parent)
    return _tail(newest, kept)


def _tail(newest: _Newest, kept: Path) -> Finding:
    return Finding(
        "recover.tail",
        {
            "file": newest.path.name,
            "copy": kept.name,
            "size_bytes": newest.scan.good_bytes,
            "dropped_bytes": newest.size - newest.scan.good_bytes,
        },
    )


def _unnamed(folder: Path, newest: _Newest | None) -> list[Path]:
    """Files set aside that no opening line names yet: now, or just before a crash."""
    named_up_to = file_number(newest.path.name) if newest else 0
    return [path for path in other_files(folder, ".damaged") if (file_number(path.name) or 0) > (named_up_to or 0)]


def describe(path: Path) -> SetAside:
    """Where the chain breaks in a file set aside."""
    data = path.read_bytes()
    bad = scan(data, _claimed_start(data) or _START).bad
    return SetAside(
        file=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        line=bad.number if bad else data.count(b"\n") + 1,
        offset=bad.offset if bad else len(data),
        reason=bad.reason if bad else "acknowledged lines are missing at the end",
    )


def _new_chain(
    folder: Path, newest: _Newest | None, noted: int, set_aside: tuple[SetAside, ...], findings: list[Finding]
) -> Recovery:
    last = newest.scan.last if newest else None
    used = [noted, last.n if last else 0, *(_claimed_end((folder / item.file).read_bytes()).n for item in set_aside)]
    found = [Finding("recover.damage", {**msgspec.to_builtins(item), "remedy": _DAMAGE_REMEDY}) for item in set_aside]
    return Recovery(Head(max(used), GENESIS), None, last, set_aside=set_aside, findings=(*findings, *found))


def _end_missing(head: Head, previous: Previous | None, noted: int, findings: list[Finding]) -> Recovery:
    """The chain goes on after the last number ever used, so that no number means two things."""
    missing = Missing(head.n + 1, noted)
    finding = Finding("recover.missing", {"first": missing.first, "last": noted, "remedy": _MISSING_REMEDY})
    return Recovery(Head(noted, head.h), previous, None, missing=missing, findings=(*findings, finding))


def _repaired(newest: _Newest, last: Entry, noted: int, findings: list[Finding], storage: Storage) -> Recovery:
    if newest.scan.bad:
        kept = free_name(newest.path, ".broken")
        _copy(newest.path, kept, storage)
        truncate(newest.path, newest.scan.good_bytes, storage)
        findings.append(_tail(newest, kept))
    head, previous = Head(last.n, last.h), Previous(newest.path.name, newest.scan.good_bytes, last.h)
    if noted > head.n:
        return _end_missing(head, previous, noted, findings)
    if newest.scan.sealed and last.data.get("stop"):
        return Recovery(head, previous, last, findings=tuple(findings))
    what = {"file": newest.path.name, "last": last.n, "boot": last.boot, "utc": last.utc}
    findings.append(Finding("recover.interrupted", what))
    unsealed = None if newest.scan.sealed else newest.path
    return Recovery(head, previous, last, unsealed, findings=tuple(findings))


def _copy(source: Path, target: Path, storage: Storage) -> None:
    shutil.copyfile(source, target)
    with target.open("rb") as copied:
        storage.fdatasync(copied.fileno())
    storage.fsync_folder(target.parent)
