"""What `bedside analyse gait` says of a recording, ready for a table and for the scores."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from dsp.gait import Gait, Stride
from tests.benchmarks.accuracies.page import NOTHING, Report, analysed, number, said
from tests.helpers.walking_feet import Recording

MS, PCT = 1e3, 100.0
SIDES = ("left", "right")
BEST = "gaitmap 2.6.0, constrained DTW + Herzer events"
KALMAN = f"{BEST}, RTS Kalman with updates at events"
WORDS = "what the program says"
TURNS = "straight strides (turns), left / right"


def of(path: Path, *options: str) -> tuple[Report, Gait, Recording]:
    """The report, its strides as the scores take them, and what is known of the recording."""
    report = analysed("gait", path, *options)
    strides = [{key: value for key, value in one.items() if key != "stride_time_s"} for one in report["strides"]]
    truth: dict[str, Any] = json.loads(path.with_suffix(".json").read_text())["truth"]
    with np.load(path) as file:
        lasts_s = file["t"].size / float(file["fs"])
    made = tuple(Stride(**{**one, "flags": tuple(one["flags"])}) for one in strides)
    return report, Gait(made, None), Recording(path.stem, None, None, truth, lasts_s)


def words(report: Report) -> str:
    """What the report says besides numbers."""
    identities = (report["summary"] or {}).get("identities", ())
    return said(report["refusal"], [*report["flags"], *identities])


def sides_of(report: Report, key: str, digits: int) -> str:
    """A value of both feet."""
    summary = report["summary"] or {}
    return " / ".join(number((summary.get(side) or {}).get(key), digits) for side in SIDES)


def counts(report: Report) -> str:
    """Straight strides and turns of both feet."""
    summary = report["summary"] or {}
    found = [summary.get(side) for side in SIDES]
    return " / ".join(NOTHING if one is None else f"{one['strides']} ({one['turns']})" for one in found)
