"""What the EMG amplifiers at the end of a byte stream share: channels, running index, loss, what the screen shows."""

import time
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
NO_COUNTER = "its sample counter stands still: lost samples cannot be seen"
USE_KNOWING = "update the amplifier, or use it knowing this"
OFF_RATE = "its rate is not what it should be: "
OFF_RATE_REMEDY = "set amplifier and device file to the same rate; evoked potentials are not measured until then"


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
        self._was_off = False
        self.real_s: Callable[[], float] = time.monotonic
        self.blocks = blocks

    @property
    @abstractmethod
    def suits_meps(self) -> bool:
        """Whether motor evoked potentials may be measured with it, as it is configured."""

    @property
    def for_meps(self) -> bool:
        """Whether motor evoked potentials may be measured with it now: it suits, and its rate is what it should be."""
        return self.suits_meps and not self.blocks.pace.is_off

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
        """Measured rate, received and lost samples, its clock, and what the amplifier is not good for."""
        return Vitals(
            rate_hz=self.blocks.pace.rate_hz,
            received=self.blocks.received,
            lost=self.blocks.lost,
            clock_offset_ms=self.blocks.pace.offset_ms,
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
        self._watch_rate(now_ns)
        for block in blocks:
            self.publish(block)

    def doubt(self, error: str, remedy: str) -> None:
        """Say beside an otherwise healthy state what cannot be relied on; the first doubt stays."""
        if not self.health.error:
            self.set_health(replace(self.health, error=error, remedy=remedy))

    @property
    def doubts(self) -> tuple[str, str]:
        """That it measures nothing, while no channel moves."""
        return (FROZEN, FROZEN_REMEDY) if self._stillness.frozen else ("", "")

    def _watch_stillness(self, used: Counts) -> None:
        if not self._stillness.see(used, self.blocks.rate_hz):
            return
        if self._stillness.frozen:
            self.doubt(FROZEN, FROZEN_REMEDY)
        else:
            self._no_longer(FROZEN)

    def _watch_rate(self, now_ns: int) -> None:
        self.blocks.pace.feed(now_ns / 1e9, self.blocks.next_sample, self.real_s())
        if self.blocks.pace.is_off:
            self._was_off = True
            self.doubt(off_rate(self.blocks), OFF_RATE_REMEDY)
        elif self._was_off:
            self._was_off = False
            self._no_longer(OFF_RATE)

    def _no_longer(self, doubt: str) -> None:
        """What a doubt that began so was about is over."""
        if self.health.error.startswith(doubt):
            self.set_health(replace(self.health, error="", remedy=""))


def off_rate(blocks: BlockMaker) -> str:
    """The doubt in words: which rate was configured, and which is measured."""
    return f"{OFF_RATE}{blocks.rate_hz:g} Hz are configured, and {blocks.pace.rate_hz or 0.0:.0f} Hz come"
