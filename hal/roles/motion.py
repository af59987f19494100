"""Inertial sensors on feet and legs."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hal.device import Reading
from hal.roles.common import Openable

Placement = Literal[
    "foot_left", "foot_right", "shank_left", "shank_right", "thigh_left", "thigh_right", "pelvis", "unplaced"
]
PLACEMENTS: tuple[Placement, ...] = (
    "foot_left",
    "foot_right",
    "shank_left",
    "shank_right",
    "thigh_left",
    "thigh_right",
    "pelvis",
    "unplaced",
)


@dataclass(frozen=True, slots=True)
class MotionBlock(Reading):
    """Consecutive samples of one inertial sensor in its own raw axes.

    `accel_m_s2` and `gyro_rad_s` are float32, shape (n, 3). `sample_ns` int64, shape (n,), is each sample's time on the
    station's monotonic clock by the device's clock map: strictly rising, also across blocks. `first_sample` is the
    running index of row 0 since `open`, gaps included; `lost` samples are missing just before it. `counts` int64,
    shape (n,), is the device's own counter or clock unwrapped (None where it carries none), in units that the driver's
    `counter_unit` names. Row values a device marked as clipped are in `clipped` (bool, shape (n,)).
    """

    accel_m_s2: NDArray[np.float32]
    gyro_rad_s: NDArray[np.float32]
    sample_ns: NDArray[np.int64]
    first_sample: int
    rate_hz: float
    lost: int = 0
    counts: NDArray[np.int64] | None = None
    clipped: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class MagneticBlock(Reading):
    """Magnetometer samples, slower than the rest. `field_ut` float32 (n, 3) microtesla, `raw` int16 (n, 3) counts."""

    field_ut: NDArray[np.float32]
    raw: NDArray[np.int16]
    sample_ns: NDArray[np.int64]


@runtime_checkable
class MotionSensor(Openable, Protocol):
    """An inertial sensor. It streams while open."""

    @property
    def placement(self) -> Placement:
        """Where it is worn."""
        ...

    @property
    def rate_hz(self) -> float:
        """The nominal rate of acceleration and turn rate (Hz)."""
        ...

    @property
    def counter_unit(self) -> str:
        """What the device's own counter counts: "sample", "us", "ns", or "" where it carries none."""
        ...
