"""Bytes to and from Magstim stimulators: 200-2, BiStim-2, Rapid-2, Horizon. No I/O and no clock.

A request is a command letter, its data and a checksum; it has neither start nor end. A reply repeats the letter, then
the status of the instrument, data, and a checksum. How long a reply is depends on the letter, the model and the
software, so the parser works from a table of shapes. Refusals are `?` alone (command not understood), or the letter
with `?` (data not acceptable) or `S` (in conflict with the present state) and a checksum.

The protocol is the one that public drivers agree on (magpy, MAGIC); the maker's own document was not used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Refusal = Literal["", "not understood", "data not acceptable", "in conflict with its present state"]

_NOT_UNDERSTOOD = ord("?")
_REFUSALS: Mapping[int, Refusal] = {ord("?"): "data not acceptable", ord("S"): "in conflict with its present state"}
_VERSION = ord("N")
MAX_VERSION_TEXT = 24
"""Characters of a version text; seen are some five ("9.0.1"). Longer is garbage."""


def checksum(data: bytes | bytearray) -> int:
    """The complement of the sum of all bytes, its lowest eight bits."""
    return ~sum(data) & 0xFF


def encode_command(body: bytes) -> bytes:
    """A request: command letter and data with the checksum behind them."""
    return body + bytes((checksum(body),))


@dataclass(frozen=True, slots=True)
class Shape:
    """What lies between letter and checksum: `raw` bytes of any value behind the instrument's status, then `digits`.

    `rapid` adds the Rapid's second status byte before them.
    """

    rapid: bool = False
    raw: int = 0
    digits: int = 0

    @property
    def head(self) -> int:
        """Bytes before the digits, the letter included."""
        return 2 + self.rapid + self.raw

    @property
    def length(self) -> int:
        """The whole reply, the checksum included."""
        return self.head + self.digits + 1


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply. `instrument` and `rapid` are status bytes, None where it has none; `data` is what follows them."""

    letter: str
    refusal: Refusal = ""
    instrument: int | None = None
    rapid: int | None = None
    data: bytes = b""
    size: int = 0


class ReplyParser:
    """Replies out of a stream that may be cut anywhere and hold anything. `dropped` counts bytes skipped as garbage,
    `resyncs` runs of them.

    Digits must be digits, so a false head gives itself away at once; the longest wait behind one is six bytes.
    """

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.dropped = 0
        self.resyncs = 0
        self._buffer = bytearray()
        self._astray = False
        self.use(shapes)

    def use(self, shapes: Mapping[str, Shape]) -> None:
        """From now on the replies have these shapes (another software version was recognised)."""
        self._shapes = {ord(letter): shape for letter, shape in shapes.items()}

    @property
    def pending(self) -> bool:
        """Whether a reply has begun and not ended."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[Reply]:
        """Take bytes; the replies they complete, in order."""
        self._buffer += data
        replies: list[Reply] = []
        while self._buffer:
            reply = self._head()
            if reply == "wait":
                break
            if isinstance(reply, Reply):
                replies.append(reply)
                del self._buffer[: reply.size]
                self._astray = False
            else:
                self._skip()
        return replies

    def expire(self) -> list[Reply]:
        """The line has fallen quiet: what waits for its end is garbage, what it held back is not."""
        replies: list[Reply] = []
        while self._buffer:
            self._skip()
            replies += self.feed(b"")
        self._astray = False
        return replies

    def reset(self) -> None:
        """Forget half a reply: the link was opened anew."""
        self._buffer.clear()
        self._astray = False

    def _skip(self) -> None:
        del self._buffer[0]
        self.dropped += 1
        self.resyncs += not self._astray
        self._astray = True

    def _head(self) -> Reply | Literal["wait"] | None:
        """The reply the buffer begins with; "wait" while it may become one, None when it cannot."""
        buffer = self._buffer
        letter = buffer[0]
        if letter == _NOT_UNDERSTOOD:
            # Inside garbage a lone question mark says nothing.
            return None if self._astray else Reply("?", "not understood", size=1)
        if letter != _VERSION and letter not in self._shapes:
            return None
        if len(buffer) >= 3 and buffer[1] in _REFUSALS and checksum(buffer[:2]) == buffer[2]:
            return Reply(chr(letter), _REFUSALS[buffer[1]], size=3)
        if letter == _VERSION:
            return self._version()
        return self._shaped(self._shapes[letter])

    def _shaped(self, shape: Shape) -> Reply | Literal["wait"] | None:
        buffer, length = self._buffer, shape.length
        digits = buffer[shape.head : length - 1]
        if digits and not digits.isdigit():
            return None
        if len(buffer) < length:
            return "wait"
        if checksum(buffer[: length - 1]) != buffer[length - 1]:
            return None
        rapid = buffer[2] if shape.rapid else None
        return Reply(chr(buffer[0]), "", buffer[1], rapid, bytes(buffer[2 + shape.rapid : length - 1]), size=length)

    def _version(self) -> Reply | Literal["wait"] | None:
        """`N`, the text, NUL, checksum; no status byte."""
        buffer = self._buffer
        end = buffer.find(0, 1, 2 + MAX_VERSION_TEXT)
        text = bytes(buffer[1 : end if end > 0 else 1 + MAX_VERSION_TEXT])
        if not all(0x20 <= byte < 0x7F for byte in text) or (end < 0 and len(buffer) > 1 + MAX_VERSION_TEXT):
            return None
        if end < 0 or len(buffer) < end + 2:
            return "wait"
        if checksum(buffer[: end + 1]) != buffer[end + 1]:
            return None
        return Reply("N", data=text, size=end + 2)
