"""BITalino on a serial port (Bluetooth RFCOMM channel 1, 115200 baud): EMG envelopes for gait, never evoked potentials.

10 bits at 1000 Hz resolve neither the onset nor a small response. The 4-bit counter shows up to 15 lost frames; whole
turns of 16 are found by the clock, seconds later. Not tried on hardware: see `bitalino_codec`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal.drivers.emg import bitalino_codec as codec
from hal.drivers.emg.emg_blocks import BlockMaker, ChannelOption, Counts, check_channels, check_one_of
from hal.drivers.emg.frame_finder import Bytes, FrameFinder
from hal.drivers.emg.framed_emg import FRAMED_PATIENCE, FramedEmg
from hal.linked import Patience
from hal.links.base import Link
from hal.options import parse_options

BETWEEN_COMMANDS_S = 0.1
ANSWER_S = 1.5


@dataclass(frozen=True, slots=True)
class BitalinoOptions:
    """Options of a device file. `trigger_line` is the digital input (1, 2) with the trigger, 0 for none."""

    channels: tuple[ChannelOption, ...]
    rate_hz: int = 1000
    trigger_line: int = 0
    block_ms: float = 20.0

    def __post_init__(self) -> None:
        check_one_of("rate_hz", self.rate_hz, (100, 1000))
        check_one_of("trigger_line", self.trigger_line, (0, 1, 2))
        check_channels(self.channels, codec.INPUTS)

    @property
    def inputs(self) -> int:
        """Channels to acquire: all up to the last one used."""
        return max(channel.input for channel in self.channels)


class Bitalino(FramedEmg):
    """A `hal.roles.EmgAmplifier` for envelopes."""

    default_baud = 115200
    rail_counts = codec.RAIL_COUNTS
    modulus = codec.MODULUS
    silent_remedy = "check that the board is on, charged and paired, and that the right port is configured"

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = FRAMED_PATIENCE,
    ) -> None:
        self.options = parse_options(BitalinoOptions, options or {}, device=name)
        self.model = ""
        blocks = BlockMaker(codec.UV_PER_COUNT, float(self.options.rate_hz))
        super().__init__(name, now_ns, link, patience, self.options.channels, blocks, block_ms=self.options.block_ms)

    @property
    def notes(self) -> tuple[str, ...]:
        """What it cannot show."""
        coarse = [channel.name for channel in self.options.channels if channel.input > 4]
        steps = f"{', '.join(coarse)}: steps of {codec.UV_PER_COUNT * codec.COARSE_STEP:.0f} uV"
        return (*super().notes, *((steps,) if coarse else ()))

    async def talk(self) -> None:
        """Stop what may run, ask who it is, then start; raises `NoAnswer`."""
        self.link.write(codec.STOP)
        await asyncio.sleep(BETWEEN_COMMANDS_S)
        self.link.write(codec.VERSION)
        self.model = await self.text(codec.version, ANSWER_S, "version")
        await asyncio.sleep(BETWEEN_COMMANDS_S)
        self.link.write(codec.rate_command(self.options.rate_hz))
        await asyncio.sleep(BETWEEN_COMMANDS_S)
        self.start_frames()
        self.link.write(codec.start_command(self.options.inputs))
        await super().talk()

    async def goodbye(self) -> None:
        """Stop acquisition: the board would go on sending."""
        self.link.write(codec.STOP)

    def finder(self) -> FrameFinder:
        """Frames of the configured length."""
        return codec.frame_finder(self.options.inputs)

    def decode(self, frames: Bytes) -> tuple[Counts, NDArray[np.int64], NDArray[np.uint8] | None]:
        """Counts, counter and the trigger's digital line."""
        counts, counter, lines = codec.decode(frames, self.options.inputs)
        line = self.options.trigger_line
        return counts, counter, codec.line(lines, line) if line else None
