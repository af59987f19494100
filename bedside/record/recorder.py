"""Records samples without ever holding up who measures: a bounded queue, and a thread that does all work on the disk.

What does not fit into the queue is dropped, counted and visible as a gap in the file; the caller is never blocked, at
the start no more than later. What the thread has in hand stays in the queue until it is written.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from bedside.record.fsutil import SYSTEM, Storage
from bedside.record.segment import Message, SealedSegment
from bedside.record.segments import SegmentFiles
from bedside.record.streams import CLOCKS, PULSES, Samples, SampleStream, Stream, encode_block, encode_state

SEGMENT_S = 60.0
QUEUE_BYTES = 32 * 1024 * 1024
_POLL_S = 0.1

State = Literal["idle", "recording", "failed"]


class RecorderStatus(msgspec.Struct, frozen=True, kw_only=True):
    """How the recorder is doing; `dropped` are rows by stream since the start: those not known to be written.

    `left_open` is the number of the segment that a failure left unsealed, empty for none.
    """

    state: State
    error: str
    left_open: str
    queued_bytes: int
    written_bytes: int
    dropped: dict[str, int]


class Recorder:
    """Writes several streams into MCAP segments in `folder`. One thread may start and stop it, any may feed it.

    A segment ends `segment_s` of recorded time after its first message. A power cut costs at most the last 1.2 s: a
    chunk is ended each second of recorded time, and what was recorded is synced each second of real time.
    """

    def __init__(
        self,
        folder: Path,
        streams: Sequence[Stream],
        *,
        segment_s: float = SEGMENT_S,
        queue_bytes: int = QUEUE_BYTES,
        storage: Storage = SYSTEM,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`monotonic` paces the syncs; all recorded times are arguments."""
        self.folder = folder
        self.streams = {stream.name: stream for stream in (*streams, PULSES, CLOCKS)}
        self._segment_ns, self._queue_limit = int(segment_s * 1e9), queue_bytes
        self._storage, self._monotonic = storage, monotonic
        self._wake = threading.Condition()
        self._queue: deque[Message] = deque()
        self._queued = self._written = 0
        self._sequence = dict.fromkeys(self.streams, 0)
        self._dropped = dict.fromkeys(self.streams, 0)
        self._sealed: list[SealedSegment] = []
        self._state: State = "idle"
        self._error = self._left_open = ""
        self._thread: threading.Thread | None = None
        self._stopping = False

    def declare(self, stream: Stream) -> None:
        """Add a stream while recording; nothing when one of that name is there already."""
        with self._wake:
            self.streams.setdefault(stream.name, stream)
            self._sequence.setdefault(stream.name, 0)
            self._dropped.setdefault(stream.name, 0)

    def start(self) -> None:
        """Begin to record, without a wait for the disk: one that refuses is a status of "failed" soon afterwards.

        Raises RuntimeError when it records already.
        """
        if self._thread is not None:
            raise RuntimeError(f"{self.folder}: the recorder runs already")
        files = SegmentFiles(self.folder, self.streams, self._segment_ns, self._storage)
        self._stopping, self._state, self._error, self._left_open = False, "recording", "", ""
        self._thread = threading.Thread(target=self._run, args=(files,), name="recorder", daemon=True)
        self._thread.start()

    def stop(self) -> tuple[SealedSegment, ...]:
        """Write what is queued, seal the last segment, and give all segments sealed since `take_sealed`."""
        thread, self._thread = self._thread, None
        if thread is not None:
            with self._wake:
                self._stopping = True
                self._wake.notify()
            thread.join()
        return self.take_sealed()

    def samples(self, stream: str, first_sample: int, first_mono_ns: int, values: Samples) -> bool:
        """Record a block of shape (n, channels); False when it was dropped.

        Raises KeyError for an unknown stream, TypeError for one of states, ValueError for another shape.
        """
        declared = self.streams[stream]
        if not isinstance(declared, SampleStream):
            raise TypeError(f"stream {stream} does not hold samples")
        return self._put(
            stream, first_mono_ns, len(values), encode_block(declared, first_sample, first_mono_ns, values)
        )

    def state(self, stream: str, mono_ns: int, data: dict[str, Any]) -> bool:
        """Record one JSON object; False when it was dropped."""
        return self._put(stream, mono_ns, 1, encode_state(data))

    def pulse(self, mono_ns: int, data: dict[str, Any]) -> bool:
        """Record a pulse's marker."""
        return self.state(PULSES.name, mono_ns, data)

    def clock_pair(self, device: str, counter: int, mono_ns: int) -> bool:
        """Record that `device` counted `counter` at the station's `mono_ns`."""
        return self.state(CLOCKS.name, mono_ns, {"device": device, "counter": counter, "mono_ns": mono_ns})

    def take_sealed(self) -> tuple[SealedSegment, ...]:
        """Segments sealed since the last call, to be entered in the journal."""
        with self._wake:
            sealed, self._sealed = tuple(self._sealed), []
        return sealed

    def status(self) -> RecorderStatus:
        """A picture of this moment."""
        with self._wake:
            return RecorderStatus(
                state=self._state,
                error=self._error,
                left_open=self._left_open,
                queued_bytes=self._queued,
                written_bytes=self._written,
                dropped={name: rows for name, rows in self._dropped.items() if rows},
            )

    def _put(self, stream: str, mono_ns: int, rows: int, data: bytes) -> bool:
        with self._wake:
            sequence = self._sequence[stream]
            self._sequence[stream] = (sequence + 1) & 0xFFFFFFFF
            if self._state != "recording" or self._queued + len(data) > self._queue_limit:
                self._dropped[stream] += rows
                return False
            self._queue.append(Message(stream, mono_ns, sequence, rows, data))
            self._queued += len(data)
            if self._queued > self._queue_limit // 4:
                self._wake.notify()
            return True

    def _run(self, files: SegmentFiles) -> None:
        """The writing thread."""
        error = "the recorder's thread ended unexpectedly"
        try:
            files.begin()
            while self._write_batch(files):
                pass
            error = ""
        except OSError as problem:
            error = f"samples can no longer be recorded: {problem}; check the disk"
        finally:
            self._ended(files, error)

    def _write_batch(self, files: SegmentFiles) -> bool:
        with self._wake:
            self._wake.wait_for(lambda: self._stopping or self._queued > self._queue_limit // 4, _POLL_S)
            batch, stopping = list(self._queue), self._stopping
        files.add(batch, self._monotonic())
        if stopping:
            files.finish()
        with self._wake:
            for message in batch:
                self._queue.popleft()
                self._queued -= len(message.data)
            self._written = files.written_bytes
            self._sealed += files.take_sealed()
        return not stopping

    def _ended(self, files: SegmentFiles, error: str) -> None:
        """Whatever ended the thread: what is still queued, what it had in hand with it, is counted as dropped."""
        left_open = files.abandon()
        with self._wake:
            self._state, self._error, self._left_open = ("failed" if error else "idle"), error, left_open
            self._written = files.written_bytes
            self._sealed += files.take_sealed()
            for message in self._queue:
                self._dropped[message.stream] += message.rows
            self._queue.clear()
            self._queued = 0
