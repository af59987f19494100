"""Which of the answers in a report were not given, and why: what makes the exit code of `bedside analyse` say so."""

from collections.abc import Iterator, Mapping
from typing import Any

ASKED = (("assessment", "side"), ("cues", "name"))
"""Lists of a report in which each row is an answer that was asked for by name, and what the row is called by."""
FOUND = ("sets", "curves", "legs", "sensors")
"""Lists with a row for each channel, leg or sensor that the file holds: often more of them than the one in question."""


def refused(report: Mapping[str, Any]) -> list[str]:
    """Every refusal among a report's answers in words; empty where what was asked for was measured.

    A void sweep is none: its channel's mean is the answer. Neither is a channel, leg or sensor beside one that was
    measured, nor are curves over the gait cycle, which come with the variables where they can.
    """
    return list(_of_all(report)) or [*_of_asked(report), *_of_found(report)]


def _of_all(report: Mapping[str, Any]) -> Iterator[str]:
    for part in (report, report.get("posture") or {}):
        if part.get("refusal"):
            yield str(part["refusal"])


def _of_asked(report: Mapping[str, Any]) -> Iterator[str]:
    for key, named in ASKED:
        for row in report.get(key) or ():
            if why := _why(row):
                yield f"{row[named]}: {why}"
    joint = report.get("joint")
    if joint and joint["refusal"]:
        yield f"{joint['proximal']} to {joint['distal']}: {joint['refusal']}"


def _of_found(report: Mapping[str, Any]) -> Iterator[str]:
    emg = report.get("emg")
    for rows in (*(report.get(key) for key in FOUND), emg and emg["channels"]):
        # curves over the gait cycle are by side, and no list
        if isinstance(rows, list) and all(map(_why, rows)):
            yield from (f"{_name(row)}: {_why(row)}" for row in rows)


def _name(row: Mapping[str, Any]) -> str:
    return str(next((row[key] for key in ("channel", "name", "leg") if row.get(key)), "curve"))


def _why(row: Mapping[str, Any]) -> str:
    if "calibration" in row:
        found = row["calibration"]
        return "" if found["usable"] else f"no usable calibration: {found['reason']}"
    if row.get("measured") == 0:
        return f"none of {row['trials']} measured"
    return str(row.get("refusal") or "")
