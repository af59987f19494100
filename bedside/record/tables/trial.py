"""A trial from another program's table: samples as arrays by our names, or the one row of results."""

from collections.abc import Mapping as AnyMapping

import numpy as np
from numpy.typing import NDArray

from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.columns import CELLS, POSITION, TIME
from bedside.record.tables.mapping import Plate
from bedside.record.tables.table import Table

Array = NDArray[np.float64]
Columns = AnyMapping[str, Array]

FEWEST = 10
RATES_HZ = (5.0, 5000.0)
"""No plate and no sensor of a walk is slower or faster: another one is times in another unit."""
QUARTER = 0.25
"""A time may be rounded by this share of a step and still be that sample's."""
LEAST_FOUND = 0.1
"""With fewer samples than this share of what the times span, these are several recordings in one file."""
LEAST_KG = 1.0
"""Less on a plate has no place: its position would be noise."""


def samples(table: Table) -> tuple[Array, Columns]:
    """Times (n,) in s from the table's first, and its other columns (n,); NaN where a cell was empty.

    Where the mapping describes the plate and the file has no position, the centre of pressure is reckoned from the
    cells. Feet are put on one even clock, see `_evened`. Raises `ImportRefusal` for a time that is missing or does not
    rise, for times of no even clock under feet, and for too few rows.
    """
    times = _column(table, TIME)
    _demand_times(table, times)
    columns = {name: _column(table, name) for name in table.columns if name != TIME}
    if table.mapping.kind == "gait":
        return _evened(table, times, columns)
    plate = table.mapping.plate
    if plate is not None and not all(name in columns for name in POSITION):
        columns |= _position(columns, plate)
    return times - times[0], columns


def duration_s(table: Table) -> float:
    """From the first sample to the last (s). Raises `ImportRefusal` as `samples` does."""
    return float(samples(table)[0][-1])


def results(table: Table) -> dict[str, float]:
    """The values of the table's one row by our names. Raises `ImportRefusal` for several rows, or none with a value."""
    if len(table.rows) != 1:
        problem = f"{len(table.rows)} rows of results, where one trial has one"
        raise ImportRefusal(table.path, table.lines[1], "", problem, "export one trial at a time, without mean and SD")
    found = {name: float(value) for name, value in table.rows[0].items() if isinstance(value, int | float)}
    if not found:
        raise ImportRefusal(table.path, table.lines[0], "", "every mapped cell is empty", "look at the export")
    return found


def _column(table: Table, name: str) -> Array:
    values = [row[name] for row in table.rows]
    return np.array([value if isinstance(value, int | float) else np.nan for value in values], dtype=float)


def _demand_times(table: Table, times: Array) -> None:
    header = _header(table, TIME)
    if times.size < FEWEST:
        raise ImportRefusal(table.path, 0, "", f"too short: {times.size} rows of samples", "export the whole trial")
    unknown = np.flatnonzero(~np.isfinite(times))
    if unknown.size:
        raise ImportRefusal(table.path, table.lines[int(unknown[0])], header, "no time", "every sample needs its time")
    steps = np.diff(times)
    same = np.flatnonzero(steps <= 0)
    if same.size:
        problem = f"{times[same[0] + 1]:g} s does not come after {times[same[0]]:g} s"
        remedy = "export times with more decimals, and one trial at a time"
        raise ImportRefusal(table.path, table.lines[int(same[0]) + 1], header, problem, remedy)
    slowest, fastest = RATES_HZ
    step_s = float(np.median(steps))
    if not 1 / fastest <= step_s <= 1 / slowest:
        problem = f"a sample every {step_s:.3g} s cannot be right"
        raise ImportRefusal(table.path, 0, header, problem, "check the unit of the times in the mapping")


def _evened(table: Table, times: Array, columns: Columns) -> tuple[Array, Columns]:
    """The samples of an even clock whose times were rounded, and whose lost rows are not in the file: NaN there."""
    header, steps = _header(table, TIME), np.diff(times)
    step_s = float(np.median(steps))
    counts = np.rint(steps / step_s)
    odd = np.flatnonzero((np.abs(steps - counts * step_s) > QUARTER * step_s) & (counts < 1 / QUARTER) | (counts < 1))
    if odd.size:
        problem = f"a step of {1e3 * steps[odd[0]]:.4g} ms among steps of {1e3 * step_s:.4g} ms"
        remedy = "export every sample with times of an even clock"
        raise ImportRefusal(table.path, table.lines[int(odd[0]) + 1], header, problem, remedy)
    if not times.size >= LEAST_FOUND * float(counts.sum()):
        problem = f"{times.size} samples where {counts.sum() + 1:.0f} would fit"
        raise ImportRefusal(table.path, 0, header, problem, "export one trial at a time")
    at = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    even = np.arange(at[-1] + 1) * float((times[-1] - times[0]) / at[-1])
    return even, {name: _spread(column, at, even.size) for name, column in columns.items()}


def _spread(column: Array, at: NDArray[np.int64], n: int) -> Array:
    whole = np.full(n, np.nan)
    whole[at] = column
    return whole


def _header(table: Table, name: str) -> str:
    return next((column.header for column in table.mapping.columns if column.to == name), name)


def _position(columns: Columns, plate: Plate) -> Columns:
    """Right and forward positive (cm), by the balance of moments about the plate's middle."""
    top_left, bottom_left, top_right, bottom_right = (columns[cell] for cell in CELLS)
    total = top_left + bottom_left + top_right + bottom_right
    pressed = np.where(total >= LEAST_KG, total, np.nan)
    right = top_right + bottom_right - top_left - bottom_left
    front = top_left + top_right - bottom_left - bottom_right
    x, y = plate.width_cm / 2 * right / pressed, plate.depth_cm / 2 * front / pressed
    return dict(zip(POSITION, (x, y), strict=True))
