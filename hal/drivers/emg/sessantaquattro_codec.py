"""OT Bioelettronica Sessantaquattro+ on the wire: the 2-byte command, the settings it tells, the samples. No I/O.

Samples are big-endian, signed, 16 or 24 bit, channel by channel: the EMG channels, 2 AUX, then 2 accessory channels of
which the last is a ramp that counts samples. Read from the maker's public description and public drivers; not tried on
hardware. Not known from there: what the 13 bytes of the settings hold beyond, as taken here, the two bytes in force.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

RATES_HZ = (500, 1000, 2000, 4000)
CHANNELS = (8, 16, 32, 64)
MODE_CODES = {"monopolar": 0, "bipolar": 1, "differential": 2, "accelerometers": 3, "impedance": 6, "test": 7}
GAIN_CODES = {"default": 0, "4": 1, "6": 2, "8": 3}
START_CODES = {"go": 0, "internal": 1, "external": 2, "card": 3}
AUX_CHANNELS = 2
ACCESSORY_CHANNELS = 2
SETTINGS_BYTES = 13
GO = 1
RAMP_MODULUS = 65536
"""Counted modulo 16 bit at both resolutions, whatever the width of the ramp at 24 bit."""

_NV_AT_GAIN_1 = {16: 8 * 286.1, 24: 8 * 71.5}


@dataclass(frozen=True, slots=True)
class Settings:
    """What to acquire. `channels` is the device's setting: bipolar mode gives half as many EMG channels."""

    rate_hz: int = 2000
    channels: int = 16
    mode: str = "bipolar"
    bits: Literal[16, 24] = 16
    high_pass: bool = True
    gain: str = "default"
    start: str = "go"
    record: bool = False

    def command(self, *, go: bool) -> bytes:
        """The 2 bytes that set all this and start (`go`) or stop; the device answers nothing."""
        return (self._word | go).to_bytes(2, "big")

    def query(self) -> bytes:
        """The 2 bytes that ask for the settings in force; the device answers with `SETTINGS_BYTES`."""
        return (self._word | 0x8000).to_bytes(2, "big")

    @property
    def _word(self) -> int:
        return (
            RATES_HZ.index(self.rate_hz) << 13
            | CHANNELS.index(self.channels) << 11
            | MODE_CODES[self.mode] << 8
            | (self.bits == 24) << 7
            | self.high_pass << 6
            | GAIN_CODES[self.gain] << 4
            | START_CODES[self.start] << 2
            | self.record << 1
        )

    def agrees(self, told: bytes) -> bool:
        """Whether the settings told (`SETTINGS_BYTES`) are these; whether it runs does not count."""
        return int.from_bytes(told[:2], "big") & 0x7FFF & ~GO == self._word

    @property
    def inputs(self) -> int:
        """EMG channels; AUX and accessory channels follow them."""
        return self.channels // 2 if self.mode == "bipolar" else self.channels

    @property
    def columns(self) -> int:
        """All channels of a sample."""
        return self.inputs + AUX_CHANNELS + ACCESSORY_CHANNELS

    def aux_column(self, number: int) -> int:
        """Column of AUX `number` (1 or 2)."""
        return self.inputs + number - 1

    @property
    def uv_per_count(self) -> float:
        """One count of an EMG channel (uV): 286.1 nV at 16 bit and 71.5 nV at 24 bit, both at gain 8."""
        default = 8 if self.bits == 16 else 2
        return _NV_AT_GAIN_1[self.bits] / (default if self.gain == "default" else int(self.gain)) / 1000

    @property
    def rail_counts(self) -> int:
        """The count at which the converter saturates."""
        return (1 << (self.bits - 1)) - 1


class SampleStream:
    """Bytes as they come, to whole samples of all channels."""

    def __init__(self, columns: int, bits: Literal[16, 24]) -> None:
        self._columns = columns
        self._bytes = bits // 8
        self._rest = b""

    def feed(self, data: bytes) -> NDArray[np.int16] | NDArray[np.int32]:
        """All samples completed by `data`: int16 or int32 counts, shape (n, columns), n may be 0."""
        whole = self._rest + data if self._rest else data
        rows = len(whole) // (self._bytes * self._columns)
        values = rows * self._columns
        self._rest = whole[values * self._bytes :]
        if self._bytes == 2:
            return np.frombuffer(whole, ">i2", values).astype(np.int16).reshape(rows, self._columns)
        widened = np.zeros((values, 4), np.uint8)
        widened[:, :3] = np.frombuffer(whole, np.uint8, 3 * values).reshape(values, 3)
        return (widened.view(">i4")[:, 0] >> 8).astype(np.int32).reshape(rows, self._columns)
