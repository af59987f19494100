"""Reads recorded streams back, whole or cut, as numpy arrays with their times and gaps."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from bedside.record.mcapfile import Cut, read_chunks
from bedside.record.streams import OFFSET, Samples, SampleStream, StateStream, Stream, decode_block, stream_of


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """`missing` samples (of a state stream: messages) are not there; `mono_ns` is when they return.

    Negative: the device began to count again.
    """

    stream: str
    mono_ns: int
    missing: int


@dataclass(frozen=True, slots=True)
class Item:
    """One message of a stream: `sequence` counts the stream's messages, those that were dropped included."""

    stream: Stream
    mono_ns: int
    sequence: int
    data: bytes


@dataclass(frozen=True, slots=True)
class SampleRun:
    """All samples of a stream: `values` (n, channels) as recorded, `first_sample` + row number by `index` (n,),
    `times_ns` (n,) on the station's monotonic clock.
    """

    stream: SampleStream
    values: Samples
    index: NDArray[np.int64]
    times_ns: NDArray[np.int64]
    gaps: tuple[Gap, ...]

    def physical(self) -> NDArray[np.float64]:
        """The samples in their units, shape (n, channels)."""
        scaled: NDArray[np.float64] = self.values * np.asarray(self.stream.units_per_count, np.float64)
        return scaled


@dataclass(slots=True)
class Reading:
    """Walks the messages of several segments in order; afterwards `cuts` says which files were not complete."""

    paths: Sequence[Path]
    cuts: dict[str, Cut] = field(default_factory=dict)

    def items(self) -> Iterator[Item]:
        """Every message of every stream that is ours."""
        for path in self.paths:
            streams: dict[int, Stream] = {}
            for chunk in read_chunks(path):
                if isinstance(chunk, Cut):
                    self.cuts[path.name] = chunk
                    break
                declared = {channel.id: stream_of(channel.metadata) for channel in chunk.channels}
                streams |= {number: stream for number, stream in declared.items() if stream is not None}
                for message in chunk.messages:
                    if message.channel_id in streams:
                        stream = streams[message.channel_id]
                        yield Item(stream, message.log_time, message.sequence, message.data)


def segment_files(folder: Path) -> list[Path]:
    """The complete segments in `folder`, in order: sealed ones, and what was recovered of cut ones."""
    return sorted(folder.glob("[0-9]*.mcap"))


def streams_in(paths: Sequence[Path]) -> dict[str, Stream]:
    """The streams that have messages in `paths`, by name."""
    return {item.stream.name: item.stream for item in Reading(paths).items()}


def read_samples(paths: Sequence[Path], name: str) -> SampleRun:
    """All samples of the stream `name`; raises KeyError when no file holds samples of it."""
    found = sample_runs(item for item in Reading(paths).items() if item.stream.name == name)
    if name not in found:
        raise KeyError(f"no samples of a stream {name!r} in {len(paths)} files")
    return found[name]


def sample_runs(items: Iterable[Item]) -> dict[str, SampleRun]:
    """The samples among messages, in one pass, by stream."""
    grown: dict[str, _Growing] = {}
    for item in items:
        if isinstance(item.stream, SampleStream):
            grown.setdefault(item.stream.name, _Growing(item.stream)).add(item)
    return {name: growing.run() for name, growing in grown.items()}


class _Growing:
    """The run of one stream, block by block."""

    def __init__(self, stream: SampleStream) -> None:
        self._stream = stream
        self._values: list[Samples] = []
        self._index: list[NDArray[np.int64]] = []
        self._times: list[NDArray[np.int64]] = []
        self._gaps: list[Gap] = []
        self._expected: int | None = None

    def add(self, item: Item) -> None:
        stream = self._stream
        block = decode_block(stream, item.data)
        if self._expected is not None and block.first_sample != self._expected:
            missing = block.first_sample - self._expected
            self._gaps.append(Gap(stream=stream.name, mono_ns=block.first_mono_ns, missing=missing))
        rows = np.arange(len(block.values), dtype=np.int64)
        after_ns = block.values[:, 0] * 1e6 if stream.channels[0] == OFFSET else rows * (1e9 / stream.rate_hz)
        self._values.append(block.values)
        self._index.append(block.first_sample + rows)
        self._times.append(block.first_mono_ns + np.round(after_ns).astype(np.int64))
        self._expected = block.first_sample + len(rows)

    def run(self) -> SampleRun:
        whole: Samples = np.concatenate(self._values)
        return SampleRun(
            self._stream, whole, np.concatenate(self._index), np.concatenate(self._times), tuple(self._gaps)
        )


def read_states(paths: Sequence[Path], name: str) -> list[tuple[int, dict[str, Any]]]:
    """All JSON objects of the stream `name` with their times (ns)."""
    return [
        (item.mono_ns, msgspec.json.decode(item.data))
        for item in Reading(paths).items()
        if item.stream.name == name and isinstance(item.stream, StateStream)
    ]


def gaps_in(paths: Sequence[Path]) -> tuple[Gap, ...]:
    """Gaps in the sequence of every stream: samples by their number, messages by their counter."""
    expected: dict[str, int] = {}
    gaps: list[Gap] = []
    for item in Reading(paths).items():
        first, rows = _extent(item)
        name = item.stream.name
        if name in expected and expected[name] != first:
            gaps.append(Gap(stream=name, mono_ns=item.mono_ns, missing=first - expected[name]))
        expected[name] = first + rows
    return tuple(gaps)


def _extent(item: Item) -> tuple[int, int]:
    if isinstance(item.stream, SampleStream):
        block = decode_block(item.stream, item.data)
        return block.first_sample, len(block.values)
    return item.sequence, 1
