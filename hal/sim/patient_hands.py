"""What the simulated patient is asked to do with the body: the commands of the control channel that move it."""

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from hal.sim.patient.gait_truth import strides
from hal.sim.patient.reactions import Reactions
from hal.sim.patient.walking_style import SIDES, Side
from hal.sim.plate.plate_source import PlateFarEnd
from hal.sim.world import SimulatedWorld

Reply = dict[str, Any]


class PatientHands:
    """Commands that move the patient; times in replies are simulated seconds, as `status` tells them."""

    def __init__(self, world: SimulatedWorld) -> None:
        self._world = world
        self._reactions = Reactions(np.random.default_rng((world.seed, 11)))

    def activity(
        self,
        name: str,
        speed_m_s: float = 0.8,
        distance_m: float | None = None,
        rpm: float = 40.0,
        paretic: str | None = None,
        on_plate: bool = False,
    ) -> Reply:
        """Turn to robot, stand, walk, cycle or sit; a walk ends after distance_m, on_plate stands on every plate."""
        body, now_s = self._world.body, self._world.clock.now_s()
        if paretic is not None:
            body.paretic = _side(paretic)
        far_m = math.inf if distance_m is None else number("distance_m", distance_m)
        speeds = {"speed_m_s": number("speed_m_s", speed_m_s), "rpm": number("rpm", rpm)}
        ready_s = body.do(name, now_s, distance_m=far_m, **speeds)  # type: ignore[arg-type]  # `do` checks the name
        for plate in self._plates():
            if on_plate:
                self._stand_on(plate)
            elif plate.source.stander.alive:
                plate.source.stander.step_off()
        return {"activity": body.activity, "ready_s": ready_s}

    def lean(self, x_cm: float, y_cm: float) -> Reply:
        """Move the weight to a place on every plate (cm to the right and to the front), at once."""
        x, y = number("x_cm", x_cm), number("y_cm", y_cm)
        for plate in self._plates():
            plate.source.stander.lean(x, y)
        return {"x_cm": x, "y_cm": y}

    def shift(self, left_pct: float) -> Reply:
        """Put a share of the weight on the left leg, at once."""
        return self._shift(_share(left_pct), 0.0)

    def follow(
        self,
        left_pct: float | None = None,
        direction_deg: float | None = None,
        limit_pct: float = 100.0,
        x_cm: float | None = None,
        y_cm: float | None = None,
    ) -> Reply:
        """React to a cue, late and as far as the body can: a share on the left leg, a direction, or a place."""
        late_s, paretic = self._reactions.reaction_s(), self._world.body.paretic
        if left_pct is not None:
            return self._shift(self._reactions.share_pct(_share(left_pct), paretic), late_s)
        if direction_deg is not None:
            angle = number("direction_deg", direction_deg)
            far_cm = self._reactions.limit_cm(angle, paretic) * number("limit_pct", limit_pct) / 100
            place = far_cm * math.cos(math.radians(angle)), far_cm * math.sin(math.radians(angle))
        else:
            place = number("x_cm", x_cm or 0.0), number("y_cm", y_cm or 0.0)
        for plate in self._plates():
            plate.source.stander.lean(*place, after_s=late_s)
        return {"reaction_s": late_s, "x_cm": place[0], "y_cm": place[1]}

    def push(self, x_cm: float = 0.0, y_cm: float = 5.0, holds: bool = True) -> Reply:
        """Push the standing patient: the weight goes so far (cm), and swings back; who does not hold it steps off."""
        x, y = number("x_cm", x_cm), number("y_cm", y_cm)
        pushes = [p.source.stander.push(x, y, holds=bool(holds)) for p in self._plates() if p.source.stander.alive]
        if not pushes:
            raise ValueError("push: the patient stands on no plate")
        push = pushes[0]
        return {"at_s": push.at_s, "peak_s": push.peak_s, "settled_s": push.settled_s(0.5), "holds": bool(holds)}

    def movement(self, since_s: float = 0.0) -> Reply:
        """The truth of the movement: activity, every stride since then; on a bicycle cadence and knee range."""
        body, now_s = self._world.body, self._world.clock.now_s()
        walked = [asdict(stride) for stride in strides(body.walk.steps, number("since_s", since_s), now_s)]
        pedalled = body.crank.truth(since_s, now_s) if body.crank.turning else {}
        return {"now_s": now_s, "activity": body.activity, "paretic": body.paretic, "strides": walked} | pedalled

    def _plates(self) -> list[PlateFarEnd]:
        return [far_end for far_end in self._world.also.values() if isinstance(far_end, PlateFarEnd)]

    def _stand_on(self, plate: PlateFarEnd) -> None:
        rests = plate.source.place_cm(self._reactions.resting_pct(self._world.body.paretic))
        plate.source.stander.lean(rests, 0.0)
        if not plate.source.stander.alive:
            plate.source.stander.step_on()

    def _shift(self, left_pct: float, late_s: float) -> Reply:
        for plate in self._plates():
            plate.source.stander.lean(plate.source.place_cm(left_pct), 0.0, after_s=late_s)
        return {"reaction_s": late_s, "left_pct": left_pct}


def number(name: str, value: object) -> float:
    """A finite number from a request; raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} must be a number, not {value!r}")
    return float(value)


def _share(left_pct: float) -> float:
    share = number("left_pct", left_pct)
    if not 0 <= share <= 100:
        raise ValueError(f"left_pct must lie between 0 and 100, not {share:g}")
    return share


def _side(name: str) -> Side | None:
    if name in SIDES:
        return "left" if name == "left" else "right"
    if name in ("", "none"):
        return None
    raise ValueError(f"paretic must be left, right or none, not {name!r}")
