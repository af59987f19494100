"""An assessment in its visit: how it opens, what its commands lead to, what ends a trial."""

from collections.abc import Mapping
from typing import NamedTuple

from bedside import commands
from bedside.assess import calendar, capturing, further, importing, working
from bedside.assess.state import MEP, Assessment
from bedside.config import DeviceConfig, Participant
from bedside.config.assessments import AssessmentPoint
from bedside.events import (
    AssessmentPlanned,
    AssessmentRecalled,
    CaptureAnalysed,
    DeviationNoted,
    Earlier,
    Event,
    ParticipantEntered,
    ParticipantRecalled,
    SignedIn,
    StepEntered,
    Value,
    VisitClosed,
    VisitOpened,
)
from bedside.refusal import Refusal
from bedside.visit import current_watch, potentials
from bedside.visit.inputs import NS, AnalysisDone, AssessmentFound, Now, ParticipantEnrolled, Person, TableRead
from bedside.visit.opening import demand_room, demand_sides
from bedside.visit.state import Visit

CONNECT = "connect it; the device page says how"
UNPLACED = "unplaced"
"""The placement of a sensor that is worn nowhere yet."""
UNFINISHED = "{} is due after the last session, and the course is not over"


def open_assessment(state: Visit, found: AssessmentFound, now: Now, who: Person | None) -> tuple[Event, ...]:
    """The events of a new assessment; raises `Refusal` when it may not take place."""
    record = found.record
    if who is None:
        raise Refusal("nobody is signed in", "sign in first")
    if state.going_on:
        raise Refusal("a visit is open", "finish it first")
    if not found.second_identifier_ok:
        raise Refusal("study number and second identifier do not belong together", "check both with the patient")
    study = state.setup.study
    if record.study != study.id:
        raise Refusal(f"participant {record.code} belongs to study {record.study}", f"this box serves {study.id}")
    point = point_of(state, found.point)
    instruments = found.instruments or point.instruments
    for instrument in instruments:
        state.setup.catalogue.kind(instrument)
        further.demand_blind(state.setup.catalogue, instrument, blinded=point.blinded)
    if len(set(instruments)) != len(instruments):
        raise Refusal("an instrument is named twice", "name each once")
    _nothing_runs(state)
    if MEP in instruments:
        demand_sides(state, record)
    demand_room(state)
    today = now.utc[:10]
    due = calendar.window(point, found.first_session_day, found.last_session_day)
    planned = _planned(point, instruments, due)
    early = point.anchor == "last_session" and found.history.session <= study.sessions
    late = UNFINISHED.format(point.id) if early else calendar.deviation(point, due, today)
    place = "".join(letter for letter in point.id.lower() if letter.isalnum())
    # to the second: one that was ended at once and is opened again is another visit, with a folder of its own
    visit = f"{record.code}-a{place}-{today.replace('-', '')}t{now.utc[11:19].replace(':', '')}"
    return (
        VisitOpened(
            visit=visit,
            participant=record.code,
            study=study.id,
            session=0,
            sessions_planned=0,
            simulated=state.setup.simulated,
            kind="assessment",
            point=point.id,
        ),
        SignedIn(user=who.user, name=who.name, profession=who.profession),
        _recalled(record, found),
        planned,
        AssessmentRecalled(earlier=_earlier(state, found, blinded=point.blinded)),
        *(DeviationNoted(text=text) for text in (late, _left_out(state, planned.left_out)) if text),
        StepEntered(step="checkin"),
    )


def _planned(point: AssessmentPoint, chosen: tuple[str, ...], due: tuple[str, str] | None) -> AssessmentPlanned:
    """What was chosen beside what the study plans: its own first, then what is beyond its plan."""
    beyond = tuple(name for name in chosen if name not in point.instruments)
    return AssessmentPlanned(
        point=point.id,
        instruments=(*(name for name in chosen if name in point.instruments), *beyond),
        blinded=point.blinded,
        due=due,
        beyond=beyond,
        left_out=tuple(name for name in point.instruments if name not in chosen),
    )


def _left_out(state: Visit, names: tuple[str, ...]) -> str:
    """Words for what the study plans and was not chosen; empty when nothing is."""
    titles = ", ".join(state.setup.catalogue.title(name) for name in names)
    return f"left out when the assessment was opened: {titles}" if names else ""


def _earlier(state: Visit, found: AssessmentFound, *, blinded: bool) -> tuple[Earlier, ...]:
    """What earlier assessments found; in a blinded one, nothing that tells the arm."""
    if not blinded:
        return found.earlier
    return tuple(each for each in found.earlier if not state.setup.catalogue.tells_arm(each.instrument))


def _nothing_runs(state: Visit) -> None:
    """A new visit begins with devices that are off: what the last one could not confirm would be forgotten.

    The words do not tell which stimulator it is, since an assessor's terminal may read them.
    """
    if state.armed or not state.off_confirmed or current_watch.runs(state):
        raise Refusal("the box is in use: a device is not confirmed to be off", "ask the therapist when it is free")


def point_of(state: Visit, name: str) -> AssessmentPoint:
    """The study's assessment of that name; raises `Refusal`."""
    points = state.setup.study.assessments
    found = next((point for point in points if point.id == name), None)
    if found is None:
        known = ", ".join(point.id for point in points) or "none"
        raise Refusal(f"the study has no assessment '{name}'", f"its assessments: {known}")
    return found


def _recalled(record: Participant, found: AssessmentFound) -> ParticipantRecalled:
    history = found.history
    return ParticipantRecalled(
        lesion_hemisphere=record.lesion_hemisphere,
        paretic_side=record.paretic_side,
        preset=record.preset,
        side_override_by=record.side_override_by,
        height_cm=record.height_cm,
        hotspot_site=history.hotspot_site,
        rmt_pct_mso=history.rmt_pct_mso,
        rmt_rule=history.rmt_rule,
        rmt_age_days=history.rmt_age_days,
        pulses_today=history.pulses_today,
        pulses_week=history.pulses_week,
        pulses_course=history.pulses_course,
    )


def enrolled(_state: Visit, cause: ParticipantEnrolled, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    """The record lies on the box: who entered it, and when, is the journal's to tell."""
    return (ParticipantEntered(participant=cause.record.code, study=cause.record.study),)


def assessment(state: Visit) -> Assessment:
    """The assessment that stands at its list; raises `Refusal` elsewhere."""
    if state.assessment is None:
        raise Refusal("no assessment is open", "open one first")
    if state.step != "assess":
        raise Refusal("the assessment has not begun", "complete the steps before it")
    return state.assessment


def open_instrument(state: Visit, cause: commands.OpenInstrument, _now: Now, who: Person | None) -> tuple[Event, ...]:
    """Work on one instrument of the list, or on a further one, which joins it."""
    present, catalogue = assessment(state), state.setup.catalogue
    further.demand_blind(catalogue, cause.instrument, blinded=present.blinded)
    if cause.instrument not in present.instruments:
        further.demand_possible(present, catalogue, cause.instrument, places(state))
    return working.open_instrument(present, catalogue, cause.instrument, _code(who))


def reopen(state: Visit, cause: commands.ReopenInstrument, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    """Work on a finished instrument again."""
    return working.reopen(assessment(state), state.setup.catalogue, cause.instrument, cause.reason)


def score(state: Visit, cause: commands.ScoreItem, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    """Score one item."""
    paretic = state.recalled.paretic_side if state.recalled is not None else None
    return working.score(assessment(state), state.setup.catalogue, cause, paretic)


def close(state: Visit, cause: commands.CloseInstrument, now: Now, who: Person | None) -> tuple[Event, ...]:
    """Finish one instrument."""
    if cause.instrument == MEP and state.assessment is not None:
        return potentials.finish(state, cause.reason, _code(who))
    catalogue, today = state.setup.catalogue, now.utc[:10]
    return working.close(assessment(state), catalogue, cause.instrument, cause.reason, _code(who), today)


def start(state: Visit, cause: commands.StartCapture, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    """Record a trial."""
    if state.interrupted is not None:
        raise Refusal("the visit was interrupted", "read what is certain, then resume it")
    return capturing.start(assessment(state), state.setup.catalogue, cause, missing(state), about(state))


def may_import(state: Visit, cause: commands.ImportTrial, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    """Nothing yet: the station reads the file before there is a trial; raises `Refusal` where there could be none."""
    importing.may_import(assessment(state), state.setup.catalogue, cause)
    return ()


def imported(state: Visit, cause: TableRead, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    """A trial from another program's table."""
    catalogue = state.setup.catalogue
    return importing.imported(assessment(state), catalogue, cause.found, cause.kind, cause.skip_s, about(state))


def stop(state: Visit, cause: commands.StopCapture, now: Now, _who: Person | None) -> tuple[Event, ...]:
    """End a trial's recording."""
    return capturing.stop(assessment(state), now.mono_ns, cause.reason)


def cue(state: Visit, cause: commands.GiveCue, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    """Give a cue."""
    return capturing.cue(assessment(state), cause.cue)


def judge(state: Visit, cause: commands.JudgeTrial, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    """Accept or reject a trial."""
    return capturing.judge(
        assessment(state), state.setup.catalogue, cause.task, cause.trial, cause.accept, cause.reason
    )


def analysed(state: Visit, cause: AnalysisDone, _now: Now) -> tuple[Event, ...]:
    """A trial's result, as the analysis told it."""
    if state.assessment is None:
        return ()
    event = CaptureAnalysed(
        instrument=cause.instrument,
        task=cause.task,
        trial=cause.trial,
        method=cause.method,
        values=dict(cause.values),
        flags=cause.flags,
        refusal=cause.refusal,
        report=cause.report,
        sha256=cause.sha256,
    )
    return capturing.analysed(state.assessment, event)


def watch(state: Visit, now: Now) -> tuple[Event, ...]:
    """Cues that are due, and the end of a trial."""
    if state.assessment is None or not state.going_on:
        return ()
    return capturing.watch(state.assessment, state.setup.catalogue, now.mono_ns, lost_s(state, now))


def interrupted(state: Visit, reason: str) -> tuple[Event, ...]:
    """The trial that was being recorded when the station ended."""
    return capturing.interrupted(state.assessment, state.last_ns, reason) if state.assessment is not None else ()


def complete(state: Visit) -> str:
    """The summary of the assessment; raises `Refusal` while an instrument is left."""
    present = assessment(state)
    left = next((name for name in present.left if name != MEP), None)
    if left is not None:
        title = state.setup.catalogue.title(left)
        raise Refusal(f"open: {title}", "work on it, or finish it with a reason")
    return _account(present)


def closing(state: Assessment) -> VisitClosed:
    """The end of a signed assessment: complete when all is that the study plans."""
    whole = _complete(state, state.planned) == len(state.planned)
    return VisitClosed(outcome="complete" if whole else "partial", reason=_account(state))


def _complete(state: Assessment, names: tuple[str, ...]) -> int:
    works = [state.works.get(name) for name in names]
    return sum(work is not None and work.closed is not None and work.closed.outcome == "complete" for work in works)


def _account(state: Assessment) -> str:
    """How much of the plan is complete; what is beyond it is counted apart, since it cannot be missing."""
    words = f"{_complete(state, state.planned)} of {len(state.planned)} instruments complete"
    beyond = f", {_complete(state, state.beyond)} of {len(state.beyond)} beyond the plan" if state.beyond else ""
    return words + beyond


def places(state: Visit) -> Mapping[str, str]:
    """Which configured device serves each place: its id by "foot_left", "plate", "emg" and so on."""
    found: dict[str, str] = {}
    for device in state.setup.devices.values():
        if device.role == "imu":
            found.setdefault(str(device.options.get("placement", UNPLACED)), device.id)
        elif device.role in ("plate", "emg"):
            found.setdefault(device.role, device.id)
    return found


class Contested(NamedTuple):
    """Why nobody knows which device serves a place, and what to do about it."""

    what: str
    remedy: str


def contested(devices: Mapping[str, DeviceConfig]) -> dict[str, Contested]:
    """Places for which several devices are configured: which of them is worn there cannot be known."""
    serving: dict[str, list[str]] = {}
    for device in devices.values():
        if device.role in ("imu", "plate"):
            place = str(device.options.get("placement", UNPLACED)) if device.role == "imu" else device.role
            serving.setdefault(place, []).append(device.id)
    return {
        place: Contested(
            f"{' and '.join(names)} are {'both' if len(names) == 2 else 'all'} configured for it",
            "leave one out of [devices] in station.toml"
            + ("" if place == "plate" else f", or give it another placement in devices/{names[-1]}.toml"),
        )
        for place, names in serving.items()
        if len(names) > 1 and place != UNPLACED
    }


def needs(state: Visit) -> tuple[str, ...]:
    """The places that the open capture needs; empty without one."""
    present = state.assessment
    capture = None if present is None else state.setup.catalogue.captures.get(present.open or "")
    return () if capture is None else capture.needs


def missing(state: Visit) -> dict[str, str]:
    """Needed places without a working sensor, and what to do about each."""
    serving, doubtful, found = places(state), contested(state.setup.devices), {}
    for place in needs(state):
        device = state.live.devices.get(serving.get(place, ""))
        if place in doubtful:
            found[place] = ": ".join(doubtful[place])
        elif place not in serving:
            found[place] = "name a device for it in station.toml"
        elif device is None or device.health.state != "ok":
            found[place] = (device.health.remedy if device is not None else "") or CONNECT
    return found


def lost_s(state: Visit, now: Now) -> dict[str, float]:
    """For how long (real s) each needed place has had no working sensor."""
    serving, gone = places(state), missing(state)
    since = {place: state.live.devices.get(serving.get(place, "")) for place in gone}
    speed = state.setup.speed
    return {
        place: (now.mono_ns - device.since_ns) / NS / speed if device is not None else float("inf")
        for place, device in since.items()
    }


def about(state: Visit) -> dict[str, Value]:
    """What an analysis may have to know of the participant."""
    record = state.recalled
    return {} if record is None else {"paretic": record.paretic_side, "height_cm": record.height_cm}


def _code(who: Person | None) -> str:
    return who.user if who is not None else ""
