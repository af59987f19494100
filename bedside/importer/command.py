"""`bedside import-robot FILE --mapping NAME`: a robot's exported table in the columns of our own robot states.

It reads and prints; nothing is written into a visit.
"""

import argparse
import csv
import json
import sys
from pathlib import Path

from bedside.config import ConfigError, config_folder
from bedside.importer.robot import STATE_COLUMNS, StateRow, states
from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.mapping import load_mapping
from bedside.record.tables.table import Table, read_table


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the table as the robot's own software exported it")
    parser.add_argument("--mapping", required=True, metavar="NAME", help="a mapping of configs/imports")
    parser.add_argument("--config", metavar="DIR", help="configuration folder")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of CSV")


def run(args: argparse.Namespace) -> int:
    """Print the states; a file or mapping that cannot be used is named on stderr and makes the exit code 1."""
    try:
        table = _read(args.file, config_folder(args.config), args.mapping)
    except (ConfigError, ImportRefusal) as error:
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
