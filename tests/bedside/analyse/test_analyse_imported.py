"""Other programs' tables on the command line: samples come out as our own files do, results are checked and kept."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside import cli
from bedside.record.tables import cells
from tests.helpers.bed import CONFIGS
from tests.helpers.vendor_tables import RESULTS, rows, stand, walk_results, walk_samples
from tests.helpers.walking_feet import pair

G = 9.80665
MAPPINGS = CONFIGS / "imports"
STANDING = ("--duration-s=30", "--rate-hz=50", "--lowpass-hz=8")


def report(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert cli.main(["analyse", *map(str, arguments), "--json"]) == code
    (found,) = json.loads(capsys.readouterr().out)
    return dict(found)


def by(mapping: str) -> str:
    return f"--mapping={MAPPINGS / mapping}.toml"


def test_a_circle_has_the_length_of_a_circle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stand.csv"
    path.write_bytes(stand())
    found = report(capsys, "posture", path, by("example_balance_samples"), "--skip-s=5", *STANDING)
    assert found["posture"]["path_length_cm"] == pytest.approx(2 * np.pi * 0.25 * 30, rel=0.002)
    assert found["imported"]["mapping"] == "example_balance_samples"
    assert found["imported"]["verified"] is False


def test_a_unit_that_is_not_converted_would_be_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The circle catches a reader that takes millimetres for centimetres."""
    path = tmp_path / "stand.csv"
    path.write_bytes(stand())
    monkeypatch.setattr(cells, "factor", lambda given, wanted: 1.0)
    found = report(capsys, "posture", path, by("example_balance_samples"), "--skip-s=5", *STANDING)
    assert found["posture"]["path_length_cm"] == pytest.approx(20 * np.pi * 0.25 * 30, rel=0.002)


@cache
def feet() -> tuple[np.ndarray, np.ndarray, float]:
    """Both feet as a program writes them: degrees a second, and g."""
    both = pair()
    left, right = (np.column_stack([np.degrees(foot.gyro_rad_s), foot.accel_m_s2 / G]) for foot in both)
    return left, right, both[0].rate_hz


def test_imported_feet_are_measured_as_an_archive_of_the_same_samples(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left, right, rate_hz = feet()
    table, archive = tmp_path / "walk.csv", tmp_path / "walk.npz"
    table.write_bytes(walk_samples(left, right, rate_hz))
    sides = {"left": left, "right": right}
    arrays: dict[str, Any] = {f"{side}_gyr": np.radians(both[:, :3]) for side, both in sides.items()}
    arrays |= {f"{side}_acc": both[:, 3:] * G for side, both in sides.items()}
    np.savez(archive, fs=rate_hz, **arrays)
    ours, theirs = report(capsys, "gait", archive), report(capsys, "gait", table, by("example_gait_samples"))
    assert ours["refusal"] is None
    assert len(theirs["strides"]) == len(ours["strides"]) > 10
    for name in ("speed_m_s", "gait_cycle_s", "double_support_pct"):
        assert theirs["summary"][name] == pytest.approx(ours["summary"][name], rel=1e-3)


def test_lost_rows_and_rounded_times_keep_their_place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left, right, rate_hz = feet()
    lines = walk_samples(left, right, rate_hz).decode().splitlines()
    whole, holed = tmp_path / "whole.csv", tmp_path / "holed.csv"
    whole.write_text("\n".join(lines) + "\n")
    kept = [line for number, line in enumerate(lines) if number % 97 or not number]
    rounded = [kept[0], *(f"{float(time):.3f},{rest}" for time, _, rest in (line.partition(",") for line in kept[1:]))]
    holed.write_text("\n".join(rounded) + "\n")
    first, second = (report(capsys, "gait", path, by("example_gait_samples")) for path in (whole, holed))
    assert second["rate_hz"] == pytest.approx(first["rate_hz"], rel=1e-4)
    assert second["summary"]["gait_cycle_s"] == pytest.approx(first["summary"]["gait_cycle_s"], rel=0.01)
    assert second["summary"]["speed_m_s"] == pytest.approx(first["summary"]["speed_m_s"], rel=0.03)


def test_the_beginning_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left, right, rate_hz = feet()
    path = tmp_path / "walk.csv"
    path.write_bytes(walk_samples(left, right, rate_hz))
    whole, rest = (
        report(capsys, "gait", path, by("example_gait_samples"), f"--skip-s={skip_s}") for skip_s in (0.0, 8.0)
    )
    assert 0 < len(rest["strides"]) < len(whole["strides"])
    assert cli.main(["analyse", "gait", str(path), "--skip-s=8"]) == 2
    assert "read by a --mapping" in capsys.readouterr().err


CELLS = """id = "cells"
kind = "balance"
title = "Four cells"
[plate]
width_cm = 40
depth_cm = 20
[[columns]]
from = "t"
to = "time_s"
unit = "ms"
""" + "".join(
    f'[[columns]]\nfrom = "{name}"\nto = "{to}_kg"\nunit = "N"\n'
    for name, to in (("TL", "top_left"), ("BL", "bottom_left"), ("TR", "top_right"), ("BR", "bottom_right"))
)


def test_a_plate_of_cells_gives_its_centre_of_pressure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A quarter more on the right and on the toes: x = 40 / 2 * 0.25 cm, y = 20 / 2 * 0.25 cm."""
    mapping, path = tmp_path / "kept.toml", tmp_path / "stand.csv"
    mapping.write_text(CELLS)
    t = np.arange(0.0, 20_000.0, 20.0)
    wobble = 0.02 * np.sin(t / 700)
    right, front = 0.625 + wobble, 0.625 + 0.5 * wobble
    shares = ((1 - right) * front, (1 - right) * (1 - front), right * front, right * (1 - front))
    path.write_bytes(rows("t,TL,BL,TR,BR", np.column_stack([t, *(700.0 * share for share in shares)])))
    found = report(capsys, "posture", path, f"--mapping={mapping}")
    assert found["posture"]["refusal"] is None
    assert found["posture"]["offset_x_cm"] == pytest.approx(5.0, abs=0.1)
    assert found["posture"]["offset_y_cm"] == pytest.approx(2.5, abs=0.05)
    assert found["weight"]["right_pct"] == pytest.approx(62.5, abs=0.3)


def test_a_position_from_the_corner_of_a_plate_is_flagged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stand.csv"
    t = np.arange(0, 20, 0.01)
    path.write_bytes(rows("Time,COP ML,COP AP", np.column_stack([t, 250 + 5 * np.sin(t), 120 + 4 * np.cos(t)])))
    found = report(capsys, "posture", path, by("example_balance_samples"))
    assert "25 cm to the right and 12 cm to the front of the file's origin" in found["notes"][-1]
    path.write_bytes(rows("Time,COP ML,COP AP", np.column_stack([t, 50 + 5 * np.sin(t), 120 + 4 * np.cos(t)])))
    assert "origin" not in str(report(capsys, "posture", path, by("example_balance_samples"))["notes"])


def test_an_inverted_axis_is_turned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (MAPPINGS / "example_balance_samples.toml").read_text()
    turned = tmp_path / "turned.toml"
    turned.write_text(text.replace('to = "cop_x_cm"', 'to = "cop_x_cm"\ninvert = true'))
    path = tmp_path / "stand.csv"
    t = np.arange(0, 20, 0.01)
    path.write_bytes(rows("Time,COP ML,COP AP", np.column_stack([t, 30 + np.sin(t), np.cos(t)])))
    straight = report(capsys, "posture", path, by("example_balance_samples"))
    assert straight["posture"]["offset_x_cm"] == pytest.approx(3.0, abs=0.05)
    found = report(capsys, "posture", path, f"--mapping={turned}")
    assert found["posture"]["offset_x_cm"] == pytest.approx(-straight["posture"]["offset_x_cm"])


def results(folder: Path, capsys: pytest.CaptureFixture[str], line: str, *more: str) -> dict[str, Any]:
    path = folder / "walk.csv"
    path.write_bytes(walk_results(line))
    return report(capsys, "gait", path, by("example_gait_results"), *more)


def test_results_are_kept_by_side_and_limb_and_hold_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = results(tmp_path, capsys, RESULTS, "--paretic=left")
    summary = found["summary"]
    assert summary["speed_m_s"] == pytest.approx(0.7)
    assert summary["paretic"]["step_length_cm"] == summary["left"]["step_length_cm"] == 45.2
    assert summary["non_paretic"]["swing_pct"] == 39.8
    assert summary["double_support_pct"] == pytest.approx(22.1)
    assert summary["identities"] == []
    assert "sum of the file's initial and terminal" in found["flags"][0]


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (("38,1", "35,0"), "left swing and stance do not sum to 100 %"),
        (("60,2", "63,0"), "right swing and stance do not sum to 100 %"),
        ((";70;", ";95;"), "speed is not stride length over gait cycle"),
        (("92,3", "46,1"), "step frequency is not 120 over gait cycle"),
        (("11,0", "16,0"), "double support is not stance left + stance right - 100"),
    ],
)
def test_a_table_that_contradicts_itself_is_flagged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: tuple[str, str], broken: str
) -> None:
    found = results(tmp_path, capsys, RESULTS.replace(*change))
    assert broken in found["summary"]["identities"]


def test_a_rounded_speed_is_no_contradiction(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0.188 m/s may be printed as 0.2, and not as 0.20: that is 6 % off."""
    slow = RESULTS.replace("1,3;92,3;70;45,2;45,8", "3,0;40,0;{};28,0;28,4")
    mapping = tmp_path / "metres.toml"
    mapping.write_text((MAPPINGS / "example_gait_results.toml").read_text().replace('"cm/s"', '"m/s"'))
    path = tmp_path / "walk.csv"
    told = {}
    for speed in ("0,2", "0,20"):
        path.write_bytes(walk_results(slow.format(speed)).replace(b"[cm/s]", b"[m/s]"))
        told[speed] = report(capsys, "gait", path, f"--mapping={mapping}")["summary"]["identities"]
    assert told == {"0,2": [], "0,20": ["speed is not stride length over gait cycle"]}


def test_results_of_a_stand_are_checked_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    head = "Path length;Area;Mean X;Mean Y;Mean velocity;Duration"
    path = tmp_path / "stand.csv"
    told = {}
    for line in ("480;250;-12,0;3,0;16,0;30", "480;250;-12,0;3,0;20,0;30"):
        path.write_text(f"{head}\n{line}\n")
        found = report(capsys, "posture", path, by("example_balance_results"))
        told[line] = found["identities"]
        assert found["posture"]["path_length_cm"] == pytest.approx(48.0)
        assert found["posture"]["offset_x_cm"] == pytest.approx(-1.2)
    good, bad = told.values()
    assert good == []
    assert "path is not mean speed times duration" in bad[0]


def test_a_terminal_says_that_it_is_imported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "walk.csv"
    path.write_bytes(walk_results())
    assert cli.main(["analyse", "gait", str(path), by("example_gait_results")]) == 0
    assert "IMPORTED by mapping example_gait_results, not computed here" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("posture", "x.csv", "--mapping=gone.toml"), 2, "gone.toml"),
        (("posture", "x.csv", by("example_gait_samples")), 2, "maps a gait table, not balance"),
        (("gait", "x.csv", by("example_gait_samples")), 1, "column 'Time': is not there"),
        (("gait", "gone.csv", by("example_gait_samples")), 1, "cannot be read"),
    ],
    ids=range(4),
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("x.csv").write_text("a,b\n1,2\n")
    assert cli.main(["analyse", *arguments]) == code
    assert said in capsys.readouterr().err
