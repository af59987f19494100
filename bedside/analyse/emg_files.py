"""Epochs of EMG from files: NPZ (epochs or continuous) and CSV. A refusal names the file, the key and the remedy."""

import csv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

BEFORE_MS, AFTER_MS = 200.0, 300.0
UNEVEN_STEPS = 0.01
CSV_TEXT = "utf-8-sig"
"""With or without the byte-order mark that spreadsheets put at the beginning."""


class BadRecordingError(Exception):
    """A file that cannot be measured; the text names file, key and remedy."""


@dataclass(frozen=True)
class Epochs:
    """Raw sweeps (k, channels, n) in uV with the pulse at `trigger_index`; `intensity_pct_mso` (k,) where known."""

    path: Path
    epochs_uv: Array
    rate_hz: float
    trigger_index: int
    channels: tuple[str, ...]
    intensity_pct_mso: tuple[float, ...] | None = None


def read_epochs(path: Path) -> Epochs:
    """Read a recording; the formats are described in docs/recordings.md. Raises BadRecordingError."""
    readers = {".npz": _read_npz, ".csv": _read_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadRecordingError(f"{path}: unknown kind of file {path.suffix!r}; give .npz or .csv")
    try:
        return reader(path)
    except FileNotFoundError as error:
        raise BadRecordingError(f"{path}: no such file") from error
    except (OSError, EOFError, zipfile.BadZipFile, UnicodeDecodeError, csv.Error) as error:
        raise BadRecordingError(f"{path}: cannot be read ({error}); is it complete?") from error


def _read_npz(path: Path) -> Epochs:
    arrays = _arrays(path)
    rate_hz = _scalar(path, arrays, "fs", "rate_hz")
    if not (np.isfinite(rate_hz) and rate_hz > 0):
        raise BadRecordingError(f"{path}: key 'fs' must be a positive rate in Hz, got {rate_hz}")
    if "pulse_index" in arrays:
        return _cut(path, arrays, rate_hz)
    epochs = _microvolts(path, arrays, ("raw_epochs_uv", "epochs_uv", "counts"))
    if epochs.ndim == 2:
        epochs = epochs[:, None, :]
    if epochs.ndim != 3:
        raise BadRecordingError(f"{path}: epochs must be (trials, n) or (trials, channels, n), got {epochs.shape}")
    trigger = _scalar(path, arrays, "t0_index", "trigger_index")
    if not 0 <= trigger < epochs.shape[2]:
        raise BadRecordingError(f"{path}: key 't0_index' is {trigger:g}, outside the {epochs.shape[2]} samples")
    names, at = _names(path, arrays, epochs.shape[1]), _intensities(path, arrays, epochs.shape[0])
    return Epochs(path, epochs, rate_hz, int(trigger), names, at)


def _arrays(path: Path) -> dict[str, NDArray[np.generic]]:
    try:
        with path.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile):
                raise BadRecordingError(f"{path}: holds a single array, not an .npz archive")
            return {key: np.asarray(loaded[key]) for key in loaded.files}
    except ValueError as error:
        raise BadRecordingError(f"{path}: is no .npz archive of plain arrays ({error})") from error


def _cut(path: Path, arrays: Mapping[str, NDArray[np.generic]], rate_hz: float) -> Epochs:
    """Sweeps around the pulses of a continuous recording; what lies outside it is NaN."""
    samples = _microvolts(path, arrays, ("samples_uv", "counts"))
    if samples.ndim != 2:
        raise BadRecordingError(f"{path}: a continuous recording must be (n, channels), got {samples.shape}")
    before, after = round(BEFORE_MS * rate_hz / 1000), round(AFTER_MS * rate_hz / 1000)
    pulses = _numbers(path, "pulse_index", arrays["pulse_index"]).ravel().astype(int)
    if pulses.size == 0 or pulses.min() < 0 or pulses.max() >= samples.shape[0]:
        raise BadRecordingError(f"{path}: key 'pulse_index' is empty or points outside the {samples.shape[0]} samples")
    padded = np.pad(samples, ((before, after), (0, 0)), constant_values=np.nan)
    epochs = np.stack([padded[pulse : pulse + before + after].T for pulse in pulses])
    names, at = _names(path, arrays, samples.shape[1]), _intensities(path, arrays, pulses.size)
    return Epochs(path, epochs, rate_hz, before, names, at)


def _microvolts(path: Path, arrays: Mapping[str, NDArray[np.generic]], keys: tuple[str, ...]) -> Array:
    key = next((key for key in keys if key in arrays), None)
    if key is None:
        raise BadRecordingError(f"{path}: none of the keys {', '.join(keys)}; it has {', '.join(arrays) or 'none'}")
    values = _numbers(path, key, arrays[key])
    if key != "counts":
        return values
    if "uv_per_count" not in arrays:
        raise BadRecordingError(f"{path}: key 'counts' needs 'uv_per_count' beside it")
    scale = _numbers(path, "uv_per_count", arrays["uv_per_count"])
    try:
        return np.asarray(values * (scale[:, None] if values.ndim == 3 and scale.ndim == 1 else scale))
    except ValueError as error:
        raise BadRecordingError(f"{path}: key 'uv_per_count' {scale.shape} does not fit {values.shape}") from error


def _numbers(path: Path, key: str, array: NDArray[np.generic]) -> Array:
    if array.dtype.kind not in "iufb":
        raise BadRecordingError(f"{path}: key {key!r} holds no numbers but {array.dtype}")
    return array.astype(float)


def _scalar(path: Path, arrays: Mapping[str, NDArray[np.generic]], *keys: str) -> float:
    key = next((key for key in keys if key in arrays), None)
    if key is None:
        raise BadRecordingError(f"{path}: key {' or '.join(repr(key) for key in keys)} is missing")
    values = _numbers(path, key, arrays[key])
    if values.size != 1:
        raise BadRecordingError(f"{path}: key {key!r} must be one number, got shape {values.shape}")
    return float(values.item())


def _names(path: Path, arrays: Mapping[str, NDArray[np.generic]], count: int) -> tuple[str, ...]:
    given = arrays.get("channels", arrays.get("muscle"))
    if given is None:
        return tuple(f"channel {i + 1}" for i in range(count))
    names = tuple(str(name) for name in np.atleast_1d(given))
    if len(names) != count:
        raise BadRecordingError(f"{path}: key 'channels' names {len(names)}, there are {count}")
    return names


def _intensities(path: Path, arrays: Mapping[str, NDArray[np.generic]], count: int) -> tuple[float, ...] | None:
    if "intensity_pct_mso" not in arrays:
        return None
    at = _numbers(path, "intensity_pct_mso", arrays["intensity_pct_mso"]).ravel()
    if at.size != count:
        raise BadRecordingError(f"{path}: key 'intensity_pct_mso' has {at.size} values, there are {count} trials")
    if not np.all((at >= 0.0) & (at <= 100.0)):
        raise BadRecordingError(f"{path}: key 'intensity_pct_mso' must lie from 0 to 100 %MSO")
    return tuple(at.tolist())


def _read_csv(path: Path) -> Epochs:
    with path.open(newline="", encoding=CSV_TEXT) as lines:
        rows = [row for row in csv.reader(lines) if row]
    if len(rows) < 3 or rows[0][0].strip() != "time_ms" or len(rows[0]) < 2:
        raise BadRecordingError(f"{path}: the first line must be time_ms and a name for each sweep, then the samples")
    try:
        values = np.array(rows[1:], dtype=float)
    except ValueError as error:
        raise BadRecordingError(f"{path}: not a table of numbers ({error})") from error
    times = values[:, 0]
    steps = np.diff(times)
    step = float(np.median(steps))
    if not step > 0 or np.max(np.abs(steps - step)) > UNEVEN_STEPS * step + 1e-6:
        raise BadRecordingError(f"{path}: column time_ms must rise in equal steps")
    trigger = round(-times[0] / step)
    if not 0 <= trigger < times.size:
        raise BadRecordingError(f"{path}: column time_ms must pass 0, the pulse")
    names = tuple(name.strip() for name in rows[0][1:])
    return Epochs(path, values[:, 1:].T[None], 1000.0 / step, int(trigger), names)
