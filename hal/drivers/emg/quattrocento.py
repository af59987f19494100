"""OT Bioelettronica Quattrocento: bipolar EMG and the stimulator's trigger line over TCP (port 23456).

The device answers nothing to its configuration; data simply start, and the watchdog says when they do not. The
stimulator's trigger goes into an AUX input, so that pulse and response share one clock. Not verified on hardware: see
`quattrocento_codec`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal.drivers.emg.emg_blocks import MEP_RATE_HZ, BlockMaker, ChannelOption, check_channels, check_one_of
from hal.drivers.emg.emg_device import EMG_PATIENCE, NO_COUNTER, USE_KNOWING, EmgDevice
from hal.drivers.emg.quattrocento_codec import (
    AUX_CHANNELS,
    AUX_V_PER_COUNT,
    CHANNEL_CODES,
    HIGH_PASS_CODES,
    LOW_PASS_CODES,
    MODE_CODES,
    RAIL_COUNTS,
    RATE_CODES,
    UV_PER_COUNT,
    Configuration,
    SampleStream,
)
from hal.drivers.emg.sampled import EdgeDetector, LossDetector
from hal.linked import Patience
from hal.links.base import Link
from hal.options import parse_options

STOP_S = 0.1
"""Real time left for the last samples after the stop command."""


@dataclass(frozen=True, slots=True)
class QuattrocentoOptions:
    """Options of a device file. `trigger_aux` is the AUX input (1..16) that carries the stimulator's trigger."""

    channels: tuple[ChannelOption, ...]
    rate_hz: int = 5120
    device_channels: int = 120
    high_pass_hz: float = 10.0
    low_pass_hz: int = 900
    mode: str = "bipolar"
    trigger_aux: int = 1
    trigger_v: float = 1.5
    block_ms: float = 20.0

    def __post_init__(self) -> None:
        check_one_of("rate_hz", self.rate_hz, tuple(RATE_CODES))
        check_one_of("device_channels", self.device_channels, tuple(CHANNEL_CODES))
        check_one_of("high_pass_hz", self.high_pass_hz, tuple(HIGH_PASS_CODES))
        check_one_of("low_pass_hz", self.low_pass_hz, tuple(LOW_PASS_CODES))
        check_one_of("mode", self.mode, tuple(MODE_CODES))
        check_channels(self.channels, self.configuration.inputs)
        if not 1 <= self.trigger_aux <= AUX_CHANNELS or not 0.1 <= self.trigger_v <= 4.5:
            raise ValueError(f"trigger_aux must be 1 to {AUX_CHANNELS}, trigger_v 0.1 to 4.5")
        if not 1 <= self.block_ms <= 500:
            raise ValueError("block_ms must be 1 to 500")

    @property
    def configuration(self) -> Configuration:
        """What the device is told."""
        return Configuration(self.rate_hz, self.device_channels, self.high_pass_hz, self.low_pass_hz, self.mode)


class Quattrocento(EmgDevice):
    """A `hal.roles.EmgAmplifier`."""

    rail_counts = RAIL_COUNTS

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = EMG_PATIENCE,
    ) -> None:
        self.options = parse_options(QuattrocentoOptions, options or {}, device=name)
        blocks = BlockMaker(UV_PER_COUNT, float(self.options.rate_hz))
        super().__init__(name, now_ns, link, patience, self.options.channels, blocks)
        self._configuration = self.options.configuration
        self._block_bytes = round(self.options.block_ms * self.rate_hz / 1000) * 2 * self.options.device_channels
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._restart()

    @property
    def suits_meps(self) -> bool:
        """Whether the configured rate resolves an evoked potential."""
        return self.rate_hz >= MEP_RATE_HZ

    def on_link_up(self) -> None:
        """Start acquisition; what was missed while the link was down is estimated by the station's clock."""
        super().on_link_up()
        self._restart()
        self.link.write(self._configuration.command(acquire=True))

    async def goodbye(self) -> None:
        """Stop acquisition: the device would go on sending."""
        self.link.write(self._configuration.command(acquire=False))
        # Closing with unread samples resets the connection, and the device may then never see the command.
        await asyncio.sleep(STOP_S)

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire; whole blocks are published once enough have come."""
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes < self._block_bytes:
            return
        samples = self._stream.feed(b"".join(self._waiting))
        self._waiting, self._waiting_bytes = [], 0
        if len(samples):
            self._publish(samples)

    def _restart(self) -> None:
        self._stream = SampleStream(self.options.device_channels)
        self._losses = LossDetector()
        self._edges = EdgeDetector(round(self.options.trigger_v / AUX_V_PER_COUNT))
        self._waiting, self._waiting_bytes = [], 0

    def _publish(self, samples: NDArray[np.int16]) -> None:
        gaps = self._losses.feed(samples[:, self._configuration.counter_column])
        rises = self._edges.feed(samples[:, self._configuration.aux_column(self.options.trigger_aux)])
        self.deliver(samples, gaps, rises)
        if self._losses.stuck:
            self.doubt(NO_COUNTER, USE_KNOWING)
