"""What Magstim replies mean: status bytes, settings, temperatures, versions, and the shapes they come in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from hal.drivers.stimulator.magstim_codec import Reply, Shape

Model = Literal["rapid2", "200_2", "bistim2", "horizon"]

UNLOCK_FROM_VERSION = 9
"""From this software version on a Rapid wants an unlock code before it lets itself be controlled."""

_COMMON = {letter: Shape() for letter in "QRE@"} | {"F": Shape(digits=6)}
_PAIR = _COMMON | {letter: Shape() for letter in "ACYZ"} | {"J": Shape(digits=9), "X": Shape(raw=1)}
_RAPID = _COMMON | {letter: Shape(rapid=True) for letter in "BD["} | {"I": Shape(raw=3)}


@dataclass(frozen=True, slots=True)
class Widths:
    """How many digits a Rapid's software gives to a train's numbers."""

    pulses: int
    duration: int
    wait: int

    @property
    def settings(self) -> int:
        """Digits of the whole reply: power 3, frequency 4, then these."""
        return 7 + self.pulses + self.duration + self.wait


def widths(version: int) -> Widths:
    """The widths of a software's major version."""
    if version >= 9:
        return Widths(5, 4, 4)
    return Widths(4, 3, 4 if version >= 7 else 3)


def is_rapid(model: Model) -> bool:
    """Whether the model gives trains, and has a software version that decides the shape of its replies."""
    return model in ("rapid2", "horizon")


def shapes(model: Model, version: int | None) -> Mapping[str, Shape]:
    """The shapes of a model's replies. Before a Rapid's version is known, those that depend on it are missing."""
    if not is_rapid(model):
        return _PAIR
    if version is None:
        return _RAPID
    settings = {"\\": Shape(rapid=True, digits=widths(version).settings)}
    system = {"x": Shape(rapid=True, raw=2)} if version >= UNLOCK_FROM_VERSION else {}
    return _RAPID | settings | system


class Instrument(int):
    """The status byte that every reply carries."""

    @property
    def standby(self) -> bool:
        """Disarmed."""
        return bool(self & 0x01)

    @property
    def armed(self) -> bool:
        """Armed or ready: once charged, the armed bit itself may be clear (seen by a public driver as 0x8C)."""
        return bool(self & 0x06)

    @property
    def ready(self) -> bool:
        """Charged: a pulse can be given."""
        return bool(self & 0x04)

    @property
    def coil(self) -> bool:
        """A coil is connected."""
        return bool(self & 0x08)

    @property
    def replace_coil(self) -> bool:
        """The coil is worn out."""
        return bool(self & 0x10)

    @property
    def error(self) -> bool:
        """An error is present."""
        return bool(self & 0x20)

    @property
    def remote(self) -> bool:
        """Remote control is active."""
        return bool(self & 0x80)


class RapidBits(int):
    """The second status byte of a Rapid."""

    @property
    def enhanced(self) -> bool:
        """Enhanced power (up to 110 %)."""
        return bool(self & 0x01)

    @property
    def train(self) -> bool:
        """A train is running."""
        return bool(self & 0x02)

    @property
    def wait(self) -> bool:
        """The pause after a train: it takes neither a start nor other settings."""
        return bool(self & 0x04)

    @property
    def single_pulse(self) -> bool:
        """A start gives one pulse, not a train."""
        return bool(self & 0x08)

    @property
    def high_voltage(self) -> bool:
        """The high-voltage supply is connected."""
        return bool(self & 0x10)

    @property
    def coil_ready(self) -> bool:
        """The coil is ready."""
        return bool(self & 0x20)


@dataclass(frozen=True, slots=True)
class RapidSettings:
    """A Rapid's own account of its train: power in %, frequency in tenths of Hz, times in tenths of a second."""

    power_pct: int
    frequency_tenth_hz: int
    pulses: int
    duration_tenth_s: int
    wait_tenth_s: int


@dataclass(frozen=True, slots=True)
class PairSettings:
    """Powers A and B (%) of a 200-2 or BiStim-2 and the interval between them, in its own unit."""

    power_pct: int
    power_b_pct: int
    interval: int


@dataclass(frozen=True, slots=True)
class Temperatures:
    """Both windings of the coil (C)."""

    first_c: float
    second_c: float

    @property
    def highest_c(self) -> float:
        """The hotter winding (C)."""
        return max(self.first_c, self.second_c)


def rapid_settings(reply: Reply, version: int) -> RapidSettings:
    """The numbers of a reply to `\\`."""
    parts = widths(version)
    values, at = [], 0
    for width in (3, 4, parts.pulses, parts.duration, parts.wait):
        values.append(int(reply.data[at : at + width]))
        at += width
    return RapidSettings(*values)


def pair_settings(reply: Reply) -> PairSettings:
    """The numbers of a reply to `J`."""
    return PairSettings(*(int(reply.data[at : at + 3]) for at in (0, 3, 6)))


def temperatures(reply: Reply) -> Temperatures:
    """The numbers of a reply to `F`, tenths of a degree on the wire."""
    return Temperatures(int(reply.data[:3]) / 10, int(reply.data[3:]) / 10)


def major_version(text: str) -> int | None:
    """The first number in a version text, None where there is none."""
    found = re.search(r"\d+", text)
    return int(found[0]) if found else None
