"""A recorded trial, and the options of `bedside analyse` that say what it was: its part, its settings, its cues."""

from dataclasses import dataclass

from bedside.config.captures import SETTINGS, CaptureConfig, CaptureTask, Cue
from bedside.events import CaptureAnalysed, CaptureStarted, CaptureStopped, Value
from bedside.visit.inputs import NS


@dataclass(frozen=True, slots=True)
class Recorded:
    """A trial whose recording has ended: when it began (visit time), its cues (s after that), how it ended.

    `late_ms` says how late sensors stamped the same knocks.
    """

    visit: str
    started: CaptureStarted
    started_ns: int
    cues: tuple[tuple[float, str], ...]
    stopped: CaptureStopped
    late_ms: tuple[tuple[str, float], ...] = ()

    def is_of(self, analysed: CaptureAnalysed) -> bool:
        """Whether this is the trial that was analysed."""
        started = self.started
        return (started.instrument, started.task, started.trial) == (analysed.instrument, analysed.task, analysed.trial)


def options(capture: CaptureConfig, task: CaptureTask, trial: Recorded) -> list[str]:
    """The options of `bedside analyse` for a trial: its settings, its part of the recording, its cues."""
    told = {**task.settings, **trial.started.settings}
    from_ns = trial.started_ns + round(task.skip_s * NS)
    # nobody knows when an interrupted recording ended: all of it is taken
    lasted_s = trial.started.seconds if trial.stopped.cause == "interrupted" else trial.stopped.seconds
    to_ns = max(trial.started_ns + round(lasted_s * NS), from_ns + 1)
    listed = [f"--from-ns={from_ns}", f"--to-ns={to_ns}"]
    for key in sorted(SETTINGS[capture.kind] & told.keys()):
        value = told[key]
        if value is not None and value is not False and value != "":
            listed.append(f"--{key.replace('_', '-')}" + ("" if value is True else f"={_text(value)}"))
    if capture.kind in ("gait", "cycling"):
        listed += [f"--late-ms={name}:{late_ms:.2f}" for name, late_ms in trial.late_ms]
    known = {cue.text: cue for cue in task.cues}
    form = str(told.get("task", ""))
    for at_s, text in trial.cues:
        if at_s >= task.skip_s and (cue := _cue(form, known.get(text))) is not None:
            listed.append(f"--cue={at_s - task.skip_s:.3f}{cue}")
    return listed


def _cue(form: str, cue: Cue | None) -> str | None:
    """A cue's target as the command line takes it after its time, None for a cue that this task cannot measure."""
    if form == "perturbation":
        return ""
    if cue is None:
        return None
    if form == "shift" and cue.left_pct is not None:
        left = cue.left_pct
        return ":even" if left == 50.0 else f":left:{left:g}" if left > 50.0 else f":right:{100.0 - left:g}"
    if form == "limits" and cue.direction_deg is not None:
        return f":{cue.direction_deg:g}"
    return None


def _text(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings_told(arguments: list[str]) -> list[str]:
    """What of a command line says how something was measured."""
    return [text for text in arguments if not text.startswith(("--from-ns", "--to-ns", "--cue"))]
