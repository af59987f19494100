"""Recordings from files: results as JSON, and refusals that name file and key."""

import json
from pathlib import Path

import numpy as np
import pytest

from bedside.cli import main
from bedside.refusal import ANSWER_REFUSED
from tests.helpers.modelled_mep import epoch, muscle_noise
from tests.helpers.recordings import need_recordings

RATE_HZ, N, TRIGGER = 5000.0, 2500, 1000


def sweeps() -> np.ndarray:
    rng = np.random.default_rng(1)
    backgrounds = [muscle_noise(N, RATE_HZ, 2.0, rng) for _ in range(2)]
    first = epoch(backgrounds[0], RATE_HZ, TRIGGER, rng, onset_ms=31.0, amplitude_uv=400.0)
    return np.array([first.epoch_uv, epoch(backgrounds[1], RATE_HZ, TRIGGER, rng, onset_ms=None).epoch_uv])


def good() -> dict[str, object]:
    return {"epochs_uv": sweeps(), "fs": RATE_HZ, "t0_index": TRIGGER}


def report(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, object]:
    assert main(["analyse", "mep", *map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)[0]


def test_epochs_are_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **good())
    with_response, blank = report(capsys, tmp_path / "a.npz")["trials"]
    assert with_response["latency_ms"] == pytest.approx(31.0, abs=0.7)
    assert with_response["amplitude_uv"] == pytest.approx(400.0, rel=0.03)
    assert with_response["onset_rule"] == "consensus/2"
    assert blank["latency_ms"] is None
    assert blank["valid"]


def test_continuous_counts_are_cut_at_the_pulses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = np.concatenate(list(sweeps()))
    counts = np.round(np.column_stack([trace, trace]) / 0.5).astype(np.int16)
    pulses = [TRIGGER, N + TRIGGER]
    np.savez(
        tmp_path / "c.npz", counts=counts, uv_per_count=[0.5, 1.0], fs=RATE_HZ, pulse_index=pulses, channels=["L", "R"]
    )
    trials = report(capsys, tmp_path / "c.npz")["trials"]
    assert [(row["trial"], row["channel"]) for row in trials] == [(0, "L"), (0, "R"), (1, "L"), (1, "R")]
    assert trials[1]["amplitude_uv"] == pytest.approx(2 * trials[0]["amplitude_uv"], rel=0.01)


def test_a_table_of_sweeps_with_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    times = (np.arange(N) - TRIGGER) / 5.0
    table = np.column_stack([times, *sweeps()])
    np.savetxt(tmp_path / "t.csv", table, delimiter=",", header="time_ms,TA left,TA right", comments="", fmt="%.4f")
    made = report(capsys, tmp_path / "t.csv")
    assert made["rate_hz"] == pytest.approx(RATE_HZ)
    assert [row["channel"] for row in made["trials"]] == ["TA left", "TA right"]
    assert made["trials"][0]["latency_ms"] == pytest.approx(31.0, abs=0.7)


def test_windows_and_gates_are_options(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **good())
    narrow = report(capsys, tmp_path / "a.npz", "--window-ms", 40, 50)["trials"][0]
    assert "outside window" in narrow["reason"]
    strict = report(capsys, tmp_path / "a.npz", "--muscle", "ta", "--criterion-uv", 500)["trials"][0]
    assert strict["latency_ms"] is None
    assert report(capsys, tmp_path / "a.npz", "--active")["settings"]["rest_limit_uv"] is None


def test_a_slow_recording_is_refused_or_said_to_be_slow(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, every in (("slow", 5), ("too_slow", 20)):
        slow = {"epochs_uv": sweeps()[:, ::every], "fs": RATE_HZ / every, "t0_index": TRIGGER // every}
        np.savez(tmp_path / f"{name}.npz", **slow)
    assert main(["analyse", "mep", str(tmp_path / "slow.npz")]) == 0
    assert "note  sampled at 1000 Hz" in capsys.readouterr().out
    refused = report(capsys, tmp_path / "too_slow.npz", code=ANSWER_REFUSED)
    assert all("too slow" in row["reason"] and not row["valid"] for row in refused["trials"])


def test_without_json_a_table_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", **good())
    assert main(["analyse", "mep", str(tmp_path / "a.npz")]) == 0
    shown = capsys.readouterr().out
    assert "response of 39" in shown or "response of 40" in shown
    assert "no response" in shown


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fs": None}, "'fs' or 'rate_hz' is missing"),
        ({"fs": -1.0}, "positive rate"),
        ({"fs": "fast"}, "holds no numbers"),
        ({"fs": [1.0, 2.0]}, "must be one number"),
        ({"t0_index": None}, "'t0_index' or 'trigger_index' is missing"),
        ({"t0_index": N}, "outside the 2500 samples"),
        ({"epochs_uv": None}, "none of the keys"),
        ({"epochs_uv": np.zeros(5)}, "must be (trials, n)"),
        ({"channels": ["a", "b"]}, "names 2, there are 1"),
        ({"epochs_uv": None, "counts": np.zeros((2, N))}, "needs 'uv_per_count'"),
        ({"counts": np.zeros((9, 2)), "uv_per_count": 1.0, "pulse_index": [9]}, "points outside"),
        ({"counts": np.zeros((9, 2)), "uv_per_count": [1.0, 1.0, 1.0], "pulse_index": [1]}, "does not fit"),
        ({"epochs_uv": np.array([{}], dtype=object)}, "no .npz archive of plain arrays"),
    ],
)
def test_a_bad_archive_is_refused_by_name_and_key(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, object], words: str
) -> None:
    path = tmp_path / "bad.npz"
    np.savez(path, **{key: value for key, value in (good() | change).items() if value is not None})
    assert main(["analyse", "mep", str(path), "--json"]) == 1
    captured = capsys.readouterr()
    assert str(path) in captured.err
    assert words in captured.err
    assert json.loads(captured.out) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "first line"),
        ("t,a\n0,1\n1,2\n", "first line"),
        ("time_ms,a\n-1,1\n0,x\n", "not a table of numbers"),
        ("time_ms,a\n-1,1\n0,2,3\n", "not a table of numbers"),
        ("time_ms,a\n-1,1\n0,2\n5,3\n", "equal steps"),
        ("time_ms,a\n1,1\n2,2\n3,3\n", "must pass 0"),
    ],
)
def test_a_bad_table_is_refused_with_a_remedy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    assert main(["analyse", "mep", str(path)]) == 1
    assert words in capsys.readouterr().err


def test_garbage_missing_and_unknown_files_are_named_and_the_others_still_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(tmp_path / "a.npz", **good())
    (tmp_path / "garbage.npz").write_bytes(b"PK\x03\x04 not really")
    (tmp_path / "cut.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:3000])
    names = ["garbage.npz", "cut.npz", "absent.npz", "notes.txt", "a.npz"]
    assert main(["analyse", "mep", *(str(tmp_path / name) for name in names), "--json"]) == 1
    captured = capsys.readouterr()
    assert [Path(one["file"]).name for one in json.loads(captured.out)] == ["a.npz"]
    for name in names[:-1]:
        assert name in captured.err


def test_a_wrong_option_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyse", "mep", str(tmp_path / "a.npz"), "--muscle", "tongue"]) == 2
    assert "--muscle tongue" in capsys.readouterr().err
    assert main(["analyse", "mep", str(tmp_path / "a.npz"), "--window-ms", "50", "20"]) == 2
    assert "--window-ms" in capsys.readouterr().err


def test_every_public_recording_with_pulses_can_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    folder = need_recordings("emg")
    files = [path for path in sorted(folder.glob("*.npz")) if not path.name.startswith("walk")]
    assert main(["analyse", "mep", *map(str, files), "--json"]) == 0
    reports = json.loads(capsys.readouterr().out)
    assert len(reports) == len(files)
    assert all(report["trials"] for report in reports)
