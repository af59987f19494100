"""What a journal's folder holds, and the two lines with which the journal speaks about itself.

000001.jsonl          a file of the chain; the highest number is the one being written
000001.jsonl.sig      the signature over its seal
head.json             the last number made durable (tells when the end was cut off)
000002.jsonl.broken   copy of a file whose cut-off last line was removed
000003.jsonl.damaged  a file set aside whole because acknowledged lines were missing or altered
"""

import re
from pathlib import Path
from typing import Any, Literal

import msgspec

from bedside.record.chain import OPEN, BadLine, Entry, parse

FORMAT = 1
_NAME = re.compile(r"(\d{6})\.jsonl")

Cause = Literal["start", "rotate", "write_error"]  # why a file was begun


class Previous(msgspec.Struct, frozen=True):
    """The file before: its name, how many of its bytes belong to the chain, and its last hash."""

    file: str
    size_bytes: int
    h: str


class SetAside(msgspec.Struct, frozen=True):
    """A file in which acknowledged lines were missing or altered, kept as evidence."""

    file: str
    sha256: str
    line: int
    offset: int
    reason: str


class Missing(msgspec.Struct, frozen=True):
    """Numbers that were made durable once and are no longer there."""

    first: int
    last: int


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a file's first line. `signer` is the public key (hex) its seal will be signed with."""

    format: int = FORMAT
    box: str
    software: str
    config_hash: str
    cause: Cause
    signer: str | None = None
    previous: Previous | None = None
    set_aside: tuple[SetAside, ...] = ()
    missing: Missing | None = None


class Closing(msgspec.Struct, frozen=True):
    """The data of a sealed file's last line; `lines` counts those before it, `stop` says that the writer ended."""

    reason: str
    lines: int
    stop: bool


def to_data(value: msgspec.Struct) -> dict[str, Any]:
    """An `Opening` or `Closing` as an entry's data."""
    built: dict[str, Any] = msgspec.to_builtins(value)
    return built


def opening_of(entry: Entry) -> Opening:
    """What a file's first line says; raises BadLine when it is no opening line."""
    if entry.ev != OPEN:
        raise BadLine("the file does not begin with its opening line")
    try:
        opening = msgspec.convert(entry.data, Opening)
    except msgspec.ValidationError as error:
        raise BadLine(f"the opening line cannot be read: {error}") from None
    if opening.format != FORMAT:
        raise BadLine(f"journal format {opening.format} is not format {FORMAT} of this version")
    return opening


def peek(data: bytes) -> tuple[Entry, Opening] | None:
    """A file's first entry and what it says, with nothing proven; None when it cannot be read."""
    line, newline, _ = data.partition(b"\n")
    if not newline:
        return None
    try:
        entry = parse(line)
        return entry, opening_of(entry)
    except BadLine:
        return None


def file_name(number: int) -> str:
    """The name of the chain's `number`-th file."""
    return f"{number:06d}.jsonl"


def file_number(name: str) -> int | None:
    """The number in a chain file's name, in that of one set aside or broken too; None for another file."""
    match = _NAME.match(name)
    return int(match[1]) if match else None


def chain_files(folder: Path) -> list[Path]:
    """The files of the chain, oldest first."""
    return sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))


def other_files(folder: Path, suffix: str) -> list[Path]:
    """Files set aside (".damaged") or copied before a repair (".broken"), oldest first."""
    return sorted(path for path in folder.iterdir() if file_number(path.name) and suffix in path.name)


def highest_number(folder: Path) -> int:
    """The highest file number ever used in `folder`."""
    return max((file_number(path.name) or 0 for path in folder.iterdir()), default=0)


def free_name(path: Path, suffix: str) -> Path:
    """`path` with `suffix`, numbered when such a file exists."""
    candidate, count = path.with_name(path.name + suffix), 1
    while candidate.exists():
        count += 1
        candidate = path.with_name(f"{path.name}{suffix}-{count}")
    return candidate
