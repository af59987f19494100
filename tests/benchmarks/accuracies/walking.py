"""Walking after a stroke on a belt of known speed, with events checked by hand, and without a reference."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import BadRecordingError
from tests.benchmarks.accuracies.gait_report import BEST, MS, PCT, SIDES, TURNS, WORDS, counts, of, sides_of, words
from tests.benchmarks.accuracies.page import NOTHING, Figure, Kind, Measured, mean_abs, number, over, spread, unread
from tests.helpers.gait_scores import event_errors

Array = NDArray[np.float64]


def by_hand(path: Path) -> Measured:
    """Contacts checked by hand, packets lost."""
    try:
        report, gait, recording = of(path)
    except BadRecordingError as error:
        return unread(7, error, path, "ic", "ic count", "ic given", "tc", "tc count", "tc given")
    cells = [counts(report)]
    scores: dict[str, list[float]] = {}
    for kind in ("ic", "tc"):
        errors, count, given = event_errors(gait, recording, kind)
        cells += [f"{errors.size} of {count}", f"{given - errors.size}", spread(errors, MS, 0)]
        scores |= {kind: errors.tolist(), f"{kind} count": [count], f"{kind} given": [given]}
    return Measured(((*cells, words(report)),), scores)


def hand_figures(scores: Mapping[str, Array]) -> list[Figure]:
    """Over all walks whose events were checked by hand."""
    made = []
    for key, name, spread_peer in (("ic", "initial contact", "20"), ("tc", "toe-off", "15")):
        size, count, given = scores[key].size, scores[f"{key} count"].sum(), scores[f"{key} given"].sum()
        recall, precision = (size / total if total else None for total in (float(count), float(given)))
        sd = over(np.std, MS * scores[key])
        made += [
            Figure(f"lost packets: {name}, recall", recall, 0.95, "", f"0.74 of strides ({BEST})", True, 3),
            Figure(f"lost packets: {name}, precision", precision, 0.95, "", f"0.97 of strides ({BEST})", True, 3),
            Figure(f"lost packets: {name}, spread (SD)", sd, 18, "ms", f"{spread_peer} ({BEST})"),
        ]
    return made


def belt(path: Path) -> Measured:
    """A person after a stroke on a belt of known speed. The program is told of the belt, not of its speed."""
    try:
        report, _, recording = of(path, "--belt")
    except BadRecordingError as error:
        return unread(6, error, path, "share", "speed")
    summary, speed = report["summary"] or {}, float(recording.truth["belt_speed_m_s"])
    feet = [summary.get(side) or {} for side in SIDES]
    cycle_s = summary.get("gait_cycle_s")
    expected = int(recording.lasts_s / cycle_s) if cycle_s else 0
    found = [foot.get("strides", 0) + foot.get("turns", 0) for foot in feet]
    shares = [min(1.0, one / expected) if expected else 0.0 for one in found]
    errors = [PCT * (one / speed - 1) for foot in feet if (one := foot.get("speed_m_s")) is not None]
    cells = (
        f"{found[0]} / {found[1]} of {expected or NOTHING}",
        f"{speed:g}",
        sides_of(report, "speed_m_s", 3),
        " / ".join(number(error, 1, signed=True) for error in errors) or NOTHING,
        sides_of(report, "stance_pct", 1),
        sides_of(report, "step_length_cm", 1),
        words(report),
    )
    return Measured((cells,), {"share": shares, "speed": errors})


def belt_figures(scores: Mapping[str, Array]) -> list[Figure]:
    """Over all feet on the belt."""
    worst = over(np.min, PCT * scores["share"])
    default = "gaitmap 2.6.0, default or constrained DTW"
    return [
        Figure("stroke on a belt: strides found, worst foot", worst, 99, "%", f"0 ({default})", True, 1),
        Figure(
            "stroke on a belt: speed, mean error of all feet",
            over(mean_abs, scores["speed"]),
            1.0,
            "%",
            f"1.8 of the feet it found, 5 of 8 ({default})",
            digits=2,
        ),
    ]


def without(path: Path) -> Measured:
    """No reference, and feet on two clocks: it must run, and claim nothing that it did not measure."""
    try:
        report, _, _ = of(path, "--two-clocks")
    except BadRecordingError as error:
        return unread(6, error, path)
    keys = (
        ("gait_cycle_s", 3),
        ("stance_pct", 1),
        ("initial_double_support_pct", 1),
        ("stride_length_cm", 1),
        ("speed_m_s", 2),
    )
    return Measured(((counts(report), *(sides_of(report, *key) for key in keys), words(report)),))


WALKING = (
    Kind(
        "Walking after a stroke, treadmill",
        "Both feet, 100 Hz, 60 s at a fixed belt speed. The program knows that it is a belt, not how fast. Values are "
        "left / right; expected strides are the duration over the mean gait cycle.",
        "gait/stroke_treadmill",
        "*.npz",
        tuple(f"stroke_{name}.npz" for name in ("p02_1", "p03_5", "p05_2", "p11_2")),
        (
            "recording",
            "strides found",
            "belt m/s",
            "feet m/s",
            "speed error %",
            "stance %",
            "step length (timing) cm",
            WORDS,
        ),
        belt,
        belt_figures,
    ),
    Kind(
        "Walking with lost packets, events checked by hand",
        "Both feet, 100 Hz, up to a tenth of the packets lost; the annotators' grid is 10 ms.",
        "gait/foot_events_agpl",
        "*.npz",
        tuple(f"healthy_{number}-1.npz" for number in (1, 4, 7, 10, 13, 16)),
        (
            "recording",
            TURNS,
            "initial contacts found",
            "given beside them",
            "bias ± SD ms",
            "toe-offs found",
            "given beside them",
            "bias ± SD ms",
            WORDS,
        ),
        by_hand,
        hand_figures,
    ),
    Kind(
        "Walking with multiple sclerosis, no reference",
        "Both feet, 102.4 Hz. Their clocks are not synchronous, which the file does not say and its samples do not "
        "show: the program was told. Values are left / right.",
        "gait/pathological_noref",
        "*.npz",
        ("ms_long_walk.npz",),
        (
            "recording",
            TURNS,
            "gait cycle s",
            "stance %",
            "double support, initial %",
            "stride length cm",
            "speed m/s",
            WORDS,
        ),
        without,
    ),
)
