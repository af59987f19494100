"""Trials analysed as anybody can do it again: by the very command line, in a process of its own that may die.

    CaptureStopped -> samples sealed -> bedside analyse KIND raw --json --from-ns .. --to-ns .. -> AnalysisDone

The command runs in the visit's folder; what it printed is kept there to the byte.
"""

import asyncio
import contextlib
import hashlib
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import structlog

from bedside.config.captures import SETTINGS, CaptureConfig, CaptureTask, Cue
from bedside.events import (
    CaptureAnalysed,
    CaptureStarted,
    CaptureStopped,
    CueGiven,
    DeviceCalibrated,
    DeviceChanged,
    Envelope,
    Value,
    VisitOpened,
)
from bedside.record.fsutil import write_whole
from bedside.station.findings import findings
from bedside.visit.inputs import NS, AnalysisDone

log = structlog.get_logger()

FOLDER = "analysis"
RAW = "raw"
LIMIT_S = 180.0
"""Longer than an hour's recording takes on a slow box."""
MOST_BYTES = 64 * 1024 * 1024
NICE = "10"
COMMAND = (sys.executable, "-m", "bedside.cli")


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


@dataclass(frozen=True, slots=True)
class Printed:
    """What the command said, or in words why it said nothing that can be used."""

    output: bytes = b""
    report: Mapping[str, Any] = field(default_factory=dict)
    problem: str = ""


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
        self._waiting: list[Recorded] = []
        self._wake = asyncio.Event()
        self._job: asyncio.Task[AnalysisDone] | None = None

    def event(self, envelope: Envelope) -> None:
        """Follow what is recorded; also of a journal that is read again after a restart."""
        match envelope.event:
            case VisitOpened(visit=visit):
                self._visit, self._running, self._waiting = visit, None, []
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
            case DeviceCalibrated(what="synchrony", device=device, residual=float(late_ms)):
                self._late_ms[device] = late_ms
            case DeviceChanged(device=device, state=state) if state != "ok":
                # a new connection has another delay
                self._late_ms.pop(device, None)
            case CaptureAnalysed() as analysed:
                self._waiting = [trial for trial in self._waiting if not _same(trial, analysed)]

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

    async def _one(self, trial: Recorded) -> None:
        await self._seal()
        self._job = asyncio.create_task(self._analyse(trial))
        try:
            await asyncio.wait([self._job])
        finally:
            await self._stop()
        if trial in self._waiting:
            self._waiting.remove(trial)
            error = self._job.exception()
            self._done(
                self._job.result() if error is None else _outcome(trial, "", refusal=f"it cannot be analysed: {error}")
            )

    async def _stop(self) -> None:
        if self._job is not None and not self._job.done():
            self._job.cancel()
            await asyncio.wait([self._job])

    async def _analyse(self, trial: Recorded) -> AnalysisDone:
        capture = self._captures.get(trial.started.instrument)
        task = capture.task(trial.started.task) if capture is not None else None
        if capture is None or task is None:
            return _outcome(trial, "", refusal="the instrument is not configured any more: ask the administrator")
        (self._visits / trial.visit).mkdir(parents=True, exist_ok=True)
        arguments = options(capture, task, trial)
        printed = await self._print(trial.visit, ["analyse", capture.kind, RAW, "--json", *arguments])
        method = " ".join(["bedside analyse", capture.kind, *_told(arguments)])
        if printed.problem:
            return _outcome(trial, method, refusal=printed.problem)
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
            flags=found.flags,
            refusal=found.refusal,
            report=name,
            sha256=sha256,
        )

    async def _print(self, visit: str, arguments: list[str]) -> Printed:
        """Run the command in the visit's folder; it is killed where it takes too long or we are cancelled."""
        try:
            process = await asyncio.create_subprocess_exec(
                "nice",
                "-n",
                NICE,
                *self._command,
                *arguments,
                cwd=self._visits / visit,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
            )
        except OSError as error:
            return Printed(problem=f"the analysis cannot be started: {error}")
        try:
            async with asyncio.timeout(self._limit_s):
                output, said = await _hear(process)
                code = await process.wait()
        except TimeoutError:
            return Printed(problem=f"the analysis took longer than {self._limit_s:g} s and was ended; analyse it later")
        finally:
            await _end(process)
        return await asyncio.to_thread(_understood, code, output, said)

    def _keep(self, trial: Recorded, output: bytes) -> tuple[str, str]:
        """Store the report durably; its name in the visit's folder and its SHA-256 (hex)."""
        started = trial.started
        folder = self._visits / trial.visit / FOLDER
        folder.mkdir(exist_ok=True)
        path = folder / f"{started.instrument}-{started.task}-{started.trial}.json"
        write_whole(path, output)
        return f"{FOLDER}/{path.name}", hashlib.sha256(output).hexdigest()


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


def _told(arguments: list[str]) -> list[str]:
    """What of a command line says how something was measured."""
    return [text for text in arguments if not text.startswith(("--from-ns", "--to-ns", "--cue"))]


def _understood(code: int, output: bytes, said: bytes) -> Printed:
    if code < 0:
        return Printed(problem=f"the analysis was ended by signal {-code}; record the trial again or analyse it later")
    if code != 0:
        lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        return Printed(problem=lines[-1].removeprefix("bedside analyse: ").removeprefix(f"{RAW}: ")[:300])
    try:
        reports = msgspec.json.decode(output)
    except msgspec.DecodeError:
        return Printed(problem=f"the analysis printed {len(output)} bytes that nobody can read")
    if not (isinstance(reports, list) and len(reports) == 1 and isinstance(reports[0], dict)):
        return Printed(problem="the analysis printed something else than one report")
    return Printed(output, reports[0])


async def _hear(process: asyncio.subprocess.Process) -> tuple[bytes, bytes]:
    if process.stdout is None or process.stderr is None:
        raise RuntimeError("both are piped")
    return await asyncio.gather(_all_of(process.stdout), _all_of(process.stderr))


async def _all_of(stream: asyncio.StreamReader) -> bytes:
    """Everything, but no more than can be a report: the rest is thrown away, and is then no JSON."""
    parts, size = [], 0
    while part := await stream.read(1 << 16):
        size += len(part)
        if size <= MOST_BYTES:
            parts.append(part)
    return b"".join(parts)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _outcome(trial: Recorded, method: str, *, refusal: str) -> AnalysisDone:
    log.warning("a trial was not analysed", task=trial.started.task, trial=trial.started.trial, reason=refusal)
    return AnalysisDone(
        instrument=trial.started.instrument,
        task=trial.started.task,
        trial=trial.started.trial,
        method=method,
        refusal=refusal,
    )


def _same(trial: Recorded, analysed: CaptureAnalysed) -> bool:
    started = trial.started
    return (started.instrument, started.task, started.trial) == (analysed.instrument, analysed.task, analysed.trial)
