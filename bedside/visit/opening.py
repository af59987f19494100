"""The beginning of a visit: who it is for, whether it may take place today, what earlier visits said."""

from bedside.config import Participant
from bedside.events import Event, ParticipantRecalled, ProfileShown, SignedIn, StepEntered, VisitOpened
from bedside.refusal import Refusal
from bedside.visit import current_watch
from bedside.visit.inputs import History, Now, ParticipantFound, Person
from bedside.visit.interlocks import MEGA
from bedside.visit.side import aim, sides_problem
from bedside.visit.state import Visit


def open_visit(state: Visit, found: ParticipantFound, now: Now, who: Person | None) -> tuple[Event, ...]:
    """The events of a new visit; raises `Refusal` when it may not take place."""
    record, history = found.record, found.history
    if who is None:
        raise Refusal("nobody is signed in", "sign in first")
    if state.going_on:
        raise Refusal("a visit is open", "finish it first")
    if state.armed or not state.off_confirmed:
        raise Refusal("the stimulator is not confirmed to be off", "wait, or switch it off by hand")
    if current_watch.runs(state):
        raise Refusal("current flows, or nobody knows that it does not", "switch the electrical stimulator off")
    if not found.second_identifier_ok:
        raise Refusal("study number and second identifier do not belong together", "check both with the patient")
    _may_be_treated(state, record)
    _is_due(state, history)
    demand_room(state)
    study = state.setup.study
    visit = f"{record.code}-s{history.session:02d}-{now.utc[:10].replace('-', '')}t{now.utc[11:16].replace(':', '')}"
    opened = VisitOpened(
        visit=visit,
        participant=record.code,
        study=study.id,
        session=history.session,
        sessions_planned=study.sessions,
        simulated=state.setup.simulated,
    )
    return (
        opened,
        SignedIn(user=who.user, name=who.name, profession=who.profession),
        _recalled(record, history),
        ProfileShown(sham=record.tms == "sham", tilt_to_scalp_deg=_tilt_deg(state, record), arm=record.arm),
        StepEntered(step="checkin"),
    )


def _tilt_deg(state: Visit, record: Participant) -> int:
    coil = state.setup.study.coil
    return coil.sham_tilt_deg if record.tms == "sham" else coil.active_tilt_deg


def _may_be_treated(state: Visit, record: Participant) -> None:
    study = state.setup.study
    if record.study != study.id:
        raise Refusal(f"participant {record.code} belongs to study {record.study}", f"this box serves {study.id}")
    if record.tms == "unknown":
        remedy = "who keeps the allocation adds tms and preset to the record; assessments need neither"
        raise Refusal("the record holds no allocation, so nothing may be given", remedy)
    if record.tms == "none":
        raise Refusal("no stimulation is planned for this participant", "use the physiotherapy form of the study")
    current = state.setup.current
    if current is not None and record.arm not in current.study.arms:
        raise Refusal("the record names no arm of this study", "ask who keeps the allocation")
    if current is not None and record.tms != current.study.arms[record.arm].tms:
        raise Refusal("the record's arm and its coil placement do not agree", "ask who keeps the allocation")
    demand_sides(state, record)


def demand_sides(state: Visit, record: Participant) -> None:
    """Raise `Refusal` unless it is known, and sound, where pulses are to be given and which leg answers."""
    study = state.setup.study
    problem = sides_problem(record.lesion_hemisphere, record.paretic_side, record.side_override_by)
    if problem is not None:
        raise Refusal(problem, "correct the record, or a physician signs side_override_by in it")
    if study.hunt.muscle_side != "contralateral" and not record.side_override_by:
        raise Refusal("the study's threshold muscle is not driven by the stimulated hemisphere", "a physician decides")
    aim(study.target, record.lesion_hemisphere, record.paretic_side)


def _is_due(state: Visit, history: History) -> None:
    study = state.setup.study
    if history.session > study.sessions:
        raise Refusal(f"all {study.sessions} sessions of the study are behind", "no further session is planned")
    if history.visits_today:
        raise Refusal("this participant was treated today", "one session a day: come back tomorrow")
    plan, free = study.calendar, history.free_days
    if plan is None or free is None:
        return
    if free < plan.free_days:
        raise Refusal(f"{free} free day(s) since the last treatment, the study has {plan.free_days}", "come back later")
    if history.visits_week >= plan.per_week:
        raise Refusal(f"{plan.per_week} treatments within seven days are behind", "come back later in the week")


def demand_room(state: Visit) -> None:
    """Raise `Refusal` for a disk too full. An unknown room refuses no visit: its interlock refuses every pulse."""
    free, least = state.live.disk_free_bytes, state.setup.limits.disk.start_mb
    if free is not None and free < least * MEGA:
        raise Refusal(
            f"a visit needs {least} MB of free disk, {free // MEGA} MB are left", "send and release old visits first"
        )


def _recalled(record: Participant, history: History) -> ParticipantRecalled:
    return ParticipantRecalled(
        lesion_hemisphere=record.lesion_hemisphere,
        paretic_side=record.paretic_side,
        preset=record.preset,
        side_override_by=record.side_override_by,
        pulses_today=history.pulses_today,
        pulses_week=history.pulses_week,
        pulses_course=history.pulses_course,
        hotspot_site=history.hotspot_site,
        rmt_pct_mso=history.rmt_pct_mso,
        rmt_rule=history.rmt_rule,
        rmt_age_days=history.rmt_age_days,
        fit=dict(history.fit),
        adverse=history.adverse,
        follow_up=history.follow_up,
    )
