"""What a person types of the robot's own screen, where no wire tells it.

It is an observation: once pulses are given, a speed that may not be is not refused but believed, and the pulses stop.
"""

import math

from bedside import commands
from bedside.events import Event, RobotChanged
from bedside.refusal import Refusal
from bedside.visit import robot, robot_news
from bedside.visit.inputs import Now, Person
from bedside.visit.state import Visit


def report(state: Visit, cause: commands.ReportRobot, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    """The events of a typed state; raises `Refusal` where a wire tells it, and for a speed that cannot be right."""
    if robot.telemetry(state):
        raise Refusal("the robot tells its state over its own wire", "look at the robot panel")
    rule = state.setup.study.robot
    if rule is None:
        raise Refusal("this study has no gait robot", "")
    low, high = (0.0, math.inf) if _pulses(state) else rule.envelope_kmh
    _demand_speed(cause, low, high)
    seen = RobotChanged(
        phase=cause.phase,
        speed_kmh=cause.speed_kmh,
        body_weight_support_kg=cause.body_weight_support_kg,
        assist_pct=cause.assist_pct,
        e_stop=None,
        steps=cause.steps,
        source="operator",
    )
    return (robot_news.with_before(state, seen), *robot_news.support_note(state, seen))


def _pulses(state: Visit) -> bool:
    """Whether pulses are given, prepared or only paused: what is seen now decides whether they may go on."""
    under_way = state.course.begun and state.course.ended is None
    return state.armed or state.chain is not None or under_way


def _demand_speed(cause: commands.ReportRobot, low: float, high: float) -> None:
    speed_kmh = cause.speed_kmh
    if speed_kmh is None and cause.phase != "walk":
        return
    if speed_kmh is None or not math.isfinite(speed_kmh) or speed_kmh < 0:
        raise Refusal("a walking speed is 0 km/h or more", "type what the robot shows")
    if cause.phase == "walk" and not low <= speed_kmh <= high:
        raise Refusal(f"walking speed must be {low:g} to {high:g} km/h", "type what the robot shows")
