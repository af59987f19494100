"""What the one simulated patient does with the legs: stands, sits, walks, walks in the robot, or pedals.

One motion is behind all sensors and muscles; it is planned a little ahead of whoever looks, and never changed behind
them. A change of activity takes its time: a walk ends with closed feet, a crank comes to rest, and it takes seconds to
sit down or to get on a bicycle.
"""

from typing import Literal, get_args

import numpy as np

from hal.sim.patient.crank import Crank, LegOnCrank, on_crank
from hal.sim.patient.effort import LegPhases
from hal.sim.patient.gait_model import GaitModel, stride_hz
from hal.sim.patient.jet import Array, Jet, sin
from hal.sim.patient.limb import ANKLE_M, INSTEP_M, SHANK_M, THIGH_M, Point, Pose, Segment, chain
from hal.sim.patient.ramps import Ramps
from hal.sim.patient.walk_plan import Paced, Walk
from hal.sim.patient.walking_style import SIDES, Side, in_robot, overground

Activity = Literal["robot", "stand", "walk", "cycle", "sit"]
ACTIVITIES: tuple[Activity, ...] = get_args(Activity)

SOON_S = 0.02
SEAT_S = 1.0
"""How long it takes to sit down, to get on a bicycle, and to get up again."""
SITTING_DEG = (5.0, -85.0)
"""Lean of shank and thigh of somebody who sits."""
ANKLING_RAD = (0.15, 0.12)
"""How far the toes point down on the pedal on average, and by how much that changes with the crank."""
SHANK_FEELS, THIGH_FEELS = 0.5, 0.25
"""How much of a heel strike arrives there."""
CREEP_KMH = 0.6
"""The robot's first steps are planned for this speed, though its ramp starts at 0."""


class Body:
    """The patient's legs. `paretic` is the weak side, if there is one; it counts from the next step or turn on."""

    def __init__(self, gait: GaitModel, seed: int = 0, paretic: Side | None = None) -> None:
        self.paretic: Side | None = paretic
        self.activity: Activity = "robot"
        self.gait = gait
        steps, turns = (np.random.default_rng(s) for s in np.random.SeedSequence((seed, 7)).spawn(2))
        self.walk = Walk(steps)
        self.crank = Crank(turns)
        self._mounted = Ramps()
        self._hip_x_m = 0.0
        self._speed_m_s = 0.0
        self._ready_s = 0.0
        self._seen_s = 0.0

    def do(
        self,
        activity: Activity,
        now_s: float,
        *,
        speed_m_s: float = 0.8,
        distance_m: float = np.inf,
        rpm: float = 40.0,
    ) -> float:
        """Turn to an activity; when it is under way (simulated s). Raises ValueError for what cannot be done."""
        if activity not in ACTIVITIES:
            raise ValueError(f"no activity {activity!r}; valid: {', '.join(ACTIVITIES)}")
        if activity == "walk":
            overground(speed_m_s, self.paretic)
        start_s = max(now_s, self._seen_s, self._ready_s) + SOON_S
        if activity == self.activity == "walk" and self.walk.walking:
            self._speed_m_s = speed_m_s
            return start_s
        if activity == self.activity == "cycle":
            return self.crank.turn(start_s, rpm, self.paretic)
        start_s = self._leave(start_s)
        self.activity = activity
        self._speed_m_s = speed_m_s
        self._ready_s = self._enter(start_s, distance_m, rpm)
        return self._ready_s

    def phases(self, t_s: Array) -> LegPhases | None:
        """Where both legs are in their stride or turn, for the muscles; None while nothing moves."""
        self._look(t_s)
        if self.activity == "robot":
            if self.gait.speed_kmh <= 0:
                return None
            right = self.gait.stride_phase(t_s)
            return LegPhases("walk", (right + 0.5) % 1.0, right)
        if self.activity == "cycle" and self.crank.turning:
            left, right = (self.crank.angle(t_s, side).value / (2 * np.pi) % 1.0 for side in SIDES)
            return LegPhases("cycle", left, right, self.paretic)
        left, right = (self.walk.phase(side, t_s) for side in SIDES)
        if np.isnan(left).all() and np.isnan(right).all():
            return None
        return LegPhases("walk", left, right, self.paretic)

    def pose(self, segment: Segment, side: Side, t_s: Array) -> Pose:
        """A sensor's motion at times (n,), n at least 1, that lie at most a little in the past."""
        self._look(t_s)
        upright = self._upright(segment, side, t_s)
        mounted = self._mounted.at(t_s)
        if not (mounted.value.any() or mounted.rate.any()):
            return upright
        seated = self._seated(segment, side, t_s)
        off = 1 - mounted
        place = Point(
            upright.place.x * off + seated.place.x * mounted, upright.place.z * off + seated.place.z * mounted
        )
        return Pose(place, upright.left * off, upright.lean * off + seated.lean * mounted)

    def knee_deg(self, side: Side, t_s: Array) -> Array:
        """True flexion of the knee."""
        shank, thigh = (self.pose(segment, side, t_s).lean.value for segment in ("shank", "thigh"))
        flexion: Array = np.degrees(shank - thigh)
        return flexion

    def _leave(self, start_s: float) -> float:
        """End what is going on; when that is done."""
        if self.walk.walking:
            start_s = max(start_s, self.walk.halt())
        if self.activity == "cycle":
            start_s = self.crank.turn(start_s, 0.0, self.paretic) if self.crank.turning else start_s
            self._mounted.to(start_s, start_s + SEAT_S, 0.0)
            return start_s + SEAT_S
        if self.activity == "sit":
            return self._lean(start_s, 0.0, 0.0)
        return start_s

    def _enter(self, start_s: float, distance_m: float, rpm: float) -> float:
        if self.activity == "sit":
            return self._lean(start_s, *np.deg2rad(SITTING_DEG))
        if self.activity == "walk":
            self.walk.begin(start_s, self._own_pace, distance_m)
        if self.activity == "cycle":
            feet = [way.ahead.last - way.turns_at.last for way in self.walk.legs.values()]
            self._hip_x_m = float(np.mean(feet)) + ANKLE_M[0]
            self._mounted.to(start_s, start_s + SEAT_S, 1.0)
            return self.crank.turn(start_s + SEAT_S, rpm, self.paretic) if rpm else start_s + SEAT_S
        return start_s

    def _lean(self, start_s: float, shank: float, thigh: float) -> float:
        for way in self.walk.legs.values():
            way.shank.to(start_s, start_s + SEAT_S, shank)
            way.thigh.to(start_s, start_s + SEAT_S, thigh)
        return start_s + SEAT_S

    def _look(self, t_s: Array) -> None:
        until_s = float(np.max(t_s))
        robot_walks = self.activity == "robot" and self.gait.speed_kmh > 0
        if robot_walks and not self.walk.walking:
            self.walk.begin(max(self._seen_s, self._ready_s, float(np.min(t_s))) + SOON_S, self._robot_pace)
        self._seen_s = max(self._seen_s, until_s)
        self.walk.extend(until_s)
        self.crank.extend(until_s)
        self._ready_s = max(self._ready_s, self.walk.closed_s)

    def _own_pace(self, _at_s: float) -> Paced | None:
        return Paced(overground(self._speed_m_s, self.paretic))

    def _robot_pace(self, _at_s: float) -> Paced | None:
        gait = self.gait
        if gait.speed_kmh <= 0 or (gait.target_kmh == 0 and gait.speed_kmh < CREEP_KMH):
            return None
        return Paced(in_robot(max(gait.speed_kmh, min(gait.target_kmh, CREEP_KMH))), self._lands_s)

    def _lands_s(self, side: Side, planned_s: float) -> float:
        """When the robot wants that foot to land, near the time that is planned."""
        phase = float(self.gait.stride_phase(np.array([planned_s]))[0]) + (0.5 if side == "left" else 0.0)
        early = (phase + 0.5) % 1.0 - 0.5
        return planned_s - early / stride_hz(max(self.gait.speed_kmh, CREEP_KMH))

    def _upright(self, segment: Segment, side: Side, t_s: Array) -> Pose:
        way = self.walk.legs[side]
        toes_down, turns_at, thump = way.toes_down.at(t_s), way.turns_at.at(t_s), way.thump.at(t_s)
        floor = Point(way.ahead.at(t_s), way.up.at(t_s))
        left = way.outward.at(t_s) * (1.0 if side == "left" else -1.0)
        if segment == "foot":
            place = floor.beyond(toes_down, INSTEP_M[0] - turns_at, INSTEP_M[1])
            return Pose(Point(place.x, place.z + thump), left, toes_down)
        ankle = floor.beyond(toes_down, ANKLE_M[0] - turns_at, ANKLE_M[1])
        place, lean = chain(ankle, way.shank.at(t_s), way.thigh.at(t_s))[segment]
        arrives = SHANK_FEELS if segment == "shank" else THIGH_FEELS
        return Pose(Point(place.x, place.z + thump * arrives), left * arrives, lean)

    def _seated(self, segment: Segment, side: Side, t_s: Array) -> Pose:
        angle = self.crank.angle(t_s, side)
        leg: LegOnCrank = on_crank(angle)
        ankle = Point(leg.ankle.x + self._hip_x_m, leg.ankle.z + (ANKLE_M[1] + SHANK_M + THIGH_M))
        none: Jet = 0.0 * angle
        if segment == "foot":
            lean = ANKLING_RAD[1] * sin(angle) + ANKLING_RAD[0]
            return Pose(ankle.beyond(lean, INSTEP_M[0] - ANKLE_M[0], INSTEP_M[1] - ANKLE_M[1]), none, lean)
        place, lean = chain(ankle, leg.shank, leg.thigh)[segment]
        return Pose(place, none, lean)
