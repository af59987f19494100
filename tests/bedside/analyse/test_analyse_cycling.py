"""Pedalling from files: numbers of each leg, and refusals that name file and key."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bedside.cli import main
from bedside.record.recorder import Recorder
from bedside.record.streams import SampleStream
from tests.helpers.pedalling import Rig, ride


def arrays(prefix: str = "", rpm: float = 50.0) -> dict[str, Any]:
    x = ride(lambda t: np.full_like(t, rpm), Rig(seconds=30.0))
    return {
        "fs": x.rate_hz,
        f"{prefix}thigh_gyr": x.thigh.gyro_rad_s,
        f"{prefix}thigh_acc": x.thigh.accel_m_s2,
        f"{prefix}shank_gyr": x.shank.gyro_rad_s,
        f"{prefix}shank_acc": x.shank.accel_m_s2,
    }


def test_one_leg_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **arrays())
    assert main(["analyse", "cycling", str(tmp_path / "a.npz"), "--json"]) == 0
    (leg,) = json.loads(capsys.readouterr().out)[0]["legs"]
    assert leg["refusal"] is None
    assert leg["mean_cadence_rpm"] == pytest.approx(50.0, abs=0.5)
    assert leg["revolutions"] == len(leg["cadence_rpm"]) == len(leg["revolution_s"])
    assert len(leg["knee_angle_deg"]) == 1500


def test_both_legs_and_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = arrays("left_", 30.0) | arrays("right_", 60.0)
    del both["right_thigh_gyr"], both["right_thigh_acc"]
    np.savez(tmp_path / "b.npz", **both)
    assert main(["analyse", "cycling", str(tmp_path / "b.npz")]) == 0
    left, right, crank = capsys.readouterr().out.splitlines()[2:]
    assert crank.startswith("pedalled 0.5 min, 0 interruptions")
    assert left.startswith("left")
    assert "30." in left or "29.9" in left
    assert "REFUSED: no sensor on the thigh" in right


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"fs": -1.0}, "'fs'"),
        ({"fs": "fast"}, "'fs'"),
        ({"shank_acc": np.array(["a"])}, "'shank_acc'"),
        ({"shank_acc": np.zeros((3, 3))}, "(n, 3)"),
        ({"t": np.repeat(np.arange(9), 2) / 50.0}, "goes on by 0 samples"),
    ],
)
def test_bad_keys_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], word: str
) -> None:
    np.savez(tmp_path / "c.npz", **(arrays() | change))
    assert main(["analyse", "cycling", str(tmp_path / "c.npz")]) == 1
    assert word in capsys.readouterr().err


def test_missing_keys_and_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    half = arrays()
    del half["thigh_acc"]
    np.savez(tmp_path / "half.npz", **half)
    np.savez(tmp_path / "none.npz", fs=50.0)
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04no")
    names = [str(tmp_path / name) for name in ("half.npz", "none.npz", "torn.npz", "gone.npz")]
    assert main(["analyse", "cycling", *names, "--json"]) == 1
    told = capsys.readouterr()
    assert json.loads(told.out) == []
    for word in ("'thigh_acc' is missing", "no sensor of a leg", "no whole .npz", "no such file"):
        assert word in told.err


def analysed(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, Any]:
    assert main(["analyse", "cycling", *map(str, arguments), "--json"]) == code
    (made,) = json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert isinstance(made, dict)
    return made


def bursts(rate_hz: float, seconds: float, revolution_s: float, size_uv: float, seed: int) -> np.ndarray:
    """EMG that is loud in the first half of each revolution."""
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    loud = np.where((t / revolution_s) % 1.0 < 0.5, np.sqrt(2.0), 0.0)
    return size_uv * loud * np.random.default_rng(seed).normal(size=t.size) + 3.0


def with_emg(tmp_path: Path) -> Path:
    both = arrays("left_") | arrays("right_")
    emg = np.column_stack([bursts(1500.0, 30.0, 1.2, size, seed) for seed, size in enumerate((40.0, 20.0, 30.0), 1)])
    names = np.array(["RF left", "RF right", "BF left"])
    np.savez(tmp_path / "e.npz", **both, emg_uv=emg, emg_fs=1500.0, emg_channels=names)
    return tmp_path / "e.npz"


def test_emg_over_the_test_and_by_revolution_and_both_sides(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = analysed(capsys, with_emg(tmp_path))
    emg = made["emg"]
    left, right, biceps = emg["channels"]
    assert (left["rms_uv"], right["rms_uv"], biceps["rms_uv"]) == pytest.approx((40.0, 20.0, 30.0), rel=0.05)
    assert emg["mean_rms_uv"] == pytest.approx(30.0, rel=0.05)
    assert (left["leg"], left["revolutions"]) == ("left", made["legs"][0]["revolutions"])
    assert left["mean_per_revolution_uv"] == pytest.approx(left["rms_uv"], rel=0.05)
    assert left["highest_window_uv"] > 1.3 * left["rms_uv"]
    assert emg["symmetry"]["RF"]["ratio"] == pytest.approx(0.5, rel=0.05)
    assert emg["symmetry"]["RF"]["index_pct"] == pytest.approx(200 / 3, rel=0.1)
    assert "BF" not in emg["symmetry"]
    assert left["last_4_min_rms_uv"] is None
    assert (emg["high_pass_hz"], emg["window_ms"], emg["overlap"]) == (20.0, 100.0, 0.5)
    assert made["symmetry"]["knee_range_deg"]["ratio"] > 0.97
    assert main(["analyse", "cycling", str(tmp_path / "e.npz")]) == 0
    assert "EMG RF left" in capsys.readouterr().out


def test_emg_in_a_file_of_its_own_and_a_dead_channel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **arrays())
    t = np.arange(15_000) / 500.0
    table = np.column_stack((t, bursts(500.0, 30.0, 1.2, 40.0, 1), np.zeros(t.size)))
    np.savetxt(tmp_path / "emg.csv", table, delimiter=",", header="time_s,RF,BF", comments="", fmt="%.4f")
    made = analysed(capsys, tmp_path / "a.npz", "--emg", tmp_path / "emg.csv")
    alive, dead = made["emg"]["channels"]
    assert alive["rms_uv"] == pytest.approx(40.0, rel=0.1)
    # the one leg there is speaks for channels without a side
    assert alive["revolutions"] == made["legs"][0]["revolutions"]
    assert "does not change" in dead["refusal"]
    assert dead["rms_uv"] is None


def test_a_table_of_both_sensors_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = arrays("left_")
    columns = {"time_s": np.arange(1500) / 50.0}
    for name in ("thigh_gyr", "thigh_acc", "shank_gyr", "shank_acc"):
        values = given[f"left_{name}"]
        assert isinstance(values, np.ndarray)
        columns |= {f"left_{name}_{axis}": values[:, at] for at, axis in enumerate("xyz")}
    rows = np.column_stack(list(columns.values()))
    np.savetxt(tmp_path / "a.csv", rows, delimiter=",", header=",".join(columns), comments="", fmt="%.6f")
    (leg,) = analysed(capsys, tmp_path / "a.csv")["legs"]
    assert (leg["leg"], leg["refusal"]) == ("left", None)
    assert leg["mean_cadence_rpm"] == pytest.approx(50.0, abs=0.5)
    text = (tmp_path / "a.csv").read_text()
    (tmp_path / "half.csv").write_text(text.replace("left_thigh_gyr_z", "other", 1))
    (tmp_path / "uneven.csv").write_text("\n".join(text.splitlines()[:50] + text.splitlines()[80:]))
    for name, words in (("half.csv", "belong together"), ("uneven.csv", "equal steps")):
        assert main(["analyse", "cycling", str(tmp_path / name)]) == 1
        assert words in capsys.readouterr().err


def test_a_measured_posture_and_a_planned_length(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **arrays())
    free = analysed(capsys, tmp_path / "a.npz")["legs"][0]
    assert (free["zero"], free["zero_doubt_deg"] > 3.0, free["flags"]) == ("circle", True, [])
    told = analysed(capsys, tmp_path / "a.npz", "--known", 5, 6, 40, "--planned-s", 300)["legs"][0]
    assert np.mean(told["knee_angle_deg"][250:300]) == pytest.approx(40.0)
    assert (told["zero"], told["zero_doubt_deg"]) == ("known posture", 0.0)
    assert told["flags"] == ["partial: 30.0 s of 300 s"]
    for options in (("--known", 6, 5, 40), ("--planned-s", -1)):
        assert main(["analyse", "cycling", str(tmp_path / "a.npz"), *map(str, options)]) == 2
        assert options[0] in capsys.readouterr().err


def test_two_legs_that_turn_two_cranks_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **(arrays("left_", 40.0) | arrays("right_", 45.0)))
    for leg in analysed(capsys, tmp_path / "a.npz")["legs"]:
        assert any("two recordings?" in flag for flag in leg["flags"])


def recorded(folder: Path, late_s: float) -> Path:
    """Both sensors of the left leg and one muscle in our own recording; the EMG begins `late_s` after them."""
    x = ride(lambda t: np.full_like(t, 50.0), Rig(seconds=30.0))
    names = ("offset_ms", *(f"{kind}_{axis}_{unit}" for kind, unit in KINDS for axis in "xyz"))
    units = ("ms", *("m/s2",) * 3, *("rad/s",) * 3)
    sensors = [
        SampleStream(
            name=f"imu {place}",
            place=place,
            rate_hz=50.0,
            channels=names,
            units=units,
            units_per_count=(1.0,) * 7,
            dtype="float32",
        )
        for place in ("thigh_left", "shank_left")
    ]
    muscle = SampleStream(
        name="emg", rate_hz=1000.0, channels=("RF left",), units=("uV",), units_per_count=(0.5,), dtype="int16"
    )
    recorder = Recorder(folder, [*sensors, muscle])
    recorder.start()
    for place, segment in (("thigh_left", x.thigh), ("shank_left", x.shank)):
        for first in range(0, 1500, 50):
            part = slice(first, first + 50)
            offsets = 20.0 * np.arange(50)
            rows = np.column_stack((offsets, segment.accel_m_s2[part], segment.gyro_rad_s[part])).astype(np.float32)
            assert recorder.samples(f"imu {place}", first, 10**9 + first * 20_000_000, rows)
    counts = np.round(2 * bursts(1000.0, 20.0, 1.2, 40.0, 1)).astype(np.int16)[:, None]
    for first in range(0, 20_000, 1000):
        if first != 5000:
            at_ns = 10**9 + round(late_s * 1e9) + first * 1_000_000
            assert recorder.samples("emg", first, at_ns, counts[first : first + 1000])
    recorder.stop()
    return folder


KINDS = (("accel", "m_s2"), ("gyro", "rad_s"))


def test_our_own_recording_with_its_emg_on_one_clock(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = analysed(capsys, recorded(tmp_path, late_s=5.0))
    (leg,) = made["legs"]
    assert leg["mean_cadence_rpm"] == pytest.approx(50.0, abs=0.5)
    (muscle,) = made["emg"]["channels"]
    assert muscle["rms_uv"] == pytest.approx(40.0, rel=0.05)
    assert "5.0 % of the samples are missing" in muscle["flags"]
    each = muscle["per_revolution_uv"]
    known = [
        start >= 5.0 and end <= 25.0 for start, end in zip(leg["revolution_start_s"], leg["revolution_s"], strict=True)
    ]
    lost = [
        start < 10.5 and end > 10.5 for start, end in zip(leg["revolution_start_s"], leg["revolution_s"], strict=True)
    ]
    assert [value is not None for value, gone in zip(each, lost, strict=True) if not gone] == [
        one for one, gone in zip(known, lost, strict=True) if not gone
    ]
    assert any(value is None for value, gone in zip(each, lost, strict=True) if gone)
