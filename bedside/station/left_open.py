"""Segments that nobody sealed, after a crash or a write error: what is whole of them is made readable and entered."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path

from bedside.events import Event, RawSealed, RecordFault
from bedside.record.fsutil import Storage
from bedside.record.salvage import recover_segments, unbound_numbers, unbound_segments
from bedside.record.segment import SealedSegment

ROOM = "free space on the data disk, then repeat the step"


class LeftOpen:
    """The segments that wait for it, by folder and number.

    One of another number may be in the hands of a recorder, and is left to it.
    """

    def __init__(self, note: Callable[[Event], None], storage: Storage) -> None:
        self._note = note
        self._storage = storage
        self._waiting: set[tuple[Path, str]] = set()

    def add(self, folder: Path, number: str) -> None:
        """A recorder let go of this segment."""
        self._waiting.add((folder, number))

    async def find(self, folder: Path, known: Collection[str]) -> None:
        """Add all in `folder` that the journal (`known` names) does not hold; nothing is recorded there at present."""
        self._waiting |= {(folder, number) for number in await asyncio.to_thread(unbound_numbers, folder, known)}

    async def read(self) -> None:
        """Make readable and enter what can be; what the disk still refuses waits for the next call."""
        for folder, number in sorted(self._waiting):
            try:
                salvaged = await asyncio.to_thread(recover_segments, folder, self._storage, numbers={number})
                whole = await asyncio.to_thread(unbound_segments, folder, (), numbers={number})
            except OSError as error:
                self._note(RecordFault(text=f"segment {number} cannot be read: {error}", remedy=ROOM))
                continue
            self._waiting.discard((folder, number))
            for cut in salvaged:
                lost = f"{cut.original}: {cut.reason}; {cut.dropped_bytes} bytes are lost"
                self._note(RecordFault(text=lost, remedy="nothing to do: what was whole is kept"))
            for segment in whole:
                self._note(sealed_event(segment))


def sealed_event(segment: SealedSegment) -> RawSealed:
    """What the journal is told of a complete segment."""
    return RawSealed(
        name=segment.name,
        size_bytes=segment.size_bytes,
        sha256=segment.sha256,
        first_mono_ns=segment.first_mono_ns,
        last_mono_ns=segment.last_mono_ns,
        samples=segment.samples,
    )
