"""Trials with sensors: recorded only between a person's start and the end of the time, or a person's stop."""

from collections.abc import Mapping
from typing import Literal

from bedside.assess.catalogue import Catalogue
from bedside.assess.limits import as_setting, own_limits_cm
from bedside.assess.state import Assessment, Trial
from bedside.commands import StartCapture
from bedside.config.captures import CaptureConfig, CaptureTask
from bedside.events import (
    CaptureAnalysed,
    CaptureStarted,
    CaptureStopped,
    CueGiven,
    Event,
    TrialJudged,
    Value,
)
from bedside.refusal import Refusal

NS = 1_000_000_000
LOST_S = 5.0
"""A sensor that is silent for longer ends the trial; shorter gaps are for the analysis to judge."""
SHORTEST_S = 1.0
LONGEST_S = 3600.0
MOST_CUES = 1000
"""More cannot be told to an analysis, and nobody can follow them."""

Cause = Literal["time", "person", "fault", "interrupted"]
Lost = Mapping[str, float]
"""Places whose sensor is not there: for how long it has been gone (s)."""


def present(state: Assessment, catalogue: Catalogue) -> CaptureConfig:
    """The open capture; raises `Refusal` with none open."""
    if state.open is None:
        raise Refusal("no instrument is open", "open one first")
    return catalogue.capture(state.open)


def task_of(capture: CaptureConfig, name: str) -> CaptureTask:
    """A task of the capture; raises `Refusal`."""
    task = capture.task(name)
    if task is None:
        known = ", ".join(task.id for task in capture.tasks)
        raise Refusal(f"{capture.title} has no task '{name}'", f"choose one of {known}")
    return task


def next_task(state: Assessment, capture: CaptureConfig) -> CaptureTask:
    """The first task that still wants trials; the last one when none does."""
    trials = state.work.trials
    for task in capture.tasks:
        accepted = sum(trial.counts for trial in trials if trial.task == task.id)
        if accepted < task.trials:
            return task
    return capture.tasks[-1]


def start(
    state: Assessment,
    catalogue: Catalogue,
    asked: StartCapture,
    missing: Mapping[str, str],
    person: Mapping[str, Value],
) -> tuple[Event, ...]:
    """Record the next trial; raises `Refusal`.

    `missing` names places without a working sensor and what to do; `person` is what the analysis may have to know of
    the participant, such as "paretic" and "height_cm".
    """
    capture = present(state, catalogue)
    task = task_of(capture, asked.task)
    demand_ready(state)
    absent = next(iter(missing), None)
    if absent is not None:
        raise Refusal(f"no samples from {absent.replace('_', ' ')}", missing[absent])
    lasts_s = task.seconds if asked.seconds is None else asked.seconds
    if not SHORTEST_S <= lasts_s <= LONGEST_S:
        raise Refusal(f"{lasts_s:g} s cannot be recorded", f"{SHORTEST_S:g} to {LONGEST_S:g} s can")
    least_s = shortest_s(task)
    if lasts_s < least_s:
        raise Refusal(f"{lasts_s:g} s are too short for {task.title}", f"record at least {least_s:g} s")
    trial, settings = next_number(state, task.id), settings_of(state, task, person)
    return (CaptureStarted(instrument=capture.id, task=task.id, trial=trial, seconds=lasts_s, settings=settings),)


def demand_ready(state: Assessment) -> None:
    """Raise `Refusal` while the open capture's last trial is not done with."""
    if state.running is not None:
        raise Refusal("a trial is being recorded", "stop it first")
    if any(trial.awaits_analysis for trial in state.work.trials):
        raise Refusal("the last trial is being analysed", "wait for its result")
    if any(trial.analysed is not None and trial.judged is None for trial in state.work.trials):
        raise Refusal("the last trial is neither accepted nor rejected", "accept or reject it first")


def next_number(state: Assessment, task: str) -> int:
    """What the next trial of a task is called; numbers are not used again."""
    return 1 + max((trial.started.trial for trial in state.work.of_task(task)), default=0)


def shortest_s(task: CaptureTask, skip_s: float | None = None) -> float:
    """The shortest recording (s) that can be measured: what does not count, and what the analysis needs behind it.

    `skip_s` stands for what the task leaves out of the beginning.
    """
    needed = task.settings.get("duration_s", SHORTEST_S)
    left_out_s = task.skip_s if skip_s is None else skip_s
    return left_out_s + (float(needed) if isinstance(needed, int | float) else SHORTEST_S)


def settings_of(state: Assessment, task: CaptureTask, person: Mapping[str, Value]) -> dict[str, Value]:
    """What the analysis is told: of the person, of their own limits where those were measured, and of the task."""
    known = {key: value for key, value in person.items() if value is not None}
    limits = own_limits_cm(state.work)
    return {**known, **({"limits_cm": as_setting(limits)} if limits else {}), **task.settings}


def stop(state: Assessment, now_ns: int, reason: str) -> tuple[Event, ...]:
    """End the running trial by hand; raises `Refusal` when none runs."""
    running = state.running
    if running is None:
        raise Refusal("no trial is being recorded", "")
    return (stopped(running, now_ns, "person", reason),)


def interrupted(state: Assessment, now_ns: int, reason: str) -> tuple[Event, ...]:
    """The trial that ran when the station ended; what was recorded is kept."""
    running = state.running
    if running is None:
        return ()
    return (stopped(running, now_ns, "interrupted", reason),)


def stopped(trial: Trial, now_ns: int, cause: Cause, reason: str = "") -> CaptureStopped:
    """The end of a trial's recording, after at most its planned time."""
    started = trial.started
    seconds = max(0.0, min((now_ns - trial.started_ns) / NS, started.seconds))
    return CaptureStopped(
        instrument=started.instrument,
        task=started.task,
        trial=started.trial,
        cause=cause,
        seconds=round(seconds, 3),
        reason=reason,
    )


def cue(state: Assessment, text: str) -> tuple[Event, ...]:
    """A cue given by hand; raises `Refusal` when no trial runs."""
    if state.running is None:
        raise Refusal("no trial is being recorded", "start one, then give the cue")
    if not text.strip() or len(text) > 60:
        raise Refusal("a cue has 1 to 60 characters", "choose one of the task's cues")
    if len(state.running.cues) >= MOST_CUES:
        raise Refusal(f"{MOST_CUES} cues were given in this trial", "stop it, and start another one")
    return (CueGiven(cue=text),)


def judge(
    state: Assessment, catalogue: Catalogue, task: str, trial: int, accept: bool, reason: str
) -> tuple[Event, ...]:
    """Accept or reject a trial; a rejection needs a reason, a refused analysis cannot be accepted."""
    capture = present(state, catalogue)
    found = next((t for t in state.work.of_task(task) if t.started.trial == trial), None)
    if found is None:
        raise Refusal(f"there is no trial {trial} of {task_of(capture, task).title}", "choose one of the list")
    if found.analysed is None and accept:
        raise Refusal(f"trial {trial} has no result yet", "wait for it")
    if found.running:
        raise Refusal(f"trial {trial} is being recorded", "stop it first")
    if accept and found.analysed is not None and found.analysed.refusal:
        raise Refusal(f"trial {trial} has no result: {found.analysed.refusal}", "reject it and record another")
    if not accept and not reason.strip():
        raise Refusal("rejecting a trial needs a reason", "say why")
    return (TrialJudged(instrument=capture.id, task=task, trial=trial, accepted=accept, reason=reason),)


def analysed(state: Assessment, event: CaptureAnalysed) -> tuple[Event, ...]:
    """The analysis of a trial, once; one for a trial that is not waiting for it is left aside."""
    work = state.works.get(event.instrument)
    trials = () if work is None else work.of_task(event.task)
    waits = any(trial.started.trial == event.trial and trial.awaits_analysis for trial in trials)
    return (event,) if waits else ()


def watch(state: Assessment, catalogue: Catalogue, now_ns: int, lost: Lost) -> tuple[Event, ...]:
    """The cues that are due and the end of the time; a sensor that stays away ends the trial earlier."""
    running = state.running
    if running is None:
        return ()
    elapsed_s = (now_ns - running.started_ns) / NS
    if elapsed_s >= running.started.seconds:
        return (*_due(running, catalogue, running.started.seconds), stopped(running, now_ns, "time"))
    away = next((place for place, seconds in lost.items() if seconds > LOST_S), None)
    if away is not None:
        reason = f"no samples from {away.replace('_', ' ')} for {LOST_S:g} s"
        return (stopped(running, now_ns, "fault", reason),)
    return _due(running, catalogue, elapsed_s)


def _due(trial: Trial, catalogue: Catalogue, elapsed_s: float) -> tuple[Event, ...]:
    capture = catalogue.captures.get(trial.started.instrument)
    task = capture.task(trial.task) if capture is not None else None
    if task is None:
        return ()
    given = {text for _, text in trial.cues}
    due = [cue for cue in task.cues if cue.at_s is not None and cue.at_s <= elapsed_s and cue.text not in given]
    return tuple(CueGiven(cue=cue.text) for cue in sorted(due, key=lambda cue: cue.at_s or 0.0))
