"""What a capture's accepted trials amount to, and an instrument's outcome beside the visit before."""

from statistics import fmean

from msgspec.structs import replace

from bedside.assess.catalogue import Catalogue
from bedside.assess.moved import moved
from bedside.assess.state import Assessment, Trial, Work
from bedside.config import Mcid, Scale
from bedside.config.captures import CaptureConfig, Variable
from bedside.config.scales import Direction
from bedside.events import Earlier
from bedside.snapshot import Result, ResultRow

TRIALS = "n"
SOURCE = "source"
"""The condition under which it is kept where values come from, when not all were recorded here."""


def key_of(capture: CaptureConfig, task: str, name: str) -> str:
    """The key under which a task's variable is kept: its own, behind its task's where there are several."""
    return name if len(capture.tasks) == 1 else f"{task}.{name}"


def combined(capture: CaptureConfig, work: Work) -> dict[str, float]:
    """Each variable's mean over the accepted trials that have it, and their number under "n", by key."""
    values: dict[str, float] = {}
    for task in capture.tasks:
        counted = [trial.analysed for trial in work.of_task(task.id) if trial.counts and trial.analysed is not None]
        if not counted:
            continue
        values[key_of(capture, task.id, TRIALS)] = float(len(counted))
        for variable in capture.variables_of(task.id):
            found = [trial.values[variable.key] for trial in counted if variable.key in trial.values]
            if found:
                values[key_of(capture, task.id, variable.key)] = fmean(found)
    return values


def key_figure(capture: CaptureConfig, values: dict[str, float]) -> str:
    """The variable that stands for the instrument, in words; empty without one."""
    variable = next(v for v in capture.variables if v.key == capture.key_variable)
    for task in capture.tasks:
        value = values.get(key_of(capture, task.id, variable.key))
        if value is not None:
            return f"{variable.label} {value:.{variable.digits}f} {variable.unit}".rstrip()
    return ""


def source_of(work: Work) -> str:
    """Where the values of the accepted trials come from, in words; empty when all were recorded and computed here."""
    counted = [trial.imported for trial in work.trials if trial.counts]
    named = dict.fromkeys("recorded here" if one is None else f"{one.holds} read by {one.mapping}" for one in counted)
    return "" if set(named) <= {"recorded here"} else ", ".join(named)


def trial_result(capture: CaptureConfig, trial: Trial) -> Result | None:
    """What one trial's analysis found; None before it is done."""
    done = trial.analysed
    task = capture.task(trial.task)
    if done is None or task is None:
        return None
    rows = tuple(
        ResultRow(
            key=variable.key,
            label=variable.label,
            unit=variable.unit,
            digits=variable.digits,
            value=done.values.get(variable.key),
        )
        for variable in capture.variables_of(task.id)
    )
    title = f"{task.title}, trial {trial.started.trial}"
    return Result(
        title=title, rows=() if done.refusal else rows, method=done.method, flags=done.flags, refusal=done.refusal
    )


def outcome(state: Assessment, catalogue: Catalogue, instrument: str) -> Result | None:
    """A finished instrument's result with the latest earlier one beside it; None while it is not finished."""
    work = state.works.get(instrument)
    if work is None or work.closed is None:
        return None
    before = state.before(instrument)
    if instrument in catalogue.scales:
        rows = _scale_rows(catalogue.scales[instrument], work, before)
    elif instrument in catalogue.captures:
        rows = _capture_rows(catalogue.captures[instrument], work, before)
    else:
        rows = _plain_rows(work, before)
    return Result(
        title=catalogue.title(instrument),
        rows=rows,
        previous="" if before is None else f"{before.point}, {before.utc[:10]}",
        method=_method(work),
        flags=(*_thin(catalogue.captures.get(instrument), work), *_sources(work, before), *_flags(work)),
        refusal=_refusal(work),
    )


def _thin(capture: CaptureConfig | None, work: Work) -> tuple[str, ...]:
    """Variables that some of the accepted trials do not have: their mean is of fewer than "n" trials."""
    if capture is None:
        return ()
    found = []
    for task in capture.tasks:
        values = [
            trial.analysed.values for trial in work.of_task(task.id) if trial.counts and trial.analysed is not None
        ]
        for variable in capture.variables_of(task.id):
            having = sum(variable.key in each for each in values)
            if 0 < having < len(values):
                found.append(f"{task.title}: {variable.label} is of {having} of {len(values)} accepted trials")
    return tuple(found)


def _sources(work: Work, before: Earlier | None) -> tuple[str, ...]:
    """What values of several sources, or of another one than before, mean for a comparison."""
    now, found = source_of(work), []
    if ", " in now:
        found.append(f"the mean is of trials of several sources ({now})")
    if before is not None and (was := str(before.conditions.get(SOURCE) or "")) != now:
        here = "recorded here"
        found.append(f"{now or here} now, {was or here} before: two ways of measuring do not compare exactly")
    return tuple(found)


def _refusal(work: Work) -> str:
    closed = work.closed
    if closed is None or closed.outcome == "complete":
        return ""
    word = "not done" if closed.outcome == "not_done" else "incomplete"
    return f"{word}: {closed.reason}" if closed.reason else word


def _method(work: Work) -> str:
    methods = dict.fromkeys(trial.analysed.method for trial in work.trials if trial.counts and trial.analysed)
    return "; ".join(methods)


def _flags(work: Work) -> tuple[str, ...]:
    """What the analysis of the accepted trials remarked, each with the trials that it concerns."""
    found: dict[str, list[int]] = {}
    for trial in work.trials:
        if trial.counts and trial.analysed is not None:
            for flag in trial.analysed.flags:
                found.setdefault(flag, []).append(trial.started.trial)
    return tuple(f"{flag} (trial {', '.join(map(str, trials))})" for flag, trials in found.items())


def row(
    key: str,
    label: str,
    unit: str,
    digits: int,
    value: float | None,
    previous: float | None,
    direction: Direction,
    mcid: Mcid | None,
) -> ResultRow:
    """One variable beside the earlier value, with what moved."""
    change = moved(previous, value, direction, mcid, unit=unit, digits=digits)
    return ResultRow(
        key=key,
        label=label,
        unit=unit,
        digits=digits,
        value=value,
        previous=previous,
        change=change.change,
        arrow=change.arrow,
        verdict=change.words,
    )


def _scale_rows(scale: Scale, work: Work, before: Earlier | None) -> tuple[ResultRow, ...]:
    closed = work.closed
    if closed is None:
        return ()
    digits = 2 if scale.result == "speed" else 0
    earlier = {} if before is None else before.values
    rows = []
    if scale.result != "none":
        mcid = scale.mcid[0] if scale.mcid else None
        label = "speed" if scale.result == "speed" else "total"
        was = None if before is None else before.total
        rows.append(row("total", label, scale.unit, digits, closed.total, was, scale.direction, mcid))
    for part in scale.subscores:
        value, was = closed.values.get(part.id), earlier.get(part.id)
        rows.append(row(part.id, part.label, scale.unit, digits, value, was, scale.direction, None))
    return tuple(rows)


def _capture_rows(capture: CaptureConfig, work: Work, before: Earlier | None) -> tuple[ResultRow, ...]:
    values = {} if work.closed is None else work.closed.values
    earlier = {} if before is None else before.values
    rows = []
    for task in capture.tasks:
        prefix = "" if len(capture.tasks) == 1 else f"{task.title}: "
        for variable in capture.variables_of(task.id):
            key = key_of(capture, task.id, variable.key)
            rows.append(_variable_row(variable, key, prefix, values.get(key), earlier.get(key)))
    return tuple(rows)


def _variable_row(variable: Variable, key: str, prefix: str, value: float | None, was: float | None) -> ResultRow:
    """Its value beside the earlier one; what counts by its size alone is compared by it."""
    mcid = variable.mcid[0] if variable.mcid else None
    label = f"{prefix}{variable.label}"
    made = row(key, label, variable.unit, variable.digits, value, was, variable.direction, mcid)
    if not variable.magnitude or value is None or was is None:
        return made
    sized = row(key, label, variable.unit, variable.digits, abs(value), abs(was), variable.direction, mcid)
    return replace(sized, value=value, previous=was)


PLAIN_UNITS = {"_uv": "uV", "_ms": "ms", "_pct_mso": "%MSO"}


def _plain_rows(work: Work, before: Earlier | None) -> tuple[ResultRow, ...]:
    """Variables without a description of their own: their names carry the unit."""
    values = {} if work.closed is None else work.closed.values
    earlier = {} if before is None else before.values
    rows = []
    for key, value in values.items():
        ending = next((ending for ending in PLAIN_UNITS if key.endswith(ending)), "")
        label = key.removesuffix(ending).replace("_", " ")
        rows.append(row(key, label, PLAIN_UNITS.get(ending, ""), 1, value, earlier.get(key), "none", None))
    return tuple(rows)
