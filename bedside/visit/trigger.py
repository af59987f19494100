"""Who times a treatment's pulses: the stimulator by itself, or the electrical stimulator's trigger output; and counts.

Three numbers are kept apart: pulses planned, triggers that the electrical stimulator says it sent, and pulses that the
magnetic one reported or its own counter shows. None of them is ever taken for another.
"""

from bedside.config import Bursts
from bedside.visit.inputs import NS
from bedside.visit.state import CurrentRun, Gap, Visit

TOLD_S = 1.0
"""How late (real s) a word of either device may come."""
CHARGE_SLACK = 1.1
"""The device's account of its charge may be 10 % above what flowed."""


def bursts(state: Visit) -> Bursts | None:
    """The trigger pulses that time this participant's pulses; None where the stimulator times its own."""
    part, profile = state.setup.current, state.profile
    if part is None or profile is None or "current" not in part.study.trigger_masters:
        return None
    arm = part.study.arms.get(profile.arm)
    return part.study.bursts if arm is not None and arm.bursts else None


def last(state: Visit) -> CurrentRun | None:
    """The present program of the electrical stimulator."""
    return state.currents[-1] if state.currents else None


def spent(state: Visit) -> CurrentRun | None:
    """A program that was, or may have been, given beyond its first ramp: it is not given again, nor its triggers."""
    return next((run for run in state.currents if _given(run)), None)


def spent_words(state: Visit) -> str:
    """That it was given, as far as anybody knows."""
    run = spent(state)
    may = run is not None and run.unsure
    return f"electrical stimulation {'may have been' if may else 'was'} given in this visit"


def _given(run: CurrentRun) -> bool:
    """By the time until it was told to stop, by the device's charge, and where neither is known by assumption.

    A program that is stopped within its first ramp gives at most the charge of both ramps.
    """
    if run.asked_ns is None:
        return False
    ramps_c = run.intended.current_ma / 1000.0 * run.intended.ramp_s
    if run.unsure or run.ledger.given_c > CHARGE_SLACK * ramps_c:
        return True
    return run.started_ns is not None and (run.stopped_s is None or run.stopped_s > run.intended.ramp_s)


def sent(state: Visit) -> int | None:
    """Triggers that the electrical stimulator says it sent in the present program; None where it is not heard."""
    run, told = last(state), state.live.current
    if run is None or run.asked_ns is None or told is None or told.phase == "unknown":
        return None
    return told.triggers


def counted(state: Visit) -> int:
    """Pulses of the present train: those reported, or as many more as the stimulator's proven counter shows."""
    train, base, reading = state.course.train, state.baseline, state.live.counter
    if train is None:
        return 0
    if base is None or not base.proven or reading is None:
        return train.reported
    return max(train.reported, reading.total - base.total - (base.since - train.reported))


def gap(state: Visit) -> Gap | None:
    """What one device told and the other has not caught up with, to within a burst; None while both tell the same.

    Either is told with a delay, and while pulses come both go on. So a number is held until the other device reaches
    it, or comes as near as a burst: how long that takes is what tells a delay from a pulse that is missing.
    """
    train, triggers, before = state.course.train, sent(state), state.live.gap
    if train is None or not train.triggered or state.train_running_ns < train.asked_ns:
        return None
    if triggers is None:
        return before
    pulses, burst = counted(state), train.burst_pulses
    if before is not None and before.value - (pulses if before.of == "triggers" else triggers) > burst:
        return before
    if triggers - pulses > burst:
        return Gap("triggers", triggers, state.live.now_ns)
    return Gap("pulses", pulses, state.live.now_ns) if pulses - triggers > burst else None


def may_have_begun(state: Visit) -> bool:
    """Whether a trigger may have been sent by now: the plateau is told, or due within what it takes to tell it."""
    train, run = state.course.train, last(state)
    if train is None or not train.triggered or state.train_running_ns >= train.asked_ns:
        return True
    if run is None or run.started_ns is None:
        return False
    ramped_s = (state.live.now_ns - run.started_ns) / NS
    return ramped_s >= run.intended.ramp_s - TOLD_S * state.setup.speed
