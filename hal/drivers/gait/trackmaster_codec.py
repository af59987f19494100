"""The serial protocol of Trackmaster treadmills (4800 8N1), which other makers speak too. No I/O.

A command is one byte, with four ASCII digits where it sets a value; an acknowledgement is the command's byte plus 0x10
(BE: out of range, BF: unknown command). Questions C0..C4 are answered by D0..D4 with one status character or four
digits. The command A1, which starts a belt that runs on without its computer, does not exist here.
"""

from dataclasses import dataclass
from enum import IntEnum


class Command(IntEnum):
    """What is ever said to the machine."""

    START = 0xA0
    """Start the belt; it stops by itself when no command arrives for 0.5 s."""
    STOP = 0xA2
    SET_SPEED = 0xA3
    ASK_BELT = 0xC0
    ASK_ACTUAL_SPEED = 0xC1
    ASK_SET_SPEED = 0xC3


class Belt(IntEnum):
    """The characters after D0."""

    STOPPED = 0x31
    STARTED = 0x32
    """With the stop on lost communication."""
    STARTED_UNGUARDED = 0x33


@dataclass(frozen=True, slots=True)
class Ack:
    """Command `of` was accepted."""

    of: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """The last command was out of range (BE) or is unknown to the machine (BF)."""

    why: str


@dataclass(frozen=True, slots=True)
class BeltStatus:
    """Answer D0."""

    belt: Belt


@dataclass(frozen=True, slots=True)
class ActualSpeed:
    """Answer D1: tenths of the machine's unit of distance per hour."""

    tenths: int


@dataclass(frozen=True, slots=True)
class SetSpeed:
    """Answer D3: the speed the machine goes to, in tenths."""

    tenths: int


@dataclass(frozen=True, slots=True)
class Other:
    """Answer D2 (elevation) or D4, which nobody here asks for."""

    head: int
    value: int


Message = Ack | Refusal | BeltStatus | ActualSpeed | SetSpeed | Other
OUT_OF_RANGE, UNKNOWN = 0xBE, 0xBF
REFUSALS = {OUT_OF_RANGE: "out of range", UNKNOWN: "command unknown to this treadmill"}
DIGITS = 4
FASTEST_TENTHS = 300
"""No treadmill is faster: such an answer is noise."""
_ACKS = frozenset(command + 0x10 for command in (0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA8, 0xAA, 0xAB, 0xAC))
_LENGTHS = {0xD0: 1, 0xD1: DIGITS, 0xD2: DIGITS, 0xD3: DIGITS, 0xD4: DIGITS}


def encode(command: Command, tenths: int | None = None) -> bytes:
    """The bytes of a command; SET_SPEED takes 0 to 9999 tenths, all others nothing. Raises ValueError."""
    if (command is Command.SET_SPEED) != (tenths is not None):
        raise ValueError(f"{command.name} {'needs a speed' if tenths is None else 'takes no value'}")
    if tenths is None:
        return bytes((command,))
    if not 0 <= tenths <= 9999:
        raise ValueError(f"{tenths} tenths do not fit into four digits")
    return bytes((command,)) + f"{tenths:04d}".encode("ascii")


class StreamParser:
    """Bytes as they come, to messages. `dropped` counts discarded bytes, `resyncs` the runs of them."""

    def __init__(self) -> None:
        self._head: int | None = None
        self._body = bytearray()
        self._in_sync = True
        self.dropped = 0
        self.resyncs = 0

    def feed(self, data: bytes) -> list[Message]:
        """Take `data`; return the messages completed by it, in order. Never raises."""
        return [message for byte in data if (message := self._take(byte)) is not None]

    def reset(self) -> None:
        """Forget half a message: the link was opened anew."""
        self._head = None
        self._body.clear()

    def _take(self, byte: int) -> Message | None:
        if self._head is not None and byte < 0x80:
            return self._grow(byte)
        if self._head is not None:
            self._drop(1 + len(self._body))
        if byte in _LENGTHS:
            self._head = byte
            return None
        if byte in REFUSALS:
            return self._good(Refusal(REFUSALS[byte]))
        if byte in _ACKS:
            return self._good(Ack(byte - 0x10))
        self._drop(1)
        return None

    def _grow(self, byte: int) -> Message | None:
        head = self._head
        assert head is not None  # noqa: S101 - the caller has seen it
        self._body.append(byte)
        if len(self._body) < _LENGTHS[head]:
            return None
        message = _decode(head, bytes(self._body))
        if message is None:
            self._drop(1 + len(self._body))
            return None
        self.reset()
        return self._good(message)

    def _good(self, message: Message) -> Message:
        self._in_sync = True
        return message

    def _drop(self, count: int) -> None:
        self.reset()
        self.dropped += count
        self.resyncs += self._in_sync
        self._in_sync = False


def _decode(head: int, body: bytes) -> Message | None:
    if head == 0xD0:
        return BeltStatus(Belt(body[0])) if body[0] in tuple(Belt) else None
    if not body.isdigit():
        return None
    value = int(body)
    if head in (0xD1, 0xD3) and value > FASTEST_TENTHS:
        return None
    return ActualSpeed(value) if head == 0xD1 else SetSpeed(value) if head == 0xD3 else Other(head, value)
