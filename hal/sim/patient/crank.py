"""Pedalling: a crank that somebody turns, and the leg that a fixed hip, thigh, shank and crank make (four bars)."""

from dataclasses import dataclass

import numpy as np

from hal.sim.patient.jet import Array, Jet, arccos, arctan2, cos, sin, sqrt
from hal.sim.patient.limb import SHANK_M, THIGH_M, Point
from hal.sim.patient.ramps import Ramps, Run
from hal.sim.patient.walking_style import SIDES, Side

CRANK_M = 0.17
AXLE_FROM_HIP_M = (0.22, -0.60)
"""The crank's axle, ahead of and above the hip."""
FASTEST_RPM = 120.0
RAMP_S = 1.5
WANDER_S, WANDER = 2.5, 0.02
"""How often, and by which standard deviation, the cadence wanders."""
UNEVEN = 0.12
"""By what share the crank is slower where a paretic leg pushes, and faster where the sound one does."""
WEAKEST = np.pi / 2
"""Where a leg pushes, past its top dead centre."""
TURN = 2 * np.pi


@dataclass(frozen=True, slots=True)
class LegOnCrank:
    """Ankle relative to the hip, lean of shank and thigh, and knee flexion (rad)."""

    ankle: Point
    shank: Jet
    thigh: Jet

    @property
    def knee(self) -> Jet:
        """Flexion, 0 with the leg straight."""
        return self.shank - self.thigh


def on_crank(angle: Jet) -> LegOnCrank:
    """The leg whose pedal is `angle` (rad) past its top dead centre, pedalling forward."""
    x = CRANK_M * sin(angle) + AXLE_FROM_HIP_M[0]
    z = CRANK_M * cos(angle) + AXLE_FROM_HIP_M[1]
    square = x * x + z * z
    reach = sqrt(square)
    towards = arctan2(x, -z)
    hip = arccos((square + (THIGH_M**2 - SHANK_M**2)) / (2 * THIGH_M * reach))
    ankle = arccos((square + (SHANK_M**2 - THIGH_M**2)) / (2 * SHANK_M * reach))
    return LegOnCrank(Point(x, z), ankle - towards, -(towards + hip))


class Crank:
    """The crank over time; `turn` and `halt` set a cadence from an instant on, in order of time. At rest at first.

    With a paretic leg it turns unevenly within a revolution.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._turned = Run()
        self._uneven: dict[Side, Ramps] = {side: Ramps() for side in SIDES}
        self._wanders_s = np.inf
        self._asked_rpm = 0.0

    @property
    def turning(self) -> bool:
        """Whether somebody turns it, or will."""
        return self._asked_rpm != 0.0

    def turn(self, at_s: float, rpm: float, paretic: Side | None = None) -> float:
        """Pedal at `rpm` from `at_s` on, negative backward; when that cadence is reached (s)."""
        if not -FASTEST_RPM <= rpm <= FASTEST_RPM:
            raise ValueError(f"rpm must lie between -{FASTEST_RPM:g} and {FASTEST_RPM:g}, not {rpm:g}")
        if rpm:
            for side, uneven in self._uneven.items():
                uneven.to(at_s, at_s + RAMP_S, UNEVEN if side == paretic else 0.0)
        self._asked_rpm = rpm
        self._wanders_s = at_s + RAMP_S if rpm else np.inf
        self._turned.to(at_s, at_s + RAMP_S, rpm / 60 * TURN)
        return at_s + RAMP_S

    def extend(self, until_s: float) -> None:
        """Let the cadence wander until then."""
        while self._wanders_s <= until_s:
            spread = WANDER * float(np.clip(self._rng.standard_normal(), -2.0, 2.0))
            ends_s = self._wanders_s + WANDER_S
            self._turned.to(self._wanders_s, ends_s, self._asked_rpm * (1 + spread) / 60 * TURN)
            self._wanders_s = ends_s

    def angle(self, t_s: Array, side: Side) -> Jet:
        """A pedal's angle (rad) past its top dead centre, not wrapped."""
        even = self._turned.at(t_s)
        swung = even + (np.pi if side == "left" else 0.0)
        for weak, ramps in self._uneven.items():
            uneven = ramps.at(t_s)
            if uneven.value.any():
                swung = swung - uneven * sin(even - (WEAKEST + (np.pi if weak == "left" else 0.0)))
        return swung

    def truth(self, since_s: float, until_s: float) -> dict[str, float]:
        """Mean cadence between two instants (rpm, negative backward) and each knee's range in a turn (deg)."""
        if until_s <= since_s:
            return {}
        turned = np.diff(self._turned.at(np.array([since_s, until_s])).value)[0]
        one_turn = np.linspace(0.0, TURN, 721)
        knee = np.degrees(on_crank(Jet(one_turn, np.ones(721), np.zeros(721))).knee.value)
        return {"cadence_rpm": float(turned / TURN / (until_s - since_s) * 60), "knee_range_deg": float(np.ptp(knee))}
