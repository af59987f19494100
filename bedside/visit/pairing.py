"""What has to hold where the electrical stimulator triggers the pulses: before a start, and while both run.

The electrical stimulator is the master of the timing. It is prepared first; the magnetic one is armed and follows its
trigger input; then the current is started, and the pulses begin with its plateau. Whatever is lost or disagrees ends
both, the magnetic side first. What was given of the pair is not given again in the visit.
"""

from bedside.visit import current_plan, dose, trigger
from bedside.visit.current import RUNS
from bedside.visit.inputs import NS, Now
from bedside.visit.state import Visit

CAUSES = ("trigger_master", "trigger_input", "trigger_count")
"""The interlocks of this module that end a pair."""


def ready(state: Visit, now: Now) -> str | None:
    """Why the pair cannot be started; () while it runs, or where the stimulator times its own pulses."""
    bursts, run = trigger.bursts(state), trigger.last(state)
    if bursts is None or (state.course.running and run is not None and run.asked_ns is not None):
        return None
    if dose.preset_of(state).levels != bursts.levels:
        return "the electrical stimulator triggers other pulses than the protocol's"
    if trigger.spent(state) is not None:
        return f"{trigger.spent_words(state)}: it times the pulses, and is not given twice"
    plan = current_plan.planned(state)
    whole = plan.program.trigger_bursts * plan.program.burst_pulses
    if state.ledger.remaining != whole:
        return f"{state.ledger.remaining} pulses remain of {whole} triggers, which are sent whole or not at all"
    if run is None or run.asked_ns is not None or run.failed or current_plan.program_of(run.intended) != plan.program:
        return "no direct current program is prepared"
    return next((gate.reason for gate in current_plan.gates(state, now, plan)), None)


def master(state: Visit, now: Now) -> str | None:
    """The electrical stimulator is not heard, tells a fault, or ended before all its triggers were sent."""
    part, told, run = state.setup.current, state.live.current, trigger.last(state)
    if part is None or trigger.bursts(state) is None or not state.course.running:
        return None
    limit_s = part.study.limits.status_age_s * state.setup.speed
    if told is None or told.phase == "unknown" or (now.mono_ns - state.live.current_ns) / NS > limit_s:
        return "the electrical stimulator, which times the pulses, is not heard"
    if told.fault:
        return f"electrical stimulator: {told.fault}"
    train = state.course.train
    if run is None or run.started_ns is None or train is None or told.phase in RUNS:
        return None
    if told.triggers is not None and told.triggers >= train.pulses:
        return None
    return f"the electrical stimulator ended after {told.triggers} of {train.pulses} triggers"


def follows(state: Visit, _: Now) -> str | None:
    """An armed stimulator says that its trigger input does not pace it."""
    status = state.live.status
    if trigger.bursts(state) is None or not state.armed or state.busy or status is None:
        return None
    return "the stimulator does not follow its trigger input any more" if status.follows_trigger is False else None


def count(state: Visit, now: Now) -> str | None:
    """What one device told, the other did not reach within the time in which it would have been told."""
    gap = state.live.gap
    if (
        gap is None
        or not state.course.running
        or (now.mono_ns - gap.since_ns) / NS <= trigger.TOLD_S * state.setup.speed
    ):
        return None
    return (
        f"the electrical stimulator sent {trigger.sent(state)} triggers, {trigger.counted(state)} pulses were counted"
    )


def trouble(state: Visit, _: Now) -> str | None:
    """The alarm's text: the pair ended, or stands, for a reason that a person has to look into."""
    pause, ended = state.course.pause, state.course.ended
    if pause is not None and pause.cause in CAUSES:
        return f"both stimulators were stopped: {pause.reason}"
    if ended is not None and ended.cause == "fault" and state.step == "treatment" and state.going_on:
        return f"both stimulators were stopped: {ended.reason}"
    return None
