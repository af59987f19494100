"""Tables of other programs as input of the analyses: read by a mapping, refused by file, line and column."""

import argparse
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import BadRecordingError
from bedside.config.strict import ConfigError
from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.columns import Kind
from bedside.record.tables.mapping import Mapping, read_mapping
from bedside.record.tables.table import Table, read_table
from bedside.record.tables.trial import Columns, samples

Array = NDArray[np.float64]
MOST_OFF_CM = 15.0
"""Nobody who stands on the marks is farther from the middle of a plate."""


def mapping_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a mapping."""
    text = "the file is another program's table, read by this mapping; see docs/importing.md"
    parser.add_argument("--mapping", type=Path, metavar="FILE.toml", help=text)


def mapping_of(args: argparse.Namespace, kind: Kind) -> Mapping | None:
    """The mapping that a command line names. Raises ValueError for one that cannot be used, or of another kind."""
    if args.mapping is None:
        return None
    try:
        mapping = read_mapping(args.mapping, named=False)
    except ConfigError as error:
        raise ValueError(f"--mapping {error}") from error
    except OSError as error:
        raise ValueError(f"--mapping {args.mapping}: cannot be read: {error.strerror or error}") from error
    if mapping.kind != kind:
        raise ValueError(f"--mapping {args.mapping}: maps a {mapping.kind} table, not {kind}")
    return mapping


def table_at(path: Path, mapping: Mapping) -> Table:
    """The table in a file. Raises BadRecordingError naming file, line, column and what to do."""
    try:
        return read_table(path, mapping)
    except ImportRefusal as error:
        raise BadRecordingError(str(error)) from error


def samples_at(path: Path, mapping: Mapping) -> tuple[Array, Columns]:
    """Times (n,) from 0 and columns (n,) of a file of samples. Raises BadRecordingError."""
    table = table_at(path, mapping)
    try:
        return samples(table)
    except ImportRefusal as error:
        raise BadRecordingError(str(error)) from error


def far_off(offset_x_cm: float, offset_y_cm: float) -> list[str]:
    """Words for a stand whose mean position is nowhere near the origin: programs also count from a plate's corner."""
    if max(abs(offset_x_cm), abs(offset_y_cm)) <= MOST_OFF_CM:
        return []
    where = f"{offset_x_cm:.0f} cm to the right and {offset_y_cm:.0f} cm to the front of the file's origin"
    return [f"offset: the person stood {where}: is that the plate's corner? Offsets mean nothing then"]


def provenance(mapping: Mapping) -> AnyMapping[str, Any]:
    """Where the numbers come from, for a report."""
    return {
        "mapping": mapping.id,
        "sha256": mapping.sha256,
        "verified": mapping.verified,
        "holds": mapping.holds,
        "source": mapping.source,
    }
