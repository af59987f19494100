"""The visit's part of a snapshot, for one role."""

from dataclasses import dataclass

from bedside.events import Role
from bedside.snapshot import Alarm, Hunt, Interruption, Prompt, Robot, Run, Step, StepMark
from bedside.visit.inputs import Now
from bedside.visit.state import Visit


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
    robot: Robot | None = None
    alarms: tuple[Alarm, ...] = ()
    silenced: int = 0
    prompt: Prompt | None = None
    interruption: Interruption | None = None
    signed: bool = False
    closed: bool = False


def picture(state: Visit, now: Now, role: Role) -> Picture:
    """The picture at `now` as `role` may see it."""
    return Picture()
