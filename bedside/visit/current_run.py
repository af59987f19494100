"""Direct current in a visit, from a person's word to its end: prepare, start, stop, what came of it.

The program is the arm's: nobody types one. It is given once; another start is possible only while an earlier one was
stopped within its ramp. What a blinded person may notice follows from the time since the start alone, so that a sham
is under way for as long as the protocol it is shown as.
"""

from typing import Literal

from msgspec.structs import replace

from bedside.config.current import CurrentPart
from bedside.events import CurrentEnded, CurrentFailed, CurrentIntended, CurrentStarted, Event
from bedside.refusal import Refusal
from bedside.visit import course, current, current_watch, interlocks
from bedside.visit.inputs import NS, ActionFailed, CurrentAction, Now
from bedside.visit.state import CurrentRun, Visit
from hal.roles import ABSOLUTE_MAX_MA, CurrentProgram

ACTIONS: dict[CurrentAction, Literal["prepare", "start", "stop"]] = {
    "current_prepare": "prepare",
    "current_start": "start",
    "current_stop": "stop",
}
CONDITIONS = (
    "person",
    "visit",
    "screening",
    "no_seizure",
    "off",
    "e_stop",
    "robot_stop",
    "control",
    "guard",
    "record",
    "disk",
)
"""Interlocks that current shares with the pulses, by id."""
COMPLETE = 0.9
"""Measured charge from which a program that nobody stopped counts as complete; the device itself allows 10 %."""
FLOOR_MA = 0.1
BEFORE_START = frozenset({"phase", "impedance", "fault"})
"""What a device can only fulfil once a program is loaded into it."""


def part_of(state: Visit) -> CurrentPart:
    """The study's direct current; raises `Refusal` where it has none."""
    part = state.setup.current
    if part is None:
        raise Refusal("this study gives no direct current", "")
    return part


def planned(state: Visit) -> current.CurrentPlan:
    """What this participant's arm gets; raises `Refusal` where that is nothing."""
    if state.profile is None:
        raise Refusal("no visit is open", "open a visit first")
    return current.plan(part_of(state), state.profile.arm)


def last(state: Visit) -> CurrentRun | None:
    """The present program."""
    return state.currents[-1] if state.currents else None


def shown(state: Visit, now_ns: int) -> current.Shown:
    """What a blinded person may see; raises `Refusal` where there is no plan."""
    run = next((run for run in reversed(state.currents) if run.started_ns is not None), None)
    if run is None or run.started_ns is None:
        return current.shown(planned(state), None)
    if run.stopped_s is not None:
        return current.shown(planned(state), run.stopped_s, stopped=True)
    return current.shown(planned(state), max(0, now_ns - run.started_ns) / NS)


def under_way(state: Visit) -> bool:
    """Whether current flows, may flow, is about to, or would still flow in the protocol it is shown as."""
    if current_watch.runs(state):
        return True
    run = last(state)
    if run is None or run.asked_ns is None or run.stopped_s is not None:
        return False
    if run.started_ns is None:
        return not run.failed
    return (state.live.now_ns - run.started_ns) / NS < run.intended.shown_s


def demand_over(state: Visit) -> None:
    """Raise `Refusal` while it is under way; a device that is lost cannot hold up a visit."""
    if under_way(state) and not (state.current is not None and state.current.doubtful):
        raise Refusal("electrical stimulation is under way", "wait for its end, or stop it")


def demand_one_trigger(state: Visit) -> None:
    """Raise `Refusal` for pulses by this station where the electrical stimulator times them."""
    part, arm = state.setup.current, state.profile.arm if state.profile is not None else ""
    if part is None or "current" not in part.study.trigger_masters or state.step != "treatment":
        return
    given = part.study.arms.get(arm)
    if given is not None and given.bursts:
        raise Refusal("the electrical stimulator times the pulses here: this program starts none beside it", "")


# what a person asks


def prepare(state: Visit, now: Now) -> tuple[Event, ...]:
    """Load the arm's program; raises `Refusal`."""
    plan = planned(state)
    _demand(state, now, frozenset({"coil", "treatment"}))
    _pass(tuple(gate for gate in _gates(state, now, plan) if gate.id not in BEFORE_START))
    phase = state.live.current.phase if state.live.current is not None else "unknown"
    if phase not in ("idle", "prepared"):
        raise Refusal("the electrical stimulator is not at rest", "stop it first")
    return (_intent("prepare", plan),)


def start(state: Visit, now: Now) -> tuple[Event, ...]:
    """Start the prepared program; raises `Refusal` unless every gate is open."""
    plan = planned(state)
    _demand(state, now, frozenset({"treatment"}))
    run = last(state)
    if run is None or run.asked_ns is not None or run.failed or program_of(run.intended) != plan.program:
        raise Refusal("no direct current program is prepared", "prepare it")
    _pass(_gates(state, now, plan))
    if plan.program.trigger_bursts and (state.armed or state.chain is not None or state.course.running):
        raise Refusal("the magnetic stimulator is armed and would follow the trigger", "end its pulses first")
    return (_intent("start", plan),)


def stop(state: Visit, reason: str) -> tuple[Event, ...]:
    """Ramp down; raises `Refusal` when nothing is under way."""
    if not under_way(state):
        raise Refusal("no electrical stimulation is under way", "")
    return (CurrentIntended(action="stop", reason=reason.strip() or "ended by hand"),)


def _intent(action: str, plan: current.CurrentPlan) -> CurrentIntended:
    program = plan.program
    return CurrentIntended(
        action="start" if action == "start" else "prepare",
        preset=plan.preset,
        sham=plan.sham,
        current_ma=program.current_ma,
        plateau_s=program.plateau_s,
        ramp_s=program.ramp_s,
        trigger_bursts=program.trigger_bursts,
        burst_pulses=program.burst_pulses,
        inter_pulse_ms=program.inter_pulse_ms,
        inter_burst_ms=program.inter_burst_ms,
        bursts_per_train=program.bursts_per_train,
        train_period_ms=program.train_period_ms,
        shown_s=plan.shown_s,
    )


def program_of(event: CurrentIntended) -> CurrentProgram:
    """The device's program in a journalled intent."""
    return CurrentProgram(
        event.current_ma,
        event.plateau_s,
        event.ramp_s,
        event.trigger_bursts,
        event.burst_pulses,
        event.inter_pulse_ms,
        event.inter_burst_ms,
        event.bursts_per_train,
        event.train_period_ms,
    )


def _demand(state: Visit, now: Now, allowed: frozenset[str]) -> None:
    if state.step not in allowed:
        raise Refusal("direct current belongs to the coil and treatment steps", "complete the steps before them")
    demand_over(state)
    for run in state.currents:
        if run.started_ns is not None and (run.stopped_s is None or run.stopped_s > run.intended.ramp_s):
            raise Refusal("electrical stimulation was given in this visit", "it is not given twice")
    if state.setup.study.timing.signed is None:
        raise Refusal("the study's timing is not signed by a physician", "a physician signs it in the study file")
    for name in CONDITIONS:
        condition = interlocks.BY_ID[name]
        reason = condition.problem(state, now)
        if reason is not None:
            raise Refusal(reason, condition.remedy)


def _gates(state: Visit, now: Now, plan: current.CurrentPlan) -> tuple[current.Gate, ...]:
    limits = part_of(state).study.limits
    device = state.setup.devices.get("current")
    if device is None:
        return (current.Gate("device", "no electrical stimulator is configured", "name one in station.toml"),)
    ceiling = device.options.get("max_current_ma", limits.max_ma)
    links = [link.health.state for link in state.live.devices.values() if link.role == "current"]
    ready = current.Readiness(
        status=state.live.current,
        age_s=(now.mono_ns - state.live.current_ns) / NS / state.setup.speed,
        linked=bool(links) and all(link == "ok" for link in links),
        skin_checked=state.answer("coil", "electrode_skin") is True,
        ceiling_ma=min(float(ceiling), ABSOLUTE_MAX_MA) if isinstance(ceiling, int | float) else 0.0,
    )
    return current.gates(plan, ready, limits)


def _pass(gates: tuple[current.Gate, ...]) -> None:
    for gate in gates:
        raise Refusal(gate.reason, gate.remedy)


# what the device does


def failed(state: Visit, action: CurrentAction, cause: ActionFailed) -> tuple[Event, ...]:
    """An action that was not carried out; whatever may flow is switched off, but for a program that was not loaded."""
    event = CurrentFailed(action=ACTIONS[action], error=cause.error, remedy=cause.remedy)
    return (event,) if event.action == "prepare" else (event, *course.halt(state, "current", cause.error))


def watch(state: Visit, now: Now) -> tuple[Event, ...]:
    """The beginning and the end of the program, as the device tells them."""
    run, told = last(state), state.current
    if run is None or told is None or run.asked_ns is None or run.ended is not None:
        return ()
    if run.started_ns is None:
        return (CurrentStarted(),) if told.said.phase in current.RUNS else ()
    if told.said.phase not in ("idle", "prepared", "fault") or (told.said.measured_ma or 0.0) > FLOOR_MA:
        return ()
    return (_end(state, run, now),)


def _end(state: Visit, run: CurrentRun, now: Now) -> CurrentEnded:
    said, ledger = state.current.said if state.current is not None else None, run.ledger
    program = program_of(run.intended)
    ran_s = (now.mono_ns - (run.started_ns or 0)) / NS
    charge_told = said is not None and said.charge_c is not None
    whole = ledger.given_c >= COMPLETE * program.charge_c if charge_told else ran_s >= COMPLETE * program.total_s
    fault = said.fault if said is not None else ""
    ended = CurrentEnded(
        cause="complete" if whole and not fault and run.stopped_s is None else "short",
        reason="as planned" if charge_told else "as planned by the clock; the device tells no charge",
        planned_c=round(program.charge_c, 6),
        given_c=round(ledger.given_c, 6),
        plateau_c=round(ledger.plateau_c, 6),
        ramps_c=round(ledger.ramps_c, 6),
        unplaced_c=round(ledger.unplaced_c, 6),
        charge_told=charge_told,
        highest_ma=ledger.highest_ma,
        lowest_kohm=ledger.lowest_kohm,
        highest_kohm=ledger.highest_kohm,
        triggers=ledger.triggers,
    )
    return _named(ended, fault, run)


def _named(ended: CurrentEnded, fault: str, run: CurrentRun) -> CurrentEnded:
    if fault:
        return replace(ended, cause="fault", reason=fault)
    if run.stopped_s is not None:
        return replace(ended, cause="stopped", reason=run.stop_reason)
    if ended.cause == "short":
        return replace(ended, reason="the device ended it early and gives no reason")
    return ended
