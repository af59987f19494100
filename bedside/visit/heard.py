"""What follows from an observation: a reading, the outcome of an action, a measured sweep, a restart."""

from collections.abc import Callable
from typing import Any

from bedside.events import (
    Event,
    OffConfirmed,
    OffIntended,
    ResponseMeasured,
    ResponseMissing,
    StimulatorFailed,
    StimulatorSaid,
)
from bedside.visit import (
    assessing,
    belt,
    course,
    current_run,
    current_watch,
    restart,
    robot_news,
    settle,
    singles,
    stimulator,
    switches,
    uncounted,
)
from bedside.visit.inputs import (
    NS,
    ActionDone,
    ActionFailed,
    AnalysisDone,
    ControlBack,
    ControlLost,
    DiskSpace,
    EmgQuality,
    GuardSeen,
    Heard,
    Now,
    RecordTrouble,
    Started,
    SweepMeasured,
    SweepMissing,
    Tick,
)
from bedside.visit.state import Visit
from hal.roles import ContactState, CurrentStatus, PulseCounter, PulseDelivered, RobotState, StimulatorStatus

RETRY_S = 2.0


def _nothing(_state: Visit, _cause: Any, _now: Now) -> tuple[Event, ...]:
    return ()


def _reading(state: Visit, cause: Heard, now: Now) -> tuple[Event, ...]:
    reading: Any = cause.reading
    match reading:
        case RobotState():
            changed = robot_news.changed(state, reading)
            return (changed, *robot_news.support_note(state, changed)) if changed is not None else ()
        case ContactState():
            pressed = switches.changed(state, cause.device, reading)
            return (pressed,) if pressed is not None else ()
        case CurrentStatus():
            told = current_watch.changed(state, reading)
            return (told,) if told is not None else ()
        case PulseDelivered():
            return settle.pulse(state, reading)
        case PulseCounter():
            return settle.counter(state, reading, now)
        case StimulatorStatus():
            return _said(state, reading, now)
        case _:
            return ()


def _said(state: Visit, reading: StimulatorStatus, now: Now) -> tuple[Event, ...]:
    """The stimulator's account, when it differs from the last one journalled; a degree of temperature counts.

    Its word that it is disabled confirms a stop that was not confirmed, with all that a confirmed stop settles.
    """
    event = StimulatorSaid(
        enabled=reading.enabled,
        amplitude_pct_mso=reading.amplitude_pct_mso,
        train_running=reading.train_running,
        temperature_c=reading.temperature_c,
        coil_type=reading.coil_type,
        model=reading.model,
        serial_number=reading.serial_number,
        source=reading.source,
    )
    if state.said is not None and _same(state.said, event):
        return ()
    confirmed = reading.enabled is False and bool(state.off_failed) and not state.armed
    return (event, *_off_done(state)) if confirmed else (event,)


def _same(before: StimulatorSaid, after: StimulatorSaid) -> bool:
    cold, warm = before.temperature_c, after.temperature_c
    still = cold == warm if cold is None or warm is None else abs(cold - warm) < 1.0
    return still and all(
        getattr(before, name) == getattr(after, name)
        for name in ("enabled", "amplitude_pct_mso", "train_running", "coil_type", "serial_number", "source")
    )


def _done(state: Visit, cause: ActionDone, now: Now) -> tuple[Event, ...]:
    match cause.action:
        case "off":
            return _off_done(state)
        case "pulse":
            return _unreported(state) if state.pending is not None and cause.pulse == state.pending.pulse else ()
        case "train":
            return course.started(state)
        case "belt_start" | "belt_speed" | "belt_stop" as action:
            return belt.confirmed(state, now, action)
        case _:
            return _go_on(state, cause.action, now)


def _go_on(state: Visit, action: str, now: Now) -> tuple[Event, ...]:
    chain = state.chain
    if chain is None or chain.stage != action:
        return ()
    if chain.purpose == "treatment":
        return course.go_on(state, now)
    return singles.go_on(state, now, chain.purpose)


def _off_done(state: Visit) -> tuple[Event, ...]:
    if state.armed or state.off_confirmed:
        return ()
    return (*_unreported(state), *uncounted.stopped(state), OffConfirmed())


def _unreported(state: Visit) -> tuple[Event, ...]:
    """A single pulse whose action is over and that no device reported."""
    if state.pending is None:
        return ()
    error = "the stimulator reported no pulse"
    return (StimulatorFailed(action="pulse", error=error, remedy="the pulse counter is looked at"),)


def _failed(state: Visit, cause: ActionFailed, _now: Now) -> tuple[Event, ...]:
    match cause.action:
        case "current_prepare" | "current_start" | "current_stop" as action:
            return current_run.failed(state, action, cause)
        case "belt_start" | "belt_speed" | "belt_stop" as action:
            return belt.failed(state, action, cause)
        case action:
            failed = StimulatorFailed(action=action, error=cause.error, remedy=cause.remedy)
            return (failed,) if action == "off" else (failed, *course.halt(state, "stimulator", cause.error))


def retry_off(state: Visit, now: Now) -> tuple[Event, ...]:
    """A stop that was not confirmed is tried again as long as it is not."""
    if not state.off_failed or state.off_since_ns is None:
        return ()
    waited_s = (now.mono_ns - state.off_since_ns) / NS
    if 0 <= waited_s < RETRY_S * state.setup.speed:
        return ()
    return (OffIntended(reason=f"the last stop was not confirmed: {state.off_failed}"),)


def watch_panel(state: Visit, now: Now) -> tuple[Event, ...]:
    """A stimulator that was enabled at its own panel is alarmed first, and then switched off each time."""
    if "elsewhere" not in state.alarms or not state.going_on:
        return ()
    reason = stimulator.elsewhere(state, now)
    return () if reason is None else (OffIntended(reason=reason, keeps_current=True),)


def _measured(state: Visit, cause: SweepMeasured, _now: Now) -> tuple[Event, ...]:
    if not any(single.pulse == cause.pulse for single in state.singles):
        return ()
    event = ResponseMeasured(pulse=cause.pulse, target=cause.target, others=cause.others, time_zero=cause.time_zero)
    return (event,)


def _missing(state: Visit, cause: SweepMissing, _now: Now) -> tuple[Event, ...]:
    if not any(single.pulse == cause.pulse and single.response is None for single in state.singles):
        return ()
    return (ResponseMissing(pulse=cause.pulse, reason=cause.reason),)


def _started(state: Visit, cause: Started, _now: Now) -> tuple[Event, ...]:
    return restart.started(state, cause)


HEARD: dict[type, Callable[[Visit, Any, Now], tuple[Event, ...]]] = {
    AnalysisDone: assessing.analysed,
    Tick: _nothing,
    Heard: _reading,
    ActionDone: _done,
    ActionFailed: _failed,
    EmgQuality: _nothing,
    SweepMeasured: _measured,
    SweepMissing: _missing,
    ControlLost: _nothing,
    ControlBack: _nothing,
    GuardSeen: _nothing,
    DiskSpace: _nothing,
    RecordTrouble: _nothing,
    Started: _started,
}
