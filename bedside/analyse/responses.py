"""Evoked responses of a whole file: settings, results as plain values, a table."""

import argparse
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bedside.analyse.emg_files import BadRecordingError, Epochs
from bedside.analyse.plain import plain
from bedside.analyse.recorded import part_arguments
from dsp.mep_assessment import MepAssessment, Side, SideResult, assess_side, lock_intensity
from dsp.mep_set import Reading, SweepSet, measure_set
from dsp.muscles import MUSCLES, Window

DEFAULT_WINDOW_MS: Window = (20.0, 50.0)


@dataclass(frozen=True)
class Settings:
    """What `dsp.mep.measure` is told, and what belongs together: `sides` are the channels of the left and right leg."""

    window_ms: Window = DEFAULT_WINDOW_MS
    amplitude_window_ms: Window | None = None
    criterion_uv: float = 50.0
    rest_limit_uv: float | None = 10.0
    sweeps: int | None = None
    baseline_rmt_pct_mso: float | None = None
    sides: tuple[str, str] | None = None

    def reading(self, epochs: Epochs) -> Reading:
        """How the sweeps of this file are measured."""
        return Reading(
            epochs.rate_hz,
            epochs.trigger_index,
            self.window_ms,
            self.amplitude_window_ms,
            self.criterion_uv,
            self.rest_limit_uv,
        )


def window_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that all analyses of evoked responses share."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of a table")
    parser.add_argument("--muscle", help="take both windows of this muscle (ta, soleus, rf, fdi, ...)")
    parser.add_argument("--window-ms", nargs=2, type=float, metavar=("FROM", "TO"), help="where a response may begin")
    part_arguments(parser)


def measure_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of sizing responses."""
    window_arguments(parser)
    parser.add_argument(
        "--amplitude-window-ms", nargs=2, type=float, metavar=("FROM", "TO"), help="where its peaks are"
    )
    parser.add_argument("--criterion-uv", type=float, default=50.0, help="smallest response (default 50)")
    parser.add_argument("--rest-limit-uv", type=float, default=10.0, help="largest RMS before the pulse (default 10)")
    parser.add_argument("--active", action="store_true", help="the muscle was meant to contract: no rest limit")


def response_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `bedside analyse mep`."""
    measure_arguments(parser)
    parser.add_argument("--sweeps", type=int, metavar="N", help="average the first N that count (default: all)")
    parser.add_argument("--sides", nargs=2, metavar=("LEFT", "RIGHT"), help="channels of both legs: two rows a visit")
    text = "with --sides: the first threshold (%%MSO); sweeps not at 120 %% of it do not count"
    parser.add_argument("--baseline-rmt", type=float, metavar="PCT", help=text)


def settings_from(args: argparse.Namespace) -> Settings:
    """Settings of a command line; windows given win over the muscle's. Raises ValueError naming the option."""
    muscle = MUSCLES.get(args.muscle.lower()) if args.muscle is not None else None
    if args.muscle is not None and muscle is None:
        raise ValueError(f"--muscle {args.muscle}: not known; known are {', '.join(MUSCLES)}")
    window = _window("--window-ms", args.window_ms) or (muscle.onset_window_ms if muscle else DEFAULT_WINDOW_MS)
    wide = _window("--amplitude-window-ms", getattr(args, "amplitude_window_ms", None))
    wide = wide or (muscle.amplitude_window_ms if muscle else None)
    sweeps, sides = getattr(args, "sweeps", None), getattr(args, "sides", None)
    baseline = getattr(args, "baseline_rmt", None)
    if sweeps is not None and sweeps < 1:
        raise ValueError(f"--sweeps {sweeps}: must be at least 1")
    if baseline is not None:
        if sides is None:
            raise ValueError("--baseline-rmt: needs --sides")
        lock_intensity(baseline)
    return Settings(
        window,
        wide,
        getattr(args, "criterion_uv", 50.0),
        None if getattr(args, "active", False) else getattr(args, "rest_limit_uv", 10.0),
        sweeps,
        baseline,
        None if sides is None else (sides[0], sides[1]),
    )


def measure_file(epochs: Epochs, settings: Settings) -> dict[str, Any]:
    """Every trial of every channel, each channel's set, and with `sides` the two rows, as values that JSON knows.

    Raises BadRecordingError when a side's channel is not in the file.
    """
    reading = settings.reading(epochs)
    sets = {
        name: measure_set(list(epochs.epochs_uv[:, at]), reading, wanted=settings.sweeps)
        for at, name in enumerate(epochs.channels)
    }
    trials = [
        {"trial": trial, "channel": name} | asdict(made.sweeps[trial])
        for trial in range(len(epochs.epochs_uv))
        for name, made in sets.items()
    ]
    report = {
        "file": str(epochs.path),
        "rate_hz": epochs.rate_hz,
        "settings": asdict(settings),
        "trials": trials,
        "sets": [{"channel": name} | _summary(made) for name, made in sets.items()],
    }
    if settings.sides is not None:
        report["assessment"] = list(_assess(epochs, settings, settings.sides).rows)
    values: dict[str, Any] = plain(report)
    return values


def table(report: dict[str, Any]) -> str:
    """A report as lines for a terminal."""
    lines = [f"{report['file']}  {report['rate_hz']:g} Hz", "trial  channel     uV p-p     ms  rest uV  finding"]
    for row in report["trials"]:
        numbers = (number(row["amplitude_uv"], 8), number(row["latency_ms"], 6), number(row["rest_rms_uv"], 8))
        finding = row["reason"] if row["valid"] else f"VOID: {row['reason']}"
        lines.append(f"{row['trial']:5d}  {row['channel']:<10} {' '.join(numbers)}  {finding}")
    shared = [set(row["notes"]) for row in report["trials"]]
    lines += [f"  note  {note}" for note in sorted(set.intersection(*shared) if shared else ())]
    for row in report["sets"]:
        words = row["refusal"] or f"mean of {len(row['accepted'])}, {row['responses']} with a response"
        lines.append(
            f" mean  {row['channel']:<10} {number(row['amplitude_uv'], 8)} {number(row['latency_ms'], 6)}  {words}"
        )
    for row in report.get("assessment", ()):
        words = (
            row["refusal"] or f"{row['sweeps_accepted']} at {number(row['intensity_pct_mso'], 0)} %MSO {row['flags']}"
        )
        lines.append(f" {row['side']:<16} {number(row['amplitude_uv'], 8)} {number(row['latency_ms'], 6)}  {words}")
    return "\n".join(lines) + "\n"


def number(value: float | None, width: int) -> str:
    """A number with one decimal, or a dash."""
    return "-".rjust(width) if value is None else f"{value:{width}.1f}"


def _summary(made: SweepSet) -> dict[str, Any]:
    return {key: value for key, value in asdict(made).items() if key != "sweeps"}


def _assess(epochs: Epochs, settings: Settings, channels: tuple[str, str]) -> MepAssessment:
    return MepAssessment(
        _side("left", channels[0], epochs, settings),
        _side("right", channels[1], epochs, settings),
    )


def _side(side: Side, channel: str, epochs: Epochs, settings: Settings) -> SideResult:
    if channel not in epochs.channels:
        raise BadRecordingError(f"{epochs.path}: no channel {channel!r}; it has {', '.join(epochs.channels)}")
    sweeps = list(epochs.epochs_uv[:, epochs.channels.index(channel)])
    baseline = settings.baseline_rmt_pct_mso
    locked = None if baseline is None else lock_intensity(baseline)
    wanted = {} if settings.sweeps is None else {"wanted": settings.sweeps}
    return assess_side(
        side,
        sweeps,
        settings.reading(epochs),
        locked=locked,
        intensity_pct_mso=epochs.intensity_pct_mso,
        **wanted,
    )


def _window(option: str, pair: list[float] | None) -> Window | None:
    if pair is None:
        return None
    if not 0 < pair[0] < pair[1]:
        raise ValueError(f"{option} {pair[0]:g} {pair[1]:g}: must be two rising times after the pulse, in ms")
    return (pair[0], pair[1])
