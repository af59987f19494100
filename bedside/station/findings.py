"""What an analysis' JSON says of a capture: the instrument's variables, what to look at, or why there is nothing."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bedside.config.captures import CaptureConfig, CaptureKind

MOST_FLAGS = 20
LONGEST_FLAG = 200


@dataclass(frozen=True, slots=True)
class Findings:
    """Variables by key, remarks, and a refusal (empty: there are values)."""

    values: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    refusal: str = ""


def findings(capture: CaptureConfig, task: str, report: Mapping[str, Any]) -> Findings:
    """What a report of `bedside analyse` says of the variables that a task's analysis has."""
    flags = tuple(flag[:LONGEST_FLAG] for flag in _flags(capture.kind, report))[:MOST_FLAGS]
    refusal = _refusal(capture.kind, report)
    if refusal:
        return Findings(flags=flags, refusal=refusal)
    wanted = capture.variables_of(task)
    read = {variable.key: at_path(report, variable.path) for variable in wanted}
    sized = {variable.key for variable in wanted if variable.magnitude}
    values = {key: abs(value) if key in sized else value for key, value in read.items() if value is not None}
    if not values:
        return Findings(flags=flags, refusal=f"none of the {len(wanted)} variables could be measured")
    return Findings(values, flags)


def at_path(report: object, path: str) -> float | None:
    """The finite number at a dotted path, None where there is none.

    In a list, a step is the entry that has this word for one of its values: "legs.left.knee_range_deg".
    """
    node = report
    for step in path.split("."):
        if isinstance(node, Mapping):
            node = node.get(step)
        elif isinstance(node, list):
            node = next((entry for entry in node if isinstance(entry, Mapping) and step in entry.values()), None)
        else:
            return None
    if isinstance(node, bool) or not isinstance(node, int | float) or not math.isfinite(node):
        return None
    return float(node)


def _refusal(kind: CaptureKind, report: Mapping[str, Any]) -> str:
    match kind:
        case "posture":
            return str(report.get("posture", report).get("refusal") or "")
        case "cycling":
            legs = report["legs"]
            refused = [f"{leg['leg']}: {leg['refusal']}" for leg in legs if leg["refusal"]]
            return "; ".join(refused) if len(refused) == len(legs) else ""
        case _:
            return str(report.get("refusal") or "")


def _flags(kind: CaptureKind, report: Mapping[str, Any]) -> Iterable[str]:
    match kind:
        case "posture":
            yield from report.get("posture", {}).get("warnings", ())
            yield from report.get("identities", ())
            yield from report.get("flags", ())
            yield from report.get("notes", ())
        case "cycling":
            for leg in report["legs"]:
                remarks = [leg["refusal"]] if leg["refusal"] else []
                yield from (f"{leg['leg']}: {text}" for text in (*remarks, *leg["flags"]))
            for channel in (report.get("emg") or {}).get("channels", ()):
                remarks = [channel["refusal"]] if channel["refusal"] else []
                yield from (f"EMG {channel['name']}: {text}" for text in (*remarks, *channel["flags"]))
        case _:
            yield from report.get("flags", ())
            yield from (report.get("summary") or {}).get("identities", ())
