"""Whether the thigh's and the shank's sensor tell one time, from the knee that belongs to both.

Both tell the knee's acceleration; the shift of time at which the two agree best is the offset of their clocks. On the
modelled leg it is found within 2 ms; with 1 degree of soft tissue that swings with the crank within 3 ms at 60 rpm and
10 ms at 20 rpm, which is 1 degree of the knee's zero at either speed, and less than what the tissue does by itself.
"""

from dataclasses import dataclass

import numpy as np

from dsp.cycling.linkage import levers, low_passed
from dsp.cycling.segment import Array, Complex, Planar

FARTHEST_MS, STEP_MS = 160.0, 10.0
NOTED_MS = 20.0
"""Below it soft tissue looks alike."""
SURE_MS = 5.0
"""How far a found offset may be off."""


@dataclass(frozen=True)
class ClockOffset:
    """`ms`: by how much the shank's stamps are later than the thigh's; NaN where no shift within reach fits best.

    `residual` is what then is unlike of the knee's two accelerations, squared and summed: to compare two ways of
    fastening a sensor.
    """

    ms: float
    residual: float

    @property
    def large(self) -> bool:
        """Whether it is larger than what soft tissue feigns."""
        return abs(self.ms) >= NOTED_MS

    @property
    def doubt_ms(self) -> float:
        """How far the clocks may be apart after it was taken out."""
        return SURE_MS if np.isfinite(self.ms) else NOTED_MS


def clock_offset(thigh: Planar, shank: Planar, rate_hz: float) -> ClockOffset:
    """The shift within +-160 ms at which both sensors best agree about the knee, between steps by a parabola."""
    margin = int(np.ceil(FARTHEST_MS * rate_hz / 1000.0)) + 1
    if thigh.rate_rad_s.size < 4 * margin:
        return ClockOffset(float("nan"), float("inf"))
    mine = low_passed(np.column_stack((levers(thigh, rate_hz), thigh.accel_m_s2 * thigh.turned)), rate_hz)
    other = low_passed(np.column_stack((levers(shank, rate_hz), shank.accel_m_s2 * shank.turned)), rate_hz)
    steps = np.arange(-FARTHEST_MS, FARTHEST_MS + STEP_MS / 2, STEP_MS)
    missed = np.array([_missed(mine, other, step * rate_hz / 1000.0, margin) for step in steps])
    best = int(np.argmin(missed))
    if best in (0, steps.size - 1):
        return ClockOffset(float("nan"), float(missed[best]))
    before, here, after = missed[best - 1 : best + 2]
    return ClockOffset(float(steps[best] + STEP_MS * 0.5 * (before - after) / (before - 2 * here + after)), float(here))


def later(segment: Planar, shift_ms: float, rate_hz: float) -> Planar:
    """The segment read off `shift_ms` later than its stamps say; ends are held."""
    rows = np.arange(segment.rate_rad_s.size, dtype=float)
    at = rows + shift_ms * rate_hz / 1000.0
    turned = _read_off(segment.turned, at)
    return Planar(
        np.interp(at, rows, segment.rate_rad_s),
        turned / np.abs(turned),
        _read_off(segment.accel_m_s2, at),
        segment.planarity,
    )


def _missed(mine: Complex, other: Complex, shift: float, margin: int) -> float:
    inner = mine[margin:-margin]
    at = np.arange(margin, mine.shape[0] - margin) + shift
    moved = np.stack([_read_off(column, at) for column in other.T], axis=1)
    columns, wanted = np.hstack((inner[:, :2], -moved[:, :2])), moved[:, 2] - inner[:, 2]
    left, right = np.vstack((columns.real, columns.imag)), np.concatenate((wanted.real, wanted.imag))
    solution = np.linalg.lstsq(left.T @ left, left.T @ right, rcond=None)[0]
    return float(np.sum((left @ solution - right) ** 2))


def _read_off(values: Complex, at: Array) -> Complex:
    rows = np.arange(values.size)
    return np.asarray(np.interp(at, rows, values.real) + 1j * np.interp(at, rows, values.imag))
