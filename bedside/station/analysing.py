"""Trials analysed as anybody can do it again: by the very command line, in a process of its own that may die.

    CaptureStopped -> samples sealed -> bedside analyse KIND raw --json --from-ns .. --to-ns .. -> AnalysisDone
    TrialImported  ->                   bedside analyse KIND imports/TRIAL.csv --json --mapping .. -> AnalysisDone

The command runs in the visit's folder; what it printed is kept there to the byte.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import structlog

from bedside.config.captures import CaptureConfig, CaptureTask
from bedside.events import (
    CaptureAnalysed,
    CaptureStarted,
    CaptureStopped,
    CueGiven,
    DeviceCalibrated,
    DeviceChanged,
    Envelope,
    TrialImported,
    VisitOpened,
)
from bedside.record.fsutil import write_whole
from bedside.station.findings import findings
from bedside.station.offline import COMMAND, RAW, run_offline
from bedside.station.recorded_trial import Imported, Recorded, imported_options, options, settings_told
from bedside.visit.inputs import NS, AnalysisDone

log = structlog.get_logger()

Trial = Recorded | Imported
FOLDER = "analysis"
LIMIT_S = 180.0
"""Longer than an hour's recording takes on a slow box."""


class Analyses:
    """Follows the journal, analyses one recorded trial after the other and reports each outcome to `done`.

    `seal` ends the recording, so that its files are complete. `captures` are the configured instruments.
    """

    def __init__(
        self,
        visits: Path,
        captures: Mapping[str, CaptureConfig],
        seal: Callable[[], Awaitable[None]],
        done: Callable[[AnalysisDone], None],
        *,
        command: tuple[str, ...] = COMMAND,
        limit_s: float = LIMIT_S,
    ) -> None:
        self._visits = visits
        self._captures = captures
        self._seal = seal
        self._done = done
        self._command = command
        self._limit_s = limit_s
        self._visit = ""
        self._running: tuple[CaptureStarted, int] | None = None
        self._cues: list[tuple[float, str]] = []
        self._late_ms: dict[str, float] = {}
        self._opened = ""
        self._waiting: list[Trial] = []
        self._wake = asyncio.Event()
        self._job: asyncio.Task[AnalysisDone] | None = None

    def event(self, envelope: Envelope) -> None:
        """Follow what is recorded; also of a journal that is read again after a restart."""
        match envelope.event:
            case VisitOpened(visit=visit):
                self._visit, self._running, self._waiting = visit, None, []
                self._opened = envelope.utc
            case CaptureStarted() as started:
                self._running, self._cues = (started, envelope.mono_ns), []
            case CueGiven(cue=cue) if self._running is not None:
                self._cues.append(((envelope.mono_ns - self._running[1]) / NS, cue))
            case CaptureStopped() as stopped if self._running is not None:
                started, started_ns = self._running
                self._running = None
                told = (tuple(self._cues), stopped, tuple(sorted(self._late_ms.items())))
                self._waiting.append(Recorded(self._visit, started, started_ns, *told))
                self._wake.set()
            case TrialImported() as imported:
                self._waiting.append(Imported(self._visit, self._opened, imported))
                self._wake.set()
            case DeviceCalibrated(what="synchrony", device=device, residual=float(late_ms)):
                self._late_ms[device] = late_ms
            case DeviceChanged(device=device, state=state) if state != "ok":
                # a new connection has another delay
                self._late_ms.pop(device, None)
            case CaptureAnalysed() as analysed:
                self._waiting = [trial for trial in self._waiting if not trial.is_of(analysed)]

    async def leave(self) -> None:
        """The visit closes, or the station ends: stop what runs; the visit's folder does not change any more."""
        self._waiting = []
        await self._stop()

    async def run(self) -> None:
        """Analyse until cancelled; a process that runs then is killed."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._one(self._waiting[0])

    async def _one(self, trial: Trial) -> None:
        await self._seal()
        if trial not in self._waiting:
            return
        self._job = asyncio.create_task(self._analyse(trial))
        try:
            await asyncio.wait([self._job])
        finally:
            await self._stop()
        if trial in self._waiting:
            self._waiting.remove(trial)
            error = self._job.exception()
            failed = f"it cannot be analysed: {error}"
            self._done(self._job.result() if error is None else _outcome(trial, "", refusal=failed))

    async def _stop(self) -> None:
        if self._job is not None and not self._job.done():
            self._job.cancel()
            await asyncio.wait([self._job])

    async def _analyse(self, trial: Trial) -> AnalysisDone:
        capture = self._captures.get(trial.started.instrument)
        task = capture.task(trial.started.task) if capture is not None else None
        if capture is None or task is None:
            return _outcome(trial, "", refusal="the instrument is not configured any more: ask the administrator")
        short = _too_short(task, trial)
        if short:
            return _outcome(trial, "", refusal=short)
        (self._visits / trial.visit).mkdir(parents=True, exist_ok=True)
        path, arguments, method = _asked(capture, task, trial)
        asked = ["analyse", capture.kind, path, "--json", *arguments]
        printed = await run_offline(self._command, self._visits / trial.visit, asked, self._limit_s)
        if printed.problem:
            return _outcome(trial, method, refusal=_in_words(trial, printed.problem))
        try:
            name, sha256 = await asyncio.to_thread(self._keep, trial, printed.output)
        except OSError as error:
            return _outcome(trial, method, refusal=f"the result cannot be kept: {error}; free space on the data disk")
        try:
            found = findings(capture, task.id, printed.report)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            return _outcome(trial, method, refusal=f"the analysis' result is not as expected ({error!r})")
        return AnalysisDone(
            instrument=capture.id,
            task=task.id,
            trial=trial.started.trial,
            method=method,
            values=found.values,
            flags=(*found.flags, *(trial.flags if isinstance(trial, Imported) else ())),
            refusal=found.refusal,
            report=name,
            sha256=sha256,
        )

    def _keep(self, trial: Trial, output: bytes) -> tuple[str, str]:
        """Store the report durably; its name in the visit's folder and its SHA-256 (hex)."""
        started = trial.started
        folder = self._visits / trial.visit / FOLDER
        folder.mkdir(exist_ok=True)
        path = folder / f"{started.instrument}-{started.task}-{started.trial}.json"
        write_whole(path, output)
        return f"{FOLDER}/{path.name}", hashlib.sha256(output).hexdigest()


def _too_short(task: CaptureTask, trial: Trial) -> str:
    """Why a recording that ended early has nothing to measure, empty where it has; tables were looked at before."""
    if isinstance(trial, Imported) or trial.stopped.cause == "interrupted" or trial.stopped.seconds > task.skip_s:
        return ""
    return f"too short: {trial.stopped.seconds:.1f} s, of which the first {task.skip_s:g} s do not count"


def _asked(capture: CaptureConfig, task: CaptureTask, trial: Trial) -> tuple[str, list[str], str]:
    """What is analysed, with which options, and how that is told."""
    if isinstance(trial, Imported):
        arguments = imported_options(capture, task, trial)
        return trial.started.kept, arguments, trial.method(capture.kind, settings_told(arguments))
    arguments = options(capture, task, trial)
    return RAW, arguments, " ".join(["bedside analyse", capture.kind, *settings_told(arguments)])


def _in_words(trial: Trial, problem: str) -> str:
    """A problem of the analysis, with a table under the name that it came under."""
    return problem.replace(trial.started.kept, trial.started.file) if isinstance(trial, Imported) else problem


def _outcome(trial: Trial, method: str, *, refusal: str) -> AnalysisDone:
    log.warning("a trial was not analysed", task=trial.started.task, trial=trial.started.trial, reason=refusal)
    return AnalysisDone(
        instrument=trial.started.instrument,
        task=trial.started.task,
        trial=trial.started.trial,
        method=method,
        refusal=refusal,
    )
