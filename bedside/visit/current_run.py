"""Direct current in a visit, from a person's word to its end: prepare, start, stop, what came of it.

The program is the arm's: nobody types one. It is given once; another start is possible only while an earlier one was
stopped within its ramp. What a blinded person may notice follows from the time since the start alone, so that a sham
is under way for as long as the protocol it is shown as.
"""

from typing import Literal

from msgspec.structs import replace

from bedside.events import CurrentEnded, CurrentFailed, CurrentIntended, CurrentStarted, Event
from bedside.refusal import Refusal
from bedside.visit import course, current, current_watch, interlocks, trigger
from bedside.visit.current_plan import gates, intent, planned, program_of
from bedside.visit.inputs import NS, ActionFailed, CurrentAction, Now
from bedside.visit.state import CurrentRun, Visit
from bedside.visit.trigger import last

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


# what a person asks


def prepare(state: Visit, now: Now) -> tuple[Event, ...]:
    """Load the arm's program; raises `Refusal`."""
    plan = planned(state)
    _demand(state, now, frozenset({"coil", "treatment"}))
    _pass(tuple(gate for gate in gates(state, now, plan) if gate.id not in BEFORE_START))
    phase = state.live.current.phase if state.live.current is not None else "unknown"
    if phase not in ("idle", "prepared"):
        raise Refusal("the electrical stimulator is not at rest", "stop it first")
    return (intent("prepare", plan),)


def start(state: Visit, now: Now) -> tuple[Event, ...]:
    """Start the prepared program; raises `Refusal` unless every gate is open."""
    plan = planned(state)
    if trigger.bursts(state) is not None:
        raise Refusal("the pulses follow this current: both are started together", "start the stimulation")
    _demand(state, now, frozenset({"treatment"}))
    run = last(state)
    if run is None or run.asked_ns is not None or run.failed or program_of(run.intended) != plan.program:
        raise Refusal("no direct current program is prepared", "prepare it")
    _pass(gates(state, now, plan))
    return (intent("start", plan),)


def stop(state: Visit, reason: str) -> tuple[Event, ...]:
    """Ramp down; pulses that it triggers end with it. Raises `Refusal` when nothing is under way."""
    if not under_way(state):
        raise Refusal("no electrical stimulation is under way", "")
    if trigger.bursts(state) is not None and state.course.running:
        return course.halt(state, "current_stopped", reason.strip() or "ended by hand")
    return (CurrentIntended(action="stop", reason=reason.strip() or "ended by hand"),)


def _demand(state: Visit, now: Now, allowed: frozenset[str]) -> None:
    if state.step not in allowed:
        raise Refusal("direct current belongs to the coil and treatment steps", "complete the steps before them")
    demand_over(state)
    if trigger.spent(state) is not None:
        raise Refusal(trigger.spent_words(state), "it is not given twice")
    if state.setup.study.timing.signed is None:
        raise Refusal("the study's timing is not signed by a physician", "a physician signs it in the study file")
    for name in CONDITIONS:
        condition = interlocks.BY_ID[name]
        reason = condition.problem(state, now)
        if reason is not None:
            raise Refusal(reason, condition.remedy)


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
