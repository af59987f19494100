"""How somebody walks at a speed: times, lengths and angles of a stride, even or with a paretic leg.

Stride length and stance follow speed as adults' do (at 1.2 m/s 1.35 m in 1.1 s with 62 % stance, slower: shorter and
with more stance). A paretic leg stands shorter and swings longer, steps shorter, rolls and lifts its foot less and
swings out; the sound leg stands in for it. Plausible, not a recording.
"""

from dataclasses import dataclass
from typing import Literal

from hal.sim.patient.gait_model import DUTY, stride_hz

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
SLOWEST_M_S, FASTEST_M_S = 0.1, 2.0
PARETIC_STANCE, PARETIC_STEP = -0.04, -0.05
"""What a paretic leg's stance (share of the stride) and step (share of the stride's length) differ from an even one."""


@dataclass(frozen=True, slots=True)
class LegStyle:
    """One leg: `stance` and `step` as shares of the stride's time and length; angles in degrees, ways in m.

    `push_deg` is how far the toes point down after push-off, `land_deg` how far up at contact; `lift_m` the clearance
    of the toes, `outward_m` of the swing to the side; `reach` scales shank and thigh.
    """

    stance: float
    step: float
    push_deg: float
    land_deg: float
    lift_m: float
    outward_m: float
    reach: float


@dataclass(frozen=True, slots=True)
class Style:
    """A stride of `time_s` and `length_m` (m), and what each leg does in it; `vary` is its spread from one to the next.

    `thump_m` is how far the leg gives way under a heel strike.
    """

    time_s: float
    length_m: float
    left: LegStyle
    right: LegStyle
    thump_m: float
    vary: float = 0.015

    def leg(self, side: Side) -> LegStyle:
        """The leg of that side."""
        return self.left if side == "left" else self.right

    @property
    def double_support(self) -> float:
        """Share of the stride from one contact to the other foot's toe-off; the same on both sides."""
        return (self.left.stance + self.right.stance - 1) / 2


def other(side: Side) -> Side:
    """The other side."""
    return "right" if side == "left" else "left"


def overground(speed_m_s: float, paretic: Side | None = None) -> Style:
    """Walking at one's own pace, or on a belt; raises ValueError for a speed that is no walking."""
    if not SLOWEST_M_S <= speed_m_s <= FASTEST_M_S:
        raise ValueError(f"walking speed must lie between {SLOWEST_M_S:g} and {FASTEST_M_S:g} m/s, not {speed_m_s:g}")
    length_m = 0.45 + 0.75 * speed_m_s
    stance = 0.725 - 0.0875 * speed_m_s
    return _style(length_m / speed_m_s, length_m, stance, paretic)


def in_robot(speed_kmh: float) -> Style:
    """Walking in the gait robot: even, at the robot's own relation of speed and stride."""
    time_s = 1 / stride_hz(speed_kmh)
    return _style(time_s, speed_kmh / 3.6 * time_s, DUTY, None)


def _style(time_s: float, length_m: float, stance: float, paretic: Side | None) -> Style:
    speed_m_s = length_m / time_s
    size = min(1.0, 0.5 + 0.45 * speed_m_s)
    legs = {}
    for side in SIDES:
        weak = paretic == side
        sign = 0.0 if paretic is None else 1.0 if weak else -1.0
        legs[side] = LegStyle(
            stance=stance + sign * PARETIC_STANCE,
            step=0.5 + sign * PARETIC_STEP,
            push_deg=size * (34.0 if weak else 56.0),
            land_deg=size * (10.0 if weak else 21.0),
            lift_m=0.015 if weak else 0.035,
            outward_m=0.035 if weak else 0.008,
            reach=min(1.0, length_m / 1.35) * (0.75 if weak else 1.0),
        )
    return Style(time_s, length_m, legs["left"], legs["right"], thump_m=0.0016 * speed_m_s)
