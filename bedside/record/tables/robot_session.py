"""What a robot's exported table says of a session as a whole: how long, how far, how fast, with how much support.

Every row holds until the next one. What the table does not tell stays None: nothing is reckoned from something else.
"""

from dataclasses import dataclass
from itertools import pairwise

from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.columns import TIME
from bedside.record.tables.table import Table


@dataclass(frozen=True, slots=True)
class RobotSession:
    """A whole table. `first_s` and `last_s` are its own times of its first and last row (s).

    Speed (km/h) and support (kg) are means over the time of walking, weighted by it, and their extremes; `walk_s` is
    that time. Walking is the phase "walk" where the table tells phases, else a speed above 0. `distance_m` is what its
    counter rose by, None where it is absent or runs backwards.
    """

    first_s: float
    last_s: float
    walk_s: float | None
    distance_m: float | None
    mean_speed_kmh: float | None
    max_speed_kmh: float | None
    mean_support_kg: float | None
    min_support_kg: float | None
    max_support_kg: float | None


def session_of(table: Table) -> RobotSession:
    """The session in a robot's table; raises `ImportRefusal` for a table without times."""
    times = _times(table)
    lasts = [after - before for before, after in pairwise(times)] + [0.0]
    walked = _walking(table)
    held = [last if walks else 0.0 for last, walks in zip(lasts, walked, strict=True)]
    speeds, supports = _column(table, "speed_kmh"), _column(table, "body_weight_support_kg")
    worn = [load for load, walks in zip(supports, walked, strict=True) if walks and load is not None]
    known = any(walked) or "phase" in table.columns or "speed_kmh" in table.columns
    return RobotSession(
        first_s=times[0],
        last_s=times[-1],
        walk_s=round(sum(held), 3) if known else None,
        distance_m=_risen(_column(table, "distance_m")),
        mean_speed_kmh=_mean(speeds, held),
        max_speed_kmh=max((speed for speed in speeds if speed is not None), default=None),
        mean_support_kg=_mean(supports, held),
        min_support_kg=min(worn, default=None),
        max_support_kg=max(worn, default=None),
    )


def _times(table: Table) -> list[float]:
    if TIME not in table.columns:
        raise ImportRefusal(table.path, 0, TIME, "the table has no times", f"map its column of times to '{TIME}'")
    found = []
    for line, value in zip(table.lines, _column(table, TIME), strict=True):
        if value is None:
            raise ImportRefusal(table.path, line, TIME, "the row has no time", "export the table again")
        found.append(value)
    return found


def _column(table: Table, name: str) -> list[float | None]:
    values = [row.get(name) for row in table.rows]
    return [float(value) if isinstance(value, int | float) else None for value in values]


def _walking(table: Table) -> list[bool]:
    if "phase" in table.columns:
        return [row.get("phase") == "walk" for row in table.rows]
    return [speed is not None and speed > 0 for speed in _column(table, "speed_kmh")]


def _mean(values: list[float | None], weights: list[float]) -> float | None:
    pairs = [(value, weight) for value, weight in zip(values, weights, strict=True) if value is not None]
    whole = sum(weight for _, weight in pairs)
    return round(sum(value * weight for value, weight in pairs) / whole, 3) if whole > 0 else None


def _risen(counter: list[float | None]) -> float | None:
    told = [value for value in counter if value is not None]
    if not told or any(after < before for before, after in pairwise(told)):
        return None
    return round(told[-1] - told[0], 3)
