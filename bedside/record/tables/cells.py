"""One cell of another program's table: a number, a time, a count or a word, or a refusal that names the place."""

import math
import re
from collections.abc import Callable
from pathlib import Path

from bedside.record.tables.columns import COUNTS, LIMITS, WORDS
from bedside.record.tables.mapping import Column, FileForm
from bedside.record.tables.units import CLOCK, factor, unit_named, unit_of

Value = float | int | str | bool | None
Reader = Callable[[int, str], Value]
"""From a line number and a cell's text to a value in our unit, None for "not measured"."""
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_CLOCK = re.compile(r"(?:(?P<h>\d{1,3}):)?(?P<min>\d{1,3}):(?P<s>\d{1,2}(?:\.\d+)?)")
_YES_NO = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}


class ImportRefusal(Exception):
    """A table that cannot be taken: `path`, `line` (from 1, 0 for the whole file), `column` and `remedy` say where."""

    def __init__(self, path: Path, line: int, column: str, problem: str, remedy: str) -> None:
        place = f"{path}:{line}" if line else f"{path}"
        where = f"{place}: column '{column}'" if column else place
        super().__init__(f"{where}: {problem} ({remedy})")
        self.path, self.line, self.column = path, line, column
        self.problem, self.remedy = problem, remedy


def reader_of(path: Path, column: Column, form: FileForm) -> Reader:
    """The reader of one column's cells; it raises `ImportRefusal`."""
    if column.to in WORDS:
        return lambda line, cell: _word(path, line, column, form, cell)
    given, wanted = unit_named(column.unit) or "", unit_of(column.to) if column.unit else ""
    worth = (factor(given, wanted) if column.unit else 1.0) or 1.0
    worth = -worth if column.invert else worth
    # looked up once and not for every cell: a trial has hundreds of thousands
    absent, counts = frozenset(("", *form.missing)), column.to in COUNTS
    low, high = LIMITS.get(column.to, (-math.inf, math.inf))

    def read(line: int, cell: str) -> Value:
        if cell in absent:
            return None
        number = _clock(path, line, column, cell) if given == CLOCK else _number(path, line, column, form, cell)
        value = number if worth == 1.0 else number * worth
        if not low <= value <= high:
            problem = f"{cell} cannot be right: {value:g} is outside {low:g} to {high:g}"
            raise ImportRefusal(path, line, column.header, problem, "check the unit in the mapping")
        return _count(path, line, column, value) if counts else round(value, 9)

    return read


def printed_step(column: Column, form: FileForm, cell: str) -> float:
    """What the last printed digit of a cell is worth in our unit; 0 for a word, an empty cell or a power of ten."""
    given = unit_named(column.unit) or ""
    text = cell.replace(form.decimal, ".")
    if given == CLOCK or not _NUMBER.fullmatch(text) or "e" in text.lower():
        return 0.0
    worth = (factor(given, unit_of(column.to)) if column.unit else 1.0) or 1.0
    return abs(worth) * 10.0 ** -len(text.partition(".")[2])


def _word(path: Path, line: int, column: Column, form: FileForm, cell: str) -> Value:
    if not cell or cell in form.missing:
        return None
    word = column.words.get(cell, cell.lower() if not column.words else cell)
    if column.to == "phase" and word in WORDS["phase"]:
        return word
    if column.to != "phase" and word in _YES_NO:
        return _YES_NO[word]
    remedy = f'add "{cell}" = … to its words in the mapping: {", ".join(WORDS[column.to])}'
    raise ImportRefusal(path, line, column.header, f"'{cell}' is no word of '{column.to}'", remedy)


def _number(path: Path, line: int, column: Column, form: FileForm, cell: str) -> float:
    other = "," if form.decimal == "." else "."
    if other in cell:
        problem = f"'{cell}' holds a '{other}', the mapping's decimal sign is '{form.decimal}'"
        remedy = "set file.decimal in the mapping; groups of thousands are not read"
        raise ImportRefusal(path, line, column.header, problem, remedy)
    text = cell if form.decimal == "." else cell.replace(form.decimal, ".")
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        remedy = "correct it, or add it to file.missing in the mapping if it means 'not measured'"
        raise ImportRefusal(path, line, column.header, f"'{cell}' is no number", remedy)
    return value


def _clock(path: Path, line: int, column: Column, cell: str) -> float:
    match = _CLOCK.fullmatch(cell.replace(",", "."))
    if match is None or float(match["s"]) >= 60 or (match["h"] and int(match["min"]) >= 60):
        raise ImportRefusal(path, line, column.header, f"'{cell}' is no time h:min:s", "correct it, or its unit")
    return int(match["h"] or 0) * 3600 + int(match["min"]) * 60 + float(match["s"])


def _count(path: Path, line: int, column: Column, value: float) -> int:
    if value != int(value):
        raise ImportRefusal(path, line, column.header, f"{value:g} is no count", "map another column")
    return int(value)
