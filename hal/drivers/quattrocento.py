"""OT Bioelettronica Quattrocento: bipolar EMG and the stimulator's trigger line over TCP (port 23456).

The device answers nothing to its configuration; data simply start, and the watchdog says when they do not. The
stimulator's trigger goes into an AUX input, so that pulse and response share one clock. Not verified on hardware: see
`quattrocento_codec`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from hal.device import LinkLost
from hal.drivers.quattrocento_codec import (
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
    EdgeDetector,
    Gap,
    LossDetector,
    SampleStream,
)
from hal.linked import LinkedDevice, Patience
from hal.links.base import Link
from hal.options import parse_options
from hal.roles import EmgBlock, EmgChannel

STOP_S = 0.1
"""Real time left for the last samples after the stop command."""


@dataclass(frozen=True, slots=True)
class ChannelOption:
    """A channel of a device file: `input` counts the biomedical inputs from 1 as they appear in the stream."""

    name: str
    muscle: str
    side: Literal["left", "right"]
    input: int


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
        _one_of("rate_hz", self.rate_hz, RATE_CODES)
        _one_of("device_channels", self.device_channels, CHANNEL_CODES)
        _one_of("high_pass_hz", self.high_pass_hz, HIGH_PASS_CODES)
        _one_of("low_pass_hz", self.low_pass_hz, LOW_PASS_CODES)
        _one_of("mode", self.mode, MODE_CODES)
        inputs = self.configuration.inputs
        if not self.channels or any(not 1 <= channel.input <= inputs for channel in self.channels):
            raise ValueError(f"channels needs at least one channel, each with an input from 1 to {inputs}")
        if not 1 <= self.trigger_aux <= AUX_CHANNELS or not 0.1 <= self.trigger_v <= 4.5:
            raise ValueError(f"trigger_aux must be 1 to {AUX_CHANNELS}, trigger_v 0.1 to 4.5")
        if not 1 <= self.block_ms <= 500:
            raise ValueError("block_ms must be 1 to 500")

    @property
    def configuration(self) -> Configuration:
        """What the device is told."""
        return Configuration(self.rate_hz, self.device_channels, self.high_pass_hz, self.low_pass_hz, self.mode)


def _one_of(key: str, value: object, known: Mapping[Any, int]) -> None:
    if value not in known:
        raise ValueError(f"{key} must be one of {', '.join(map(str, known))}, not {value}")


class Quattrocento(LinkedDevice):
    """A `hal.roles.EmgAmplifier`."""

    role = "emg"
    rail_counts = RAIL_COUNTS

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = Patience(silence_s=0.5, reopen_s=3.0),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self.options = parse_options(QuattrocentoOptions, options or {}, device=name)
        self._configuration = self.options.configuration
        self._columns = np.array([channel.input - 1 for channel in self.options.channels])
        self._block_bytes = round(self.options.block_ms * self.rate_hz / 1000) * 2 * self.options.device_channels
        self._next_sample = 0
        self._lost = 0
        self._last_ns: int | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._restart()

    @property
    def channels(self) -> tuple[EmgChannel, ...]:
        """The configured channels, in the order of the block's columns."""
        return tuple(EmgChannel(channel.name, channel.muscle, channel.side) for channel in self.options.channels)

    @property
    def rate_hz(self) -> float:
        """Samples per second and channel."""
        return float(self.options.rate_hz)

    @property
    def dropped(self) -> int:
        """Samples known to be lost."""
        return self._lost

    def on_link_up(self) -> None:
        """Start acquisition; what was missed while the link was down is estimated by the station's clock."""
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
        self._is_first = True

    def _publish(self, samples: NDArray[np.int16]) -> None:
        gaps = self._losses.feed(samples[:, self._configuration.counter_column])
        if gaps is None:
            raise LinkLost("the samples are out of step: bytes were lost or added", remedy="check the network cable")
        now_ns = self.now_ns()
        if self._is_first:
            gaps = self._gap_since_last(now_ns, len(samples)) + gaps
        self._is_first = False
        self._last_ns = now_ns
        self._lost += sum(gap.lost for gap in gaps)
        self.heard()
        if self._losses.stuck and not self.health.error:
            self.set_health(
                replace(self.health, error=_NO_COUNTER, remedy="update the amplifier, or use it knowing this")
            )
        counts = np.take(samples, self._columns, axis=1)
        rises = self._edges.feed(samples[:, self._configuration.aux_column(self.options.trigger_aux)])
        bounds = [0, *(gap.row for gap in gaps if gap.row), len(samples)]
        lost = {gap.row: gap.lost for gap in gaps}
        for start, end in pairwise(bounds):
            inside = [rise - start for rise in rises if start <= rise < end]
            self._publish_run(counts[start:end], now_ns, lost.get(start, 0), inside)

    def _publish_run(self, counts: NDArray[np.int16], now_ns: int, lost: int, rises: list[int]) -> None:
        first = self._next_sample + lost
        self._next_sample = first + len(counts)
        triggers = tuple(first + rise for rise in rises)
        self.publish(EmgBlock(now_ns, counts, UV_PER_COUNT, self.rate_hz, first, triggers, lost))

    def _gap_since_last(self, now_ns: int, rows: int) -> list[Gap]:
        """Samples missing between the last one before the link was lost and the first one now, by the clock."""
        if self._last_ns is None:
            return []
        missing = round((now_ns - self._last_ns) * self.rate_hz / 1e9) - rows
        return [Gap(0, missing)] if missing > 0 else []


_NO_COUNTER = "its sample counter stands still: lost samples cannot be seen"
