"""Two feet from files: NPZ and CSV as docs/recordings.md describes them, and our own recordings.

A refusal names the file, key and remedy.
"""

import csv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import BadRecordingError
from bedside.analyse.recorded import WHOLE, Part, is_recording, motion_arrays
from dsp.gait import Foot

UNEVEN_STEPS = 0.05
AXES = ("x", "y", "z")
PLACES = {"left": "foot_left", "right": "foot_right"}


@dataclass(frozen=True)
class Feet:
    """What a file holds; a foot that is not in it is None, and so is what the file does not say.

    The ranges are those the sensors were set to, the belt's speed that of a treadmill.
    """

    path: Path
    left: Foot | None
    right: Foot | None
    accel_range_g: float | None = None
    gyro_range_deg_s: float | None = None
    belt_speed_m_s: float | None = None


def read_feet(path: Path, part: Part = WHOLE) -> Feet:
    """Read one or both feet from a file, or from a part of a recording. Raises BadRecordingError."""
    if is_recording(path):
        return _feet(path, motion_arrays(path, part, PLACES))
    readers = {".npz": _npz, ".csv": _csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadRecordingError(f"{path}: unknown kind of file {path.suffix!r}; give .npz, .csv or a recording")
    try:
        arrays = reader(path)
    except FileNotFoundError as error:
        raise BadRecordingError(f"{path}: no such file") from error
    except (OSError, EOFError, zipfile.BadZipFile, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise BadRecordingError(f"{path}: cannot be read ({error}); is it complete?") from error
    return _feet(path, arrays)


def _feet(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> Feet:
    rate_hz = _rate(path, arrays)
    left, right = (_foot(path, arrays, side, rate_hz) for side in ("left", "right"))
    if left is None and right is None:
        raise BadRecordingError(f"{path}: neither 'left_gyr' with 'left_acc' nor 'right_gyr' with 'right_acc'")
    said = {key: _number(path, arrays, key) for key in ("accel_range_g", "gyro_range_deg_s", "belt_speed_m_s")}
    return Feet(path, left, right, **said)


def _npz(path: Path) -> dict[str, NDArray[np.generic]]:
    with path.open("rb") as stream:
        loaded = np.load(stream, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise BadRecordingError(f"{path}: holds a single array, not an .npz archive")
        return {key: np.asarray(loaded[key]) for key in loaded.files}


def _csv(path: Path) -> dict[str, NDArray[np.generic]]:
    """Columns by name; an empty cell is a lost sample."""
    with path.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.reader(lines) if row]
    if len(rows) < 3 or rows[0][0].strip() != "time_s" or len({len(row) for row in rows}) != 1:
        raise BadRecordingError(f"{path}: the first line must be time_s,left_gyr_x,... and every line as long")
    values = np.array([[float(cell) if cell.strip() else np.nan for cell in row] for row in rows[1:]])
    columns = {name.strip(): values[:, at] for at, name in enumerate(rows[0])}
    found: dict[str, NDArray[np.generic]] = {"t": columns["time_s"]}
    for key in ("left_gyr", "left_acc", "right_gyr", "right_acc"):
        names = [f"{key}_{axis}" for axis in AXES]
        if all(name in columns for name in names):
            found[key] = np.stack([columns[name] for name in names], axis=1)
    return found


def _number(path: Path, arrays: Mapping[str, NDArray[np.generic]], key: str) -> float | None:
    given = arrays.get(key)
    if given is None:
        return None
    if given.size != 1 or given.dtype.kind not in "iuf" or not float(given.item()) > 0:
        raise BadRecordingError(f"{path}: key '{key}' must be one positive number")
    return float(given.item())


def _rate(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> float:
    given = _number(path, arrays, "fs" if "fs" in arrays else "rate_hz")
    if given is not None:
        return given
    if "t" not in arrays or arrays["t"].size < 3 or arrays["t"].dtype.kind not in "iuf":
        raise BadRecordingError(f"{path}: key 'fs' is missing")
    steps = np.diff(arrays["t"].astype(float))
    step = float(np.median(steps))
    if not step > 0 or not np.all(np.abs(steps - step) <= UNEVEN_STEPS * step):
        raise BadRecordingError(f"{path}: times must rise in equal steps; give lost samples as empty cells")
    return 1.0 / step


def _foot(path: Path, arrays: Mapping[str, NDArray[np.generic]], side: str, rate_hz: float) -> Foot | None:
    gyro, accel = arrays.get(f"{side}_gyr"), arrays.get(f"{side}_acc")
    if gyro is None and accel is None:
        return None
    if gyro is None or accel is None:
        raise BadRecordingError(f"{path}: the {side} foot needs both '{side}_gyr' and '{side}_acc'")
    if gyro.dtype.kind not in "iuf" or accel.dtype.kind not in "iuf":
        raise BadRecordingError(f"{path}: '{side}_gyr' and '{side}_acc' must be numbers")
    received = arrays.get(f"{side}_received")
    return Foot(gyro.astype(float), accel.astype(float), rate_hz, None if received is None else received.astype(bool))
