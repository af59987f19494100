"""A simulated Wii Balance Board: a Wii Remote's reports, an extension with a memory, four aged sensors.

Its memory is drawn as the published one is laid out: 12 calibration words at 0x24, their CRC-32 at 0x3C, the reference
temperature at 0x60. Whoever writes there spoils it, as on the real board: see `forbidden_writes`.
"""

import struct
import zlib

import numpy as np

from hal.sim.far_end import Surroundings
from hal.sim.patient.waveform import Array
from hal.sim.plate.hid_port import HidPort
from hal.sim.plate.plate_source import PlateFarEnd, PlateSample, PlateSource
from hal.sim.truth import Truth

RATE_HZ = 100.0
JITTER_S = 0.0012
SPACING_CM = (43.3, 23.8)
COUNTS_PER_KG = 104.0
NOISE_COUNTS = 3.8
"""0.36 N rms a sensor."""
AGED_KG = 1.5
"""Standard deviation of what years of use have added to a sensor's zero."""
WIRE_TO_CORNER = (1, 3, 0, 2)
"""Right front, right back, left front, left back on the wire; loads come left front, right front, left back, ..."""
FULL_BATTERY = 190
FACTORY = range(0x20, 0x80)


class Memory:
    """The extension's 256 bytes; `points` are the counts at 0, 17 and 34 kg in wire order, shape (3, 4)."""

    def __init__(self, rng: np.random.Generator) -> None:
        zero = rng.integers(1000, 16000, 4)
        first = zero + np.rint(17 * COUNTS_PER_KG * rng.uniform(0.96, 1.04, 4)).astype(int)
        second = first + np.rint(17 * COUNTS_PER_KG * rng.uniform(0.97, 1.03, 4)).astype(int)
        self.points = np.stack((zero, first, second))
        self.cells = bytearray(256)
        self.encrypted = True
        self._started = False
        words = struct.pack(">12H", *(int(word) for word in self.points.ravel()))
        self.cells[0x20:0x22] = b"\x10\x69"
        self.cells[0x24:0x3C] = words
        self.cells[0x60:0x62] = b"\x1a\x01"
        self.cells[0x3C:0x40] = struct.pack(">I", zlib.crc32(words + b"\x10\x69\x1a\x01"))
        self.cells[0xFA:0x100] = bytes.fromhex("0000A4200402")
        self.forbidden_writes = 0

    def write(self, at: int, data: bytes) -> None:
        """Store, and notice the two writes that end the encryption."""
        if any(place in FACTORY for place in range(at, at + len(data))):
            self.forbidden_writes += 1
        self.cells[at : at + len(data)] = data
        if at == 0xF0 and data == b"\x55":
            self._started = True
        if at == 0xFB and data == b"\x00" and self._started:
            self.encrypted = False

    def read(self, at: int, size: int) -> bytes:
        """What a reader sees: scrambled until the extension was started."""
        data = bytes(self.cells[at : at + size])
        return bytes((byte ^ 0x97) & 0xFF for byte in data) if self.encrypted else data

    def counts(self, loads_kg: Array) -> Array:
        """Counts of four loads (wire order) by the calibration's own two lines."""
        zero, first, second = self.points
        low = zero + loads_kg / 17 * (first - zero)
        high = first + (loads_kg - 17) / 17 * (second - first)
        counts: Array = np.where(loads_kg < 17, low, high)
        return counts


class BalanceBoardDevice(PlateFarEnd):
    """The board on its socket. `stander` takes what hands do; `replug_extension` loosens the sensors' inner plug."""

    port: HidPort

    def __init__(self, around: Surroundings) -> None:
        self.source = PlateSource(around, RATE_HZ, SPACING_CM, jitter_s=JITTER_S)
        self.stander = self.source.stander
        self.memory = Memory(np.random.default_rng(around.seed + 2))
        self.port = HidPort(around.folder / around.name, self._on_report, self._reset)
        self.led = False
        self.sent = 0
        self.truth: Truth | None = None
        self._aged_kg = self.source.rng.normal(0.0, AGED_KG, 4)
        self._mode = 0x30
        self._last = (0, 0, 0, 0)

    def measured(self, sample: PlateSample) -> None:
        """One report a sample, in the modes that have loads in them."""
        if self._mode in (0x32, 0x34) and self.port.connected:
            self._say(self._weights(sample))
            self.sent += 1

    def replug_extension(self) -> None:
        """The extension goes and comes: two status reports, and the stream has ended."""
        self._say(self._status(extension=False))
        self.memory.encrypted = True
        self._say(self._status(extension=True))

    def _reset(self) -> None:
        self._mode = 0x30
        self.memory.encrypted = True

    def _on_report(self, report: bytes) -> None:
        if self.source.struck("silence"):
            return
        match report[0]:
            case 0x11 if len(report) >= 2:
                self.led = bool(report[1] & 0x10)
            case 0x12 if len(report) >= 3:
                self._mode = report[2]
            case 0x15:
                self._say(self._status(extension=True))
            case 0x16 if len(report) == 22:
                address, size = int.from_bytes(report[2:5], "big"), report[5]
                self.memory.write(address & 0xFF, report[6 : 6 + size])
                self._say(bytes((0x22, 0, 0, 0x16, 0)))
            case 0x17 if len(report) == 7:
                self._tell(int.from_bytes(report[2:5], "big"), int.from_bytes(report[5:7], "big"))

    def _tell(self, address: int, size: int) -> None:
        for at in range(address, address + size, 16):
            part = min(16, address + size - at)
            error = 0 if at >> 16 == 0xA4 else 8
            data = self.memory.read(at & 0xFF, part) if not error else b""
            head = bytes((0x21, 0, 0, (part - 1) << 4 | error)) + struct.pack(">H", at & 0xFFFF)
            self._say(head + data.ljust(16, b"\0"))

    def _status(self, *, extension: bool) -> bytes:
        """Report 0x20; the stream ends with it."""
        self._mode = 0x30
        low = self.source.struck("low_battery")
        level = round(low.number * 2) if low else FULL_BATTERY
        flags = (0x02 if extension else 0) | (0x10 if self.led else 0) | (0x01 if level < 20 else 0)
        return bytes((0x20, 0, 0, flags, 0, 0, min(level, 255)))

    def _weights(self, sample: PlateSample) -> bytes:
        if not sample.frozen:
            loads = np.array([sample.loads_kg[corner] for corner in WIRE_TO_CORNER]) + self._aged_kg
            noisy = self.memory.counts(loads) + self.source.rng.normal(0.0, NOISE_COUNTS, 4)
            top_right, bottom_right, top_left, bottom_left = (int(n) for n in np.clip(np.rint(noisy), 0, 0xFFFF))
            self._last = (top_right, bottom_right, top_left, bottom_left)
        counts = list(self._last)
        if (corner := self.source.saturated()) is not None:
            counts[WIRE_TO_CORNER.index(corner)] = 0xFFFF
        if self.truth is not None:
            self.truth.note((sample.number,), (sample.at_s,), counts)
        words = struct.pack(">4H", *counts)
        if self._mode == 0x34:
            return bytes((0x34, 0, 0)) + words + bytes((0x1A, 0, 0x80)) + bytes(8)
        return bytes((0x32, 0, 0)) + words

    def _say(self, report: bytes) -> None:
        if self.source.struck("silence"):
            return
        if self.source.struck("truncated"):
            report = report[:-3]
        if self.source.struck("garbage"):
            noise = self.source.rng.bytes(int(self.source.rng.integers(1, 23)))
            self.port.write(bytes((noise[0] | 0x40,)) + noise[1:])
            report = bytes((report[0] ^ 0x48,)) + report[1:]
        self.port.write(report)


def make(around: Surroundings) -> BalanceBoardDevice:
    """The far end `balance_board`."""
    return BalanceBoardDevice(around)
