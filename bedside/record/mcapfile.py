"""Reads an MCAP file record by record as far as it is whole.

The framing is our own few lines, because a cut or damaged file must end in a place and a reason and never in a huge
allocation (a length field may claim anything); what a record means is left to the mcap library.
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import zstandard
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, Chunk, Message, Schema
from mcap.stream_reader import breakup_chunk
from mcap.writer import MCAP0_MAGIC

_FRAME = struct.Struct("<BQ")
_LARGEST_CHUNK = 64 * 1024 * 1024
_UNREADABLE = (McapError, ValueError, struct.error, OverflowError, MemoryError, zstandard.ZstdError)


@dataclass(frozen=True, slots=True)
class WholeChunk:
    """A chunk whose CRC holds: what it declares and its messages."""

    schemas: tuple[Schema, ...]
    channels: tuple[Channel, ...]
    messages: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Where and why reading ended before the file was complete."""

    offset: int
    reason: str


def read_chunks(path: Path) -> Iterator[WholeChunk | Cut]:
    """The whole chunks of a file in order; a last item `Cut` when the file is not complete."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if file.read(len(MCAP0_MAGIC)) != MCAP0_MAGIC:
            yield Cut(0, "this is not an MCAP file")
            return
        while True:
            offset = file.tell()
            opcode, body, fault = _record(file, size - offset)
            if fault:
                yield Cut(offset, fault)
                return
            if opcode == Opcode.DATA_END:
                return
            if opcode == Opcode.CHUNK:
                chunk = _chunk(body)
                yield chunk if isinstance(chunk, WholeChunk) else Cut(offset, chunk)
                if not isinstance(chunk, WholeChunk):
                    return


def _record(file: io.BufferedReader, left: int) -> tuple[int, bytes, str]:
    head = file.read(_FRAME.size)
    if len(head) < _FRAME.size:
        return 0, b"", "the file ends before its end record"
    opcode, length = _FRAME.unpack(head)
    if not Opcode.HEADER <= opcode <= Opcode.DATA_END:
        return 0, b"", f"record type {opcode} does not exist"
    if length > left - _FRAME.size:
        return 0, b"", "a record is cut off"
    return opcode, file.read(length), ""


def _chunk(body: bytes) -> WholeChunk | str:
    """The chunk in a record's bytes, or what is wrong with it."""
    try:
        chunk = Chunk.read(ReadDataStream(io.BytesIO(body)))
        if chunk.uncompressed_size > _LARGEST_CHUNK:
            return f"a chunk claims {chunk.uncompressed_size} bytes"
        records = breakup_chunk(chunk, validate_crc=True)
    except _UNREADABLE as error:
        return f"a chunk is damaged: {error}"
    return WholeChunk(
        tuple(record for record in records if isinstance(record, Schema)),
        tuple(record for record in records if isinstance(record, Channel)),
        tuple(record for record in records if isinstance(record, Message)),
    )
