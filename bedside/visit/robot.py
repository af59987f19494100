"""What the gait robot does, and the rules that couple the pulses to it.

Whatever goes wrong with either, the pulses stop and the robot is left as it is: a controlled stop of the walk is the
therapist's. What a person may ask of a treadmill's belt is in `belt`.
"""

from bedside.config import RobotConfig
from bedside.events import RobotChanged, Value
from bedside.refusal import Refusal
from bedside.visit.inputs import NS, Now
from bedside.visit.state import NO_TIME, Visit
from hal.roles import RobotState

MOVING_OR_STANDING = frozenset({"stand", "walk"})
SPEED_TOLERANCE_KMH = 0.1
MOST_SUPPORT_PCT = 60.0
"""Of the body weight; the upper end of what trials of robot-assisted walking after stroke take off."""
ROUNDING = 1e-9
"""What a sum of decimal numbers may miss its decimal result by."""


def telemetry(state: Visit) -> bool:
    """Whether the robot tells its state over a wire."""
    robot = state.setup.devices.get("robot")
    return robot is not None and robot.telemetry


def is_word(reading: RobotState) -> bool:
    """Whether the robot itself said this; a state in which nothing at all is known is a driver's word for silence."""
    told = (reading.speed_kmh, reading.body_weight_support_kg, reading.assist_pct, reading.e_stop, reading.steps)
    return (
        reading.phase != "unknown"
        or any(value is not None for value in told)
        or bool(reading.angles_deg or reading.velocities_deg_s or reading.torques_nm or reading.contacts)
    )


def present(state: Visit) -> RobotState | RobotChanged | None:
    """What is known of the robot at this moment: its last word over a wire, else what was journalled last.

    The journal keeps the steps that matter to a reader; a limit is held against every reading.
    """
    said = state.live.robot
    return said if said is not None and telemetry(state) else state.robot


def age_s(state: Visit, now: Now) -> float | None:
    """Seconds since the robot was heard over its wire, or, without one, since a person typed; None for never."""
    if telemetry(state):
        heard_ns = NO_TIME if state.live.robot is None else state.live.robot_ns
    else:
        heard_ns = NO_TIME if state.robot is None else state.robot_told_ns
    return None if heard_ns == NO_TIME else max(0.0, (now.mono_ns - heard_ns) / NS)


def state_problem(state: Visit, _now: Now) -> str | None:
    """Why the robot's state does not go with pulses: where there is a robot, the patient has to stand or walk."""
    robot = state.robot
    if state.setup.study.robot is None:
        return None
    if robot is None:
        return "nothing is known of the robot"
    if robot.phase == "fault":
        return "the robot reports a fault"
    if robot.phase == "unknown":
        return "the robot's state is unknown: it may be moving"
    if robot.phase not in MOVING_OR_STANDING:
        return f"the robot is in '{robot.phase}'"
    return None


def steady_problem(state: Visit, now: Now) -> str | None:
    """Why a start is too early: walking has to be steady for a while first."""
    robot, rule = state.robot, state.setup.study.robot
    if rule is None or robot is None or robot.phase != "walk":
        return None
    steady_s = (now.mono_ns - state.robot_since_ns) / NS
    return None if steady_s >= rule.steady_s else f"steady walk in {rule.steady_s - steady_s:.0f} s"


def speed_problem(state: Visit, _now: Now) -> str | None:
    """Why the speed does not go with pulses."""
    robot, rule = present(state), state.setup.study.robot
    if rule is None:
        return None
    most = rule.max_while_stimulating_kmh
    if robot is not None and robot.speed_kmh is None and robot.phase == "walk" and telemetry(state):
        return "the walking speed is not known"
    if robot is None or robot.speed_kmh is None or robot.speed_kmh <= most + SPEED_TOLERANCE_KMH + ROUNDING:
        return None
    return f"{round(robot.speed_kmh, 2):g} km/h is faster than the {most:g} km/h of this study during stimulation"


def stop_problem(state: Visit, _now: Now) -> str | None:
    """Why the emergency stop forbids pulses."""
    if state.robot is not None and state.robot.e_stop:
        return "the robot's emergency stop is pressed"
    return None


def telemetry_problem(state: Visit, now: Now) -> str | None:
    """Why the robot's own word is too old to rely on."""
    if not telemetry(state) or state.setup.study.robot is None:
        return None
    age = age_s(state, now)
    if age is None:
        return "the robot has not been heard"
    limit_s = state.setup.limits.fresh.robot_s * state.setup.speed
    return f"the robot was last heard {age:.1f} s ago" if age > limit_s else None


def fit_note(rule: RobotConfig | None, item: str, value: Value) -> str:
    """What to say of a speed or a support that is allowed but is not what the trial prescribes; "" for nothing."""
    if rule is None:
        return ""
    span = {"speed_kmh": rule.prescription_kmh, "support_pct": rule.support_pct}.get(item)
    if span is None or isinstance(value, bool) or not isinstance(value, int | float) or span[0] <= value <= span[1]:
        return ""
    unit = "km/h" if item == "speed_kmh" else "%"
    side = "below" if value < span[0] else "above"
    return f"{side} trial prescription: {span[0]:g} to {span[1]:g} {unit}"


def demand_within(rule: RobotConfig | None, item: str, value: Value) -> None:
    """Raise `Refusal` for a prescribed speed outside the study's envelope, which may be narrower than the form's."""
    if rule is None or item != "speed_kmh" or isinstance(value, bool) or not isinstance(value, int | float):
        return
    low, high = rule.envelope_kmh
    if not low <= value <= high:
        raise Refusal(f"{value:g} km/h is outside this study's envelope", f"type a speed from {low:g} to {high:g} km/h")


def support_pct(state: Visit, load_kg: float | None) -> float | None:
    """An unloaded weight (kg) in % of today's body weight; None while either is not known."""
    weight_kg = state.answer("screening", "weight_kg")
    if load_kg is None or isinstance(weight_kg, bool) or not isinstance(weight_kg, int | float) or weight_kg <= 0:
        return None
    return load_kg / weight_kg * 100.0


def support_above(state: Visit, load_kg: float | None) -> bool:
    """Whether more weight is taken off the patient than the study prescribes, or than is usual where it does not."""
    pct = support_pct(state, load_kg)
    return pct is not None and pct > most_support_pct(state) + ROUNDING


def most_support_pct(state: Visit) -> float:
    """The most support (% of the body weight) that the study prescribes, or that is usual where it does not."""
    rule = state.setup.study.robot
    return rule.support_pct[1] if rule is not None and rule.support_pct is not None else MOST_SUPPORT_PCT
