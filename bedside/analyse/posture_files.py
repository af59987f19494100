"""Tracks of the centre of pressure from files: CSV, NPZ, and our own recordings. Units come from the names."""

import csv
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import CSV_TEXT, BadRecordingError
from bedside.analyse.imported import samples_at
from bedside.analyse.recorded import NS, WHOLE, Part, is_recording, plate_streams, rails_of, runs_of
from bedside.record.tables.mapping import Mapping as TableMapping
from dsp.posture import EvenTrack, resample

Array = NDArray[np.float64]
Columns = Mapping[str, Array]

NEWTON_PER_KG = 9.80665
CELLS = ("top_left", "bottom_left", "top_right", "bottom_right")
"""The two cells of the left side, then those of the right."""
BRIEF = {"tl": "top_left", "tr": "top_right", "bl": "bottom_left", "br": "bottom_right"}
AT_RAIL_REMEDY = "check that cell's cable and what presses on it, zero the empty plate and repeat the trial"
ACCELERATION = "acceleration_m_s2"
X_NAMES = ("cop_x_cm", "cop_ml_cm", "net_cop_ml_m")
Y_NAMES = ("cop_y_cm", "cop_ap_cm", "net_cop_ap_m")
MOMENTS = ("fz_n", "mx_nm", "my_nm")
LOADS: tuple[tuple[str, ...], ...] = (
    ("left", "right"),
    CELLS,
    tuple(f"{side}_{cell}" for side in ("left", "right") for cell in CELLS),
    ("fz",),
)
"""What loads a file may have, the best first: of two plates, of four cells, of two plates' cells, of the whole."""


@dataclass(frozen=True)
class Track:
    """One stand: `x_cm`, `y_cm` (n,), and where known the loads of the cells (n, cells) and of both sides (n,) in kg.

    `sampled_hz` is the instrument's own rate, `start_s` the time of the first sample as the file counts, `cells` the
    names of the loads' columns. `two_plates` says whether the sides are the legs' loads; `acceleration` (n,) is what a
    file with that column says of a perturbation; `notes` what was found while reading. `railed_s` are the cells of a
    recorded plate that were at an end of their range, each with how long at most (s).
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
    cells: tuple[str, ...] | None = None
    acceleration: Array | None = None
    start_s: float = 0.0
    notes: tuple[str, ...] = ()
    railed_s: Mapping[str, float] = field(default_factory=dict)

    @property
    def railed(self) -> str | None:
        """What the driver said of cells at their rail, None where there were none."""
        if not self.railed_s:
            return None
        cells = ", ".join(f"{cell.replace('_', ' ')} for {seconds:.1f} s" for cell, seconds in self.railed_s.items())
        return f"the plate was at its rail ({cells}): that load is not known"


def read_track(
    path: Path,
    stream: str | None = None,
    rate_hz: float | None = None,
    part: Part = WHOLE,
    mapping: TableMapping | None = None,
) -> Track:
    """Read a file, or a part of a recording's stream; `rate_hz` asks for a rate. Raises BadRecordingError.

    With a `mapping` the file is another program's table.
    """
    try:
        if mapping is not None:
            times, columns = samples_at(path, mapping)
        elif is_recording(path):
            return _recorded(path, stream, part, rate_hz)
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
    with path.open(newline="", encoding=CSV_TEXT) as lines:
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


def _recorded(path: Path, stream: str | None, part: Part, rate_hz: float | None) -> Track:
    plates = plate_streams(runs_of(path, part))
    if stream is None and len(plates) != 1:
        raise BadRecordingError(f"{path}: holds {len(plates)} plates ({', '.join(plates)}); name one with --stream")
    name = stream or next(iter(plates))
    if name not in plates:
        raise BadRecordingError(f"{path}: no plate {name!r} in it; there are {', '.join(plates) or 'none'}")
    run = plates[name]
    start_ns = int(run.times_ns[0]) if part.from_ns is None else part.from_ns
    columns = dict(zip(run.stream.channels, run.physical().T, strict=True))
    track = _track(path, (run.times_ns - start_ns) / NS, columns, rate_hz)
    # where a cell is at its rail there is no position: a look for it costs a second reading
    whole = all(np.isfinite(columns[name]).all() for name in (*X_NAMES, *Y_NAMES) if name in columns)
    return track if whole else replace(track, railed_s=rails_of(path, run.stream, part))


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
    cells = next((names for names in LOADS if all(name in kg for name in names)), None)
    if cells is None:
        notes.append("loads: none in the file; whether the person stood on the plate is not known")
    loads = None if cells is None else np.column_stack([kg[cell] for cell in cells])
    left = right = None
    if loads is not None and loads.shape[1] > 1:
        half = loads.shape[1] // 2
        left, right = loads[:, :half].sum(axis=1), loads[:, half:].sum(axis=1)
    return Track(
        path,
        x,
        y,
        even.rate_hz,
        even.measured_rate_hz,
        loads,
        left,
        right,
        two_plates=cells in (LOADS[0], LOADS[2]),
        cells=cells,
        acceleration=columns.get(ACCELERATION),
        start_s=even.start_s,
        notes=tuple(notes),
    )


def _in_kg(columns: Columns) -> dict[str, Array]:
    """Loads by the full name of plate and cell, whatever the file calls them."""
    sides = {"l_fv": "left", "r_fv": "right"}
    kg: dict[str, Array] = {}
    for name, column in columns.items():
        cell, _, unit = name.rpartition("_")
        if unit not in ("kg", "n"):
            continue
        plate, _, brief = cell.rpartition("_")
        full = BRIEF.get(brief, brief)
        cell = sides.get(cell) or (f"{plate}_{full}" if plate else full)
        kg[cell] = column / NEWTON_PER_KG if unit == "n" else column
    return kg
