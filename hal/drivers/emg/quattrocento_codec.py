"""OT Bioelettronica Quattrocento on the wire: the 40-byte configuration and the sample stream. No I/O.

Samples are int16 little-endian, all channels of a sample, then the next: biomedical inputs first, then 16 AUX and 8
accessory channels. Read from the maker's public protocol and public drivers; not verified on hardware: the order of
the accessory channels (sample counter first) and the two-bit code of the high-pass filter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hal.crc import crc8_maxim

UV_PER_COUNT = 5e6 / 65536 / 150
"""One count of a biomedical input (uV): 5 V range, 16 bit, gain 150."""
AUX_V_PER_COUNT = 5 / 65536 / 0.5
"""One count of an AUX input (V): 5 V range, 16 bit, gain 0.5."""
RAIL_COUNTS = 32767
AUX_CHANNELS = 16
ACCESSORY_CHANNELS = 8

RATE_CODES = {512: 0, 2048: 1, 5120: 2, 10240: 3}
CHANNEL_CODES = {120: 0, 216: 1, 312: 2, 408: 3}
HIGH_PASS_CODES = {0.7: 0, 10.0: 1, 100.0: 2, 200.0: 3}
LOW_PASS_CODES = {130: 0, 500: 1, 900: 2, 4400: 3}
MODE_CODES = {"monopolar": 0, "differential": 1, "bipolar": 2}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What to acquire; every input gets the same filters and mode. Values must be keys of the code tables above."""

    rate_hz: int = 5120
    channels: int = 120
    high_pass_hz: float = 10.0
    low_pass_hz: int = 900
    mode: str = "bipolar"

    def command(self, *, acquire: bool) -> bytes:
        """The 40-byte command that starts (`acquire`) or stops acquisition; the device answers nothing."""
        settings = 0x80 | RATE_CODES[self.rate_hz] << 3 | CHANNEL_CODES[self.channels] << 1 | acquire
        filters = (
            HIGH_PASS_CODES[self.high_pass_hz] << 4 | LOW_PASS_CODES[self.low_pass_hz] << 2 | MODE_CODES[self.mode]
        )
        head = bytes((settings, 0, 0)) + bytes((0, 0, filters)) * 12
        return head + bytes((crc8_maxim(head),))

    @property
    def inputs(self) -> int:
        """Biomedical inputs; AUX and accessory channels follow them."""
        return self.channels - AUX_CHANNELS - ACCESSORY_CHANNELS

    def aux_column(self, number: int) -> int:
        """Column of AUX IN `number` (1..16)."""
        return self.inputs + number - 1

    @property
    def counter_column(self) -> int:
        """Column of the sample counter, the first accessory channel."""
        return self.inputs + AUX_CHANNELS


class SampleStream:
    """Bytes as they come, to whole samples of all channels."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._rest = b""

    def feed(self, data: bytes) -> NDArray[np.int16]:
        """All samples completed by `data`: a read-only view, int16 counts, shape (n, channels), n may be 0."""
        whole = self._rest + data if self._rest else data
        rows = len(whole) // (2 * self._channels)
        used = rows * 2 * self._channels
        self._rest = whole[used:]
        return np.frombuffer(whole, "<i2", rows * self._channels).reshape(rows, self._channels)
