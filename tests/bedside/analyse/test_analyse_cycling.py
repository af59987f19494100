"""Pedalling from files: numbers of each leg, and refusals that name file and key."""

import json
from pathlib import Path

import numpy as np
import pytest

from bedside.cli import main
from tests.helpers.pedalling import Rig, ride


def arrays(prefix: str = "", rpm: float = 50.0) -> dict[str, object]:
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
    left, right = capsys.readouterr().out.splitlines()[2:]
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
