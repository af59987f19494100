"""Captures as configuration: strict, and fitting the analysis that fills them."""

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.cli import main
from bedside.config import ConfigError
from bedside.config.captures import CaptureConfig, CaptureTask, load_captures
from bedside.events import CaptureStarted, CaptureStopped
from bedside.station.findings import at_path, findings
from bedside.station.recorded_trial import Recorded, options
from tests.helpers.bed import CONFIGS
from tests.helpers.pedalling import Rig, ride
from tests.helpers.walking_feet import RATE_HZ, pair

CAPTURES = load_captures(CONFIGS)
TASKS = [(capture, task) for capture in CAPTURES.values() for task in capture.tasks]
SPACING_CM, BODY_KG = 40.0, 70.0


def easing(share: np.ndarray) -> np.ndarray:
    return np.asarray(np.clip(share, 0, 1) ** 2 * (3 - 2 * np.clip(share, 0, 1)))


def feet(path: Path, _task: CaptureTask) -> None:
    left, right = pair()
    given = {"left_gyr": left.gyro_rad_s, "left_acc": left.accel_m_s2}
    np.savez(path, fs=RATE_HZ, right_gyr=right.gyro_rad_s, right_acc=right.accel_m_s2, **given)


def legs(path: Path, _task: CaptureTask) -> None:
    np.savez(path, **pedalled())


@cache
def pedalled() -> dict[str, Any]:
    """Five minutes of both legs with the EMG of four muscles."""
    made: dict[str, Any] = {"fs": 50.0, "emg_fs": 500.0}
    made["emg_channels"] = np.array(("RF left", "BF left", "RF right", "BF right"))
    made["emg_uv"] = np.random.default_rng(1).normal(0, 20.0, (300 * 500, 4))
    for seed, leg in enumerate(("left", "right"), 1):
        x = ride(lambda t: np.full_like(t, 50.0), Rig(seconds=300.0, seed=seed))
        for name, segment in (("thigh", x.thigh), ("shank", x.shank)):
            made |= {f"{leg}_{name}_gyr": segment.gyro_rad_s, f"{leg}_{name}_acc": segment.accel_m_s2}
    return made


def plate(path: Path, task: CaptureTask) -> None:
    """A stander who does what the cues say, on one board with four cells."""
    rng = np.random.default_rng(3)
    t = np.arange(round(task.seconds * 100)) / 100.0
    x, y = (np.convolve(rng.normal(0, 1.0, t.size + 200), np.hanning(201), "valid") / 30.0 for _ in range(2))
    for cue in task.cues:
        at_s = 5.0 if cue.at_s is None else cue.at_s
        held_s = 8.0 if cue.left_pct is None else 10.4
        there = easing((t - at_s - 0.4) / 1.2) * (1 - easing((t - at_s - held_s) / 1.2))
        if cue.left_pct is not None:
            x += there * (0.5 - cue.left_pct / 100.0) * SPACING_CM
        elif cue.direction_deg is not None:
            x += there * 7.0 * np.cos(np.radians(cue.direction_deg))
            y += there * 7.0 * np.sin(np.radians(cue.direction_deg))
        else:
            y += 4.0 * easing((t - at_s - 0.15) / 0.3) * (1 - easing((t - at_s - 0.5) / 1.5))
    right, front = 0.5 + x / SPACING_CM, 0.5 + y / SPACING_CM
    cells = {"top_left": (1 - right) * front, "top_right": right * front}
    cells |= {"bottom_left": (1 - right) * (1 - front), "bottom_right": right * (1 - front)}
    loads = {f"{cell}_kg": BODY_KG * share * (1 + rng.normal(0, 1e-4, t.size)) for cell, share in cells.items()}
    np.savez(path, time_s=t, cop_x_cm=x, cop_y_cm=y, **loads)


INPUTS: dict[str, Callable[[Path, CaptureTask], None]] = {"gait": feet, "cycling": legs, "posture": plate}


@pytest.mark.parametrize(("capture", "task"), TASKS, ids=[f"{c.id}-{t.id}" for c, t in TASKS])
def test_every_variable_of_a_shipped_capture_is_in_what_its_analysis_prints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], capture: CaptureConfig, task: CaptureTask
) -> None:
    path = tmp_path / "a.npz"
    INPUTS[capture.kind](path, task)
    settings = {"paretic": "left", "height_cm": 170.0, **task.settings}
    told = {"instrument": capture.id, "task": task.id, "trial": 1}
    started = CaptureStarted(**told, seconds=task.seconds, settings=settings)
    stopped = CaptureStopped(**told, cause="time", seconds=task.seconds)
    cues = tuple((5.0 if cue.at_s is None else cue.at_s, cue.text) for cue in task.cues)
    asked = options(capture, task, Recorded("v", started, 0, cues, stopped))
    assert main(["analyse", capture.kind, str(path), "--json", *asked]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    found = findings(capture, task.id, report)
    assert found.refusal == ""
    assert [v.key for v in capture.variables_of(task.id) if at_path(report, v.path) is None] == []


def test_better_is_what_it_is_in_print() -> None:
    """Longer steps, a shorter cycle, more swing, less stance and double support; less of every measure of sway."""
    walk = {v.key: v.direction for v in CAPTURES["gait_overground"].variables}
    assert {walk[key] for key in ("step_length_left", "step_frequency", "speed", "swing_right")} == {"higher"}
    assert {walk[key] for key in ("gait_cycle", "stance_left", "double_initial_left", "double_support")} == {"lower"}
    stand = {v.key: v for v in CAPTURES["balance_static"].variables}
    printed = ("path_length", "envelope_area", "offset_x", "offset_y", "mean_speed")
    assert {stand[key].direction for key in printed} == {"lower"}
    assert stand["path_per_area"].direction == "none", "a ratio of two that shrink tells nothing by itself"
    assert stand["offset_x"].magnitude, "an offset to the left is no better than one to the right"


def test_recalled_changes_are_marked_as_such() -> None:
    assert not [m for c in CAPTURES.values() for v in c.variables for m in v.mcid if m.verified]


def test_five_minutes_end_by_themselves() -> None:
    assert CAPTURES["cycling_5min"].tasks[0].seconds == 300.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('kind = "posture"', 'kind = "dance"', "kind"),
        ('key_variable = "path_length"', 'key_variable = "path_lenght"', "did you mean 'path_length'"),
        ("skip_s = 5.0", "skip_s = 40.0", "leave nothing to measure"),
        ("envelope = ", "envelop = ", "did you mean 'envelope'"),
        ('needs = ["plate"]', 'needs = ["plate", "plate"]', "twice"),
        ('key = "offset_y"', 'key = "offset_x"', "twice"),
        ("trials = 3", "trials = 3\nrest_s = 4", "rest_s: unknown key"),
        ("magnitude = true", 'magnitude = true\ntasks = ["eyes_closed"]', "no task 'eyes_closed'"),
        ("trials = 3", 'trials = 3\ncues = [{ at_s = 2.0, text = "go" }]', "not in the measured part"),
        ("trials = 3", 'trials = 3\ncues = [{ at_s = 9.0, text = "go", x_cm = 1.0 }]', "half a place"),
        ("trials = 3", 'trials = 3\ncues = [{ text = "go", direction_deg = 90.0 }]', "only one of"),
        ("trials = 3", 'trials = 3\ncues = [{ text = "go", left_pct = 70.0, x_cm = 1.0, y_cm = 1.0 }]', "two targets"),
        ('id = "balance_static"', 'id = "stand"', "make both the same"),
        ('id = "balance_static"', 'id = "balance_static"\nsha256 = "0"', "sha256"),
        ("value = 5.0", "low = 5.0", "mcid"),
    ],
)
def test_a_capture_that_makes_no_sense_is_refused_by_file_and_key(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    folder = tmp_path / "instruments" / "captures"
    folder.mkdir(parents=True)
    path = folder / "balance_static.toml"
    shutil.copy(CONFIGS / "instruments" / "captures" / path.name, path)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(ConfigError, match="balance_static") as refused:
        load_captures(tmp_path)
    assert words in str(refused.value)
