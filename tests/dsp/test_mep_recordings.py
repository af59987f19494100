"""Real responses against their labels. The bars are what the best of the common methods reach on the same files."""

from pathlib import Path

import numpy as np
import pytest

from dsp.mep import measure
from tests.helpers.labelled_emg import labelled

# found %, median onset error ms, onsets within 1 ms %
BARS = {
    "TA pairs": (100.0, 0.44, 90.0),
    "TA trains": (100.0, 0.46, 90.0),
    "ECR curve": (100.0, 0.30, 98.0),
    "FDI": (100.0, 0.25, 95.0),
    "FDI under hum": (100.0, 0.30, 75.0),
    "FDI sweeps": (100.0, 0.30, 95.0),
}


@pytest.mark.parametrize("name", BARS)
def test_responses_are_found_where_the_labels_say(recordings: Path, name: str) -> None:
    found_bar, median_bar, within_bar = BARS[name]
    trials = [trial for trial in labelled(recordings)[name] if trial.onset_ms is not None]
    measured = [measure(t.epoch_uv, t.rate_hz, t.trigger_index, window_ms=t.window_ms).latency_ms for t in trials]
    errors = np.abs([m - t.onset_ms for m, t in zip(measured, trials, strict=True) if m is not None])
    assert 100.0 * errors.size / len(trials) >= found_bar
    assert np.median(errors) <= median_bar
    assert 100.0 * np.mean(errors <= 1.0) >= within_bar


def test_blanks_stay_blank(recordings: Path) -> None:
    blanks = [t for name in ("TA pairs", "ECR curve") for t in labelled(recordings)[name] if t.onset_ms is None]
    assert len(blanks) == 35
    for trial in blanks:
        assert measure(trial.epoch_uv, trial.rate_hz, trial.trigger_index, window_ms=trial.window_ms).latency_ms is None


def test_contracting_legs_are_void(recordings: Path) -> None:
    with np.load(recordings / "leg8_active_sweeps_5k.npz") as file:
        for sweep in file["epochs_uv"]:
            assert not measure(sweep[0], 5000.0, int(file["t0_index"])).valid
