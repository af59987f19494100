"""What the gait robot does, and the rules that couple the pulses to it.

Whatever goes wrong with either, the pulses stop and the robot is left as it is: the station never commands it, and a
controlled stop of the walk is the therapist's.
"""

from datetime import datetime

from msgspec.structs import replace

from bedside.config import RobotConfig
from bedside.events import NoteAdded, RobotChanged, Value
from bedside.refusal import Refusal
from bedside.visit import support
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


def told_before(state: Visit, mono_ns: int, utc: str) -> int:
    """When (ns) the robot was journalled last, for a visit that is interrupted at `mono_ns` and `utc`.

    Visit time may begin anew with the box, so that how long ago it was is taken from the wall clock (ISO 8601).
    """
    if state.robot_told_ns == NO_TIME or not state.robot_told_utc:
        return NO_TIME
    gap = datetime.fromisoformat(utc) - datetime.fromisoformat(state.robot_told_utc)
    return mono_ns - max(0, round(gap.total_seconds() * NS * state.setup.speed))


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
    return pct is not None and pct > _most_support_pct(state) + ROUNDING


def _most_support_pct(state: Visit) -> float:
    rule = state.setup.study.robot
    return rule.support_pct[1] if rule is not None and rule.support_pct is not None else MOST_SUPPORT_PCT


def support_note(state: Visit, event: RobotChanged) -> tuple[NoteAdded, ...]:
    """A remark in the record when the support comes to lie above the allowed; it is a report and is not refused."""
    load_kg, before = event.body_weight_support_kg, state.robot
    was_above = before is not None and support_above(state, before.body_weight_support_kg)
    if not state.going_on or was_above or not support_above(state, load_kg):
        return ()
    pct, most = support_pct(state, load_kg), _most_support_pct(state)
    return (
        NoteAdded(text=f"body-weight support of {load_kg:g} kg is {pct:.0f} %, above the {most:g} % of this study"),
    )


def changed(state: Visit, reading: RobotState) -> RobotChanged | None:
    """The event for a reading that differs in a way that matters; None when it does not."""
    last = state.robot
    told = RobotChanged(
        phase=reading.phase,
        speed_kmh=_rounded(reading.speed_kmh, 2),
        body_weight_support_kg=_rounded(reading.body_weight_support_kg, 1),
        assist_pct=_rounded(reading.assist_pct, 1),
        e_stop=reading.e_stop,
        steps=reading.steps,
        source=reading.source,
    )
    # how the load sways at this moment is no change of it
    event = replace(with_before(state, told), support_was_kg=None)
    if last is None or (last.phase, last.e_stop, last.source) != (event.phase, event.e_stop, event.source):
        return event
    moved = _differs(last.speed_kmh, event.speed_kmh, 0.2) or _differs(last.assist_pct, event.assist_pct, 1.0)
    load_kg = _rounded(_load(state, last, reading), 1)
    if load_kg != _rounded(last.body_weight_support_kg, 1):
        return with_before(state, replace(told, body_weight_support_kg=load_kg))
    return event if moved or not _steady(state, event.speed_kmh) else None


def _load(state: Visit, last: RobotChanged, reading: RobotState) -> float | None:
    """The body-weight support (kg) to be recorded now: the one told last, unless it has moved."""
    now_kg, told_kg = reading.body_weight_support_kg, last.body_weight_support_kg
    if now_kg is None or told_kg is None or not telemetry(state):
        return now_kg
    moved_kg = support.moved_to(state.live.support, told_kg, state.robot_told_ns)
    return told_kg if moved_kg is None else moved_kg


def with_before(state: Visit, event: RobotChanged) -> RobotChanged:
    """The event with the support and the assistance that were told before, where they change."""
    last = state.robot
    if last is None:
        return event
    support_kg, assist_pct = last.body_weight_support_kg, last.assist_pct
    return replace(
        event,
        support_was_kg=support_kg if support_kg != event.body_weight_support_kg else None,
        assist_was_pct=assist_pct if assist_pct != event.assist_pct else None,
    )


def steadiness(state: Visit, event: RobotChanged, mono_ns: int) -> tuple[int, float | None]:
    """Since when (ns) phase and speed are what they are, and the speed (km/h) that counts from.

    Compared is the speed with which it began, never the last one: a ramp of small steps is no steady walk.
    """
    before = state.robot
    if before is None or before.phase != event.phase or not _steady(state, event.speed_kmh):
        return mono_ns, event.speed_kmh
    return state.robot_since_ns, state.steady_kmh


def _steady(state: Visit, speed_kmh: float | None) -> bool:
    """Whether a speed is, within the study's tolerance, the one with which steadiness began."""
    rule = state.setup.study.robot
    return not _differs(state.steady_kmh, speed_kmh, (rule.steady_kmh if rule is not None else 0.0) + 2 * ROUNDING)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _differs(before: float | None, after: float | None, least: float) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(before - after) >= least - 1e-9
