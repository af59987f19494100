"""Standing trials of a whole file: settings, results as plain values, a table."""

import argparse
import math
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from bedside.analyse.cues import Moves, parse_cue, parse_limits
from bedside.analyse.emg_files import BadRecordingError
from bedside.analyse.imported import far_off, mapping_arguments, mapping_of, provenance
from bedside.analyse.imported_results import results_table, stand_results
from bedside.analyse.means import mean_table
from bedside.analyse.plain import plain
from bedside.analyse.posture_files import AT_RAIL_REMEDY, Track, read_track
from bedside.analyse.recorded import WHOLE, Part, part_arguments, part_of
from bedside.analyse.stance_tasks import MEASURES, moves_report, moves_table
from bedside.analyse.task_files import beside, read_tasks
from bedside.record.tables.mapping import Mapping
from dsp.posture import Posture, analyse, broken, weight_distribution

ENVELOPES = ("sector", "hull", "ellipse", "outline", "outline_closed")


@dataclass(frozen=True)
class StanceSettings:
    """What `dsp.posture` is told, and where in the file it is."""

    lowpass_hz: float | None = None
    envelope: str = "sector"
    skip_s: float = 0.0
    duration_s: float | None = None
    paretic: str | None = None
    rate_hz: float | None = None
    stream: str | None = None
    part: Part = WHOLE
    moves: Moves | None = None
    mapping: Mapping | None = None


def stance_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bedside analyse posture`."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="CSV, NPZ, or the folder of a recording")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument("--lowpass-hz", type=float, help="filter forward and back at this cut-off (default: as given)")
    parser.add_argument("--envelope", choices=ENVELOPES, default="sector", help="what is called its area")
    parser.add_argument("--skip-s", type=float, default=0.0, help="leave out this much of the beginning")
    parser.add_argument("--duration-s", type=float, help="measure this long a part")
    parser.add_argument("--paretic", choices=("left", "right"), help="the paretic side, for the weight on it")
    parser.add_argument("--rate-hz", type=float, help="read the track off at this rate")
    parser.add_argument("--stream", help="name of the plate in a recording")
    part_arguments(parser)
    mapping_arguments(parser)
    parser.add_argument("--task", choices=("static", *MEASURES), default="static", help="what the person did")
    cue = "a cue SECONDS after the beginning: 5:left:70, 9:even (shift), 5:90 (limits, degrees), 5 (perturbation)"
    parser.add_argument("--cue", action="append", default=[], metavar="CUE", help=cue)
    parser.add_argument(
        "--limits-cm", metavar="DEG:CM,...", help="how far the person can lean, from right (0) to front"
    )
    parser.add_argument("--height-cm", type=float, help="stature, for limits that are not given")
    parser.add_argument("--mean", action="store_true", help="add the mean of all trials, with how many")


def stance_settings(args: argparse.Namespace) -> StanceSettings:
    """Settings of a command line. Raises ValueError naming the option."""
    for option in ("lowpass_hz", "duration_s", "rate_hz"):
        value = getattr(args, option)
        if value is not None and not (math.isfinite(value) and value > 0):
            raise ValueError(f"--{option.replace('_', '-')} {value:g}: must be positive")
    if not (math.isfinite(args.skip_s) and args.skip_s >= 0):
        raise ValueError(f"--skip-s {args.skip_s:g}: must not be negative")
    shared = (args.lowpass_hz, args.envelope, args.skip_s, args.duration_s, args.paretic, args.rate_hz, args.stream)
    return StanceSettings(*shared, part_of(args), _moves(args), mapping_of(args, "balance"))


def _moves(args: argparse.Namespace) -> Moves | None:
    if args.task == "static":
        if args.cue:
            raise ValueError(f"--cue {args.cue[0]}: a static stand has none; name the --task")
        return None
    if args.height_cm is not None and not 50.0 <= args.height_cm <= 250.0:
        raise ValueError(f"--height-cm {args.height_cm:g}: no stature")
    cues = tuple(sorted((parse_cue(args.task, text) for text in args.cue), key=lambda cue: cue.at_s))
    limits = {} if args.limits_cm is None else parse_limits(args.limits_cm)
    return Moves(args.task, cues, limits, args.height_cm, args.paretic)


def stance_report(path: Path, settings: StanceSettings) -> dict[str, Any]:
    """One file as values that JSON knows. Raises BadRecordingError for a file that cannot be read."""
    mapping = settings.mapping
    if mapping is not None and mapping.holds == "results":
        return stand_results(path, mapping, settings.paretic)
    track = read_track(path, settings.stream, settings.rate_hz, settings.part, mapping)
    moves = settings.moves
    if moves is None and (tasks := beside(path)) is not None:
        moves = read_tasks(tasks)
        settings = replace(settings, moves=moves)
    if moves is not None:
        made = moves_report(track, moves)
        return _head(path, settings, track) | made
    if settings.lowpass_hz is not None and settings.lowpass_hz >= track.rate_hz / 2:
        half = track.rate_hz / 2
        raise BadRecordingError(
            f"{path}: --lowpass-hz {settings.lowpass_hz:g} must be under half the rate, {half:g} Hz"
        )
    result = analyse(
        track.x_cm,
        track.y_cm,
        track.rate_hz,
        lowpass_hz=settings.lowpass_hz,
        envelope=settings.envelope,
        outline=True,
        loads_kg=track.loads_kg,
        cells=track.cells,
        skip_s=settings.skip_s,
        duration_s=settings.duration_s,
        sampled_hz=track.sampled_hz,
    )
    result = _beside_rails(result, track)
    head = _head(path, settings, track)
    if mapping is not None and result.valid:
        head["notes"] += far_off(result.offset_x_cm, result.offset_y_cm)
    return head | {
        "posture": plain(asdict(result)),
        "identities": _identities(result),
        "weight": _weight(track, settings, measured=result.valid),
    }


def _beside_rails(result: Posture, track: Track) -> Posture:
    """A missing position is nobody's fault who stood there, where a cell was at its rail."""
    if track.railed is None:
        return result
    if result.refusal is None:
        return replace(result, warnings=(*result.warnings, track.railed))
    return replace(result, refusal=f"{track.railed}; {AT_RAIL_REMEDY}")


def _head(path: Path, settings: StanceSettings, track: Track) -> dict[str, Any]:
    """What every report begins with; a table of another program says by which mapping it was read."""
    told = plain({key: value for key, value in asdict(replace(settings, mapping=None)).items() if key != "mapping"})
    read_by = {} if settings.mapping is None else {"imported": dict(provenance(settings.mapping))}
    return {"file": str(path), "settings": told, "notes": list(track.notes)} | read_by


def stance_table(report: dict[str, Any]) -> str:
    """A report as lines for a terminal."""
    if "mean_of" in report:
        return mean_table(report)
    if report.get("imported", {}).get("holds") == "results":
        return results_table(report)
    if "posture" not in report:
        return moves_table(report)
    posture, weight = report["posture"], report["weight"]
    lines = [report["file"]]
    if posture["refusal"]:
        lines.append(f"  NOT MEASURED: {posture['refusal']}")
    else:
        lines.append(f"  {posture['duration_s']:.2f} s at {posture['rate_hz']:g} Hz, filter: {posture['filter']}")
        for key, name, unit in ROWS:
            lines.append(f"  {name:<24}{_number(posture[key])} {unit}")
        lines.append(f"  envelope: {posture['definition']}")
    if weight is not None and weight["refusal"] is None:
        shares = f"left {weight['left_pct']:.1f} %, right {weight['right_pct']:.1f} %"
        lines.append(f"  weight: {shares} ({weight['source']})")
    lines += [f"  CAUTION  {one}" for one in (*posture["warnings"], *report["identities"])]
    lines += [f"  note  {one}" for one in report["notes"]]
    return "\n".join(lines) + "\n"


ROWS = (
    ("path_length_cm", "path", "cm"),
    ("mean_speed_cm_s", "mean speed", "cm/s"),
    ("envelope_area_cm2", "envelope area", "cm2"),
    ("hull_area_cm2", "convex hull", "cm2"),
    ("ellipse_area_cm2", "95 % prediction ellipse", "cm2"),
    ("outline_area_cm2", "exact outline", "cm2"),
    ("outline_closed_area_cm2", "exact outline, closed", "cm2"),
    ("path_per_area_per_cm", "path per envelope area", "1/cm"),
    ("offset_x_cm", "offset to the right", "cm"),
    ("offset_y_cm", "offset to the front", "cm"),
    ("rms_x_cm", "RMS sideways", "cm"),
    ("rms_y_cm", "RMS front-back", "cm"),
    ("frequency_hz", "mean frequency", "Hz"),
)


def _identities(result: Posture) -> list[str]:
    if not result.valid:
        return []
    return list(
        broken(
            path_length_cm=result.path_length_cm,
            mean_speed_cm_s=result.mean_speed_cm_s,
            duration_s=result.duration_s,
            envelope_area_cm2=result.envelope_area_cm2,
            path_per_area_per_cm=result.path_per_area_per_cm,
        )
    )


def _weight(track: Track, settings: StanceSettings, *, measured: bool) -> dict[str, Any] | None:
    if track.left_kg is None or track.right_kg is None or not measured:
        return None
    first = round(settings.skip_s * track.rate_hz)
    last = None if settings.duration_s is None else first + round(settings.duration_s * track.rate_hz) + 1
    part = slice(first, last)
    made = weight_distribution(
        track.left_kg[part], track.right_kg[part], paretic=settings.paretic, two_plates=track.two_plates
    )
    weight: dict[str, Any] = plain(asdict(made))
    return weight


def _number(value: float | None) -> str:
    return "-".rjust(10) if value is None else f"{value:10.3f}"
