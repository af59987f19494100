"""Attitude against optical references, beside the library on its own, and calibration against exact truth."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dsp.orientation import estimate, fit_magnetometer
from dsp.orientation.attitude import WATCH_S
from tests.helpers.recordings import need_recordings

vqf = pytest.importorskip("vqf", reason="no vqf on this machine")
Array = NDArray[np.float64]

TRIALS = (
    "02_undisturbed_slow_rotation_B",
    "09_undisturbed_fast_rotation_with_breaks_B",
    "15_undisturbed_fast_translation_A",
    "33_disturbed_attached_magnet_2cm",
)


def total_deg(quaternions: Array, reference: Array, scored: NDArray[np.bool_], *, align: bool) -> float:
    rows = scored & np.isfinite(reference).all(axis=1)
    found = Rotation.from_quat(quaternions[rows], scalar_first=True)
    truth = Rotation.from_quat(reference[rows], scalar_first=True)
    if align:
        off = (truth[:200] * found[:200].inv()).as_quat(scalar_first=True)
        heading = np.angle(np.mean(np.exp(2j * np.arctan2(off[:, 3], off[:, 0]))))
        found = Rotation.from_rotvec([0, 0, heading]) * found
    return float(np.degrees(np.sqrt(np.mean((found * truth.inv()).magnitude() ** 2))))


@pytest.mark.parametrize("name", TRIALS)
def test_within_five_percent_of_the_library(name: str) -> None:
    with np.load(need_recordings("gait") / "orientation" / f"{name}.npz") as file:
        gyro, accel, mag = (file[key].astype(float) for key in ("gyr", "acc", "mag"))
        reference, scored, rate_hz = file["ref_quat"].astype(float), file["movement"], float(file["fs"])
    result = estimate(gyro, accel, mag, rate_hz=rate_hz)
    near = "magnet" in name
    alone = vqf.VQF(1 / rate_hz).updateBatch(gyro, accel, mag)["quat6D" if near else "quat9D"]
    ours = total_deg(result.quaternions, reference, scored, align=near)
    assert ours <= 1.05 * total_deg(alone, reference, scored, align=near)
    assert ("magnet" in result.reason) == near
    assert result.by_compass[round(WATCH_S * rate_hz) :].all() != near
    assert not (near and result.by_compass.any()), "no heading from a compass with a magnet beside it"


@pytest.mark.parametrize("name", ["full_1", "leg_2", "spike_3"])
def test_calibration_finds_the_direction(name: str) -> None:
    with np.load(need_recordings("gait") / "magcal_synth" / f"{name}.npz") as file:
        raw, truth, hard, soft = (file[key].astype(float) for key in ("mag_raw", "mag_true", "hard_true", "soft_true"))
    fit = fit_magnetometer(raw)
    clean = np.linalg.norm(raw - truth @ soft.T - hard, axis=1) < 5.0
    found = fit.apply(raw[clean])
    cosine = np.sum(found * truth[clean], axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(truth[clean], axis=1)
    assert np.degrees(np.sqrt(np.mean(np.arccos(np.clip(cosine, -1, 1)) ** 2))) <= 1.5
    assert np.linalg.norm(fit.hard_ut - hard) < 0.5
    assert fit.accepted, fit.reason
