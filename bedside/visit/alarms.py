"""Alarms after the conventions of IEC 60601-1-8: condition, occurrence, signal and silence are four things.

A condition is a pure function of state and time; it becomes an occurrence (`AlarmRaised`, `AlarmCleared`) once it has
held, or been gone, for its delay. Silence pauses the sound of one occurrence, never its light. This is no certified
alarm system.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bedside.events import AlarmCleared, AlarmRaised, AlarmSilenced, Event, Priority
from bedside.refusal import Refusal
from bedside.snapshot import Alarm
from bedside.visit import belt, current_watch, interlocks, pairing, pressure, robot, stimulator, switches
from bedside.visit.inputs import NS, Now
from bedside.visit.state import DeviceHealth, Visit

SILENCE_S = 120
CLEAR_S = 1.0
ORDER: dict[Priority, int] = {"high": 0, "medium": 1, "low": 2}


@dataclass(frozen=True, slots=True)
class Definition:
    """One alarm: `condition` gives its text while it holds. Conditions of a second or less are not debounced away."""

    id: str
    priority: Priority
    condition: Callable[[Visit, Now], str | None]
    remedy: str
    delay_s: float = 0.0
    silence: bool = True


def _pulses(state: Visit) -> bool:
    return state.armed or state.course.running or state.chain is not None


def _robot_stop(state: Visit, now: Now) -> str | None:
    return robot.stop_problem(state, now) if state.going_on else None


def _e_stop(state: Visit, now: Now) -> str | None:
    return switches.stop_problem(state, now) if state.going_on else None


def _locked(state: Visit, now: Now) -> str | None:
    return interlocks.BY_ID["no_seizure"].problem(state, now) if state.going_on else None


def _too_hot(state: Visit, _: Now) -> str | None:
    status, heat = state.live.status, state.setup.limits.coil
    if status is None or status.temperature_c is None or status.temperature_c < heat.stop_c:
        return None
    return f"coil at {status.temperature_c:g} C"


def _warm(state: Visit, _: Now) -> str | None:
    status, heat = state.live.status, state.setup.limits.coil
    if status is None or status.temperature_c is None or not heat.warn_c <= status.temperature_c < heat.stop_c:
        return None
    return f"coil at {status.temperature_c:g} C, pulses stop at {heat.pause_c:g} C"


def _off_unconfirmed(state: Visit, _: Now) -> str | None:
    return f"stimulator may still be on: {state.off_failed}" if state.off_failed else None


def _elsewhere(state: Visit, now: Now) -> str | None:
    return stimulator.elsewhere(state, now) if state.going_on else None


def _unasked(state: Visit, _: Now) -> str | None:
    count = state.ledger.unasked
    return f"{count} pulse(s) that nobody here asked for" if count and state.going_on else None


def _control(state: Visit, _: Now) -> str | None:
    pause = state.course.pause
    lost = not state.live.control and (_pulses(state) or (pause is not None and pause.cause == "control"))
    return state.live.control_text if lost and state.going_on else None


def _guard(state: Visit, _: Now) -> str | None:
    if state.live.guard_ok or not state.going_on:
        return None
    return state.live.guard_text or "the guard does not watch"


def _paused_by(*causes: str) -> Callable[[Visit, Now], str | None]:
    def condition(state: Visit, _: Now) -> str | None:
        pause = state.course.pause
        return f"stimulation paused: {pause.reason}" if pause is not None and pause.cause in causes else None

    return condition


def _stimulator(state: Visit, now: Now) -> str | None:
    device = state.setup.devices.get("stimulator")
    if not state.going_on or device is None:
        return None
    return stimulator.link(state, now)


def _emg(state: Visit, now: Now) -> str | None:
    if not state.going_on or state.step not in ("hotspot", "threshold", "mep"):
        return None
    return interlocks.BY_ID["emg"].problem(state, now)


def _sensor(state: Visit, _: Now) -> str | None:
    """A sensor that is not on the way of a pulse: only what is recorded suffers."""
    if not state.going_on:
        return None
    gone = [name for name, device in state.live.devices.items() if device.role in SENSORS and not _well(device)]
    return f"not heard: {', '.join(gone)}" if gone else None


def _well(device: DeviceHealth) -> bool:
    return device.health.state == "ok"


def _robot_link(state: Visit, now: Now) -> str | None:
    return (
        robot.telemetry_problem(state, now) if state.step in ("fit", "coil", "treatment") and state.going_on else None
    )


def _record(state: Visit, _: Now) -> str | None:
    return f"the record cannot be written: {state.live.trouble}" if state.live.trouble else None


def _disk(state: Visit, now: Now) -> str | None:
    return interlocks.BY_ID["disk"].problem(state, now)


def _pause_ends(state: Visit, now: Now) -> str | None:
    pause = state.course.pause
    if pause is None:
        return None
    left_s = state.setup.study.run.pause_limit_s - (now.mono_ns - pause.since_ns) / NS
    return "the pause ends stimulation within a minute" if left_s < 60 else None


def _uncertain(state: Visit, _: Now) -> str | None:
    count = state.ledger.uncertain_course + state.ledger.uncertain_single
    return f"up to {count} pulse(s) cannot be proved or excluded" if count and state.going_on else None


SENSORS = frozenset({"imu", "plate"})
BELT_BY_HAND = "see to the patient; stop it at the treadmill's own stop"
ROBOT_CAUSES = ("robot_state", "robot_speed", "robot_link")
STIMULATOR_CAUSES = ("enabled", "read_back", "train", "stimulator_silent", "stimulator", "coil_heat")
TABLE: tuple[Definition, ...] = (
    Definition("e_stop", "high", _e_stop, "see to the patient first", silence=False),
    Definition("robot_stop", "high", _robot_stop, "see to the patient first", silence=False),
    Definition("seizure", "high", _locked, "coil off, keep the harness up, call for help", silence=False),
    Definition("off_unconfirmed", "high", _off_unconfirmed, "take the coil away, switch the stimulator off"),
    Definition("elsewhere", "high", _elsewhere, "take the coil away; see who enabled it at its panel"),
    Definition(
        "current", "high", current_watch.trouble, "look at the device: switch it off by hand if it gives current"
    ),
    Definition("trigger", "high", pairing.trouble, "see to the patient; check both devices and the trigger cable"),
    Definition("belt_stop", "high", belt.unstopped, BELT_BY_HAND),
    Definition("belt", "high", belt.unknown, BELT_BY_HAND, 0.5),
    Definition("unasked_pulse", "high", _unasked, "look at the front panel and the trigger cable"),
    Definition("coil_stop", "high", _too_hot, "take the coil off the head"),
    Definition("control_lost", "high", _control, "take control at the kiosk; stimulation is paused"),
    Definition("guard", "high", _guard, "start the station below its guard", 1.0),
    Definition(
        "pressure",
        "high",
        pressure.high,
        "sit up, loosen all straps; bladder, bowel, skin; measure again every 2 min",
        silence=False,
    ),
    Definition("stimulator_link", "medium", _stimulator, "check its power and cable", 0.5),
    Definition("current_link", "medium", current_watch.link, "check its battery and its cable or radio link", 0.5),
    Definition("stimulation_paused", "medium", _paused_by(*STIMULATOR_CAUSES), "see why, then resume or end"),
    Definition("robot", "medium", _paused_by(*ROBOT_CAUSES), "see to the patient, then resume or end"),
    Definition("contact", "medium", _paused_by("contact"), "see that the coil is on its mark, then resume"),
    Definition("coil_warm", "medium", _warm, "be ready to change the coil"),
    Definition("emg", "medium", _emg, "check the amplifier and the electrodes", 0.5),
    Definition("robot_link", "medium", _robot_link, "check the robot's network cable", 0.5),
    Definition("belt_astray", "medium", belt.astray, "look at the treadmill; stop the belt, then start it here", 1.0),
    Definition(
        "belt_control", "medium", belt.unattended, "take control at the kiosk, or stop the belt at its own stop", 0.5
    ),
    Definition("record", "medium", _record, "see the disk", 0.0),
    Definition("disk", "medium", _disk, "free disk space", 1.0),
    Definition("pause_ends", "medium", _pause_ends, "resume or end"),
    Definition("pressure_due", "low", pressure.due, "measure it now and type it in"),
    Definition("sensor", "low", _sensor, "see the device page", 1.0),
    Definition("uncertain", "low", _uncertain, "it is in the record; tell the physician"),
)
BY_ID = {definition.id: definition for definition in TABLE}


def conditions(state: Visit, now: Now) -> Mapping[str, tuple[bool, int]]:
    """Each condition's present truth and since when (ns); the caller keeps it in the live part."""
    held = state.live.conditions
    found: dict[str, tuple[bool, int]] = {}
    for definition in TABLE:
        holds = definition.condition(state, now) is not None
        before = held.get(definition.id)
        found[definition.id] = before if before is not None and before[0] == holds else (holds, now.mono_ns)
    return found


def watch(state: Visit, now: Now) -> tuple[Event, ...]:
    """Alarms that begin or end now."""
    events: list[Event] = []
    for definition in TABLE:
        text = definition.condition(state, now)
        was, since_ns = state.live.conditions.get(definition.id, (text is not None, now.mono_ns))
        lasted_s = (now.mono_ns - since_ns) / NS if was == (text is not None) else 0.0
        if text is not None and definition.id not in state.alarms and lasted_s >= definition.delay_s:
            events.append(
                AlarmRaised(alarm=definition.id, priority=definition.priority, text=text, remedy=definition.remedy)
            )
        elif text is None and definition.id in state.alarms and lasted_s >= CLEAR_S:
            events.append(AlarmCleared(alarm=definition.id))
    return tuple(events)


def silence(state: Visit, alarm: str) -> tuple[Event, ...]:
    """Pause the sound of an alarm's present occurrence; raises `Refusal` where that is not allowed."""
    if alarm not in state.alarms:
        raise Refusal("that alarm is not on", "")
    if not BY_ID[alarm].silence:
        raise Refusal("this alarm cannot be silenced", BY_ID[alarm].remedy)
    return (AlarmSilenced(alarm=alarm, seconds=SILENCE_S),)


def shown(state: Visit, now: Now) -> tuple[Alarm, ...]:
    """The alarms that hold, highest first, then the newest."""
    rows = sorted(state.alarms.items(), key=lambda row: (ORDER[row[1].priority], -row[1].since_ns))
    return tuple(
        Alarm(
            id=name,
            priority=raised.priority,
            text=raised.text,
            remedy=raised.remedy,
            since_s=max(0.0, (now.mono_ns - raised.since_ns) / NS),
            silenced_s=left if (left := (raised.silent_until_ns - now.mono_ns) / NS) > 0 else None,
        )
        for name, raised in rows
    )
