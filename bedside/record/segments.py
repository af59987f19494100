"""The row of segments of one recording: when a chunk, a sync and a file are due. No thread, no clock."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bedside.record.fsutil import Storage
from bedside.record.segment import Message, SealedSegment, Segment
from bedside.record.streams import Stream

CHUNK_NS = 1_000_000_000
SYNC_S = 1.0
_NUMBERED = re.compile(r"(\d{6})\.")


def next_number(folder: Path) -> int:
    """The first segment number that no file in `folder` carries, whatever became of it."""
    matches = (_NUMBERED.match(path.name) for path in folder.iterdir())
    return max((int(match[1]) for match in matches if match), default=0) + 1


class SegmentFiles:
    """Writes messages into numbered segments. Methods raise OSError, after which only `abandon` makes sense."""

    def __init__(self, folder: Path, streams: Mapping[str, Stream], segment_ns: int, storage: Storage) -> None:
        self._folder, self._streams, self._segment_ns, self._storage = folder, streams, segment_ns, storage
        self._segment: Segment | None = None
        self._before_bytes = 0
        self._chunk_ns: int | None = None
        self._synced_s: float | None = None

    @property
    def written_bytes(self) -> int:
        """Bytes handed to the disk in all segments."""
        return self._before_bytes + (self._segment.size_bytes if self._segment else 0)

    def begin(self) -> None:
        """Make the folder and the first segment, so that a disk that refuses is known at once."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._current()

    def add(self, messages: Sequence[Message], now_s: float) -> list[SealedSegment]:
        """Write messages and do what is due at the real time `now_s`; gives the segments that ended."""
        sealed: list[SealedSegment] = []
        for message in messages:
            sealed += self._end_if_due(message.mono_ns)
            self._current().add(message)
        self._sync_if_due(now_s)
        return sealed

    def finish(self) -> list[SealedSegment]:
        """End the last segment."""
        segment, self._segment = self._segment, None
        if segment is None:
            return []
        if segment.empty:
            segment.discard()
            return []
        sealed = segment.seal()
        self._before_bytes += sealed.size_bytes
        self._chunk_ns = None
        return [sealed]

    def abandon(self) -> None:
        """Let go of the current segment as it is."""
        if self._segment:
            self._segment.abandon()
            self._segment = None

    def _current(self) -> Segment:
        if self._segment is None:
            path = self._folder / f"{next_number(self._folder):06d}.mcap"
            self._segment = Segment(path, self._streams, self._storage)
        return self._segment

    def _end_if_due(self, mono_ns: int) -> list[SealedSegment]:
        segment = self._segment
        if segment and segment.first_mono_ns is not None and mono_ns - segment.first_mono_ns >= self._segment_ns:
            return self.finish()
        if self._chunk_ns is None:
            self._chunk_ns = mono_ns
        elif segment and mono_ns - self._chunk_ns >= CHUNK_NS:
            segment.flush()
            self._chunk_ns = mono_ns
        return []

    def _sync_if_due(self, now_s: float) -> None:
        if self._synced_s is None:
            self._synced_s = now_s
        if self._segment and not self._segment.empty and now_s - self._synced_s >= SYNC_S:
            self._segment.flush()
            self._segment.sync()
            self._synced_s = now_s
