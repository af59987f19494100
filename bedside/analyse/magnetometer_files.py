"""Calibrations of magnetometers: made from a turn, kept as JSON, and believed from the day they were made until a week
later, for the sensor they were made with.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.orientation import MagnetometerFit, fit_magnetometer
from dsp.orientation.magnetometer import VALID_DAYS

Array = NDArray[np.float64]
NUMBERS = ("field_ut", "residual", "coverage", "spoilt")


@dataclass(frozen=True)
class Calibration:
    """A fit, with the days from which and until which it holds."""

    fit: MagnetometerFit
    made: date | None
    until: date | None

    def on(self, day: date | None) -> MagnetometerFit:
        """The fit for a recording of that day; not accepted where it does not hold."""
        why = None
        if self.made is None or self.until is None:
            why = "it has no day, so that it cannot expire"
        elif day is None:
            why = "the recording's day is not known; give --recorded-on"
        elif day < self.made:
            why = f"it was made later, on {self.made}"
        elif day > self.until:
            why = f"it expired on {self.until}"
        if why is None or not self.fit.accepted:
            return self.fit
        return replace(self.fit, accepted=False, reason=why)


def calibrate(raw_ut: Array, made: date | None) -> Calibration:
    """Fit a turn (n, 3) of that day."""
    until = None if made is None else made + timedelta(days=VALID_DAYS)
    return Calibration(fit_magnetometer(raw_ut), made, until)


def as_values(calibration: Calibration) -> dict[str, Any]:
    """As values that JSON knows; `residual`, `coverage` and `spoilt` are shares."""
    fit = calibration.fit
    return {
        "usable": fit.accepted,
        "reason": fit.reason,
        "hard_ut": fit.hard_ut.tolist(),
        "soft": fit.soft.tolist(),
        **{name: getattr(fit, name) for name in NUMBERS},
        "made": None if calibration.made is None else calibration.made.isoformat(),
        "until": None if calibration.until is None else calibration.until.isoformat(),
    }


def read_calibrations(path: Path) -> dict[str, Calibration]:
    """By sensor, from what `--calibrate --json` wrote. Raises ValueError naming file and remedy."""
    try:
        reports = json.loads(path.read_text(encoding="utf-8"))
        found = [(str(one["name"]), _of(one["calibration"])) for report in reports for one in report["sensors"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        remedy = "write one with --calibrate --json"
        raise ValueError(f"--magnetometer {path}: is no calibration ({error}); {remedy}") from error
    by_name = dict(found)
    if len(by_name) != len(found) or not found:
        raise ValueError(f"--magnetometer {path}: wants one calibration of each sensor, it has {len(found)}")
    return by_name


def _of(values: Mapping[str, Any]) -> Calibration:
    hard, soft = np.array(values["hard_ut"], dtype=float), np.array(values["soft"], dtype=float)
    accepted = values["usable"]
    if hard.shape != (3,) or soft.shape != (3, 3) or not isinstance(accepted, bool):
        raise ValueError("hard_ut must be 3, soft 3 x 3 numbers, usable true or false")
    numbers = [math.nan if values[name] is None else float(values[name]) for name in NUMBERS]
    if accepted and not np.isfinite([*hard, *soft.ravel(), *numbers]).all():
        raise ValueError("a usable calibration has a number everywhere")
    days = [None if values[name] is None else date.fromisoformat(values[name]) for name in ("made", "until")]
    shares = dict(zip(NUMBERS, numbers, strict=True))
    fit = MagnetometerFit(hard_ut=hard, soft=soft, **shares, accepted=accepted, reason=str(values["reason"]))
    return Calibration(fit, days[0], days[1])


def day_of(text: str | None) -> date | None:
    """A day of the command line. Raises ValueError."""
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"--recorded-on {text}: write it as 2026-03-31") from error
