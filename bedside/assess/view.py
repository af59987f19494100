"""An assessment as a screen shows it; nothing in it tells an arm, an intensity or a dose."""

from collections.abc import Collection, Sequence
from math import cos, radians, sin
from typing import Literal

from bedside.assess import capturing, further, results
from bedside.assess.catalogue import Catalogue
from bedside.assess.limits import Limits, limit_cm, own_limits_cm, polygon_cm
from bedside.assess.scoring import Entry, standing
from bedside.assess.state import MEP, Assessment, Trial, Work
from bedside.assess.working import MISSING_WORDS
from bedside.config import Scale, ScaleItem
from bedside.config.captures import CaptureConfig, CaptureTask, Cue
from bedside.config.scales import Overlay
from bedside.snapshot import (
    Assess,
    Capture,
    InstrumentLine,
    ParameterPanel,
    ScaleForm,
    SensorLine,
    Subtotal,
    TrialLine,
)
from bedside.snapshot import ScaleItem as ItemView

TARGET_RADIUS_CM = 1.5


def assess(
    state: Assessment,
    catalogue: Catalogue,
    now_ns: int,
    sensors: Sequence[SensorLine],
    panels: tuple[ParameterPanel, ...],
    paretic: str,
    served: Collection[str],
) -> Assess:
    """The whole picture of an assessment at `now_ns`; `served` are the places that have a configured device."""
    form = capture = None
    if state.open is not None and state.open in catalogue.scales:
        form = scale_form(state, catalogue, catalogue.scales[state.open])
    elif state.open is not None and state.open in catalogue.captures:
        capture = capture_view(state, catalogue.captures[state.open], now_ns, tuple(sensors), paretic)
    return Assess(
        point=state.point,
        instruments=tuple(instrument_line(state, catalogue, name) for name in state.instruments),
        panels=panels,
        form=form,
        capture=capture,
        result=results.outcome(state, catalogue, state.last) if state.last is not None else None,
        deviations=state.deviations,
        further=further.choices(state, catalogue, served),
    )


def instrument_line(state: Assessment, catalogue: Catalogue, name: str) -> InstrumentLine:
    """One line of the list."""
    work = state.works.get(name) or Work()
    kind: Literal["scale", "capture", "mep"] = (
        "mep" if name == MEP else "scale" if name in catalogue.scales else "capture"
    )
    stands: Literal["open", "now", "complete", "partial", "not_done"] = "now" if state.open == name else "open"
    return InstrumentLine(
        id=name,
        title=catalogue.title(name),
        kind=kind,
        state=stands if work.closed is None else work.closed.outcome,
        summary=_progress(work) if work.closed is None else _summary(catalogue, name, work),
        beyond=name in state.beyond,
    )


def _summary(catalogue: Catalogue, name: str, work: Work) -> str:
    closed = work.closed
    if closed is None:
        return ""
    if closed.total is not None:
        scale = catalogue.scales.get(name)
        if scale is None or scale.result == "sum":
            return f"{closed.total:g}" + (f" of {scale.max:g}" if scale is not None and scale.max is not None else "")
        return f"{closed.total:.2f} {scale.unit}".rstrip()
    if name in catalogue.captures and closed.values:
        return results.key_figure(catalogue.captures[name], closed.values)
    return closed.reason


def _progress(work: Work) -> str:
    if work.trials:
        return f"{sum(trial.counts for trial in work.trials)} trial(s) accepted"
    scored = sum(entry.value is not None or bool(entry.missing) for entry in work.entries.values())
    return f"{scored} item(s) scored" if scored else ""


# scales


def scale_form(state: Assessment, catalogue: Catalogue, scale: Scale) -> ScaleForm:
    """The open scale with its running total."""
    entries = state.work.entries
    found = standing(scale, entries)
    overlay = catalogue.overlays.get(scale.id)
    problem = (found.problem,) if found.problem else ()
    return ScaleForm(
        id=scale.id,
        title=scale.title,
        version=scale.version,
        items=tuple(_item(item, entries.get(item.code), overlay) for item in scale.items),
        running=found.running if scale.result != "none" else None,
        total=found.total,
        max=scale.max,
        subtotals=tuple(
            Subtotal(label=label, value=value, max=most)
            for _, label, value, most in found.subscores
            if value is not None
        ),
        missing=len(found.missing),
        open=len(found.open),
        next_code=found.next_code,
        warnings=(*problem, *state.deviations),
    )


def _item(item: ScaleItem, entry: Entry | None, overlay: Overlay | None) -> ItemView:
    kept = entry or Entry()
    meanings = "; ".join(f"{level} {words}" for level, words in zip(item.allowed, item.meanings, strict=False))
    return ItemView(
        code=item.code,
        label=overlay.wording(item) if overlay is not None else item.label,
        section=item.section,
        kind=item.kind,
        allowed=item.allowed,
        low=item.low,
        high=item.high,
        unit=item.unit,
        value=kept.value,
        missing=MISSING_WORDS.get(kept.missing, ""),
        flag=kept.flag,
        by=kept.by if entry is not None else "",
        hint=item.hint or meanings,
        required=item.required,
    )


# captures


def capture_view(
    state: Assessment, capture: CaptureConfig, now_ns: int, sensors: tuple[SensorLine, ...], paretic: str
) -> Capture:
    """The open capture: its task, its sensors, the running trial and the trials so far."""
    work, running = state.work, state.running
    task = capturing.next_task(state, capture) if running is None else capturing.task_of(capture, running.task)
    waits = any(trial.awaits_analysis for trial in work.trials)
    elapsed_s = (now_ns - running.started_ns) / capturing.NS if running is not None else 0.0
    seconds = running.started.seconds if running is not None else task.seconds
    cue, limits = _present_cue(task, running), own_limits_cm(work)
    last = next((trial for trial in reversed(work.trials) if trial.analysed is not None), None)
    return Capture(
        id=capture.id,
        title=capture.title,
        live=capture.live,
        task=task.id,
        task_title=task.title,
        instruction=task.instruction,
        tasks=tuple((each.id, each.title) for each in capture.tasks),
        state="recording" if running is not None else "analysing" if waits else "idle",
        trial=running.started.trial if running is not None else 1 + len(work.of_task(task.id)),
        trials=task.trials,
        seconds=seconds,
        elapsed_s=elapsed_s,
        left_s=max(0.0, seconds - elapsed_s) if running is not None else 0.0,
        cue=_said(running),
        cues=tuple(cue.text for cue in task.cues),
        target=_target(cue, limits, _height_cm(running)),
        limits_cm=polygon_cm(limits),
        target_left_pct=cue.left_pct if cue is not None else None,
        sensors=sensors,
        done=tuple(_trial_line(capture, trial) for trial in work.trials),
        result=results.trial_result(capture, last) if last is not None and running is None else None,
        paretic=paretic,
    )


def _said(running: Trial | None) -> str:
    return running.cues[-1][1] if running is not None and running.cues else ""


def _present_cue(task: CaptureTask, running: Trial | None) -> Cue | None:
    said = _said(running)
    return next((cue for cue in task.cues if cue.text == said), None)


def _height_cm(running: Trial | None) -> float | None:
    height = running.started.settings.get("height_cm") if running is not None else None
    return float(height) if isinstance(height, int | float) else None


def _target(cue: Cue | None, limits: Limits, height_cm: float | None) -> tuple[float, float, float] | None:
    """Where the participant is to bring the centre of pressure: x and y from the stance's centre, and a radius (cm)."""
    if cue is None:
        return None
    radius_cm = cue.radius_cm if cue.radius_cm is not None else TARGET_RADIUS_CM
    if cue.x_cm is not None and cue.y_cm is not None:
        return cue.x_cm, cue.y_cm, radius_cm
    if cue.direction_deg is None or cue.limit_pct is None:
        return None
    limit = limit_cm(limits, cue.direction_deg, height_cm)
    if limit is None:
        return None
    reach_cm = limit * cue.limit_pct / 100.0
    angle = radians(cue.direction_deg)
    return reach_cm * cos(angle), reach_cm * sin(angle), radius_cm


def _trial_line(capture: CaptureConfig, trial: Trial) -> TrialLine:
    figure = reason = ""
    if trial.analysed is not None:
        named = {results.key_of(capture, trial.task, key): value for key, value in trial.analysed.values.items()}
        figure, reason = results.key_figure(capture, named), trial.analysed.refusal
    if trial.judged is not None and not trial.judged.accepted:
        reason = trial.judged.reason
    return TrialLine(
        trial=trial.started.trial,
        task=trial.task,
        state=_trial_state(trial),
        seconds=trial.seconds,
        figure=figure,
        reason=reason,
        source=trial.imported.file if trial.imported is not None else "",
    )


def _trial_state(
    trial: Trial,
) -> Literal["recording", "analysing", "analysed", "accepted", "rejected", "lost"]:
    if trial.judged is not None:
        return "accepted" if trial.judged.accepted else "rejected"
    if trial.running:
        return "recording"
    return "analysing" if trial.analysed is None else "analysed"
