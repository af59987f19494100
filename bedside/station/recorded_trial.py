"""A recorded trial, and the options of `bedside analyse` that say what it was: its part, its settings, its cues."""

from collections.abc import Mapping
from dataclasses import dataclass

from bedside.config.captures import SETTINGS, CaptureConfig, CaptureTask, Cue
from bedside.events import CaptureAnalysed, CaptureStarted, CaptureStopped, TrialImported, Value
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
        return _same(self.started, analysed)


@dataclass(frozen=True, slots=True)
class Imported:
    """A trial from another program's table. `opened` is when the visit opened (ISO 8601, UTC)."""

    visit: str
    opened: str
    started: TrialImported

    def is_of(self, analysed: CaptureAnalysed) -> bool:
        """Whether this is the trial that was analysed."""
        return _same(self.started, analysed)

    @property
    def flags(self) -> tuple[str, ...]:
        """What to look at in any result of it."""
        found, day = self.started, self.opened[:10]
        unchecked = f"mapping '{found.mapping}' is not verified against a known trial"
        when = f"was last written on {found.written[:10]}, before this visit" if found.written else "tells no day"
        older = f"{found.file} {when}: is it this participant's?"
        return (*(() if found.verified else (unchecked,)), *((older,) if found.written[:10] < day else ()))

    def method(self, kind: str, told: list[str]) -> str:
        """How its values came about; `told` are the options of the analysis."""
        found = self.started
        by = f"{found.mapping} ({found.source})" if found.source else found.mapping
        where = f"{found.holds} imported from {found.file}, read by mapping {by}"
        if found.holds == "results":
            return f"{where}, not computed here"
        return " ".join(["bedside analyse", kind, *told, f"on {where}"])


def imported_options(capture: CaptureConfig, task: CaptureTask, trial: Imported) -> list[str]:
    """The options of `bedside analyse` for a table: its mapping; of samples, settings and what does not count."""
    found = trial.started
    told = {**task.settings, **found.settings}
    if found.holds == "results":
        told = {key: value for key, value in told.items() if key == "paretic"}
    listed = [f"--mapping={found.mapping_kept}", *_settings(capture, told)]
    return [*listed, f"--skip-s={found.skip_s:g}"] if found.skip_s else listed


def options(capture: CaptureConfig, task: CaptureTask, trial: Recorded) -> list[str]:
    """The options of `bedside analyse` for a trial: its settings, its part of the recording, its cues."""
    told = {**task.settings, **trial.started.settings}
    from_ns = trial.started_ns + round(task.skip_s * NS)
    # nobody knows when an interrupted recording ended: all of it is taken
    lasted_s = trial.started.seconds if trial.stopped.cause == "interrupted" else trial.stopped.seconds
    to_ns = max(trial.started_ns + round(lasted_s * NS), from_ns + 1)
    listed = [f"--from-ns={from_ns}", f"--to-ns={to_ns}"]
    listed += _settings(capture, told)
    if capture.kind in ("gait", "cycling"):
        listed += [f"--late-ms={name}:{late_ms:.2f}" for name, late_ms in trial.late_ms]
    known = {cue.text: cue for cue in task.cues}
    form = str(told.get("task", ""))
    for at_s, text in trial.cues:
        if at_s >= task.skip_s and (cue := _cue(form, known.get(text))) is not None:
            listed.append(f"--cue={at_s - task.skip_s:.3f}{cue}")
    return listed


def _same(one: CaptureStarted | TrialImported, other: CaptureAnalysed) -> bool:
    return (one.instrument, one.task, one.trial) == (other.instrument, other.task, other.trial)


def _settings(capture: CaptureConfig, told: Mapping[str, Value]) -> list[str]:
    """The options of what the analysis of this kind can be told."""
    listed = []
    for key in sorted(SETTINGS[capture.kind] & told.keys()):
        value = told[key]
        if value is not None and value is not False and value != "":
            listed.append(f"--{key.replace('_', '-')}" + ("" if value is True else f"={_text(value)}"))
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
    return [text for text in arguments if not text.startswith(("--from-ns", "--to-ns", "--cue", "--mapping"))]
