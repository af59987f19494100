"""A treadmill's belt under command: when it may start, by how much its speed may change, and that it can be stopped.

Only a treadmill whose device file says `commanded = true` is ever asked anything. An order is journalled before the
machine is asked, but for a stop; that it was carried out is the machine's word. A stop is never refused and overtakes
every other order. STOP is stimulation's alone: a patient in the harness is not stopped by it.
"""

from math import isfinite

from bedside.events import BeltConfirmed, BeltFailed, BeltIntended, BeltOrder, Event
from bedside.refusal import Refusal
from bedside.visit import course, interlocks, robot
from bedside.visit.inputs import ActionFailed, BeltAction, Now
from bedside.visit.setup import BeltSetup
from bedside.visit.state import Visit
from hal.roles import RobotState

ORDERS: dict[BeltAction, BeltOrder] = {"belt_start": "start", "belt_speed": "speed", "belt_stop": "stop"}
TICKS = (
    ("harness", "the harness is not ticked"),
    ("e_stop_tested", "the emergency stop is not tested"),
    ("handrail", "the handrails are not ticked"),
)
"""Items of the fitting without which no belt starts (HZ-16), whatever a site makes of its form."""
SLOWER = ("person", "visit", "robot_link")
FASTER = (*SLOWER, "screening", "no_seizure", "e_stop", "robot_stop", "control", "record")
START = (*FASTER, "fit", "coil", "off")
"""Interlocks by id. Slower is the safe way: it needs no more than a belt that is heard."""
OTHER_KMH = 0.2
"""A told speed that lies farther than this from the asked one is somebody else's; a step of 0.1 mph is 0.16 km/h."""
BY_ITSELF = "look at the treadmill; its own stop stops it"


def pulses(state: Visit) -> bool:
    """Whether pulses are being given, or are on their way."""
    return state.armed or state.chain is not None or state.course.running


def at_rest(state: Visit, now: Now) -> bool:
    """Whether the machine itself says, now, that the belt stands."""
    told = _told(state, now)
    return told is not None and told.speed_kmh == 0 and told.phase not in ("walk", "stopping")


def moving(state: Visit, now: Now) -> bool:
    """Whether the machine itself says, now, that the belt moves."""
    return _told(state, now) is not None and not at_rest(state, now)


def _told(state: Visit, now: Now) -> RobotState | None:
    """The treadmill's last word; None where its state is unknown or the word is too old."""
    told = state.live.robot
    if told is None or told.phase == "unknown" or told.speed_kmh is None:
        return None
    return told if robot.telemetry_problem(state, now) is None else None


# what a person asks


def start(state: Visit, now: Now, *, attended: bool) -> tuple[Event, ...]:
    """Start the belt at its slowest speed; raises `Refusal` unless patient, harness and machine are ready for it."""
    limits = _limits(state)
    if not attended:
        raise Refusal("nobody stands at the treadmill's own stop", "somebody goes there first")
    if state.step != "treatment":
        raise Refusal("the belt is started in the treatment step", "complete the steps before it")
    _idle(state)
    if pulses(state):
        raise Refusal("pulses are being given, or about to be", "stop them, then start the belt")
    _demand(state, now, START)
    _fitted(state)
    told = _known(state, now)
    if told.phase != "stand" or told.speed_kmh != 0:
        raise Refusal(f"the belt does not stand: {told.phase} at {told.speed_kmh:g} km/h", "bring it to a stand first")
    slowest_kmh = lowest_kmh(state, limits)
    if slowest_kmh > _highest_kmh(state, limits):
        raise Refusal(f"the slowest speed is {slowest_kmh:g} km/h, above the prescribed one", "see the fitting")
    reason = "asked for; somebody stands at the treadmill's own stop"
    return (BeltIntended(action="start", speed_kmh=slowest_kmh, reason=reason),)


def set_speed(state: Visit, now: Now, speed_kmh: float) -> tuple[Event, ...]:
    """Go one step faster or slower; raises `Refusal` for more, outside the limits, and unless the belt is held."""
    limits, asked_kmh = _limits(state), state.belt.asked_kmh
    _idle(state)
    told = _known(state, now)
    if not state.belt.held or asked_kmh is None:
        raise Refusal("the belt does not run as it was asked here", "stop it, then start it here")
    if told.phase != "walk" or told.speed_kmh is None or abs(told.speed_kmh - asked_kmh) > OTHER_KMH + robot.ROUNDING:
        raise Refusal(f"{asked_kmh:g} km/h was asked, the belt tells {told.phase} at {told.speed_kmh:g}", BY_ITSELF)
    if not isfinite(speed_kmh) or abs(abs(speed_kmh - asked_kmh) - limits.step_kmh) > 1e-6:
        raise Refusal(f"the speed changes by {limits.step_kmh:g} km/h at a time", "press again for more")
    _within(state, limits, speed_kmh)
    if speed_kmh > asked_kmh and pulses(state):
        raise Refusal("pulses are being given: only slower, or stop", "pause them first")
    _demand(state, now, FASTER if speed_kmh > asked_kmh else SLOWER)
    return (BeltIntended(action="speed", speed_kmh=round(speed_kmh, 2), reason="asked for"),)


def stop(state: Visit) -> tuple[Event, ...]:
    """Pulses off first, then the belt by the machine's own ramp; refused only where no belt is commanded at all."""
    _limits(state)
    reason = "the belt is stopped by hand"
    return (*_off(state, reason), BeltIntended(action="stop", reason=reason))


def _off(state: Visit, reason: str) -> tuple[Event, ...]:
    return course.halt(state, "belt", reason) if pulses(state) else ()


def demand_rest(state: Visit, now: Now) -> None:
    """Raise `Refusal` while a belt that was started here is told moving; one that is lost cannot hold up a visit."""
    if state.belt.ours and moving(state, now):
        raise Refusal("the belt runs", "stop it first")


def _limits(state: Visit) -> BeltSetup:
    if state.setup.belt is None or state.setup.study.robot is None:
        raise Refusal("no treadmill is commanded from here", "use its own panel")
    return state.setup.belt


def _idle(state: Visit) -> None:
    if state.belt.doing is not None:
        raise Refusal("the belt is changing its speed", "wait for it; a stop is always possible")


def _demand(state: Visit, now: Now, conditions: tuple[str, ...]) -> None:
    for name in conditions:
        condition = interlocks.BY_ID[name]
        reason = condition.problem(state, now)
        if reason is not None:
            raise Refusal(reason, condition.remedy)


def _fitted(state: Visit) -> None:
    """The ticks that a start needs, and support: nobody walks without any unless the study plans it."""
    for item, problem in TICKS:
        if state.answer("fit", item) is not True:
            raise Refusal(problem, "open the fitting again")
    rule, support_pct = state.setup.study.robot, state.answer("fit", "support_pct")
    unsupported = rule is not None and rule.support_pct is not None and rule.support_pct[0] == 0
    if not unsupported and not (isinstance(support_pct, int | float) and support_pct > 0):
        raise Refusal("no body-weight support is entered", "open the fitting again")


def _known(state: Visit, now: Now) -> RobotState:
    told = _told(state, now)
    if told is None:
        raise Refusal("the belt's state is unknown: it may be moving", BY_ITSELF)
    return told


def lowest_kmh(state: Visit, limits: BeltSetup) -> float:
    """The slowest speed (km/h) that driver and study allow: a belt starts with it."""
    rule = state.setup.study.robot
    return max(limits.slowest_kmh, rule.envelope_kmh[0] if rule is not None else 0.0)


def _highest_kmh(state: Visit, limits: BeltSetup) -> float:
    """The least of what the driver, the study and the fitting allow; raises `Refusal` without a prescribed speed."""
    rule, prescribed_kmh = state.setup.study.robot, state.answer("fit", "speed_kmh")
    if rule is None or isinstance(prescribed_kmh, bool) or not isinstance(prescribed_kmh, int | float):
        raise Refusal("no speed is prescribed", "open the fitting again")
    return min(limits.fastest_kmh, rule.envelope_kmh[1], float(prescribed_kmh))


def _within(state: Visit, limits: BeltSetup, speed_kmh: float) -> None:
    low_kmh, high_kmh = lowest_kmh(state, limits), _highest_kmh(state, limits)
    if speed_kmh < low_kmh - robot.ROUNDING:
        raise Refusal(f"{low_kmh:g} km/h is the slowest", "stop the belt")
    if speed_kmh > high_kmh + robot.ROUNDING and speed_kmh > (state.belt.asked_kmh or 0.0):
        raise Refusal(f"{high_kmh:g} km/h is the fastest today", "")


# what the machine does


def confirmed(state: Visit, now: Now, action: BeltAction) -> tuple[Event, ...]:
    """The driver confirms an order; of one that was overtaken nothing follows. A stop is one that is heard standing."""
    order, told_kmh = ORDERS[action], _last_kmh(state)
    if state.belt.doing != order:
        return ()
    if order == "stop" and not at_rest(state, now):
        why = "the belt does not say that it stands"
        return (BeltFailed(action=order, error=why, remedy=BY_ITSELF, told_kmh=told_kmh),)
    return (BeltConfirmed(action=order, told_kmh=told_kmh),)


def failed(state: Visit, action: BeltAction, cause: ActionFailed) -> tuple[Event, ...]:
    """An order was not carried out, or is not confirmed."""
    order = ORDERS[action]
    if state.belt.doing != order:
        return ()
    return (BeltFailed(action=order, error=cause.error, remedy=cause.remedy, told_kmh=_last_kmh(state)),)


def _last_kmh(state: Visit) -> float | None:
    told = state.live.robot
    return None if told is None else told.speed_kmh


def watch(state: Visit, now: Now) -> tuple[Event, ...]:
    """Stop a belt that runs away under an order; take note of one that is heard standing, whoever stopped it."""
    belt = state.belt
    away = _running_away(state, now)
    if away:
        return (*_off(state, away), BeltIntended(action="stop", reason=away))
    wanted = (belt.ours or bool(belt.stop_failed)) and belt.doing is None
    if not wanted or state.live.robot_ns <= belt.since_ns or not at_rest(state, now):
        return ()
    return (BeltConfirmed(action="stop", told_kmh=0.0),)


def _running_away(state: Visit, now: Now) -> str:
    """That the belt is faster than the order under way asks, in words; "" where it is not.

    One that was lost under its order is not stopped when it is heard again: whoever sees the patient decides that.
    """
    asked_kmh, told = state.belt.asked_kmh, _told(state, now)
    if state.belt.doing not in ("start", "speed") or asked_kmh is None or told is None or told.speed_kmh is None:
        return ""
    faster = told.speed_kmh > asked_kmh + OTHER_KMH + robot.ROUNDING
    return f"asked for {asked_kmh:g} km/h, the belt tells {told.speed_kmh:g}" if faster else ""


# what is told of it


def unknown(state: Visit, now: Now) -> str | None:
    """That a belt started here may be running, and nobody here knows."""
    lost = state.belt.ours and _told(state, now) is None
    return "belt state unknown: it was started here and may be running" if lost else None


def unstopped(state: Visit, _now: Now) -> str | None:
    """That the belt was told to stop and nobody says that it stands."""
    why = state.belt.stop_failed
    return f"belt told to stop, not confirmed: {why}" if why else None


def astray(state: Visit, now: Now) -> str | None:
    """That a belt started here runs otherwise than it was asked to."""
    belt, told = state.belt, _told(state, now)
    if not belt.ours or belt.doing is not None or told is None or told.phase != "walk" or told.speed_kmh is None:
        return None
    if not belt.held or belt.asked_kmh is None:
        return f"the belt runs at {told.speed_kmh:g} km/h and is not held from here any more"
    if abs(told.speed_kmh - belt.asked_kmh) > OTHER_KMH + robot.ROUNDING:
        return f"the belt runs at {told.speed_kmh:g} km/h, {belt.asked_kmh:g} was asked"
    return None


def unattended(state: Visit, _now: Now) -> str | None:
    """That a belt started here runs and no kiosk is in control."""
    return f"the belt runs on: {state.live.control_text}" if state.belt.ours and not state.live.control else None


def left_running(state: Visit) -> str:
    """What is to be said of the belt after the station was gone; "" where it was not running by its word."""
    limits = state.setup.belt
    if not state.belt.ours or limits is None:
        return ""
    if limits.stops_by_itself:
        return "the belt was started here and should have stopped by itself: look at it"
    return "the belt was started here and may have run on ever since: look at it, stop it"
