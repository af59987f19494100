"""Silent periods of a whole file: each sweep, and the mean of each channel."""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bedside.analyse.emg_files import Epochs
from bedside.analyse.emg_recorded import read_sweeps
from bedside.analyse.plain import plain
from bedside.analyse.recorded import Part
from bedside.analyse.responses import Settings, number, settings_from, window_arguments
from dsp.mep_set import measure_set
from dsp.silent import CONTRACTION_UV, SilentPeriod, silent_period

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SilenceSettings:
    """Where the response may begin, and from what RMS on (uV) the muscle contracts."""

    response: Settings
    contraction_uv: float


def silence_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bedside analyse silent-period`."""
    window_arguments(parser)
    text = f"smallest RMS before the pulse that is a contraction (default {CONTRACTION_UV:g})"
    parser.add_argument("--contraction-uv", type=float, default=CONTRACTION_UV, help=text)


def silence_settings(args: argparse.Namespace) -> SilenceSettings:
    """Settings of a command line. Raises ValueError naming the option."""
    if not args.contraction_uv > 0.0:
        raise ValueError(f"--contraction-uv {args.contraction_uv:g}: must be positive")
    args.active = True
    return SilenceSettings(settings_from(args), args.contraction_uv)


def silence_report(path: Path, settings: SilenceSettings, part: Part) -> dict[str, Any]:
    """Every sweep of every channel as values that JSON knows. Raises BadRecordingError for a file it cannot read."""
    epochs = read_sweeps(path, part)
    trials: list[dict[str, Any]] = []
    sets: list[dict[str, Any]] = []
    for at, name in enumerate(epochs.channels):
        onset_ms, found = _channel(epochs.epochs_uv[:, at], epochs, settings)
        trials += [{"trial": trial, "channel": name} | asdict(one) for trial, one in enumerate(found)]
        sets.append({"channel": name, "average_onset_ms": onset_ms} | _mean(found))
    values: dict[str, Any] = plain({"file": str(path), "settings": asdict(settings), "trials": trials, "sets": sets})
    return values


def silence_table(report: dict[str, Any]) -> str:
    """A report as lines for a terminal."""
    lines = [report["file"], "trial  channel     onset ms  return ms  from onset  longest  finding"]
    for row in report["trials"]:
        numbers = (number(row[key], 9) for key in ("onset_ms", "return_ms", "from_onset_ms", "longest_ms"))
        words = f"REFUSED: {row['refusal']}" if row["refusal"] else " ".join(row["flags"])
        lines.append(f"{row['trial']:5d}  {row['channel']:<10} {' '.join(numbers)}  {words}")
    for row in report["sets"]:
        numbers = (number(row[key], 9) for key in ("average_onset_ms", "return_ms", "from_onset_ms"))
        lines.append(f" mean  {row['channel']:<10} {' '.join(numbers)}  {row['measured']} of {row['trials']} measured")
    return "\n".join(lines) + "\n"


def _channel(sweeps: Array, epochs: Epochs, settings: SilenceSettings) -> tuple[float | None, list[SilentPeriod]]:
    """The onset of the average, and each sweep's silent period; the one stands in where a sweep's own is not found."""
    onset_ms = measure_set(list(sweeps), settings.response.reading(epochs)).average_latency_ms
    found = [
        silent_period(
            sweep,
            epochs.rate_hz,
            epochs.trigger_index,
            window_ms=settings.response.window_ms,
            contraction_uv=settings.contraction_uv,
            onset_ms=onset_ms,
        )
        for sweep in sweeps
    ]
    return onset_ms, found


def _mean(found: list[SilentPeriod]) -> dict[str, Any]:
    back = [one.return_ms for one in found if one.return_ms is not None]
    since = [one.from_onset_ms for one in found if one.from_onset_ms is not None]
    return {
        "trials": len(found),
        "measured": len(back),
        "return_ms": float(np.mean(back)) if back else None,
        "return_sd_ms": float(np.std(back, ddof=1)) if len(back) > 1 else None,
        "from_onset_ms": float(np.mean(since)) if since else None,
        "interrupted": sum("interrupted" in one.flags for one in found),
    }
