"""The exit code of `bedside analyse`: 0 only when what was asked for was measured."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.analyse.refused import refused
from bedside.cli import main
from bedside.refusal import ANSWER_REFUSED

GOOD: dict[str, Any] = {"refusal": None}
BAD: dict[str, Any] = {"refusal": "too short"}


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (GOOD, []),
        (BAD, ["too short"]),
        ({"posture": GOOD}, []),
        ({"posture": BAD}, ["too short"]),
        ({"mean_of": "posture", **BAD}, ["too short"]),
        ({"legs": [{"leg": "left", **GOOD}, {"leg": "right", **BAD}]}, []),
        ({"legs": [{"leg": "left", **BAD}, {"leg": "right", **BAD}]}, ["left: too short", "right: too short"]),
        ({"sensors": [{"name": "thigh", **BAD}], "joint": None}, ["thigh: too short"]),
        ({"sensors": [], "joint": {"proximal": "thigh", "distal": "shank", **BAD}}, ["thigh to shank: too short"]),
        ({"sensors": [{"name": "foot", "calibration": {"usable": True, "reason": ""}}]}, []),
        (
            {"sensors": [{"name": "foot", "calibration": {"usable": False, "reason": "one axis"}}]},
            ["foot: no usable calibration: one axis"],
        ),
        ({"sets": [{"channel": "TA", **GOOD}, {"channel": "SOL", **BAD}]}, []),
        ({"sets": [{"channel": "TA", **BAD}, {"channel": "SOL", **BAD}]}, ["TA: too short", "SOL: too short"]),
        ({"sets": [{"channel": "TA", "measured": 0, "trials": 4}]}, ["TA: none of 4 measured"]),
        ({"sets": [{"channel": "TA", "measured": 1, "trials": 4}]}, []),
        ({"sets": [{"channel": "TA", **GOOD}], "assessment": [{"side": "left", **BAD}]}, ["left: too short"]),
        ({"curves": [{"channel": "", **BAD}]}, ["curve: too short"]),
        ({**GOOD, "curves": {"left": GOOD, "right": BAD}}, []),
        ({"legs": [{"leg": "left", **GOOD}], "emg": {"channels": [{"name": "RF", **BAD}]}}, ["RF: too short"]),
        ({**GOOD, "cues": [{"name": "left_70", **BAD}, {"name": "even", **GOOD}]}, ["left_70: too short"]),
        ({**BAD, "cues": [{"name": "left_70", **BAD}]}, ["too short"]),
    ],
)
def test_which_answers_were_not_given(report: dict[str, Any], words: list[str]) -> None:
    assert refused(report) == words


def stand(path: Path, size_cm: float) -> str:
    at_s = np.arange(3001) / 100.0
    x, y = size_cm * np.sin(0.9 * at_s), size_cm * np.cos(1.7 * at_s)
    rows = [f"{t:.2f},{a:.4f},{b:.4f}" for t, a, b in zip(at_s, x, y, strict=True)]
    path.write_text("\n".join(["time_s,cop_x_cm,cop_y_cm", *rows]))
    return str(path)


def test_the_worst_of_all_files_is_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, stuck, none = stand(tmp_path / "a.csv", 1.0), stand(tmp_path / "b.csv", 0.0), str(tmp_path / "none.csv")
    assert main(["analyse", "posture", good, "--json"]) == 0
    assert capsys.readouterr().err == ""
    assert main(["analyse", "posture", good, stuck, "--json"]) == ANSWER_REFUSED
    told = capsys.readouterr()
    reports = json.loads(told.out)
    assert [bool(one["posture"]["refusal"]) for one in reports] == [False, True]
    assert told.err == f"bedside analyse: {stuck}: refused: {reports[1]['posture']['refusal']}\n"
    assert main(["analyse", "posture", good, stuck]) == ANSWER_REFUSED
    told = capsys.readouterr()
    assert "NOT MEASURED" in told.out
    assert told.err == "", "the table has it"
    assert main(["analyse", "posture", good, stuck, none, "--json"]) == 1
    told = capsys.readouterr()
    assert len(json.loads(told.out)) == 2
    assert f"{none}: no such file" in told.err
    assert main(["analyse", "posture", good, "--rate-hz", "0"]) == 2
