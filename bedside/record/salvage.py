"""Keeps what is whole of a segment that was not sealed: a new complete file beside it, the original untouched."""

import hashlib
from collections.abc import Collection
from pathlib import Path

import msgspec

from bedside.record.fsutil import SYSTEM, Storage
from bedside.record.mcapfile import Cut
from bedside.record.samples import Gap, Item, Reading, gaps_in, segment_files
from bedside.record.segment import OPEN_SUFFIX, Message, SealedSegment, Segment
from bedside.record.segments import number_of
from bedside.record.streams import SampleStream, Stream, decode_block

CUT_SUFFIX = ".cut"


class Salvaged(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a cut segment. `sealed` is None when nothing in it was whole."""

    original: str
    sealed: SealedSegment | None
    kept_s: float
    dropped_bytes: int
    reason: str
    gaps: tuple[Gap, ...]


def recover_segments(
    folder: Path, storage: Storage = SYSTEM, *, numbers: Collection[str] | None = None
) -> tuple[Salvaged, ...]:
    """Recover the segments in `folder` that a crash or a failing disk left open; only those of `numbers`, where given.

    NNNNNN.mcap.open becomes NNNNNN.mcap.cut, what is whole in it NNNNNN.recovered.mcap. A crash in the middle of it
    leaves the first name, and all is done again. Raises OSError where the disk cannot take what is recovered.
    """
    if not folder.is_dir():
        return ()
    left = sorted(folder.glob(f"*.mcap{OPEN_SUFFIX}"))
    return tuple(_recover(path, storage) for path in left if numbers is None or number_of(path) in numbers)


def _recover(path: Path, storage: Storage) -> Salvaged:
    name = path.name.removesuffix(OPEN_SUFFIX).removesuffix(".mcap")
    target = path.with_name(f"{name}.recovered.mcap")
    for unfinished in (target, target.with_name(target.name + OPEN_SUFFIX)):
        unfinished.unlink(missing_ok=True)
    reading = Reading([path])
    items = list(reading.items())
    sealed = _rewrite(items, target, storage) if items else None
    cut = reading.cuts.get(path.name, Cut(path.stat().st_size, "the file was complete but not sealed"))
    gaps = gaps_in([target]) if sealed else ()
    dropped = path.stat().st_size - cut.offset
    path.rename(path.with_name(path.name.removesuffix(OPEN_SUFFIX) + CUT_SUFFIX))
    storage.fsync_folder(path.parent)
    return Salvaged(
        original=path.name.removesuffix(OPEN_SUFFIX) + CUT_SUFFIX,
        sealed=sealed,
        kept_s=(sealed.last_mono_ns - sealed.first_mono_ns) / 1e9 if sealed else 0.0,
        dropped_bytes=dropped,
        reason=cut.reason,
        gaps=gaps,
    )


def _rewrite(items: list[Item], target: Path, storage: Storage) -> SealedSegment:
    streams: dict[str, Stream] = {item.stream.name: item.stream for item in items}
    segment = Segment(target, streams, storage)
    for item in items:
        segment.add(Message(item.stream.name, item.mono_ns, item.sequence, _rows(item), item.data))
    return segment.seal()


def _rows(item: Item) -> int:
    return len(decode_block(item.stream, item.data).values) if isinstance(item.stream, SampleStream) else 1


def unbound_numbers(folder: Path, known: Collection[str]) -> frozenset[str]:
    """The numbers of segments that the journal (`known` names) does not hold: left open, or complete."""
    left = folder.glob(f"*.mcap{OPEN_SUFFIX}")
    return frozenset(number_of(path) for path in (*left, *segment_files(folder)) if path.name not in known)


def unbound_segments(
    folder: Path, known: Collection[str], *, numbers: Collection[str] | None = None
) -> tuple[SealedSegment, ...]:
    """Complete segments that the journal (`known` names) does not hold: sealed just before a crash, or recovered.

    Only those of `numbers`, where given.
    """
    files = (path for path in segment_files(folder) if numbers is None or number_of(path) in numbers)
    return tuple(_describe(path) for path in files if path.name not in known)


def _describe(path: Path) -> SealedSegment:
    items = list(Reading([path]).items())
    rows: dict[str, int] = {}
    for item in items:
        rows[item.stream.name] = rows.get(item.stream.name, 0) + _rows(item)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return SealedSegment(
        name=path.name,
        size_bytes=path.stat().st_size,
        sha256=sha256,
        first_mono_ns=min((item.mono_ns for item in items), default=0),
        last_mono_ns=max((item.mono_ns for item in items), default=0),
        samples=rows,
    )
