"""Pedalling from files: a thigh's and a shank's sensor of one leg or both, and the EMG beside them.

NPZ, CSV and our own recordings; docs/recordings.md describes the keys. A refusal names file, key and remedy.
"""

import csv
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import CSV_TEXT, BadRecordingError
from bedside.analyse.gait_files import refuse_other_times
from bedside.analyse.recorded import NS, WHOLE, Part, is_recording, motion_arrays, runs_of
from bedside.record.samples import SampleRun
from dsp.cycling import Segment

Array = NDArray[np.float64]
Arrays = Mapping[str, NDArray[np.generic]]

LEGS = ("left", "right")
PARTS = ("thigh", "shank")
PLACES = {f"{leg}_{part}": f"{part}_{leg}" for leg in LEGS for part in PARTS}
EMG_STREAM = "emg"
UNEVEN_STEPS = 0.05
MOST_EMG_S = 7200.0


@dataclass(frozen=True)
class Emg:
    """Channels (n, k) in uV, raw, NaN where samples are missing; the first one `start_s` after the first motion."""

    samples_uv: Array
    rate_hz: float
    channels: tuple[str, ...]
    start_s: float = 0.0


@dataclass(frozen=True)
class Pedalled:
    """What a file holds: sensors by leg ("left", "right", or "leg" where the file does not say), and EMG or None."""

    path: Path
    rate_hz: float
    legs: Mapping[str, tuple[Segment | None, Segment | None]]
    emg: Emg | None = None


def read_pedalling(path: Path, part: Part = WHOLE, emg_at: Path | None = None) -> Pedalled:
    """Read a file or a part of a recording; `emg_at` is a file of EMG on the same clock. Raises BadRecordingError."""
    if is_recording(path):
        arrays: Arrays = motion_arrays(path, part, PLACES)
        emg = _recorded_emg(path, part, int(arrays["start_ns"].item()))
    else:
        arrays = read_arrays(path)
        emg = emg_of(path, arrays, "emg_uv", "emg_fs", "emg_channels", "emg_start_s") if "emg_uv" in arrays else None
    if emg_at is not None:
        given = read_arrays(emg_at)
        key = next((key for key in ("samples_uv", "emg_uv") if key in given), "samples_uv")
        emg = emg_of(emg_at, given, key, "fs", "channels", "start_s")
    rate_hz = rate_of(path, arrays)
    prefixes = [f"{leg}_" for leg in LEGS if any(key.startswith((f"{leg}_thigh", f"{leg}_shank")) for key in arrays)]
    legs = {}
    for prefix in prefixes or [""]:
        thigh, shank = (segment_of(path, arrays, f"{prefix}{name}_") for name in PARTS)
        if thigh is None and shank is None:
            raise BadRecordingError(
                f"{path}: no sensor of a leg; keys like 'thigh_gyr' and 'thigh_acc' are wanted, "
                f"it has {', '.join(arrays) or 'none'}"
            )
        legs[prefix.rstrip("_") or "leg"] = (thigh, shank)
    return Pedalled(path, rate_hz, legs, emg)


def read_arrays(path: Path) -> Arrays:
    """The arrays of an NPZ, or a CSV's columns under the same names. Raises BadRecordingError."""
    if path.suffix.lower() not in (".npz", ".csv"):
        raise BadRecordingError(f"{path}: unknown kind of file {path.suffix!r}; give .npz, .csv or a recording")
    try:
        return _csv(path) if path.suffix.lower() == ".csv" else _npz(path)
    except FileNotFoundError as error:
        raise BadRecordingError(f"{path}: no such file") from error
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, csv.Error) as error:
        kind = "table of numbers" if path.suffix.lower() == ".csv" else ".npz archive of plain arrays"
        raise BadRecordingError(f"{path}: is no whole {kind} ({error})") from error


def emg_of(path: Path, arrays: Arrays, key: str, rate_key: str, names_key: str, start_key: str) -> Emg:
    """EMG from these keys. Raises BadRecordingError."""
    samples = arrays.get(key)
    if samples is None or samples.dtype.kind not in "iuf" or samples.ndim not in (1, 2):
        raise BadRecordingError(f"{path}: key {key!r} must be microvolts (n, channels)")
    samples_uv = samples.astype(float).reshape(samples.shape[0], -1)
    names = arrays.get(names_key)
    channels = tuple(f"channel {i + 1}" for i in range(samples_uv.shape[1]))
    if names is not None:
        channels = tuple(str(name) for name in np.atleast_1d(names))
        if len(channels) != samples_uv.shape[1]:
            raise BadRecordingError(
                f"{path}: key {names_key!r} names {len(channels)}, there are {samples_uv.shape[1]} channels"
            )
    start = _one(path, arrays, start_key) if start_key in arrays else 0.0
    return Emg(samples_uv, _positive(path, arrays, rate_key), channels, start)


def _npz(path: Path) -> Arrays:
    with path.open("rb") as stream:
        loaded = np.load(stream, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise BadRecordingError(f"{path}: holds a single array, not an .npz archive")
        return {key: np.asarray(loaded[key]) for key in loaded.files}


def _csv(path: Path) -> Arrays:
    """Columns NAME_x, NAME_y, NAME_z become NAME (n, 3); all others together are channels of EMG in uV."""
    with path.open(newline="", encoding=CSV_TEXT) as lines:
        rows = [row for row in csv.reader(lines) if row]
    if len(rows) < 3 or rows[0][0].strip() != "time_s" or len({len(row) for row in rows}) != 1:
        raise BadRecordingError(f"{path}: the first line must be time_s and names, and every line as long")
    values = np.array([[float(cell) if cell.strip() else np.nan for cell in row] for row in rows[1:]])
    steps = np.diff(values[:, 0])
    step = float(np.median(steps))
    if not step > 0 or not np.all(np.abs(steps - step) <= UNEVEN_STEPS * step):
        raise BadRecordingError(f"{path}: times must rise in equal steps; give lost samples as empty cells")
    columns = {name.strip(): values[:, at] for at, name in enumerate(rows[0]) if at}
    rate = np.array((values.shape[0] - 1) / (values[-1, 0] - values[0, 0]))
    motion = sorted({name[:-2] for name in columns if name.endswith(("gyr_x", "acc_x", "mag_x"))})
    arrays: dict[str, NDArray[np.generic]] = {"fs": rate, "start_s": values[0, 0]}
    for name in motion:
        axes = [f"{name}_{axis}" for axis in "xyz"]
        if any(axis not in columns for axis in axes):
            raise BadRecordingError(f"{path}: the columns {', '.join(axes)} belong together")
        arrays[name] = np.stack([columns[axis] for axis in axes], axis=1)
    if not motion:
        arrays["samples_uv"] = values[:, 1:]
        arrays["channels"] = np.array(list(columns))
    return arrays


def _recorded_emg(path: Path, part: Part, start_ns: int) -> Emg | None:
    run = runs_of(path, part).get(EMG_STREAM)
    if run is None:
        return None
    stream = run.stream
    if any(unit.lower() != "uv" for unit in stream.units):
        raise BadRecordingError(f"{path}: stream {stream.name!r} is not in microvolts but in {', '.join(stream.units)}")
    return Emg(_on_the_counter(path, run), _true_rate(run), stream.channels, (int(run.times_ns[0]) - start_ns) / NS)


def _on_the_counter(path: Path, run: SampleRun) -> Array:
    """The samples at the places of their numbers; what was lost stays NaN."""
    at = run.index - run.index[0]
    if at.size == 0 or np.any(np.diff(at) <= 0) or at[-1] > MOST_EMG_S * run.stream.rate_hz:
        raise BadRecordingError(f"{path}: stream {run.stream.name!r}: the device began to count again; analyse a part")
    samples = np.full((int(at[-1]) + 1, len(run.stream.channels)), np.nan)
    samples[at] = run.physical()
    return samples


def _true_rate(run: SampleRun) -> float:
    """By the station's clock, on which the motion lies too."""
    seconds = (int(run.times_ns[-1]) - int(run.times_ns[0])) / NS
    counted = int(run.index[-1] - run.index[0])
    return counted / seconds if seconds > 1.0 else run.stream.rate_hz


def rate_of(path: Path, arrays: Arrays) -> float:
    """Samples per second, which the times must agree with. Raises BadRecordingError."""
    rate_hz = _positive(path, arrays, "fs" if "fs" in arrays else "rate_hz" if "rate_hz" in arrays else "fs")
    refuse_other_times(path, arrays, rate_hz)
    return rate_hz


def _positive(path: Path, arrays: Arrays, key: str) -> float:
    value = _one(path, arrays, key)
    if not value > 0:
        raise BadRecordingError(f"{path}: key {key!r} must be a positive rate in Hz, got {value}")
    return value


def _one(path: Path, arrays: Arrays, key: str) -> float:
    given = arrays.get(key)
    if given is None or given.size != 1 or given.dtype.kind not in "iuf" or not math.isfinite(float(given.item())):
        raise BadRecordingError(f"{path}: key {key!r} must be one number")
    return float(given.item())


def segment_of(path: Path, arrays: Arrays, prefix: str) -> Segment | None:
    """The sensor whose keys begin with `prefix`; None where it has no key at all. Raises BadRecordingError."""
    gyro, accel = arrays.get(f"{prefix}gyr"), arrays.get(f"{prefix}acc")
    if gyro is None and accel is None:
        return None
    if gyro is None or accel is None:
        raise BadRecordingError(f"{path}: key '{prefix}{'gyr' if gyro is None else 'acc'}' is missing")
    for key, array in ((f"{prefix}gyr", gyro), (f"{prefix}acc", accel)):
        if array.dtype.kind not in "iuf":
            raise BadRecordingError(f"{path}: key {key!r} holds no numbers but {array.dtype}")
    received = arrays.get(f"{prefix}received")
    rows = gyro.shape[:1]
    if gyro.ndim != 2 or {gyro.shape, accel.shape} != {(*rows, 3)} or (received is not None and received.shape != rows):
        raise BadRecordingError(
            f"{path}: keys '{prefix}gyr' and '{prefix}acc' must both be (n, 3), '{prefix}received' (n,)"
        )
    return Segment(
        gyro.astype(float), accel.astype(float), None if received is None else np.asarray(received, dtype=bool)
    )
