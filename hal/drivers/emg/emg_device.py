"""What the EMG amplifiers at the end of a byte stream share: channels, running index, loss, what the screen shows."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import cast

import numpy as np

from hal.device import LinkLost, Vitals
from hal.drivers.emg.emg_blocks import NOT_FOR_MEPS, BlockMaker, ChannelOption, Counts
from hal.drivers.emg.sampled import Gap
from hal.drivers.stillness import Stillness
from hal.linked import LinkedDevice, Patience
from hal.links.base import Link
from hal.roles import EmgChannel

EMG_PATIENCE = Patience(silence_s=0.5, reopen_s=3.0)
FROZEN = "no channel moves at all: it measures nothing"
FROZEN_REMEDY = "check the electrodes' plugs; then switch the amplifier off and on"


class EmgDevice(LinkedDevice):
    """The larger part of a `hal.roles.EmgAmplifier`; a driver decodes and calls `deliver`."""

    role = "emg"
    rail_counts: int

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        patience: Patience,
        channels: tuple[ChannelOption, ...],
        blocks: BlockMaker,
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self._channels = tuple(EmgChannel(channel.name, channel.muscle, channel.side) for channel in channels)
        self._columns = np.array([channel.input - 1 for channel in channels])
        self._stillness = Stillness()
        self.blocks = blocks

    @property
    @abstractmethod
    def for_meps(self) -> bool:
        """Whether motor evoked potentials may be measured with it, as it is configured."""

    @property
    def channels(self) -> tuple[EmgChannel, ...]:
        """The configured channels, in the order of the block's columns."""
        return self._channels

    @property
    def rate_hz(self) -> float:
        """Samples per second and channel."""
        return self.blocks.rate_hz

    @property
    def dropped(self) -> int:
        """Samples known to be lost."""
        return self.blocks.lost

    @property
    def notes(self) -> tuple[str, ...]:
        """Standing remarks in a therapist's words, beside the one on evoked potentials."""
        return ()

    @property
    def vitals(self) -> Vitals:
        """Measured rate, received and lost samples, and what the amplifier is not good for."""
        return Vitals(
            rate_hz=self.blocks.measured_hz,
            received=self.blocks.received,
            lost=self.blocks.lost,
            notes=(() if self.for_meps else (NOT_FOR_MEPS,)) + self.notes,
        )

    def on_link_up(self) -> None:
        """The next rows follow a gap of unknown length."""
        self.blocks.restart()
        self._stillness.forget()

    def deliver(self, counts: Counts, gaps: list[Gap] | None, rises: list[int]) -> None:
        """Publish rows (counts of all inputs, shape (n, inputs or more), n >= 1); raises `LinkLost` for gaps None."""
        if gaps is None:
            raise LinkLost("the samples are out of step: bytes were lost or added", remedy="check cable or radio link")
        now_ns = self.now_ns()
        used = cast(Counts, np.take(counts, self._columns, axis=1))
        blocks = self.blocks.cut(used, gaps, rises, now_ns)
        self.heard()
        self._watch_stillness(used)
        for block in blocks:
            self.publish(block)

    def doubt(self, error: str, remedy: str) -> None:
        """Say beside an otherwise healthy state what cannot be relied on; the first doubt stays."""
        if not self.health.error:
            self.set_health(replace(self.health, error=error, remedy=remedy))

    def _watch_stillness(self, used: Counts) -> None:
        if not self._stillness.see(used, self.blocks.rate_hz):
            return
        if self._stillness.frozen:
            self.doubt(FROZEN, FROZEN_REMEDY)
        elif self.health.error == FROZEN:
            self.set_health(replace(self.health, error="", remedy=""))


NO_COUNTER = "its sample counter stands still: lost samples cannot be seen"
USE_KNOWING = "update the amplifier, or use it knowing this"
