"""EMG amplifiers."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hal.device import Reading
from hal.roles.common import Openable


@dataclass(frozen=True, slots=True)
class EmgChannel:
    """One bipolar channel: `name` such as "TA left", `muscle` such as "tibialis_anterior"."""

    name: str
    muscle: str
    side: Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class EmgBlock(Reading):
    """Consecutive samples of all configured channels.

    `counts` int16, int32 or float32, one type per device, shape (n, channels); microvolts = counts * `uv_per_count`.
    `first_sample` is the running index of row 0 since acquisition began, gaps included: `lost` samples are missing just
    before it. `triggers` are running sample indices at which the stimulator's trigger line rose; where triggers come in
    a stream of their own, they may lie in an earlier block.
    """

    counts: NDArray[np.int16] | NDArray[np.int32] | NDArray[np.float32]
    uv_per_count: float
    rate_hz: float
    first_sample: int
    triggers: tuple[int, ...] = ()
    lost: int = 0

    @property
    def samples_uv(self) -> NDArray[np.float64]:
        """The block in microvolts, float64, shape (n, channels)."""
        return np.multiply(self.counts, self.uv_per_count, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class LslStamps(Reading):
    """When the sender of an LSL stream says that samples were taken, to be kept beside them.

    `stamps_s` (n,) float64 are its own, untouched, for the samples from running index `first_sample` on; `offset_s`
    added to them gives the LSL clock of this machine as last measured, None where it could not be. Smoothing them is
    left to the analysis: done live it moves samples against markers for minutes.
    """

    first_sample: int
    stamps_s: NDArray[np.float64]
    offset_s: float | None


@runtime_checkable
class EmgAmplifier(Openable, Protocol):
    """A multichannel EMG amplifier; where `for_meps`, it samples the stimulator's trigger line on its own clock."""

    @property
    def channels(self) -> tuple[EmgChannel, ...]:
        """The configured channels, in the order of the block's columns."""
        ...

    @property
    def rate_hz(self) -> float:
        """Samples per second and channel."""
        ...

    @property
    def rail_counts(self) -> int:
        """The count at which the converter saturates."""
        ...

    @property
    def for_meps(self) -> bool:
        """Whether motor evoked potentials may be measured with it: a rate of 2000 Hz or more, and a trigger line.

        False: good for the envelope alone.
        """
        ...
