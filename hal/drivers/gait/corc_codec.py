"""The 255-byte value frames of CORC research robots (libFLNL, Apache-2.0, over TCP). No I/O.

byte 0 `V` (values) or `C` (command), byte 1 count, for C four command characters, then that many little-endian
doubles, zero padding, byte 254 the XOR of bytes 2..253.
"""

import struct
from dataclasses import dataclass

import numpy as np

FRAME_BYTES = 255
_VALUES = ord("V")
_COMMAND = ord("C")
_HEAD_BYTES = {_VALUES: 2, _COMMAND: 6}


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: `command` is empty for a frame of values."""

    values: tuple[float, ...]
    command: str = ""


def _checksum(frame: bytes) -> int:
    return int(np.bitwise_xor.reduce(np.frombuffer(frame, np.uint8, FRAME_BYTES - 3, 2)))


def encode_frame(frame: Frame) -> bytes:
    """The 255 bytes of `frame`; raises ValueError for too many values or a command that is not four characters."""
    head = b"V" + bytes((len(frame.values),))
    if frame.command:
        if len(frame.command.encode()) != 4:
            raise ValueError(f"a CORC command has four characters, not {frame.command!r}")
        head = b"C" + bytes((len(frame.values),)) + frame.command.encode()
    body = head + struct.pack(f"<{len(frame.values)}d", *frame.values)
    if len(body) > FRAME_BYTES - 1:
        raise ValueError(f"{len(frame.values)} values do not fit into a CORC frame")
    padded = body.ljust(FRAME_BYTES, b"\0")
    return padded[:-1] + bytes((_checksum(padded),))


def decode_frame(data: bytes) -> Frame | None:
    """The frame in exactly 255 bytes, or None: wrong kind, count, checksum or padding."""
    head = _HEAD_BYTES.get(data[0]) if len(data) == FRAME_BYTES else None
    if head is None:
        return None
    end = head + 8 * data[1]
    if end > FRAME_BYTES - 1 or any(data[end:-1]) or _checksum(data) != data[-1]:
        return None
    values = struct.unpack_from(f"<{data[1]}d", data, head)
    return Frame(values, data[2:6].decode("ascii", "replace") if data[0] == _COMMAND else "")


class FrameParser:
    """Bytes as they come, to frames; a bad candidate costs one byte and the search goes on.

    `dropped` counts discarded bytes, `resyncs` the runs of them.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._in_sync = True
        self.dropped = 0
        self.resyncs = 0

    def feed(self, data: bytes) -> list[Frame]:
        """Take `data`; return the frames completed by it, in order. Never raises."""
        self._buffer += data
        frames: list[Frame] = []
        while len(self._buffer) >= FRAME_BYTES:
            frame = decode_frame(bytes(self._buffer[:FRAME_BYTES]))
            if frame is None:
                self._skip_to_candidate()
                continue
            frames.append(frame)
            del self._buffer[:FRAME_BYTES]
            self._in_sync = True
        return frames

    def reset(self) -> None:
        """Forget half a frame: the link was opened anew."""
        self._buffer.clear()

    def _skip_to_candidate(self) -> None:
        starts = [at for kind in (b"V", b"C") if (at := self._buffer.find(kind, 1)) > 0]
        count = min(starts, default=len(self._buffer))
        del self._buffer[:count]
        self.dropped += count
        self.resyncs += self._in_sync
        self._in_sync = False
