"""Walks from other programs' tables: samples become two feet and are measured, results are kept as they are."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bedside.analyse.gait_files import Feet
from bedside.analyse.imported import mapping_arguments, mapping_of, provenance, samples_at
from bedside.analyse.imported_results import results_table, walk_results
from bedside.analyse.walking import WalkSettings, measure_walk, walk_table
from bedside.record.tables.columns import ACCEL, GYRO
from bedside.record.tables.mapping import Mapping
from bedside.record.tables.trial import Array, Columns
from dsp.gait import Foot, Side

Report = dict[str, Any]
Analysis = tuple[Callable[[Path], Report], Callable[[Report], str]]


def imported_walk_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a walk from another program."""
    mapping_arguments(parser)
    text = "of a mapped table of samples: leave out this much of the beginning"
    parser.add_argument("--skip-s", type=float, default=0.0, metavar="S", help=text)


def imported_walk(args: argparse.Namespace, settings: WalkSettings) -> Analysis | None:
    """What a command line with a mapping asks for; None without one. Raises ValueError."""
    mapping = mapping_of(args, "gait")
    if not (math.isfinite(args.skip_s) and args.skip_s >= 0):
        raise ValueError(f"--skip-s {args.skip_s:g}: must not be negative")
    if mapping is None:
        if args.skip_s:
            raise ValueError("--skip-s: is for tables read by a --mapping; of a recording, --from-ns names the part")
        return None
    if mapping.holds == "results":
        return lambda path: walk_results(path, mapping, settings.paretic), results_table
    return lambda path: _measured(path, mapping, settings, args.skip_s), walk_table


def _measured(path: Path, mapping: Mapping, settings: WalkSettings, skip_s: float) -> Report:
    made = measure_walk(mapped_feet(path, mapping, skip_s), settings)
    return made | {"imported": dict(provenance(mapping)), "skip_s": skip_s}


def mapped_feet(path: Path, mapping: Mapping, skip_s: float = 0.0) -> Feet:
    """The feet in a table of samples, without its first `skip_s`. Raises BadRecordingError."""
    times, columns = samples_at(path, mapping)
    kept = slice(int(np.searchsorted(times, skip_s)), None)
    rate_hz = float(1.0 / (times[1] - times[0]))
    return Feet(path, _foot(columns, "left", rate_hz, kept), _foot(columns, "right", rate_hz, kept))


def _foot(columns: Columns, side: Side, rate_hz: float, kept: slice) -> Foot | None:
    names = (*GYRO[side], *ACCEL[side])
    if not all(name in columns for name in names):
        return None
    both: Array = np.stack([columns[name][kept] for name in names], axis=1)
    return Foot(both[:, :3], both[:, 3:], rate_hz)
