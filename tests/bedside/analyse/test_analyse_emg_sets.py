"""Sets, both legs, recruitment curves and silent periods from files, as JSON and as tables; refusals by name."""

import json
from pathlib import Path

import numpy as np
import pytest

from bedside.cli import main
from bedside.refusal import ANSWER_REFUSED
from tests.helpers.modelled_mep import epoch, muscle_noise, response
from tests.helpers.recordings import need_recordings

RATE_HZ, N, TRIGGER = 5000.0, 2500, 1000


def legs(count: int = 4) -> np.ndarray:
    """Sweeps (count, 2, n): the left leg answers with 400 uV at 31 ms, the right with 900 uV at 34 ms."""
    rng = np.random.default_rng(1)
    answers = ((400.0, 31.0), (900.0, 34.0))
    return np.array(
        [
            [
                epoch(
                    muscle_noise(N, RATE_HZ, 1.5, rng), RATE_HZ, TRIGGER, rng, onset_ms=onset_ms, amplitude_uv=uv
                ).epoch_uv
                for uv, onset_ms in answers
            ]
            for _ in range(count)
        ]
    )


def saved(path: Path, epochs_uv: np.ndarray, **more: object) -> Path:
    np.savez(path, epochs_uv=epochs_uv, fs=RATE_HZ, t0_index=TRIGGER, **more)
    return path


def report(capsys: pytest.CaptureFixture[str], kind: str, *arguments: object, code: int = 0) -> dict[str, object]:
    assert main(["analyse", kind, *map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)[0]


def test_a_file_has_a_set_a_channel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path / "a.npz", legs(), channels=["L", "R"])
    left, right = report(capsys, "mep", path, "--sweeps", 3)["sets"]
    assert (left["channel"], right["channel"]) == ("L", "R")
    assert left["accepted"] == [0, 1, 2]
    assert left["amplitude_uv"] == pytest.approx(400.0, rel=0.03)
    assert right["latency_ms"] == pytest.approx(34.0, abs=0.5)
    assert right["average_latency_ms"] == pytest.approx(34.0, abs=0.5)
    assert "accepted" in left["amplitude_definition"]


def test_both_legs_are_two_rows_at_the_locked_intensity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path / "a.npz", legs(), channels=["L", "R"], intensity_pct_mso=[60, 58, 60, 60])
    rows = report(capsys, "mep", path, "--sides", "L", "R", "--baseline-rmt", 50)["assessment"]
    assert [row["side"] for row in rows] == ["left", "right"]
    assert [row["sweeps_accepted"] for row in rows] == [3, 3]
    assert rows[0]["intensity_pct_mso"] == 60
    assert rows[1]["amplitude_uv"] == pytest.approx(900.0, rel=0.03)
    clamped = report(capsys, "mep", path, "--sides", "L", "R", "--baseline-rmt", 85, code=ANSWER_REFUSED)["assessment"]
    assert clamped[0]["flags"] == "intensity_not_reachable"
    assert "0 of 4" in clamped[0]["refusal"] or "none of 4" in clamped[0]["refusal"]
    assert main(["analyse", "mep", str(path), "--sides", "L", "R"]) == 0
    assert "left" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "words", "code"),
    [
        (("--sides", "L", "X"), "no channel 'X'", 1),
        (("--baseline-rmt", "50"), "needs --sides", 2),
        (("--baseline-rmt", "0", "--sides", "L", "R"), "baseline_rmt_pct_mso", 2),
        (("--sweeps", "0"), "--sweeps", 2),
    ],
)
def test_wrong_sides_and_numbers_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], words: str, code: int
) -> None:
    path = saved(tmp_path / "a.npz", legs(2), channels=["L", "R"])
    assert main(["analyse", "mep", str(path), *options]) == code
    assert words in capsys.readouterr().err


def curve_trials() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    at = np.repeat(np.arange(35.0, 80.0, 5.0), 4)
    return at, 1500.0 / (1.0 + np.exp((55.0 - at) / 2.5)) * np.exp(rng.normal(0.0, 0.2, at.size))


def test_a_curve_from_sweeps_with_intensities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(3)
    at, uv = curve_trials()
    made = [
        epoch(muscle_noise(N, RATE_HZ, 1.2, rng), RATE_HZ, TRIGGER, rng, onset_ms=31.0, amplitude_uv=one).epoch_uv
        for one in uv
    ]
    made[5] = made[5] + muscle_noise(N, RATE_HZ, 40.0, rng)
    path = saved(tmp_path / "c.npz", np.array(made), intensity_pct_mso=at)
    (curve,) = report(capsys, "io-curve", path)["curves"]
    assert curve["refusal"] is None
    assert curve["s50_pct_mso"]["value"] == pytest.approx(55.0, abs=1.0)
    assert curve["plateau_uv"]["value"] == pytest.approx(1500.0, rel=0.15)
    assert curve["left_out_trials"][0]["trial"] == 5
    assert "not at rest" in curve["left_out_trials"][0]["reason"]
    without = saved(tmp_path / "d.npz", np.array(made))
    listed = ",".join(f"{value:g}" for value in at)
    again = report(capsys, "io-curve", without, "--intensities", listed)["curves"][0]
    assert again["s50_pct_mso"] == curve["s50_pct_mso"]


def test_a_curve_from_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at, uv = curve_trials()
    path = tmp_path / "t.csv"
    lines = [f"{a:g},{v:.1f}" for a, v in zip(at, uv, strict=True)]
    path.write_text("\n".join(["intensity_pct_mso,amplitude_uv", *lines, "50,"]) + "\n")
    (curve,) = report(capsys, "io-curve", path)["curves"]
    assert curve["left_out"] == 1
    assert curve["s50_pct_mso"]["low"] < 55.0 < curve["s50_pct_mso"]["high"]
    assert main(["analyse", "io-curve", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "plateau" in shown
    assert "S50" in shown


def test_a_refused_curve_still_has_its_area(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_text("intensity_pct_mso,amplitude_uv\n40,10\n50,20\n")
    (curve,) = report(capsys, "io-curve", path, code=ANSWER_REFUSED)["curves"]
    assert "too few levels" in curve["refusal"]
    assert curve["area_uv_pct_mso"] == pytest.approx(150.0)
    assert main(["analyse", "io-curve", str(path)]) == ANSWER_REFUSED
    assert "NO CURVE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("intensity_pct_mso,amplitude_mv\n40,1\n", "first line must be"),
        ("intensity_pct_mso,amplitude_uv\n40,x\n", "not a table of numbers"),
        ("intensity_pct_mso,amplitude_uv\n40,1,2\n", "not a table of numbers"),
        ("intensity_pct_mso,amplitude_uv\n140,1\n", "0 to 100"),
        ("intensity_pct_mso,amplitude_uv\n40,-1\n", "negative"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert main(["analyse", "io-curve", str(path)]) == 1
    assert words in capsys.readouterr().err


def test_missing_or_wrong_intensities_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path / "a.npz", legs(2))
    assert main(["analyse", "io-curve", str(path)]) == 1
    assert "no intensities" in capsys.readouterr().err
    assert main(["analyse", "io-curve", str(path), "--intensities", "50"]) == 1
    assert "1 intensities for 2 trials" in capsys.readouterr().err
    assert main(["analyse", "io-curve", str(path), "--intensities", "fifty"]) == 2
    assert "--intensities" in capsys.readouterr().err
    assert main(["analyse", "mep", str(saved(tmp_path / "b.npz", legs(2), intensity_pct_mso=[50]))]) == 1
    assert "'intensity_pct_mso' has 1 values" in capsys.readouterr().err
    assert main(["analyse", "mep", str(saved(tmp_path / "c.npz", legs(2), intensity_pct_mso=[50, 150]))]) == 1
    assert "0 to 100" in capsys.readouterr().err


def test_silent_periods_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(4)
    t_ms = (np.arange(N) - TRIGGER) / 5.0
    active = np.where((t_ms < 31.0) | (t_ms >= 140.0), 1.0, 0.0)
    evoked = response(t_ms, onset_ms=31.0, amplitude_uv=2000.0, shape="gamma", rng=rng)
    contracting = [muscle_noise(N, RATE_HZ, 80.0, rng) * active + evoked for _ in range(3)]
    resting = [muscle_noise(N, RATE_HZ, 2.0, rng) for _ in range(3)]
    path = saved(tmp_path / "s.npz", np.stack([contracting, resting], axis=1), channels=["TA", "SOL"])
    made = report(capsys, "silent-period", path)
    first, second = made["sets"]
    assert first["measured"] == 3
    assert first["return_ms"] == pytest.approx(140.0, abs=2.0)
    assert first["from_onset_ms"] == pytest.approx(109.0, abs=4.0)
    assert second["measured"] == 0
    assert second["return_ms"] is None
    assert all("no contraction" in row["refusal"] for row in made["trials"] if row["channel"] == "SOL")
    assert main(["analyse", "silent-period", str(path)]) == 0
    assert "REFUSED: no contraction" in capsys.readouterr().out
    assert main(["analyse", "silent-period", str(path), "--contraction-uv", "-1"]) == 2
    assert "--contraction-uv" in capsys.readouterr().err


def test_the_real_contracting_leg(capsys: pytest.CaptureFixture[str]) -> None:
    made = report(capsys, "silent-period", need_recordings("emg") / "leg8_active_sweeps_5k.npz")
    assert made["sets"][0]["measured"] == 5
    assert made["sets"][0]["interrupted"] == 3
    assert all(one["measured"] == 0 for one in made["sets"][1:])
