"""Curves over the gait cycle as plain values, and as lines for a terminal."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from bedside.analyse.gait_files import Feet
from dsp.gait.curves import SideCurves, curves
from dsp.gait.leg import LegAngles, leg_angles
from dsp.gait.model import SIDES, Gait, Side

DIGITS = 2
ANGLES = (
    ("pitch_deg", "foot to the floor (segment)"),
    ("ankle_deg", "ankle, dorsiflexion"),
    ("knee_deg", "knee, flexion"),
    ("shank_deg", "shank (segment)"),
    ("thigh_deg", "thigh (segment)"),
)


def walking_curves(feet: Feet, gait: Gait) -> dict[str, Any]:
    """Each side's curves at 0, 1 ... 100 % of the gait cycle, with what was left out of them and why.

    A walk that was refused has none on either side, for the same reason.
    """
    if gait.refusal is not None:
        return {side: _side(SideCurves(0, {}, gait.refusal), None) for side in SIDES}
    return {side: _side(*_measured(feet, gait, side), feet.leg_faults.get(side, ())) for side in SIDES}


def _measured(feet: Feet, gait: Gait, side: Side) -> tuple[SideCurves, LegAngles | None]:
    foot = feet.left if side == "left" else feet.right
    if foot is None:
        return SideCurves(0, {}, f"no sensor on the {side} foot"), None
    own = [stride for stride in gait.strides if stride.side == side]
    leg = leg_angles(*feet.legs.get(side, (None, None)), own, rate_hz=foot.rate_hz)
    return curves(gait.strides, side, leg), leg


def _side(found: SideCurves, leg: LegAngles | None, faults: tuple[str, ...] = ()) -> dict[str, Any]:
    values: dict[str, Any] = {
        "refusal": found.refusal,
        "cycles": found.cycles,
        "left_out": dict(found.left_out),
        "filled": found.filled,
        "toe_off_pct": found.toe_off_pct,
        "clearance_cm": None,
        "refused": dict(found.refused),
        "flags": [*faults, *(() if leg is None else leg.flags)],
        "zero": None if leg is None else leg.zero,
    }
    if found.clearance_cm is not None:
        values["clearance_cm"] = dict(zip(("mean", "sd"), found.clearance_cm, strict=True))
    rounded = {name: asdict(curve) for name, curve in found.by_name.items()}
    for curve in rounded.values():
        curve["mean"], curve["sd"] = (np.round(curve[key], DIGITS).tolist() for key in ("mean", "sd"))
    return values | rounded


def curve_lines(sides: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The lowest and highest mean of each angle over the cycle, and why a side has none."""
    lines = []
    for key, name in ANGLES:
        cells = [_span(sides[side].get(key)) for side in SIDES]
        if any(cells):
            lines.append(f"  {f'{name} deg':<36}" + "".join(f"{cell or '-':>16}" for cell in cells))
    if lines:
        cycles = "".join(f"{sides[side]['cycles']:>16}" for side in SIDES)
        lines.insert(0, f"  {'over the gait cycle: cycles':<36}{cycles}")
    for side in SIDES:
        refused = sides[side]["refused"].items()
        notes = [f"no {key.removesuffix('_deg')} angle: {why}" for key, why in refused]
        notes += [f"no curves: {sides[side]['refusal']}"] if sides[side]["refusal"] else []
        lines += [f"  ! {side}: {note}" for note in (*notes, *sides[side]["flags"])]
    return lines


def _span(curve: Mapping[str, Any] | None) -> str:
    return "" if curve is None else f"{min(curve['mean']):.0f} to {max(curve['mean']):.0f}"
