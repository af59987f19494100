"""What follows from a person's command, or why it is refused."""

from collections.abc import Callable
from typing import Any

from bedside import commands
from bedside.assess.state import MEP
from bedside.events import (
    AdverseEventRecorded,
    Event,
    NoteAdded,
    OperatorConfirmed,
    PhysicianDecided,
    Signed,
    SignedIn,
)
from bedside.refusal import Refusal
from bedside.visit import (
    adverse,
    alarms,
    assessing,
    belt,
    course,
    current_run,
    forms,
    opening,
    restart,
    robot_table,
    robot_typed,
    singles,
    steps,
)
from bedside.visit.inputs import (
    AssessmentFound,
    Cause,
    ConcernDecided,
    Now,
    ParticipantEnrolled,
    ParticipantFound,
    Person,
    RobotTableRead,
    SignedByPerson,
    SignedInPerson,
    TableRead,
)
from bedside.visit.state import Visit

Rule = Callable[[Visit, Any, Now, Person | None], tuple[Event, ...]]
NOTE_LENGTH = 2000


def decide(state: Visit, cause: Cause, now: Now, who: Person | None) -> tuple[Event, ...]:
    """The events of a command; raises `Refusal`."""
    kind = type(cause)
    if kind in ANYBODY:
        return ANYBODY[kind](state, cause, now, who)
    rule = SIGNED_IN.get(kind)
    if rule is None:
        raise Refusal(f"{kind.__name__} is not for the rules of a visit", "")
    if who is None:
        raise Refusal("nobody is signed in", "sign in first")
    if kind not in WITHOUT_VISIT and not state.going_on:
        raise Refusal("no visit is open", "open a visit first")
    if state.interrupted is not None and kind not in WHILE_INTERRUPTED:
        raise Refusal("the visit was interrupted", "read what is certain, then resume it")
    return rule(state, cause, now, who)


def _stop(state: Visit, cause: commands.Stop, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return course.halt(state, "stop", cause.reason)


def _sign_in(_state: Visit, cause: SignedInPerson, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    person = cause.person
    return (SignedIn(user=person.user, name=person.name, profession=person.profession),)


def _silence(state: Visit, cause: commands.SilenceAlarm, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return alarms.silence(state, cause.alarm)


def _open(state: Visit, cause: ParticipantFound, now: Now, who: Person | None) -> tuple[Event, ...]:
    return opening.open_visit(state, cause, now, who)


def _resume_visit(state: Visit, _cause: commands.ConfirmResume, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return restart.resume(state)


def _answer(state: Visit, cause: commands.Answer, now: Now, _who: Person | None) -> tuple[Event, ...]:
    if cause.step != state.step:
        raise Refusal(f"the step '{cause.step}' is not open", "answer the items of the present step")
    return forms.answer(state, cause.step, cause.item, cause.value, now.utc)


def _next(state: Visit, _cause: commands.NextStep, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return steps.advance(state, now)


def _back(state: Visit, _cause: commands.PreviousStep, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return steps.back(state)


def _concern(state: Visit, cause: ConcernDecided, _now: Now, who: Person | None) -> tuple[Event, ...]:
    doubt = state.doubts.get(cause.item)
    if doubt is None or doubt.outcome == "note":
        raise Refusal(f"there is nothing to decide on '{cause.item}'", "choose an item marked for the physician")
    if doubt.outcome == "stop":
        raise Refusal(f"{doubt.text}: nobody can allow this", "end the visit")
    if cause.physician.profession != "physician":
        raise Refusal(f"{cause.physician.name} is not a physician", "a physician decides")
    if who is not None and cause.physician.user == who.user:
        raise Refusal("the treating person cannot decide", "another physician decides")
    if not cause.reason.strip():
        raise Refusal("a decision needs a reason", "say why")
    physician = cause.physician.user
    return (PhysicianDecided(item=cause.item, allowed=cause.allow, physician=physician, reason=cause.reason),)


def _note(_state: Visit, cause: commands.AddNote, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    text = cause.text.strip()
    if not text or len(text) > NOTE_LENGTH:
        raise Refusal(f"a note has 1 to {NOTE_LENGTH} characters", "type it again")
    return (NoteAdded(text=text),)


def _place(state: Visit, cause: commands.PlaceCoil, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return singles.place(state, cause.site)


def _fire(state: Visit, _cause: commands.Fire, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return singles.fire(state, now)


def _pacing(state: Visit, cause: commands.SetPacing, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return singles.set_pacing(state, now, cause.automatic)


def _judge(state: Visit, cause: commands.JudgePulse, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return singles.judge(state, cause.pulse, cause.accept, cause.reason)


def _choose(state: Visit, cause: commands.ChooseHotspot, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return singles.choose(state, cause.site)


def _restart(state: Visit, cause: commands.RestartHunt, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    if state.step != "threshold":
        raise Refusal("the hunt is started in the threshold step", "open the threshold step")
    if state.pending is not None or state.chain is not None:
        raise Refusal("a pulse is under way", "wait for it")
    return (singles.start_hunt(state, cause.rule, cause.reason),)


def _accept(state: Visit, _cause: commands.AcceptThreshold, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return singles.accept(state)


def _start(state: Visit, _cause: commands.StartStimulation, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return course.start(state, now)


def _pause(state: Visit, cause: commands.PauseStimulation, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return course.pause(state, cause.reason)


def _resume(state: Visit, _cause: commands.ResumeStimulation, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return course.resume(state, now)


def _end(state: Visit, cause: commands.EndStimulation, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return course.end(state, "aborted", cause.reason or "ended by hand")


def _lower(state: Visit, cause: commands.LowerIntensity, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return course.lower(state, now, cause.to_pct_mso, cause.reason)


def _contact(state: Visit, _cause: commands.ConfirmContact, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return course.confirm_contact(state)


def _prepare_current(state: Visit, _cause: commands.PrepareCurrent, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return current_run.prepare(state, now)


def _start_current(state: Visit, _cause: commands.StartCurrent, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return current_run.start(state, now)


def _stop_current(state: Visit, cause: commands.StopCurrent, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return current_run.stop(state, cause.reason)


def _start_belt(state: Visit, cause: commands.StartBelt, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return belt.start(state, now, attended=cause.attended)


def _belt_speed(state: Visit, cause: commands.SetBeltSpeed, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return belt.set_speed(state, now, cause.speed_kmh)


def _stop_belt(state: Visit, _cause: commands.StopBelt, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    return belt.stop(state)


def _prompt(state: Visit, cause: commands.ConfirmPrompt, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    prompt = state.live.prompt
    if prompt is None or cause.prompt != prompt.kind:
        raise Refusal("nothing is asked at the moment", "look at the screen again")
    if prompt.expected is not None and cause.value is None:
        raise Refusal("the value the device shows is missing", f"type it; expected is {prompt.expected}")
    return (OperatorConfirmed(prompt=cause.prompt, value=cause.value),)


def _adverse(state: Visit, cause: commands.ReportAdverseEvent, _now: Now, _who: Person | None) -> tuple[Event, ...]:
    known = {category.id: category for category in state.setup.adverse.categories}
    if cause.category not in known and cause.category != "none":
        raise Refusal(f"'{cause.category}' is not on the list", f"choose one of {', '.join(known)}")
    if (cause.category == "none") != (cause.severity == "none"):
        raise Refusal("category and severity do not go together", "choose both again")
    event = AdverseEventRecorded(
        category=cause.category, severity=cause.severity, related=cause.related, action=cause.action, text=cause.text
    )
    effect = known[cause.category].effect if cause.category in known else "none"
    if effect == "none" and cause.severity == "severe":
        effect = "pause"
    answered = adverse.also_answered(state, event)
    return (*_consequence(state, effect, f"{cause.category} was reported"), event, *answered)


def _consequence(state: Visit, effect: str, reason: str) -> tuple[Event, ...]:
    """What a report does to pulses and to direct current: the stop goes out before anything is written down."""
    begun = state.course.begun and state.course.ended is None
    if effect == "end" and begun:
        return course.end(state, "aborted", reason)
    given = state.armed or state.chain is not None or state.course.running or current_run.under_way(state)
    return course.halt(state, "adverse", reason) if effect != "none" and given else ()


def _sign(state: Visit, cause: SignedByPerson, now: Now, who: Person | None) -> tuple[Event, ...]:
    if state.step != "signoff":
        raise Refusal("the visit is signed in its last step", "complete the steps before it")
    if who is not None and cause.person.user != who.user:
        raise Refusal("only the person who is signed in can sign", "sign in as that person")
    if MEP in steps.instruments(state) or not state.assesses:
        steps.off_or_gone(state)
        current_run.demand_over(state)
    steps.demand_described(state)
    signed = Signed(user=cause.person.user, name=cause.person.name, meaning=cause.meaning)
    return (*adverse.described(state, now.utc[:10]), signed, *steps.close(state))


def _end_visit(state: Visit, cause: commands.EndVisit, now: Now, _who: Person | None) -> tuple[Event, ...]:
    return steps.end_visit(state, now, cause.reason)


ANYBODY: dict[type, Rule] = {
    commands.Stop: _stop,
    commands.StopCurrent: _stop_current,
    commands.StopBelt: _stop_belt,
    SignedInPerson: _sign_in,
    commands.SilenceAlarm: _silence,
    commands.ImportRobot: robot_table.may_import,
    RobotTableRead: robot_table.imported,
}
SIGNED_IN: dict[type, Rule] = {
    ParticipantFound: _open,
    AssessmentFound: assessing.open_assessment,
    ParticipantEnrolled: assessing.enrolled,
    commands.OpenInstrument: assessing.open_instrument,
    commands.ReopenInstrument: assessing.reopen,
    commands.ScoreItem: assessing.score,
    commands.CloseInstrument: assessing.close,
    commands.StartCapture: assessing.start,
    commands.ImportTrial: assessing.may_import,
    TableRead: assessing.imported,
    commands.StopCapture: assessing.stop,
    commands.GiveCue: assessing.cue,
    commands.JudgeTrial: assessing.judge,
    commands.ConfirmResume: _resume_visit,
    commands.Answer: _answer,
    commands.NextStep: _next,
    commands.PreviousStep: _back,
    ConcernDecided: _concern,
    commands.AddNote: _note,
    commands.PlaceCoil: _place,
    commands.Fire: _fire,
    commands.SetPacing: _pacing,
    commands.JudgePulse: _judge,
    commands.ChooseHotspot: _choose,
    commands.RestartHunt: _restart,
    commands.AcceptThreshold: _accept,
    commands.StartStimulation: _start,
    commands.PauseStimulation: _pause,
    commands.ResumeStimulation: _resume,
    commands.EndStimulation: _end,
    commands.LowerIntensity: _lower,
    commands.PrepareCurrent: _prepare_current,
    commands.StartCurrent: _start_current,
    commands.ConfirmContact: _contact,
    commands.ReportRobot: robot_typed.report,
    commands.StartBelt: _start_belt,
    commands.SetBeltSpeed: _belt_speed,
    commands.ConfirmPrompt: _prompt,
    commands.ReportAdverseEvent: _adverse,
    SignedByPerson: _sign,
    commands.EndVisit: _end_visit,
}
WITHOUT_VISIT = frozenset(
    {ParticipantFound, AssessmentFound, ParticipantEnrolled, commands.ConfirmPrompt, commands.ReportRobot}
)
WHILE_INTERRUPTED = frozenset(
    {
        commands.ConfirmResume,
        commands.AddNote,
        commands.ReportAdverseEvent,
        commands.ConfirmPrompt,
        commands.ReportRobot,
    }
)
