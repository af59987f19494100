"""Our own recordings as input of the analyses: the segments of a visit, or a part of them, on one even time axis.

Each sensor has its own crystal: samples come at their mapped times, and are read off at common instants by cubic
splines, which keep what a sensor of that rate can see.
"""

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from bedside.analyse.emg_files import BadRecordingError
from bedside.record.samples import Reading, SampleRun, read_states, sample_runs, segment_files
from bedside.record.streams import RAILS, SampleStream

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

NS = 1_000_000_000
LONGEST_BLOCK_S = 5.0
"""No message holds samples from longer before or after its own time than this."""
UNEQUAL_S = 3.0
"""Sensors may deliver their last samples this late, and then the trial is over: all end together."""
MISSED_STEPS = 1.5
MOST_LATE_MS = 1000.0
ON_THE_GRID = 0.02
ACCEL = ("accel_x_m_s2", "accel_y_m_s2", "accel_z_m_s2")
GYRO = ("gyro_x_rad_s", "gyro_y_rad_s", "gyro_z_rad_s")


@dataclass(frozen=True)
class Part:
    """A stretch of a recording in visit time (ns); None: from its beginning, to its end.

    `late_ms` names streams whose times are known to be late, and by how much: that is taken out.
    """

    from_ns: int | None = None
    to_ns: int | None = None
    late_ms: tuple[tuple[str, float], ...] = ()

    def mask(self, times_ns: NDArray[np.int64]) -> Mask:
        """Which of these times lie in it."""
        inside = np.ones(times_ns.size, dtype=bool)
        if self.from_ns is not None:
            inside &= times_ns >= self.from_ns
        if self.to_ns is not None:
            inside &= times_ns <= self.to_ns
        return inside

    def may_hold(self, mono_ns: int) -> bool:
        """Whether a message of that time may have samples in it."""
        slack_ns = int(LONGEST_BLOCK_S * NS)
        late = self.to_ns is not None and mono_ns > self.to_ns + slack_ns
        return not late and (self.from_ns is None or mono_ns >= self.from_ns - slack_ns)


WHOLE = Part()


def part_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that name a part of a recording."""
    parser.add_argument("--from-ns", type=int, metavar="NS", help="of a recording: from this visit time on")
    parser.add_argument("--to-ns", type=int, metavar="NS", help="of a recording: up to this visit time")
    late = "of a recording: take this much out of a sensor's times, as its knocks have shown"
    parser.add_argument("--late-ms", action="append", default=[], metavar="SENSOR:MS", help=late)


def part_of(args: argparse.Namespace) -> Part:
    """The part that a command line names. Raises ValueError when it ends before it begins."""
    part = Part(args.from_ns, args.to_ns, tuple(_late(text) for text in args.late_ms))
    if part.from_ns is not None and part.to_ns is not None and part.to_ns <= part.from_ns:
        raise ValueError(f"--to-ns {part.to_ns}: must be later than --from-ns {part.from_ns}")
    return part


def _late(text: str) -> tuple[str, float]:
    name, _, late = text.rpartition(":")
    try:
        late_ms = float(late)
    except ValueError:
        late_ms = math.nan
    if not name or not abs(late_ms) <= MOST_LATE_MS:
        raise ValueError(f"--late-ms {text}: write it as imu_foot_right:4.2, at most {MOST_LATE_MS:g} ms")
    return name, late_ms


def is_recording(path: Path) -> bool:
    """Whether this is a recording of ours: a visit's folder, its folder of samples, or one segment."""
    return path.is_dir() or path.suffix in ("", ".mcap")


def recording_files(path: Path) -> list[Path]:
    """The segments of a recording, in order. Raises BadRecordingError where there is none.

    Raises OSError for a folder that may not be looked into.
    """
    if not path.exists():
        raise BadRecordingError(f"{path}: no such file")
    folder = path / "raw" if (path / "raw").is_dir() else path
    files = [path] if path.is_file() else segment_files(folder)
    if not files:
        # a closed folder raises here, where a glob finds nothing
        list(folder.iterdir())
        raise BadRecordingError(f"{path}: no recording in it: no .mcap file")
    return files


def runs_of(path: Path, part: Part = WHOLE) -> dict[str, SampleRun]:
    """The samples of every stream in a part of a recording, by name. Raises BadRecordingError for one that has none."""
    files = recording_files(path)
    try:
        runs = sample_runs(item for item in Reading(files).items() if part.may_hold(item.mono_ns))
    except (OSError, ValueError) as error:
        raise BadRecordingError(f"{path}: cannot be read ({error})") from error
    inside = {name: _cut(run, part) for name, run in runs.items()}
    kept = {name: run for name, run in inside.items() if run.times_ns.size}
    if not kept:
        raise BadRecordingError(f"{path}: no samples {'in that part' if part != WHOLE else 'at all'}")
    return kept


def worn(path: Path, runs: Mapping[str, SampleRun], place: str) -> SampleRun | None:
    """The sensor at a place, None where there is none. Raises BadRecordingError for two, or times that do not rise."""
    found = [run for run in runs.values() if run.stream.place == place]
    if len(found) > 1:
        names = ", ".join(run.stream.name for run in found)
        raise BadRecordingError(f"{path}: two sensors on {place} ({names})")
    return _rising(found[0]) if found else None


def motion_arrays(
    path: Path, part: Part, places: Mapping[str, str], further: Mapping[str, str] | None = None
) -> dict[str, NDArray[np.generic]]:
    """What an NPZ file of these sensors would hold: `NAME_gyr`, `NAME_acc` (n, 3), `NAME_received` (n,), and `fs`; and
    `start_ns`, the visit time of the first sample.

    `places` says where the sensor of each NAME is worn; what is worn at `further` places comes with it, on their
    instants, and `NAME_fault` says why one of those cannot be read. Raises BadRecordingError where none of `places` is
    in it, and where one of them cannot be read.
    """
    runs = runs_of(path, part)
    named = {name: run for name, place in places.items() if (run := worn(path, runs, place)) is not None}
    if not named:
        there = ", ".join(sorted({run.stream.place for run in runs.values()} - {""})) or "none with a place"
        raise BadRecordingError(f"{path}: no sensor on {', '.join(places.values())}; there are {there}")
    rate_hz = max(run.stream.rate_hz for run in named.values())
    at_ns = _instants(list(named.values()), rate_hz)
    arrays: dict[str, NDArray[np.generic]] = {"fs": np.array(rate_hz), "start_ns": np.array(int(at_ns[0]))}
    for name, run in named.items():
        arrays |= _on(at_ns, name, run)
    for name, place in (further or {}).items():
        try:
            more = worn(path, runs, place)
            arrays |= {} if more is None else _on(at_ns, name, more)
        except BadRecordingError as error:
            arrays[f"{name}_fault"] = np.array(str(error).removeprefix(f"{path}: "))
    return arrays


def _on(at_ns: Array, name: str, run: SampleRun) -> dict[str, NDArray[np.generic]]:
    """A sensor's samples at these instants."""
    values, received = even(run.times_ns, _columns(run, (*GYRO, *ACCEL)), run.stream.rate_hz, at_ns)
    return {f"{name}_gyr": values[:, :3], f"{name}_acc": values[:, 3:], f"{name}_received": received}


def even(times_ns: NDArray[np.int64], values: Array, rate_hz: float, at_ns: Array) -> tuple[Array, Mask]:
    """Samples (n, k) at `times_ns` (n,) read off at `at_ns` (m,), and where they were measured (m,).

    Over a missing sample nothing is measured, and the value is 0. Where two neighbours are equal the value between
    them is theirs, so that a frozen or clipped sensor still looks like one.
    """
    out, received = np.zeros((at_ns.size, values.shape[1])), np.zeros(at_ns.size, dtype=bool)
    seconds, at = (times_ns - times_ns[0]) / NS, (at_ns - times_ns[0]) / NS
    step_s = 1.0 / rate_hz
    edges = np.flatnonzero(np.diff(seconds) > MISSED_STEPS * step_s) + 1
    for stretch in np.split(np.arange(seconds.size), edges):
        t, v = seconds[stretch], values[stretch]
        here = (at >= t[0] - ON_THE_GRID * step_s) & (at <= t[-1] + ON_THE_GRID * step_s)
        out[here], received[here] = _read_off(t, v, np.clip(at[here], t[0], t[-1])), True
    return out, received


def _read_off(t: Array, v: Array, at: Array) -> Array:
    if t.size < 2:
        return np.repeat(v[:1], at.size, axis=0)
    before = np.clip(np.searchsorted(t, at, side="right") - 1, 0, t.size - 2)
    smooth: Array = np.asarray(CubicSpline(t, v)(at))
    level = v[before] == v[before + 1]
    return np.asarray(np.where(level, v[before], smooth), dtype=float)


def _instants(runs: list[SampleRun], rate_hz: float) -> Array:
    """Common instants (ns): where all sensors measured, but no sensor's absence hides more than `UNEQUAL_S`."""
    firsts, lasts = ([int(run.times_ns[end]) for run in runs] for end in (0, -1))
    slack_ns = int(UNEQUAL_S * NS)
    start = max(first for first in firsts if first - min(firsts) <= slack_ns)
    end = min(last for last in lasts if max(lasts) - last <= slack_ns)
    steps = int((end - start) / NS * rate_hz + 1e-9)
    return np.asarray(start + np.arange(steps + 1) * (NS / rate_hz), dtype=np.float64)


def _columns(run: SampleRun, names: tuple[str, ...]) -> Array:
    channels = run.stream.channels
    missing = [name for name in names if name not in channels]
    if missing:
        raise BadRecordingError(f"stream {run.stream.name}: has no {', '.join(missing)}")
    return run.physical()[:, [channels.index(name) for name in names]]


def _cut(run: SampleRun, part: Part) -> SampleRun:
    """The run within a part."""
    times_ns = run.times_ns - round(dict(part.late_ms).get(run.stream.name, 0.0) * 1e6)
    inside = part.mask(times_ns)
    return SampleRun(run.stream, run.values[inside], run.index[inside], times_ns[inside], run.gaps)


def plate_streams(runs: Mapping[str, SampleRun]) -> dict[str, SampleRun]:
    """The force plates among the streams. Raises BadRecordingError for times that do not rise."""
    return {name: _rising(run) for name, run in runs.items() if _is_plate(run.stream)}


def rails_of(path: Path, stream: SampleStream, part: Part = WHOLE) -> dict[str, float]:
    """The inputs of a stream's device that were at an end of their range in that part, each with how long at most (s).

    Blocks are named whole, so that the time is too long by one at each end. Raises BadRecordingError.
    """
    try:
        states = read_states(recording_files(path), RAILS.name)
    except (OSError, ValueError) as error:
        raise BadRecordingError(f"{path}: cannot be read ({error})") from error
    found: dict[str, float] = {}
    for mono_ns, told in states:
        if told["device"] == stream.device and part.mask(np.array([mono_ns]))[0]:
            found |= {name: found.get(name, 0.0) + told["samples"] / stream.rate_hz for name in told["where"]}
    return found


def _rising(run: SampleRun) -> SampleRun:
    if np.any(np.diff(run.times_ns) <= 0):
        raise BadRecordingError(f"stream {run.stream.name}: its times do not rise; replay the raw clock pairs")
    return run


def _is_plate(stream: SampleStream) -> bool:
    return "cop_x_cm" in stream.channels
