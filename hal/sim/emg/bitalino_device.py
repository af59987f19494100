"""A simulated BITalino on a pseudo-terminal: one-byte commands, frames with counter and CRC.

Its inputs are on both shins and calves, then on the left thigh; digital input 1 carries the stimulator's trigger.
"""

import math

import numpy as np

from hal.sim.emg.emg_far_end import PortedAmplifier
from hal.sim.emg.emg_source import Rows
from hal.sim.far_end import Surroundings
from hal.sim.ports import PtyPort

GREETING = b"BITalino_v5.2\n"
ELECTRODES = (0, 1, 4, 5, 2, 3)
"""The patient's channel at each input."""
RATES_HZ = (1.0, 10.0, 100.0, 1000.0)


def checksum(frame: list[int]) -> int:
    """CRC-4 of a frame whose last four bits are still zero, bit by bit as the firmware counts."""
    crc = 0
    for octet in frame:
        for place in range(7, -1, -1):
            crc <<= 1
            if crc & 16:
                crc ^= 0b10011
            crc ^= octet >> place & 1
    return crc


def steps(uv: float, bits: int) -> int:
    """What the converter of a channel makes of a voltage (uV)."""
    value = round((uv / 1e6 * 1009 / 3.3 + 0.5) * (1 << bits))
    return min(max(value, 0), (1 << bits) - 1)


def frame(values: list[int], number: int, lines: int) -> bytes:
    """One frame: `values` of up to six channels, `lines` the four digital lines."""
    row, bits = number % 16 << 8 | lines, 12
    for place, value in enumerate(values):
        width = 10 if place < 4 else 6
        row, bits = row << width | value, bits + width
    length = math.ceil(bits / 8)
    octets = list((row << 8 * length - bits).to_bytes(length, "big"))[::-1]
    octets[-1] |= checksum(octets)
    return bytes(octets)


class BitalinoDevice(PortedAmplifier):
    """Idle until started; `version` is told while idle alone."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, 1000.0)
        self.port = self.data_port = PtyPort(around.folder / around.name, self._on_bytes)
        self._channels = 0

    def frames(self, rows: Rows) -> list[bytes]:
        """One frame a sample."""
        uv = rows.uv[:, ELECTRODES[: self._channels]].copy()
        uv[:, [column for column in rows.saturated if column < self._channels]] = 1e6
        return [
            frame(
                [steps(float(value), 10 if i < 4 else 6) for i, value in enumerate(sample)], int(number), int(high) << 3
            )
            for sample, number, high in zip(uv, rows.numbers, rows.trigger, strict=True)
        ]

    def _on_bytes(self, data: bytes) -> None:
        if self.source.struck("silence") is None:
            for command in data:
                self._obey(command)

    def _obey(self, command: int) -> None:
        if command == 0x00:
            self.source.end()
        elif self.source.running:
            return
        elif command == 0x07:
            self.port.write(GREETING)
        elif command & 3 == 3:
            self.source.rate_hz = RATES_HZ[command >> 6]
        elif command & 3 in (1, 2):
            self._channels = int(np.bitwise_count(np.uint8(command >> 2)))
            self.source.begin()


def make(around: Surroundings) -> BitalinoDevice:
    """The far end `bitalino`."""
    return BitalinoDevice(around)
