"""Moving on a plate at cues: weight shifts, leans to the limits of stability, pushes. One result a cue, and means."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from bedside.analyse.posture_files import Track
from dsp.posture import limits_of_stability, perturbation, theoretical_limit_cm, weight_shift

Task = Literal["shift", "limits", "perturbation"]
Report = dict[str, Any]

BEFORE_S = 1.0
"""Standing before the cue, from which each task measures."""
UNSCALED_CM = 100.0
"""A limit that makes per cent out of centimetres, where the person's own limit is not known."""
MEANS: dict[Task, tuple[str, ...]] = {
    "shift": ("reaction_s", "to_90_s", "overshoot_pct", "hold_error_pct", "hold_sd_pct", "in_target_s"),
    "limits": (
        "reaction_s",
        "mean_speed_cm_s",
        "endpoint_cm",
        "maximum_cm",
        "endpoint_pct",
        "maximum_pct",
        "directional_control_pct",
    ),
    "perturbation": ("latency_s", "peak_cm", "to_peak_s", "overshoot_cm", "path_3s_cm", "to_stabilise_s"),
}


@dataclass(frozen=True)
class Cue:
    """A cue `at_s` after the beginning: "left" or "right" with a load in %, a direction in degrees, or a push."""

    at_s: float
    leg: str = ""
    target_pct: float = math.nan
    direction_deg: float = math.nan


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


def moves_report(track: Track, moves: Moves) -> Report:
    """Every cue measured, and means over those that could be. `refusal`: why there is nothing at all."""
    measure = MEASURES[moves.task]
    ends = [*(cue.at_s for cue in moves.cues[1:]), math.inf]
    cues = [
        _plain(made) | {"name": _name(moves.task, cue, number), "at_s": cue.at_s}
        for number, (cue, end) in enumerate(zip(moves.cues, ends, strict=True), 1)
        if (made := measure(track, cue, end, moves)) is not None
    ]
    refused = [cue for cue in cues if cue["refusal"] is not None]
    nothing = "no cue was given" if not cues else "; ".join(sorted({str(cue["refusal"]) for cue in refused}))
    return {
        "task": moves.task,
        "refusal": nothing if len(refused) == len(cues) else None,
        "flags": [f"{cue['name']}: {cue['refusal']}" for cue in refused] if len(refused) < len(cues) else [],
        "cues": cues,
        "summary": _summary(moves, cues),
    }


def moves_table(report: Report) -> str:
    """A report as lines for a terminal."""
    lines = [report["file"]]
    keys = MEANS[report["task"]]
    for cue in report["cues"]:
        told = f"NOT MEASURED: {cue['refusal']}" if cue["refusal"] else _row(cue, keys)
        lines.append(f"  {cue['at_s']:6.1f} s {cue['name']:<10} {told}")
    lines.append(f"  mean                {_row(report['summary'], keys)}" if report["refusal"] is None else "")
    return "\n".join(filter(None, lines)) + "\n"


def _shift(track: Track, cue: Cue, end_s: float, _moves: Moves) -> Report | None:
    if not cue.leg:
        return None
    if track.left_kg is None or track.right_kg is None:
        return {"refusal": "no loads in the recording: the share of each leg is not known"}
    part, at = _part(track, cue, end_s)
    left, right = track.left_kg[part], track.right_kg[part]
    total = left + right
    share = 100.0 * (left if cue.leg == "left" else right) / np.where(total > 0, total, np.nan)
    return asdict(weight_shift(share, track.rate_hz, cue_index=at, target_pct=cue.target_pct))


def _lean(track: Track, cue: Cue, end_s: float, moves: Moves) -> Report:
    part, at = _part(track, cue, end_s)
    limit = moves.limits_cm.get(cue.direction_deg)
    if limit is None and moves.height_cm is not None:
        limit = theoretical_limit_cm(moves.height_cm, cue.direction_deg)
    scale = UNSCALED_CM if limit is None else limit
    lean = asdict(
        limits_of_stability(
            track.x_cm[part],
            track.y_cm[part],
            track.rate_hz,
            cue_index=at,
            direction_deg=cue.direction_deg,
            limit_cm=scale,
        )
    )
    reached = {f"{which}_cm": lean[f"{which}_pct"] * scale / 100.0 for which in ("endpoint", "maximum")}
    unknown: Report = {"endpoint_pct": None, "maximum_pct": None, "limit_cm": None}
    return lean | reached | (unknown if limit is None else {})


def _push(track: Track, cue: Cue, end_s: float, _moves: Moves) -> Report:
    part, at = _part(track, cue, end_s)
    total = None if track.loads_kg is None else track.loads_kg[part].sum(axis=1)
    return asdict(perturbation(track.x_cm[part], track.y_cm[part], track.rate_hz, onset_index=at, total_kg=total))


MEASURES: dict[Task, Callable[[Track, Cue, float, Moves], Report | None]] = {
    "shift": _shift,
    "limits": _lean,
    "perturbation": _push,
}


def _part(track: Track, cue: Cue, end_s: float) -> tuple[slice, int]:
    """From a second before the cue to the next one, and where in it the cue is; the cue outside is left to the task."""
    cue_at = round((cue.at_s - track.start_s) * track.rate_hz)
    first = max(cue_at - round(BEFORE_S * track.rate_hz), 0)
    last = track.x_cm.size if math.isinf(end_s) else round((end_s - track.start_s) * track.rate_hz)
    return slice(first, max(min(last, track.x_cm.size), first)), cue_at - first


def _name(task: Task, cue: Cue, number: int) -> str:
    if task == "shift":
        return f"{cue.leg}_{cue.target_pct:g}"
    return f"to_{cue.direction_deg:03.0f}" if task == "limits" else f"push_{number}"


def _summary(moves: Moves, cues: Iterable[Report]) -> Report:
    measured = [cue for cue in cues if cue["refusal"] is None]
    summary: Report = {key: _mean(cue.get(key) for cue in measured) for key in MEANS[moves.task]}
    summary["measured"] = len(measured)
    if moves.task == "shift":
        for leg in ("left", "right"):
            reached = [cue["reached_pct"] for cue in measured if cue["name"].startswith(leg)]
            summary[f"reached_{leg}_pct"] = max(reached, default=None)
        if moves.paretic is not None:
            summary["reached_paretic_pct"] = summary[f"reached_{moves.paretic}_pct"]
    if moves.task == "perturbation":
        summary["recovered"] = sum(cue["recovered"] for cue in measured)
    return summary


def _plain(values: Report) -> Report:
    """JSON knows no NaN."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value for key, value in values.items()
    }


def _mean(values: Iterable[float | None]) -> float | None:
    """None where one of them is not there: a mean of the rest would be of other cues."""
    found = list(values)
    known = [value for value in found if value is not None and math.isfinite(value)]
    return sum(known) / len(known) if known and len(known) == len(found) else None


def _row(values: Report, keys: Iterable[str]) -> str:
    return "  ".join(f"{key} {_number(values.get(key))}" for key in keys)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
