"""One step of one leg, as ramps: what foot, shank and thigh do from one stand to the next.

Foot: from heel-off it turns about its toes, swings, meets the floor with the heel and drops about it until it is flat.
The point that the foot turns about is given its way; it moves from the toes to the heel while the foot is in the air.
Shank and thigh lean by keyframes at contact and toe-off.
"""

import math
from dataclasses import dataclass, field

import numpy as np

from hal.sim.patient.ramps import EARLY, LATE, THERE_AND_BACK, Ramps
from hal.sim.patient.walking_style import LegStyle

FOOT_M = 0.20
"""From the heel to the ball of the foot, about which it rolls off."""
HEEL_RISE_SHARE = 0.15
"""How much of the push-off the slow rise of the heel makes; it takes the stance's second half."""
PUSH, PUSH_BEFORE = 0.16, 0.86
"""The fast part of push-off as a share of the stride, and how much of that is over when the toes leave the floor.

Toe-off then lies 60 % of the way from the steepest toe drop to where the toes stop dropping, as optical toe-offs do.
"""
DROP = 0.085
"""Share of the stride in which a foot drops from its heel onto the floor."""
SWITCH = 0.15
THUMP_S = 0.05
SHANK_DEG, THIGH_DEG = (-18.0, 50.0), (-25.0, 12.0, -28.0)
"""Lean of the shank at contact and toe-off, of the thigh at contact, late stance and swing; positive is forward."""


@dataclass(slots=True)
class LegWay:
    """One leg over time (m, rad). The foot turns about a point at `ahead` and `up`, `turns_at` in front of its heel."""

    ahead: Ramps = field(default_factory=lambda: Ramps(FOOT_M))
    turns_at: Ramps = field(default_factory=lambda: Ramps(FOOT_M))
    up: Ramps = field(default_factory=Ramps)
    outward: Ramps = field(default_factory=Ramps)
    thump: Ramps = field(default_factory=Ramps)
    toes_down: Ramps = field(default_factory=Ramps)
    shank: Ramps = field(default_factory=Ramps)
    thigh: Ramps = field(default_factory=Ramps)


@dataclass(frozen=True, slots=True)
class Swing:
    """One step of a leg that has stood since `since_s`; `time_s` is that of the stride."""

    way: LegWay
    leg: LegStyle
    since_s: float
    off_s: float
    lands_s: float
    time_s: float

    def foot(self, length_m: float, thump_m: float) -> None:
        """The foot's own way."""
        way, off_s, lands_s, time_s = self.way, self.off_s, self.lands_s, self.time_s
        flat_s, swing_s = self.since_s + DROP * time_s, lands_s - off_s
        # flat on the floor it goes over from turning about the heel to turning about the toes, and nobody feels it
        beyond = FOOT_M - way.turns_at.last
        way.ahead.add(flat_s, flat_s + SWITCH * time_s, beyond)
        way.turns_at.add(flat_s, flat_s + SWITCH * time_s, beyond)
        push, land = math.radians(self.leg.push_deg), math.radians(self.leg.land_deg)
        push_s = off_s - PUSH_BEFORE * PUSH * time_s
        rises_s = max(flat_s + SWITCH * time_s, (self.since_s + off_s) / 2)
        way.toes_down.add(rises_s, off_s, HEEL_RISE_SHARE * push)
        way.toes_down.add(push_s, push_s + PUSH * time_s, (1 - HEEL_RISE_SHARE) * push, LATE)
        way.toes_down.add(off_s, lands_s, -push - land)
        way.toes_down.add(lands_s, lands_s + DROP * time_s, land, EARLY)
        way.turns_at.add(off_s, lands_s, -FOOT_M)
        for start, end in ((0.0, 0.7), (0.3, 1.0)):
            way.ahead.add(off_s + start * swing_s, off_s + end * swing_s, (length_m - FOOT_M) / 2)
        for quantity, size in ((way.up, self.leg.lift_m), (way.outward, self.leg.outward_m)):
            quantity.add(off_s, off_s + swing_s / 2, size)
            quantity.add(off_s + swing_s / 2, lands_s, -size)
        way.thump.add(lands_s, lands_s + THUMP_S, -thump_m, THERE_AND_BACK)

    def lean(self, *, last: bool) -> None:
        """Shank and thigh; upright in the end where it is the `last` step."""
        way, off_s, lands_s, time_s = self.way, self.off_s, self.lands_s, self.time_s
        size = self.leg.reach * np.pi / 180
        final = 0.0 if last else size
        way.shank.to(self.since_s, off_s + 0.05 * time_s, SHANK_DEG[1] * size)
        way.shank.to(off_s + 0.05 * time_s, lands_s, SHANK_DEG[0] * final)
        high_s = off_s + 0.6 * (lands_s - off_s)
        way.thigh.to(self.since_s, off_s - 0.1 * time_s, THIGH_DEG[1] * size)
        way.thigh.to(off_s - 0.1 * time_s, high_s, THIGH_DEG[2] * size)
        way.thigh.to(high_s, lands_s, THIGH_DEG[0] * final)
