"""Which of the answers in a report were not given, and why: what makes the exit code of `bedside analyse` say so."""

from collections.abc import Iterator, Mapping
from typing import Any

ROWS = (("legs", "leg"), ("sensors", "name"), ("assessment", "side"), ("cues", "name"))
"""Lists of a report in which each row is an answer, and what the row is called by."""
CHANNELS = ("sets", "curves")
"""Lists with a row for each channel. An amplifier records more of them than the muscle in question."""


def refused(report: Mapping[str, Any]) -> list[str]:
    """Every refusal among a report's answers in words; empty where what was asked for was measured.

    A void sweep is none: its channel's mean is the answer. Neither is a channel beside one that was measured, nor are
    curves over the gait cycle, which come with the variables where they can.
    """
    return list(_of_all(report)) or [*_of_rows(report), *_of_channels(report)]


def _of_all(report: Mapping[str, Any]) -> Iterator[str]:
    for part in (report, report.get("posture") or {}):
        if part.get("refusal"):
            yield str(part["refusal"])


def _of_rows(report: Mapping[str, Any]) -> Iterator[str]:
    for key, named in ROWS:
        for row in report.get(key) or ():
            if why := _why(row):
                yield f"{row[named]}: {why}"
    joint = report.get("joint")
    if joint and joint["refusal"]:
        yield f"{joint['proximal']} to {joint['distal']}: {joint['refusal']}"


def _of_channels(report: Mapping[str, Any]) -> Iterator[str]:
    emg = report.get("emg")
    for rows in (*(report.get(key) for key in CHANNELS), emg and emg["channels"]):
        # curves over the gait cycle are by side, and no list
        if isinstance(rows, list) and all(map(_why, rows)):
            yield from (f"{row.get('channel') or row.get('name') or 'curve'}: {_why(row)}" for row in rows)


def _why(row: Mapping[str, Any]) -> str:
    if "calibration" in row:
        found = row["calibration"]
        return "" if found["usable"] else f"no usable calibration: {found['reason']}"
    if row.get("measured") == 0:
        return f"none of {row['trials']} measured"
    return str(row.get("refusal") or "")
