"""The bytes of WitMotion's Bluetooth sensors (WT901BLE and relatives). No I/O; integers little endian.

    55 61  9 x int16           acceleration, turn rate, angles; 20 bytes, no checksum, no counter
    55 71  register  8 x int16 what eight registers from `register` on hold; 20 bytes, 22 on some firmware
    FF AA  register  value     set a register; FF AA 27 asks for eight, FF AA 69 88 B5 unlocks them

As many public programs read them. With no checksum, a frame counts when another header follows it, or when it ends a
notification that consists of whole frames: notifications arrive whole or not at all.
"""

import struct
from dataclasses import dataclass

import numpy as np

HEAD, DATA, REPLY = 0x55, 0x61, 0x71
FRAME_BYTES = 20
LONG_REPLY_BYTES = 22
SHORT_BYTES = 16
"""Length of another model's frames, whose further words are not known."""
SHORT_IN_A_ROW = 3
FULL_SCALE_G = 16.0
FULL_SCALE_DEG_S = 2000.0
RATE_CODES = {10.0: 0x06, 20.0: 0x07, 50.0: 0x08, 100.0: 0x09, 200.0: 0x0B}
LOW_PASS_CODES = {256: 0x00, 188: 0x01, 98: 0x02, 42: 0x03, 20: 0x04, 10: 0x05, 5: 0x06}
FIELD_UT_PER_COUNT = {2: 0.15, 3: 0.013, 4: 0.058, 5: 0.098, 6: 1 / 120, 7: 0.02}
"""By the type in register 0x72; public programs disagree, so the raw counts are kept too."""
SAVE, CALIBRATE, RATE, LOW_PASS = 0x00, 0x01, 0x03, 0x1F
READ, FIELD, TEMPERATURE, BATTERY, UNLOCK, FIELD_TYPE = 0x27, 0x3A, 0x40, 0x64, 0x69, 0x72
MOTION_START, HEADING_ZERO, FIELD_START, CALIBRATE_END = 0x01, 0x04, 0x07, 0x00
BATTERY_CURVE = ((3.40, 0.0), (3.68, 15.0), (3.73, 30.0), (3.79, 50.0), (3.87, 75.0), (3.96, 100.0))
"""Volts and percent, as the vendor's programs show them."""


@dataclass(frozen=True, slots=True)
class Motion:
    """One sample: `words` are the nine int16 of acceleration, turn rate and angles."""

    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Registers:
    """Eight registers from `first` on, each as int16."""

    first: int
    words: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WrongModel:
    """Notifications of 16-byte frames: a model whose frames are not known."""


Message = Motion | Registers | WrongModel


class FrameReader:
    """Frames from notifications that may hold several, or parts. `dropped` of the `fed` bytes belong to none."""

    def __init__(self) -> None:
        self._rest = b""
        self._short = 0
        self.dropped = 0
        self.fed = 0

    def feed(self, data: bytes) -> list[Message]:
        """All frames known to be whole and true after one more notification."""
        if not data:
            return []
        self.fed += len(data)
        # one piece of a longer frame may look like that, several in a row cannot
        self._short = self._short + 1 if _is_short_model(data) else 0
        if self._short >= SHORT_IN_A_ROW:
            self._rest = b""
            return [WrongModel()]
        rest, self._rest = self._rest, b""
        # a frame that is under way goes before a notification that happens to look whole
        if (not rest or not _continued(rest, data)) and (whole := _whole(data)) is not None:
            return self._walk(rest + data[:2])[0] + whole if rest else whole
        messages, self._rest = self._walk(rest + data)
        return messages

    def _walk(self, data: bytes) -> tuple[list[Message], bytes]:
        messages: list[Message] = []
        at = 0
        while at < len(data):
            size = _confirmed(data, at)
            if size is None:
                break
            if size == 0:
                self.dropped += 1
                at += 1
            else:
                messages.append(_parse(data[at : at + size]))
                at += size
        return messages, data[at:]


def _sizes(kind: int) -> tuple[int, ...]:
    return (FRAME_BYTES,) if kind == DATA else (FRAME_BYTES, LONG_REPLY_BYTES)


def _is_head(data: bytes, at: int) -> bool | None:
    """Whether a header is at `at`; None when too few bytes tell."""
    if at >= len(data):
        return None
    if data[at] != HEAD:
        return False
    return data[at + 1] in (DATA, REPLY) if at + 1 < len(data) else None


def _confirmed(data: bytes, at: int) -> int | None:
    """Size of the frame at `at` that another header follows, 0 where there is none, None to wait for more."""
    head = _is_head(data, at)
    if not head:
        return None if head is None else 0
    follows = [(size, _is_head(data, at + size)) for size in _sizes(data[at + 1])]
    for size, is_head in follows:
        if is_head:
            return size
    return None if any(is_head is None for _, is_head in follows) else 0


def _continued(rest: bytes, data: bytes) -> bool:
    """Whether the frame begun in `rest` ends within `data` before another header."""
    return len(rest) < FRAME_BYTES and bool(_confirmed(rest + data, 0))


def _whole(data: bytes) -> list[Message] | None:
    """The frames of a notification of whole frames, else None."""
    messages: list[Message] = []
    at = 0
    while at < len(data):
        if not _is_head(data, at):
            return None
        left = len(data) - at
        sizes = [size for size in _sizes(data[at + 1]) if left == size or _is_head(data, at + size)]
        if not sizes:
            return None
        messages.append(_parse(data[at : at + sizes[0]]))
        at += sizes[0]
    return messages


def _is_short_model(data: bytes) -> bool:
    return len(data) % SHORT_BYTES == 0 and len(data) % FRAME_BYTES != 0 and _all_heads(data)


def _all_heads(data: bytes) -> bool:
    return all(data[at : at + 2] == bytes((HEAD, DATA)) for at in range(0, len(data), SHORT_BYTES))


def _parse(frame: bytes) -> Message:
    if frame[1] == DATA:
        return Motion(struct.unpack_from("<9h", frame, 2))
    return Registers(int.from_bytes(frame[2:4], "little"), struct.unpack_from("<8h", frame, 4))


def write_register(register: int, value: int) -> bytes:
    """The command that sets a register; it takes effect only after `unlock`."""
    return struct.pack("<BBBH", 0xFF, 0xAA, register, value)


def read_register(register: int) -> bytes:
    """The command that asks for eight registers from `register` on."""
    return bytes((0xFF, 0xAA, READ, register, 0x00))


def unlock() -> bytes:
    """The command that lets registers be set for some seconds."""
    return write_register(UNLOCK, 0xB588)


CELL_V = (3.0, 4.4)
"""What one lithium cell can have (V), empty and full with room to spare."""


def battery_pct(volts: float) -> float:
    """Charge by the vendor's table of voltages, straight lines between."""
    return float(np.interp(volts, [at for at, _ in BATTERY_CURVE], [pct for _, pct in BATTERY_CURVE]))
