"""Sweeps around the stimulator's triggers in our own recordings, beside those of other files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import AFTER_MS, BEFORE_MS, BadRecordingError, Epochs, read_epochs
from bedside.analyse.recorded import WHOLE, Part, is_recording, runs_of
from bedside.record.samples import SampleRun, read_states, segment_files
from bedside.record.streams import PULSES

EMG = "emg"
REPORTED_WITHIN_NS = 250_000_000
"""A pulse's report reaches the station this close to the block with its trigger, or is not taken for it."""

State = tuple[int, Mapping[str, Any]]


def read_sweeps(path: Path, part: Part = WHOLE) -> Epochs:
    """Sweeps of a file, or of a part of our own recording. Raises BadRecordingError naming file and remedy."""
    if is_recording(path):
        return recorded_sweeps(path, part)
    if part != WHOLE:
        raise BadRecordingError(f"{path}: --from-ns and --to-ns are for our own recordings")
    return read_epochs(path)


def recorded_sweeps(path: Path, part: Part = WHOLE) -> Epochs:
    """200 ms before to 300 ms after every recorded trigger; lost samples are NaN.

    A sweep's intensity is what the stimulator reported for the one pulse near its trigger; None for all when that is
    not so for each.
    """
    run = runs_of(path, part).get(EMG)
    if run is None:
        raise BadRecordingError(f"{path}: no EMG in it")
    if np.any(np.diff(run.index) <= 0):
        raise BadRecordingError(f"{path}: the amplifier began to count anew in it; name a part with --from-ns, --to-ns")
    folder = path / "raw" if (path / "raw").is_dir() else path
    states = read_states([path] if path.is_file() else segment_files(folder), PULSES.name)
    first, last = int(run.index[0]), int(run.index[-1])
    triggers = [one for one in states if one[1].get("source") == "trigger" and first <= one[1]["sample"] <= last]
    if not triggers:
        raise BadRecordingError(
            f"{path}: no trigger among its EMG samples; is the stimulator's trigger line connected?"
        )
    rate_hz = run.stream.rate_hz
    before, after = round(BEFORE_MS * rate_hz / 1000), round(AFTER_MS * rate_hz / 1000)
    at = [int(data["sample"]) for _, data in triggers]
    return Epochs(
        path,
        _cut(run, at, before, after),
        rate_hz,
        before,
        run.stream.channels,
        _intensities(triggers, [one for one in states if one[1].get("source") != "trigger"]),
    )


def _cut(run: SampleRun, triggers: Sequence[int], before: int, after: int) -> NDArray[np.float64]:
    """(triggers, channels, before + after) in uV; NaN where no sample is."""
    values = run.physical()
    epochs = np.full((len(triggers), before + after, values.shape[1]), np.nan)
    for number, trigger in enumerate(triggers):
        rows = slice(*np.searchsorted(run.index, [trigger - before, trigger + after]))
        epochs[number, run.index[rows] - (trigger - before)] = values[rows]
    return np.asarray(np.swapaxes(epochs, 1, 2))


def _intensities(triggers: Sequence[State], reports: Sequence[State]) -> tuple[float, ...] | None:
    found = []
    for at_ns, _ in triggers:
        near = [data for told_ns, data in reports if abs(told_ns - at_ns) <= REPORTED_WITHIN_NS]
        if len(near) != 1 or near[0].get("amplitude_pct_mso") is None:
            return None
        found.append(float(near[0]["amplitude_pct_mso"]))
    return tuple(found)
