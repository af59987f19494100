"""What a walk's analysis says of its gait cycles, as much of it as is drawn."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from bedside.snapshot import GaitCurve, GaitSide

SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")
DRAWN = ("pitch_deg", "ankle_deg", "knee_deg", "up_cm")
PLACED = ("forward_cm", "shank_deg", "thigh_deg")
"""Drawn without their spread."""
EVERY = 2
DIGITS = 1


def walked(report: Mapping[str, Any]) -> tuple[GaitSide, ...]:
    """Both legs of a report of `bedside analyse gait`; empty for one without curves."""
    sides = report.get("curves")
    if not isinstance(sides, Mapping):
        return ()
    return tuple(_side(side, sides[side]) for side in SIDES if isinstance(sides.get(side), Mapping))


def _side(side: Literal["left", "right"], found: Mapping[str, Any]) -> GaitSide:
    clearance = found.get("clearance_cm") or {}
    return GaitSide(
        side=side,
        cycles=int(found.get("cycles") or 0),
        curves=tuple(_curves(found)),
        toe_off_pct=found.get("toe_off_pct"),
        clearance_cm=clearance.get("mean"),
        clearance_sd_cm=clearance.get("sd"),
        refusal=str(found.get("refusal") or ""),
        notes=tuple(_notes(found)),
    )


def _curves(found: Mapping[str, Any]) -> Iterable[GaitCurve]:
    for name in (*DRAWN, *PLACED):
        curve = found.get(name)
        if isinstance(curve, Mapping) and curve.get("mean"):
            sd = _thinned(curve.get("sd") or ()) if name in DRAWN else ()
            cycles = int(curve.get("cycles") or found.get("cycles") or 0)
            yield GaitCurve(name=name, cycles=cycles, mean=_thinned(curve["mean"]), sd=sd)


def _thinned(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in tuple(values)[::EVERY])


def _notes(found: Mapping[str, Any]) -> Iterable[str]:
    left_out = found.get("left_out") or {}
    if left_out and not found.get("refusal"):
        yield "not in the mean: " + ", ".join(f"{count} {why}" for why, count in left_out.items())
    if found.get("filled"):
        yield f"{found['filled']} of {found['cycles']} cycles have a short hole in their samples"
    yield from (f"no {name.removesuffix('_deg')} angle: {why}" for name, why in (found.get("refused") or {}).items())
    yield from found.get("flags") or ()
