"""What a person on a plate was asked to do, and when: as a task file or the command line says it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Task = Literal["shift", "limits", "perturbation"]


@dataclass(frozen=True)
class Cue:
    """A cue `at_s` after the beginning: "left" or "right" with a load in %, a direction in degrees, or a push.

    The movement is over at `until_s`, without it at the next cue. The rest is what `dsp.posture` is told of it. A push
    without `at_s` (NaN) is found by the recording's acceleration.
    """

    at_s: float
    leg: str = ""
    target_pct: float = math.nan
    direction_deg: float = math.nan
    limit_cm: float | None = None
    band_pct: float = 5.0
    hold_s: float | None = None
    stepped: bool = False
    until_s: float | None = None


@dataclass(frozen=True)
class Moves:
    """What a task is told: its cues in order, and how far the person can lean (cm) by direction or stature."""

    task: Task
    cues: tuple[Cue, ...]
    limits_cm: Mapping[float, float]
    height_cm: float | None = None
    paretic: str | None = None


def parse_cue(task: Task, text: str) -> Cue:
    """A cue as on the command line: S:left:PCT, S:right:PCT or S:even, S:DEG, or S. Raises ValueError naming it."""
    head, *rest = text.split(":")
    match task, rest:
        case "shift", ["even"]:
            cue = Cue(_number_in(head))
        case "shift", [("left" | "right") as leg, share]:
            cue = Cue(_number_in(head), leg=leg, target_pct=_number_in(share))
        case "limits", [direction]:
            cue = Cue(_number_in(head), direction_deg=_number_in(direction) % 360.0)
        case "perturbation", []:
            cue = Cue(_number_in(head))
        case _:
            cue = Cue(math.nan)
    shared = not cue.leg or 0 < cue.target_pct <= 100
    aimed = task != "limits" or not math.isnan(cue.direction_deg)
    if not (cue.at_s >= 0 and shared and aimed):
        wanted = {"shift": "5:left:70 or 9:even", "limits": "5:90", "perturbation": "5"}[task]
        raise ValueError(f"--cue {text}: write it as {wanted}")
    return cue


def _number_in(text: str) -> float:
    """The number, NaN for a text that is none."""
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def parse_limits(text: str) -> dict[float, float]:
    """The person's own limits as on the command line, "DEG:CM,DEG:CM". Raises ValueError."""
    try:
        pairs = [entry.split(":") for entry in text.split(",") if entry]
        limits = {float(direction) % 360.0: float(reach) for direction, reach in pairs}
    except ValueError:
        raise ValueError(f"--limits-cm {text}: write it as 0:12.5,90:14") from None
    if not limits or not all(math.isfinite(reach) and reach > 0 for reach in limits.values()):
        raise ValueError(f"--limits-cm {text}: a limit must be positive")
    return limits
