"""Pedalling of a whole file: knee angle, cadence, the test's or treatment's numbers, EMG; as values and as a table."""

import argparse
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bedside.analyse.emg_files import BadRecordingError
from bedside.analyse.pedalling_emg import emg_report, symmetry
from bedside.analyse.pedalling_files import Pedalled, read_pedalling
from bedside.analyse.plain import plain
from bedside.analyse.recorded import WHOLE, Part, part_arguments, part_of
from dsp.cycling import Cycling, Ride, cadence, summarise

__all__ = ["PedallingSettings", "pedalling_arguments", "pedalling_report", "pedalling_settings", "pedalling_table"]

ONE_CRANK_RPM = 0.5
"""Both legs turn the same crank; more apart is not possible."""
SHORT_S = 0.5


@dataclass(frozen=True)
class PedallingSettings:
    """The part of a recording, a measured knee posture (from s, to s, degrees), the EMG's file, the planned length."""

    part: Part = WHOLE
    known: tuple[float, float, float] | None = None
    emg: Path | None = None
    planned_s: float | None = None


def pedalling_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bedside analyse cycling`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="NPZ, CSV, or the folder of a recording")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    known = "a posture that was measured: its angle makes the zero of the knee angle"
    parser.add_argument("--known", nargs=3, type=float, metavar=("FROM_S", "TO_S", "DEG"), help=known)
    parser.add_argument("--emg", type=Path, metavar="FILE", help="NPZ or CSV with EMG on the same clock")
    parser.add_argument("--planned-s", type=float, help="how long it was meant to be: 300 a test, 1800 a treatment")
    part_arguments(parser)


def pedalling_settings(args: argparse.Namespace) -> PedallingSettings:
    """Settings of a command line. Raises ValueError naming the option."""
    known = None
    if args.known is not None:
        start_s, end_s, angle_deg = args.known
        if not (0 <= start_s < end_s and math.isfinite(end_s) and abs(angle_deg) <= 160.0):
            raise ValueError(f"--known {start_s:g} {end_s:g} {angle_deg:g}: two rising times and a knee angle")
        known = (start_s, end_s, angle_deg)
    if args.planned_s is not None and not (math.isfinite(args.planned_s) and args.planned_s > 0):
        raise ValueError(f"--planned-s {args.planned_s:g}: must be positive")
    return PedallingSettings(part_of(args), known, args.emg, args.planned_s)


def pedalling_report(path: Path, settings: PedallingSettings) -> dict[str, Any]:
    """Every leg of a file, or of a part of a recording, as values that JSON knows. Raises BadRecordingError."""
    read = read_pedalling(path, settings.part, settings.emg)
    found = {name: _leg(read, name, settings) for name in read.legs}
    rides = {name: (leg, summarise(leg, read.rate_hz)) for name, leg in found.items()}
    shared = _crank_flags(rides, settings.planned_s)
    legs = [_leg_values(name, *rides[name], shared) for name in found]
    reference = _reference(rides)
    ride = None if reference is None else rides[reference][1]
    report = {
        "file": str(path),
        "rate_hz": read.rate_hz,
        "reference": reference,
        "mean_cadence_rpm": None if reference is None else found[reference].mean_cadence_rpm,
        "mean_rpm": None if ride is None else ride.whole.mean_rpm,
        "last_4_min_mean_rpm": None if ride is None or ride.last_4_min is None else ride.last_4_min.mean_rpm,
        "pedalling_min": None if ride is None else ride.minutes,
        "interruptions": None if ride is None else len(ride.stops),
        "interrupted_s": None if ride is None else float(np.sum(ride.stops[:, 1] - ride.stops[:, 0])),
        "symmetry": _symmetry(rides),
        "emg": None if read.emg is None else emg_report(read.emg, rides, reference),
        "legs": legs,
    }
    made: dict[str, Any] = plain(report)
    return made


def pedalling_table(report: dict[str, Any]) -> str:
    """A report as lines for a terminal."""
    lines = [
        f"{report['file']}  {report['rate_hz']:g} Hz",
        "leg    revolutions  mean rpm   SD rpm  knee range deg  zero +- deg  finding",
    ]
    for leg in report["legs"]:
        finding = f"REFUSED: {leg['refusal']}" if leg["refusal"] else "; ".join(leg["flags"]) or "good"
        keys = ("mean_cadence_rpm", "cadence_sd_rpm", "knee_range_deg", "zero_doubt_deg")
        numbers = " ".join(_number(leg[key], width) for key, width in zip(keys, (8, 8, 14, 12), strict=True))
        lines.append(f"{leg['leg']:<6} {leg['revolutions']:11d}  {numbers}  {finding}")
    if report["reference"] is not None:
        last = _number(report["last_4_min_mean_rpm"], 1)
        lines.append(
            f"pedalled {report['pedalling_min']:.1f} min, {report['interruptions']} interruptions of 2 s or more "
            f"({report['interrupted_s']:.0f} s); mean with stops {report['mean_rpm']:.1f} rpm, last 4 min {last} rpm"
        )
    for channel in (report["emg"] or {}).get("channels", ()):
        finding = f"REFUSED: {channel['refusal']}" if channel["refusal"] else "; ".join(channel["flags"]) or "good"
        lines.append(f"EMG {channel['name']:<24}{_number(channel['rms_uv'], 8)} uV RMS  {finding}")
    return "\n".join(lines) + "\n"


def _leg(read: Pedalled, name: str, settings: PedallingSettings) -> Cycling:
    thigh, shank = read.legs[name]
    try:
        return cadence(thigh, shank, rate_hz=read.rate_hz, known=settings.known)
    except ValueError as error:
        raise BadRecordingError(f"{read.path}: {name}: {error}") from error


def _reference(rides: dict[str, tuple[Cycling, Ride | None]]) -> str | None:
    """The leg that speaks for the crank: the one that was measured longest."""
    measured = {name: ride.whole.end_s - ride.whole.start_s for name, (_, ride) in rides.items() if ride is not None}
    return max(measured, key=lambda name: measured[name]) if measured else None


def _crank_flags(rides: dict[str, tuple[Cycling, Ride | None]], planned_s: float | None) -> list[str]:
    """What concerns all legs: they turn one crank, for a planned time."""
    whole = [ride.whole for _, ride in rides.values() if ride is not None]
    flags = []
    if len(whole) == 2:
        start_s, end_s = max(one.start_s for one in whole), min(one.end_s for one in whole)
        rates = [one.mean_rpm for one in whole]
        alike = abs(whole[0].start_s - whole[1].start_s) < 1.0 and abs(whole[0].end_s - whole[1].end_s) < 1.0
        if alike and end_s - start_s > 10.0 and abs(rates[0] - rates[1]) > ONE_CRANK_RPM:
            flags.append(
                f"left and right turn one crank, but at {rates[0]:.1f} and {rates[1]:.1f} rpm: two recordings?"
            )
    if whole and planned_s is not None:
        lasted_s = max(one.end_s - one.start_s for one in whole)
        if lasted_s < planned_s - SHORT_S:
            flags.append(f"partial: {lasted_s:.1f} s of {planned_s:g} s")
    return flags


def _symmetry(rides: dict[str, tuple[Cycling, Ride | None]]) -> dict[str, Any] | None:
    if not {"left", "right"} <= rides.keys():
        return None
    ranges = [None if rides[side][1] is None else rides[side][0].knee_range_deg for side in ("left", "right")]
    return {"knee_range_deg": symmetry(*ranges)}


def _leg_values(name: str, found: Cycling, ride: Ride | None, shared: list[str]) -> dict[str, Any]:
    steady = found.cadence_rpm[found.paused_s == 0]
    values: dict[str, Any] = {
        "leg": name,
        "refusal": found.refusal,
        "flags": [*found.flags, *(ride.flags if ride is not None else ()), *(shared if ride is not None else ())],
        "revolutions": int(found.revolution_s.size),
        "cadence_sd_rpm": float(np.std(steady, ddof=1)) if steady.size > 1 else None,
    }
    for key in SINGLE:
        values[key] = getattr(found, key)
    for key in LISTS:
        values[key] = getattr(found, key).tolist()
    summary: dict[str, Any] = {"whole": None, "last_4_min": None, "began_s": None, "ended_s": None, "minutes": None}
    if ride is not None:
        summary = asdict(ride) | {"stops": ride.stops.tolist()}
        summary.pop("flags")
    return values | summary


SINGLE = (
    "unfinished",
    "mean_cadence_rpm",
    "knee_range_deg",
    "zero",
    "zero_doubt_deg",
    "clock_offset_ms",
    "clock_deg_per_ms",
    "roundness",
)
LISTS = ("revolution_s", "revolution_start_s", "cadence_rpm", "direction", "paused_s", "stop_s", "knee_angle_deg")


def _number(value: float | None, width: int) -> str:
    return "-".rjust(width) if value is None else f"{value:{width}.1f}"
