"""A mapping: how another program writes its table, and which of its columns becomes which of ours.

Read from configs/imports/<id>.toml, strictly. A column's `unit` is the unit the file is in; the unit we keep it in is
the end of our name. What cannot be converted is refused here, before any file is looked at.
"""

import difflib
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from bedside.config.strict import ConfigError, Section, read
from bedside.record.tables.units import CLOCK, factor, unit_named, unit_of
from hal.roles import JOINTS

Kind = Literal["robot", "gait", "balance"]

PHASES = ("off", "fitting", "stand", "walk", "stopping", "fault", "unknown")
JOINT_COLUMNS = {
    "angles_deg": tuple(f"angle_{joint}_deg" for joint in JOINTS),
    "velocities_deg_s": tuple(f"velocity_{joint}_deg_s" for joint in JOINTS),
    "torques_nm": tuple(f"torque_{joint}_nm" for joint in JOINTS),
}
CONTACT_COLUMNS = ("contact_right", "contact_left")
WORDS: dict[str, tuple[str, ...]] = {
    "phase": PHASES,
    **dict.fromkeys(("e_stop", *CONTACT_COLUMNS), ("yes", "no")),
}
"""Columns that hold words, and which."""
COUNTS = ("steps",)
ROBOT_COLUMNS = (
    "time_s",
    "phase",
    "speed_kmh",
    "body_weight_support_kg",
    "assist_pct",
    "e_stop",
    "steps",
    "distance_m",
    *(name for names in JOINT_COLUMNS.values() for name in names),
    *CONTACT_COLUMNS,
)


class Column(Section, frozen=True, kw_only=True):
    """One column: `from` its header in the file, `to` our name, `unit` the file's unit, `words` its words to ours."""

    header: Annotated[str, Meta(min_length=1)] = msgspec.field(name="from")
    to: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    unit: str = ""
    words: dict[str, str] = msgspec.field(default_factory=dict)
    required: bool = True


class FileForm(Section, frozen=True, kw_only=True):
    """How the file is written. Rows count from 1; `units_row` 0: units stand in the headers, or nowhere."""

    encoding: Literal["utf-8", "utf-16", "cp1252", "latin-1"] = "utf-8"
    separator: Literal[",", ";", "\t", "|"] = ","
    decimal: Literal[".", ","] = "."
    header_row: Annotated[int, Meta(ge=1, le=200)] = 1
    units_row: Annotated[int, Meta(ge=0, le=200)] = 0
    missing: tuple[str, ...] = ()


class Mapping(Section, frozen=True, kw_only=True):
    """imports/<id>.toml. `source` names the program and version whose export this was made for."""

    id: str
    kind: Kind
    title: str
    source: str = ""
    verified: bool = False
    file: FileForm = msgspec.field(default_factory=FileForm)
    columns: Annotated[tuple[Column, ...], Meta(min_length=1)]


def load_mapping(folder: Path, name: str) -> Mapping:
    """imports/<name>.toml below `folder`, cross-checked; raises `ConfigError`."""
    known = sorted(path.stem for path in (folder / "imports").glob("*.toml"))
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        remedy = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(known) or 'none'}"
        raise ConfigError(folder / "imports", "", f"there is no '{name}'", remedy)
    return read_mapping(folder / "imports" / f"{name}.toml")


def read_mapping(path: Path) -> Mapping:
    """One mapping file; raises `ConfigError` naming file, key and remedy."""
    mapping = read(path, Mapping)
    if mapping.id != path.stem:
        raise ConfigError(path, "id", f"is '{mapping.id}' in a file called '{path.stem}'", "make both the same")
    if mapping.file.decimal == mapping.file.separator:
        raise ConfigError(path, "file.decimal", "is the separator too", "one of them is written otherwise in the file")
    for place, column in enumerate(mapping.columns):
        _check(path, f"columns[{place}]", mapping.kind, column)
    for key, names in (("from", [c.header for c in mapping.columns]), ("to", [c.to for c in mapping.columns])):
        twice = [name for name, count in Counter(names).items() if count > 1]
        if twice:
            raise ConfigError(path, f"columns.{key}", f"'{twice[0]}' stands there twice", "leave one of them out")
    return mapping


def _check(path: Path, key: str, kind: Kind, column: Column) -> None:
    if kind == "robot" and column.to not in ROBOT_COLUMNS:
        near = difflib.get_close_matches(column.to, ROBOT_COLUMNS, 1)
        remedy = f"did you mean '{near[0]}'?" if near else f"known: {', '.join(ROBOT_COLUMNS)}"
        raise ConfigError(path, f"{key}.to", f"a robot has no column '{column.to}'", remedy)
    ours = WORDS.get(column.to)
    wrong = [word for word in column.words.values() if ours is None or word not in ours]
    if wrong:
        known = f"known: {', '.join(ours)}" if ours else "only phase, e_stop and contacts have words"
        raise ConfigError(path, f"{key}.words", f"'{wrong[0]}' is no word of '{column.to}'", known)
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
