"""Opening, scoring and closing the instruments of an assessment: what each command leads to, or why it is refused."""

from datetime import date
from typing import Literal

from bedside.assess import results
from bedside.assess.catalogue import Catalogue
from bedside.assess.deviations import condition_deviation, examiner_deviation, version_deviation
from bedside.assess.scoring import Entry, applied, checked, standing, unlikely
from bedside.assess.state import MEP, Assessment, Work
from bedside.commands import ScoreItem
from bedside.config import Scale
from bedside.config.people import Side
from bedside.events import (
    DeviationNoted,
    Event,
    InstrumentClosed,
    InstrumentOpened,
    InstrumentReopened,
    ItemScored,
    Missing,
)
from bedside.refusal import Refusal


def open_instrument(state: Assessment, catalogue: Catalogue, instrument: str, examiner: str) -> tuple[Event, ...]:
    """Work on an instrument of the plan, or on a further one; raises `Refusal`."""
    kind = catalogue.kind(instrument)
    if kind == "mep":
        raise Refusal("evoked potentials are measured in the steps before this one", "go back a step")
    _nothing_open(state, catalogue)
    if (state.works.get(instrument) or Work()).closed is not None:
        raise Refusal(f"{catalogue.title(instrument)} is finished", "open it again with a reason")
    beyond = instrument not in state.planned
    if kind == "capture":
        capture = catalogue.capture(instrument)
        return (InstrumentOpened(instrument=instrument, version=capture.version, digest=capture.sha256, beyond=beyond),)
    scale = catalogue.scale(instrument)
    overlay = catalogue.overlays.get(instrument)
    opened = InstrumentOpened(
        instrument=instrument,
        version=scale.version,
        digest=scale.sha256,
        overlay=overlay.sha256 if overlay is not None else "",
        beyond=beyond,
    )
    before = state.before(instrument)
    words = examiner_deviation(scale, before.examiner, examiner) if before is not None else ""
    return (opened, DeviationNoted(text=words)) if words and words not in state.deviations else (opened,)


def _nothing_open(state: Assessment, catalogue: Catalogue) -> None:
    if state.open is not None:
        raise Refusal(f"{catalogue.title(state.open)} is open", "finish it first")


def reopen(state: Assessment, catalogue: Catalogue, instrument: str, reason: str) -> tuple[Event, ...]:
    """Work on a finished instrument again; raises `Refusal` without a reason."""
    _nothing_open(state, catalogue)
    work = state.works.get(instrument)
    if work is None or work.closed is None or instrument == MEP:
        raise Refusal(f"{catalogue.title(instrument)} is not finished", "open it")
    if not reason.strip():
        raise Refusal("opening a finished instrument again needs a reason", "say why")
    return (InstrumentReopened(instrument=instrument, reason=reason),)


def score(state: Assessment, catalogue: Catalogue, asked: ScoreItem, paretic: Side | None) -> tuple[Event, ...]:
    """One item's value, and what the scale's rules make of it; raises `Refusal`.

    A scale of the paretic limb cannot be scored before it is recorded which limb that is.
    """
    instrument = asked.instrument
    if state.open != instrument:
        raise Refusal(f"{catalogue.title(instrument)} is not open", "open it first")
    scale = catalogue.scale(instrument)
    before = state.work.entries
    entry = Entry(None, asked.missing, asked.flag)
    if not asked.missing and asked.value is not None:
        entry = Entry(checked(scale, asked.code, asked.value), "", asked.flag)
    elif scale.item(asked.code) is None:
        raise Refusal(f"{scale.title} has no item '{asked.code}'", "score the items on the screen")
    now = applied(scale, {**before, asked.code: entry})
    cleared = {code: Entry() for code, old in before.items() if old.by == "rule" and code not in now}
    wanted = {asked.code: now.get(asked.code, entry), **cleared, **now}
    changed = [(code, new) for code, new in wanted.items() if before.get(code) != new]
    return tuple(_scored(scale, code, new, paretic) for code, new in changed)


def _scored(scale: Scale, code: str, entry: Entry, paretic: Side | None) -> ItemScored:
    return ItemScored(
        instrument=scale.id,
        code=code,
        value=entry.value,
        missing=entry.missing,
        flag=entry.flag,
        by=entry.by,
        side=_side(scale, code, paretic),
    )


def _side(scale: Scale, code: str, paretic: Side | None) -> Literal["", "left", "right"]:
    item = scale.item(code)
    if item is None or item.side == "none":
        return ""
    if item.side != "paretic":
        return item.side
    if paretic is None:
        raise Refusal(f"{scale.title} concerns the paretic side, which is not recorded", "complete the record")
    return paretic


def close(
    state: Assessment, catalogue: Catalogue, instrument: str, reason: str, examiner: str, today: str
) -> tuple[Event, ...]:
    """Finish the instrument as far as it is; raises `Refusal` where something is missing and no reason is given."""
    if catalogue.kind(instrument) == "mep":
        raise Refusal("evoked potentials are finished by their step", "go on to the next step")
    if instrument not in state.instruments:
        raise Refusal(f"{catalogue.title(instrument)} is not on this visit's list", "open it first")
    work = state.works.get(instrument) or Work()
    if work.closed is not None:
        raise Refusal(f"{catalogue.title(instrument)} is finished", "open it again with a reason")
    if state.open not in (None, instrument):
        raise Refusal(f"{catalogue.title(state.open or '')} is open", "finish it first")
    if state.running is not None:
        raise Refusal("a trial is being recorded", "stop it first")
    if catalogue.kind(instrument) == "scale":
        closed = _close_scale(catalogue, instrument, work, reason, examiner)
        _confirm(state, catalogue, closed, today)
        return (closed, *_incomparable(state, catalogue.scale(instrument), work))
    return (_close_capture(catalogue, instrument, work, reason, examiner),)


def _close_scale(catalogue: Catalogue, instrument: str, work: Work, reason: str, examiner: str) -> InstrumentClosed:
    scale = catalogue.scale(instrument)
    found = standing(scale, work.entries)
    if found.problem:
        raise Refusal(found.problem, "correct the items")
    given = any(entry.value is not None for entry in work.entries.values())
    if not found.complete and not reason.strip():
        raise Refusal(f"{len(found.open)} item(s) are open", "score them, mark them as not done, or say why not")
    whole = found.complete and not found.missing
    values = {name: value for name, _, value, _ in found.subscores if value is not None}
    return InstrumentClosed(
        instrument=instrument,
        outcome="complete" if whole else "partial" if given else "not_done",
        reason=reason,
        total=found.total,
        values=values,
        examiner=examiner,
        version=scale.version,
        conditions={code: entry.value for code in scale.conditions if (entry := work.entries.get(code)) is not None},
    )


def _confirm(state: Assessment, catalogue: Catalogue, closed: InstrumentClosed, today: str) -> None:
    """Raise `Refusal` for a change that is hardly possible, until a reason is given for it."""
    before = state.before(closed.instrument)
    if before is None or closed.reason.strip():
        return
    days = (date.fromisoformat(today) - date.fromisoformat(before.utc[:10])).days
    others = {name: _totals(state, name) for name in catalogue.scales}
    words = unlikely(catalogue.scale(closed.instrument), before.total, closed.total, float(days), others)
    if words:
        raise Refusal(words, "correct the items, or finish it with a reason")


def _totals(state: Assessment, name: str) -> tuple[float | None, float | None]:
    before, work = state.before(name), state.works.get(name)
    closed = work.closed if work is not None else None
    return (before.total if before is not None else None), (closed.total if closed is not None else None)


def _incomparable(state: Assessment, scale: Scale, work: Work) -> tuple[DeviationNoted, ...]:
    """Why this form may not be compared with the earlier one as it stands."""
    before = state.before(scale.id)
    if before is None:
        return ()
    conditions = {code: Entry(value) for code, value in before.conditions.items()}
    told = (version_deviation(scale, before.version), condition_deviation(scale, conditions, work.entries))
    return tuple(DeviationNoted(text=text) for text in told if text and text not in state.deviations)


def _close_capture(catalogue: Catalogue, instrument: str, work: Work, reason: str, examiner: str) -> InstrumentClosed:
    capture = catalogue.capture(instrument)
    waits = next((trial for trial in work.trials if trial.awaits_analysis), None)
    if waits is not None and not reason.strip():
        raise Refusal(f"trial {waits.started.trial} is being analysed", "wait, or say why it is left out")
    unjudged = next((t for t in work.trials if t.analysed is not None and t.judged is None), None)
    if unjudged is not None and not reason.strip():
        raise Refusal(f"trial {unjudged.started.trial} is neither accepted nor rejected", "accept or reject it")
    short = [task for task in capture.tasks if sum(t.counts for t in work.of_task(task.id)) < task.trials]
    if short and not reason.strip():
        task = short[0]
        done = sum(trial.counts for trial in work.of_task(task.id))
        raise Refusal(f"{task.title}: {done} of {task.trials} trials are accepted", "record more, or say why not")
    values, source = results.combined(capture, work), results.source_of(work)
    return InstrumentClosed(
        instrument=instrument,
        outcome="partial" if short and values else "not_done" if short else "complete",
        reason=reason,
        total=None,
        values=values,
        examiner=examiner,
        version=capture.version,
        conditions={results.SOURCE: source} if source else {},
    )


MISSING_WORDS: dict[Missing, str] = {
    "not_done": "not done",
    "refused": "refused",
    "unsafe": "unsafe to test",
    "not_applicable": "not applicable",
}
