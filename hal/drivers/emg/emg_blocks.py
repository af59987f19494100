"""From rows of an amplifier to blocks of the role: channels of a device file, running index, measured rate. No I/O."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from hal.drivers.emg.pace import Pace
from hal.drivers.emg.sampled import UNKNOWN, Gap
from hal.roles import EmgBlock

Counts = NDArray[np.int16] | NDArray[np.int32] | NDArray[np.float32]
MEP_RATE_HZ = 2000.0
"""Below this rate the onset and the peaks of a motor evoked potential are not measured."""
NOT_FOR_MEPS = "envelope only: not for motor evoked potentials"


@dataclass(frozen=True, slots=True)
class ChannelOption:
    """A channel of a device file: `input` counts the amplifier's inputs from 1 as they appear in the stream."""

    name: str
    muscle: str
    side: Literal["left", "right"]
    input: int


def check_channels(channels: tuple[ChannelOption, ...], inputs: int) -> None:
    """Raise ValueError unless there are channels and every one has an input from 1 to `inputs`."""
    if not channels or any(not 1 <= channel.input <= inputs for channel in channels):
        raise ValueError(f"channels needs at least one channel, each with an input from 1 to {inputs}")


def check_one_of(key: str, value: object, known: tuple[object, ...]) -> None:
    """Raise ValueError naming the valid values of an option."""
    if value not in known:
        raise ValueError(f"{key} must be one of {', '.join(map(str, known))}, not {value}")


class BlockMaker:
    """Keeps the running sample index of one acquisition, over gaps and reconnections, and cuts blocks at gaps."""

    def __init__(self, uv_per_count: float, rate_hz: float) -> None:
        self.rate_hz = rate_hz
        self.uv_per_count = uv_per_count
        self.next_sample = 0
        self.lost = 0
        self.received = 0
        self._last_ns: int | None = None
        self._is_first = True
        self.pace = Pace(rate_hz)

    def restart(self) -> None:
        """The next rows are the first after the link came up."""
        self._is_first = True
        self.pace.restart()

    def cut(self, counts: Counts, gaps: list[Gap], rises: list[int], now_ns: int) -> list[EmgBlock]:
        """Blocks of `counts`, shape (n, channels), n >= 1, without a gap inside; `rises` are rows of trigger edges.

        What was missed while the link was down, or while the counter told nothing, is estimated by the station's clock.
        """
        if self._is_first:
            gaps = [Gap(0, UNKNOWN), *gaps]
        if any(gap.lost == UNKNOWN for gap in gaps):
            gaps = self._estimated(gaps, now_ns, len(counts))
        self._is_first = False
        self._last_ns = now_ns
        lost: dict[int, int] = {}
        for gap in gaps:
            lost[gap.row] = lost.get(gap.row, 0) + gap.lost
        bounds = [0, *sorted(row for row in lost if row), len(counts)]
        return [self._block(counts, start, end, lost.get(start, 0), rises, now_ns) for start, end in pairwise(bounds)]

    def _block(self, counts: Counts, start: int, end: int, lost: int, rises: list[int], now_ns: int) -> EmgBlock:
        first = self.next_sample + lost
        self.next_sample = first + end - start
        self.lost += lost
        self.received += end - start
        triggers = tuple(first + rise - start for rise in rises if start <= rise < end)
        return EmgBlock(now_ns, counts[start:end], self.uv_per_count, self.rate_hz, first, triggers, lost)

    def _estimated(self, gaps: list[Gap], now_ns: int, rows: int) -> list[Gap]:
        """`gaps` with what the clock says at the last place where nothing else is known."""
        counted = [gap for gap in gaps if gap.lost != UNKNOWN]
        if self._last_ns is None:
            return counted
        row = next(gap.row for gap in reversed(gaps) if gap.lost == UNKNOWN)
        elapsed = round((now_ns - self._last_ns) * self.rate_hz / 1e9)
        missing = elapsed - rows - sum(gap.lost for gap in counted)
        return [*counted, Gap(row, missing)] if missing > 0 else counted
