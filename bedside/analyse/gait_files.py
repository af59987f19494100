"""Two feet, and what else is worn on the legs, from files as docs/recordings.md describes them and our own recordings.

A refusal names the file, key and remedy.
"""

import csv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import CSV_TEXT, BadRecordingError
from bedside.analyse.recorded import WHOLE, Part, is_recording, motion_arrays
from dsp.cycling import Segment
from dsp.gait import Foot, Side
from dsp.gait.model import SIDES

UNEVEN_STEPS = 0.05
JITTER, CATCH_UP, LARGEST_RATE_GAP = 0.5, 2, 0.01
AXES = ("x", "y", "z")
PLACES = {"left": "foot_left", "right": "foot_right"}
SEGMENTS = ("thigh", "shank")
LEG_PLACES = {f"{side}_{part}": f"{part}_{side}" for side in SIDES for part in SEGMENTS}
SENSORS = (*PLACES, *LEG_PLACES)

Leg = tuple[Segment | None, Segment | None]


@dataclass(frozen=True)
class Feet:
    """What a file holds; a foot that is not in it is None, and so is what the file does not say.

    The ranges are those the sensors were set to, the belt's speed that of a treadmill. `legs` are thigh and shank of
    each side that has a sensor there, `leg_faults` say which of them cannot be read, and why. `common_clock` is false
    where the file says that the feet have two.
    """

    path: Path
    left: Foot | None
    right: Foot | None
    accel_range_g: float | None = None
    gyro_range_deg_s: float | None = None
    belt_speed_m_s: float | None = None
    legs: Mapping[Side, Leg] = field(default_factory=dict)
    leg_faults: Mapping[Side, tuple[str, ...]] = field(default_factory=dict)
    common_clock: bool = True


def read_feet(path: Path, part: Part = WHOLE) -> Feet:
    """Read one or both feet from a file, or from a part of a recording. Raises BadRecordingError."""
    if is_recording(path):
        return _feet(path, motion_arrays(path, part, PLACES, LEG_PLACES))
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
    rows = next(foot.gyro_rad_s.shape[0] for foot in (left, right) if foot is not None)
    legs = {side: leg for side in SIDES if any(leg := _leg(path, arrays, side, rows))}
    faults = {side: _faults(arrays, side) for side in SIDES}
    return Feet(path, left, right, **said, legs=legs, leg_faults=faults, common_clock=_common_clock(path, arrays))


def _npz(path: Path) -> dict[str, NDArray[np.generic]]:
    with path.open("rb") as stream:
        loaded = np.load(stream, allow_pickle=False)
        if not isinstance(loaded, np.lib.npyio.NpzFile):
            raise BadRecordingError(f"{path}: holds a single array, not an .npz archive")
        return {key: np.asarray(loaded[key]) for key in loaded.files}


def _csv(path: Path) -> dict[str, NDArray[np.generic]]:
    """Columns by name; an empty cell is a lost sample."""
    with path.open(newline="", encoding=CSV_TEXT) as lines:
        rows = [row for row in csv.reader(lines) if row]
    if len(rows) < 3 or rows[0][0].strip() != "time_s" or len({len(row) for row in rows}) != 1:
        raise BadRecordingError(f"{path}: the first line must be time_s,left_gyr_x,... and every line as long")
    values = np.array([[float(cell) if cell.strip() else np.nan for cell in row] for row in rows[1:]])
    columns = {name.strip(): values[:, at] for at, name in enumerate(rows[0])}
    found: dict[str, NDArray[np.generic]] = {"t": columns["time_s"]}
    for key in (f"{sensor}_{kind}" for sensor in SENSORS for kind in ("gyr", "acc")):
        names = [f"{key}_{axis}" for axis in AXES]
        if all(name in columns for name in names):
            found[key] = np.stack([columns[name] for name in names], axis=1)
    return found


def _common_clock(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> bool:
    given = arrays.get("common_clock")
    if given is not None and (given.size != 1 or given.dtype.kind not in "biu"):
        raise BadRecordingError(f"{path}: key 'common_clock' must be one true or false")
    return given is None or bool(given.item())


def _number(path: Path, arrays: Mapping[str, NDArray[np.generic]], key: str) -> float | None:
    given = arrays.get(key)
    if given is None:
        return None
    if given.size != 1 or given.dtype.kind not in "iuf" or not float(given.item()) > 0:
        raise BadRecordingError(f"{path}: key '{key}' must be one positive number")
    return float(given.item())


def refuse_other_times(path: Path, arrays: Mapping[str, NDArray[np.generic]], rate_hz: float) -> None:
    """Raise BadRecordingError where a file's times `t` are not those of its rate: samples lost, twice or backwards.

    A computer's stamp may be late, which the next ones make up for: that is no matter.
    """
    times = arrays.get("t")
    if times is None or times.size < 3 or times.dtype.kind not in "iuf":
        return
    steps = np.diff(times.astype(float).ravel()) * rate_hz
    around = np.convolve(np.pad(steps, CATCH_UP, mode="edge") - 1, np.ones(2 * CATCH_UP + 1), "valid")
    apart = np.abs(steps - 1) > JITTER
    wrong = np.flatnonzero(~(steps > 0) | (apart & ~(np.abs(around) <= JITTER)))
    if wrong.size:
        raise BadRecordingError(
            f"{path}: key 't' goes on by {steps[wrong[0]]:.3g} samples at row {wrong[0] + 1}; "
            "put the samples on an even grid and mark the lost ones"
        )
    if not abs(float(steps.mean()) - 1) <= LARGEST_RATE_GAP:
        raise BadRecordingError(f"{path}: by key 't' it has {rate_hz / steps.mean():.4g} Hz, by 'fs' {rate_hz:.4g} Hz")


def _rate(path: Path, arrays: Mapping[str, NDArray[np.generic]]) -> float:
    given = _number(path, arrays, "fs" if "fs" in arrays else "rate_hz")
    if given is not None:
        refuse_other_times(path, arrays, given)
        return given
    if "t" not in arrays or arrays["t"].size < 3 or arrays["t"].dtype.kind not in "iuf":
        raise BadRecordingError(f"{path}: key 'fs' is missing")
    steps = np.diff(arrays["t"].astype(float))
    step = float(np.median(steps))
    if not step > 0 or not np.all(np.abs(steps - step) <= UNEVEN_STEPS * step):
        raise BadRecordingError(f"{path}: times must rise in equal steps; give lost samples as empty cells")
    return 1.0 / step


def _foot(path: Path, arrays: Mapping[str, NDArray[np.generic]], side: str, rate_hz: float) -> Foot | None:
    found = _sensor(path, arrays, side, f"{side} foot")
    return None if found is None else Foot(found[0], found[1], rate_hz, found[2])


def _leg(path: Path, arrays: Mapping[str, NDArray[np.generic]], side: Side, rows: int) -> Leg:
    """Thigh and shank of a side."""
    parts: list[Segment | None] = []
    for part in SEGMENTS:
        found = _sensor(path, arrays, f"{side}_{part}", f"{side} {part}")
        if found is not None and found[0].shape[0] != rows:
            raise BadRecordingError(f"{path}: the keys of '{side}_{part}' must have {rows} rows of 3, as the feet have")
        parts.append(None if found is None else Segment(*found))
    return parts[0], parts[1]


def _faults(arrays: Mapping[str, NDArray[np.generic]], side: Side) -> tuple[str, ...]:
    keys = {part: f"{side}_{part}_fault" for part in SEGMENTS}
    return tuple(f"{part} not read: {arrays[key].item()}" for part, key in keys.items() if key in arrays)


def _sensor(
    path: Path, arrays: Mapping[str, NDArray[np.generic]], name: str, words: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_] | None] | None:
    """Turn rate, acceleration and what was received of one sensor; None where it has no key at all."""
    gyro, accel = arrays.get(f"{name}_gyr"), arrays.get(f"{name}_acc")
    if gyro is None and accel is None:
        return None
    if gyro is None or accel is None:
        raise BadRecordingError(f"{path}: the {words} needs both '{name}_gyr' and '{name}_acc'")
    if gyro.dtype.kind not in "iuf" or accel.dtype.kind not in "iuf":
        raise BadRecordingError(f"{path}: '{name}_gyr' and '{name}_acc' must be numbers")
    received = arrays.get(f"{name}_received")
    rows = gyro.shape[:1]
    if gyro.ndim != 2 or {gyro.shape, accel.shape} != {(*rows, 3)} or (received is not None and received.shape != rows):
        raise BadRecordingError(f"{path}: '{name}_gyr' and '{name}_acc' must both be (n, 3), '{name}_received' (n,)")
    return gyro.astype(float), accel.astype(float), None if received is None else received.astype(bool)
