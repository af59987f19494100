"""A report for a terminal: plain text, no wider than asked."""

import importlib
import re
import textwrap
from collections.abc import Sequence
from itertools import cycle
from typing import Any

from bedside.report.model import Figure, Report, Section, Series, Table

FIGURE_ROWS = 16
STROKE_DOTS = 8
FRAME_COLUMNS, FRAME_ROWS = 6, 3
"""What axes and labels take."""
LEAST_ROWS, MOST_ROWS = 5, 18
"""plotext draws no higher than a terminal of 24 lines."""
CELL_TALL = 2.0
"""How many times taller than wide a terminal's cell is."""
MARKERS = ("o", "x", "+", "*")
LEAST_COLUMN = 8
CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]")
"""Escape sequences begin with one of these; the last of them turn the direction of writing."""


def text(report: Report, width: int = 80) -> str:
    """The whole report, its lines at most `width` cells wide; no words of the record can steer the terminal."""
    lines = [report.title, "=" * min(len(report.title), width), ""]
    lines += _warnings(report.warnings, width)
    room = max((len(name) for name, _ in report.facts), default=0)
    for name, value in report.facts:
        lines += _hanging(f"{name:<{room}}  ", value, width)
    for section in report.sections:
        lines += ["", *_section(section, width)]
    return "\n".join(CONTROL.sub("?", each) for each in (*lines, "", *textwrap.wrap(report.footer, width), ""))


def _warnings(warnings: Sequence[str], width: int) -> list[str]:
    return [line for warning in warnings for line in _hanging("! ", warning, width)]


def _hanging(lead: str, words: str, width: int) -> list[str]:
    return textwrap.wrap(
        words, width, initial_indent=lead, subsequent_indent=" " * len(lead), break_long_words=True
    ) or [lead.rstrip()]


def _section(section: Section, width: int) -> list[str]:
    lines = [section.title, "-" * min(len(section.title), width), *_warnings(section.warnings, width)]
    for paragraph in section.paragraphs:
        lines += textwrap.wrap(paragraph, width)
    for table in section.tables:
        lines += ["", *_table(table, width)]
    for figure in section.figures:
        lines += ["", *_figure(figure, width)]
    return lines


def _table(table: Table, width: int) -> list[str]:
    widths = _widths(table, width)
    lines = [table.caption, *_row(table.head, widths), "  ".join("-" * size for size in widths)]
    for cells in table.rows:
        lines += _row(cells, widths)
    return lines


def _widths(table: Table, width: int) -> list[int]:
    """Each column as wide as its longest cell; the widest give way until all fit."""
    widths = [max(len(row[place]) for row in (table.head, *table.rows)) for place in range(len(table.head))]
    room = width - 2 * (len(widths) - 1)
    while sum(widths) > room and max(widths) > LEAST_COLUMN:
        widths[widths.index(max(widths))] -= 1
    return widths


def _row(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [textwrap.wrap(cell, size) or [""] for cell, size in zip(cells, widths, strict=True)]
    deep = max(len(lines) for lines in wrapped)
    rows = []
    for level in range(deep):
        parts = [
            f"{lines[level] if level < len(lines) else '':<{size}}" for lines, size in zip(wrapped, widths, strict=True)
        ]
        rows.append("  ".join(parts).rstrip())
    return rows


def _cells(figure: Figure, width: int) -> tuple[int, int]:
    """Columns and rows of the plot; with one scale for both axes as many as that asks for."""
    x = [value for series in figure.series for value in series.x]
    y = [value for series in figure.series for value in series.y]
    if not figure.square or not x or max(x) == min(x):
        return width, FIGURE_ROWS
    tall = (max(y) - min(y)) / (max(x) - min(x)) / CELL_TALL
    rows = min(max(round((width - FRAME_COLUMNS) * tall), LEAST_ROWS), MOST_ROWS)
    columns = min(round(rows / tall), width - FRAME_COLUMNS) if tall > 0 else width - FRAME_COLUMNS
    return max(columns, LEAST_COLUMN) + FRAME_COLUMNS, rows + FRAME_ROWS


def _dots(series: Series, width: int) -> tuple[list[float], list[float]]:
    """As many points as the width shows; strokes become dotted lines of their own."""
    if not series.strokes:
        step = max(1, len(series.x) // width)
        return list(series.x[::step]), list(series.y[::step])
    ends = [slice(at, at + 2) for at in range(0, len(series.x), 2)]
    parts = [n / (STROKE_DOTS - 1) for n in range(STROKE_DOTS)]
    x, y = (
        [first + part * (last - first) for end in ends for first, last in [values[end]] for part in parts]
        for values in (series.x, series.y)
    )
    return x, y


def _figure(figure: Figure, width: int) -> list[str]:
    """Drawn by plotext, which is loaded only when there is something to draw."""
    plotext: Any = importlib.import_module("plotext")
    chart = plotext.figure
    chart.clear()
    chart.plot_size(*_cells(figure, width))
    for series, marker in zip(figure.series, cycle(MARKERS), strict=False):
        if series.x:
            chart.draw(chart.signal(*_dots(series, width), marker=marker))
    drawn = [line.rstrip() for line in str(plotext.uncolorize(str(chart.build()))).splitlines()]
    named = zip(figure.series, cycle(MARKERS), strict=False)
    names = ", ".join(f"{marker} {series.label}" for series, marker in named if series.label)
    parts = (f"{figure.caption}: {figure.text}", figure.note, f"({names})" if names else "")
    words = textwrap.wrap(" ".join(part for part in parts if part), width)
    return [*drawn, *words]
