"""`bedside analyse KIND FILE...`: measure recordings offline, with the same code as at the bedside."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bedside.analyse.curves import curve_arguments, curve_report, curve_settings, curve_table
from bedside.analyse.emg_files import BadRecordingError
from bedside.analyse.emg_recorded import read_sweeps
from bedside.analyse.gait_files import read_feet
from bedside.analyse.imported_walks import imported_walk, imported_walk_arguments
from bedside.analyse.means import mean_report
from bedside.analyse.orientation import orientation_report, orientation_table
from bedside.analyse.orientation_options import orientation_arguments, orientation_settings
from bedside.analyse.pedalling import pedalling_arguments, pedalling_report, pedalling_settings, pedalling_table
from bedside.analyse.recorded import part_of
from bedside.analyse.refused import refused
from bedside.analyse.responses import measure_file, response_arguments, settings_from, table
from bedside.analyse.silence import silence_arguments, silence_report, silence_settings, silence_table
from bedside.analyse.stance import stance_arguments, stance_report, stance_settings, stance_table
from bedside.analyse.walking import measure_walk, walk_arguments, walk_settings, walk_table
from bedside.refusal import ANSWER_REFUSED

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the kinds of analysis and their options."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    text = "evoked responses: amplitude, latency, rest, validity"
    mep = kinds.add_parser("mep", help=text, description=f"{text}. NPZ and CSV files; see docs/recordings.md.")
    response_arguments(mep)
    text = "recruitment (input-output) curve: plateau, S50, slope, area"
    about = f"{text}. Sweeps with intensities, or a table of amplitudes; see docs/recordings.md."
    curve_arguments(kinds.add_parser("io-curve", help=text, description=about))
    text = "silent period of a contracting muscle"
    silence_arguments(kinds.add_parser("silent-period", help=text, description=f"{text}; see docs/recordings.md."))
    text = "walking with a sensor on each foot: strides, contacts, lengths, spatio-temporal variables"
    about = f"{text}. NPZ and CSV files, and recordings; see docs/recordings.md."
    gait = kinds.add_parser("gait", help=text, description=about)
    walk_arguments(gait)
    imported_walk_arguments(gait)
    text = "standing: path, speed, areas and offsets of the centre of pressure, weight on each side"
    about = f"{text}. CSV and NPZ files and the folders of recordings; see docs/recordings.md."
    stance_arguments(kinds.add_parser("posture", help=text, description=about))

    text = "pedalling: knee angle, one cadence a revolution, stops, EMG"
    about = f"{text}. NPZ and CSV files, and recordings, with a sensor on thigh and shank; see docs/recordings.md."
    pedalling_arguments(kinds.add_parser("cycling", help=text, description=about))
    text = "how sensors lie in space: attitude, joint angle, calibration of the magnetometer"
    about = f"{text}. NPZ and CSV files, and recordings; see docs/recordings.md."
    orientation_arguments(kinds.add_parser("orientation", help=text, description=about))


def run(args: argparse.Namespace) -> int:
    """Measure every file. 0 when all was measured, 1 when a file cannot be read, 2 for options that make no sense, 3
    when all was read and an answer was refused; what was not read or, with --json, was refused is named on stderr.
    """
    try:
        report, show = KINDS[args.kind](args)
    except ValueError as error:
        sys.stderr.write(f"bedside analyse: {error}\n")
        return 2
    reports, failed = [], False
    for path in args.files:
        try:
            reports.append(report(path))
        except BadRecordingError as error:
            failed = True
            sys.stderr.write(f"bedside analyse: {error}\n")
        except OSError as error:
            failed = True
            sys.stderr.write(f"bedside analyse: {error.filename or path}: cannot be read: {error.strerror or error}\n")
    if getattr(args, "mean", False):
        reports.append(mean_report(reports))
    sys.stdout.write(json.dumps(reports, indent=1) + "\n" if args.json else "".join(show(r) for r in reports))
    told = [f"{one.get('file', 'the mean')}: refused: {why}" for one in reports for why in refused(one)]
    if args.json:
        # a table has its refusals in it
        sys.stderr.writelines(f"bedside analyse: {words}\n" for words in told)
    return 1 if failed else ANSWER_REFUSED if told else 0


Report = dict[str, Any]
Analysis = tuple[Callable[[Path], Report], Callable[[Report], str]]


def _mep(args: argparse.Namespace) -> Analysis:
    settings, part = settings_from(args), part_of(args)
    return lambda path: measure_file(read_sweeps(path, part), settings), table


def _curve(args: argparse.Namespace) -> Analysis:
    settings, part = curve_settings(args), part_of(args)
    return lambda path: curve_report(path, settings, part), curve_table


def _silence(args: argparse.Namespace) -> Analysis:
    settings, part = silence_settings(args), part_of(args)
    return lambda path: silence_report(path, settings, part), silence_table


def _posture(args: argparse.Namespace) -> Analysis:
    settings = stance_settings(args)
    return lambda path: stance_report(path, settings), stance_table


def _gait(args: argparse.Namespace) -> Analysis:
    part, settings = part_of(args), walk_settings(args)
    imported = imported_walk(args, settings)
    if imported is not None:
        return imported
    return lambda path: measure_walk(read_feet(path, part), settings) | {"part": asdict(part)}, walk_table


def _cycling(args: argparse.Namespace) -> Analysis:
    settings = pedalling_settings(args)
    return lambda path: pedalling_report(path, settings) | {"part": asdict(settings.part)}, pedalling_table


def _orientation(args: argparse.Namespace) -> Analysis:
    settings = orientation_settings(args)
    return lambda path: orientation_report(path, settings) | {"part": asdict(settings.part)}, orientation_table


KINDS: dict[str, Callable[[argparse.Namespace], Analysis]] = {
    "mep": _mep,
    "io-curve": _curve,
    "silent-period": _silence,
    "posture": _posture,
    "gait": _gait,
    "cycling": _cycling,
    "orientation": _orientation,
}
