"""What an OpenExo exoskeleton says over its Nordic UART: a greeting, a text, and frames of numbers. No I/O.

On connection it sends `READY` and then a text whose parts are separated by `|`, ended by a newline. A frame is `S`, one
command character, the number of values in ASCII, `c`, and then each value times 100 as an ASCII integer followed by
`n`: `S?2c123n-50n` are 1.23 and -0.5. The firmware's source (LGPL 3.0) was read for these facts; nothing of it is here.
Nothing in this module can say anything to an exoskeleton.
"""

import re
from dataclasses import dataclass

ERRORS = {
    2: "poor state variance",
    3: "transmission efficiency",
    4: "torque out of bounds",
    5: "torque variance",
    6: "force variance",
    7: "tracking",
    8: "motor timeout",
}
REALTIME, BATTERY, ERROR, STEPS = "?", "~", "w", "s"
MAX_VALUES = 99
MAX_FRAME_BYTES = 2048
MAX_GREETING_BYTES = 4096
READY = b"READY"
_HEAD = re.compile(rb"S([\x21-\x7e])(\d{1,2})c")
_VALUE = re.compile(rb"-?\d{1,9}n")
_PARTIAL_HEAD = re.compile(rb"S(?:[\x21-\x7e](?:\d{1,2})?)?")
_PARTIAL_VALUE = re.compile(rb"-?\d{0,9}")


@dataclass(frozen=True, slots=True)
class Ready:
    """The exoskeleton greets: its text follows."""


@dataclass(frozen=True, slots=True)
class Greeting:
    """The parts of its text, as the firmware wrote them."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: command character and values, already divided by 100."""

    command: str
    values: tuple[float, ...]


Message = Ready | Greeting | Frame


class StreamParser:
    """Bytes as they come, to messages; a bad candidate costs one byte and the search goes on.

    `dropped` counts discarded bytes, `resyncs` the runs of them.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._greeting = False
        self._looked = 0
        self._in_sync = True
        self.dropped = 0
        self.resyncs = 0

    def feed(self, data: bytes) -> list[Message]:
        """Take `data`; return the messages completed by it, in order. Never raises."""
        self._buffer += data
        messages: list[Message] = []
        while self._buffer:
            before = len(self._buffer)
            message = self._greeted() if self._greeting else self._next()
            if message is not None:
                self._in_sync = True
                messages.append(message)
            elif len(self._buffer) == before:
                break
        return messages

    def reset(self) -> None:
        """Forget half a message: the link was opened anew."""
        self._buffer.clear()
        self._greeting = False
        self._in_sync = True

    def _next(self) -> Message | None:
        if self._buffer.startswith(READY):
            del self._buffer[: len(READY)]
            self._greeting, self._looked = True, 0
            return Ready()
        if READY.startswith(self._buffer):
            return None
        end, frame = _frame(self._buffer)
        if frame is not None:
            del self._buffer[:end]
            return frame
        if end < 0 and len(self._buffer) < MAX_FRAME_BYTES:
            return None
        self._drop(self._to_candidate())
        return None

    def _greeted(self) -> Message | None:
        """The text up to its newline; a text that never ends, or is interrupted by frames, was lost."""
        end = self._buffer.find(b"\n")
        start = self._frame_within(end if end >= 0 else len(self._buffer))
        if start is not None:
            self._greeting = False
            if start:
                self._drop(start)
            return self._next()
        if end >= 0:
            text = self._buffer[:end].decode("utf-8", "replace").strip()
            del self._buffer[: end + 1]
            self._greeting = False
            return Greeting(tuple(text.split("|")))
        if len(self._buffer) > MAX_GREETING_BYTES:
            self._greeting = False
            self._drop(len(self._buffer))
        return None

    def _frame_within(self, end: int) -> int | None:
        """Where a whole frame begins before `end`; what can be none is not looked at again when more has come."""
        start, looked = self._buffer.find(b"S", self._looked, end), end
        while start >= 0:
            size, frame = _frame(self._buffer, start)
            if frame is not None:
                return start
            if size < 0:
                looked = min(looked, start)
            start = self._buffer.find(b"S", start + 1, end)
        self._looked = looked
        return None

    def _to_candidate(self) -> int:
        starts = [at for mark in (b"S", b"R") if (at := self._buffer.find(mark, 1)) > 0]
        return min(starts, default=len(self._buffer))

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self.dropped += count
        self.resyncs += self._in_sync
        self._in_sync = False


def _frame(data: bytearray, start: int = 0) -> tuple[int, Frame | None]:
    """The frame at `start` of `data` and its end; (-1, None) for one not complete yet, (0, None) for no frame."""
    head = _HEAD.match(data, start)
    if head is None:
        return (-1, None) if _PARTIAL_HEAD.fullmatch(data, start) else (0, None)
    at, values = head.end(), []
    for _ in range(int(head[2])):
        value = _VALUE.match(data, at)
        if value is None:
            return (-1, None) if _PARTIAL_VALUE.fullmatch(data, at) else (0, None)
        values.append(int(value[0][:-1]) / 100)
        at = value.end()
    return at, Frame(head[1].decode("ascii"), tuple(values))
