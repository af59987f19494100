"""Direct current as a screen shows it: all of it to unblinded eyes, to others what follows from the clock alone."""

from bedside.refusal import Refusal
from bedside.snapshot import Current
from bedside.visit import current, current_plan, current_run, current_watch, steps, trigger
from bedside.visit.inputs import NS, Now
from bedside.visit.state import Visit
from hal.roles import CurrentPhase, CurrentStatus

WORDS: dict[CurrentPhase, str] = {
    "idle": "no current",
    "prepared": "prepared, no current",
    "ramp_up": "ramping up",
    "plateau": "at full current",
    "ramp_down": "ramping down",
    "triggers_only": "current ended, trigger runs",
    "fault": "FAULT",
    "unknown": current_watch.UNKNOWN,
}


def view(state: Visit, now: Now, *, unblinded: bool) -> Current | None:
    """The picture from the coil step on, in studies that give direct current; None elsewhere."""
    if state.setup.current is None or state.step is None or state.profile is None:
        return None
    if state.assesses or (steps.ORDER.index(state.step) < steps.ORDER.index("coil") and not state.currents):
        return None
    try:
        plan, seen = current_plan.planned(state), current_run.shown(state, now.mono_ns)
    except Refusal as refusal:
        return Current(words=refusal.reason) if unblinded else None
    lost = state.current is not None and state.current.doubtful
    if not unblinded:
        return Current(
            words=current_watch.UNKNOWN if lost else seen.text, elapsed_s=seen.elapsed_s, remaining_s=seen.remaining_s
        )
    return _unblinded(state, now, plan)


def _unblinded(state: Visit, now: Now, plan: current.CurrentPlan) -> Current:
    status, age_s = _status(state, now)
    run = trigger.last(state)
    elapsed_s = status.elapsed_s if status is not None and status.phase in current.RUNS else None
    if elapsed_s is None and run is not None and run.started_ns is not None and run.ended is None:
        elapsed_s = max(0, now.mono_ns - run.started_ns) / NS
    over = run is not None and run.ended is not None
    told = status.phase if status is not None else "unknown"
    words = f"ended: {run.ended.reason}" if over and told == "idle" and run and run.ended else WORDS[told]
    left_s = 0.0 if over else max(0.0, plan.program.total_s - (elapsed_s or 0.0))
    return Current(
        words=words,
        phase=told,
        elapsed_s=elapsed_s or 0.0,
        remaining_s=left_s,
        asked_ma=plan.program.current_ma,
        measured_ma=status.measured_ma if status is not None else None,
        impedance_kohm=status.impedance_kohm if status is not None else None,
        battery_pct=status.battery_pct if status is not None else None,
        density_ma_cm2=round(plan.density_ma_cm2, 4),
        plateau_s=plan.program.plateau_s,
        plateau_c=round(plan.plateau_c, 4),
        charge_density_c_cm2=round(plan.charge_density_c_cm2, 5),
        given_c=round(sum(run.ledger.given_c for run in state.currents), 4),
        fault=status.fault if status is not None else "",
        age_s=age_s,
    )


def _status(state: Visit, now: Now) -> tuple[CurrentStatus | None, float | None]:
    """The device's account, None where it is too old to be one; and its age (real s)."""
    told, part = state.live.current, state.setup.current
    if told is None or part is None:
        return None, None
    age_s = max(0, now.mono_ns - state.live.current_ns) / NS / state.setup.speed
    return (told if age_s <= part.study.limits.status_age_s else None), age_s
