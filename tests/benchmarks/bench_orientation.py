"""Attitude beside the library alone on optical references, and magnetometer calibration beside a plain fit.

`python -m tests.benchmarks orientation`. Errors are RMS in degrees while moving; with a magnet near, both headings are
aligned at the start, as they are relative there.
"""

import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation
from vqf import VQF

from dsp.orientation import estimate, fit_magnetometer
from dsp.orientation.attitude import WATCH_S

Array = NDArray[np.float64]

GAIT = Path(__file__).parents[3] / "shared" / "data" / "gait"
OF_LIBRARY = 1.05
CALIBRATION_DEG = 1.5


def errors_deg(quaternions: Array, reference: Array, scored: NDArray[np.bool_], align: bool) -> float:
    """RMS of the whole turn between found and true attitude."""
    rows = scored & np.isfinite(reference).all(axis=1)
    found = Rotation.from_quat(quaternions[rows], scalar_first=True)
    truth = Rotation.from_quat(reference[rows], scalar_first=True)
    if align:
        off = (truth[:200] * found[:200].inv()).as_quat(scalar_first=True)
        heading = np.angle(np.mean(np.exp(2j * np.arctan2(off[:, 3], off[:, 0]))))
        found = Rotation.from_rotvec([0, 0, heading]) * found
    return float(np.degrees(np.sqrt(np.mean((found * truth.inv()).magnitude() ** 2))))


def plain_fit(raw: Array, clean: Array) -> Array:
    """Least squares through all samples: the peer that a passing magnet bends."""
    middle, scale = raw.mean(axis=0), raw.std()
    x, y, z = ((raw - middle) / scale).T
    terms = np.stack([x * x, y * y, z * z, 2 * x * y, 2 * x * z, 2 * y * z, 2 * x, 2 * y, 2 * z], axis=1)
    v = np.linalg.lstsq(terms, np.ones(len(raw)), rcond=None)[0]
    quadric = np.array([[v[0], v[3], v[4]], [v[3], v[1], v[5]], [v[4], v[5], v[2]]])
    values, vectors = np.linalg.eigh(quadric)
    centre = -np.linalg.solve(quadric, v[6:])
    return ((clean - middle) / scale - centre) @ ((vectors * np.sqrt(np.abs(values))) @ vectors.T)


def direction_deg(found: Array, truth: Array) -> float:
    """RMS angle between two fields."""
    cosine = np.sum(found * truth, axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(truth, axis=1)
    return float(np.degrees(np.sqrt(np.mean(np.arccos(np.clip(cosine, -1, 1)) ** 2))))


def attitudes() -> bool:
    """The table of the optical trials."""
    well = True
    print("  trial                                        ours   vqf   x real time")
    for path in sorted((GAIT / "orientation").glob("*.npz")):
        with np.load(path) as file:
            gyro, accel, mag = (file[key].astype(float) for key in ("gyr", "acc", "mag"))
            reference, scored, rate_hz = file["ref_quat"].astype(float), file["movement"], float(file["fs"])
        near = "magnet" in path.stem
        start = time.process_time()
        result = estimate(gyro, accel, mag, rate_hz=rate_hz)
        took_s = time.process_time() - start
        alone = VQF(1 / rate_hz).updateBatch(gyro, accel, mag)["quat6D" if near else "quat9D"]
        ours, theirs = (errors_deg(q, reference, scored, near) for q in (result.quaternions, alone))
        good = ours <= OF_LIBRARY * theirs and result.by_compass[round(WATCH_S * rate_hz) :].all() != near
        well &= good
        speed = gyro.shape[0] / rate_hz / took_s
        print(f"  {path.stem:<42}{ours:7.2f}{theirs:7.2f}{speed:8.0f}   {'PASS' if good else 'FAIL'}  {result.reason}")
    return well


def calibrations() -> bool:
    """The table of the magnetometer sweeps."""
    well = True
    print("  sweep       ours  plain fit  residual  coverage  spoilt")
    for path in sorted((GAIT / "magcal_synth").glob("*.npz")):
        with np.load(path) as file:
            raw, truth = file["mag_raw"].astype(float), file["mag_true"].astype(float)
            model = truth @ file["soft_true"].T + file["hard_true"]
        clean = np.linalg.norm(raw - model, axis=1) < 5.0
        fit = fit_magnetometer(raw)
        ours = direction_deg(fit.apply(raw[clean]), truth[clean])
        plain = direction_deg(plain_fit(raw, raw[clean]), truth[clean])
        good = ours <= CALIBRATION_DEG and fit.accepted
        well &= good
        print(
            f"  {path.stem:<10}{ours:6.2f}{plain:11.2f}{fit.residual:10.4f}{fit.coverage:10.2f}{fit.spoilt:8.3f}"
            f"   {'PASS' if good else 'FAIL'}"
        )
    return well


def main() -> bool:
    """Print both tables; False when a bar does not hold."""
    if not GAIT.is_dir():
        print(f"  recordings not found at {GAIT}: nothing measured")
        return True
    found = attitudes()
    return calibrations() and found


if __name__ == "__main__":
    raise SystemExit(not main())
