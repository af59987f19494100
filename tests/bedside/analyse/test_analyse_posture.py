"""Standing from files: tables, archives and our own recordings; what cannot be read or measured is named."""

import json
from pathlib import Path

import numpy as np
import pytest

from bedside.cli import main
from bedside.record.recorder import Recorder
from bedside.record.streams import RAILS, SampleStream
from bedside.refusal import ANSWER_REFUSED
from tests.helpers.recordings import need_recordings

RATE_HZ = 100.0
T = np.arange(3001) / RATE_HZ
X, Y = 1.0 + np.cos(np.pi * T), -2.0 + np.sin(np.pi * T)
PATH_CM = np.pi * 30.0
CORNERS = ("top_left", "top_right", "bottom_left", "bottom_right")


def write_csv(path: Path, **columns: np.ndarray) -> Path:
    table = np.column_stack(list(columns.values()))
    np.savetxt(path, table, delimiter=",", header=",".join(columns), comments="", fmt="%.6f")
    return path


def report(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, dict[str, object]]:
    assert main(["analyse", "posture", *map(str, arguments), "--json"]) == code
    (made,) = json.loads(capsys.readouterr().out)
    assert isinstance(made, dict)
    return made


@pytest.mark.parametrize(
    "columns",
    [
        {"cop_x_cm": X, "cop_y_cm": Y},
        {"cop_ap_cm": Y, "cop_ml_cm": X},
        {"net_cop_ap_m": Y / 100, "net_cop_ml_m": X / 100},
        {"fz_n": np.full(T.size, 700.0), "mx_nm": 7.0 * Y, "my_nm": 7.0 * X},
    ],
)
def test_a_table_is_measured_whatever_its_unit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], columns: dict[str, np.ndarray]
) -> None:
    made = report(capsys, write_csv(tmp_path / "a.csv", time_s=T, **columns))["posture"]
    assert made["path_length_cm"] == pytest.approx(PATH_CM, rel=0.01)
    assert made["offset_x_cm"] == pytest.approx(1.0, abs=0.01)
    assert made["offset_y_cm"] == pytest.approx(-2.0, abs=0.01)
    assert made["refusal"] is None


def test_an_archive_and_its_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", cop_x_cm=X, cop_y_cm=Y, fs=RATE_HZ)
    given = ("--lowpass-hz", 10, "--envelope", "hull", "--skip-s", 2, "--duration-s", 20)
    made = report(capsys, tmp_path / "a.npz", *given)["posture"]
    assert (made["duration_s"], made["envelope"]) == (20.0, "hull")
    assert "10 Hz" in str(made["filter"])
    assert made["path_length_cm"] == pytest.approx(PATH_CM * 2 / 3, rel=0.01)


def test_two_plates_share_the_weight(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    left, right = np.full(T.size, 400.0), np.full(T.size, 300.0) + 0.1 * np.sin(T)
    path = write_csv(tmp_path / "a.csv", time_s=T, r_fv_n=right, l_fv_n=left + 0.1 * np.cos(T), cop_x_cm=X, cop_y_cm=Y)
    weight = report(capsys, path, "--paretic", "right")["weight"]
    assert weight["paretic_pct"] == pytest.approx(300 / 7, abs=0.02)
    assert "two plates" in str(weight["source"])


def recorded(folder: Path, loads: np.ndarray, hole: range = range(0), railed: range = range(0)) -> Path:
    """A recording of one plate with jittering times; blocks in `hole` are lost, in `railed` a cell is at its rail."""
    names = ("offset_ms", *(f"{corner}_kg" for corner in CORNERS), "cop_x_cm", "cop_y_cm")
    units = ("ms", "kg", "kg", "kg", "kg", "cm", "cm")
    plate = SampleStream(
        name="board",
        rate_hz=RATE_HZ,
        channels=names,
        units=units,
        units_per_count=(1.0,) * 7,
        dtype="float32",
        device="board",
    )
    recorder = Recorder(folder, [plate, RAILS])
    recorder.start()
    times = T + np.random.default_rng(1).uniform(-0.002, 0.002, T.size)
    x, y = 1.0 + np.cos(np.pi * times), -2.0 + np.sin(np.pi * times)
    for number, first in enumerate(range(0, T.size - 50, 50)):
        if number in hole:
            continue
        part = slice(first, first + 50)
        offsets = 1e3 * (times[part] - times[first])
        rows = np.column_stack((offsets, loads[part], x[part], y[part])).astype(np.float32)
        if number in railed:
            rows[:, 1], rows[:, 5:] = 419.4, np.nan
            told = {"device": "board", "where": ["top_left"], "samples": 50}
            assert recorder.state(RAILS.name, 10**9 + round(1e9 * times[first]), told)
        assert recorder.samples("board", first, 10**9 + round(1e9 * times[first]), rows)
    recorder.stop()
    return folder


def corner_loads() -> np.ndarray:
    return np.array([20.0, 15.0, 20.0, 15.0]) + 0.05 * np.random.default_rng(2).normal(size=(T.size, 4))


def test_our_own_recording_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = report(capsys, recorded(tmp_path, corner_loads()), "--stream", "board", "--lowpass-hz", 10)
    assert made["posture"]["refusal"] is None
    assert made["posture"]["mean_speed_cm_s"] == pytest.approx(np.pi, rel=0.01)
    assert made["posture"]["sector_area_cm2"] == pytest.approx(np.pi, rel=0.01)
    assert made["weight"]["left_pct"] == pytest.approx(400 / 7, abs=0.1)
    assert "one plate" in str(made["weight"]["source"])
    assert "read off at 100 Hz" in str(made["notes"])


def test_a_plate_at_its_rail_is_named_and_nobody_is_said_to_have_left_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = report(capsys, recorded(tmp_path, corner_loads(), railed=range(12, 57)), code=ANSWER_REFUSED)
    assert "at its rail (top left for 22.5 s)" in str(made["posture"]["refusal"])
    assert "nobody" not in str(made["posture"]["refusal"])
    # before it was at its rail the same plate is measured, and not blamed
    before = report(capsys, tmp_path, "--to-ns", 10**9 + round(5.9e9))["posture"]
    assert (before["refusal"], "rail" in str(before["warnings"])) == (None, False)
    moved = report(capsys, tmp_path, "--task", "limits", "--cue", "8:90", "--height-cm", 170, code=ANSWER_REFUSED)
    assert "at its rail (top left" in str(moved["refusal"])


def test_a_recording_with_a_hole_or_a_dead_cell_is_not_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holed = report(capsys, recorded(tmp_path / "hole", corner_loads(), range(20, 30)), code=ANSWER_REFUSED)
    assert holed["posture"]["refusal"] is not None
    assert holed["posture"]["path_length_cm"] is None
    assert "gap" in str(holed["notes"])
    dead = corner_loads()
    dead[:, 3] = 0.0
    made = report(capsys, recorded(tmp_path / "dead", dead), code=ANSWER_REFUSED)
    assert "unloaded cell" in str(made["posture"]["refusal"])
    assert made["weight"] is None


def test_without_json_a_table_or_the_refusal_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = write_csv(tmp_path / "a.csv", time_s=T, cop_x_cm=X, cop_y_cm=Y)
    still = write_csv(tmp_path / "b.csv", time_s=T, cop_x_cm=X / 100, cop_y_cm=Y / 100)
    assert main(["analyse", "posture", str(good), str(still)]) == ANSWER_REFUSED
    shown = capsys.readouterr().out
    assert "120 equal sectors" in shown
    assert "NOT MEASURED: units" in shown


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first line"),
        ("t,cop_x_cm\n0,1\n1,2\n", "first line"),
        ("time_s,cop_x_cm,cop_y_cm\n0,1,x\n1,1,1\n", "not a table of numbers"),
        ("time_s,cop_x_cm,cop_y_cm\n0,1,1\n1,1\n", "not a table of numbers"),
        ("time_s,cop_x_cm,cop_y_cm\n0,1,1\n0,1,1\n", "must be numbers that rise"),
        ("time_s,cop_x,cop_y\n0,1,1\n1,1,1\n", "needs the columns"),
    ],
)
def test_a_bad_table_is_refused_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert main(["analyse", "posture", str(path), "--json"]) == 1
    captured = capsys.readouterr()
    assert words in captured.err
    assert json.loads(captured.out) == []


def test_garbage_missing_and_unknown_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "garbage.npz").write_bytes(b"PK\x03\x04 not really")
    np.savez(tmp_path / "norate.npz", cop_x_cm=X, cop_y_cm=Y)
    np.savez(tmp_path / "badrate.npz", cop_x_cm=X, cop_y_cm=Y, fs=-1.0)
    np.savez(tmp_path / "uneven.npz", cop_x_cm=X, cop_y_cm=Y[1:], fs=RATE_HZ)
    (tmp_path / "empty").mkdir()
    names = ["garbage.npz", "norate.npz", "badrate.npz", "uneven.npz", "absent.csv", "notes.txt", "empty"]
    assert main(["analyse", "posture", *(str(tmp_path / name) for name in names), "--json"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out) == []
    for name in names:
        assert name in captured.err


def test_a_wrong_option_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_csv(tmp_path / "a.csv", time_s=T, cop_x_cm=X, cop_y_cm=Y)
    assert main(["analyse", "posture", str(path), "--duration-s", "-1"]) == 2
    assert "--duration-s" in capsys.readouterr().err
    assert main(["analyse", "posture", str(path), "--lowpass-hz", "60"]) == 1
    assert "half the rate" in capsys.readouterr().err


def test_every_public_recording_is_measured_or_refused_with_a_reason(capsys: pytest.CaptureFixture[str]) -> None:
    folder = need_recordings("cop")
    files = sorted(folder.rglob("*.csv"))
    assert main(["analyse", "posture", *map(str, files), "--json"]) == ANSWER_REFUSED
    reports = {Path(one["file"]).name: one for one in json.loads(capsys.readouterr().out)}
    assert len(reports) == 16
    refused = [name for name, one in reports.items() if one["posture"]["refusal"]]
    # somebody steps onto the board in this one
    assert refused == ["WBB_shift_a.csv"]
    moving = str(reports["AMTI_step_on_off.csv"]["posture"]["warnings"])
    assert "filled" in moving
    assert "moved" in moving
    assert reports["PDS13OR1.csv"]["weight"]["right_minus_left_pct"] == pytest.approx(-8.89, abs=0.005)
