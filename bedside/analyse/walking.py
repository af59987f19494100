"""Gait of a whole file as plain values, and as a table for a terminal."""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bedside.analyse.gait_files import Feet
from bedside.analyse.plain import plain
from bedside.analyse.recorded import part_arguments
from bedside.analyse.walking_curves import curve_lines, walking_curves
from dsp.gait import ACCEL_RANGE_G, GYRO_RANGE_DEG_S, analyse
from dsp.gait.model import SIDES, Side, SideSummary, Stride, Summary
from dsp.gait.samples import STANDARD_GRAVITY_M_S2
from dsp.gait.table import columns, limb_columns
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
    ("clearance of the sensor cm", "clearance_cm", 1),
    ("foot angle at contact deg", "strike_angle_deg", 1),
)
LIMB_RATIOS = ("stance_pct", "swing_pct", "single_support_pct", "gait_cycle_s")
LARGEST_BELT_GAP = 0.05


@dataclass(frozen=True)
class WalkSettings:
    """What a recording does not say: the paretic side, a belt under the feet and its speed, the sensors' ranges, and
    that its feet have two clocks.
    """

    paretic: Side | None = None
    belt: bool = False
    belt_speed_m_s: float | None = None
    accel_range_g: float | None = None
    gyro_range_deg_s: float | None = None
    common_clock: bool = True


def walk_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of walking."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument("--paretic", choices=SIDES, help="name this side's values paretic as well")
    parser.add_argument("--belt", action="store_true", help="walked on a belt: no distance over ground")
    parser.add_argument("--belt-speed-m-s", type=float, metavar="V", help="the belt's speed, to compare with")
    parser.add_argument("--accel-range-g", type=float, metavar="G", help=f"of the sensors (default {ACCEL_RANGE_G:g})")
    text = f"of the sensors (default {GYRO_RANGE_DEG_S:g})"
    parser.add_argument("--gyro-range-deg-s", type=float, metavar="W", help=text)
    text = "the feet are on two clocks: nothing is measured from one to the other"
    parser.add_argument("--two-clocks", action="store_true", help=text)
    part_arguments(parser)


def walk_settings(args: argparse.Namespace) -> WalkSettings:
    """From a command line. Raises ValueError for a number that is not positive."""
    for name in ("belt_speed_m_s", "accel_range_g", "gyro_range_deg_s"):
        value = getattr(args, name)
        if value is not None and not value > 0:
            raise ValueError(f"--{name.replace('_', '-')} {value:g}: must be more than 0")
    on_belt = args.belt or args.belt_speed_m_s is not None
    ranges = args.accel_range_g, args.gyro_range_deg_s
    return WalkSettings(args.paretic, on_belt, args.belt_speed_m_s, *ranges, common_clock=not args.two_clocks)


def measure_walk(feet: Feet, settings: WalkSettings) -> dict[str, Any]:
    """Strides, summary, ten-metre walk and flags as values that JSON knows; names carry the units."""
    accel_range_g = settings.accel_range_g or feet.accel_range_g or ACCEL_RANGE_G
    gyro_range_deg_s = settings.gyro_range_deg_s or feet.gyro_range_deg_s or GYRO_RANGE_DEG_S
    belt_speed_m_s = settings.belt_speed_m_s or feet.belt_speed_m_s
    on_belt = settings.belt or belt_speed_m_s is not None
    gait = analyse(
        feet.left,
        feet.right,
        accel_range_m_s2=accel_range_g * STANDARD_GRAVITY_M_S2,
        gyro_range_rad_s=float(np.radians(gyro_range_deg_s)),
        common_clock=settings.common_clock and feet.common_clock,
    )
    foot = feet.left or feet.right
    summary = gait.summary
    report = {
        "file": feet.path,
        "rate_hz": None if foot is None else foot.rate_hz,
        "surface": "belt" if on_belt else "ground",
        "refusal": gait.refusal,
        "flags": [*gait.flags, *_belt_flags(summary, belt_speed_m_s)],
        "body_side": None if gait.body_side is None else asdict(gait.body_side),
        "summary": None if summary is None else _summary(summary, settings.paretic),
        "columns": None if summary is None else columns(summary),
        "ten_metre_walk": asdict(ten_metre(gait, belt=on_belt)),
        "curves": walking_curves(feet, gait),
        "strides": [_stride(stride) for stride in gait.strides],
    }
    return dict(plain(report))


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
        lines.append(f"  {name:<28}" + "".join(f"{_digits(side.get(key), digits):>8}" for side in sides))
    lines.append(f"  {'step frequency /min':<28}{_digits(summary['step_frequency_per_min'], 1):>8}")
    lines += curve_lines(report["curves"])
    notes = [*report["flags"], *summary["identities"]]
    return "\n".join([*head, *lines, *(f"  ! {note}" for note in notes)]) + "\n"


def _summary(summary: Summary, paretic: Side | None) -> dict[str, Any]:
    values = asdict(summary)
    if paretic is None:
        return values
    other: Side = "right" if paretic == "left" else "left"
    limbs = {"paretic": (paretic, getattr(summary, paretic)), "non_paretic": (other, getattr(summary, other))}
    for name, (side, found) in limbs.items():
        values[name] = None if found is None else {"side": side} | asdict(found)
    values["limb_columns"] = limb_columns(summary, paretic)
    values["paretic_over_non_paretic"] = {
        key: _over(limbs["paretic"][1], limbs["non_paretic"][1], key) for key in LIMB_RATIOS
    }
    return values


def _over(paretic: SideSummary | None, other: SideSummary | None, key: str) -> float | None:
    if paretic is None or other is None:
        return None
    above, below = getattr(paretic, key), getattr(other, key)
    return None if above is None or not below else float(above / below)


def _belt_flags(summary: Summary | None, belt_speed_m_s: float | None) -> list[str]:
    if belt_speed_m_s is None or summary is None or summary.speed_m_s is None:
        return []
    if abs(summary.speed_m_s / belt_speed_m_s - 1) <= LARGEST_BELT_GAP:
        return []
    text = f"the feet's speed, {summary.speed_m_s:.2f} m/s, is not the belt's, {belt_speed_m_s:.2f} m/s"
    return [f"{text}: check the sensors, or walking ahead of the belt"]


def _stride(stride: Stride) -> dict[str, Any]:
    values = {key: value for key, value in vars(stride).items() if key not in ("path_m", "pitch_deg")}
    return values | {"stride_time_s": stride.stride_time_s}


def _count(side: dict[str, Any]) -> str:
    return f"{side['strides']} ({side['turns']})" if side else "-"


def _digits(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
