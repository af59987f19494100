"""Real evoked responses with their reference labels, and stretches of real background, from the folder of EMG."""

import csv
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

LABELLED_3K = {
    "TA pairs": ("ta_lici_3k", (20.0, 50.0)),
    "TA trains": ("ta_repsupp_3k", (20.0, 50.0)),
    "ECR curve": ("ecr_recruitment_3k", (13.0, 45.0)),
    "FDI": ("fdi_single_3k", (15.0, 50.0)),
}
IDLE_CHANNELS = (0, 1)


@dataclass(frozen=True)
class Trial:
    """A raw epoch (uV) with its label; `onset_ms` and `amplitude_uv` are None for a blank."""

    epoch_uv: Array
    rate_hz: float
    trigger_index: int
    window_ms: tuple[float, float]
    onset_ms: float | None
    amplitude_uv: float | None


def labelled(folder: Path) -> dict[str, list[Trial]]:
    """Every labelled set of the folder by name; raw epochs where the file has them."""
    sets = {name: _epochs_3k(folder / f"{file}.npz", window) for name, (file, window) in LABELLED_3K.items()}
    return sets | {"FDI under hum": _humming(folder), "FDI sweeps": _sweeps_5k(folder)}


def backgrounds(folder: Path) -> dict[str, list[Array]]:
    """Stretches (uV, 5000 Hz) without a response: quiet rest, rest of 3 uV, 60 Hz hum, a contracting muscle."""
    with np.load(folder / "fdi_apb_sweeps_5k.npz") as file:
        quiet = [sweep[0, :2480].astype(float) for sweep in file["epochs_uv"]]
    with np.load(folder / "leg8_active_sweeps_5k.npz") as file:
        legs = [[one[np.isfinite(one)][1650:].astype(float) for one in sweep] for sweep in file["epochs_uv"]]
    with np.load(folder / "fdi_ecr_continuous_5k.npz") as file:
        volts, pulses = file["counts"] * file["uv_per_count"], file["pulse_index"]
    gaps = [slice(a + 3000, b - 500) for a, b in pairwise(pulses)]
    return {
        "quiet rest": quiet,
        "rest 3 uV": [channel for sweep in legs for channel in sweep[2:8]],
        "60 Hz hum": [volts[gap, channel] for gap in gaps for channel in IDLE_CHANNELS],
        "contracting": [sweep[0] for sweep in legs],
    }


def _epochs_3k(path: Path, window: tuple[float, float]) -> list[Trial]:
    with np.load(path) as file:
        epochs = file["raw_epochs_uv" if "raw_epochs_uv" in file else "epochs_uv"].astype(float)
        rate, trigger = float(file["fs"]), int(file["t0_index"])
        truth = zip(epochs, file["ref_present"], file["ref_onset_ms"], file["ref_p2p_uv"], strict=True)
        return [
            Trial(epoch, rate, trigger, window, float(onset) if present else None, float(p2p) if present else None)
            for epoch, present, onset, p2p in truth
        ]


def _sweeps_5k(folder: Path) -> list[Trial]:
    with np.load(folder / "fdi_apb_sweeps_5k.npz") as file:
        epochs = file["epochs_uv"][:, list(file["channels"]).index("FDI")].astype(float)
        rate, trigger = float(file["fs"]), int(file["t0_index"])
    return [
        Trial(epochs[trial], rate, trigger, (15.0, 50.0), onset, p2p)
        for trial, onset, p2p in _by_eye(folder, "fdi_apb_sweeps")
    ]


def _by_eye(folder: Path, file: str) -> list[tuple[int, float, float]]:
    """Trial, onset (ms) and amplitude (uV) of the certain labels of a file."""
    with (folder / "labels.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["file"].startswith(file) and row["onset_ms"]]
    return [(int(row["trial"]), float(row["onset_ms"]), float(row["p2p_uv"])) for row in rows if row["certain"] == "1"]


def _humming(folder: Path) -> list[Trial]:
    with np.load(folder / "fdi_ecr_continuous_5k.npz") as file:
        channel = list(file["channels"]).index("RFDI")
        trace = file["counts"][:, channel] * float(file["uv_per_count"][channel])
        pulses, rate = file["pulse_index"], float(file["fs"])
    trials = []
    for trial, onset_ms, p2p_uv in _by_eye(folder, "fdi_ecr"):
        at = int(pulses[trial])
        trials.append(Trial(trace[at - 1000 : at + 1500], rate, 1000, (15.0, 50.0), onset_ms, p2p_uv))
    return trials
