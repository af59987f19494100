"""What a page of accuracies is made of: kinds of recordings, a row a file, figures beside their bars, and Markdown."""

import argparse
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.analyse import KINDS, arguments

Array = NDArray[np.float64]
Report = dict[str, Any]
Cells = tuple[str, ...]

NOTHING = "–"
SMALLEST = 1e-10


@dataclass(frozen=True)
class Measured:
    """One file: its rows as printed, the name left out, and the errors that figures are made of."""

    rows: tuple[Cells, ...]
    scores: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """One number over all files of a kind, what is asked of it, and what others reached. None: nothing to measure."""

    name: str
    ours: float | None
    asked: float
    unit: str
    peer: str
    at_least: bool = False
    digits: int | None = 1
    """None: only the power of ten that it stays under."""

    @property
    def held(self) -> bool:
        """Whether it is as good as asked; a figure that could not be measured is not."""
        if self.ours is None or not math.isfinite(self.ours):
            return False
        return self.ours >= self.asked if self.at_least else self.ours <= self.asked

    def cells(self) -> Cells:
        """As a row of the summary."""
        asked = f"{'≥' if self.at_least else '≤'} {self.asked:g} {self.unit}".strip().replace("e-0", "e-")
        ours = bound(self.ours) if self.digits is None else f"{number(self.ours, self.digits)} {self.unit}".strip()
        return self.name, ours, asked, "held" if self.held else "**not held**", self.peer


@dataclass(frozen=True)
class Kind:
    """A folder of recordings with one reference: its table, and the figures over all its files.

    `names` are the files (their paths in the folder of recordings) that belong to it; others of its folder are added.
    """

    title: str
    about: str
    folder: str
    pattern: str
    names: tuple[str, ...]
    head: Cells
    measure: Callable[[Path], Measured]
    figures: Callable[[Mapping[str, Array]], list[Figure]] = lambda _scores: []

    def files(self, data: Path) -> list[str]:
        """What is there to be measured, in the order of the names."""
        found = {str(path.relative_to(data)) for path in (data / self.folder).glob(self.pattern)}
        return sorted(found)

    def missing(self, data: Path) -> list[str]:
        """Files that belong to it and are not there."""
        return [f"{self.folder}/{name}" for name in self.names if not (data / self.folder / name).is_file()]


def analysed(kind: str, path: Path, *options: str) -> Report:
    """The report of `bedside analyse KIND PATH OPTIONS`. Raises BadRecordingError as it does."""
    parser = argparse.ArgumentParser()
    arguments(parser)
    args = parser.parse_args([kind, str(path), *options])
    report, _ = KINDS[kind](args)
    return report(path)


def refused(error: Exception, path: Path) -> str:
    """A refusal without the machine's path."""
    return f"refused: {str(error).removeprefix(f'{path}: ')}"


def unread(columns: int, error: Exception, path: Path, *scores: str) -> Measured:
    """A file that could not be read: dashes, its refusal, and scores with which no figure holds."""
    return Measured(((*(NOTHING,) * columns, refused(error, path)),), dict.fromkeys(scores, (math.nan,)))


def said(refusal: str | None, flags: Iterable[str]) -> str:
    """Refusal and flags in the program's own words; "good" where it has none."""
    return "; ".join([*([f"refused: {refusal}"] if refusal else []), *flags]) or "good"


def pooled(measured: Iterable[Measured]) -> dict[str, Array]:
    """All errors of a kind by name; none for a name that no file has."""
    made: dict[str, list[float]] = {}
    for one in measured:
        for name, values in one.scores.items():
            made.setdefault(name, []).extend(values)
    return defaultdict(lambda: np.empty(0), {name: np.array(values, dtype=float) for name, values in made.items()})


def over(how: Callable[[Array], Any], values: Array | None) -> float | None:
    """A statistic of what is there; None of nothing."""
    return None if values is None or not values.size else float(how(values))


def mean_abs(values: Array) -> float:
    """Mean of the absolute errors."""
    return float(np.mean(np.abs(values)))


def number(value: float | None, digits: int = 1, *, signed: bool = False) -> str:
    """A number with its digits, or a dash."""
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{value:{'+' if signed else ''}.{digits}f}"
    return text.replace("-", "−") if float(text) else f"{0:.{digits}f}"


def bound(value: float | None) -> str:
    """The power of ten that an error stays under: the digits of rounding errors differ from machine to machine."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"< 1e{math.floor(math.log10(max(abs(value), SMALLEST))) + 1:d}"


def spread(errors: Array | None, scale: float = 1.0, digits: int = 1) -> str:
    """Bias and SD of errors."""
    if errors is None or not errors.size:
        return NOTHING
    bias, sd = scale * float(np.mean(errors)), scale * float(np.std(errors))
    return f"{number(bias, digits, signed=True)} ± {number(sd, digits)}"


def counted(reasons: Iterable[str]) -> list[str]:
    """Reasons by their first words, with how many of each there are, in the order of their first."""
    found: dict[str, int] = {}
    for reason in reasons:
        words = reason.split(":")[0]
        found[words] = found.get(words, 0) + 1
    return [f"{count} × {words}" for words, count in found.items()]


def table(head: Cells, rows: Iterable[Cells]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *(tuple(cell.replace("|", "/") for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def rows_of(name: str, measured: Measured) -> list[Cells]:
    """The rows of a file with its name in front."""
    return [(f"`{name}`", *row) for row in measured.rows]
