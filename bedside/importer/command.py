"""`bedside import-robot FILE --mapping NAME`: a robot's exported table in the columns of our own robot states.

It reads and prints; with `--visit` it has the running station keep the table with its open visit instead.
"""

import argparse
import asyncio
import csv
import json
import sys
from pathlib import Path

import msgspec

from bedside.commands import ImportRobot
from bedside.config import CONFIG_HELP, ConfigError, config_folder, load_station
from bedside.importer.hand_over import hand_over, handed_over
from bedside.importer.robot import STATE_COLUMNS, StateRow, states
from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.mapping import load_mapping
from bedside.record.tables.table import Table, read_table
from bedside.refusal import Refusal
from bedside.station.client import StationGone
from bedside.station.importing import IMPORTS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the table as the robot's own software exported it")
    parser.add_argument("--mapping", required=True, metavar="NAME", help="a mapping of configs/imports")
    parser.add_argument("--config", metavar="DIR", help=CONFIG_HELP)
    parser.add_argument("--json", action="store_true", help="one JSON document instead of CSV")
    visit = parser.add_argument_group("into the open visit", "the running station copies the table and journals it")
    visit.add_argument("--visit", metavar="VISIT", help="the open visit, as its folder is named")
    visit.add_argument("--clock-ahead", type=float, default=0.0, metavar="S", help="how far the robot's clock is ahead")
    visit.add_argument("--began", default="", metavar="TIME", help="the robot's clock where the table's times are 0")
    visit.add_argument("--data", type=Path, metavar="DIR", help="where visits are kept (default: station.toml)")
    visit.add_argument("--run", type=Path, metavar="DIR", dest="run_dir", help="where the station's sockets are")


def run(args: argparse.Namespace) -> int:
    """Print the states; a file or mapping that cannot be used is named on stderr and makes the exit code 1."""
    try:
        table = _read(args.file, config_folder(args.config), args.mapping)
        if args.visit is not None:
            return asyncio.run(_into_visit(args))
    except (ConfigError, ImportRefusal, Refusal, StationGone) as error:
        sys.stderr.write(f"bedside import-robot: {error}\n")
        return 1
    rows = states(table)
    if args.json:
        sys.stdout.write(json.dumps(document(table, rows), indent=1, ensure_ascii=False) + "\n")
    else:
        _print_csv(rows)
    if not table.mapping.verified:
        sys.stderr.write(f"bedside import-robot: mapping '{args.mapping}' is not verified against a known session\n")
    return 0


def _read(path: Path, config: Path, name: str) -> Table:
    mapping = load_mapping(config, name)
    if mapping.kind != "robot":
        raise ImportRefusal(path, 0, "", f"'{name}' maps a {mapping.kind} table", "name a mapping for a robot")
    return read_table(path, mapping)


async def _into_visit(args: argparse.Namespace) -> int:
    """Hand the table to the station; its event is printed as JSON."""
    settings = load_station(config_folder(args.config))
    data, run_dir = args.data or Path(settings.data), args.run_dir or Path(settings.run)
    asked = ImportRobot(
        visit=args.visit,
        file=args.file.name,
        mapping=args.mapping,
        began=args.began,
        clock_ahead_s=args.clock_ahead,
    )
    with handed_over(args.file, data / IMPORTS):
        kept = await hand_over(run_dir, asked)
    sys.stdout.write(json.dumps(msgspec.to_builtins(kept), indent=1, ensure_ascii=False) + "\n")
    if not kept.verified:
        sys.stderr.write(f"bedside import-robot: mapping '{args.mapping}' is not verified against a known session\n")
    return 0


def document(table: Table, rows: list[StateRow]) -> dict[str, object]:
    """What `--json` prints: where the rows come from, and the rows."""
    return {
        "file": str(table.path),
        "sha256": table.sha256,
        "mapping": table.mapping.id,
        "mapping_verified": table.mapping.verified,
        "from": table.mapping.source,
        "read": list(table.columns),
        "columns": list(STATE_COLUMNS),
        "rows": rows,
    }


def _print_csv(rows: list[StateRow]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(STATE_COLUMNS)
    for row in rows:
        writer.writerow(_text(row[name]) for name in STATE_COLUMNS)


def _text(value: object) -> object:
    if isinstance(value, tuple):
        return " ".join("nan" if item is None else str(_text(item)) for item in value)
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else "" if value is None else value
