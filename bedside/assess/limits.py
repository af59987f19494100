"""How far a participant can lean in each direction: by their own accepted leans, else by theory and stature."""

import re
from math import cos, radians, sin
from statistics import fmean

from bedside.assess.state import Work
from dsp.posture.leaning import theoretical_limit_cm

Limits = dict[float, float]
KEY = re.compile(r"limit_(\d{3})")
"""A variable of this name is a lean's farthest point (cm) in the direction of its number, right 0 to front 90."""


def own_limits_cm(work: Work) -> Limits:
    """Means over the accepted trials of an instrument, by direction (degrees); empty without any."""
    found: dict[float, list[float]] = {}
    for trial in work.trials:
        if trial.counts and trial.analysed is not None:
            for name, value in trial.analysed.values.items():
                if (match := KEY.fullmatch(name)) is not None and value > 0:
                    found.setdefault(float(match[1]), []).append(value)
    return {direction: fmean(values) for direction, values in sorted(found.items())}


def as_setting(limits: Limits) -> str:
    """As the analysis takes them: "0:12.5,45:13"."""
    return ",".join(f"{direction:g}:{reach:.2f}" for direction, reach in limits.items())


def limit_cm(limits: Limits, direction_deg: float, height_cm: float | None) -> float | None:
    """The limit in a direction, None where neither a lean nor the stature is known."""
    own = limits.get(direction_deg % 360.0)
    if own is not None or height_cm is None:
        return own
    return theoretical_limit_cm(height_cm, direction_deg)


def polygon_cm(limits: Limits) -> tuple[tuple[float, float], ...]:
    """The corners (x right, y front) of the participant's own limits, round about; empty with fewer than three."""
    if len(limits) < 3:
        return ()
    return tuple((reach * cos(radians(at)), reach * sin(radians(at))) for at, reach in limits.items())
