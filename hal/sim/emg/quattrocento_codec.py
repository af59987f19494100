"""The bytes of a Quattrocento as the device sees them: the 40-byte configuration in, rows of int16 out.

From the maker's public description as used by open drivers. The 24 last columns are 16 AUX inputs and 8 accessory
columns, of which the first counts samples and the second shows the trigger.
"""

from dataclasses import dataclass

from hal.sim.crc8 import check

CONFIG_BYTES = 40
RATES_HZ = (512, 2048, 5120, 10240)
CHANNELS = (120, 216, 312, 408)
UV_PER_COUNT = 5e6 / 65536 / 150
AUX_UV_PER_COUNT = 5e6 / 65536 / 0.5
AUX_COLUMNS = 16
ACCESSORY_COLUMNS = 8
RAIL = 32767


class BadConfig(ValueError):
    """A configuration the device does not take."""


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What byte 0 of a valid configuration asks for."""

    on: bool
    rate_hz: int
    channels: int

    @property
    def trigger_column(self) -> int:
        """Column of AUX 1, where the stimulator's trigger line is plugged in."""
        return self.channels - AUX_COLUMNS - ACCESSORY_COLUMNS

    @property
    def counter_column(self) -> int:
        """Column of the sample counter."""
        return self.channels - ACCESSORY_COLUMNS


def parse_config(data: bytes) -> Acquisition:
    """The acquisition that 40 bytes ask for; raises `BadConfig` naming what is wrong."""
    if len(data) != CONFIG_BYTES:
        raise BadConfig(f"{len(data)} bytes instead of {CONFIG_BYTES}")
    if check(data[:-1]) != data[-1]:
        raise BadConfig(f"CRC {data[-1]:02X} instead of {check(data[:-1]):02X}")
    settings = data[0]
    if not settings & 0x80:
        raise BadConfig("bit 7 of byte 0 is not set")
    return Acquisition(bool(settings & 1), RATES_HZ[settings >> 3 & 3], CHANNELS[settings >> 1 & 3])
