"""What goes into a gait analysis and what comes out. Every number carries its unit in its name."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")


@dataclass(frozen=True)
class Foot:
    """One foot's sensor in its raw axes, however it is mounted.

    `gyro_rad_s` and `accel_m_s2` are (n, 3) on the grid of the packet counter, acceleration with gravity; `received`
    (n,) is False where a packet was lost. Both feet start on the same instant of one clock.
    """

    gyro_rad_s: Array
    accel_m_s2: Array
    rate_hz: float
    received: Mask | None = None


@dataclass(frozen=True)
class Stride:
    """One stride: contact, mid-stance, toe-off, next contact, next mid-stance. None: no landmark, no number.

    Times are in s from the first sample; `path_m` (k, 3) is the sensor's way from mid-stance to mid-stance as forward,
    left, up, `pitch_deg` (k,) the foot's angle on it, toes up against mid-stance, or None. `heading_change_deg` is how
    far the foot turned about the vertical. Clearance is the sensor's greatest height over its mid-stance, the least
    swing height the lowest point between two tops; the toes' own height is not known.
    """

    side: Side
    initial_contact_s: float | None
    final_contact_s: float | None
    next_initial_contact_s: float | None
    mid_stance_s: float
    next_mid_stance_s: float
    stride_length_m: float | None
    heading_change_deg: float | None
    clearance_m: float | None
    lateral_excursion_m: float | None
    is_turn: bool
    flags: tuple[str, ...] = ()
    least_swing_height_m: float | None = None
    toe_off_angle_deg: float | None = None
    strike_angle_deg: float | None = None
    path_m: Array | None = field(default=None, repr=False, compare=False)
    pitch_deg: Array | None = field(default=None, repr=False, compare=False)

    @property
    def stride_time_s(self) -> float | None:
        """Initial contact to the next one of the same foot."""
        if self.initial_contact_s is None or self.next_initial_contact_s is None:
            return None
        return self.next_initial_contact_s - self.initial_contact_s


@dataclass(frozen=True)
class SideSummary:
    """Means of one foot over straight strides; None where nothing could be measured.

    `at_ends` of the straight `strides` begin or end in standing and are in no mean.
    """

    strides: int
    turns: int
    at_ends: int = 0
    step_length_cm: float | None = None
    stride_length_cm: float | None = None
    gait_cycle_s: float | None = None
    speed_m_s: float | None = None
    swing_pct: float | None = None
    stance_pct: float | None = None
    initial_double_support_pct: float | None = None
    terminal_double_support_pct: float | None = None
    single_support_pct: float | None = None
    clearance_cm: float | None = None
    least_swing_height_cm: float | None = None
    toe_off_angle_deg: float | None = None
    strike_angle_deg: float | None = None
    lateral_excursion_cm: float | None = None
    stride_time_sd_s: float | None = None


@dataclass(frozen=True)
class Summary:
    """The trial's spatio-temporal variables.

    Step frequency is 120 / mean stride time (steps/min). Ratios are the smaller side over the larger; the signed index
    is 100 (L - R) / mean. `identities` names each arithmetic identity that the means break.
    """

    left: SideSummary | None
    right: SideSummary | None
    gait_cycle_s: float | None = None
    step_frequency_per_min: float | None = None
    speed_m_s: float | None = None
    double_support_pct: float | None = None
    stance_ratio: float | None = None
    stance_index_pct: float | None = None
    swing_ratio: float | None = None
    swing_index_pct: float | None = None
    single_support_ratio: float | None = None
    single_support_index_pct: float | None = None
    step_time_ratio: float | None = None
    step_time_index_pct: float | None = None
    step_length_method: str = "estimated from timing"
    identities: tuple[str, ...] = ()


@dataclass(frozen=True)
class BodySide:
    """Straight strides whose way bends to the outer side of the body by their label, of how many; the chance of such
    a count, were the sides a toss; and what follows for both labels, None where the count is no clear one."""

    outward: int
    strides: int
    chance: float
    verdict: Literal["as labelled", "swapped"] | None


@dataclass(frozen=True)
class Gait:
    """The result: strides by time, their summary, flags of the recording, and why there is nothing, if so."""

    strides: tuple[Stride, ...]
    summary: Summary | None
    refusal: str | None = None
    flags: tuple[str, ...] = ()
    body_side: BodySide | None = None
