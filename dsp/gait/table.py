"""The eleven columns of a gait table, with their units and what counts as better.

Step length of both sides, gait cycle, step frequency, speed, swing and stance of both sides, double support after a
contact and before a toe-off. A longer step, a shorter cycle, more steps, more swing, less stance and less double
support count as better, as gait-robot trials after stroke print it.
"""

from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from dsp.gait.model import Side, SideSummary, Summary


@dataclass(frozen=True)
class Column:
    """A column: its key (unit at the end), printed name, unit, and whether more is better."""

    key: str
    name: str
    unit: str
    more_is_better: bool


COLUMNS = (
    Column("step_length_left_cm", "step length, left", "cm", True),
    Column("step_length_right_cm", "step length, right", "cm", True),
    Column("gait_cycle_s", "gait cycle", "s", False),
    Column("step_frequency_per_min", "step frequency", "steps/min", True),
    Column("speed_m_s", "speed", "m/s", True),
    Column("swing_left_pct", "swing, left", "%", True),
    Column("swing_right_pct", "swing, right", "%", True),
    Column("stance_left_pct", "stance, left", "%", False),
    Column("stance_right_pct", "stance, right", "%", False),
    Column("double_support_initial_pct", "double support, initial", "%", False),
    Column("double_support_terminal_pct", "double support, terminal", "%", False),
)
BY_KEY = {column.key: column for column in COLUMNS}
SIDED = (("step_length", "step_length_cm"), ("swing", "swing_pct"), ("stance", "stance_pct"))


def columns(summary: Summary) -> dict[str, float | None]:
    """The columns of a trial in their order; None where nothing was measured."""
    found: dict[str, float | None] = {
        "gait_cycle_s": summary.gait_cycle_s,
        "step_frequency_per_min": summary.step_frequency_per_min,
        "speed_m_s": summary.speed_m_s,
    }
    for name in ("initial", "terminal"):
        both = [getattr(side, f"{name}_double_support_pct") for side in (summary.left, summary.right) if side]
        known = [value for value in both if value is not None]
        found[f"double_support_{name}_pct"] = fmean(known) if known else None
    found |= _sided(summary.left, "left") | _sided(summary.right, "right")
    return {column.key: found[column.key] for column in COLUMNS}


def limb_columns(summary: Summary, paretic: Side) -> dict[str, float | None]:
    """The sided columns once more by paretic and non-paretic limb."""
    limbs = (summary.left, summary.right) if paretic == "left" else (summary.right, summary.left)
    return _sided(limbs[0], "paretic") | _sided(limbs[1], "non_paretic")


def change(key: str, before: float, after: float) -> Literal["better", "worse", "same"]:
    """What a change of a column means. Raises KeyError for another column."""
    column = BY_KEY[key]
    if after == before:
        return "same"
    return "better" if (after > before) == column.more_is_better else "worse"


def _sided(side: SideSummary | None, name: str) -> dict[str, float | None]:
    return {
        f"{kind}_{name}_{key.rsplit('_', 1)[1]}": None if side is None else getattr(side, key) for kind, key in SIDED
    }
