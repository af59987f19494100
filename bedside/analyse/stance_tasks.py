"""Moving on a plate at cues: weight shifts, leans to the limits of stability, pushes. One result a cue, and means."""

import math
from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from typing import Any

import numpy as np

from bedside.analyse.cues import Cue, Moves, Task
from bedside.analyse.plain import plain
from bedside.analyse.posture_files import AT_RAIL_REMEDY, Track
from dsp.posture import (
    absent,
    against_loads,
    limits_of_stability,
    mended,
    perturbation,
    theoretical_limit_cm,
    weight_shift,
)

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


def moves_report(track: Track, moves: Moves) -> Report:
    """Every cue measured, and means over those that could be. `refusal`: why there is nothing at all."""
    measure = MEASURES[moves.task]
    ends = [*(cue.at_s for cue in moves.cues[1:]), math.inf]
    track, against = _ready(track)
    if track.railed is not None and against is not None:
        against = f"{track.railed}; {AT_RAIL_REMEDY}"
    cues = []
    for number, (cue, end) in enumerate(zip(moves.cues, ends, strict=True), 1):
        end_s = end if cue.until_s is None else min(end, cue.until_s)
        made = measure(track, cue, end_s, moves)
        if made is not None:
            told = dict.fromkeys(made) | {"refusal": against} if against else made
            at_s = made.get("onset_s") if math.isnan(cue.at_s) else cue.at_s
            cues.append(plain(told | {"name": _name(moves.task, cue, number), "at_s": at_s}))
    refused = [cue for cue in cues if cue["refusal"] is not None]
    nothing = "no cue was given" if not cues else "; ".join(sorted({str(cue["refusal"]) for cue in refused}))
    return {
        "task": moves.task,
        "refusal": nothing if len(refused) == len(cues) else None,
        "flags": _flags(track, refused) if len(refused) < len(cues) else [],
        "cues": cues,
        "summary": _summary(moves, cues),
    }


def _flags(track: Track, refused: list[Report]) -> list[str]:
    """What is doubtful where something was measured."""
    return [*([] if track.railed is None else [track.railed]), *(f"{cue['name']}: {cue['refusal']}" for cue in refused)]


def moves_table(report: Report) -> str:
    """A report as lines for a terminal."""
    lines = [report["file"]]
    keys = MEANS[report["task"]]
    for cue in report["cues"]:
        told = f"NOT MEASURED: {cue['refusal']}" if cue["refusal"] else _row(cue, keys)
        lines.append(f"  {_number(cue['at_s']):>8} s {cue['name']:<10} {told}")
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
    shift = weight_shift(
        share, track.rate_hz, cue_index=at, target_pct=cue.target_pct, band_pct=cue.band_pct, hold_s=cue.hold_s
    )
    of = "load of each leg, two plates" if track.two_plates else "lateral position on one plate, not the load of a leg"
    return asdict(shift) | {"source": of}


def _lean(track: Track, cue: Cue, end_s: float, moves: Moves) -> Report:
    part, at = _part(track, cue, end_s)
    limit = cue.limit_cm or moves.limits_cm.get(cue.direction_deg)
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
    by_acceleration = math.isnan(cue.at_s)
    if by_acceleration and track.acceleration is None:
        return {"refusal": "no onset: the cue has no time, and the recording no column acceleration_m_s2"}
    begin_s = track.start_s + BEFORE_S if by_acceleration else cue.at_s
    part, at = _part(track, replace(cue, at_s=begin_s), end_s)
    made = perturbation(
        track.x_cm[part],
        track.y_cm[part],
        track.rate_hz,
        onset_index=None if by_acceleration else at,
        acceleration=track.acceleration[part] if by_acceleration and track.acceleration is not None else None,
        total_kg=None if track.loads_kg is None else track.loads_kg[part].sum(axis=1),
        stepped=cue.stepped,
    )
    # as the file counts, and not from the part's beginning
    return asdict(made) | {"onset_s": made.onset_s + track.start_s + part.start / track.rate_hz}


MEASURES: dict[Task, Callable[[Track, Cue, float, Moves], Report | None]] = {
    "shift": _shift,
    "limits": _lean,
    "perturbation": _push,
}


def _ready(track: Track) -> tuple[Track, str | None]:
    """The track with its short drop-outs filled, and why it cannot be believed."""
    x, y, loads = mended(track.x_cm, track.y_cm, track.loads_kg, track.rate_hz)
    if loads is None or track.cells is None:
        return replace(track, x_cm=x, y_cm=y), absent(x, y)
    half = loads.shape[1] // 2
    sides = {"left_kg": loads[:, :half].sum(axis=1), "right_kg": loads[:, half:].sum(axis=1)} if half else {}
    against = absent(x, y) or against_loads(x, y, loads, track.cells)
    return replace(track, x_cm=x, y_cm=y, loads_kg=loads, **sides), against


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


def _mean(values: Iterable[float | None]) -> float | None:
    """None where one of them is not there: a mean of the rest would be of other cues."""
    found = list(values)
    known = [value for value in found if value is not None and math.isfinite(value)]
    return sum(known) / len(known) if known and len(known) == len(found) else None


def _row(values: Report, keys: Iterable[str]) -> str:
    return "  ".join(f"{key} {_number(values.get(key))}" for key in keys)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
