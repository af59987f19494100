"""Reads one journal file's bytes as far as its chain holds: pure, no file."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from bedside.record.chain import BODY_OFFSET, SEAL, BadLine, Entry, Head, check, claimed, digest, holds
from bedside.record.layout import opening_of


@dataclass(frozen=True, slots=True)
class Line:
    """A line that holds: its entry, its number in the file (from 1) and its first byte."""

    entry: Entry
    number: int
    offset: int


@dataclass(frozen=True, slots=True)
class Bad:
    """The first line that does not hold. `cut_off`: nothing after it continues the chain, so a crash explains it."""

    number: int
    offset: int
    reason: str
    cut_off: bool


@dataclass(frozen=True, slots=True)
class Scan:
    """A file's lines as far as they hold, the bytes they take, and the first one that does not."""

    lines: tuple[Line, ...]
    good_bytes: int
    bad: Bad | None

    @property
    def last(self) -> Entry | None:
        """The last entry that holds."""
        return self.lines[-1].entry if self.lines else None

    @property
    def sealed(self) -> bool:
        """Whether the file ends with its seal."""
        return self.last is not None and self.last.ev == SEAL


def scan(data: bytes, start: Head) -> Scan:
    """Follow the chain through `data`, the bytes of a file that continues a chain at `start`."""
    *whole, rest = data.split(b"\n")
    lines: list[Line] = []
    offset, head = 0, start
    for index, raw in enumerate(whole):
        try:
            entry = _next(raw, head, lines)
        except BadLine as bad:
            cut_off = not _goes_on(whole[index:], head)
            return Scan(tuple(lines), offset, Bad(index + 1, offset, str(bad), cut_off))
        lines.append(Line(entry, index + 1, offset))
        offset += len(raw) + 1
        head = Head(entry.n, entry.h)
    bad_rest = Bad(len(whole) + 1, offset, "the line is cut off", cut_off=True) if rest else None
    return Scan(tuple(lines), offset, bad_rest)


def _next(raw: bytes, head: Head, lines: Sequence[Line]) -> Entry:
    entry = check(raw, head)
    if not lines:
        opening_of(entry)
    elif lines[-1].entry.ev == SEAL:
        raise BadLine("a line after the seal")
    elif entry.ev == SEAL and entry.data.get("lines") != len(lines):
        raise BadLine(f"the seal counts {entry.data.get('lines')} lines, here are {len(lines)}")
    return entry


def _goes_on(raws: Sequence[bytes], head: Head) -> bool:
    """Whether a line after the bad one was chained to its predecessor: then it was written later, not cut off."""
    recomputed = digest(head.h, raws[0][BODY_OFFSET:])
    if len(raws) > 1 and holds(raws[1], recomputed):
        return True
    return any(holds(after, claimed(before)) for before, after in itertools.pairwise(raws))
