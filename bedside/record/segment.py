"""One MCAP file being written: a chunk with a CRC at each flush, a hash over all bytes, sealed by a rename.

While it is written the file is called NAME.open; only a complete one is ever called NAME.
"""

import contextlib
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec
from mcap.writer import Writer

from bedside.record.fsutil import Storage
from bedside.record.streams import Stream, metadata_of, schema_of

OPEN_SUFFIX = ".open"


class SealedSegment(msgspec.Struct, frozen=True, kw_only=True):
    """A closed segment as the journal is to know it; times in ns, `samples` are rows (or messages) by stream."""

    name: str
    size_bytes: int
    sha256: str
    first_mono_ns: int
    last_mono_ns: int
    samples: dict[str, int]


class Message(msgspec.Struct, frozen=True):
    """Something to be recorded: `rows` counts its samples, `sequence` the stream's messages, lost ones included."""

    stream: str
    mono_ns: int
    sequence: int
    rows: int
    data: bytes


class _HashedFile:
    """The stream the MCAP writer writes to."""

    def __init__(self, fd: int, storage: Storage) -> None:
        self.fd, self.size, self.hash = fd, 0, hashlib.sha256()
        self._storage = storage

    def write(self, data: bytes) -> int:
        if data:
            self._storage.write(self.fd, data)
            self.hash.update(data)
            self.size += len(data)
        return len(data)

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        """Nothing is held back."""


class Segment:
    """Writes one file with all `streams`. Every method may raise OSError; the file is then left as it is.

    One that cannot be begun holds nothing and is removed, where the disk still allows that. A stream that joins the
    mapping later is registered with its first message.
    """

    def __init__(self, path: Path, streams: Mapping[str, Stream], storage: Storage) -> None:
        self.path = path
        self._streams = streams
        self._open_path = path.with_name(path.name + OPEN_SUFFIX)
        self._storage = storage
        self._file = _HashedFile(storage.create(self._open_path), storage)
        self._closed = False
        self._writer = Writer(self._file)  # type: ignore[arg-type]
        self._rows: dict[str, int] = {}
        self.first_mono_ns: int | None = None
        self._last_mono_ns = 0
        self._channels = {name: self._register(stream) for name, stream in tuple(streams.items())}
        try:
            storage.fsync_folder(path.parent)
            self._writer.start(profile="", library="bedside")
        except OSError:
            self.abandon()
            with contextlib.suppress(OSError):
                self._open_path.unlink()
            raise

    def _register(self, stream: Stream) -> int:
        encoding, name, schema_encoding, text = schema_of(stream)
        schema = self._writer.register_schema(name, schema_encoding, text)
        return self._writer.register_channel(f"/{stream.name}", encoding, schema, metadata_of(stream))

    @property
    def empty(self) -> bool:
        """Whether no message was added yet."""
        return self.first_mono_ns is None

    @property
    def size_bytes(self) -> int:
        """Bytes handed to the disk so far."""
        return self._file.size

    def add(self, message: Message) -> None:
        """Put a message into the current chunk."""
        if self.first_mono_ns is None:
            self.first_mono_ns = self._last_mono_ns = message.mono_ns
        self._last_mono_ns = max(self._last_mono_ns, message.mono_ns)
        self._rows[message.stream] = self._rows.get(message.stream, 0) + message.rows
        channel = self._channels.get(message.stream)
        if channel is None:
            channel = self._channels[message.stream] = self._register(self._streams[message.stream])
        self._writer.add_message(channel, message.mono_ns, message.data, message.mono_ns, message.sequence)

    def flush(self) -> None:
        """End the chunk and hand it to the disk."""
        self._writer.flush()  # type: ignore[no-untyped-call]

    def sync(self) -> None:
        """Return when everything flushed is on the device."""
        self._storage.fdatasync(self._file.fd)

    def seal(self) -> SealedSegment:
        """Finish the file, make it durable under its final name and say what it holds."""
        self._writer.finish()  # type: ignore[no-untyped-call]
        self._storage.fdatasync(self._file.fd)
        self._close()
        self._open_path.rename(self.path)
        self._storage.fsync_folder(self.path.parent)
        return SealedSegment(
            name=self.path.name,
            size_bytes=self._file.size,
            sha256=self._file.hash.hexdigest(),
            first_mono_ns=self.first_mono_ns or 0,
            last_mono_ns=self._last_mono_ns,
            samples=dict(self._rows),
        )

    def discard(self) -> None:
        """Remove a segment that no message came for."""
        self._close()
        self._open_path.unlink()

    def abandon(self) -> None:
        """Let go of the file as it is; recovery keeps what is whole in it. It raises nothing."""
        with contextlib.suppress(OSError):
            self._close()

    def _close(self) -> None:
        if not self._closed:
            self._closed = True
            os.close(self._file.fd)
