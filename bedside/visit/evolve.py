"""The state after one journalled event. Nothing is decided here, so a journal always folds to the same state."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from bedside.assess import evolve as evolve_assessment
from bedside.events import (
    AdverseEventDescribed,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    AlarmCleared,
    AlarmRaised,
    AlarmSilenced,
    Answered,
    AssessmentPlanned,
    ConcernRaised,
    Envelope,
    Event,
    NoteAdded,
    ParticipantRecalled,
    PhysicianDecided,
    ProfileShown,
    RobotChanged,
    RobotImported,
    Signed,
    SignedIn,
    StepCompleted,
    StepEntered,
    StepReopened,
    SwitchChanged,
    VisitClosed,
    VisitInterrupted,
    VisitOpened,
    VisitResumed,
)
from bedside.visit import evolve_belt, evolve_course, evolve_current, evolve_stimulator, robot_news
from bedside.visit.inputs import NS, Person
from bedside.visit.state import NO_TIME, Done, Doubt, Given, Raised, Visit

K = TypeVar("K")
V = TypeVar("V")


def with_key(mapping: Mapping[K, V], key: K, value: V) -> dict[K, V]:
    """A copy of `mapping` with one key set."""
    return {**mapping, key: value}


def without_key(mapping: Mapping[K, V], key: K) -> dict[K, V]:
    """A copy of `mapping` without `key`."""
    return {name: value for name, value in mapping.items() if name != key}


def evolve(state: Visit, envelope: Envelope) -> Visit:
    """The state after one journalled event."""
    change = _CHANGES.get(type(envelope.event))
    if change is not None:
        state = change(state, envelope.event, envelope)
    if state.assessment is not None:
        state = replace(state, assessment=evolve_assessment.evolve(state.assessment, envelope))
    return replace(state, n=envelope.n, last_ns=envelope.mono_ns)


def _opened(state: Visit, event: VisitOpened, envelope: Envelope) -> Visit:
    return Visit(setup=state.setup, live=state.live, opened=event, opened_utc=envelope.utc, belt=state.belt)


def _planned(state: Visit, event: AssessmentPlanned, _: Envelope) -> Visit:
    return replace(state, assessment=evolve_assessment.begun(event))


def _signed_in(state: Visit, event: SignedIn, _: Envelope) -> Visit:
    return replace(state, person=Person(event.user, event.name, event.profession))


def _recalled(state: Visit, event: ParticipantRecalled, _: Envelope) -> Visit:
    return replace(state, recalled=event)


def _profile(state: Visit, event: ProfileShown, _: Envelope) -> Visit:
    return replace(state, profile=event, ledger=replace(state.ledger, sham=event.sham))


def _entered(state: Visit, event: StepEntered, _: Envelope) -> Visit:
    return replace(state, step=event.step, pacing=False)


def _completed(state: Visit, event: StepCompleted, envelope: Envelope) -> Visit:
    return replace(state, done=with_key(state.done, event.step, Done(event.summary, envelope.who, envelope.utc)))


def _reopened(state: Visit, event: StepReopened, _: Envelope) -> Visit:
    return replace(state, done=without_key(state.done, event.step), step=event.step, pacing=False)


def _answered(state: Visit, event: Answered, envelope: Envelope) -> Visit:
    given = Given(event.value, event.unit, event.by, envelope.who)
    answers = with_key(state.answers, f"{event.step}.{event.item}", given)
    return replace(state, answers=answers, doubts=without_key(state.doubts, event.item))


def _doubted(state: Visit, event: ConcernRaised, _: Envelope) -> Visit:
    return replace(state, doubts=with_key(state.doubts, event.item, Doubt(event.outcome, event.text)))


def _decided(state: Visit, event: PhysicianDecided, _: Envelope) -> Visit:
    doubt = state.doubts.get(event.item)
    if doubt is None:
        return state
    settled = replace(doubt, allowed=event.allowed, physician=event.physician, reason=event.reason)
    return replace(state, doubts=with_key(state.doubts, event.item, settled))


def _noted(state: Visit, event: NoteAdded, _: Envelope) -> Visit:
    return replace(state, notes=(*state.notes, event.text))


def _adverse(state: Visit, event: AdverseEventRecorded, _: Envelope) -> Visit:
    return replace(state, adverse=(*state.adverse, event))


def _described(state: Visit, event: AdverseEventDescribed, _: Envelope) -> Visit:
    return replace(state, described=with_key(state.described, event.category, event))


def _followed(state: Visit, event: AdverseEventFollowedUp, _: Envelope) -> Visit:
    others = tuple(before for before in state.followed if before.event != event.event)
    return replace(state, followed=(*others, event))


def _interrupted(state: Visit, event: VisitInterrupted, envelope: Envelope) -> Visit:
    state = evolve_stimulator.unheard(state, envelope.mono_ns, event.reason)
    state = evolve_stimulator.rebased(state, envelope.mono_ns)
    state = evolve_belt.unheard(evolve_current.unheard(state, envelope.mono_ns))
    course = evolve_course.rebased(state.course, envelope.mono_ns)
    walk_ns = envelope.mono_ns if state.walk_since_ns is not None else None
    return replace(
        state,
        interrupted=event,
        person=None,
        chain=None,
        pacing=False,
        course=course,
        robot_told_ns=robot_news.told_before(state, envelope.mono_ns, envelope.utc),
        robot_since_ns=envelope.mono_ns,
        steady_kmh=state.robot.speed_kmh if state.robot is not None else None,
        walk_since_ns=walk_ns,
        alarms={name: _anew(raised, envelope.mono_ns) for name, raised in state.alarms.items()},
    )


def _anew(raised: Raised, mono_ns: int) -> Raised:
    """An alarm after a restart: it sounds again, and its age is no other clock's."""
    return replace(raised, since_ns=min(raised.since_ns, mono_ns), silent_until_ns=NO_TIME)


def _resumed(state: Visit, _event: VisitResumed, _: Envelope) -> Visit:
    return replace(state, interrupted=None)


def _signed(state: Visit, event: Signed, _: Envelope) -> Visit:
    return replace(state, signed=event)


def _closed(state: Visit, event: VisitClosed, _: Envelope) -> Visit:
    return replace(state, closed=event, ledger=replace(state.ledger, closed=True), pacing=False)


def _robot(state: Visit, event: RobotChanged, envelope: Envelope) -> Visit:
    now_ns, since_ns = envelope.mono_ns, state.walk_since_ns
    walked_ns = state.walked_ns
    if event.phase != "walk" and since_ns is not None:
        walked_ns, since_ns = walked_ns + max(0, now_ns - since_ns), None
    elif event.phase == "walk" and since_ns is None:
        since_ns = now_ns
    steady_ns, steady_kmh = robot_news.steadiness(state, event, now_ns)
    return replace(
        state,
        robot=event,
        belt=evolve_belt.moved(state.belt, event),
        robot_told_ns=now_ns,
        robot_told_utc=envelope.utc,
        robot_since_ns=steady_ns,
        steady_kmh=steady_kmh,
        walked_ns=walked_ns,
        walk_since_ns=since_ns,
    )


def _robot_table(state: Visit, event: RobotImported, _: Envelope) -> Visit:
    return replace(state, robot_tables=(*state.robot_tables, event))


def _switch(state: Visit, event: SwitchChanged, _envelope: Envelope) -> Visit:
    return replace(state, switches={**state.switches, event.device: event})


def _raised(state: Visit, event: AlarmRaised, envelope: Envelope) -> Visit:
    raised = Raised(event.priority, event.text, event.remedy, envelope.mono_ns)
    return replace(state, alarms=with_key(state.alarms, event.alarm, raised))


def _cleared(state: Visit, event: AlarmCleared, _: Envelope) -> Visit:
    return replace(state, alarms=without_key(state.alarms, event.alarm))


def _silenced(state: Visit, event: AlarmSilenced, envelope: Envelope) -> Visit:
    alarm = state.alarms.get(event.alarm)
    if alarm is None:
        return state
    until_ns = envelope.mono_ns + event.seconds * NS
    return replace(state, alarms=with_key(state.alarms, event.alarm, replace(alarm, silent_until_ns=until_ns)))


Change = Callable[[Visit, Any, Envelope], Visit]
_CHANGES: dict[type[Event], Change] = {
    VisitOpened: _opened,
    AssessmentPlanned: _planned,
    SignedIn: _signed_in,
    ParticipantRecalled: _recalled,
    ProfileShown: _profile,
    StepEntered: _entered,
    StepCompleted: _completed,
    StepReopened: _reopened,
    Answered: _answered,
    ConcernRaised: _doubted,
    PhysicianDecided: _decided,
    NoteAdded: _noted,
    AdverseEventRecorded: _adverse,
    AdverseEventDescribed: _described,
    AdverseEventFollowedUp: _followed,
    VisitInterrupted: _interrupted,
    VisitResumed: _resumed,
    Signed: _signed,
    VisitClosed: _closed,
    RobotChanged: _robot,
    RobotImported: _robot_table,
    SwitchChanged: _switch,
    AlarmRaised: _raised,
    AlarmCleared: _cleared,
    AlarmSilenced: _silenced,
    **evolve_stimulator.CHANGES,
    **evolve_course.CHANGES,
    **evolve_current.CHANGES,
    **evolve_belt.CHANGES,
}
