"""Evoked responses from our own recordings: cut at the triggers, intensities as reported, holes never filled."""

import json
from pathlib import Path

import numpy as np
import pytest

from bedside.cli import main
from bedside.record.recorder import Recorder
from bedside.record.streams import SampleStream
from bedside.refusal import ANSWER_REFUSED
from tests.helpers.modelled_mep import epoch, muscle_noise

RATE_HZ, N, TRIGGER = 5000.0, 2500, 1000
FIRST, SCALE = 40_000, 0.5
STREAM = SampleStream(
    name="emg",
    rate_hz=RATE_HZ,
    channels=("TA left", "TA right"),
    units=("uV", "uV"),
    units_per_count=(SCALE, SCALE),
    dtype="int16",
)


def recorded(
    folder: Path, *, lost_block: int | None = None, triggers: bool = True, reports: bool = True, anew: bool = False
) -> Path:
    """Three pulses, one every 0.5 s; the left leg answers with 400 uV, the right with 900 uV."""
    rng = np.random.default_rng(1)
    made = [
        [
            epoch(muscle_noise(N, RATE_HZ, 1.5, rng), RATE_HZ, TRIGGER, rng, onset_ms=31.0, amplitude_uv=uv).epoch_uv
            for uv in (400.0, 900.0)
        ]
        for _ in range(3)
    ]
    counts = np.round(np.concatenate(made, axis=1).T / SCALE).astype(np.int16)
    recorder = Recorder(folder / "raw", [STREAM])
    recorder.start()
    for number, start in enumerate(range(0, len(counts), 500)):
        at_ns = 10**9 + round(start / RATE_HZ * 1e9)
        if number != lost_block:
            index = start if anew and number > 8 else FIRST + start
            assert recorder.samples("emg", index, at_ns, counts[start : start + 500])
        if triggers and number % 5 == 2:
            assert recorder.state("pulses", at_ns, {"source": "trigger", "sample": FIRST + start})
        if reports and number % 5 == 2:
            assert recorder.pulse(at_ns + 20_000_000, {"source": "reply", "course": 0, "amplitude_pct_mso": 60.0})
    recorder.stop()
    return folder


def report(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = 0) -> dict[str, object]:
    assert main(["analyse", "mep", *map(str, arguments), "--json"]) == code
    return json.loads(capsys.readouterr().out)[0]


def test_a_visit_is_measured_as_at_the_bedside(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sides = ("--sides", "TA left", "TA right", "--baseline-rmt", 50)
    made = report(capsys, recorded(tmp_path), *sides)
    assert [(row["trial"], row["channel"]) for row in made["trials"][:2]] == [(0, "TA left"), (0, "TA right")]
    left, right = made["assessment"]
    assert left["refusal"] is None
    assert left["sweeps_accepted"] == right["sweeps_accepted"] == 3
    assert left["amplitude_uv"] == pytest.approx(400.0, rel=0.03)
    assert right["amplitude_uv"] == pytest.approx(900.0, rel=0.03)
    assert left["latency_ms"] == pytest.approx(31.0, abs=0.5)
    assert left["flags"] == ""


def test_another_intensity_does_not_count_and_an_unknown_one_is_flagged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sides = ("--sides", "TA left", "TA right", "--baseline-rmt")
    wrong = report(capsys, recorded(tmp_path / "a"), *sides, 40, code=ANSWER_REFUSED)["assessment"][0]
    assert "none of 3" in wrong["refusal"]
    unknown = report(capsys, recorded(tmp_path / "b", reports=False), *sides, 50)["assessment"][0]
    assert "intensity_of_sweeps_unknown" in unknown["flags"]
    assert unknown["refusal"] is None


def test_a_part_has_only_its_pulses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = report(capsys, recorded(tmp_path), "--from-ns", 10**9 + 5 * 10**8)
    assert len(made["trials"]) == 4
    assert all(row["latency_ms"] == pytest.approx(31.0, abs=0.5) for row in made["trials"])


def test_a_hole_in_a_sweep_voids_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trials = report(capsys, recorded(tmp_path, lost_block=7))["trials"]
    assert [row["valid"] for row in trials] == [True, True, False, False, True, True]
    assert trials[2]["amplitude_uv"] is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [({"triggers": False}, "no trigger"), ({"anew": True}, "began to count anew")],
)
def test_what_has_no_time_zero_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: dict[str, bool], words: str
) -> None:
    assert main(["analyse", "mep", str(recorded(tmp_path, **settings))]) == 1
    assert words in capsys.readouterr().err


def test_parts_are_of_recordings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "a.npz", epochs_uv=np.zeros((1, N)), fs=RATE_HZ, t0_index=TRIGGER)
    assert main(["analyse", "mep", str(tmp_path / "a.npz"), "--from-ns", "5"]) == 1
    assert "are for our own recordings" in capsys.readouterr().err
