"""Evoked responses of a whole file: settings, results as plain values, a table."""

import argparse
import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from bedside.analyse.emg_files import Epochs
from dsp.mep import Mep, measure
from dsp.muscles import MUSCLES, Window

DEFAULT_WINDOW_MS: Window = (20.0, 50.0)


@dataclass(frozen=True)
class Settings:
    """What `dsp.mep.measure` is told."""

    window_ms: Window = DEFAULT_WINDOW_MS
    amplitude_window_ms: Window | None = None
    criterion_uv: float = 50.0
    rest_limit_uv: float | None = 10.0


def settings_from(args: argparse.Namespace) -> Settings:
    """Settings of a command line; windows given win over the muscle's. Raises ValueError naming the option."""
    muscle = None
    if args.muscle is not None:
        muscle = MUSCLES.get(args.muscle.lower())
        if muscle is None:
            raise ValueError(f"--muscle {args.muscle}: not known; known are {', '.join(MUSCLES)}")
    window = _window("--window-ms", args.window_ms) or (muscle.onset_window_ms if muscle else DEFAULT_WINDOW_MS)
    wide = _window("--amplitude-window-ms", args.amplitude_window_ms) or (
        muscle.amplitude_window_ms if muscle else None
    )
    return Settings(window, wide, args.criterion_uv, None if args.active else args.rest_limit_uv)


def measure_file(epochs: Epochs, settings: Settings) -> dict[str, Any]:
    """Every trial of every channel as values that JSON knows; NaN becomes None, names carry the units."""
    trials = [
        {"trial": trial, "channel": channel} | _plain(_measure(sweep, epochs, settings))
        for trial, sweeps in enumerate(epochs.epochs_uv)
        for channel, sweep in zip(epochs.channels, sweeps, strict=True)
    ]
    return {
        "file": str(epochs.path),
        "rate_hz": epochs.rate_hz,
        "settings": _listed(asdict(settings)),
        "trials": trials,
    }


def table(report: dict[str, Any]) -> str:
    """A report as lines for a terminal."""
    lines = [f"{report['file']}  {report['rate_hz']:g} Hz", "trial  channel     uV p-p     ms  rest uV  finding"]
    for row in report["trials"]:
        numbers = (_number(row["amplitude_uv"], 8), _number(row["latency_ms"], 6), _number(row["rest_rms_uv"], 8))
        finding = row["reason"] if row["valid"] else f"VOID: {row['reason']}"
        lines.append(f"{row['trial']:5d}  {row['channel']:<10} {' '.join(numbers)}  {finding}")
    return "\n".join(lines) + "\n"


def _measure(sweep: np.ndarray[Any, np.dtype[np.float64]], epochs: Epochs, settings: Settings) -> Mep:
    return measure(
        sweep,
        epochs.rate_hz,
        epochs.trigger_index,
        window_ms=settings.window_ms,
        amplitude_window_ms=settings.amplitude_window_ms,
        criterion_uv=settings.criterion_uv,
        rest_limit_uv=settings.rest_limit_uv,
    )


def _plain(result: Mep) -> dict[str, Any]:
    values = asdict(result)
    return _listed({key: None if _is_nan(value) else value for key, value in values.items()})


def _listed(values: dict[str, Any]) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def _is_nan(value: object) -> bool:
    return isinstance(value, float) and math.isnan(value)


def _window(option: str, pair: list[float] | None) -> Window | None:
    if pair is None:
        return None
    if not 0 < pair[0] < pair[1]:
        raise ValueError(f"{option} {pair[0]:g} {pair[1]:g}: must be two rising times after the pulse, in ms")
    return (pair[0], pair[1])


def _number(value: float | None, width: int) -> str:
    return "-".rjust(width) if value is None else f"{value:{width}.1f}"
