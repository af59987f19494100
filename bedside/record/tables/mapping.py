"""A mapping: how another program writes its table, and which of its columns becomes which of ours.

Read from configs/imports/<id>.toml, strictly. A column's `unit` is the unit the file is in; the unit we keep it in is
the end of our name. What cannot be converted is refused here, before any file is looked at.
"""

import difflib
import hashlib
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, structs

from bedside.config.strict import ConfigError, Section, files_in, read
from bedside.record.tables.columns import (
    ACCEL,
    CELLS,
    COLUMNS,
    COUNTS,
    GYRO,
    POSITION,
    SIDES,
    TIME,
    TURNABLE,
    WORDS,
    Holds,
    Kind,
)
from bedside.record.tables.units import CLOCK, factor, unit_named, unit_of


class Column(Section, frozen=True, kw_only=True):
    """One column: `from` its header in the file, `to` our name, `unit` the file's unit, `words` its words to ours.

    `invert`: the file counts this axis the other way round.
    """

    header: Annotated[str, Meta(min_length=1)] = msgspec.field(name="from")
    to: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    unit: str = ""
    words: dict[str, str] = msgspec.field(default_factory=dict)
    required: bool = True
    invert: bool = False


class FileForm(Section, frozen=True, kw_only=True):
    """How the file is written. Rows count from 1; `units_row` 0: units stand in the headers, or nowhere."""

    encoding: Literal["utf-8", "utf-16", "cp1252", "latin-1"] = "utf-8"
    separator: Literal[",", ";", "\t", "|"] = ","
    decimal: Literal[".", ","] = "."
    header_row: Annotated[int, Meta(ge=1, le=200)] = 1
    units_row: Annotated[int, Meta(ge=0, le=200)] = 0
    missing: tuple[str, ...] = ()


class Plate(Section, frozen=True, kw_only=True):
    """Distances between the middles of a plate's cells, to reckon the centre of pressure from their loads."""

    width_cm: Annotated[float, Meta(gt=5, le=200)]
    depth_cm: Annotated[float, Meta(gt=5, le=200)]


class Mapping(Section, frozen=True, kw_only=True):
    """imports/<id>.toml. `source` names the program and version whose export this was made for.

    `holds` says whether the table has samples over time, or results that the other program reckoned: one row. `skip_s`
    replaces what a task leaves out of a recording's beginning, where the export has left it out already. `sha256` is
    that of the file, set when it is read.
    """

    id: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    kind: Kind
    holds: Holds = "samples"
    title: str
    source: str = ""
    verified: bool = False
    skip_s: Annotated[float, Meta(ge=0, le=600)] | None = None
    plate: Plate | None = None
    sha256: Annotated[str, Meta(max_length=0)] = ""
    file: FileForm = msgspec.field(default_factory=FileForm)
    columns: Annotated[tuple[Column, ...], Meta(min_length=1)]


def load_mapping(folder: Path, name: str) -> Mapping:
    """imports/<name>.toml below `folder`, cross-checked; raises `ConfigError`."""
    known = [path.stem for path in files_in(folder / "imports")]
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        remedy = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known) or 'none'}"
        raise ConfigError(folder / "imports", "", f"there is no '{name}'", remedy)
    return read_mapping(folder / "imports" / f"{name}.toml")


def load_mappings(folder: Path) -> tuple[tuple[Mapping, ...], tuple[ConfigError, ...]]:
    """Every mapping of imports/ below `folder` that can be used, by name, and why the others cannot."""
    found, problems = [], []
    try:
        paths = files_in(folder / "imports")
    except ConfigError as error:
        return (), (error,)
    for path in paths:
        try:
            found.append(read_mapping(path))
        except ConfigError as error:
            problems.append(error)
    return tuple(found), tuple(problems)


def read_mapping(path: Path, *, named: bool = True) -> Mapping:
    """One mapping file; raises `ConfigError` naming file, key and remedy.

    With `named` the file must be called as its id; a copy that lies beside an imported table is not.
    """
    mapping = structs.replace(read(path, Mapping), sha256=_digest(path))
    if named and mapping.id != path.stem:
        raise ConfigError(path, "id", f"is '{mapping.id}' in a file called '{path.stem}'", "make both the same")
    if mapping.file.decimal == mapping.file.separator:
        raise ConfigError(path, "file.decimal", "is the separator too", "one of them is written otherwise in the file")
    for place, column in enumerate(mapping.columns):
        _check(path, f"columns[{place}]", mapping, column)
    for key, names in (("from", [c.header for c in mapping.columns]), ("to", [c.to for c in mapping.columns])):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ConfigError(path, f"columns.{key}", f"'{twice[0]}' stands there twice", "leave one of them out")
    _check_whole(path, mapping)
    return mapping


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(
            path, "", f"cannot be read: {error.strerror or error}", "was it removed meanwhile?"
        ) from error


def _check_whole(path: Path, mapping: Mapping) -> None:
    """Raise `ConfigError` for a mapping whose columns together say too little to be measured."""
    names = {column.to for column in mapping.columns if column.required}
    cells = all(cell in names for cell in CELLS)
    if mapping.plate is not None and not cells:
        raise ConfigError(path, "plate", "needs the loads of all four cells", f"map {', '.join(CELLS)}")
    if mapping.holds == "results" or mapping.kind == "robot":
        if mapping.skip_s is not None:
            raise ConfigError(path, "skip_s", "only samples of a trial have a beginning", "leave it out")
        return
    if TIME not in names:
        raise ConfigError(path, "columns", f"samples need '{TIME}'", "map the column of times; without it, no rate")
    if mapping.kind == "balance" and not (all(name in names for name in POSITION) or (cells and mapping.plate)):
        remedy = f"map {' and '.join(POSITION)}, or {', '.join(CELLS)} with a [plate]"
        raise ConfigError(path, "columns", "the centre of pressure is missing", remedy)
    if mapping.kind == "gait" and not any(names.issuperset((*GYRO[side], *ACCEL[side])) for side in SIDES):
        remedy = f"map {GYRO['left'][0]} to z and {ACCEL['left'][0]} to z, or those of the right foot"
        raise ConfigError(path, "columns", "no foot has all six columns", remedy)


def _check(path: Path, key: str, mapping: Mapping, column: Column) -> None:
    known = COLUMNS.get((mapping.kind, mapping.holds))
    if known is None:
        raise ConfigError(path, "holds", f"a {mapping.kind} table holds no {mapping.holds}", "leave it out")
    if column.to not in known:
        near = difflib.get_close_matches(column.to, known, 1)
        remedy = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known)}"
        problem = f"a table of {mapping.kind} {mapping.holds} has no column '{column.to}'"
        raise ConfigError(path, f"{key}.to", problem, remedy)
    if column.invert and column.to not in TURNABLE:
        raise ConfigError(path, f"{key}.invert", f"'{column.to}' has no direction", "leave it out")
    ours = WORDS.get(column.to)
    wrong = [word for word in column.words.values() if ours is None or word not in ours]
    if wrong:
        remedy = f"known: {', '.join(ours)}" if ours else "only phase, e_stop and contacts have words"
        raise ConfigError(path, f"{key}.words", f"'{wrong[0]}' is no word of '{column.to}'", remedy)
    _check_unit(path, f"{key}.unit", column)


def _check_unit(path: Path, key: str, column: Column) -> None:
    wanted = "" if column.to in WORDS or column.to in COUNTS else unit_of(column.to)
    if not wanted:
        if column.unit:
            raise ConfigError(path, key, f"'{column.to}' has no unit", "leave it out")
        return
    if not column.unit:
        raise ConfigError(path, key, "is missing", f"write the unit the file is in; it is kept in {wanted}")
    given = unit_named(column.unit)
    if given is None:
        raise ConfigError(path, key, f"'{column.unit}' is not known", "write it as in km/h, m/s, kg, %, deg, Nm, s")
    if factor(given, wanted) is None or (given == CLOCK and wanted != "s"):
        raise ConfigError(
            path, key, f"'{column.unit}' is no unit of '{column.to}'", f"it must convert to {wanted}; see the file"
        )
