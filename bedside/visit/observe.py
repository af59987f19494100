"""The live part of the state: what was heard last, and when."""

from typing import Any

from msgspec.structs import replace

from bedside.visit import alarms, robot, support, trigger
from bedside.visit.inputs import (
    ActionDone,
    Cause,
    ControlBack,
    ControlLost,
    DiskSpace,
    EmgQuality,
    GuardSeen,
    Heard,
    Now,
    RecordTrouble,
    Tick,
)
from bedside.visit.state import NO_TIME, DeviceHealth, Live, Visit
from hal.device import Health, HealthChanged
from hal.roles import ContactState, CurrentStatus, OperatorPrompt, PulseCounter, RobotState, StimulatorStatus


def observe(state: Visit, cause: Cause, now: Now) -> Visit:
    """The state with its live part brought up to `now`; commands change nothing here but the time."""
    live = replace(_told(state.live, cause, now), now_ns=now.mono_ns)
    state = replace(state, live=live)
    if live.gap is not None or state.course.train is not None:
        live = replace(live, gap=trigger.gap(state))
        state = replace(state, live=live)
    if not isinstance(cause, Tick):
        return state
    return replace(state, live=replace(live, conditions=alarms.conditions(state, now)))


def _told(live: Live, cause: Cause, now: Now) -> Live:
    match cause:
        case Heard():
            return _heard(live, cause, now)
        case ActionDone(action="train"):
            return replace(live, train_running_ns=now.mono_ns)
        case EmgQuality():
            return replace(live, emg=cause, emg_ns=now.mono_ns)
        case ControlLost(reason=reason):
            return replace(live, control=False, control_text=reason)
        case ControlBack():
            return replace(live, control=True, control_text="")
        case GuardSeen(ok=ok, text=text):
            return replace(live, guard_ok=ok, guard_text=text)
        case DiskSpace(free_bytes=free):
            return replace(live, disk_free_bytes=free)
        case RecordTrouble(text=text):
            return replace(live, trouble=text)
        case _:
            return live


def _heard(live: Live, cause: Heard, now: Now) -> Live:
    reading: Any = cause.reading
    match reading:
        case StimulatorStatus():
            runs = reading.train_running is True and reading.enabled is not False
            ran_ns = now.mono_ns if runs else live.ran_ns
            still_ns = _still_ns(live, reading, now)
            return replace(live, status=reading, status_ns=now.mono_ns, ran_ns=ran_ns, still_ns=still_ns)
        case PulseCounter():
            return replace(live, counter=reading, counter_ns=now.mono_ns)
        case RobotState():
            heard_ns = now.mono_ns if robot.is_word(reading) else live.robot_ns
            load = support.heard(live.support, reading.body_weight_support_kg, now.mono_ns)
            return replace(live, robot=reading, robot_ns=heard_ns, support=load)
        case OperatorPrompt():
            start_asked_ns = now.mono_ns if reading.kind == "start" and reading.text else live.start_asked_ns
            return replace(live, prompt=reading if reading.text else None, start_asked_ns=start_asked_ns)
        case CurrentStatus():
            return replace(live, current=reading, current_ns=now.mono_ns)
        case ContactState():
            return replace(live, switches={**live.switches, cause.device: reading})
        case HealthChanged(health=health):
            device = DeviceHealth(cause.role, health, _since_ns(live.devices.get(cause.device), health, now))
            return replace(live, devices={**live.devices, cause.device: device})
        case _:
            return live


def _since_ns(before: DeviceHealth | None, health: Health, now: Now) -> int:
    """Since when a device works, or does not: one that is looked for in vain is no less away for each attempt."""
    unchanged = before is not None and (before.health.state == "ok") == (health.state == "ok")
    return before.since_ns if before is not None and unchanged else now.mono_ns


def _still_ns(live: Live, status: StimulatorStatus, now: Now) -> int:
    """Since when the stimulator says that no train runs; `NO_TIME` while one does, or it does not tell."""
    if status.train_running is not False:
        return NO_TIME
    return live.still_ns if live.still_ns != NO_TIME else now.mono_ns
