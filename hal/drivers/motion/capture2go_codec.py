"""Capture2Go inertial sensors: packages as in the vendor's published protocol (version 1). No I/O; little endian.

    02 | CRC-32 of all that follows but the size | size of the payload | uint16 header | payload

A notification begins with a byte 0xFF - k, then k whole packages of the real-time channel, then a piece of the stream
of packages, which may begin and end anywhere.
"""

import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BASE = "8003{:04x}-e629-4c98-9324-aa7fc0c66de7"
WRITE, NOTIFY = BASE.format(0x0002), BASE.format(0x0003)
START = 0x02
FRAME_BYTES = 8
MAX_PAYLOAD = 236
MAX_REAL_TIME = 3
GET_DEVICE_INFO, DEVICE_INFO = 0x0070, 0x0071
SET_MODE, MODE = 0x0120, 0x0122
START_STREAM, STREAM_STARTED = 0x0150, 0x0151
CLEAR_STREAM, STREAM_CLEARED = 0x0158, 0x0159
STATUS, ERROR = 0x0201, 0xFFFF
PACKED = {0x0221: 200.0, 0x0222: 100.0, 0x0223: 50.0}
"""Headers of packages of eight samples of acceleration, turn rate and magnetic field, with their rates (Hz)."""
RATE_MODES = {200.0: 1, 100.0: 2, 50.0: 3}
SAMPLES = 8
TIME_GAP, TURN_CLIPPED, ACCEL_CLIPPED, FIELD_CLIPPED, TROUBLE = 0x01, 0x02, 0x04, 0x08, 0x10
FULL_SCALE_G, FULL_SCALE_DEG_S, FIELD_UT_PER_COUNT = 16.0, 2000.0, 1 / 16
GRAVITY_M_S2 = 9.81
"""What the vendor means by g."""
_MODE = struct.Struct("<qBBBBBBBBHBQBBB")
_STATUS = struct.Struct("<qBB3hBBB")
_PACKED_BYTES = 8 + 3 * 48 + 8 + 2 + 1


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Eight samples from `timestamp_ns` on, on the device's clock; counts int16 (8, 3)."""

    timestamp_ns: int
    rate_hz: float
    gyro: NDArray[np.int16]
    accel: NDArray[np.int16]
    field: NDArray[np.int16]
    flags: int


@dataclass(frozen=True, slots=True)
class Status:
    """`state`: 1 idle, 2 streaming, 3 recording."""

    timestamp_ns: int
    state: int
    synchronized: bool
    battery_pct: int
    charging: bool


@dataclass(frozen=True, slots=True)
class Mode:
    """The measurement mode in force: the code of the packed rate, and seconds between two status packages."""

    packed: int
    status_s: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Any other package: an acknowledgement, device information, or one we do not need."""

    header: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Complaint:
    """The device refuses `command` with an error `code`."""

    code: int
    command: int


Message = Samples | Status | Mode | Answer | Complaint


class PackageReader:
    """Packages from notifications. `dropped` counts bytes that belong to none."""

    def __init__(self) -> None:
        self._buffer = b""
        self.dropped = 0

    def feed(self, data: bytes) -> list[Message]:
        """All packages completed by one more notification."""
        if not data:
            return []
        messages, at = self._real_time(data)
        if at is None:
            self.dropped += len(data)
            return messages
        self._buffer += data[at:]
        return messages + self._stream()

    def _real_time(self, data: bytes) -> tuple[list[Message], int | None]:
        """Packages of the real-time channel, and where the stream's piece begins; None: no notification of this."""
        messages: list[Message] = []
        count, at = 0xFF - data[0], 1
        if count > MAX_REAL_TIME:
            return [], None
        for _ in range(count):
            size = _size(data[at:])
            message = _parse(data[at : at + size]) if size else None
            if message is None or not size:
                return messages, None
            messages.append(message)
            at += size
        return messages, at

    def _stream(self) -> list[Message]:
        messages: list[Message] = []
        while True:
            at = self._buffer.find(START)
            self._skip(at if at >= 0 else len(self._buffer))
            if len(self._buffer) < FRAME_BYTES:
                return messages
            size = _size(self._buffer)
            if size is None:
                self._skip(1)
                continue
            if len(self._buffer) < size:
                return messages
            message = _parse(self._buffer[:size])
            if message is None:
                self._skip(1)
                continue
            messages.append(message)
            self._buffer = self._buffer[size:]

    def _skip(self, count: int) -> None:
        self.dropped += count
        self._buffer = self._buffer[count:]


def _size(data: bytes) -> int | None:
    """Bytes of the package that begins here, None where none can."""
    if len(data) < FRAME_BYTES or data[0] != START or data[5] > MAX_PAYLOAD:
        return None
    return FRAME_BYTES + data[5]


def _parse(package: bytes) -> Message | None:
    if len(package) < FRAME_BYTES or zlib.crc32(package[6:]) != int.from_bytes(package[1:5], "little"):
        return None
    header, payload = int.from_bytes(package[6:8], "little"), package[8:]
    if header in PACKED and len(payload) == _PACKED_BYTES:
        gyro, accel, field = (
            np.frombuffer(payload, "<i2", 3 * SAMPLES, 8 + 48 * part).reshape(SAMPLES, 3) for part in range(3)
        )
        return Samples(
            int.from_bytes(payload[:8], "little", signed=True), PACKED[header], gyro, accel, field, payload[-1]
        )
    if header == STATUS and len(payload) == _STATUS.size:
        at_ns, state, _, _, _, _, synchronized, battery, _ = _STATUS.unpack(payload)
        return Status(at_ns, state, bool(synchronized), battery & 0x7F, bool(battery & 0x80))
    if header == MODE and len(payload) == _MODE.size:
        fields = _MODE.unpack(payload)
        return Mode(packed=fields[3], status_s=fields[7])
    if header == ERROR and len(payload) == 3:
        return Complaint(payload[0], int.from_bytes(payload[1:], "little"))
    return Answer(header, payload)


def encode(header: int, payload: bytes = b"") -> bytes:
    """A package's bytes."""
    body = struct.pack("<H", header) + payload
    return struct.pack("<BIB", START, zlib.crc32(body), len(payload)) + body


def set_mode(rate_hz: float, *, status_s: int = 1) -> bytes:
    """The command for packed samples at `rate_hz`, applied at once, without radio synchronisation."""
    fields = (0, 0, 0, RATE_MODES[rate_hz], 0, 0, 0, status_s, 0, 0, 0, 0, 0, 0, 0)
    return encode(SET_MODE, _MODE.pack(*fields))
