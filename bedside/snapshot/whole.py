"""The whole picture."""

from typing import Literal

import msgspec

from bedside.events import VisitKind
from bedside.snapshot.assessment import Assess
from bedside.snapshot.box import Alarm, DeviceLine, Interruption, Line, Prompt, Robot, Watcher
from bedside.snapshot.step import Step, StepMark
from bedside.snapshot.stimulation import Current, Hunt, Run


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The whole picture for one role. `n` is the last journal number it contains.

    `kind` is that of the open visit, empty without one; `points` are the assessments that the study plans.
    """

    n: int
    mono_ns: int
    utc: str
    software: str
    simulated: bool
    speed: float = 1.0
    user: str = ""
    controller: str = ""
    participant: str = ""
    study: str = ""
    visit: str = ""
    session: str = ""
    side: str = ""
    signed: bool = False
    closed: bool = False
    kind: VisitKind | Literal[""] = ""
    step: Step | None = None
    checklist: tuple[StepMark, ...] = ()
    hunt: Hunt | None = None
    run: Run | None = None
    current: Current | None = None
    robot: Robot | None = None
    assess: Assess | None = None
    points: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    silenced: int = 0
    prompt: Prompt | None = None
    interruption: Interruption | None = None
    devices: tuple[DeviceLine, ...] = ()
    watchers: tuple[Watcher, ...] = ()
    recording: str = ""
    disk_free_gb: float | None = None
    clock: str = ""
    unsent: int | None = None
    recent: tuple[Line, ...] = ()
