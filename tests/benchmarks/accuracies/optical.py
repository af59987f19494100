"""Walking against cameras: markers on both feet, and the position of one foot's sensor."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import BadRecordingError
from tests.benchmarks.accuracies.gait_report import BEST, KALMAN, MS, PCT, SIDES, TURNS, WORDS, counts, of, words
from tests.benchmarks.accuracies.page import (
    Figure,
    Kind,
    Measured,
    Report,
    mean_abs,
    number,
    over,
    spread,
    unread,
)
from tests.helpers.gait_scores import against_contacts, against_mid_stances, double_support_s, event_errors
from tests.helpers.walking_feet import Recording

Array = NDArray[np.float64]


def step_errors(report: Report, recording: Recording) -> str:
    """Mean step length of both feet less that of the markers' footprints."""
    errors = []
    for side in SIDES:
        true_m = [step["length_m"] for step in recording.truth["steps"] if step["foot"] == side]
        ours_cm = ((report["summary"] or {}).get(side) or {}).get("step_length_cm")
        errors.append(None if ours_cm is None or not true_m else ours_cm - PCT * float(np.mean(true_m)))
    return " / ".join(number(error, 1, signed=True) for error in errors)


def markers(path: Path) -> Measured:
    """A straight walk with optical markers on both feet."""
    try:
        report, gait, recording = of(path)
    except BadRecordingError as error:
        return unread(9, error, path, "found", "time", "length", "ic", "tc", "double")
    strides = against_contacts(gait, recording)
    contacts, offs = (event_errors(gait, recording, kind)[0] for kind in ("ic", "tc"))
    summary = report["summary"] or {}
    both, cycle_s = summary.get("double_support_pct"), summary.get("gait_cycle_s")
    off_pct = None
    if both is not None and cycle_s:
        off_pct = both / 2 - PCT * float(np.mean(double_support_s(recording))) / cycle_s
    cells = (
        counts(report),
        f"{number(PCT * strides.found, 0)} %",
        number(over(mean_abs, MS * strides.time_s)),
        number(over(mean_abs, PCT * strides.length), 2),
        spread(strides.length, PCT),
        spread(contacts, MS),
        spread(offs, MS),
        number(off_pct, 2, signed=True),
        step_errors(report, recording),
        words(report),
    )
    scores = {"found": [strides.found], "time": strides.time_s, "length": strides.length, "ic": contacts, "tc": offs}
    known = [] if off_pct is None else [off_pct]
    return Measured((cells,), {**{key: np.asarray(one).tolist() for key, one in scores.items()}, "double": known})


def marker_figures(scores: Mapping[str, Array]) -> list[Figure]:
    """Over all walks with markers."""
    made = [
        Figure("healthy walk: strides found", over(np.mean, PCT * scores["found"]), 100, "%", f"93 ({BEST})", True, 1),
        Figure(
            "healthy walk: stride time, mean error", over(mean_abs, MS * scores["time"]), 4.5, "ms", f"9.4 ({BEST})"
        ),
        Figure(
            "healthy walk: stride length, mean error",
            over(mean_abs, PCT * scores["length"]),
            2.4,
            "%",
            f"2.5 ({KALMAN})",
        ),
    ]
    for key, name, peer in (("ic", "initial contact", "+27"), ("tc", "toe-off", "−4.5")):
        bias, sd = (over(how, MS * scores[key]) for how in (np.mean, np.std))
        size = None if bias is None else abs(bias)
        made.append(Figure(f"healthy walk: {name}, bias (size)", size, 10, "ms", f"{peer} ({BEST})"))
        made.append(Figure(f"healthy walk: {name}, spread (SD)", sd, 5, "ms", "not published"))
    double = over(mean_abs, scores["double"])
    made.append(
        Figure("healthy walk: double support, error", double, 1.5, "% of the stride", "not published", digits=2)
    )
    return made


def position(path: Path) -> Measured:
    """Turns in a small room with the optical position of one foot's sensor."""
    try:
        report, gait, recording = of(path)
    except BadRecordingError as error:
        return unread(4, error, path, "found", "count", "length")
    strides = against_mid_stances(gait, recording)
    count = len(recording.truth["strides"])
    cells = (
        f"{strides.length.size} of {count}",
        number(over(mean_abs, PCT * strides.length), 2),
        spread(strides.length, PCT),
        counts(report),
        words(report),
    )
    return Measured((cells,), {"found": [strides.length.size], "count": [count], "length": strides.length.tolist()})


def position_figures(scores: Mapping[str, Array]) -> list[Figure]:
    """Over all walks with turns."""
    found, count = float(scores["found"].sum()), float(scores["count"].sum())
    share = PCT * found / count if count else None
    length = over(mean_abs, PCT * scores["length"])
    return [
        Figure("many turns: strides found", share, 97, "%", f"95 ({BEST})", True, 1),
        Figure("many turns: stride length, mean error", length, 1.2, "%", f"1.2 ({KALMAN})", digits=2),
    ]


OPTICAL = (
    Kind(
        "Healthy walk, optical markers",
        "Both feet, 204.8 Hz. Errors against heel and toe markers; events were labelled on a grid of 10 ms.",
        "gait/foot_mocap",
        "*.npz",
        ("healthy_20m_out.npz",),
        (
            "recording",
            TURNS,
            "strides found",
            "stride time, mean error ms",
            "stride length, mean error %",
            "its bias ± SD %",
            "initial contact, bias ± SD ms",
            "toe-off, bias ± SD ms",
            "double support, error % of the stride",
            "step length (timing), error cm, left / right",
            WORDS,
        ),
        markers,
        marker_figures,
    ),
    Kind(
        "Many turns, optical position",
        "Right foot only, 200 Hz, short straight pieces and tight turns in a small room.",
        "gait/foot_vicon",
        "*.npz",
        tuple(f"walk_2017-11-22-11-{time}.npz" for time in ("22-46", "26-05", "38-45")),
        (
            "recording",
            "strides found",
            "stride length, mean error %",
            "its bias ± SD %",
            TURNS,
            WORDS,
        ),
        position,
        position_figures,
    ),
)
