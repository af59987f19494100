"""The treatment as a screen shows it: asked and reported side by side, and every interlock with its remedy."""

from bedside.snapshot import Interlock, Run, RunWord
from bedside.visit import course, interlocks, steps, stimulator
from bedside.visit.dose import Durations
from bedside.visit.inputs import NS, Now
from bedside.visit.state import Visit


def run(state: Visit, now: Now, *, unblinded: bool) -> Run | None:
    """The run from the dose step on; the arm only for unblinded roles."""
    step = state.step
    if step is None or state.assesses or steps.ORDER.index(step) < steps.ORDER.index("dose"):
        return None
    word, reason = status(state, now)
    dose, ledger, live = state.dose, state.ledger, state.live.status
    rmt = state.threshold.rmt_pct_mso if state.threshold is not None else None
    pct = state.intensity_pct_mso
    return Run(
        word=word,
        reason=reason,
        preset=dose.preset if dose is not None else "",
        planned=ledger.planned,
        delivered=ledger.course,
        uncertain=ledger.uncertain_course,
        sham=ledger.sham if unblinded else None,
        elapsed_s=elapsed_s(state, now),
        remaining_s=_remaining_s(state),
        walk_s=walk_s(state, now),
        durations="" if dose is None else Durations(dose.last_pulse_s, dose.train_end_s, dose.period_s).text,
        asked_pct_mso=pct,
        reported_pct_mso=live.amplitude_pct_mso if live is not None else None,
        pct_rmt=round(pct / rmt * 100.0, 1) if pct is not None and rmt else None,
        rmt_pct_mso=rmt,
        di_dt_a_us=state.di_dt_a_us if state.course.begun else None,
        enabled=live.enabled if live is not None else None,
        temperature_c=live.temperature_c if live is not None else None,
        minutes_to_limit=_minutes_to_limit(state, now),
        contact_due_s=_contact_due_s(state, now),
        contact_left_s=_contact_left_s(state, now),
        pause_left_s=max(0.0, course.pause_left_s(state, now)) if state.course.pause is not None else None,
        interlocks=_interlocks(state, now),
    )


def _remaining_s(state: Visit) -> float:
    """The period's share of the pulses that remain."""
    if state.dose is None or state.course.ended is not None:
        return 0.0
    return state.ledger.remaining * state.dose.period_s / state.dose.pulses


def status(state: Visit, now: Now) -> tuple[RunWord, str]:
    """The one word, and why."""
    now_course = state.course
    if state.off_failed:
        return "UNKNOWN", "the stimulator did not confirm that it is off: check the device"
    unheard = stimulator.link(state, now)
    if unheard is not None and (now_course.running or not (state.off_confirmed or state.armed)):
        return "UNKNOWN", unheard
    if not state.off_confirmed and not state.armed:
        return "STOPPING", state.off_reason
    armed_there = stimulator.elsewhere(state, now)
    if armed_there is not None:
        return "UNKNOWN", armed_there
    if now_course.ended is not None:
        return "ENDED", now_course.ended.reason
    if now_course.pause is not None:
        return "PAUSED", now_course.pause.reason
    if now_course.running and now_course.started_ns is not None and now_course.train is not None:
        return "STIMULATING", "pulses are reported" if now_course.train.reported else "the train is reported running"
    if now_course.running and now_course.train is not None and now_course.train.triggered:
        return "READY", "electrical stimulation begins; the pulses follow"
    if state.busy or now_course.running:
        return "READY", "starting"
    broken = next(iter(interlocks.problems(state, now, "treatment")), None)
    return ("READY", "every condition holds") if broken is None else ("OFF", broken.reason)


def elapsed_s(state: Visit, now: Now) -> float:
    """Seconds of stimulation, pauses left out."""
    since_ns = state.course.active_since_ns
    ran_ns = max(0, now.mono_ns - since_ns) if since_ns is not None and state.course.started_ns is not None else 0
    return (state.course.active_ns + ran_ns) / NS


def walk_s(state: Visit, now: Now) -> float:
    """Seconds of walking in this visit."""
    since_ns = state.walk_since_ns
    return (state.walked_ns + (max(0, now.mono_ns - since_ns) if since_ns is not None else 0)) / NS


def _minutes_to_limit(state: Visit, now: Now) -> float | None:
    """Minutes until the coil would pause the pulses if it went on warming as since the start; None while unknown."""
    status, start_c = state.live.status, state.course.start_c
    ran_min = elapsed_s(state, now) / 60.0
    if status is None or status.temperature_c is None or start_c is None or ran_min < 1.0:
        return None
    risen_c = status.temperature_c - start_c
    left_c = max(0.0, state.setup.limits.coil.pause_c - status.temperature_c)
    return round(left_c / risen_c * ran_min, 1) if risen_c >= 1.0 else None


def _contact_due_s(state: Visit, now: Now) -> float | None:
    if not state.course.running or state.course.started_ns is None or state.course.prompted_ns is not None:
        return None
    return max(0.0, state.setup.study.run.contact_every_s - (now.mono_ns - state.course.contact_ns) / NS)


def _contact_left_s(state: Visit, now: Now) -> float | None:
    prompted_ns = state.course.prompted_ns
    if prompted_ns is None or not state.course.running:
        return None
    return max(0.0, state.setup.study.run.contact_answer_s - (now.mono_ns - prompted_ns) / NS)


def _interlocks(state: Visit, now: Now) -> tuple[Interlock, ...]:
    if state.step != "treatment":
        return ()
    rows = ((row, row.problem(state, now)) for row in interlocks.TABLE if "treatment" in row.purposes)
    return tuple(
        Interlock(
            id=row.id,
            text=row.text if reason is None else f"{row.text}: {reason}",
            holds=reason is None,
            remedy="" if reason is None else row.remedy,
        )
        for row, reason in rows
    )
