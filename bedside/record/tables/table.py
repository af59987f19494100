"""Another program's table, read by a mapping: one row after the other, every value in our unit or refused by place.

Nothing is guessed: a number with the other decimal sign, a column whose header names another unit than the mapping, a
row of another length are refused with file, line, column and what to do.
"""

import codecs
import csv
import difflib
import hashlib
import io
import math
import re
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from pathlib import Path

from bedside.record.tables.cells import ImportRefusal, Reader, Value, printed_step, reader_of
from bedside.record.tables.mapping import Column, FileForm, Mapping
from bedside.record.tables.units import unit_named

MAX_BYTES = 64 << 20
SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tabulator", "|": "bar"}
_UNIT_IN_HEADER = re.compile(r"(?P<name>.*?)\s*[\[(](?P<unit>[^\])]+)[\])]\s*")


@dataclass(frozen=True)
class Table:
    """Rows by our names, in our units; `lines` are their lines in the file, `sha256` is the file's.

    `printed` says what the last printed digit of the last row's numbers is worth: how far they may be rounded.
    """

    path: Path
    sha256: str
    mapping: Mapping
    columns: tuple[str, ...]
    rows: tuple[AnyMapping[str, Value], ...]
    lines: tuple[int, ...]
    printed: AnyMapping[str, float] = field(default_factory=dict)


def read_table(path: Path, mapping: Mapping) -> Table:
    """Read the whole file; raises `ImportRefusal` for the first thing in it that is not as the mapping says."""
    return table_of(path, _bytes(path), mapping)


def table_of(path: Path, data: bytes, mapping: Mapping) -> Table:
    """The table in `data`, the content of a file that is named `path` in every refusal; see `read_table`."""
    lines = _cells(path, data, mapping.file)
    header, units = _heads(path, lines, mapping.file)
    readers = _readers(path, header, units, mapping)
    rows, numbers, last = [], [], []
    for number, cells in lines:
        if number <= max(mapping.file.header_row, mapping.file.units_row) or not any(cells):
            continue
        if len(cells) < len(header) or any(cells[len(header) :]):
            problem = f"{len(cells)} cells where the header has {len(header)}"
            raise ImportRefusal(path, number, "", problem, "look at this line; a cell may hold a bare separator")
        rows.append({name: reader(number, cells[place]) for name, place, reader in readers})
        numbers.append(number)
        last = cells
    if not rows:
        raise ImportRefusal(path, 0, "", "holds no rows below its header", "export it again")
    _rising(path, rows, numbers)
    names = tuple(name for name, _, _ in readers)
    by_name = {column.to: column for column in mapping.columns}
    printed = {name: printed_step(by_name[name], mapping.file, last[place]) for name, place, _ in readers}
    return Table(path, hashlib.sha256(data).hexdigest(), mapping, names, tuple(rows), tuple(numbers), printed)


def demand_fit(path: Path, head: bytes, mapping: Mapping) -> None:
    """Raise `ImportRefusal` when the beginning of a file, `head`, has not the columns that the mapping says."""
    form = mapping.file
    lines = _cells(path, head, form, last=max(form.header_row, form.units_row))
    header, units = _heads(path, lines, mapping.file)
    _readers(path, header, units, mapping)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ImportRefusal(path, 0, "", f"larger than {MAX_BYTES >> 20} MiB", "export a shorter span")
        return path.read_bytes()
    except OSError as error:
        raise ImportRefusal(path, 0, "", f"cannot be read: {error.strerror or error}", "check the path") from error


def _cells(path: Path, data: bytes, form: FileForm, last: int | None = None) -> list[tuple[int, list[str]]]:
    """Line number and cells of every line, marks at the file's beginning taken off.

    With `last` no line after that number is looked at, and the data may end anywhere behind it.
    """
    try:
        decoder = codecs.getincrementaldecoder("utf-8-sig" if form.encoding == "utf-8" else form.encoding)()
        text = decoder.decode(data, final=last is None)
        text = text.replace("\xa0", " ")
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=form.separator, strict=True)
        found, line = [], 1
        for cells in reader:
            if last is not None and line > last:
                break
            found.append((line, [cell.strip() for cell in cells]))
            line = reader.line_num + 1
        return found
    except UnicodeError as error:
        raise ImportRefusal(path, 0, "", f"is not {form.encoding}", "set file.encoding in the mapping") from error
    except csv.Error as error:
        raise ImportRefusal(path, 0, "", f"is no table: {error}", "export it again as CSV") from error


def _heads(path: Path, lines: list[tuple[int, list[str]]], form: FileForm) -> tuple[list[str], list[str]]:
    by_line = dict(lines)
    header = by_line.get(form.header_row)
    if not header or not any(header):
        raise ImportRefusal(path, form.header_row, "", "there is no header", "set file.header_row in the mapping")
    while header and not header[-1]:
        header = header[:-1]
    units = by_line.get(form.units_row, []) if form.units_row else []
    return header, [*units, *[""] * (len(header) - len(units))]


def _readers(path: Path, header: list[str], units: list[str], mapping: Mapping) -> list[tuple[str, int, Reader]]:
    found = []
    for column in mapping.columns:
        place = _place(path, header, column, mapping.file)
        if place is None:
            continue
        _same_unit(path, header[place], units[place], column, mapping.file)
        found.append((column.to, place, reader_of(path, column, mapping.file)))
    if not found:
        raise ImportRefusal(path, mapping.file.header_row, "", "none of the mapping's columns is there", "see both")
    return found


def _place(path: Path, header: list[str], column: Column, form: FileForm) -> int | None:
    exact = [at for at, name in enumerate(header) if name == column.header]
    places = exact or [at for at, name in enumerate(header) if _split(name)[0] == column.header]
    if len(places) > 1:
        problem = f"stands there twice, as columns {' and '.join(str(at + 1) for at in places)}"
        raise ImportRefusal(path, form.header_row, column.header, problem, "rename one of them in a copy of the file")
    if places:
        return places[0]
    if not column.required:
        return None
    raise ImportRefusal(path, form.header_row, column.header, "is not there", _nearby(header, column, form))


def _nearby(header: list[str], column: Column, form: FileForm) -> str:
    others = [name for sign, name in SEPARATORS.items() if sign != form.separator and sign in header[0]]
    if len(header) == 1 and others:
        return f"the file seems to be separated by {others[0]}: set file.separator in the mapping"
    near = difflib.get_close_matches(column.header, header, 1)
    return f"did you mean '{near[0]}'?" if near else f"the file has: {', '.join(header)}"


def _split(header: str) -> tuple[str, str]:
    """A header's name and the unit in brackets behind it; the whole and "" where that is no unit."""
    match = _UNIT_IN_HEADER.fullmatch(header)
    if match is None or unit_named(match["unit"]) is None:
        return header, ""
    return match["name"], match["unit"]


def _same_unit(path: Path, header: str, below: str, column: Column, form: FileForm) -> None:
    said = [(form.header_row, _split(header)[1]), (form.units_row, below.strip("[]() "))]
    for line, text in said:
        if text and column.unit and unit_named(text) != unit_named(column.unit):
            remedy = f'if the file is right, write unit = "{text}" in the mapping: it is converted'
            raise ImportRefusal(path, line, header, f"is in {text}, the mapping says {column.unit}", remedy)
        if text and not column.unit and unit_named(text) is not None:
            raise ImportRefusal(path, line, header, f"is in {text}, the mapping knows no unit", "map another column")


def _rising(path: Path, rows: list[dict[str, Value]], lines: list[int]) -> None:
    before = -math.inf
    for row, line in zip(rows, lines, strict=True):
        time_s = row.get("time_s")
        if isinstance(time_s, int | float):
            if time_s < before:
                problem = f"{time_s:g} s comes after {before:g} s"
                raise ImportRefusal(path, line, "time_s", problem, "export one session at a time")
            before = time_s
