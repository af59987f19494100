"""What is said of one pedalling leg."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from dsp.cycling.segment import Array

NONE = np.empty(0)


@dataclass(frozen=True)
class Cycling:
    """One leg's pedalling. Times in s from the first sample.

    `knee_angle_deg` (n,): flexion, 0 with the leg straight, NaN where it was not measured. `revolution_s` (k,): when
    each whole revolution ended; `revolution_start_s`, `cadence_rpm`, `direction` (1 forward, -1 backward) and
    `paused_s` (k,) belong to it. A revolution in which the crank stood has a low cadence and says so in `paused_s`.
    `mean_cadence_rpm` is the turned angle over the time without pauses, NaN without a revolution. `unfinished` are
    parts of revolutions before the end and before changes of direction. `turned` (n,): revolutions that the crank has
    turned so far, either way, NaN where it was not measured. `stop_s` (stops, 2): from when to when the crank stood for
    a second or longer.

    `roundness` is how far the foot's path is from a circle, as a share of its radius. `zero` says where 0 degrees comes
    from, "circle" or "known posture", and `zero_doubt_deg` by how much 1 degree of soft tissue, an ankle whose path is
    2 cm longer than wide, and the clocks may move it together. `clock_offset_ms` is how much later the shank's stamps
    are than the thigh's, by the knee that both share; it was taken out, and from 20 ms on it is flagged.
    `clock_deg_per_ms` is by how much an offset would move the angle.

    `refusal` says why there is nothing; `flags` what to look at.
    """

    knee_angle_deg: Array
    revolution_s: Array = field(default_factory=NONE.copy)
    cadence_rpm: Array = field(default_factory=NONE.copy)
    revolution_start_s: Array = field(default_factory=NONE.copy)
    direction: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    paused_s: Array = field(default_factory=NONE.copy)
    turned: Array = field(default_factory=NONE.copy)
    stop_s: Array = field(default_factory=lambda: np.empty((0, 2)))
    unfinished: float = 0.0
    mean_cadence_rpm: float = float("nan")
    knee_range_deg: float = float("nan")
    roundness: float = float("nan")
    zero: str = "none"
    zero_doubt_deg: float = float("nan")
    clock_offset_ms: float = float("nan")
    clock_deg_per_ms: float = float("nan")
    flags: tuple[str, ...] = field(default=())
    refusal: str | None = None


def refused(rows: int, why: str, flags: list[str] | None = None) -> Cycling:
    """A leg of `rows` samples of which nothing is said but why."""
    return Cycling(np.full(rows, np.nan), turned=np.full(rows, np.nan), flags=tuple(flags or ()), refusal=why)
