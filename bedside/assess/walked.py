"""What a walk's analysis says of its gait cycles, as much of it as is drawn, and the stick figure made of it."""

from collections.abc import Iterable, Iterator, Mapping
from math import cos, radians, sin
from typing import Any, Literal

from bedside.snapshot import GaitCurve, GaitSide, GaitStick

SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")
DRAWN = ("pitch_deg", "ankle_deg", "knee_deg", "up_cm")
PLACED = ("forward_cm",)
"""Drawn without their spread."""
EVERY = 2
DIGITS = 1
FOOT_CM, SHANK_CM, THIGH_CM = 26.0, 42.0, 42.0
"""Of somebody 170 cm tall: 0.152, 0.246 and 0.245 of the stature (Drillis and Contini 1966, in Winter, Biomechanics and
Motor Control of Human Movement, 4th ed., fig. 4.1). Nobody's own lengths."""
MOMENTS = 11


def walked(report: Mapping[str, Any]) -> tuple[GaitSide, ...]:
    """Both legs of a report of `bedside analyse gait`; empty for one without curves."""
    sides = report.get("curves")
    if not isinstance(sides, Mapping):
        return ()
    return tuple(_side(side, sides[side]) for side in SIDES if isinstance(sides.get(side), Mapping))


def _side(side: Literal["left", "right"], found: Mapping[str, Any]) -> GaitSide:
    clearance = found.get("clearance_cm") or {}
    sticks = tuple(_sticks(found))
    lengths = (("foot", FOOT_CM), ("shank", SHANK_CM), ("thigh", THIGH_CM))
    return GaitSide(
        side=side,
        cycles=int(found.get("cycles") or 0),
        curves=tuple(_curves(found)),
        toe_off_pct=found.get("toe_off_pct"),
        clearance_cm=clearance.get("mean"),
        clearance_sd_cm=clearance.get("sd"),
        sticks=sticks,
        nominal=tuple(each for each in lengths if any(stick.segment == each[0] for stick in sticks)),
        refusal=str(found.get("refusal") or ""),
        notes=tuple(_notes(found)),
    )


def _sticks(found: Mapping[str, Any]) -> Iterator[GaitStick]:
    """The measured segments at tenths of the cycle, in cm from the first place of the foot's sensor.

    A foot is drawn about its sensor, a shank up from the sensor, a thigh from the shank's upper end.
    """
    forward, up, pitch, shank, thigh = (
        _mean(found, name) for name in ("forward_cm", "up_cm", "pitch_deg", "shank_deg", "thigh_deg")
    )
    if not (forward and up and pitch):
        return
    for moment in range(MOMENTS):
        at = round(moment * (len(forward) - 1) / (MOMENTS - 1))
        x, y, lean = forward[at] - forward[0], up[at], radians(pitch[at])
        half_x, half_y = FOOT_CM / 2 * cos(lean), FOOT_CM / 2 * sin(lean)
        yield _stick("foot", x - half_x, y - half_y, x + half_x, y + half_y)
        if not shank:
            continue
        knee_x, knee_y = _upper(x, y, SHANK_CM, shank[at])
        yield _stick("shank", x, y, knee_x, knee_y)
        if thigh:
            yield _stick("thigh", knee_x, knee_y, *_upper(knee_x, knee_y, THIGH_CM, thigh[at]))


def _stick(segment: Literal["foot", "shank", "thigh"], *ends_cm: float) -> GaitStick:
    return GaitStick(segment, *(round(end_cm, DIGITS) for end_cm in ends_cm))


def _upper(x_cm: float, y_cm: float, length_cm: float, lean_deg: float) -> tuple[float, float]:
    """A segment's upper end above its lower one; the lower end forward is positive."""
    return x_cm - length_cm * sin(radians(lean_deg)), y_cm + length_cm * cos(radians(lean_deg))


def _mean(found: Mapping[str, Any], name: str) -> list[float]:
    curve = found.get(name)
    return [float(value) for value in curve.get("mean") or ()] if isinstance(curve, Mapping) else []


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
