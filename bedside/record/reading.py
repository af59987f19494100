"""Reads a journal in the order it was written, proving each line on the way."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bedside.record.chain import GENESIS, Entry, Head, parse
from bedside.record.errors import JournalDamaged
from bedside.record.layout import Opening, chain_files, file_number, peek
from bedside.record.note import NOTE
from bedside.record.scan import Scan, scan


@dataclass(frozen=True, slots=True)
class FileRead:
    """One file of the chain as read: what holds of it and what its opening line says.

    `broken_link` says why it does not continue the file before it. `abandoned_bytes` lie after the last acknowledged
    line of a file that a write error ended: the next file says so, and they are no part of the chain.
    """

    path: Path
    scan: Scan
    opening: Opening | None
    last: bool
    broken_link: str | None = None
    abandoned_bytes: int = 0

    @property
    def being_written(self) -> bool:
        """Whether its bad line may be one that is just being written, or was when the power went."""
        return self.last and self.scan.bad is not None and self.scan.bad.cut_off


@dataclass(frozen=True, slots=True)
class _First:
    """A file's opening line as it claims to be."""

    path: Path
    start: Head
    opening: Opening


def read_files(folder: Path) -> Iterator[FileRead]:
    """Every file of the chain, oldest first, each followed from where the one before it ended.

    A folder without a note of the last number holds an excerpt, such as the files of one visit: it may begin anywhere.
    """
    files = [(path, _first(path)) for path in chain_files(folder)]
    abandoned = {name for _, first in files if first for name in _abandoned(first, [path for path, _ in files])}
    kept = [(path, first) for path, first in files if path.name not in abandoned]
    excerpt = not (folder / NOTE).exists()
    end = kept[0][1].start if excerpt and kept and kept[0][1] else Head(0, GENESIS)
    for index, (path, first) in enumerate(kept):
        following = kept[index + 1][1] if index + 1 < len(kept) else None
        read = _read(path, first, following, end, last=index + 1 == len(kept))
        yield read
        last = read.scan.last
        if read.scan.bad and following:
            end = following.start
        elif last:
            end = Head(last.n, last.h)


def read_journal(folder: Path, *, strict: bool = True, whole: bool = False) -> Iterator[Entry]:
    """The journal's lines in order, the journal's own ones (`Entry.own`) among them.

    A cut-off last line is what a crash or a writer at work leaves: reading ends before it, and with `whole` raises
    JournalDamaged then. Any other line that does not hold raises JournalDamaged, unless `strict` is false: then what
    holds is given and the rest left out.
    """
    for read in read_files(folder):
        if strict and read.broken_link:
            raise JournalDamaged(f"{read.path}: {read.broken_link}")
        for line in read.scan.lines:
            yield line.entry
        bad = read.scan.bad
        if strict and bad and (whole or not read.being_written):
            raise JournalDamaged(f"{read.path} line {bad.number} (byte {bad.offset}): {bad.reason}")


def read_back(folder: Path) -> Iterator[tuple[Path, tuple[Entry, ...]]]:
    """Each file with its acknowledged lines, newest file first, not proven: for looking up what happened lately."""
    files = chain_files(folder)
    following: _First | None = None
    abandoned: list[str] = []
    for path in reversed(files):
        if path.name in abandoned:
            continue
        data = path.read_bytes()
        *lines, _ = data[: _acknowledged_bytes(path, following, len(data))].split(b"\n")
        yield path, tuple(parse(line) for line in lines)
        following = _first(path)
        abandoned = _abandoned(following, files) if following else []


def read_on(folder: Path, n: int) -> Iterator[Entry]:
    """The acknowledged lines from the file on in which what follows number `n` begins, oldest first, not proven.

    One by one, for what may be too much at once; lines up to `n` may come first. Raises `BadLine` for a line that
    cannot be read. A last line without its end is just being written and left out.
    """
    files = [(path, _first(path)) for path in chain_files(folder)]
    abandoned = {name for _, first in files if first for name in _abandoned(first, [path for path, _ in files])}
    kept = [(path, first) for path, first in files if path.name not in abandoned]
    begin = max((place for place, (_, first) in enumerate(kept) if first and first.start.n <= n), default=0)
    for place, (path, _) in enumerate(kept[begin:], begin):
        following = kept[place + 1][1] if place + 1 < len(kept) else None
        for line in _lines(path, _acknowledged_bytes(path, following, path.stat().st_size)):
            yield parse(line)


def _lines(path: Path, size: int) -> Iterator[bytes]:
    """The whole lines within the first `size` bytes."""
    with path.open("rb") as file:
        for line in file:
            size -= len(line)
            if size < 0 or not line.endswith(b"\n"):
                return
            yield line[:-1]


def _first(path: Path) -> _First | None:
    with path.open("rb") as file:
        first = peek(file.readline())
    if first is None:
        return None
    entry, opening = first
    return _First(path, Head(entry.n - 1, opening.previous.h if opening.previous else GENESIS), opening)


def _abandoned(first: _First, files: list[Path]) -> list[str]:
    """Files begun in vain before this one: none of their lines was ever acknowledged."""
    if first.opening.cause != "write_error":
        return []
    since = file_number(first.opening.previous.file) if first.opening.previous else 0
    return [path.name for path in files if (since or 0) < (file_number(path.name) or 0) and path < first.path]


def _read(path: Path, first: _First | None, following: _First | None, end: Head, *, last: bool) -> FileRead:
    data = path.read_bytes()
    used = _acknowledged_bytes(path, following, len(data))
    own = scan(data[:used], first.start) if first else None
    if first is None or own is None or not own.lines:
        return FileRead(path, scan(data[:used], end), None, last, abandoned_bytes=len(data) - used)
    link = _broken_link(first, end)
    return FileRead(path, own, first.opening, last, link, len(data) - used)


def _acknowledged_bytes(path: Path, following: _First | None, size: int) -> int:
    if following is None or following.opening.cause != "write_error" or following.opening.previous is None:
        return size
    previous = following.opening.previous
    return min(previous.size_bytes, size) if previous.file == path.name else size


def _broken_link(first: _First, end: Head) -> str | None:
    opening = first.opening
    if opening.set_aside:
        item = opening.set_aside[0]
        return f"a new chain begins here, because of {item.file} line {item.line} (byte {item.offset}): {item.reason}"
    if opening.missing:
        return f"lines {opening.missing.first} to {opening.missing.last} before this file are missing"
    if first.start == end:
        return None
    if opening.previous is None:
        return "a second journal begins here"
    before = opening.previous
    return f"it continues {before.file} after line {first.start.n}, but that is not how the file before it ends"
