r"""One journal line and the hash that chains it to the line before: pure, no file.

    {"h":"<64 hex>","n":41,"boot":"…","mono":…,"utc":"…","sync":"ntp","who":"…","via":"…","ev":"…","data":{…}}\n

`h` is SHA-256 over the previous line's `h` (its 64 ASCII digits) followed by this line's bytes from offset 72 up to,
not including, the newline. Nothing is re-serialised to verify; `sha256sum` and `cut` are enough.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

GENESIS = "0" * 64
BODY_OFFSET = 72
OPEN, SEAL = "journal.open", "journal.seal"
OWN = (OPEN, SEAL, "recover.tail", "recover.damage", "recover.missing", "recover.interrupted", "recover.note")
_PREFIX, _INFIX = b'{"h":"', b'",'

Sync = Literal["ntp", "held", "never"]


class Stamp(msgspec.Struct, frozen=True):
    """A moment: monotonic visit time (ns), wall clock (ISO 8601, UTC) and how the wall clock was set."""

    mono_ns: int
    utc: str
    sync: Sync


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller has journalled; `data` must be JSON."""

    mono_ns: int
    utc: str
    sync: Sync
    who: str
    via: str
    ev: str
    data: dict[str, Any]


class Entry(msgspec.Struct, frozen=True, rename={"mono_ns": "mono"}):
    """One line of the journal; `n` counts from 1 without gaps and is never used twice."""

    h: str
    n: int
    boot: str
    mono_ns: int
    utc: str
    sync: Sync
    who: str
    via: str
    ev: str
    data: dict[str, Any]

    @property
    def own(self) -> bool:
        """Whether the journal wrote this line about itself rather than somebody about the world."""
        return self.ev in OWN


class _Body(msgspec.Struct, frozen=True, rename={"mono_ns": "mono"}):
    n: int
    boot: str
    mono_ns: int
    utc: str
    sync: Sync
    who: str
    via: str
    ev: str
    data: dict[str, Any]


class Head(msgspec.Struct, frozen=True):
    """Where a chain stands: the number and hash of its last line."""

    n: int
    h: str


class BadLine(ValueError):
    """A line that does not continue the chain; the text says how."""


_decode = msgspec.json.Decoder(Entry).decode
_encode = msgspec.json.Encoder().encode


def digest(previous: str, body: bytes) -> str:
    """The hash of a line whose bytes from offset 72 are `body`, after a line with hash `previous`."""
    return hashlib.sha256(previous.encode() + body).hexdigest()


def extend(head: Head, boot: str, records: Sequence[Record]) -> tuple[bytes, tuple[Entry, ...], Head]:
    """The lines that append `records` to a chain: their bytes, their entries and the new head."""
    lines, entries = [], []
    for record in records:
        n = head.n + 1
        fields = (n, boot, record.mono_ns, record.utc, record.sync, record.who, record.via, record.ev, record.data)
        body = _encode(_Body(*fields))[1:]
        head = Head(n, digest(head.h, body))
        lines.append(b"".join((_PREFIX, head.h.encode(), _INFIX, body, b"\n")))
        entries.append(Entry(head.h, *fields))
    return b"".join(lines), tuple(entries), head


def claimed(line: bytes) -> str:
    """The hash a line carries, whether or not it is right."""
    return line[len(_PREFIX) : BODY_OFFSET - len(_INFIX)].decode("ascii", "replace")


def parse(line: bytes) -> Entry:
    """The entry in `line` (without its newline) with nothing proven but its form; raises BadLine."""
    if not line.startswith(_PREFIX) or line[BODY_OFFSET - len(_INFIX) : BODY_OFFSET] != _INFIX:
        raise BadLine("this is not a journal line")
    try:
        return _decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadLine(f"the line cannot be read: {error}") from None


def holds(line: bytes, previous: str) -> bool:
    """Whether `line` carries the hash that its bytes have after a line with hash `previous`."""
    return claimed(line) == digest(previous, line[BODY_OFFSET:])


def check(line: bytes, head: Head) -> Entry:
    """The entry in `line` when it continues a chain that stands at `head`; raises BadLine."""
    if not holds(line, head.h):
        raise BadLine("the hash does not hold: the line was altered or moved, or one before it is missing")
    entry = parse(line)
    if entry.n != head.n + 1:
        raise BadLine(f"number {entry.n} follows {head.n}")
    return entry
