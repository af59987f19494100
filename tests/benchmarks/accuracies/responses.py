"""Evoked responses, curves and silent periods: what `bedside analyse` says of each file of EMG, against its labels."""

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import BadRecordingError, read_epochs
from tests.benchmarks.accuracies.gait_report import WORDS
from tests.benchmarks.accuracies.page import (
    NOTHING,
    Cells,
    Figure,
    Kind,
    Measured,
    analysed,
    counted,
    number,
    over,
    unread,
)
from tests.benchmarks.bench_mep import POOLED_BARS
from tests.benchmarks.onset_peers import PEERS

Array = NDArray[np.float64]
MUSCLE = {
    "ta_lici_3k": "ta",
    "ta_repsupp_3k": "ta",
    "ecr_recruitment_3k": "ecr",
    "fdi_single_3k": "fdi",
    "fdi_ecr_continuous_5k": "fdi",
    "fdi_apb_sweeps_5k": "fdi",
}
WINDOW_MS = {"ta": ("20", "50"), "ecr": ("13", "45"), "fdi": ("15", "50")}
"""Where a response may begin: as wide as the other methods were given on these files."""
NEAR_MS = 1.0
MUSCLE_GROUP = {"ta": "tibialis anterior", "fdi": "hand", "ecr": "wrist"}
LABELLED = {"TA": "ta", "FDI": "fdi", "RFDI": "fdi", "ECR": "ecr"}
"""Channels whose labels have an onset."""
PACKAGES = {
    "tibialis anterior": "biosppy 2.2.4 hodges_bui 70 and 86, neurokit2 0.2.13 default 0 and 3",
    "hand": "biosppy 2.2.4 hodges_bui 93, under hum 12; neurokit2 0.2.13 default 0",
    "wrist": "biosppy 2.2.4 hodges_bui 22, neurokit2 0.2.13 default 0",
}
"""Onsets within 1 ms (%) as published packages give them, by file."""
FILES = tuple(
    f"{name}.npz"
    for name in (
        *MUSCLE,
        "ipsi_5traces_1k",
        "leg8_active_sweeps_5k",
        "ta_sol_sweeps_2k",
        "walk_13leg_1k",
    )
)


def window_options(path: Path) -> tuple[str, ...]:
    """Options of the muscle in a file; of a leg's where the file does not say."""
    muscle = MUSCLE.get(path.stem, "ta")
    return ("--muscle", muscle, "--window-ms", *WINDOW_MS[muscle])


def labels(path: Path) -> dict[tuple[int, str], dict[str, str]]:
    """Labels of a file by trial and channel."""
    listed = path.parent / "labels.csv"
    if not listed.is_file():
        return {}
    with listed.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["file"] == path.name]
    return {(int(row["trial"]), row["channel"]): row for row in rows}


def responses(path: Path) -> Measured:
    """Every channel of a file of sweeps."""
    try:
        report = analysed("mep", path, *window_options(path))
    except BadRecordingError as error:
        group = MUSCLE_GROUP.get(MUSCLE.get(path.stem, ""))
        return unread(9, error, path, *(f"{group} {key}" for key in ("found", "off") if group))
    known = labels(path)
    rows: list[Cells] = []
    scores: dict[str, list[float]] = {}
    for channel in [one["channel"] for one in report["sets"]]:
        trials = [one for one in report["trials"] if one["channel"] == channel]
        cells, made = _channel(trials, {trial: row for (trial, of), row in known.items() if of == channel})
        rows.append((channel, *cells))
        if made and channel in LABELLED:
            group = MUSCLE_GROUP[LABELLED[channel]]
            for key, values in (made | peers(path, channel, known)).items():
                scores.setdefault(f"{group} {key}", []).extend(values)
    return Measured(tuple(rows), scores)


def peers(path: Path, channel: str, known: Mapping[tuple[int, str], dict[str, str]]) -> dict[str, list[float]]:
    """Whether each common method puts the labelled onsets of a channel within 1 ms."""
    epochs = read_epochs(path)
    at = epochs.channels.index(channel)
    first, last = WINDOW_MS[MUSCLE[path.stem]]
    made: dict[str, list[float]] = {}
    for (trial, of), label in known.items():
        if of != channel or not label["onset_ms"] or label["certain"] != "1":
            continue
        for name, method in PEERS.items():
            sweep = epochs.epochs_uv[trial, at]
            _, onset_ms = method(sweep, epochs.rate_hz, epochs.trigger_index, (float(first), float(last)))
            near = onset_ms is not None and abs(onset_ms - float(label["onset_ms"])) <= NEAR_MS
            made.setdefault(f"by {name}", []).append(near)
    return made


def _best_peer(scores: Mapping[str, Array], muscle: str) -> str:
    """The best of the common methods in the same run, and the packages."""
    shares = {key: 100.0 * float(np.mean(near)) for key, near in scores.items() if key.startswith(f"{muscle} by ")}
    best = max(shares, key=lambda key: shares[key], default=None)
    own = [] if best is None else [f"{number(shares[best])} ({best.removeprefix(f'{muscle} by ')}, same run)"]
    return "; ".join([*own, PACKAGES[muscle]])


def _channel(
    trials: list[dict[str, object]], known: Mapping[int, dict[str, str]]
) -> tuple[Cells, dict[str, list[float]]]:
    found: list[float] = []
    clean: list[float] = []
    onset_ms: list[float] = []
    size_uv: list[float] = []
    for one in trials:
        label = known.get(int(str(one["trial"])))
        if label is None:
            continue
        late, size = one["latency_ms"], one["amplitude_uv"]
        if label["present"] == "0":
            clean.append(late is None)
            continue
        if isinstance(size, float) and label["p2p_uv"]:
            size_uv.append(abs(size - float(label["p2p_uv"])))
        if label["onset_ms"] and label["certain"] == "1":
            found.append(late is not None)
            onset_ms += [late - float(label["onset_ms"])] if isinstance(late, float) else []
    off = np.abs(onset_ms)
    void = [str(one["reason"]) for one in trials if not one["valid"]]
    cells = (
        str(len(trials)),
        str(len(trials) - len(void)),
        str(sum(bool(one["present"]) and bool(one["valid"]) for one in trials)),
        f"{int(sum(found))} of {len(found)}" if found else NOTHING,
        f"{int(sum(clean))} of {len(clean)}" if clean else NOTHING,
        number(over(np.median, off), 2),
        f"{number(100 * float(np.mean(off <= NEAR_MS)), 0)} %" if off.size else NOTHING,
        number(over(np.median, np.array(size_uv))),
        "; ".join(f"void: {text}" for text in counted(void)) or "good",
    )
    return cells, {"found": found, "off": off.tolist()} if found else {}


def response_figures(scores: Mapping[str, Array]) -> list[Figure]:
    """All labelled onsets of a muscle together."""
    bars = {muscle: bar for muscle, (_, bar) in POOLED_BARS.items()} | {"wrist": 100.0}
    made = []
    for muscle, bar in bars.items():
        found, off = (scores.get(f"{muscle} {key}") for key in ("found", "off"))
        share = None if off is None or found is None else 100.0 * float(np.sum(off <= NEAR_MS)) / found.size
        made += [
            Figure(f"responses, {muscle}: found", over(lambda one: 100 * np.mean(one), found), 100, "%", NOTHING, True),
            Figure(f"responses, {muscle}: onset within 1 ms", share, bar, "%", _best_peer(scores, muscle), True),
        ]
    return made


RESPONSES = (
    Kind(
        "Evoked responses",
        "Raw sweeps where the file has them; a response may begin from 20 to 50 ms (leg), 15 to 50 ms (hand), 13 to "
        "45 ms (wrist) after the pulse; files without a label are read as a leg's. Labels of the 3 kHz files are their "
        "authors' own algorithm, the others were read by eye; found, blanks and onsets count labels that are certain, "
        "void sweeps included. `walk_13leg_1k` has no pulses.",
        "emg",
        "*.npz",
        FILES,
        (
            "file",
            "channel",
            "sweeps",
            "that count",
            "with a response",
            "labelled ones found",
            "blanks left blank",
            "onset, median error ms",
            "within 1 ms",
            "amplitude, median error µV",
            WORDS,
        ),
        responses,
        response_figures,
    ),
)
