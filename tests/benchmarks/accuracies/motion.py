"""Pedalling against exact truth, attitude against cameras, and magnetometer calibration against exact truth."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vqf import VQF

from bedside.analyse.emg_files import BadRecordingError
from dsp.cycling import Segment
from dsp.orientation import estimate, fit_magnetometer
from tests.benchmarks.accuracies.gait_report import WORDS
from tests.benchmarks.accuracies.page import NOTHING, Figure, Kind, Measured, analysed, number, over, said, unread
from tests.benchmarks.bench_cycling import CADENCE_RPM, KNEE_DEG, cadence_error, peaks, whole_turns
from tests.benchmarks.bench_orientation import CALIBRATION_DEG, OF_LIBRARY, direction_deg, errors_deg, plain_fit

Array = NDArray[np.float64]
LARGEST_CLEAN_UT = 5.0
OTHER_FILTERS = "6.9 (ahrs 0.4.0, Madgwick), 10.7 (imufusion 1.3.3, example settings), 15.9 (scikit-kinematics 0.10.4)"
"""Their total error with the compass on these trials, mean of all, in degrees."""


def pedalled(path: Path) -> Measured:
    """One leg's knee angle and revolutions."""
    try:
        (leg,) = analysed("cycling", path)["legs"]
    except BadRecordingError as error:
        return unread(7, error, path, "knee", "rpm", "lost")
    with np.load(path) as file:
        crank_rad, knee_deg, rate_hz = file["crank_true"], np.degrees(file["knee_flexion_true"]), float(file["fs"])
        thigh, shank = (Segment(file[f"{part}_gyr"], file[f"{part}_acc"]) for part in ("thigh", "shank"))
    found_deg = np.array(leg["knee_angle_deg"], dtype=float)
    known = np.isfinite(found_deg)
    off_deg = found_deg[known] - knee_deg[known]
    rmse = float(np.sqrt(np.mean(off_deg**2))) if off_deg.size else np.nan
    t = np.arange(knee_deg.size) / rate_hz
    start_s, end_s, rpm = (np.array(leg[key]) for key in ("revolution_start_s", "revolution_s", "cadence_rpm"))
    worst_rpm = cadence_error(start_s, end_s, rpm, t, crank_rad)
    lost = whole_turns(crank_rad) - end_s.size
    theirs_rpm, theirs_lost = peaks(thigh, shank, rate_hz, crank_rad)
    cells = (
        f"{end_s.size} of {whole_turns(crank_rad)}",
        f"{number(leg['mean_cadence_rpm'])}",
        number(worst_rpm, 3),
        f"{number(theirs_rpm, 2)} ({abs(theirs_lost)} miscounted)",
        number(rmse, 2),
        f"{number(100 * float(np.mean(known)), 0)} %",
        f"± {number(leg['zero_doubt_deg'])}",
        said(leg["refusal"], leg["flags"]),
    )
    scores: dict[str, list[float]] = {"knee": [rmse], "rpm": [worst_rpm], "lost": [abs(lost)]}
    return Measured((cells,), scores | {"peaks": [theirs_rpm], "miscounted": [abs(theirs_lost)]})


def pedalled_figures(scores: Mapping[str, Array]) -> list[Figure]:
    """The worst ride."""
    theirs = number(over(np.max, scores["peaks"]), 1)
    worst = over(np.max, scores["rpm"])
    return [
        Figure(
            "pedalling: knee angle, RMSE, worst ride", over(np.max, scores["knee"]), KNEE_DEG, "°", NOTHING, digits=2
        ),
        Figure(
            "pedalling: cadence, largest error of a revolution",
            worst,
            CADENCE_RPM,
            "rpm",
            f"{theirs} (peaks of the knee's turn rate, same run)",
            digits=3,
        ),
        Figure(
            "pedalling: revolutions lost or invented, worst ride",
            over(np.max, scores["lost"]),
            0,
            "",
            f"{number(over(np.max, scores['miscounted']), 0)} (peaks, same run)",
            digits=0,
        ),
    ]


def attitude(path: Path) -> Measured:
    """A free motion with optical attitude."""
    with np.load(path) as file:
        gyro, accel, mag = (file[key].astype(float) for key in ("gyr", "acc", "mag"))
        reference, scored, rate_hz = file["ref_quat"].astype(float), file["movement"], float(file["fs"])
    magnet = "magnet" in path.stem
    found = estimate(gyro, accel, mag, rate_hz=rate_hz)
    alone = VQF(1 / rate_hz).updateBatch(gyro, accel, mag)
    fair = alone["quat6D" if magnet else "quat9D"]
    ours, library = (errors_deg(q, reference, scored, magnet) for q in (found.quaternions, fair))
    plain, compass = (errors_deg(q, reference, scored, False) for q in (found.quaternions, alone["quat9D"]))
    by_compass = f"{number(100 * float(np.mean(found.by_compass)), 0)} %"
    cells = (*(number(one, 2) for one in (ours, library, plain, compass)), by_compass, found.reason)
    return Measured((cells,), {"ours": [ours], "library": [library], "plain": [plain], "compass": [compass]})


def attitude_figures(scores: Mapping[str, Array]) -> list[Figure]:
    """Against the library alone, and others with their compass."""
    ratio = over(np.max, scores["ours"] / scores["library"])
    plain, theirs = (over(np.mean, scores[key]) for key in ("plain", "compass"))
    asked = OF_LIBRARY * (theirs or 0.0)
    peers = f"{number(theirs, 2)} (vqf with its compass, same run), {OTHER_FILTERS}"
    return [
        Figure("attitude: RMSE over the library's, worst trial", ratio, OF_LIBRARY, "", "1 (vqf, same run)", digits=3),
        Figure("attitude: RMSE not aligned, mean of all trials", plain, round(asked, 2), "°", peers, digits=2),
    ]


def sweep(path: Path) -> Measured:
    """A sensor turned through a field that is known."""
    with np.load(path) as file:
        raw, truth = file["mag_raw"].astype(float), file["mag_true"].astype(float)
        model = truth @ file["soft_true"].T + file["hard_true"]
    clean = np.linalg.norm(raw - model, axis=1) < LARGEST_CLEAN_UT
    fit = fit_magnetometer(raw)
    ours = direction_deg(fit.apply(raw[clean]), truth[clean])
    plain = direction_deg(plain_fit(raw, raw[clean]), truth[clean])
    cells = (
        number(ours, 2),
        number(plain, 2),
        number(fit.residual, 4),
        number(fit.coverage, 2),
        f"{number(100 * fit.spoilt)} %",
        f"{'accepted' if fit.accepted else 'not accepted'}: {fit.reason}",
    )
    return Measured((cells,), {"ours": [ours if fit.accepted else np.nan], "plain": [plain]})


def sweep_figures(scores: Mapping[str, Array]) -> list[Figure]:
    """The worst sweep."""
    theirs = f"{number(over(np.max, scores['plain']))} (plain least squares, same run)"
    worst = over(np.max, scores["ours"])
    return [Figure("compass calibration: direction, worst sweep", worst, CALIBRATION_DEG, "°", theirs, digits=2)]


MOTION = (
    Kind(
        "Pedalling, modelled leg with exact truth",
        "Thigh and shank sensor, 50 Hz, 90 s, unknown turn of each sensor on the leg. Largest cadence error of all "
        "revolutions, beside that of counting peaks of the knee's turn rate.",
        "gait/cycling_synth",
        "*.npz",
        ("paretic_3.npz", "ramp_2.npz", "steady_1.npz"),
        (
            "ride",
            "revolutions found",
            "mean rpm",
            "largest cadence error rpm",
            "by peaks rpm",
            "knee RMSE °",
            "knee angle given",
            "its zero °",
            WORDS,
        ),
        pedalled,
        pedalled_figures,
    ),
    Kind(
        "Attitude, optical reference",
        "Free motion, 9 axes, 285.7 Hz, scored while moving: RMS of the whole turn. With a magnet near, headings are "
        "aligned at the start, as they are relative there, and the library is run without its compass. Not aligned, "
        "what the magnet did to the heading before it was noticed stays in it.",
        "gait/orientation",
        "*.npz",
        tuple(
            f"{name}.npz"
            for name in (
                "02_undisturbed_slow_rotation_B",
                "09_undisturbed_fast_rotation_with_breaks_B",
                "15_undisturbed_fast_translation_A",
                "33_disturbed_attached_magnet_2cm",
            )
        ),
        (
            "trial",
            "ours °",
            "library alone °",
            "ours, not aligned °",
            "library with compass, not aligned °",
            "heading by compass",
            WORDS,
        ),
        attitude,
        attitude_figures,
    ),
    Kind(
        "Compass calibration, exact truth",
        "1500 raw samples on a distorted sphere: a full sweep, a leg's limited tilt, and a magnet that passes (4 % of "
        "the samples). Direction error of the samples that were not spoilt.",
        "gait/magcal_synth",
        "*.npz",
        ("full_1.npz", "leg_2.npz", "spike_3.npz"),
        ("sweep", "ours °", "plain least squares °", "residual", "coverage", "left out", WORDS),
        sweep,
        sweep_figures,
    ),
)
