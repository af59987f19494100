"""Figures of captures, from the analyses that lie in the visit's folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bedside.assess.state import Work
from bedside.config.captures import CaptureConfig
from bedside.record.analysis import analysis
from bedside.report.model import Figure, Series
from bedside.report.walk_figures import walk_figures


def figures_of(capture: CaptureConfig, work: Work, visit: Path) -> Iterator[Figure]:
    """The figures of the last accepted trial of each task."""
    for task in capture.tasks:
        accepted = [trial for trial in work.of_task(task.id) if trial.counts]
        if accepted:
            found = analysis(accepted[-1].analysed, visit)
            where = f"{task.title}, trial {accepted[-1].started.trial}"
            yield from _drawn(capture.kind, found, where)


def _drawn(kind: str, found: dict[str, Any], where: str) -> Iterator[Figure]:
    if kind == "posture":
        yield from _track(found, where)
    if kind == "gait":
        yield from walk_figures(found, where)
    if kind == "cycling":
        yield from _revolutions(found, where)


def _track(found: dict[str, Any], where: str) -> Iterator[Figure]:
    track = found.get("track_cm")
    if not isinstance(track, dict):
        return
    x, y = (tuple(map(float, track[axis])) for axis in ("x", "y"))
    yield Figure(
        caption=f"Centre of pressure: {where}",
        text=f"The track spans {max(x) - min(x):.1f} cm sideways and {max(y) - min(y):.1f} cm from back to front.",
        x_label="to the right (cm)",
        y_label="to the front (cm)",
        series=(Series(label="", x=x, y=y),),
        square=True,
    )


def _revolutions(found: dict[str, Any], where: str) -> Iterator[Figure]:
    series = []
    for side in ("left", "right"):
        leg = (found.get("legs") or {}).get(side) or found.get(side) or {}
        turns = leg.get("revolutions") if isinstance(leg, dict) else None
        if turns:
            x = tuple(float(turn["start_s"]) for turn in turns)
            y = tuple(float(turn["cadence_rpm"]) for turn in turns)
            series.append(Series(label=f"{side} leg", x=x, y=y))
    if series:
        spans = ", ".join(f"{line.label} {min(line.y):.0f} to {max(line.y):.0f} rpm" for line in series)
        yield Figure(
            caption=f"Cadence: {where}",
            text=f"One value a revolution; {spans}.",
            x_label="time (s)",
            y_label="cadence (rpm)",
            series=tuple(series),
        )
