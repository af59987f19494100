"""OpenBCI Cyton on its USB dongle (115200 baud): EMG envelopes for gait, never evoked potentials.

The radio carries 250 Hz: above 125 Hz there is nothing. The 8-bit counter shows up to 255 lost packets; whole turns of
256 are found by the clock, seconds later. Set the dongle's latency timer to 1 ms. Not tried on hardware: see
`cyton_codec`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal.drivers.emg import cyton_codec as codec
from hal.drivers.emg.emg_blocks import BlockMaker, ChannelOption, Counts, check_channels, check_one_of
from hal.drivers.emg.frame_finder import Bytes, FrameFinder
from hal.drivers.emg.framed_emg import FRAMED_PATIENCE, FramedEmg
from hal.linked import Patience
from hal.links.base import Link
from hal.options import parse_options

ANSWER_S = 3.0


@dataclass(frozen=True, slots=True)
class CytonOptions:
    """Options of a device file. `trigger_pin` is the digital pin with the stimulator's trigger, 0 for none."""

    channels: tuple[ChannelOption, ...]
    trigger_pin: int = 0
    block_ms: float = 20.0

    def __post_init__(self) -> None:
        check_one_of("trigger_pin", self.trigger_pin, (0, *codec.AUX_OF_PIN))
        check_channels(self.channels, codec.INPUTS)


class Cyton(FramedEmg):
    """A `hal.roles.EmgAmplifier` for envelopes."""

    default_baud = 115200
    rail_counts = codec.RAIL_COUNTS
    modulus = codec.MODULUS
    silent_remedy = "check that the board is on and charged, its dongle set to GPIO 6, and the right port configured"

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = FRAMED_PATIENCE,
    ) -> None:
        self.options = parse_options(CytonOptions, options or {}, device=name)
        blocks = BlockMaker(codec.UV_PER_COUNT, codec.RATE_HZ)
        super().__init__(name, now_ns, link, patience, self.options.channels, blocks, block_ms=self.options.block_ms)

    async def talk(self) -> None:
        """Reset, wait until it has introduced itself, choose what the packets carry, start; raises `NoAnswer`."""
        self.link.write(codec.STOP)
        self.link.write(codec.RESET)
        await self.text(_ended, ANSWER_S, "greeting after its reset")
        if self.options.trigger_pin:
            self.link.write(codec.DIGITAL_MODE)
            await self.text(_ended, ANSWER_S, "answer to the digital mode")
        self.start_frames()
        self.link.write(codec.START)
        await super().talk()

    async def goodbye(self) -> None:
        """Stop streaming."""
        self.link.write(codec.STOP)

    def finder(self) -> FrameFinder:
        """Packets."""
        return codec.packet_finder()

    def decode(self, frames: Bytes) -> tuple[Counts, NDArray[np.int64], NDArray[np.uint8] | None]:
        """Counts, counter and the trigger's pin."""
        counts, counter = codec.decode(frames)
        number = self.options.trigger_pin
        return counts, counter, codec.pin(frames, number) if number else None


def _ended(text: bytes) -> bool:
    return codec.END_OF_TEXT in text
