"""Figures of a walk over its gait cycles: angles, height and path of the feet, a stick figure; each with its words."""

from collections.abc import Iterator, Mapping
from typing import Any

from bedside.assess.walked import SIDES, walked
from bedside.report.model import Figure, Series
from bedside.snapshot import GaitSide

Sides = Mapping[str, Mapping[str, Any]]

CURVES = (
    ("pitch_deg", "Angle of the foot to the floor", "deg", "a segment's angle, toes up positive, and no joint's"),
    ("ankle_deg", "Ankle angle", "deg", "dorsiflexion positive, 0 in quiet standing"),
    ("knee_deg", "Knee angle", "deg", "flexion positive, 0 in quiet standing"),
    ("up_cm", "Height of the foot's sensor", "cm", "over its place in mid-stance; the toes' own height is not known"),
)
MEAN = "Mean over straight cycles, contact to contact"


def walk_figures(found: Mapping[str, Any], where: str) -> Iterator[Figure]:
    """What an analysis of a walk lets be drawn; nothing without curves."""
    sides: Sides = {side: curves for side in SIDES if isinstance(curves := (found.get("curves") or {}).get(side), dict)}
    for key, caption, unit, meaning in CURVES:
        drawn = {side: curves for side, curves in sides.items() if (curves.get(key) or {}).get("mean")}
        if drawn:
            yield _curve(drawn, sides, (key, f"{caption}: {where}", unit, meaning))
    if any(curves.get("forward_cm") for curves in sides.values()):
        yield _path(sides, where)
        for leg in walked(found):
            if leg.sticks:
                yield _sticks(leg, where)


def _curve(drawn: Sides, sides: Sides, words: tuple[str, str, str, str]) -> Figure:
    key, caption, unit, meaning = words
    series, said = [], []
    for side, curves in drawn.items():
        mean, sd = (tuple(map(float, curves[key].get(name) or ())) for name in ("mean", "sd"))
        share = tuple(100.0 * n / (len(mean) - 1) for n in range(len(mean)))
        series.append(Series(label=side, x=share, y=mean, sd=sd))
        spread = f", standard deviation {sum(sd) / len(sd):.1f} {unit} on average" if sd else ""
        cycles = curves[key].get("cycles", curves.get("cycles"))
        leaves = curves.get("toe_off_pct")
        off = "" if leaves is None else f", toe-off at {leaves:.0f} %"
        said.append(f"{side} from {min(mean):.1f} to {max(mean):.1f} {unit} over {cycles} cycles{spread}{off}")
    note = f"{MEAN}, the band one standard deviation. {_sentence([meaning])}{_missing(sides, key)}"
    text = _sentence(said)
    return Figure(caption=caption, text=text, note=note, x_label="gait cycle (%)", y_label=unit, series=tuple(series))


def _missing(sides: Sides, key: str) -> str:
    """Why a side is not drawn, and what is not in its mean."""
    said = []
    for side, curves in sides.items():
        why = curves.get("refusal") or (curves.get("refused") or {}).get(key)
        if why:
            said.append(f"not drawn, {side}: {why}")
        elif curves.get("left_out"):
            others = ", ".join(f"{count} {reason}" for reason, count in curves["left_out"].items())
            said.append(f"not in the mean, {side}: {others}")
    return f" {_sentence(said)}" if said else ""


def _sentence(parts: list[str]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _path(sides: Sides, where: str) -> Figure:
    series, said = [], []
    for side, curves in sides.items():
        if not (curves.get("forward_cm") and curves.get("up_cm")):
            continue
        forward, up = (tuple(map(float, curves[name]["mean"])) for name in ("forward_cm", "up_cm"))
        series.append(Series(label=f"{side} foot", x=tuple(x - forward[0] for x in forward), y=up))
        clears = curves.get("clearance_cm") or {}
        spread = "" if clears.get("sd") is None else f" (standard deviation {clears['sd']:.1f})"
        least = "" if clears.get("mean") is None else f", clearance {clears['mean']:.1f} cm{spread}"
        said.append(f"{side} {forward[-1] - forward[0]:.0f} cm forward{least}")
    return Figure(
        caption=f"Path of the foot's sensor from the side: {where}",
        text=_sentence(said),
        note=f"{MEAN}. The clearance is the sensor's, not the toes'.{_missing(sides, 'forward_cm')}",
        x_label="forward (cm)",
        y_label="up (cm)",
        series=tuple(series),
    )


def _sticks(leg: GaitSide, where: str) -> Figure:
    x = tuple(value for stick in leg.sticks for value in (stick.x_cm, stick.to_x_cm))
    y = tuple(value for stick in leg.sticks for value in (stick.y_cm, stick.to_y_cm))
    lengths = ", ".join(f"{name} {length_cm:.0f}" for name, length_cm in leg.nominal)
    return Figure(
        caption=f"Stick figure, {leg.side} leg: {where}",
        text=f"The measured segments at tenths of the mean of {leg.cycles} cycles, walking to the right.",
        note=(
            f"Directions and the foot's path are measured; lengths ({lengths} cm) are nominal, of somebody 170 cm tall."
        ),
        x_label="forward (cm)",
        y_label="up (cm)",
        series=(Series(label="", x=x, y=y, strokes=True),),
        square=True,
    )
