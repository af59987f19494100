"""The row of segments of one recording: when a chunk, a sync and a file are due. No thread, no clock."""

import contextlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from bedside.record.fsutil import Storage
from bedside.record.segment import Message, SealedSegment, Segment
from bedside.record.streams import Stream

CHUNK_NS = 1_000_000_000
SYNC_S = 1.0
_NUMBERED = re.compile(r"(\d{6})\.")


def number_of(path: Path) -> str:
    """The segment number that a file carries, whatever became of it; empty for a file that is none."""
    match = _NUMBERED.match(path.name)
    return match[1] if match else ""


def next_number(folder: Path) -> int:
    """The first segment number that no file in `folder` carries."""
    return max((int(number_of(path) or 0) for path in folder.iterdir()), default=0) + 1


class SegmentFiles:
    """Writes messages into numbered segments.

    `begin`, `add` and `finish` raise OSError, after which only `abandon` and `take_sealed` make sense.
    """

    def __init__(self, folder: Path, streams: Mapping[str, Stream], segment_ns: int, storage: Storage) -> None:
        self._folder, self._streams, self._segment_ns, self._storage = folder, streams, segment_ns, storage
        self._segment: Segment | None = None
        self._before_bytes = 0
        self._chunk_ns: int | None = None
        self._synced_s: float | None = None
        self._sealed: list[SealedSegment] = []

    @property
    def written_bytes(self) -> int:
        """Bytes handed to the disk in all segments."""
        return self._before_bytes + (self._segment.size_bytes if self._segment else 0)

    def begin(self) -> None:
        """Make the folder and the first segment, so that a disk that refuses is known at once."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._current()

    def add(self, messages: Sequence[Message], now_s: float) -> None:
        """Write messages and do what is due at the real time `now_s`."""
        for message in messages:
            self._end_if_due(message.mono_ns)
            self._current().add(message)
        self._sync_if_due(now_s)

    def finish(self) -> None:
        """End the last segment."""
        segment = self._segment
        if segment is None:
            return
        if segment.empty:
            segment.discard()
        else:
            self._sealed.append(segment.seal())
            self._before_bytes += segment.size_bytes
            self._chunk_ns = None
        self._segment = None

    def take_sealed(self) -> list[SealedSegment]:
        """The segments that ended since the last call, also those before a write that failed."""
        sealed, self._sealed = self._sealed, []
        return sealed

    def abandon(self) -> str:
        """Let go of the current segment as it is; gives its number, empty when there was none."""
        segment, self._segment = self._segment, None
        if segment is None:
            return ""
        segment.abandon()
        return number_of(segment.path)

    def _current(self) -> Segment:
        while self._segment is None:
            path = self._folder / f"{next_number(self._folder):06d}.mcap"
            # a recording that is just ending may take the number in between
            with contextlib.suppress(FileExistsError):
                self._segment = Segment(path, self._streams, self._storage)
        return self._segment

    def _end_if_due(self, mono_ns: int) -> None:
        segment = self._segment
        if segment and segment.first_mono_ns is not None and mono_ns - segment.first_mono_ns >= self._segment_ns:
            self.finish()
        elif self._chunk_ns is None:
            self._chunk_ns = mono_ns
        elif segment and mono_ns - self._chunk_ns >= CHUNK_NS:
            segment.flush()
            self._chunk_ns = mono_ns

    def _sync_if_due(self, now_s: float) -> None:
        if self._synced_s is None:
            self._synced_s = now_s
        if self._segment and not self._segment.empty and now_s - self._synced_s >= SYNC_S:
            self._segment.flush()
            self._segment.sync()
            self._synced_s = now_s
