"""The visit's part of a snapshot, for one role. What a role must not know is not in the picture at all."""

from dataclasses import dataclass, replace
from math import isfinite
from typing import Literal

from bedside.events import UNBLINDED, Role, VisitKind
from bedside.refusal import Refusal
from bedside.snapshot import Alarm, Assess, Current, Hunt, Interruption, MarkState, Prompt, Robot, Run, Step, StepMark
from bedside.visit import alarms, robot, steps, view_assess, view_belt, view_current, view_hunt, view_run, view_step
from bedside.visit.inputs import Now
from bedside.visit.side import aim_of
from bedside.visit.state import Visit
from bedside.visit.words import WORDS
from hal.roles import RobotState


@dataclass(frozen=True, slots=True)
class Picture:
    """What the rules contribute to `bedside.snapshot.Snapshot`, field by field."""

    participant: str = ""
    study: str = ""
    visit: str = ""
    session: str = ""
    side: str = ""
    step: Step | None = None
    checklist: tuple[StepMark, ...] = ()
    hunt: Hunt | None = None
    run: Run | None = None
    current: Current | None = None
    robot: Robot | None = None
    kind: VisitKind | Literal[""] = ""
    assess: Assess | None = None
    points: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    prompt: Prompt | None = None
    interruption: Interruption | None = None
    signed: bool = False
    closed: bool = False


def picture(state: Visit, now: Now, role: Role) -> Picture:
    """The picture at `now` as `role` may see it; an assessor learns nothing of arm, intensity or dose."""
    opened = state.opened
    blinded = role == "assess"
    base = Picture(
        study=state.setup.study.title,
        checklist=checklist(state, blinded=blinded),
        points=tuple(point.id for point in state.setup.study.assessments),
    )
    if opened is None:
        return base if blinded else _with_box(base, state, now)
    common = Picture(
        participant=opened.participant,
        study=base.study,
        visit=opened.visit,
        session="" if blinded or state.assesses else f"{opened.session} of {opened.sessions_planned}",
        checklist=base.checklist,
        points=base.points,
        kind=opened.kind,
        signed=state.signed is not None,
        closed=state.closed is not None,
    )
    if not blinded:
        return _unmasked(common, state, now, role)
    return _assessor(common, state, now) if state.assesses else common


def _assessor(common: Picture, state: Visit, now: Now) -> Picture:
    """An assessment as an assessor sees it; of its steps with pulses only that they are under way."""
    masked = state.step in PULSE_STEPS
    return replace(
        common,
        step=None if masked else view_step.step(state, now, unblinded=False),
        assess=view_assess.assess(state, now, "assess"),
        alarms=tuple(alarm for alarm in alarms.shown(state, now) if alarm.id in ASSESSORS_ALARMS),
        interruption=_interruption(state),
    )


ASSESSORS_ALARMS = frozenset({"sensor", "record", "disk"})
"""Of the others some tell of a stimulator or a current."""
PULSE_STEPS = frozenset({"hotspot", "threshold", "mep"})


def _with_box(base: Picture, state: Visit, now: Now) -> Picture:
    return Picture(
        study=base.study,
        checklist=base.checklist,
        points=base.points,
        robot=_robot(state, now),
        alarms=alarms.shown(state, now),
        prompt=_prompt(state),
    )


def _unmasked(common: Picture, state: Visit, now: Now, role: Role) -> Picture:
    unblinded = role in UNBLINDED
    return replace(
        common,
        side=_side(state),
        step=view_step.step(state, now, unblinded=unblinded),
        hunt=view_hunt.hunt(state, now),
        run=view_run.run(state, now, unblinded=unblinded),
        current=view_current.view(state, now, unblinded=unblinded),
        robot=_robot(state, now),
        assess=view_assess.assess(state, now, role),
        alarms=alarms.shown(state, now),
        prompt=_prompt(state),
        interruption=_interruption(state),
    )


def _side(state: Visit) -> str:
    """The aim in words; an assessment may concern somebody whose sides are not recorded yet."""
    try:
        aim = aim_of(state)
    except Refusal:
        return ""
    return aim.text if aim is not None else ""


def _interruption(state: Visit) -> Interruption | None:
    broken = state.interrupted
    if broken is None:
        return None
    return Interruption(reason=broken.reason, certain=broken.certain, uncertain=broken.uncertain)


def checklist(state: Visit, *, blinded: bool) -> tuple[StepMark, ...]:
    """The visit's steps with their states; a blinded role sees no summaries."""
    return tuple(
        StepMark(
            id=step,
            title=WORDS[step].title,
            state=_mark(state, step),
            summary=state.done[step].summary if step in state.done and not blinded else "",
        )
        for step in steps.order(state)
    )


def _mark(state: Visit, step: str) -> MarkState:
    if step == state.step and state.closed is None:
        blocked = step == "screening" and any(doubt.blocks for doubt in state.doubts.values())
        return "attention" if blocked else "now"
    return "done" if step in state.done else "open"


def _prompt(state: Visit) -> Prompt | None:
    asked = state.live.prompt
    return None if asked is None else Prompt(id=asked.kind, text=asked.text, expects=asked.expected)


def _robot(state: Visit, now: Now) -> Robot | None:
    shown = robot.present(state)
    belt = view_belt.view(state, now)
    if shown is None:
        return None if belt is None else Robot(belt=belt)
    load_kg = shown.body_weight_support_kg
    pct = robot.support_pct(state, load_kg)
    return Robot(
        phase=shown.phase,
        speed_kmh=shown.speed_kmh,
        body_weight_support_kg=load_kg,
        body_weight_support_pct=None if pct is None else round(pct, 1),
        support_above=robot.support_above(state, load_kg),
        assist_pct=shown.assist_pct,
        e_stop=shown.e_stop,
        steps=shown.steps,
        angles_deg=_finite(shown.angles_deg) if isinstance(shown, RobotState) else (),
        contacts=shown.contacts if isinstance(shown, RobotState) else (),
        source=shown.source,
        age_s=robot.age_s(state, now),
        belt=belt,
    )


def _finite(values: tuple[float, ...]) -> tuple[float, ...]:
    """Joint angles as a screen can draw them: all of them, or none where one is not known."""
    return values if all(isfinite(value) for value in values) else ()
