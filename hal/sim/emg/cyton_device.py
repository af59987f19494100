"""A simulated OpenBCI Cyton on a pseudo-terminal: text and 33-byte packets at 250 Hz.

In digital mode pin 11 carries the stimulator's trigger; otherwise the auxiliary bytes hold a board at rest.
"""

import struct

from hal.sim.emg.emg_far_end import PortedAmplifier
from hal.sim.emg.emg_source import Rows
from hal.sim.far_end import Surroundings
from hal.sim.ports import PtyPort

GREETING = b"OpenBCI V3 8-16 channel\nOn Board ADS1299 Device ID: 0x3E\nLIS3DH Device ID: 0x33\nFirmware: v3.1.1\n$$$"
NV_PER_COUNT = 4.5e9 / 8388607 / 24
AT_REST = struct.pack(">3h", 0, 0, round(1.0 / (0.002 / 16)))


def packet(values_uv: list[float], number: int, aux: bytes, tail: int, rail: tuple[int, ...] = ()) -> bytes:
    """One packet of eight channels (uV)."""
    counts = [min(max(round(uv * 1000 / NV_PER_COUNT), -8388608), 8388607) for uv in values_uv]
    for column in rail:
        counts[column] = 8388607
    body = b"".join(count.to_bytes(3, "big", signed=True) for count in counts)
    return bytes((0xA0, number % 256)) + body + aux + bytes((tail,))


class CytonDevice(PortedAmplifier):
    """Streams from `b` to `s`."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__(around, 250.0)
        self.port = self.data_port = PtyPort(around.folder / around.name, self._on_bytes)
        self._digital = False
        self._slash = False

    def frames(self, rows: Rows) -> list[bytes]:
        """One packet a sample."""
        return [
            packet(
                sample.tolist(),
                int(number),
                bytes((int(high), 0, 0, 0, 0, 0)) if self._digital else AT_REST,
                0xC1 if self._digital else 0xC0,
                rows.saturated,
            )
            for sample, number, high in zip(rows.uv, rows.numbers, rows.trigger, strict=True)
        ]

    def _on_bytes(self, data: bytes) -> None:
        if self.source.struck("silence") is None:
            for command in data.decode("latin-1"):
                self._obey(command)

    def _obey(self, command: str) -> None:
        if self._slash:
            self._slash, self._digital = False, command == "3"
            if not self.source.running:
                self.port.write(b"Success: digital$$$" if self._digital else b"Success: default$$$")
        elif command == "/":
            self._slash = True
        elif command == "s":
            self.source.end()
        elif command == "v" and not self.source.running:
            self._digital = False
            self.port.write(GREETING)
        elif command == "b" and not self.source.running:
            self.source.begin()


def make(around: Surroundings) -> CytonDevice:
    """The far end `cyton`."""
    return CytonDevice(around)
