"""A walk, planned step by step a little ahead of whoever looks: every foot stands flat and still between its steps.

Nothing that somebody has looked at is changed any more; a walk begins and ends at rest.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise, takewhile

import numpy as np

from hal.sim.patient.jet import Array
from hal.sim.patient.swing import DROP, LegWay, Swing
from hal.sim.patient.walking_style import SIDES, Side, Style, other

FIRST_LEAN = 0.5
"""Share of a stride that the first push-off from standing takes."""
LONGEST_STRIDE_S = 10.0
SYNC = 0.1
"""Most by which a step is made longer or shorter (share of the stride) to keep in time with a robot."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of `side`: toe-off and contact (simulated s), how far that foot went and how far ahead it landed (m).

    Steps of one walk share their `bout`.
    """

    side: Side
    off_s: float
    contact_s: float
    went_m: float
    ahead_m: float
    bout: int


Pace = Callable[[float], "Paced | None"]


@dataclass(frozen=True, slots=True)
class Paced:
    """What the next step shall be like: its style, and when its foot should land, where something asks for that."""

    style: Style
    lands_s: Callable[[Side, float], float] | None = None


class Walk:
    """Walks and stands. `begin` sets off, `extend` plans on, `halt` closes the feet; times must not run backwards."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.legs: dict[Side, LegWay] = {side: LegWay() for side in SIDES}
        self.steps: list[Step] = []
        self._rng = rng
        self._pace: Pace | None = None
        self._style: Style | None = None
        self._left_m = np.inf
        self._since_s: dict[Side, float] = dict.fromkeys(SIDES, 0.0)
        self._touch_s: float | None = None
        self._next: Side = "right"
        self._bout = 0

    @property
    def walking(self) -> bool:
        """Whether further steps will be planned."""
        return self._pace is not None

    @property
    def closed_s(self) -> float:
        """When both feet stand flat beside each other after the last walk; 0 before any, and while somebody walks."""
        return max(self._since_s.values()) if self._pace is None else 0.0

    def begin(self, at_s: float, pace: Pace, distance_m: float = np.inf) -> None:
        """Set off at `at_s` with the right foot; after about `distance_m` the feet close by themselves."""
        self._pace, self._left_m, self._next = pace, distance_m, "right"
        self._since_s, self._touch_s = dict.fromkeys(SIDES, at_s), None
        self._style = None
        self._bout += 1

    def extend(self, until_s: float) -> None:
        """Plan every step of which somebody who looks until then could see anything."""
        while self._pace is not None and self._since_s[self._next] <= until_s:
            paced = self._pace(self._since_s[self._next])
            if paced is None or (self._left_m <= 0 and self._style is not None):
                self.halt()
            else:
                self._step(paced)

    def halt(self) -> float:
        """Close the feet with the next step; when both stand flat (s)."""
        side, style, self._pace = self._next, self._style, None
        if style is not None:
            self._style = None
            stands_s = self._since_s[other(side)]
            landed_s = self._swing(side, style, style.time_s, self._behind_m(side), last=True)
            resting = self.legs[other(side)]
            resting.shank.to(stands_s, landed_s, 0.0)
            resting.thigh.to(stands_s, landed_s, 0.0)
            self._since_s[side] = landed_s + DROP * style.time_s
        return max(self._since_s.values())

    def phase(self, side: Side, t_s: Array) -> Array:
        """Where that leg is in its stride, 0 to 1 from contact to contact; NaN where it does not walk."""
        since_s = float(t_s.min()) - LONGEST_STRIDE_S
        recent = takewhile(lambda step: step.contact_s > since_s, reversed(self.steps))
        own = [step for step in recent if step.side == side][::-1]
        phase = np.full(t_s.shape, np.nan)
        for before, after in pairwise(own):
            if before.bout == after.bout:
                inside = (t_s >= before.contact_s) & (t_s < after.contact_s)
                phase[inside] = (t_s[inside] - before.contact_s) / (after.contact_s - before.contact_s)
        return phase

    def _step(self, paced: Paced) -> None:
        side, style = self._next, paced.style
        time_s, length_m = (
            part * (1 + style.vary * float(np.clip(self._rng.standard_normal(), -2.5, 2.5)))
            for part in (style.time_s, style.leg(side).step * style.length_m)
        )
        self._since_s[side] = self._swing(side, style, time_s, self._behind_m(side) + length_m, paced=paced)
        self._left_m -= length_m
        self._style, self._next = style, other(side)

    def _behind_m(self, side: Side) -> float:
        """How far that foot stands behind the other."""
        heels = {of: way.ahead.last - way.turns_at.last for of, way in self.legs.items()}
        return heels[other(side)] - heels[side]

    def _swing(
        self,
        side: Side,
        style: Style,
        time_s: float,
        length_m: float,
        *,
        paced: Paced | None = None,
        last: bool = False,
    ) -> float:
        """Plan one step; when it lands (s)."""
        since_s, leg = self._since_s[side], style.leg(side)
        double_s = FIRST_LEAN * time_s if self._touch_s is None else style.double_support * time_s
        off_s = (since_s if self._touch_s is None else self._touch_s) + double_s
        lands_s = off_s + (1 - leg.stance) * time_s
        if paced is not None and paced.lands_s is not None:
            asked_s = paced.lands_s(side, lands_s) - lands_s
            lands_s += float(np.clip(asked_s, -SYNC * time_s, SYNC * time_s))
        ahead_m = length_m - self._behind_m(side)
        plan = Swing(self.legs[side], leg, since_s, off_s, lands_s, time_s)
        plan.foot(length_m, style.thump_m)
        plan.lean(last=last)
        self.steps.append(Step(side, off_s, lands_s, length_m, ahead_m, self._bout))
        self._touch_s = lands_s
        return lands_s
