"""The report of an assessment: each instrument beside the visit before, its items, its trials, its figures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bedside.assess import results
from bedside.assess.catalogue import Catalogue
from bedside.assess.scoring import Entry
from bedside.assess.state import MEP, Assessment, Trial, Work
from bedside.assess.working import MISSING_WORDS
from bedside.config import Scale
from bedside.config.captures import CaptureConfig
from bedside.events import BEDSIDE, Role
from bedside.report.figures import figures_of
from bedside.report.model import Section, Table
from bedside.snapshot import Result, ResultRow

ARROWS = {"better": "better", "worse": "worse", "same": "no change", "none": ""}


def sections(state: Assessment, catalogue: Catalogue, visit: Path, role: Role) -> Iterator[Section]:
    """One section an instrument: the plan's, those that were left out, then those beyond the plan.

    What evoked potentials found tells intensities, which an assessor does not read.
    """
    for name in (*state.planned, *state.beyond):
        work = state.works.get(name)
        if name == MEP and role not in BEDSIDE:
            yield Section(title=catalogue.title(name), paragraphs=("Not shown to an assessor.",))
        elif work is None or (work.closed is None and work.opened is None):
            yield Section(title=catalogue.title(name), paragraphs=(*_plan(state, name), "Not worked on."))
        else:
            yield _instrument(state, catalogue, name, work, visit)


def _instrument(state: Assessment, catalogue: Catalogue, name: str, work: Work, visit: Path) -> Section:
    result = results.outcome(state, catalogue, name)
    unfinished = () if work.closed is not None else ("not finished",)
    warnings = (*_changed(catalogue, name, work), *_warnings(result), *unfinished)
    tables = [] if result is None or not result.rows else [result_table(result)]
    figures: tuple[Any, ...] = ()
    if name in catalogue.scales:
        tables.append(_items(catalogue.scales[name], catalogue, work))
    elif name in catalogue.captures:
        tables.append(_trials(catalogue.captures[name], work))
        figures = tuple(figures_of(catalogue.captures[name], work, visit))
    return Section(
        title=catalogue.title(name),
        warnings=warnings,
        paragraphs=(*_plan(state, name), *_how(work, result)),
        tables=tuple(tables),
        figures=figures,
    )


def _plan(state: Assessment, name: str) -> tuple[str, ...]:
    """Words where the visit's list and the study's plan differ."""
    if name in state.left_out:
        return ("Left out when the assessment was opened.",)
    return (f"Beyond the plan: not among what the study plans at {state.point}.",) if name in state.beyond else ()


def _changed(catalogue: Catalogue, name: str, work: Work) -> tuple[str, ...]:
    """Words when the instrument's file is not the one that was worked with: labels and limits may have changed."""
    present, opened = catalogue.scales.get(name) or catalogue.captures.get(name), work.opened
    if present is None or opened is None or opened.digest == present.sha256:
        return ()
    return (f"worked with another file of this instrument (version {opened.version}) than the one that words it here",)


def _warnings(result: Result | None) -> tuple[str, ...]:
    if result is None:
        return ()
    return (*((result.refusal,) if result.refusal else ()), *result.flags)


def _how(work: Work, result: Result | None) -> Iterator[str]:
    closed, opened = work.closed, work.opened
    if closed is not None:
        remark = f" Remark: {closed.reason}." if closed.reason and closed.outcome == "complete" else ""
        yield f"Examiner {closed.examiner}.{remark}"
    if opened is not None:
        wording = "; the site's licensed wording was shown" if opened.overlay else ""
        yield f"Version {opened.version}{wording}."
    if result is not None and result.method:
        yield f"Method: {result.method}."


def result_table(result: Result) -> Table:
    """Variables with the value now, the value before, the change and what it means."""
    before = f"before ({result.previous})" if result.previous else "before"
    return Table(
        caption=f"{result.title}: result",
        head=("variable", "now", before, "change", "meaning"),
        rows=tuple(_row(row) for row in result.rows),
    )


def _row(row: ResultRow) -> tuple[str, ...]:
    unit = f" ({row.unit})" if row.unit else ""
    change = "" if row.change is None else f"{row.change:+.{row.digits}f}"
    meaning = "; ".join(word for word in (ARROWS[row.arrow], row.verdict) if word)
    return (
        f"{row.label}{unit}",
        _number(row.value, row.digits),
        _number(row.previous, row.digits),
        change,
        meaning if row.previous is not None else "",
    )


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _items(scale: Scale, catalogue: Catalogue, work: Work) -> Table:
    overlay = catalogue.overlays.get(scale.id)
    rows = []
    for item in scale.items:
        label = overlay.wording(item) if overlay is not None else item.label
        rows.append((item.code, label, *_scored(work.entries, item.code, item.unit)))
    return Table(caption=f"{scale.title}: items", head=("code", "item", "score", "remark"), rows=tuple(rows))


def _scored(entries: Mapping[str, Entry], code: str, unit: str) -> tuple[str, str]:
    entry = entries.get(code) or Entry()
    remark = "; ".join(word for word in (entry.flag, "by rule" if entry.by == "rule" else "") if word)
    if entry.missing:
        return MISSING_WORDS[entry.missing], remark
    return ("-" if entry.value is None else f"{entry.value} {unit}".rstrip()), remark


def _trials(capture: CaptureConfig, work: Work) -> Table:
    rows = tuple(_trial(capture, trial) for trial in work.trials)
    return Table(
        caption=f"{capture.title}: trials", head=("trial", "recorded s", "key figure", "verdict", "remark"), rows=rows
    )


def _trial(capture: CaptureConfig, trial: Trial) -> tuple[str, ...]:
    task = capture.task(trial.task)
    stopped, analysed, judged, imported = trial.stopped, trial.analysed, trial.judged, trial.imported
    remarks = [judged.reason if judged is not None else "", *(analysed.flags if analysed is not None else ())]
    if analysed is not None and analysed.refusal:
        remarks.append(f"no result: {analysed.refusal}")
    if imported is not None:
        remarks.append(f"{imported.holds} imported from {imported.file}, SHA-256 {imported.sha256[:16]}")
    if stopped is not None and stopped.cause != "time":
        remarks.append(f"ended by {stopped.cause}{f': {stopped.reason}' if stopped.reason else ''}")
    named = {} if analysed is None else {results.key_of(capture, trial.task, k): v for k, v in analysed.values.items()}
    verdict = "not judged" if judged is None else "accepted" if judged.accepted else "rejected"
    return (
        f"{task.title if task is not None else trial.task}, {trial.started.trial}",
        f"{trial.seconds:.1f}" if trial.seconds else "-",
        results.key_figure(capture, named) or "-",
        verdict,
        "; ".join(remark for remark in remarks if remark),
    )
