"""Motion sensors from files, each on its own or several on one clock, with their magnetometers; see docs/recordings.md.

A refusal names file, key and remedy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import BadRecordingError
from bedside.analyse.pedalling_files import Arrays, rate_of, read_arrays, segment_of
from bedside.analyse.recorded import GYRO, NS, Part, even, is_recording, motion_arrays, recording_files, runs_of, worn
from bedside.record.samples import read_states
from bedside.record.streams import MAGNETIC
from dsp.cycling import Segment

Array = NDArray[np.float64]

ONLY = "sensor"
"""What a sensor is called whose file names it not."""
SLOWEST_FIELD_HZ = 20.0
"""A limb moves with up to 10 Hz; a slower magnetometer does not follow it."""


@dataclass(frozen=True)
class Sensor:
    """One sensor's samples, and its magnetometer's (n, 3) in uT, NaN where missing; `doubt` says why it has none."""

    motion: Segment
    mag_ut: Array | None
    doubt: str | None = None


@dataclass(frozen=True)
class Sensors:
    """All sensors of a file by name, on one even time axis."""

    path: Path
    rate_hz: float
    by_name: Mapping[str, Sensor]


def read_sensors(path: Path, part: Part, names: tuple[str, ...] = ()) -> Sensors:
    """Read the sensors of these names, or all, of a file or a part of a recording. Raises BadRecordingError."""
    found = _recorded(path, part, names) if is_recording(path) else _filed(path, names)
    missing = [name for name in names if name not in found.by_name]
    if missing or not found.by_name:
        there = (
            ", ".join(found.by_name) or "none; keys like 'gyr' and 'acc', or 'shank_gyr' and 'shank_acc', are wanted"
        )
        raise BadRecordingError(f"{path}: no sensor {' and '.join(missing) or 'at all'}; it has {there}")
    return found


def read_fields(path: Path, part: Part, names: tuple[str, ...] = ()) -> dict[str, Array]:
    """The magnetometer samples (n, 3) in uT of each sensor, whatever their rate. Raises BadRecordingError."""
    if is_recording(path):
        runs = runs_of(path, part)
        places = {run.stream.name: run.stream.place for run in runs.values()}
        fields = {places.get(name) or name: field for name, (_, field) in _magnetic(path, part).items()}
    else:
        arrays = read_arrays(path)
        keys = [key for key in arrays if key == "mag_raw" or _is(key, "mag")]
        fields = {_name(key.removesuffix("_raw"), "mag"): _vectors(path, arrays, key) for key in keys}
    wanted = {name: field for name, field in fields.items() if not names or name in names}
    if not wanted or set(names) - set(wanted):
        raise BadRecordingError(f"{path}: no magnetometer of {', '.join(names) or 'any sensor'}; key 'mag' is wanted")
    return wanted


def _filed(path: Path, names: tuple[str, ...]) -> Sensors:
    arrays = read_arrays(path)
    prefixes = sorted({key[:-3] for key in arrays for kind in ("gyr", "acc") if _is(key, kind)})
    rate_hz = rate_of(path, arrays)
    sensors: dict[str, Sensor] = {}
    for prefix in prefixes:
        name = _name(f"{prefix}gyr", "gyr")
        if names and name not in names:
            continue
        motion = segment_of(path, arrays, prefix)
        if motion is None:
            continue
        rows = motion.gyro_rad_s.shape[0]
        mag = _vectors(path, arrays, f"{prefix}mag") if f"{prefix}mag" in arrays else None
        if mag is not None and len(mag) != rows:
            raise BadRecordingError(f"{path}: key '{prefix}mag' must have {rows} rows, as '{prefix}gyr' has")
        sensors[name] = Sensor(motion, mag)
    return Sensors(path, rate_hz, sensors)


def _recorded(path: Path, part: Part, names: tuple[str, ...]) -> Sensors:
    runs = runs_of(path, part)
    moving = {run.stream.place for run in runs.values() if run.stream.place and GYRO[0] in run.stream.channels}
    places = {place: place for place in sorted(moving) if not names or place in names}
    arrays = motion_arrays(path, part, places or dict.fromkeys(names, ""))
    rate_hz, start_ns = float(arrays["fs"].item()), int(arrays["start_ns"].item())
    fields = _magnetic(path, part)
    sensors: dict[str, Sensor] = {}
    for place in places:
        motion = segment_of(path, arrays, f"{place}_")
        run = worn(path, runs, place)
        if motion is None or run is None:
            continue
        at_ns = np.asarray(start_ns + np.arange(len(motion.gyro_rad_s)) * (NS / rate_hz), dtype=float)
        times_ns, field = fields.get(run.stream.name, (np.empty(0, np.int64), np.empty((0, 3))))
        sensors[place] = _with_field(motion, times_ns, field, at_ns)
    return Sensors(path, rate_hz, sensors)


def _with_field(motion: Segment, times_ns: NDArray[np.int64], field: Array, at_ns: Array) -> Sensor:
    if times_ns.size < 2:
        return Sensor(motion, None)
    rate_hz = NS / float(np.median(np.diff(times_ns)))
    if not rate_hz >= SLOWEST_FIELD_HZ:
        return Sensor(motion, None, f"the magnetometer has {rate_hz:.3g} Hz only: too slow to steer by")
    values, received = even(times_ns, field, rate_hz, at_ns)
    return Sensor(motion, np.where(received[:, None], values, np.nan))


def _magnetic(path: Path, part: Part) -> dict[str, tuple[NDArray[np.int64], Array]]:
    """Times (n,) and field (n, 3) of each device in a part of a recording; a reading without a unit is left out."""
    found: dict[str, list[tuple[int, list[float]]]] = {}
    for mono_ns, said in read_states(recording_files(path), MAGNETIC.name):
        field = [np.nan if one is None else float(one) for one in said["field_ut"]]
        if np.isfinite(field).all():
            found.setdefault(str(said["device"]), []).append((mono_ns, field))
    late_ms = dict(part.late_ms)
    kept = {}
    for device, rows in found.items():
        rows.sort(key=lambda row: row[0])
        times_ns = np.array([row[0] for row in rows], np.int64) - round(late_ms.get(device, 0.0) * 1e6)
        inside = part.mask(times_ns) & np.append(True, np.diff(times_ns) > 0)
        if inside.any():
            kept[device] = times_ns[inside], np.array([row[1] for row in rows])[inside]
    return kept


def _is(key: str, kind: str) -> bool:
    return key == kind or key.endswith(f"_{kind}")


def _name(key: str, kind: str) -> str:
    return key.removesuffix(kind).rstrip("_") or ONLY


def _vectors(path: Path, arrays: Arrays, key: str) -> Array:
    given = arrays[key]
    if given.dtype.kind not in "iuf" or given.ndim != 2 or given.shape[1] != 3:
        raise BadRecordingError(f"{path}: key '{key}' must be microtesla (n, 3)")
    return given.astype(float)
