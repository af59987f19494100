"""Walking from files: results as JSON and as a table, refusals that name file and key."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.cli import main
from bedside.refusal import ANSWER_REFUSED
from tests.helpers.walking_feet import RATE_HZ, pair
from tests.helpers.walking_leg import leg


def arrays() -> dict[str, Any]:
    left, right = pair()
    return {
        "fs": RATE_HZ,
        "left_gyr": left.gyro_rad_s,
        "left_acc": left.accel_m_s2,
        "right_gyr": right.gyro_rad_s,
        "right_acc": right.accel_m_s2,
    }


def report(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    assert main(["analyse", "gait", *map(str, arguments), "--json"]) == code
    return dict(json.loads(capsys.readouterr().out)[0])


def test_both_feet_of_an_archive(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **arrays())
    made = report(capsys, tmp_path / "a.npz", "--paretic", "right")
    assert made["refusal"] is None
    assert len(made["strides"]) == 24
    assert made["summary"]["left"]["stride_length_cm"] == pytest.approx(120, rel=0.03)
    assert made["summary"]["paretic"] == {"side": "right"} | made["summary"]["right"]
    assert made["summary"]["non_paretic"]["side"] == "left"
    assert made["ten_metre_walk"]["speed_m_s"] == pytest.approx(1.2 / 1.1, rel=0.03)


def test_a_table_with_lost_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = arrays()
    names = [f"left_{kind}_{axis}" for kind in ("gyr", "acc") for axis in "xyz"]
    rows = np.column_stack([given["left_gyr"], given["left_acc"]])
    lines = ["time_s," + ",".join(names)]
    for at, row in enumerate(rows):
        cells = [""] * 6 if at in (500, 501) else [f"{x:.5f}" for x in row]
        lines.append(f"{at / RATE_HZ:.3f}," + ",".join(cells))
    (tmp_path / "t.csv").write_text("\n".join(lines))
    made = report(capsys, tmp_path / "t.csv")
    assert len(made["strides"]) == 12
    assert sum("short hole filled" in s["flags"] for s in made["strides"]) == 1
    assert made["summary"]["right"] is None


def test_the_table_of_a_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **arrays())
    np.savez(tmp_path / "b.npz", **(arrays() | {"left_acc": arrays()["left_acc"] / 9.80665}))
    assert main(["analyse", "gait", str(tmp_path / "a.npz"), str(tmp_path / "b.npz")]) == ANSWER_REFUSED
    shown = capsys.readouterr().out
    assert "stance %" in shown
    assert "REFUSED: left foot: acceleration is about 1." in shown


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"fs": None}, "'fs' is missing"),
        ({"fs": -1.0}, "positive number"),
        ({"left_acc": None}, "'left_acc'"),
        ({"left_gyr": np.array(["a"])}, "must be numbers"),
        ({"t": np.arange(1000)[::-1] / RATE_HZ}, "goes on by -1 samples at row 1"),
        ({"t": np.repeat(np.arange(500), 2) / RATE_HZ}, "goes on by 0 samples at row 1"),
        ({"t": np.delete(np.arange(1000), 7) / RATE_HZ}, "goes on by 2 samples at row 7"),
        ({"t": np.arange(1000) / (1.1 * RATE_HZ)}, "by key 't' it has 110 Hz, by 'fs' 100 Hz"),
    ],
)
def test_bad_archives_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any], word: str
) -> None:
    given = {key: value for key, value in (arrays() | change).items() if value is not None}
    np.savez(tmp_path / "a.npz", **given)
    assert main(["analyse", "gait", str(tmp_path / "a.npz")]) == 1
    error = capsys.readouterr().err
    assert word in error
    assert "a.npz" in error


def test_garbage_missing_and_unknown_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.npz").write_bytes(b"no archive")
    (tmp_path / "b.csv").write_text("x,y\n1,2\n3,4\n")
    files = [str(tmp_path / name) for name in ("a.npz", "b.csv", "c.npz", "d.txt")]
    assert main(["analyse", "gait", *files]) == 1
    error = capsys.readouterr().err
    assert all(name in error for name in files)


def test_the_columns_the_curves_and_the_limbs_are_in_the_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "a.npz", **arrays())
    made = report(capsys, tmp_path / "a.npz", "--paretic", "left")
    assert len(made["columns"]) == 11
    assert made["columns"]["speed_m_s"] == made["summary"]["speed_m_s"]
    assert made["summary"]["step_length_method"] == "estimated from timing"
    assert made["summary"]["limb_columns"]["stance_paretic_pct"] == made["columns"]["stance_left_pct"]
    assert made["summary"]["paretic_over_non_paretic"]["gait_cycle_s"] == pytest.approx(1.0, abs=0.01)
    right = made["curves"]["right"]
    assert {"forward_cm", "left_cm", "up_cm", "pitch_deg"} == {
        key for key in right if key.endswith(("_cm", "_deg"))
    } - {"clearance_cm"}
    assert (right["refusal"], right["cycles"], right["refused"], right["zero"]) == (None, 11, {}, None)
    assert right["clearance_cm"]["mean"] == pytest.approx(12, abs=2)
    assert len(right["pitch_deg"]["mean"]) == 101
    assert made["surface"] == "ground"
    assert set(made["body_side"]) == {"outward", "strides", "chance", "verdict"}


def test_a_belt_has_a_speed_and_no_ten_metres(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **arrays())
    made = report(capsys, tmp_path / "a.npz", "--belt")
    assert made["surface"] == "belt"
    assert "belt" in made["ten_metre_walk"]["reason"]
    np.savez(tmp_path / "b.npz", **(arrays() | {"belt_speed_m_s": 1.2 / 1.1}))
    assert not any("belt" in flag for flag in report(capsys, tmp_path / "b.npz")["flags"])
    wrong = report(capsys, tmp_path / "b.npz", "--belt-speed-m-s", "0.8")
    assert any("is not the belt's, 0.80 m/s" in flag for flag in wrong["flags"])


def test_ranges_come_from_the_file_or_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = arrays()
    most_g = float(np.abs(given["left_acc"]).max()) / 9.80665
    np.savez(tmp_path / "a.npz", **given, accel_range_g=most_g)
    assert any("acceleration at the end" in flag for flag in report(capsys, tmp_path / "a.npz")["flags"])
    assert not any("at the end" in f for f in report(capsys, tmp_path / "a.npz", "--accel-range-g", "16")["flags"])
    assert main(["analyse", "gait", str(tmp_path / "a.npz"), "--gyro-range-deg-s", "-1"]) == 2
    assert "--gyro-range-deg-s -1: must be more than 0" in capsys.readouterr().err


def with_legs(given: dict[str, Any]) -> dict[str, Any]:
    """Thigh and shank of both legs beside the feet."""
    found = dict(given)
    for side, late_s in (("left", 0.0), ("right", 0.55)):
        made = leg(late_s=late_s, seed=7)
        for part, sensor in (("thigh", made.thigh), ("shank", made.shank)):
            found |= {f"{side}_{part}_gyr": sensor.gyro_rad_s, f"{side}_{part}_acc": sensor.accel_m_s2}
    return found


def test_joint_angles_come_with_sensors_on_the_legs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = with_legs(arrays())
    np.savez(tmp_path / "a.npz", **given)
    made = report(capsys, tmp_path / "a.npz")
    for side in ("left", "right"):
        angles = made["curves"][side]
        assert angles["zero"] == "quiet standing"
        assert max(angles["knee_deg"]["mean"]) == pytest.approx(53.8, abs=1)
        assert max(angles["ankle_deg"]["mean"]) == pytest.approx(36.2, abs=1)
        assert angles["knee_deg"]["cycles"] == 11
    feet_alone = {key: value for key, value in given.items() if "thigh" not in key and "shank" not in key}
    np.savez(tmp_path / "b.npz", **feet_alone)
    assert report(capsys, tmp_path / "b.npz")["summary"] == made["summary"]  # the feet's numbers are the feet's
    for key, value in (("left_shank_acc", given["left_shank_acc"][:, :2]), ("left_shank_received", np.ones(3, bool))):
        np.savez(tmp_path / "e.npz", **(given | {key: value}))
        assert main(["analyse", "gait", str(tmp_path / "e.npz")]) == 1
        assert "'left_shank_gyr' and 'left_shank_acc' must both be (n, 3)" in capsys.readouterr().err
    fewer = {key: value[:-1] for key, value in given.items() if key.startswith("left_shank")}
    np.savez(tmp_path / "f.npz", **(given | fewer))
    assert main(["analyse", "gait", str(tmp_path / "f.npz")]) == 1
    assert "the keys of 'left_shank' must have" in capsys.readouterr().err
    del given["left_shank_gyr"]
    np.savez(tmp_path / "c.npz", **given)
    assert main(["analyse", "gait", str(tmp_path / "c.npz")]) == 1
    assert "'left_shank_gyr'" in capsys.readouterr().err
    given = with_legs(arrays())
    np.savez(tmp_path / "d.npz", **(given | {"left_thigh_acc": given["left_thigh_acc"] / 9.80665}))
    assert main(["analyse", "gait", str(tmp_path / "d.npz")]) == 0
    shown = capsys.readouterr().out
    assert "left: no knee angle: thigh: acceleration is about 1: it is in g" in shown
    assert "knee, flexion deg" in shown


def test_a_walk_that_is_refused_has_no_curves_for_the_same_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "a.npz", **(arrays() | {"left_acc": arrays()["left_acc"] / 9.80665}))
    made = report(capsys, tmp_path / "a.npz", code=ANSWER_REFUSED)
    assert made["curves"]["right"]["refusal"] == made["refusal"]
    assert made["curves"]["right"]["cycles"] == 0


def test_a_file_may_say_that_its_feet_have_two_clocks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **arrays())
    np.savez(tmp_path / "b.npz", **arrays(), common_clock=False)
    np.savez(tmp_path / "c.npz", **arrays(), common_clock="no")
    assert report(capsys, tmp_path / "a.npz")["summary"]["double_support_pct"] is not None
    for said in (report(capsys, tmp_path / "b.npz"), report(capsys, tmp_path / "a.npz", "--two-clocks")):
        assert said["summary"]["double_support_pct"] is None
        assert said["columns"]["step_length_left_cm"] is None
        assert any("not on one clock" in flag for flag in said["flags"])
    assert main(["analyse", "gait", str(tmp_path / "c.npz")]) == 1
    assert "'common_clock' must be one true or false" in capsys.readouterr().err
