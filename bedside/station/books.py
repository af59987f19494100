"""The station's books: one journal for the box, and for each visit a folder with its sealed files.

A visit's events are whole journal files: a file ends before a visit opens and after it closes. When it is sealed, its
files are linked into the visit's folder and the manifest is written; from then on the folder never changes.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice, takewhile
from pathlib import Path

import msgspec

from bedside.events import AnyEvent, Envelope, Event, VisitOpened, tag_of
from bedside.record.chain import Sync
from bedside.record.journal import Entry, Journal, Record
from bedside.record.outbox import seal_visit
from bedside.record.reading import read_back, read_on
from bedside.visit.inputs import Now

OPENED, CLOSED = "visit.opened", "visit.closed"
PAGE_LINES = 20
"""Read in about a millisecond and told in another: nothing that the station has to do waits longer for it."""
TAGS = frozenset(str(kind.__struct_config__.tag) for kind in AnyEvent.__args__)


class Books:
    """Writes events and answers for where they lie. All but `pages` block on the disk: call in the writer's thread."""

    def __init__(self, journal: Journal, visits: Path, sync: Callable[[], Sync]) -> None:
        self._journal = journal
        self._visits = visits
        self._sync = sync

    @property
    def n(self) -> int:
        """The last durable number."""
        return self._journal.head.n

    @property
    def clock(self) -> str:
        """How the wall clock is set, in a word."""
        return {"ntp": "network", "held": "held", "never": "not set"}[self._sync()]

    def write(self, events: Sequence[Event], now: Now, who: str, via: str) -> tuple[Envelope, ...]:
        """Make events durable with one flush; raises `JournalFailed`.

        The result also holds what the journal had to say of itself meanwhile (`record.fault`), in order.
        """
        if any(isinstance(event, VisitOpened) for event in events):
            self._journal.seal("a visit opens")
        sync = self._sync()
        entries = self._journal.append_many([_record(event, now, sync, who, via) for event in events])
        return tuple(envelopes((*self._journal.drain(), *entries)))

    def seal(self, visit: str) -> None:
        """End the journal file of a closed visit, link all its files into its folder and write the manifest."""
        self._journal.seal("the visit is closed")
        folder = self._visits / visit / "journal"
        folder.mkdir(parents=True, exist_ok=True)
        for path in self._files_of(visit):
            for file in (path, path.with_name(f"{path.name}.sig")):
                if file.exists() and not (folder / file.name).exists():
                    os.link(file, folder / file.name)
        if not (folder.parent / "sealed.json").exists():
            seal_visit(folder.parent)

    def unsealed(self) -> str | None:
        """The last visit when it was closed but not sealed, because the station ended in between."""
        tail = self._since_opening()
        if not any(entry.ev == CLOSED for entry in tail):
            return None
        visit = str(tail[0].data["visit"])
        return None if (self._visits / visit / "sealed.json").exists() else visit

    def close(self, reason: str) -> None:
        """Seal the present file and let go of the journal."""
        self._journal.close(reason)

    def open_visit(self) -> list[Envelope]:
        """All events since the last visit opened, if it has not closed; else an empty list."""
        tail = self._since_opening()
        return [] if any(entry.ev == CLOSED for entry in tail) else list(envelopes(tail))

    def last_utc(self) -> str | None:
        """When the last event was journalled, by the wall clock then.

        What a journal says of itself is passed over: that it was opened again is as young as the station that asks.
        """
        told = (entry for _, entries in read_back(self._journal.folder) for entry in reversed(entries))
        return next((entry.utc for entry in told if entry.ev in TAGS), None)

    def pages(self, after: int, last: int) -> Iterator[list[Envelope]]:
        """The events behind number `after` up to number `last`, oldest first, some at a time; a page may be empty.

        It only reads what was written, so it may run in any thread; raises `BadLine` for what cannot be read.
        """
        entries = takewhile(lambda entry: entry.n <= last, read_on(self._journal.folder, after))
        while page := list(islice(entries, PAGE_LINES)):
            yield list(envelopes(entry for entry in page if entry.n > after))

    def damage(self) -> str:
        """What opening found missing or altered among acknowledged lines, in words; empty when nothing."""
        recovery = self._journal.recovery
        if not recovery.damaged:
            return ""
        aside = ", ".join(f"{item.file} line {item.line}" for item in recovery.set_aside)
        missing = f"numbers {recovery.missing.first} to {recovery.missing.last}" if recovery.missing else ""
        return f"the journal is not whole: {'; '.join(filter(None, (aside, missing)))}"

    def _since_opening(self) -> list[Entry]:
        tail: list[Entry] = []
        for _, entries in read_back(self._journal.folder):
            tail = [*entries, *tail]
            opened = [index for index, entry in enumerate(tail) if entry.ev == OPENED]
            if opened:
                return tail[opened[-1] :]
        return []

    def _files_of(self, visit: str) -> list[Path]:
        files: list[Path] = []
        for path, entries in read_back(self._journal.folder):
            files.append(path)
            if any(entry.ev == OPENED and entry.data["visit"] == visit for entry in entries):
                return files
        return []


def past_visits(visits: Path) -> Iterable[list[Envelope]]:
    """The events of every sealed visit below `visits`, for the history of a participant."""
    for folder in sorted(visits.glob("*/journal")):
        yield list(envelopes(entry for _, entries in read_back(folder) for entry in entries))


def envelopes(entries: Iterable[Entry]) -> Iterable[Envelope]:
    """Journal entries as the vocabulary has them; the journal's lines about itself are passed over."""
    for entry in sorted(entries, key=lambda entry: entry.n):
        if entry.ev in TAGS:
            event = msgspec.convert({"ev": entry.ev, **entry.data}, AnyEvent)
            yield Envelope(n=entry.n, mono_ns=entry.mono_ns, utc=entry.utc, who=entry.who, via=entry.via, event=event)


def gap_s(last_utc: str | None, now_utc: str) -> float | None:
    """Wall-clock seconds since `last_utc`; None when it is unknown or in the future (the clock cannot be believed)."""
    if last_utc is None:
        return None
    gap = (datetime.fromisoformat(now_utc) - datetime.fromisoformat(last_utc)).total_seconds()
    return gap if gap >= 0 else None


def _record(event: Event, now: Now, sync: Sync, who: str, via: str) -> Record:
    data = msgspec.to_builtins(event)
    data.pop("ev")
    return Record(mono_ns=now.mono_ns, utc=now.utc, sync=sync, who=who, via=via, ev=tag_of(event), data=data)
