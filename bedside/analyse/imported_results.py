"""Results that another program reckoned, in the form of our reports: kept as they are, checked, never recomputed."""

from collections.abc import Iterator
from collections.abc import Mapping as AnyMapping
from pathlib import Path
from typing import Any

from bedside.analyse.emg_files import BadRecordingError
from bedside.analyse.imported import provenance, table_at
from bedside.record.tables.cells import ImportRefusal
from bedside.record.tables.columns import DOUBLE_SUPPORT_PARTS, OF_A_FOOT, OF_A_STAND, OF_A_WALK, SIDES
from bedside.record.tables.mapping import Mapping
from bedside.record.tables.trial import results
from dsp.gait.identities import broken as broken_gait
from dsp.posture.identities import broken as broken_stand

Values = AnyMapping[str, float]
SHARE_TOLERANCE_PCT = 0.5


def walk_results(path: Path, mapping: Mapping, paretic: str | None) -> dict[str, Any]:
    """A walk's results as `bedside analyse gait` reports them. Raises BadRecordingError.

    The identities of a gait table are checked; total double support is the sum of its printed parts where the file has
    only those.
    """
    values, printed = _values(path, mapping)
    feet = {side: _sided(values, side) for side in SIDES}
    summary: dict[str, Any] = {name: values.get(name) for name in OF_A_WALK} | feet
    flags = []
    if summary["double_support_pct"] is None and all(part in values for part in DOUBLE_SUPPORT_PARTS):
        summary["double_support_pct"] = sum(values[part] for part in DOUBLE_SUPPORT_PARTS)
        flags.append("double support is the sum of the file's initial and terminal double support")
    if paretic is not None:
        other = "right" if paretic == "left" else "left"
        summary |= {"paretic": feet[paretic], "non_paretic": feet[other]}
    summary["identities"] = list(_walk_identities(summary, printed.get("speed_m_s", 0.0)))
    return _told(path, mapping) | {
        "refusal": None,
        "flags": flags,
        "summary": summary,
        "columns": {part: values.get(part) for part in DOUBLE_SUPPORT_PARTS},
        "ten_metre_walk": {
            "speed_m_s": values.get("ten_metre_speed_m_s"),
            "time_s": values.get("ten_metre_time_s"),
        },
    }


def stand_results(path: Path, mapping: Mapping, paretic: str | None) -> dict[str, Any]:
    """A stand's results as `bedside analyse posture` reports them. Raises BadRecordingError."""
    values, _ = _values(path, mapping)
    named = {name: values.get(name) for name in OF_A_STAND}
    left, right = values.get("load_left_pct"), values.get("load_right_pct")
    return _told(path, mapping) | {
        "posture": {"refusal": None, "warnings": [], "definition": "of the other program"} | named,
        "identities": [*_stand_identities(named), *_share_identity(left, right)],
        "weight": _weight(left, right, paretic),
        "notes": [],
    }


def results_table(report: dict[str, Any]) -> str:
    """A report of imported results as lines for a terminal."""
    by = report["imported"]
    lines = [f"{report['file']}", f"  IMPORTED by mapping {by['mapping']}, not computed here"]
    lines += [f"  {name:<40}{value:10.3f}" for name, value in _numbers(report)]
    notes = [*report.get("flags", ()), *(report.get("summary") or report).get("identities", ())]
    return "\n".join([*lines, *(f"  ! {note}" for note in notes)]) + "\n"


def _numbers(node: AnyMapping[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield from _numbers(value, f"{before}{name}.")
        elif isinstance(value, float):
            yield f"{before}{name}", value


def _values(path: Path, mapping: Mapping) -> tuple[Values, Values]:
    """The values, and what their last printed digit is worth."""
    table = table_at(path, mapping)
    try:
        return results(table), table.printed
    except ImportRefusal as error:
        raise BadRecordingError(str(error)) from error


def _told(path: Path, mapping: Mapping) -> dict[str, Any]:
    return {"file": str(path), "imported": dict(provenance(mapping))}


def _sided(values: Values, side: str) -> dict[str, float | None]:
    return {name: values.get(f"{side}_{name}") for name in OF_A_FOOT}


def _walk_identities(summary: AnyMapping[str, Any], speed_step_m_s: float) -> tuple[str, ...]:
    """The identities of a gait table that do not hold; the speed may be rounded by half of its last printed digit."""
    left, right = (summary[side] for side in SIDES)
    found = broken_gait(
        swing_left_pct=left["swing_pct"],
        stance_left_pct=left["stance_pct"],
        swing_right_pct=right["swing_pct"],
        stance_right_pct=right["stance_pct"],
        stride_length_m=_stride_m(left, right),
        gait_cycle_s=summary["gait_cycle_s"],
        speed_m_s=summary["speed_m_s"],
        step_frequency_per_min=summary["step_frequency_per_min"],
        double_support_pct=summary["double_support_pct"],
        speed_rounding_m_s=speed_step_m_s,
    )
    return tuple(found)


def _stride_m(left: AnyMapping[str, Any], right: AnyMapping[str, Any]) -> float | None:
    """Mean stride length of both feet; without it the sum of both step lengths, which is the same distance."""
    strides = [foot["stride_length_cm"] for foot in (left, right) if foot["stride_length_cm"] is not None]
    if strides:
        return float(sum(strides) / len(strides) / 100.0)
    steps = [foot["step_length_cm"] for foot in (left, right)]
    return None if None in steps else float(sum(steps) / 100.0)


def _stand_identities(named: AnyMapping[str, float | None]) -> tuple[str, ...]:
    keys = ("path_length_cm", "mean_speed_cm_s", "duration_s", "envelope_area_cm2", "path_per_area_per_cm")
    return broken_stand(**{key: named[key] for key in keys})


def _share_identity(left: float | None, right: float | None) -> tuple[str, ...]:
    off = left is not None and right is not None and abs(left + right - 100.0) > SHARE_TOLERANCE_PCT
    return ("the loads of both legs do not sum to 100 %",) if off else ()


def _weight(left: float | None, right: float | None, paretic: str | None) -> dict[str, Any] | None:
    """The share on each leg; on the paretic one, and the asymmetry as it is defined here, where that leg is known."""
    if left is None and right is None:
        return None
    shares = {"left": left if left is not None else 100.0 - (right or 0.0)}
    shares["right"] = right if right is not None else 100.0 - shares["left"]
    found: dict[str, Any] = {"left_pct": shares["left"], "right_pct": shares["right"], "refusal": None}
    found["source"] = "of the other program"
    if paretic is not None:
        found |= {"paretic_pct": shares[paretic], "asymmetry_pct": 100.0 - 2.0 * shares[paretic]}
    return found
