"""Pedalling from files: a thigh's and a shank's sensor, of one leg or of both; knee angle and cadence.

NPZ files, and our own recordings.
"""

import argparse
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import BadRecordingError
from bedside.analyse.recorded import WHOLE, Part, is_recording, motion_arrays, part_arguments
from dsp.cycling import Cycling, Segment, cadence

__all__ = ["pedalling_arguments", "pedalling_report", "pedalling_table"]

Arrays = Mapping[str, NDArray[np.generic]]

LEGS = ("left", "right")
PARTS = ("thigh", "shank")
PLACES = {f"{leg}_{part}": f"{part}_{leg}" for leg in LEGS for part in PARTS}


def pedalling_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bedside analyse cycling`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    part_arguments(parser)


def pedalling_report(path: Path, part: Part = WHOLE) -> dict[str, Any]:
    """Every leg of a file, or of a part of a recording, as values that JSON knows; NaN becomes None.

    Raises BadRecordingError.
    """
    arrays = motion_arrays(path, part, PLACES) if is_recording(path) else _arrays(path)
    rate_hz = _rate(path, arrays)
    prefixes = [f"{leg}_" for leg in LEGS if any(key.startswith((f"{leg}_thigh", f"{leg}_shank")) for key in arrays)]
    legs = []
    for prefix in prefixes or [""]:
        thigh, shank = (_segment(path, arrays, f"{prefix}{part}") for part in PARTS)
        if thigh is None and shank is None:
            raise BadRecordingError(
                f"{path}: no sensor of a leg; keys like 'thigh_gyr' and 'thigh_acc' are wanted, "
                f"it has {', '.join(arrays) or 'none'}"
            )
        try:
            legs.append({"leg": prefix.rstrip("_") or "leg"} | _plain(cadence(thigh, shank, rate_hz=rate_hz)))
        except ValueError as error:
            raise BadRecordingError(f"{path}: {prefix.rstrip('_') or 'leg'}: {error}") from error
    return {"file": str(path), "rate_hz": rate_hz} | _together(legs) | {"legs": legs}


def _together(legs: list[dict[str, Any]]) -> dict[str, Any]:
    """What both legs do at once on one crank: means over the legs that were measured, None without one.

    `interruptions` are pauses and `pedalling_min` the time without them, of the leg with more whole revolutions.
    """
    measured = [leg for leg in legs if leg["refusal"] is None and leg["mean_cadence_rpm"] is not None]
    if not measured:
        return {"mean_cadence_rpm": None, "pedalling_min": None, "interruptions": None}
    best = max(measured, key=lambda leg: int(leg["revolutions"]))
    pauses = [pause for pause in best["paused_s"] if pause > 0]
    turned_s = sum(best["revolution_s"]) - sum(best["revolution_start_s"]) - sum(pauses)
    return {
        "mean_cadence_rpm": sum(leg["mean_cadence_rpm"] for leg in measured) / len(measured),
        "pedalling_min": turned_s / 60.0,
        "interruptions": len(pauses),
    }


def pedalling_table(report: dict[str, Any]) -> str:
    """A report as lines for a terminal."""
    lines = [
        f"{report['file']}  {report['rate_hz']:g} Hz",
        "leg    revolutions  mean rpm   SD rpm  knee range deg  finding",
    ]
    for leg in report["legs"]:
        finding = f"REFUSED: {leg['refusal']}" if leg["refusal"] else "; ".join(leg["flags"]) or "good"
        numbers = (_number(leg[key], 8) for key in ("mean_cadence_rpm", "cadence_sd_rpm", "knee_range_deg"))
        lines.append(f"{leg['leg']:<6} {leg['revolutions']:11d}  {' '.join(numbers)}        {finding}")
    return "\n".join(lines) + "\n"


def _plain(found: Cycling) -> dict[str, Any]:
    steady = found.cadence_rpm[found.paused_s == 0]
    return {
        "refusal": found.refusal,
        "flags": list(found.flags),
        "revolutions": int(found.revolution_s.size),
        "unfinished": found.unfinished,
        "mean_cadence_rpm": _value(found.mean_cadence_rpm),
        "cadence_sd_rpm": _value(float(np.std(steady, ddof=1)) if steady.size > 1 else math.nan),
        "knee_range_deg": _value(found.knee_range_deg),
        "zero": found.zero,
        "roundness": _value(found.roundness),
        "revolution_s": found.revolution_s.tolist(),
        "revolution_start_s": found.revolution_start_s.tolist(),
        "cadence_rpm": found.cadence_rpm.tolist(),
        "direction": found.direction.tolist(),
        "paused_s": found.paused_s.tolist(),
        "knee_angle_deg": [_value(float(value)) for value in found.knee_angle_deg],
    }


def _arrays(path: Path) -> Arrays:
    try:
        with path.open("rb") as stream:
            loaded = np.load(stream, allow_pickle=False)
            if not isinstance(loaded, np.lib.npyio.NpzFile):
                raise BadRecordingError(f"{path}: holds a single array, not an .npz archive")
            return {key: np.asarray(loaded[key]) for key in loaded.files}
    except FileNotFoundError as error:
        raise BadRecordingError(f"{path}: no such file") from error
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        raise BadRecordingError(f"{path}: is no whole .npz archive of plain arrays ({error})") from error


def _rate(path: Path, arrays: Arrays) -> float:
    given = arrays.get("fs", arrays.get("rate_hz"))
    if given is None or given.size != 1 or given.dtype.kind not in "iuf":
        raise BadRecordingError(f"{path}: key 'fs' must be one rate in Hz")
    rate_hz = float(given.item())
    if not (math.isfinite(rate_hz) and rate_hz > 0):
        raise BadRecordingError(f"{path}: key 'fs' must be a positive rate in Hz, got {rate_hz}")
    return rate_hz


def _segment(path: Path, arrays: Arrays, name: str) -> Segment | None:
    """The sensor called `name`; None where it has no key at all."""
    gyro, accel = arrays.get(f"{name}_gyr"), arrays.get(f"{name}_acc")
    if gyro is None and accel is None:
        return None
    if gyro is None or accel is None:
        raise BadRecordingError(f"{path}: key '{name}_{'gyr' if gyro is None else 'acc'}' is missing")
    for key, array in ((f"{name}_gyr", gyro), (f"{name}_acc", accel)):
        if array.dtype.kind not in "iuf":
            raise BadRecordingError(f"{path}: key {key!r} holds no numbers but {array.dtype}")
    received = arrays.get(f"{name}_received")
    return Segment(
        gyro.astype(float), accel.astype(float), None if received is None else np.asarray(received, dtype=bool)
    )


def _value(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _number(value: float | None, width: int) -> str:
    return "-".rjust(width) if value is None else f"{value:{width}.1f}"
