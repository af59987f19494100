"""The frame of bedside's own inertial sensors on the Nordic UART service: `docs/protocols/nus-imu.md`. No I/O.

B5 1D | version 1 | flags | uint16 counter | uint32 microseconds | battery | n | n x 6 or 9 int16 | CRC-16
"""

import struct
from binascii import crc_hqx
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAGIC = b"\xb5\x1d"
VERSION = 1
WITH_FIELD, CLIPPED = 0x01, 0x02
HEAD_BYTES, CRC_BYTES = 12, 2
MAX_SAMPLES = 19
FULL_SCALE_G, FULL_SCALE_DEG_S, FIELD_UT_PER_COUNT = 16.0, 2000.0, 0.15
UNKNOWN_BATTERY = 0xFF
_HEAD = struct.Struct("<2sBBHIBB")


@dataclass(frozen=True, slots=True, eq=False)
class MotionFrame:
    """`counts` int16 (n, 6) or (n, 9); `counter` and `micros` are those of the first sample; battery in percent."""

    counter: int
    micros: int
    counts: NDArray[np.int16]
    clipped: bool = False
    battery_pct: int | None = None


class FrameReader:
    """Frames from a byte stream that may be cut anywhere. `dropped` counts bytes that belong to none."""

    def __init__(self) -> None:
        self._buffer = b""
        self.dropped = 0

    def feed(self, data: bytes) -> list[MotionFrame]:
        """All frames completed by `data`."""
        self._buffer += data
        frames: list[MotionFrame] = []
        while True:
            at = self._buffer.find(MAGIC)
            if at < 0:
                at = len(self._buffer) - (self._buffer[-1:] == MAGIC[:1])
            self._skip(at)
            if len(self._buffer) < HEAD_BYTES:
                return frames
            size = _size(self._buffer)
            if size is not None and len(self._buffer) < size:
                return frames
            frame = _parse(self._buffer[:size]) if size is not None else None
            if frame is None or size is None:
                self._skip(1)
                continue
            frames.append(frame)
            self._buffer = self._buffer[size:]

    def _skip(self, count: int) -> None:
        self.dropped += count
        self._buffer = self._buffer[count:]


def _size(head: bytes) -> int | None:
    """Bytes of the frame with this head, None where it makes no sense."""
    _, version, flags, _, _, _, n = _HEAD.unpack_from(head)
    if version != VERSION or flags & ~(WITH_FIELD | CLIPPED) or not 1 <= n <= MAX_SAMPLES:
        return None
    return HEAD_BYTES + 2 * int(n) * _width(flags) + CRC_BYTES


def _width(flags: int) -> int:
    return 9 if flags & WITH_FIELD else 6


def _parse(frame: bytes) -> MotionFrame | None:
    if crc_hqx(frame[:-CRC_BYTES], 0xFFFF) != int.from_bytes(frame[-CRC_BYTES:], "little"):
        return None
    _, _, flags, counter, micros, battery, n = _HEAD.unpack_from(frame)
    counts = np.frombuffer(frame, "<i2", n * _width(flags), HEAD_BYTES).reshape(n, -1).astype(np.int16)
    return MotionFrame(counter, micros, counts, bool(flags & CLIPPED), battery if battery != UNKNOWN_BATTERY else None)


def encode(frame: MotionFrame) -> bytes:
    """A frame's bytes, for firmware tests; raises ValueError where the counts do not fit."""
    n, width = frame.counts.shape
    if width not in (6, 9) or not 1 <= n <= MAX_SAMPLES:
        raise ValueError(f"{n} samples of {width} values do not fit a frame")
    flags = (WITH_FIELD if width == 9 else 0) | (CLIPPED if frame.clipped else 0)
    battery = UNKNOWN_BATTERY if frame.battery_pct is None else frame.battery_pct
    head = _HEAD.pack(MAGIC, VERSION, flags, frame.counter, frame.micros, battery, n)
    body = head + frame.counts.astype("<i2").tobytes()
    return body + crc_hqx(body, 0xFFFF).to_bytes(2, "little")
