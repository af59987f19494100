"""Nintendo Wii Balance Board (RVL-WBC-01) on the wire: Wii Remote HID reports. No I/O.

One report, its number in the first byte, is one `feed`; the transport keeps reports apart, and Bluetooth's own checksum
protects them, so a report that has the right shape is believed. Read from public descriptions of the Wii Remote's
protocol, from what Linux' hid-wiimote does, and from one published memory dump, in which the checksum rule was found.
Not tried on hardware; recalled rather than read: the output reports, the battery's scale, and that a status report ends
the stream until the data mode is set again.
"""

import logging
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

logger = logging.getLogger(__name__)

IDENTITY = bytes.fromhex("0000A4200402")
"""What a balance board's extension says it is."""
ID_ADDRESS = 0xA400FA
CALIBRATION_ADDRESS = 0xA40024
CALIBRATION_BYTES = 24
HEAD_ADDRESS = 0xA40020
CHECKSUM_ADDRESS = 0xA4003C
REFERENCE_ADDRESS = 0xA40060
FACTORY_ADDRESSES = range(0xA40020, 0xA40080)
"""The factory calibration. Never written: a board whose block was overwritten is spoiled for good."""
KG_STEP = 17.0
"""The block holds each sensor's counts at 0, 17 and 34 kg."""
EXTENSION_PRESENT = 0x02
BATTERY_LOW = 0x01
BATTERY_FULL = 200
"""The battery byte of fresh cells."""
LED_ON = bytes((0x11, 0x10))
LED_OFF = bytes((0x11, 0x00))
ASK_STATUS = bytes((0x15, 0x00))
STREAM_WEIGHTS = bytes((0x12, 0x04, 0x32))
"""Report 0x32 continuously: buttons and the four sensors."""
STREAM_NOTHING = bytes((0x12, 0x00, 0x30))
"""Buttons alone, when one is pressed."""
START_EXTENSION = ((0xA400F0, b"\x55"), (0xA400FB, b"\x00"))
"""The two writes after which the extension speaks unencrypted."""


@dataclass(frozen=True, slots=True)
class Weights:
    """The four sensors' counts (0..65535) in the order of `hal.roles.CORNERS`; `button` is the power button."""

    counts: tuple[int, ...]
    button: bool


@dataclass(frozen=True, slots=True)
class BoardStatus:
    """Report 0x20: whether the extension (the sensors) is there, and the battery (%, of fresh cells)."""

    extension: bool
    battery_low: bool
    battery_pct: float


@dataclass(frozen=True, slots=True)
class MemoryPart:
    """Report 0x21: `data` from the low 16 bits of an address on; `error` 0 is good, 7 write-only, 8 nothing there."""

    offset: int
    data: bytes
    error: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Report 0x22: the answer to output report `report`; `error` 0 is good."""

    report: int
    error: int


Message = Weights | BoardStatus | MemoryPart | Acknowledged


class BoardReports:
    """Reports to messages. `dropped` counts reports too short for their number, `unknown` those of other numbers."""

    def __init__(self) -> None:
        self.dropped = 0
        self.unknown = 0

    def feed(self, data: bytes) -> list[Message]:
        """The message of one report; none for one that is cut short or of no use here. Never raises."""
        length = _LENGTHS.get(data[0]) if data else None
        if length is None:
            self.unknown += 1
            logger.debug("balance board: unknown report %s", data[:24].hex())
            return []
        if len(data) < length:
            self.dropped += 1
            return []
        return [_message(data)]


_LENGTHS = {0x20: 7, 0x21: 22, 0x22: 5, 0x32: 11, 0x34: 22}


def _message(data: bytes) -> Message:
    number = data[0]
    if number == 0x20:
        return BoardStatus(
            bool(data[3] & EXTENSION_PRESENT), bool(data[3] & BATTERY_LOW), min(100.0, data[6] * 100 / BATTERY_FULL)
        )
    if number == 0x21:
        size = (data[3] >> 4) + 1
        return MemoryPart(int.from_bytes(data[4:6], "big"), data[6 : 6 + size], data[3] & 0x0F)
    if number == 0x22:
        return Acknowledged(data[3], data[4])
    return Weights(_corners(data[3:11]), bool(data[2] & 0x08))


def _corners(data: bytes) -> tuple[int, ...]:
    """Four big-endian words, on the wire top right, bottom right, top left, bottom left, in the order of `CORNERS`."""
    top_right, bottom_right, top_left, bottom_left = (int.from_bytes(data[at : at + 2], "big") for at in (0, 2, 4, 6))
    return top_left, top_right, bottom_left, bottom_right


def write_memory(address: int, data: bytes) -> bytes:
    """The output report that writes `data` (1..16 bytes); raises ValueError for the factory calibration."""
    if not 1 <= len(data) <= 16:
        raise ValueError(f"1 to 16 bytes can be written at once, not {len(data)}")
    if address < FACTORY_ADDRESSES.stop and address + len(data) > FACTORY_ADDRESSES.start:
        raise ValueError(f"0x{address:06X} lies in the factory calibration, which is never written")
    return bytes((0x16, 0x04)) + address.to_bytes(3, "big") + bytes((len(data),)) + data.ljust(16, b"\0")


def read_memory(address: int, size: int) -> bytes:
    """The output report that asks for `size` bytes; they come in `MemoryPart`s of at most 16."""
    return bytes((0x17, 0x04)) + address.to_bytes(3, "big") + size.to_bytes(2, "big")


class CalibrationError(ValueError):
    """The block is damaged; the message says how."""


@dataclass(frozen=True, slots=True)
class BoardCalibration:
    """Counts of the four sensors, in the order of `hal.roles.CORNERS`, at 0, 17 and 34 kg."""

    at_0_kg: tuple[int, ...]
    at_17_kg: tuple[int, ...]
    at_34_kg: tuple[int, ...]

    def loads_kg(self, counts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Loads (kg) of counts, shape (n, 4), straight lines through the three points, the outer ones prolonged.

        Unlike the kernel's conversion nothing is clamped at zero: a sensor whose zero has sunk must show it, or a tare
        is impossible and the centre of pressure is drawn towards the others.
        """
        low, middle, high = (np.array(row, dtype=float) for row in (self.at_0_kg, self.at_17_kg, self.at_34_kg))
        below = KG_STEP * (counts - low) / (middle - low)
        above = KG_STEP + KG_STEP * (counts - middle) / (high - middle)
        loads: NDArray[np.float64] = np.where(counts < middle, below, above)
        return loads


def parse_calibration(
    block: bytes, head: bytes, reference: bytes, checksum: bytes, *, trust: bool = False
) -> BoardCalibration:
    """The calibration in `block` (24 bytes at 0xA40024), checked; raises `CalibrationError`.

    `checksum` (4 bytes at 0x3C) is the CRC-32 of `block`, `head` (2 bytes at 0x20) and `reference` (2 bytes at 0x60,
    the reference temperature), big-endian. `trust` takes a block whose checksum does not fit.
    """
    rows = tuple(_corners(block[at : at + 8]) for at in range(0, CALIBRATION_BYTES, 8))
    if any(not low < middle < high for low, middle, high in zip(*rows, strict=True)):
        raise CalibrationError("its calibration does not rise with the load")
    found = zlib.crc32(block + head + reference).to_bytes(4, "big")
    if found != checksum and not trust:
        raise CalibrationError(f"its calibration has checksum {checksum.hex()} instead of {found.hex()}")
    return BoardCalibration(*rows)
