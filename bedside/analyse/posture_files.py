"""Tracks of the centre of pressure from files: CSV, NPZ, and our own recordings. Units come from the names."""

import csv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import BadRecordingError
from bedside.record.samples import read_samples, segment_files, streams_in
from bedside.record.streams import SampleStream
from dsp.posture import EvenTrack, resample

Array = NDArray[np.float64]
Columns = Mapping[str, Array]

NEWTON_PER_KG = 9.80665
CELLS = ("tl", "bl", "tr", "br")
"""The two cells of the left side, then those of the right."""
X_NAMES = ("cop_x_cm", "cop_ml_cm", "net_cop_ml_m")
Y_NAMES = ("cop_y_cm", "cop_ap_cm", "net_cop_ap_m")
MOMENTS = ("fz_n", "mx_nm", "my_nm")


@dataclass(frozen=True)
class Track:
    """One stand: `x_cm`, `y_cm` (n,), and where known the loads of the cells (n, cells) and of both sides (n,) in kg.

    `sampled_hz` is the instrument's own rate. `two_plates` says whether the sides are the legs' loads; `notes` what was
    found while reading.
    """

    path: Path
    x_cm: Array
    y_cm: Array
    rate_hz: float
    sampled_hz: float
    loads_kg: Array | None = None
    left_kg: Array | None = None
    right_kg: Array | None = None
    two_plates: bool = False
    notes: tuple[str, ...] = ()


def read_track(path: Path, stream: str | None = None, rate_hz: float | None = None) -> Track:
    """Read a file, or the stream of a recording's folder; `rate_hz` asks for a rate. Raises BadRecordingError."""
    try:
        if path.is_dir() or path.suffix == ".mcap":
            times, columns = _recorded(path, stream)
        elif path.suffix.lower() == ".csv":
            times, columns = _from_csv(path)
        elif path.suffix.lower() == ".npz":
            times, columns = _from_npz(path)
        else:
            raise BadRecordingError(f"{path}: unknown kind of file {path.suffix!r}; give .csv, .npz or a recording")
        return _track(path, times, columns, rate_hz)
    except FileNotFoundError as error:
        raise BadRecordingError(f"{path}: no such file") from error
    except (OSError, EOFError, zipfile.BadZipFile, UnicodeDecodeError, csv.Error) as error:
        raise BadRecordingError(f"{path}: cannot be read ({error}); is it complete?") from error


def _from_csv(path: Path) -> tuple[Array, Columns]:
    with path.open(newline="", encoding="utf-8") as lines:
        rows = [row for row in csv.reader(lines) if row]
    if len(rows) < 3 or rows[0][0].strip() != "time_s":
        raise BadRecordingError(f"{path}: the first line must be time_s and the columns' names, then the samples")
    try:
        values = np.array([[float(cell) if cell.strip() else np.nan for cell in row] for row in rows[1:]])
    except ValueError as error:
        raise BadRecordingError(f"{path}: not a table of numbers ({error})") from error
    names = [name.strip() for name in rows[0]]
    if values.shape[1] != len(names):
        raise BadRecordingError(f"{path}: {len(names)} names but {values.shape[1]} columns")
    return values[:, 0], {name: values[:, i] for i, name in enumerate(names) if i}


def _from_npz(path: Path) -> tuple[Array, Columns]:
    try:
        with path.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile):
                raise BadRecordingError(f"{path}: holds a single array, not an .npz archive")
            arrays = {key: np.asarray(loaded[key]) for key in loaded.files}
    except ValueError as error:
        raise BadRecordingError(f"{path}: is no .npz archive of plain arrays ({error})") from error
    columns = {key: a.astype(float) for key, a in arrays.items() if a.ndim == 1 and a.dtype.kind in "iuf"}
    if "time_s" in columns:
        return columns.pop("time_s"), columns
    rate = next((arrays[key] for key in ("fs", "rate_hz") if key in arrays), None)
    if rate is None or rate.size != 1 or rate.dtype.kind not in "iuf" or not (np.isfinite(rate) & (rate > 0)).all():
        raise BadRecordingError(f"{path}: needs the key 'time_s', or 'fs' or 'rate_hz' as one positive rate in Hz")
    n = max((column.size for column in columns.values()), default=0)
    return np.arange(n) / float(rate.item()), columns


def _recorded(path: Path, stream: str | None) -> tuple[Array, Columns]:
    paths = [path] if path.is_file() else segment_files(path)
    plates = [
        name
        for name, kind in streams_in(paths).items()
        if isinstance(kind, SampleStream) and "cop_x_cm" in kind.channels
    ]
    if stream is None and len(plates) != 1:
        raise BadRecordingError(f"{path}: holds {len(plates)} plates ({', '.join(plates)}); name one with --stream")
    name = stream or plates[0]
    if name not in plates:
        raise BadRecordingError(f"{path}: no plate {name!r} in it; there are {', '.join(plates) or 'none'}")
    run = read_samples(paths, name)
    times = (run.times_ns - run.times_ns[0]) / 1e9
    return times, dict(zip(run.stream.channels, run.physical().T, strict=True))


def _track(path: Path, times: Array, columns: Columns, rate_hz: float | None) -> Track:
    columns = {name: column for name, column in columns.items() if not name.startswith(("raw_", "offset_"))}
    if any(column.size != times.size for column in columns.values()):
        raise BadRecordingError(f"{path}: the columns are not equally long ({times.size} times)")
    try:
        even = resample(times, np.column_stack(list(columns.values())) if columns else np.empty((0, 1)), rate_hz)
    except ValueError as error:
        raise BadRecordingError(f"{path}: column time_s: {error}") from error
    named = dict(zip(columns, even.values.T, strict=True))
    x, y = _position(path, named)
    return _with_loads(path, named, x, y, even)


def _position(path: Path, columns: Columns) -> tuple[Array, Array]:
    found = [next((name for name in names if name in columns), None) for names in (X_NAMES, Y_NAMES)]
    if None not in found:
        x, y = (columns[name] * (100.0 if name.endswith("_m") else 1.0) for name in found if name is not None)
        return x, y
    if all(name in columns for name in MOMENTS):
        fz, mx, my = (columns[name] for name in MOMENTS)
        pressed = np.where(fz > 0, fz, np.nan)
        return 100.0 * my / pressed, 100.0 * mx / pressed
    wanted = "cop_x_cm and cop_y_cm, cop_ml_cm and cop_ap_cm, net_cop_ml_m and net_cop_ap_m, or fz_n, mx_nm and my_nm"
    raise BadRecordingError(f"{path}: needs the columns {wanted}; it has {', '.join(columns) or 'none'}")


def _with_loads(path: Path, columns: Columns, x: Array, y: Array, even: EvenTrack) -> Track:
    kg = _in_kg(columns)
    notes = list(even.notes)
    loads = left = right = None
    two_plates = False
    if "l_fv" in kg and "r_fv" in kg:
        left, right, two_plates = kg["l_fv"], kg["r_fv"], True
        loads = np.column_stack((left, right))
    elif all(cell in kg for cell in CELLS):
        loads = np.column_stack([kg[cell] for cell in CELLS])
        left, right = loads[:, :2].sum(axis=1), loads[:, 2:].sum(axis=1)
    elif all(f"{side}_{cell}" in kg for side in ("left", "right") for cell in CELLS):
        loads, two_plates = np.column_stack([kg[f"{s}_{cell}"] for s in ("left", "right") for cell in CELLS]), True
        left, right = loads[:, :4].sum(axis=1), loads[:, 4:].sum(axis=1)
    elif "fz" in kg:
        loads = kg["fz"][:, None]
    else:
        notes.append("loads: none in the file; whether the person stood on the plate is not known")
    return Track(path, x, y, even.rate_hz, even.measured_rate_hz, loads, left, right, two_plates, tuple(notes))


def _in_kg(columns: Columns) -> dict[str, Array]:
    """Loads by cell, whatever the file calls it."""
    short = {"top_left": "tl", "top_right": "tr", "bottom_left": "bl", "bottom_right": "br"}
    kg: dict[str, Array] = {}
    for name, column in columns.items():
        cell, _, unit = name.rpartition("_")
        if unit not in ("kg", "n"):
            continue
        for long, brief in short.items():
            cell = cell.replace(long, brief)
        kg[cell] = column / NEWTON_PER_KG if unit == "n" else column
    return kg
