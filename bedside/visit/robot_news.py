"""Which of the robot's states the visit's journal keeps, and since when the walk is steady by what it kept."""

from datetime import datetime

from msgspec.structs import replace

from bedside.events import NoteAdded, RobotChanged
from bedside.visit import robot, support
from bedside.visit.inputs import NS
from bedside.visit.state import NO_TIME, Visit
from hal.roles import RobotState


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
    if now_kg is None or told_kg is None or not robot.telemetry(state):
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


def support_note(state: Visit, event: RobotChanged) -> tuple[NoteAdded, ...]:
    """A remark in the record when the support comes to lie above the allowed; it is a report and is not refused."""
    load_kg, before = event.body_weight_support_kg, state.robot
    was_above = before is not None and robot.support_above(state, before.body_weight_support_kg)
    if not state.going_on or was_above or not robot.support_above(state, load_kg):
        return ()
    pct, most = robot.support_pct(state, load_kg), robot.most_support_pct(state)
    text = f"body-weight support of {load_kg:g} kg is {pct:.0f} % of the body weight, more than {most:g} %"
    return (NoteAdded(text=text),)


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
    return not _differs(
        state.steady_kmh, speed_kmh, (rule.steady_kmh if rule is not None else 0.0) + 2 * robot.ROUNDING
    )


def told_before(state: Visit, mono_ns: int, utc: str) -> int:
    """When (ns) the robot was journalled last, for a visit that is interrupted at `mono_ns` and `utc`.

    Visit time may begin anew with the box, so that how long ago it was is taken from the wall clock (ISO 8601).
    """
    if state.robot_told_ns == NO_TIME or not state.robot_told_utc:
        return NO_TIME
    gap = datetime.fromisoformat(utc) - datetime.fromisoformat(state.robot_told_utc)
    return mono_ns - max(0, round(gap.total_seconds() * NS * state.setup.speed))


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)


def _differs(before: float | None, after: float | None, least: float) -> bool:
    if before is None or after is None:
        return before is not after
    return abs(before - after) >= least - robot.ROUNDING
