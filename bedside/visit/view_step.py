"""The present step as a screen shows it: its words, its form, its one next action and the others.

Whether an action is enabled, and why not, is asked of the rules themselves.
"""

from collections.abc import Callable

from bedside import commands
from bedside.assess.state import MEP
from bedside.config import ItemConfig
from bedside.events import StepId
from bedside.refusal import Refusal
from bedside.snapshot import Action, Item, ItemState, Step
from bedside.visit import (
    adverse,
    commanded,
    current,
    current_plan,
    current_run,
    follow_up,
    forms,
    hotspot,
    hunt,
    potentials,
    robot,
    steps,
    trigger,
    view_assess,
)
from bedside.visit.inputs import Cause, Now, Person, SignedByPerson
from bedside.visit.state import Visit
from bedside.visit.words import words_of

NOBODY = Person("", "", "")


def step(state: Visit, now: Now, *, unblinded: bool) -> Step | None:
    """The present step; the coil's drawing, which tells the arm, only for unblinded roles."""
    name = state.step
    if name is None:
        return None
    words = words_of(name, seated=state.setup.study.robot is None, assesses=state.assesses)
    more = _earlier(state) if name == "checkin" and not state.assesses else ()
    if name == "coil" and unblinded:
        more = (*_drawing(state), *_current_facts(state))
    wanted = next_action(state, now, name)
    return Step(
        id=name,
        number=steps.order(state).index(name) + 1,
        total=len(steps.order(state)),
        title=words.title,
        instruction="\n".join((words.instruction, *more)),
        good=words.good,
        items=tuple(_item(state, name, item) for item in forms.items(state, name)),
        next=wanted,
        others=tuple(
            action for action in _others(state, now, name, unblinded=unblinded) if action.command != wanted.command
        ),
    )


def _earlier(state: Visit) -> tuple[str, ...]:
    """What earlier visits said, to recognise the participant by and to ask about."""
    record = state.recalled
    if record is None:
        return ()
    rmt, age = record.rmt_pct_mso, record.rmt_age_days
    lines = [f"Last time: {', '.join(record.adverse) or 'no adverse event recorded'}."]
    if rmt is not None and age is not None:
        lines.append(f"Last threshold {rmt:.1f} %MSO, {age:.0f} days ago, over {record.hotspot_site or 'no site'}.")
    return tuple(lines)


def _drawing(state: Visit) -> tuple[str, ...]:
    coil, profile = state.setup.study.coil, state.profile
    if profile is None:
        return ()
    tilt, handle = profile.tilt_to_scalp_deg, coil.handle_azimuth_deg
    head = f"Tilt to the scalp {tilt} degrees, handle at {handle} degrees, {coil.current}."
    return (head, *(coil.sham_drawing if profile.sham else coil.drawing))


def _current_facts(state: Visit) -> tuple[str, ...]:
    """What the arm's direct current amounts to; nothing in studies without one."""
    try:
        return (f"tsDCS: {'; '.join(current.facts(current_plan.planned(state)))}.",)
    except Refusal:
        return ()


def _item(state: Visit, name: StepId, item: ItemConfig) -> Item:
    given = state.answers.get(f"{name}.{item.id}")
    value, by = (given.value, given.who if given.by == "person" else "machine") if given is not None else (None, "")
    return Item(
        id=item.id,
        label=item.label,
        kind=item.kind,
        value=value,
        unit=item.unit,
        low=item.low,
        high=item.high,
        choices=item.choices,
        state=_state(state, name, item),
        hint=_hint(state, name, item),
        by=by or ("machine" if item.by == "machine" else ""),
        required=item.required,
    )


def _state(state: Visit, name: StepId, item: ItemConfig) -> ItemState:
    doubt = state.doubts.get(item.id)
    if doubt is not None and doubt.blocks:
        return "stop" if doubt.outcome == "stop" or doubt.allowed is False else "attention"
    return "ok" if forms.answered(state, name, item) else "open"


def _hint(state: Visit, name: StepId, item: ItemConfig) -> str:
    doubt = state.doubts.get(item.id)
    if doubt is not None:
        return f"{doubt.text}; {doubt.physician} allowed it" if doubt.allowed else doubt.text
    if name != "fit":
        return follow_up.hint(state, item) if adverse.is_symptom(item) else item.hint
    note = robot.fit_note(state.setup.study.robot, item.id, state.answer("fit", item.id))
    return forms.deviation(state, item) or note or item.hint


def next_action(state: Visit, now: Now, name: StepId) -> Action:
    """The one next action, enabled or with the reason why not."""
    if state.interrupted is not None:
        return asked(state, now, commands.ConfirmResume(), "Resume the visit")
    special = _NEXT.get(name)
    return special(state, now) if special is not None else asked(state, now, commands.NextStep(), "Next step")


def asked(state: Visit, now: Now, cause: Cause, label: str) -> Action:
    """An action, enabled exactly when the rules would carry it out now."""
    tag = "visit.sign" if isinstance(cause, SignedByPerson) else _tag(cause)
    try:
        commanded.decide(state, cause, now, state.person)
    except Refusal as refusal:
        return Action(command=tag, label=label, enabled=False, reason=refusal.reason)
    return Action(command=tag, label=label, enabled=True)


def _tag(cause: Cause) -> str:
    return commands.name_of(cause) if isinstance(cause, commands.Command) else type(cause).__name__


def _hotspot(state: Visit, now: Now) -> Action:
    if state.hotspot is not None:
        return asked(state, now, commands.NextStep(), "Next step")
    search = hotspot.standing(state).search
    if search.done:
        best = search.best.id if search.best is not None else ""
        return asked(state, now, commands.ChooseHotspot(), f"Take {best} as the hotspot")
    proposed = search.next_site
    if proposed is not None and (state.placed is None or state.placed.site != proposed.id):
        return asked(state, now, commands.PlaceCoil(site=proposed.id), f"Coil is over {proposed.id}")
    return _pulses(state, now)


def _threshold(state: Visit, now: Now) -> Action:
    if state.threshold is not None:
        return asked(state, now, commands.NextStep(), "Next step")
    standing = hunt.standing(state)
    if standing is not None and standing.done:
        return asked(state, now, commands.AcceptThreshold(), "Take this threshold")
    return _pulses(state, now)


def _potentials(state: Visit, now: Now) -> Action:
    if potentials.finished(state) is not None:
        return asked(state, now, commands.NextStep(), "Next step")
    return _pulses(state, now)


def _pulses(state: Visit, now: Now) -> Action:
    if state.pacing:
        return asked(state, now, commands.SetPacing(automatic=False), "Hold the automatic pulses")
    return asked(state, now, commands.SetPacing(automatic=True), "Give pulses automatically")


def _treatment(state: Visit, now: Now) -> Action:
    course = state.course
    if course.ended is not None:
        return asked(state, now, commands.NextStep(), "Next step")
    if _wants_current(state):
        return asked(state, now, commands.PrepareCurrent(), "Prepare tsDCS, which triggers the pulses")
    if course.pause is not None:
        return asked(state, now, commands.ResumeStimulation(), "Resume stimulation")
    if not course.begun:
        return asked(state, now, commands.StartStimulation(), "Start stimulation")
    if course.prompted_ns is not None:
        return asked(state, now, commands.ConfirmContact(), "Coil touches its mark")
    return asked(state, now, commands.PauseStimulation(reason="asked for"), "Pause stimulation")


def _wants_current(state: Visit) -> bool:
    """Whether the pulses wait for a program of the electrical stimulator that is not prepared; alike in all arms."""
    if trigger.bursts(state) is None or trigger.spent(state) is not None or state.course.running:
        return False
    run = trigger.last(state)
    return run is None or run.asked_ns is not None or bool(run.failed)


def _signoff(state: Visit, now: Now) -> Action:
    if state.closed is not None:
        return Action(command="visit.sign", label="Sign the visit", enabled=False, reason="the visit is closed")
    return asked(state, now, SignedByPerson(state.person or NOBODY, ""), "Sign the visit")


_NEXT: dict[StepId, Callable[[Visit, Now], Action]] = {
    "hotspot": _hotspot,
    "threshold": _threshold,
    "treatment": _treatment,
    "mep": _potentials,
    "assess": lambda state, now: asked(state, now, *view_assess.next_cause(state)),
    "signoff": _signoff,
}


def _others(state: Visit, now: Now, name: StepId, *, unblinded: bool) -> tuple[Action, ...]:
    rows: list[tuple[Cause, str]] = []
    if name in ("hotspot", "threshold", "mep"):
        rows += [(commands.Fire(), "One pulse"), (commands.SetPacing(automatic=not state.pacing), "Automatic pulses")]
    if name == "hotspot":
        rows += [(commands.ChooseHotspot(), "Take the proposed hotspot"), (commands.NextStep(), "Next step")]
    if name == "mep":
        finish = commands.CloseInstrument(instrument=MEP, reason="asked for")
        rows += [(finish, "Finish as it is"), (commands.NextStep(), "Next step")]
    if name == "threshold":
        rows += [(commands.AcceptThreshold(), "Take this threshold"), (commands.NextStep(), "Next step")]
    if name == "assess":
        rows += view_assess.causes(state)
    if name == "treatment":
        rows += [
            (commands.ConfirmContact(), "Coil touches its mark"),
            (commands.PauseStimulation(reason="asked for"), "Pause stimulation"),
            (commands.EndStimulation(reason="asked for"), "End stimulation"),
            (commands.NextStep(), "Next step"),
        ]
    if unblinded and state.setup.current is not None:
        rows += _direct_current(state, name)
    rows.append((commands.ReportRobot(phase="stand"), "What the robot shows"))
    rows += [(commands.PreviousStep(), "Step before"), (commands.EndVisit(reason="asked for"), "End the visit")]
    return tuple(asked(state, now, cause, label) for cause, label in rows)


def _direct_current(state: Visit, name: StepId) -> list[tuple[Cause, str]]:
    """Direct current's own actions; why one is refused may tell the arm, so that blinded roles are not offered any."""
    rows: list[tuple[Cause, str]] = []
    if name in ("coil", "treatment"):
        rows.append((commands.PrepareCurrent(), "Prepare tsDCS"))
    if name == "treatment":
        rows.append((commands.StartCurrent(), "Start tsDCS"))
    if name in ("coil", "treatment") or current_run.under_way(state):
        rows.append((commands.StopCurrent(), "Ramp tsDCS down"))
    return rows
