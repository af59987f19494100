"""How fast a treadmill may be asked to run, and how fast its speed may change. Pure.

The envelope is the one of robot-assisted gait training after stroke (0.8 to 1.8 km/h in steps of 0.1); what a study
prescribes inside it is not a driver's business. Speeds are counted in hundredths of km/h so that no step is lost to
rounding.
"""

from dataclasses import dataclass
from math import isfinite

from hal.device import Refused

ENVELOPE_KMH = (0.8, 1.8)
STEP_KMH = 0.1
SLEW_KMH_S = 0.2


@dataclass(frozen=True, slots=True)
class BeltLimits:
    """The slowest and fastest speed, the step (km/h) and the steepest change (km/h per second) that is ever asked.

    The envelope can be made narrower, never wider; the change can be made gentler, or at most 1 km/h per second.
    """

    slowest_kmh: float = ENVELOPE_KMH[0]
    fastest_kmh: float = ENVELOPE_KMH[1]
    step_kmh: float = STEP_KMH
    slew_kmh_s: float = SLEW_KMH_S

    def __post_init__(self) -> None:
        if not ENVELOPE_KMH[0] <= self.slowest_kmh <= self.fastest_kmh <= ENVELOPE_KMH[1]:
            raise ValueError(f"slowest_kmh and fastest_kmh must lie within {ENVELOPE_KMH[0]:g} to {ENVELOPE_KMH[1]:g}")
        if not 0.05 <= self.step_kmh <= 0.2 or not 0.05 <= self.slew_kmh_s <= 1.0:
            raise ValueError("step_kmh must be 0.05 to 0.2, slew_kmh_s 0.05 to 1.0")

    @property
    def pause_s(self) -> float:
        """The pause after each step of a ramp (s) that keeps the slew limit."""
        return self.step_kmh / self.slew_kmh_s

    def check(self, speed_kmh: float, *, device: str = "") -> float:
        """`speed_kmh` as it may be asked; raises `Refused` outside the envelope or between two steps."""
        low, high = self.slowest_kmh, self.fastest_kmh
        if not isfinite(speed_kmh) or not _hundredths(low) <= _hundredths(speed_kmh) <= _hundredths(high):
            raise Refused(
                f"{speed_kmh:g} km/h is outside {low:g} to {high:g} km/h",
                device=device,
                remedy="choose a speed in this range",
            )
        if abs(speed_kmh / self.step_kmh - round(speed_kmh / self.step_kmh)) > 1e-6:
            raise Refused(
                f"{speed_kmh:g} km/h is no step of {self.step_kmh:g} km/h",
                device=device,
                remedy=f"choose {round(speed_kmh / self.step_kmh) * self.step_kmh:g} km/h",
            )
        return _hundredths(speed_kmh) / 100

    def ramp(self, from_kmh: float, to_kmh: float) -> tuple[float, ...]:
        """The speeds to ask one after another, each `pause_s` after the last, ending in `to_kmh`.

        A belt that is slower than the envelope passes through the speeds below it; none is farther than one step from
        the one before.
        """
        here, goal, step = _hundredths(from_kmh), _hundredths(to_kmh), _hundredths(self.step_kmh)
        way: list[int] = []
        while here != goal:
            here = min(here + step, goal) if goal > here else max(here - step, goal)
            way.append(here)
        return tuple(speed / 100 for speed in way or [goal])


def _hundredths(speed_kmh: float) -> int:
    return round(speed_kmh * 100)
