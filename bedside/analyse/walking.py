"""Gait of a whole file as plain values, and as a table for a terminal."""

from dataclasses import asdict
from typing import Any

from bedside.analyse.gait_files import Feet
from dsp.gait import analyse
from dsp.gait.model import Side, SideSummary, Stride, Summary
from dsp.gait.ten_metre import ten_metre

# printed name, key of a side, digits
ROWS = (
    ("step length (timing) cm", "step_length_cm", 1),
    ("stride length cm", "stride_length_cm", 1),
    ("gait cycle s", "gait_cycle_s", 3),
    ("speed m/s", "speed_m_s", 2),
    ("swing %", "swing_pct", 1),
    ("stance %", "stance_pct", 1),
    ("double support, initial %", "initial_double_support_pct", 1),
    ("double support, terminal %", "terminal_double_support_pct", 1),
    ("single support %", "single_support_pct", 1),
    ("clearance cm", "clearance_cm", 1),
)


def measure_walk(feet: Feet, paretic: Side | None) -> dict[str, Any]:
    """Strides, summary, ten-metre walk and flags as values that JSON knows; names carry the units."""
    gait = analyse(feet.left, feet.right)
    foot = feet.left or feet.right
    return {
        "file": str(feet.path),
        "rate_hz": None if foot is None else foot.rate_hz,
        "refusal": gait.refusal,
        "flags": list(gait.flags),
        "summary": None if gait.summary is None else _summary(gait.summary, paretic),
        "ten_metre_walk": asdict(ten_metre(gait)),
        "strides": [_stride(stride) for stride in gait.strides],
    }


def walk_table(report: dict[str, Any]) -> str:
    """A report as lines for a terminal."""
    head = [report["file"]]
    if report["refusal"]:
        return "\n".join([*head, f"  REFUSED: {report['refusal']}"]) + "\n"
    summary = report["summary"]
    sides = [summary[side] or {} for side in ("left", "right")]
    lines = [f"  {'':<28}{'left':>8}{'right':>8}"]
    lines.append(f"  {'straight strides (turns)':<28}" + "".join(f"{_count(side):>8}" for side in sides))
    for name, key, digits in ROWS:
        lines.append(f"  {name:<28}" + "".join(f"{_number(side.get(key), digits):>8}" for side in sides))
    lines.append(f"  {'step frequency /min':<28}{_number(summary['step_frequency_per_min'], 1):>8}")
    notes = [*report["flags"], *summary["identities"]]
    return "\n".join([*head, *lines, *(f"  ! {note}" for note in notes)]) + "\n"


def _summary(summary: Summary, paretic: Side | None) -> dict[str, Any]:
    values = asdict(summary)
    values["identities"] = list(summary.identities)
    if paretic is not None:
        sides: dict[str, SideSummary | None] = {"left": summary.left, "right": summary.right}
        other = "right" if paretic == "left" else "left"
        for name, side in (("paretic", paretic), ("non_paretic", other)):
            found = sides[side]
            values[name] = None if found is None else {"side": side} | asdict(found)
    return values


def _stride(stride: Stride) -> dict[str, Any]:
    values = {key: value for key, value in vars(stride).items() if key != "path_m"}
    return values | {"stride_time_s": stride.stride_time_s, "flags": list(stride.flags)}


def _count(side: dict[str, Any]) -> str:
    return f"{side['strides']} ({side['turns']})" if side else "-"


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
