"""Force plates and balance boards."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hal.device import Reading
from hal.roles.common import Openable

PlateSide = Literal["both", "left", "right"]
CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")
"""Order of the load columns; "top" is towards the toes. A dual plate has eight: the left board's, then the right's."""


@dataclass(frozen=True, slots=True)
class PlateBlock(Reading):
    """Consecutive samples of one plate. `loads_kg` float32, shape (n, 4) in the order of `CORNERS`, or (n, 8) dual.

    `cop_cm` float32, shape (n, 2): centre of pressure, x to the patient's right, y to the front, origin at the plate's
    centre; NaN where less than `least_kg` stands on it. `sample_ns`, `first_sample` and `lost` as in `MotionBlock`.
    `saturated` names corners at their rail in this block.
    """

    loads_kg: NDArray[np.float32]
    cop_cm: NDArray[np.float32]
    sample_ns: NDArray[np.int64]
    first_sample: int
    rate_hz: float
    lost: int = 0
    saturated: tuple[str, ...] = ()


@runtime_checkable
class ForcePlate(Openable, Protocol):
    """A plate or board that streams while open."""

    @property
    def side(self) -> PlateSide:
        """Which foot stands on it."""
        ...

    @property
    def rate_hz(self) -> float:
        """The nominal rate (Hz)."""
        ...

    @property
    def boards(self) -> int:
        """1, or 2 for a dual plate."""
        ...

    async def zero(self) -> tuple[float, ...]:
        """Take the present loads of the empty plate as zero and return them (kg); `Refused` when it is not empty."""
        ...
