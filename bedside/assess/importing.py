"""Trials that another program recorded or reckoned, taken from its table: what may be imported, and what is refused."""

from collections.abc import Mapping
from typing import Literal

from msgspec.structs import replace

from bedside.assess.capturing import LONGEST_S, demand_ready, next_number, present, settings_of, shortest_s, task_of
from bedside.assess.catalogue import Catalogue
from bedside.assess.state import Assessment, Trial
from bedside.commands import ImportTrial
from bedside.config.captures import CaptureConfig, CaptureKind, CaptureTask
from bedside.events import Event, TrialImported, Value
from bedside.refusal import Refusal

TableKind = Literal["gait", "balance"]
KINDS: Mapping[CaptureKind, TableKind] = {"gait": "gait", "posture": "balance"}
"""Which tables each kind of capture takes; the others are measured here alone."""


def table_kind(capture: CaptureConfig, task: CaptureTask) -> TableKind:
    """The tables that can be a trial of this task; raises `Refusal` where none can."""
    kind = KINDS.get(capture.kind)
    if kind is None:
        raise Refusal(f"{capture.title}: no file can be a trial of it", "record it with its sensors")
    if task.settings.get("task", "static") != "static":
        raise Refusal(f"{task.title}: measured from its cues, and no file tells them", "record it with its sensors")
    return kind


def may_import(state: Assessment, catalogue: Catalogue, asked: ImportTrial) -> TableKind:
    """The tables that the task takes now; raises `Refusal` where no trial may be added. The file is not looked at."""
    capture = present(state, catalogue)
    kind = table_kind(capture, task_of(capture, asked.task))
    demand_ready(state)
    return kind


def imported(
    state: Assessment,
    catalogue: Catalogue,
    found: TrialImported,
    kind: TableKind,
    skip_s: float | None,
    person: Mapping[str, Value],
) -> tuple[Event, ...]:
    """The trial that was read from a table; raises `Refusal`, and then there is none.

    `skip_s` is what the mapping says of the beginning, `person` what the analysis may have to know of the participant.
    """
    capture = present(state, catalogue)
    task = task_of(capture, found.task)
    wanted = table_kind(capture, task)
    demand_ready(state)
    if found.instrument != capture.id or found.trial != next_number(state, task.id):
        raise Refusal("the assessment has moved on meanwhile", "look at the screen and import it again")
    if kind != wanted:
        raise Refusal(f"mapping '{found.mapping}' reads {kind} tables", f"{capture.title} takes {wanted} tables")
    _demand_new(state, catalogue, found)
    skipped_s = task.skip_s if skip_s is None else skip_s
    if found.holds == "samples":
        _demand_length(found, task, skipped_s)
    settings = settings_of(state, task, person)
    return (replace(found, settings=settings, skip_s=skipped_s if found.holds == "samples" else 0.0),)


def _demand_new(state: Assessment, catalogue: Catalogue, found: TrialImported) -> None:
    """One file is one trial: it may come again only once the trial that it was is rejected."""
    for instrument, work in state.works.items():
        for trial in work.trials:
            if trial.imported is not None and trial.imported.sha256 == found.sha256 and not _rejected(trial):
                place = f"trial {trial.started.trial} of {catalogue.title(instrument)}"
                remedy = "reject that trial first, or choose another file"
                raise Refusal(f"{found.file} is {place} already, as {trial.imported.file}", remedy)


def _rejected(trial: Trial) -> bool:
    return trial.judged is not None and not trial.judged.accepted


def _demand_length(found: TrialImported, task: CaptureTask, skip_s: float) -> None:
    least_s = shortest_s(task, skip_s)
    if found.seconds < least_s:
        left_out = f", of which the first {skip_s:g} s do not count" if skip_s else ""
        problem = f"{found.file} is too short: {found.seconds:.2f} s, and {task.title} needs {least_s:g} s{left_out}"
        raise Refusal(problem, "export the whole trial; skip_s in the mapping says what the export has left out")
    if found.seconds > LONGEST_S:
        raise Refusal(f"{found.file} spans {found.seconds:.0f} s", "export one trial at a time")
