"""Silent periods, input-output curves, and EMG without a pulse: what `bedside analyse` says of each file."""

from pathlib import Path

import numpy as np

from bedside.analyse.emg_files import BadRecordingError
from bedside.analyse.pedalling_emg import emg_report
from bedside.analyse.pedalling_files import Emg
from tests.benchmarks.accuracies.gait_report import WORDS
from tests.benchmarks.accuracies.page import NOTHING, Cells, Kind, Measured, analysed, counted, number, refused
from tests.benchmarks.accuracies.responses import FILES, window_options


def silences(path: Path) -> Measured:
    """Silent periods of the channels that contract, the curve where there are intensities, and RMS without a pulse."""
    curve = _curve(path)
    try:
        report = analysed("silent-period", path, *window_options(path))
    except BadRecordingError as error:
        return Measured(((NOTHING, *(NOTHING,) * 5, refused(error, path), curve),))
    rows: list[Cells] = []
    without: list[str] = []
    for one in report["sets"]:
        trials = [trial for trial in report["trials"] if trial["channel"] == one["channel"]]
        refusals = counted(str(trial["refusal"]) for trial in trials if trial["refusal"])
        if not one["measured"]:
            without.append(one["channel"])
            continue
        longest = [trial["longest_ms"] for trial in trials if trial["longest_ms"] is not None]
        words = [f"refused: {text}" for text in refusals]
        words += [f"{one['interrupted']} × interrupted"] if one["interrupted"] else []
        rows.append(
            (
                one["channel"],
                f"{one['measured']} of {one['trials']}",
                number(one["average_onset_ms"]),
                f"{number(one['return_ms'])} ± {number(one['return_sd_ms'])}",
                number(one["from_onset_ms"]),
                f"{number(min(longest))} to {number(max(longest))}",
                "; ".join(words) or "good",
                curve,
            )
        )
    if without:
        silent = [trial for trial in report["trials"] if trial["channel"] in without]
        words = [f"refused: {text}" for text in counted(str(trial["refusal"]) for trial in silent)]
        rows.append((", ".join(without), f"0 of {len(silent)}", *(NOTHING,) * 4, "; ".join(words), curve))
    return Measured(tuple(rows))


def _curve(path: Path) -> str:
    try:
        report = analysed("io-curve", path, *window_options(path))
    except BadRecordingError as error:
        return refused(error, path)
    return "; ".join(str(curve["refusal"] or "fitted") for curve in report["curves"])


def activity(path: Path) -> Measured:
    """RMS of EMG without any pulse, by the code that measures it while pedalling."""
    with np.load(path) as file:
        emg = Emg(file["emg_uv"].T.astype(float), float(file["fs"]), tuple(str(name) for name in file["channels"]))
    report = emg_report(emg, {}, None)
    if report["refusal"] is not None:
        return Measured(((NOTHING, NOTHING, f"refused: {report['refusal']}"),))
    return Measured(
        tuple(
            (
                one["name"],
                number(one["rms_uv"]),
                f"refused: {one['refusal']}" if one["refusal"] else "; ".join(one["flags"]) or "good",
            )
            for one in report["channels"]
        )
    )


SILENCES = (
    Kind(
        "Silent periods and input-output curves",
        "Times in ms, mean of the sweeps that could be measured; the return counts from the pulse. Half of the mean "
        "over 5 ms gives silences of 64 to 101 ms that end 159 to 241 ms after the pulse on `leg8_active_sweeps_5k` "
        "`Chan1`. No file has the intensities that a curve needs.",
        "emg",
        "*.npz",
        FILES,
        (
            "file",
            "channel",
            "sweeps measured",
            "onset of the mean",
            "return ± SD",
            "from the onset",
            "longest silence",
            "silent period: what the program says",
            "curve: what the program says",
        ),
        silences,
    ),
    Kind(
        "EMG without a pulse",
        "Thirteen muscles of one leg on a treadmill, 5 s: RMS after the high-pass that pedalling uses. No reference.",
        "emg",
        "walk_*.npz",
        ("walk_13leg_1k.npz",),
        ("file", "channel", "RMS µV", WORDS),
        activity,
    ),
)
