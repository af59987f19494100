"""A MagPro's bytes as the device side writes and reads them: frames, numbers, the messages it sends.

`FE LEN BODY CRC FF`, 16-bit values high byte first, but the interval's index low byte first. As read from the public
drivers (MAGIC, magicpy, Koponen's MagProController, xiangruili's TMS, NeuroSimo), written apart from our own driver, so
that the two check each other.
"""

import struct
from typing import NamedTuple

from hal.sim.crc8 import check

START, END = 0xFE, 0xFF
LONGEST = 32
"""Longest body that the device waits for (bytes); commands have up to 12."""

R30, X100, R30_OPTION, X100_OPTION, R30_OPTION_MONO, MST = range(6)
STANDARD, POWER, TWIN, DUAL = range(4)
MONOPHASIC, BIPHASIC, HALF_SINE, BURST = range(4)
SEQUENCE, EXTERNAL_TRIGGER = 0, 1
MAIN, TIMING, TRIGGER, CONFIGURE, PROTOCOL = 1, 2, 3, 4, 7
SETTABLE_PAGES = (MAIN, TIMING, TRIGGER, CONFIGURE, PROTOCOL)
SHORT_STATUS, AMPLITUDE, PULSE, COIL, LONG_STATUS = 0x00, 0x01, 0x02, 0x03, 0x05
PAGE, WAVEFORM, DELAYS, TIMING_PAGE, COUNTERS = 0x08, 0x09, 0x0A, 0x0B, 0x0C


def _steps(*spans: tuple[float, float, float]) -> tuple[float, ...]:
    values: list[float] = []
    for high, low, step in spans:
        count = round((high - low) / step)
        values += [round(high - i * step, 1) for i in range(count)]
    return (*values, spans[-1][1])


BURST_IPI_MS = _steps((100, 20, 1), (20, 10, 0.5), (10, 0.5, 0.1))
PAIR_IPI_MS = _steps((3000, 1000, 100), (1000, 500, 50), (500, 100, 10), (100, 20, 1), (20, 10, 0.5), (10, 1, 0.1))


def frame(body: bytes) -> bytes:
    """What goes over the wire for `body`."""
    return struct.pack(f"BB{len(body)}sBB", START, len(body), body, check(body), END)


class FrameReader:
    """Bytes to the bodies of valid frames; what is no frame is passed over, byte by byte."""

    def __init__(self) -> None:
        self._held = b""

    def take(self, data: bytes) -> list[bytes]:
        """Take `data`; return the bodies that it completes."""
        held, at = self._held + data, 0
        bodies: list[bytes] = []
        while 0 <= (at := held.find(START, at)) < len(held) - 1:
            length = held[at + 1]
            body, behind = held[at + 2 : at + 2 + length], held[at + 2 + length : at + 4 + length]
            if 1 <= length <= LONGEST and len(behind) < 2:
                break
            if 1 <= length <= LONGEST and behind == bytes((check(body), END)):
                bodies.append(body)
                at += length + 4
            else:
                at += 1
        self._held = held[at:] if at >= 0 else b""
        return bodies


def flags(*, mode: int, waveform: int, enabled: bool, model: int) -> int:
    """The byte that goes with almost every message: mode in bits 0-1, waveform 2-3, enabled 4, model 5-7."""
    return model % 8 * 32 + enabled * 16 + waveform % 4 * 4 + mode % 4


class Account(NamedTuple):
    """What both statuses tell, in the order of the wire: C, coil number, % of maximum output."""

    flags: int
    serial_number: int
    shown_c: int
    coil_type: int
    amplitude_a: int
    amplitude_b: int

    def packed(self) -> bytes:
        """Eight bytes, three of them the serial number."""
        serial = struct.pack(">I", self.serial_number)[1:]
        return struct.pack("B3s4B", self.flags, serial, *self[2:])


def short_status(account: Account) -> bytes:
    """Message 00."""
    return struct.pack("B", SHORT_STATUS) + account.packed()


def long_status(account: Account, page: int, running: bool) -> bytes:
    """Message 05: as 00, then original amplitudes (no protocol here: the same), factors (%), page, running."""
    protocol = struct.pack("6B", account.amplitude_a, account.amplitude_b, 100, 100, page, running)
    return struct.pack("B", LONG_STATUS) + account.packed() + protocol


def report(kind: int, first: int, second: int, flags: int) -> bytes:
    """A short report: 01 amplitudes (%), 02 slopes (A/us), 03 temperature (C) and coil, 08 page and running."""
    return struct.pack("4B", kind, first, second, flags)


def waveform_block(
    *, model: int, mode: int, direction: int, waveform: int, burst_code: int, ipi_ms: float, ratio_code: int
) -> bytes:
    """Message 09. The interval goes as its place in the table of bursts or pairs, low byte first."""
    table = BURST_IPI_MS if waveform == BURST else PAIR_IPI_MS
    index = min(range(len(table)), key=lambda i: abs(table[i] - ipi_ms))
    return struct.pack("<7BHB", WAVEFORM, 0, model, mode, direction, waveform, burst_code, index, ratio_code)


def delays(six: bytes) -> bytes:
    """Message 0A: the delays as they were written."""
    return struct.pack("BB6s", DELAYS, 0, six)


def timing_page(control: int, rate_hz: float, pulses: int, trains: int, inter_train_s: float) -> bytes:
    """Message 0B: what paces, rate and inter-train time in tenths, no beep, no ramp."""
    train = round(rate_hz * 10), pulses, trains, round(inter_train_s * 10)
    return struct.pack(">3B4H3B", TIMING_PAGE, 0, control, *train, 0, 100, 1)


def read_train(data: bytes) -> tuple[float, int, int, float]:
    """Rate (Hz), pulses, trains, inter-train time (s) from the first eight bytes of `data`."""
    rate_tenth_hz, pulses, trains, inter_train_tenth_s = struct.unpack(">4H", data[:8])
    return rate_tenth_hz / 10, pulses, trains, inter_train_tenth_s / 10


def counters(*, trains: int, total_pulses: int, sequence_pulses: int, page: int) -> bytes:
    """Message 0C: trains, all pulses since power-on (24 bit), pulses of this sequence, page; the rest is unknown."""
    total = struct.pack(">I", total_pulses % (1 << 24))[1:]
    return struct.pack(">BxHx3sxH2xB", COUNTERS, trains, total, sequence_pulses % (1 << 16), page)
