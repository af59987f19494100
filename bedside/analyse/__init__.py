"""`bedside analyse mep FILE...`: measure recordings offline, with the same code as at the bedside."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from bedside.analyse.emg_files import BadRecordingError, read_epochs
from bedside.analyse.responses import Settings, measure_file, settings_from, table

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the kinds of analysis and their options."""
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    text = "evoked responses: amplitude, latency, rest, validity"
    mep = kinds.add_parser("mep", help=text, description=f"{text}. NPZ and CSV files; see docs/recordings.md.")
    mep.add_argument("files", nargs="+", type=Path, metavar="FILE")
    mep.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    mep.add_argument("--muscle", help="take both windows of this muscle (ta, soleus, rf, fdi, ...)")
    mep.add_argument("--window-ms", nargs=2, type=float, metavar=("FROM", "TO"), help="where a response may begin")
    mep.add_argument("--amplitude-window-ms", nargs=2, type=float, metavar=("FROM", "TO"), help="where its peaks are")
    mep.add_argument("--criterion-uv", type=float, default=50.0, help="smallest response (default 50)")
    mep.add_argument("--rest-limit-uv", type=float, default=10.0, help="largest RMS before the pulse (default 10)")
    mep.add_argument("--active", action="store_true", help="the muscle was meant to contract: no rest limit")


def run(args: argparse.Namespace) -> int:
    """Measure every file; one that cannot be read is named on stderr and makes the exit code 1."""
    try:
        settings = settings_from(args)
    except ValueError as error:
        sys.stderr.write(f"bedside analyse: {error}\n")
        return 2
    reports, failed = [], False
    for path in args.files:
        try:
            reports.append(_report(path, settings))
        except BadRecordingError as error:
            failed = True
            sys.stderr.write(f"bedside analyse: {error}\n")
    sys.stdout.write(json.dumps(reports, indent=1) + "\n" if args.json else "".join(table(r) for r in reports))
    return 1 if failed else 0


def _report(path: Path, settings: Settings) -> dict[str, Any]:
    return measure_file(read_epochs(path), settings)
