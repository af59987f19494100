"""The small file beside a recording that says what the person was asked to do, and when."""

import math
from pathlib import Path
from typing import Literal

from bedside.analyse.cues import Cue, Moves
from bedside.analyse.emg_files import BadRecordingError
from bedside.config.strict import ConfigError, Section, read

SUFFIX = ".task.toml"


class CueEntry(Section, frozen=True, kw_only=True):
    """One `[[cue]]`: `at_s` and `until_s` on the recording's clock, the rest as its task needs it."""

    at_s: float | None = None
    until_s: float | None = None
    leg: Literal["left", "right"] | None = None
    target_pct: float | None = None
    band_pct: float = 5.0
    hold_s: float | None = None
    direction_deg: float | None = None
    limit_cm: float | None = None
    stepped: bool = False


class TaskFile(Section, frozen=True, kw_only=True):
    """What was asked during one recording. `height_cm` gives a lean's limit where it has none of its own."""

    task: Literal["shift", "limits", "perturbation"]
    cue: tuple[CueEntry, ...]
    height_cm: float | None = None
    paretic: Literal["left", "right"] | None = None


NEEDED = {"shift": ("at_s", "leg", "target_pct"), "limits": ("at_s", "direction_deg"), "perturbation": ()}
POSITIVE = ("target_pct", "band_pct", "hold_s", "limit_cm")


def beside(path: Path) -> Path | None:
    """The task file of a recording, NAME.task.toml beside it; None where there is none."""
    found = path.with_name(path.stem + SUFFIX)
    return found if found.is_file() else None


def read_tasks(path: Path) -> Moves:
    """Read a task file. Raises BadRecordingError that names file, key and remedy."""
    try:
        made = read(path, TaskFile)
    except ConfigError as error:
        raise BadRecordingError(str(error)) from error
    if made.height_cm is not None and not 50.0 <= made.height_cm <= 250.0:
        raise BadRecordingError(f"{path}: height_cm {made.height_cm:g} is no stature")
    cues = [_cue(path, made, number, entry) for number, entry in enumerate(made.cue, 1)]
    cues.sort(key=lambda cue: (math.isnan(cue.at_s), cue.at_s))
    return Moves(made.task, tuple(cues), {}, made.height_cm, made.paretic)


def _cue(path: Path, made: TaskFile, number: int, entry: CueEntry) -> Cue:
    place = f"{path}: cue {number}"
    for key in NEEDED[made.task]:
        if getattr(entry, key) is None:
            raise BadRecordingError(f"{place}: {key} is missing (task {made.task})")
    for key in POSITIVE:
        value = getattr(entry, key)
        if value is not None and not value > 0:
            raise BadRecordingError(f"{place}: {key} must be positive, not {value:g}")
    if entry.target_pct is not None and entry.target_pct > 100.0:
        raise BadRecordingError(f"{place}: target_pct must be at most 100, not {entry.target_pct:g}")
    if entry.at_s is None and len(made.cue) > 1:
        raise BadRecordingError(f"{place}: at_s is missing; the acceleration tells the onset of one push only")
    return Cue(
        math.nan if entry.at_s is None else entry.at_s,
        leg=entry.leg or "",
        target_pct=math.nan if entry.target_pct is None else entry.target_pct,
        direction_deg=math.nan if entry.direction_deg is None else entry.direction_deg % 360.0,
        limit_cm=entry.limit_cm,
        band_pct=entry.band_pct,
        hold_s=entry.hold_s,
        stepped=entry.stepped,
        until_s=entry.until_s,
    )
