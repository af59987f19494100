"""Measured assessments as data: which sensors, which tasks with which cues, and what is read off the analysis."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, structs

from bedside.config.scale_checks import check_mcid, nearest
from bedside.config.scales import Direction, Mcid
from bedside.config.strict import ConfigError, Section, files_in, read

CaptureKind = Literal["gait", "posture", "cycling", "mep"]
LiveView = Literal["cop", "knee", "feet", "none"]
Place = Literal[
    "foot_left", "foot_right", "shank_left", "shank_right", "thigh_left", "thigh_right", "pelvis", "plate", "emg"
]
VariableSide = Literal["none", "left", "right", "paretic", "non_paretic"]
Key = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,39}$")]
Scalar = bool | int | float | str

SETTINGS: dict[CaptureKind, frozenset[str]] = {
    "gait": frozenset({"paretic", "belt", "belt_speed_m_s", "accel_range_g", "gyro_range_deg_s"}),
    "posture": frozenset(
        {"task", "lowpass_hz", "rate_hz", "envelope", "duration_s", "paretic", "stream", "height_cm", "limits_cm"}
    ),
    "cycling": frozenset({"planned_s"}),
    "mep": frozenset(),
}
"""What the analysis of each kind can be told, by the name of its option in `bedside analyse KIND`."""


class Cue(Section, frozen=True, kw_only=True):
    """A cue of a task, given `at_s` after the trial's start (None: by hand), in our own words.

    The target is a place (`x_cm`, `y_cm`, right and forward positive, with `radius_cm`), a lean in a direction (from
    the right, 0, to the front, 90) by `limit_pct` of the participant's own limit there, or a share of the load on the
    left leg.
    """

    at_s: Annotated[float, Meta(ge=0)] | None = None
    text: Annotated[str, Meta(min_length=1, max_length=40)]
    x_cm: float | None = None
    y_cm: float | None = None
    radius_cm: Annotated[float, Meta(gt=0)] | None = None
    direction_deg: Annotated[float, Meta(ge=0, lt=360)] | None = None
    limit_pct: Annotated[float, Meta(gt=0, le=100)] | None = None
    left_pct: Annotated[float, Meta(ge=0, le=100)] | None = None


class CaptureTask(Section, frozen=True, kw_only=True):
    """One task: `seconds` are recorded, of which the first `skip_s` are not measured; `trials` are wanted.

    `settings` are options of the analysis, see `SETTINGS`.
    """

    id: Key
    title: Annotated[str, Meta(min_length=2, max_length=60)]
    instruction: Annotated[str, Meta(min_length=2, max_length=200)]
    seconds: Annotated[float, Meta(gt=0, le=3600)]
    skip_s: Annotated[float, Meta(ge=0)] = 0.0
    trials: Annotated[int, Meta(ge=1, le=20)] = 1
    cues: tuple[Cue, ...] = ()
    settings: dict[str, Scalar] = msgspec.field(default_factory=dict)


class Variable(Section, frozen=True, kw_only=True):
    """A variable of the result: its place in the analysis' JSON (`path`, keys joined by dots) and how it is shown.

    `tasks` are those whose analysis has it, all when empty. Of a `magnitude` the size counts and not the sign, as of an
    offset. Over accepted trials it is combined as `combine` says.
    """

    key: Key
    path: Annotated[str, Meta(min_length=1)]
    label: Annotated[str, Meta(min_length=2, max_length=60)]
    unit: str
    digits: Annotated[int, Meta(ge=0, le=4)]
    direction: Direction
    side: VariableSide = "none"
    magnitude: bool = False
    combine: Literal["mean"] = "mean"
    tasks: tuple[str, ...] = ()
    mcid: tuple[Mcid, ...] = ()


class CaptureConfig(Section, frozen=True, kw_only=True):
    """instruments/captures/<id>.toml. `key_variable` is the one that stands for the instrument in a list.

    `needs` are places that must have a sensor. `sha256` is that of the file, set when it is read.
    """

    id: Key
    title: Annotated[str, Meta(min_length=2, max_length=60)]
    version: Annotated[str, Meta(min_length=1, max_length=20)]
    order: int
    source: Annotated[str, Meta(min_length=2)]
    kind: CaptureKind
    live: LiveView
    needs: tuple[Place, ...]
    tasks: Annotated[tuple[CaptureTask, ...], Meta(min_length=1)]
    variables: Annotated[tuple[Variable, ...], Meta(min_length=1)]
    key_variable: str
    sha256: Annotated[str, Meta(max_length=0)] = ""

    def task(self, name: str) -> CaptureTask | None:
        """The task of that id."""
        return next((task for task in self.tasks if task.id == name), None)

    def variables_of(self, task: str) -> tuple[Variable, ...]:
        """The variables that the analysis of a task has."""
        return tuple(variable for variable in self.variables if not variable.tasks or task in variable.tasks)


def load_captures(folder: Path) -> dict[str, CaptureConfig]:
    """All instruments/captures/*.toml by id, in the order in which they are offered; raises `ConfigError`."""
    found = []
    for path in files_in(folder / "instruments" / "captures"):
        capture = read(path, CaptureConfig)
        _check(path, capture)
        found.append(structs.replace(capture, sha256=hashlib.sha256(path.read_bytes()).hexdigest()))
    return {capture.id: capture for capture in sorted(found, key=lambda capture: (capture.order, capture.id))}


def _check(path: Path, capture: CaptureConfig) -> None:
    if capture.id != path.stem:
        raise ConfigError(path, "id", f"is '{capture.id}' in a file called '{path.stem}'", "make both the same")
    tasks, keys = [task.id for task in capture.tasks], [variable.key for variable in capture.variables]
    _once(path, "tasks", tasks)
    _once(path, "variables", keys)
    _once(path, "needs", capture.needs)
    if capture.key_variable not in keys:
        remedy = nearest(capture.key_variable, keys)
        raise ConfigError(path, "key_variable", f"there is no variable '{capture.key_variable}'", remedy)
    for task in capture.tasks:
        _check_task(path, capture.kind, task)
    for variable in capture.variables:
        for number, mcid in enumerate(variable.mcid):
            check_mcid(path, f"variables.{variable.key}.mcid[{number}]", mcid)
        for name in variable.tasks:
            if name not in tasks:
                place = f"variables.{variable.key}.tasks"
                raise ConfigError(path, place, f"there is no task '{name}'", nearest(name, tasks))


def _check_task(path: Path, kind: CaptureKind, task: CaptureTask) -> None:
    place = f"tasks.{task.id}"
    if task.skip_s >= task.seconds:
        problem = f"{task.skip_s:g} s of {task.seconds:g} s leave nothing to measure"
        raise ConfigError(path, f"{place}.skip_s", problem, "record for longer")
    for key in task.settings:
        if key not in SETTINGS[kind]:
            problem = f"the analysis of {kind} has no such setting"
            raise ConfigError(path, f"{place}.settings.{key}", problem, nearest(key, sorted(SETTINGS[kind])))
    _once(path, f"{place}.cues", [cue.text for cue in task.cues])
    for cue in task.cues:
        if cue.at_s is not None and not task.skip_s <= cue.at_s < task.seconds:
            problem = f"'{cue.text}' at {cue.at_s:g} s is not in the measured part"
            raise ConfigError(path, f"{place}.cues", problem, f"{task.skip_s:g} to {task.seconds:g} s are measured")
        targets = (
            cue.x_cm is not None or cue.y_cm is not None,
            cue.direction_deg is not None,
            cue.left_pct is not None,
        )
        if sum(targets) > 1:
            raise ConfigError(path, f"{place}.cues", f"'{cue.text}' has two targets", "leave one of them out")
        if (cue.x_cm is None) != (cue.y_cm is None):
            raise ConfigError(path, f"{place}.cues", f"'{cue.text}' has half a place", "give both x_cm and y_cm")
        if (cue.direction_deg is None) != (cue.limit_pct is None):
            problem = f"'{cue.text}' has only one of direction_deg and limit_pct"
            raise ConfigError(path, f"{place}.cues", problem, "give both")


def _once(path: Path, place: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ConfigError(path, place, f"'{name}' is there twice", "give each its own")
        seen.add(name)
