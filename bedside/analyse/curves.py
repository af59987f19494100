"""Recruitment curves of a whole file: from sweeps with intensities, or from a table of amplitudes."""

import argparse
import csv
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import CSV_TEXT, BadRecordingError, Epochs
from bedside.analyse.emg_recorded import read_sweeps
from bedside.analyse.plain import plain
from bedside.analyse.recorded import Part
from bedside.analyse.responses import Settings, measure_arguments, settings_from
from dsp.mep_set import Reading
from dsp.recruitment import LARGEST_FLOOR_UV, fit_recruitment

Array = NDArray[np.float64]

COLUMNS = ("intensity_pct_mso", "amplitude_uv")


@dataclass(frozen=True)
class CurveSettings:
    """How sweeps are measured, their intensities when the file has none, and what noise alone may give."""

    response: Settings
    intensity_pct_mso: tuple[float, ...] | None
    largest_floor_uv: float


def curve_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bedside analyse io-curve`."""
    measure_arguments(parser)
    text = "one intensity a trial (%%MSO), with commas, when the file has none"
    parser.add_argument("--intensities", metavar="PCT,PCT,...", help=text)
    parser.add_argument(
        "--largest-floor-uv", type=float, default=LARGEST_FLOOR_UV, help="most that noise alone gives (default 50)"
    )


def curve_settings(args: argparse.Namespace) -> CurveSettings:
    """Settings of a command line. Raises ValueError naming the option."""
    at: tuple[float, ...] | None = None
    if args.intensities is not None:
        try:
            at = tuple(float(value) for value in args.intensities.split(","))
        except ValueError as error:
            raise ValueError(f"--intensities {args.intensities}: must be numbers with commas") from error
        if not all(0.0 <= value <= 100.0 for value in at):
            raise ValueError("--intensities: must lie from 0 to 100 %MSO")
    if not 0.1 < args.largest_floor_uv < 1e4:
        raise ValueError(f"--largest-floor-uv {args.largest_floor_uv:g}: must lie between 0.1 and 10000")
    return CurveSettings(settings_from(args), at, args.largest_floor_uv)


def curve_report(path: Path, settings: CurveSettings, part: Part) -> dict[str, Any]:
    """One curve a channel as values that JSON knows. Raises BadRecordingError for a file that cannot be read."""
    pairs = _table(path) if _is_table(path) else None
    if pairs is not None:
        sound = np.ones(pairs[0].size, dtype=bool)
        fits = [_fit("", pairs[0], pairs[1], sound, settings) | {"left_out_trials": []}]
    else:
        epochs = read_sweeps(path, part)
        at = _intensities(epochs, settings)
        reading = settings.response.reading(epochs)
        fits = [_channel(name, epochs.epochs_uv[:, i], at, reading, settings) for i, name in enumerate(epochs.channels)]
    values: dict[str, Any] = plain({"file": str(path), "settings": asdict(settings), "curves": fits})
    return values


def curve_table(report: dict[str, Any]) -> str:
    """A report as lines for a terminal."""
    lines = [report["file"]]
    for curve in report["curves"]:
        head = f"  {curve['channel']:<10} {curve['trials']} trials at {len(curve['levels'])} levels"
        if curve["refusal"]:
            lines.append(f"{head}  NO CURVE: {curve['refusal']}")
        else:
            lines.append(head)
            lines += [f"    {name:<10}{_interval(curve[key])} {unit}" for key, name, unit in ROWS]
        if curve["area_uv_pct_mso"] is not None:
            lines.append(f"    {'area':<10}{curve['area_uv_pct_mso']:10.0f} uV %MSO")
        lines += [f"    note  {flag}" for flag in curve["flags"]]
    return "\n".join(lines) + "\n"


ROWS = (
    ("plateau_uv", "plateau", "uV"),
    ("s50_pct_mso", "S50", "%MSO"),
    ("slope_uv_per_pct_mso", "slope", "uV/%MSO"),
    ("k_pct_mso", "k", "%MSO"),
)


def _interval(value: dict[str, float]) -> str:
    return f"{value['value']:10.1f}  ({value['low']:.1f} to {value['high']:.1f})"


def _channel(name: str, sweeps: Array, at: Array, reading: Reading, settings: CurveSettings) -> dict[str, Any]:
    made = [reading.measure(sweep) for sweep in sweeps]
    amplitudes, sound = np.array([one.amplitude_uv for one in made]), np.array([one.valid for one in made])
    left_out = [{"trial": trial, "reason": one.reason} for trial, one in enumerate(made) if not one.valid]
    return _fit(name, at, amplitudes, sound, settings) | {"left_out_trials": left_out}


def _fit(name: str, at: Array, uv: Array, sound: NDArray[np.bool_], settings: CurveSettings) -> dict[str, Any]:
    fit = fit_recruitment(at, uv, valid=sound, largest_floor_uv=settings.largest_floor_uv)
    return {"channel": name} | asdict(fit)


def _intensities(epochs: Epochs, settings: CurveSettings) -> Array:
    at = settings.intensity_pct_mso or epochs.intensity_pct_mso
    if at is None:
        raise BadRecordingError(f"{epochs.path}: no intensities; add key 'intensity_pct_mso' or give --intensities")
    if len(at) != len(epochs.epochs_uv):
        raise BadRecordingError(f"{epochs.path}: {len(at)} intensities for {len(epochs.epochs_uv)} trials")
    return np.array(at)


def _is_table(path: Path) -> bool:
    if path.suffix.lower() != ".csv" or not path.is_file():
        return False
    with path.open(newline="", encoding=CSV_TEXT, errors="replace") as lines:
        return lines.readline().split(",")[0].strip() == COLUMNS[0]


def _table(path: Path) -> tuple[Array, Array]:
    """Intensities and amplitudes (n,) of a table; an empty amplitude is a trial that does not count."""
    try:
        with path.open(newline="", encoding=CSV_TEXT) as lines:
            rows = [row for row in csv.reader(lines) if row]
        if tuple(cell.strip() for cell in rows[0]) != COLUMNS:
            raise BadRecordingError(f"{path}: the first line must be {','.join(COLUMNS)}")
        values = np.array([[float(cell or "nan") for cell in row] for row in rows[1:]], dtype=float).reshape(-1, 2)
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise BadRecordingError(f"{path}: not a table of numbers ({error})") from error
    if np.any((values[:, 0] < 0.0) | (values[:, 0] > 100.0)) or np.any(values[:, 1] < 0.0):
        raise BadRecordingError(f"{path}: intensities must lie from 0 to 100 %MSO, amplitudes must not be negative")
    return values[:, 0], values[:, 1]
