"""Leans, weight shifts and pushes from files with their task file beside them; and means of several stands."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.cli import main
from bedside.refusal import ANSWER_REFUSED
from tests.bedside.analyse.test_analyse_posture import write_csv
from tests.helpers.recordings import need_recordings

RATE_HZ = 100.0
T = np.arange(3001) / RATE_HZ
HALF_WIDTH_CM, HALF_DEPTH_CM = 21.0, 12.0


def ramp(start_s: float, length_s: float) -> np.ndarray:
    """From 0 to 1 with minimum jerk."""
    u = np.clip((T - start_s) / length_s, 0.0, 1.0)
    return u**3 * (10 - 15 * u + 6 * u**2)


def noise(size: float, seed: int = 1) -> np.ndarray:
    return size * np.random.default_rng(seed).normal(size=T.size)


def on_a_board(x_cm: np.ndarray, y_cm: np.ndarray, body_kg: float | np.ndarray = 70.0) -> dict[str, np.ndarray]:
    """Loads of four cells that give this position."""
    side, ahead = x_cm / HALF_WIDTH_CM, y_cm / HALF_DEPTH_CM
    share = {
        f"{end}_{which}_kg": (1 + way * side) * (1 + to * ahead) / 4
        for end, to in (("top", 1), ("bottom", -1))
        for which, way in (("right", 1), ("left", -1))
    }
    return {name: body_kg * part for name, part in share.items()}


def analysed(capsys: pytest.CaptureFixture[str], path: Path, *options: object, code: int = 0) -> dict[str, Any]:
    assert main(["analyse", "posture", str(path), *map(str, options), "--json"]) == code
    (made,) = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert isinstance(made, dict)
    return made


def asked(path: Path, text: str) -> None:
    path.with_name(path.stem + ".task.toml").write_text(text)


LEANS = """
task = "limits"
height_cm = 170.0
[[cue]]
at_s = 3.0
direction_deg = 90.0
limit_cm = 8.0
[[cue]]
at_s = 15.0
direction_deg = 0.0
"""


def test_leans_with_a_limit_of_their_own_and_by_stature(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    y = 6.0 * (ramp(3.4, 1.0) - ramp(10.0, 1.0)) + noise(0.01)
    x = 5.0 * (ramp(15.5, 1.0) - ramp(25.0, 1.0)) + noise(0.01, 2)
    path = write_csv(tmp_path / "a.csv", time_s=T, cop_x_cm=x, cop_y_cm=y)
    asked(path, LEANS)
    made = analysed(capsys, path)
    ahead, right = made["cues"]
    assert (ahead["endpoint_pct"], right["endpoint_cm"]) == pytest.approx((75.0, 5.0), rel=0.02)
    assert right["limit_cm"] == pytest.approx(13.08, abs=0.01)
    assert ahead["reaction_s"] == pytest.approx(0.4, abs=0.1)
    assert made["summary"]["measured"] == 2
    assert made["summary"]["reaction_s"] == pytest.approx((ahead["reaction_s"] + right["reaction_s"]) / 2)
    assert main(["analyse", "posture", str(path)]) == 0
    assert "to_090" in capsys.readouterr().out


SHIFTS = """
task = "shift"
paretic = "right"
[[cue]]
at_s = 3.0
leg = "right"
target_pct = 75.0
hold_s = 5.0
until_s = 14.0
[[cue]]
at_s = 15.0
leg = "left"
target_pct = 70.0
"""


def test_shifts_on_a_board_say_what_they_are_of(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    x = HALF_WIDTH_CM * (0.5 * ramp(3.5, 1.0) - 0.9 * ramp(15.5, 1.0)) + noise(0.02)
    path = write_csv(tmp_path / "a.csv", time_s=T, cop_x_cm=x, cop_y_cm=0.1 * x + noise(0.1), **on_a_board(x, 0.1 * x))
    asked(path, SHIFTS)
    right, left = analysed(capsys, path)["cues"]
    assert (right["held_pct"], left["held_pct"]) == pytest.approx((75.0, 70.0), abs=0.2)
    assert right["hold_s"] == 5.0
    assert right["hold_error_pct"] == pytest.approx(0.0, abs=0.2)
    assert "not the load of a leg" in right["source"]
    # the same by the command line
    command = ("--task", "shift", "--cue", "3:right:75", "--cue", "14:even", "--cue", "15:left:70")
    path.with_name("a.task.toml").unlink()
    again = analysed(capsys, path, *command)["cues"]
    assert again[1]["held_pct"] == pytest.approx(left["held_pct"])


def test_a_real_board_shows_its_holds_and_a_cue_at_the_wrong_time_does_not(capsys: pytest.CaptureFixture[str]) -> None:
    path = need_recordings("cop") / "wbb_gpl3" / "WBB_shift_a.csv"
    cues = ("--cue", "40:left:80", "--cue", "58:even", "--cue", "67:right:80", "--cue", "86:even")
    left, right = analysed(capsys, path, "--task", "shift", *cues)["cues"]
    assert (left["before_pct"], left["held_pct"]) == pytest.approx((52.0, 79.0), abs=1.5)
    assert (right["before_pct"], right["held_pct"]) == pytest.approx((55.0, 80.0), abs=1.5)
    assert max(left["hold_sd_pct"], right["hold_sd_pct"]) < 2.0
    late = analysed(capsys, path, "--task", "shift", "--cue", "48:left:80", "--cue", "66:even", code=ANSWER_REFUSED)
    assert "not held" in late["refusal"]


def pushed(body_kg: float | np.ndarray = 70.0) -> dict[str, np.ndarray]:
    late = np.clip(T - 10.1, 0.0, None)
    y = 1.0 * (1 - np.exp(-late / 0.05)) + 5.0 * np.exp(-late) * np.sin(2 * np.pi * 0.8 * late) + noise(0.02)
    x = noise(0.05, 2)
    return {"time_s": T, "cop_x_cm": x, "cop_y_cm": y} | on_a_board(x, y, body_kg)


def test_a_push_at_a_mark_or_found_by_its_acceleration(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kick = np.where((T > 10.0) & (T < 10.2), 3.0, 0.0) + noise(0.02, 3)
    path = write_csv(tmp_path / "a.csv", **pushed(), acceleration_m_s2=kick)
    asked(path, 'task = "perturbation"\n[[cue]]\nat_s = 10.0\n')
    (marked,) = analysed(capsys, path)["cues"]
    asked(path, 'task = "perturbation"\n[[cue]]\n')
    (found,) = analysed(capsys, path)["cues"]
    assert found["onset_s"] == pytest.approx(10.01, abs=0.021)
    assert marked["recovered"]
    for key in ("peak_cm", "to_stabilise_s", "path_3s_cm"):
        assert found[key] == pytest.approx(marked[key], rel=0.05)
    asked(path, 'task = "perturbation"\n[[cue]]\nat_s = 10.0\nstepped = true\n')
    assert "not recovered" in analysed(capsys, path, code=ANSWER_REFUSED)["refusal"]


def test_a_step_off_the_plate_is_not_recovered_and_a_short_drop_out_is_filled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = np.full(T.size, 70.0)
    out = whole.copy()
    out[1205:1208] = 0.0
    away = whole.copy()
    away[1200:] = 0.0
    made = {}
    for name, body in (("whole", whole), ("out", out), ("away", away)):
        columns = pushed(body)
        gone = body < 20
        columns["cop_y_cm"] = np.where(gone, 30.0, columns["cop_y_cm"])
        path = write_csv(tmp_path / f"{name}.csv", **columns)
        asked(path, 'task = "perturbation"\n[[cue]]\nat_s = 10.0\n')
        (made[name],) = analysed(capsys, path, code=ANSWER_REFUSED if name == "away" else 0)["cues"]
    assert made["out"]["peak_cm"] == pytest.approx(made["whole"]["peak_cm"], rel=0.01)
    assert "not recovered" in made["away"]["refusal"]
    assert made["away"]["peak_cm"] is None


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda x, y: (10 * x, 10 * y), "in mm?"),
        (lambda x, y: (0.01 * x, 0.01 * y), "in metres?"),
        (lambda x, y: (y, x), "swapped"),
        (lambda x, y: (-x, y), "the other way"),
    ],
)
def test_a_board_whose_position_contradicts_its_loads_is_refused_in_every_task(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    spoil: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    words: str,
) -> None:
    sway = (0.6 * np.sin(0.9 * T) + noise(0.02), 0.4 * np.sin(1.7 * T + 1) + noise(0.02, 2))
    x, y = spoil(*sway)
    path = write_csv(tmp_path / "a.csv", time_s=T, cop_x_cm=x, cop_y_cm=y, **on_a_board(*sway))
    still = analysed(capsys, path, code=ANSWER_REFUSED)["posture"]
    assert still["refusal"] is not None
    assert still["path_length_cm"] is None
    asked(path, 'task = "shift"\n[[cue]]\nat_s = 3.0\nleg = "left"\ntarget_pct = 60.0\n')
    made = analysed(capsys, path, code=ANSWER_REFUSED)
    assert words in made["refusal"]
    assert made["cues"][0]["held_pct"] is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('task = "jump"\n[[cue]]\nat_s = 1.0\n', "task"),
        ('task = "limits"\n[[cue]]\nat_s = 1.0\n', "direction_deg is missing"),
        ('task = "limits"\n[[cue]]\nat_s = 1.0\ndirection = 0.0\n', "did you mean 'direction_deg'"),
        ('task = "shift"\n[[cue]]\nat_s = 1.0\nleg = "left"\n', "target_pct is missing"),
        ('task = "shift"\n[[cue]]\nat_s = 1.0\nleg = "left"\ntarget_pct = 170.0\n', "at most 100"),
        ('task = "shift"\n[[cue]]\nat_s = 1.0\nleg = "left"\ntarget_pct = 70.0\nband_pct = 0.0\n', "positive"),
        ('task = "limits"\nheight_cm = 1.7\n[[cue]]\nat_s = 1.0\ndirection_deg = 0.0\n', "no stature"),
        ('task = "perturbation"\n[[cue]]\n[[cue]]\nat_s = 1.0\n', "at_s is missing"),
        ('task = "perturbation"\n', "cue"),
    ],
)
def test_a_bad_task_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    path = write_csv(tmp_path / "a.csv", time_s=T, cop_x_cm=noise(0.2), cop_y_cm=noise(0.3))
    asked(path, text)
    assert main(["analyse", "posture", str(path)]) == 1
    told = capsys.readouterr().err
    assert "a.task.toml" in told
    assert words in told


def test_a_cue_outside_and_loads_that_are_not_there_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_csv(tmp_path / "a.csv", time_s=T, cop_x_cm=noise(0.2), cop_y_cm=noise(0.3))
    for at_s in (0.1, 29.9, 99.0):
        asked(path, f'task = "limits"\n[[cue]]\nat_s = {at_s}\ndirection_deg = 0.0\n')
        assert "too short" in analysed(capsys, path, code=ANSWER_REFUSED)["refusal"]
    asked(path, 'task = "shift"\n[[cue]]\nat_s = 3.0\nleg = "left"\ntarget_pct = 60.0\n')
    assert "no loads" in analysed(capsys, path, code=ANSWER_REFUSED)["refusal"]


def stand(path: Path, size: float, seconds: float = 30.0) -> Path:
    t = np.arange(int(seconds * RATE_HZ) + 1) / RATE_HZ
    return write_csv(
        path, time_s=t, cop_x_cm=size * np.cos(0.4 * np.pi * t), cop_y_cm=1 + size * np.sin(0.4 * np.pi * t)
    )


def test_the_mean_of_three_stands_has_its_number(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(stand(tmp_path / f"{n}.csv", size)) for n, size in enumerate((0.5, 1.0, 1.5))]
    files.append(str(stand(tmp_path / "short.csv", 1.0, 3.0)))
    assert main(["analyse", "posture", *files, "--json", "--mean"]) == ANSWER_REFUSED
    *each, mean = json.loads(capsys.readouterr().out)
    assert (mean["n"], mean["left_out"], mean["refusal"]) == (3, 1, None)
    for key in ("path_length_cm", "outline_closed_area_cm2", "offset_y_cm"):
        values = [one["posture"][key] for one in each[:3]]
        assert mean["mean"][key] == pytest.approx(np.mean(values))
        assert mean["sd"][key] == pytest.approx(np.std(values, ddof=1))
    assert main(["analyse", "posture", *files, "--mean"]) == ANSWER_REFUSED
    assert "mean of 3 trials (1 left out)" in capsys.readouterr().out


def test_unlike_stands_have_no_mean(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [str(stand(tmp_path / f"{n}.csv", 1.0, seconds)) for n, seconds in enumerate((30.0, 60.0))]
    assert main(["analyse", "posture", *files, "--json", "--mean"]) == ANSWER_REFUSED
    mean = json.loads(capsys.readouterr().out)[-1]
    assert "30.0 to 60.0 s" in mean["refusal"]
    assert mean["mean"] == {}
    assert main(["analyse", "posture", *files, "--json", "--mean", "--duration-s", "25"]) == 0
    assert json.loads(capsys.readouterr().out)[-1]["n"] == 2
    assert main(["analyse", "posture", str(stand(tmp_path / "s.csv", 1.0, 2.0)), "--json", "--mean"]) == ANSWER_REFUSED
    assert json.loads(capsys.readouterr().out)[-1]["refusal"] == "no trial was measured"


def test_the_mean_of_movements_over_files_is_by_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = []
    for number, reach in enumerate((4.0, 5.0, 6.0)):
        y = reach * (ramp(3.4, 1.0) - ramp(10.0, 1.0)) + noise(0.01)
        x = 0.8 * reach * (ramp(15.5, 1.0) - ramp(25.0, 1.0)) + noise(0.01, 2)
        path = write_csv(tmp_path / f"{number}.csv", time_s=T, cop_x_cm=x, cop_y_cm=y)
        asked(path, LEANS)
        files.append(str(path))
    assert main(["analyse", "posture", *files, "--json", "--mean"]) == 0
    *each, mean = json.loads(capsys.readouterr().out)
    assert (mean["mean_of"], mean["n"], mean["refusal"]) == ("limits", 6, None)
    ahead = mean["by_name"]["to_090"]
    assert ahead["n"] == 3
    assert ahead["mean"]["endpoint_cm"] == pytest.approx(np.mean([one["cues"][0]["endpoint_cm"] for one in each]))
    assert ahead["sd"]["endpoint_cm"] == pytest.approx(1.0, abs=0.05)
    assert "at_s" not in mean["mean"]
    asked(tmp_path / "0.csv", 'task = "perturbation"\n[[cue]]\nat_s = 3.0\n')
    assert main(["analyse", "posture", *files, "--json", "--mean"]) == ANSWER_REFUSED
    assert "different tasks" in json.loads(capsys.readouterr().out)[-1]["refusal"]
