"""Means over repeated trials: of what was measured, with how many, and never over unlike trials."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

ALIKE = ("rate_hz", "lowpass_hz", "envelope", "filter", "origin_cm")
"""What path and areas belong to, beside the duration."""
DURATION_TOLERANCE = 0.02
PLACES = ("at_s", "onset_s")
"""Where a movement lies in its file: no mean of it means anything."""


def mean_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """`n`, `left_out` (refused trials), and `mean` and `sd` (n - 1) of every measured number of the others.

    A number that one trial lacks has no mean. With one trial there is no SD.
    """
    good = [row for row in rows if row.get("refusal") is None]
    keys = [key for key, value in (good[0].items() if good else ()) if _is_number(value)]
    shared = [key for key in keys if all(_is_number(row.get(key)) for row in good)]
    means = {key: math.fsum(row[key] for row in good) / len(good) for key in shared}
    spread = {
        key: math.sqrt(math.fsum((row[key] - means[key]) ** 2 for row in good) / (len(good) - 1))
        for key in shared
        if len(good) > 1
    }
    return {"n": len(good), "left_out": len(rows) - len(good), "mean": means, "sd": spread}


def stance_mean(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean of several quiet stands as one report; `refusal` says where they are not alike."""
    static = [report for report in reports if "posture" in report]
    told = {"files": [report["file"] for report in static], "mean_of": "posture"}
    good = [report["posture"] for report in static if report["posture"]["refusal"] is None]
    refusal = _unlike(good) if good else "no trial was measured"
    doubted = sum(not posture["path_trusted"] for posture in good)
    found: dict[str, Any] = {"n": 0, "left_out": len(static) - len(good), "mean": {}, "sd": {}}
    if refusal is None:
        found = mean_of([report["posture"] for report in static])
    warnings = [f"path: doubtful in {doubted} of {len(good)} trials"] if doubted else []
    return told | found | {"refusal": refusal, "warnings": warnings}


def mean_report(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The mean of several reports: of quiet stands, or of the cues of one task over all files."""
    moves = [report for report in reports if "cues" in report]
    return moves_mean(moves) if moves and len(moves) == len(reports) else stance_mean(reports)


def moves_mean(reports: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Every cue of one task over all files: all together, and `by_name` for each direction, or leg and load."""
    tasks = sorted({str(report["task"]) for report in reports})
    told: dict[str, Any] = {
        "files": [report["file"] for report in reports],
        "mean_of": ", ".join(tasks),
        "warnings": [],
    }
    cues = [{key: value for key, value in cue.items() if key not in PLACES} for one in reports for cue in one["cues"]]
    all_of_them = mean_of(cues)
    if len(tasks) > 1 or all_of_them["n"] == 0:
        why = "the files hold different tasks" if len(tasks) > 1 else "no movement was measured"
        return told | {"n": 0, "left_out": len(cues), "mean": {}, "sd": {}, "by_name": {}, "refusal": why}
    names = {name: [cue for cue in cues if cue["name"] == name] for name in sorted({str(cue["name"]) for cue in cues})}
    by_name = {} if tasks == ["perturbation"] else {name: mean_of(rows) for name, rows in names.items()}
    return told | all_of_them | {"by_name": by_name, "refusal": None}


def mean_table(report: Mapping[str, Any]) -> str:
    """A mean as lines for a terminal."""
    lines = [f"mean of {report['n']} trials ({report['left_out']} left out)"]
    if report["refusal"]:
        lines.append(f"  NOT MEASURED: {report['refusal']}")
    for key, value in report["mean"].items():
        lines.append(f"  {key:<26}{value:10.3f}" + (f"  SD {report['sd'][key]:.3f}" if key in report["sd"] else ""))
    return "\n".join([*lines, *(f"  CAUTION  {one}" for one in report["warnings"])]) + "\n"


def _unlike(good: Sequence[Mapping[str, Any]]) -> str | None:
    for key in ALIKE:
        values = {str(posture[key]) for posture in good}
        if len(values) > 1:
            return f"the trials differ in {key}: {', '.join(sorted(values))}; measure them alike first"
    durations = [posture["duration_s"] for posture in good]
    if max(durations) - min(durations) > DURATION_TOLERANCE * max(durations):
        return (
            f"the trials last {min(durations):.1f} to {max(durations):.1f} s; path and areas grow with the time, "
            "so give --duration-s"
        )
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
