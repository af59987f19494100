"""The assessment's part of a visit's picture: list, sensors and the four panels, for one role."""

import msgspec

from bedside import commands
from bedside.assess import capturing, view
from bedside.assess.state import MEP, Assessment
from bedside.commands import AnyCommand
from bedside.events import Role
from bedside.refusal import Refusal
from bedside.snapshot import Assess, ParameterPanel, SensorLine
from bedside.visit import assessing
from bedside.visit.inputs import Cause, Now
from bedside.visit.side import aim_of
from bedside.visit.state import Visit

HIDDEN = "not shown to an assessor"


def assess(state: Visit, now: Now, role: Role) -> Assess | None:
    """The open assessment; None without one."""
    if state.assessment is None:
        return None
    record = state.recalled
    paretic = "" if record is None or record.paretic_side is None else record.paretic_side
    sensors = _sensors(state)
    catalogue, panels, served = state.setup.catalogue, _panels(state, role, paretic), assessing.places(state)
    shown = view.assess(state.assessment, catalogue, now.mono_ns, sensors, panels, paretic, served)
    return _without_potentials(shown, state.assessment) if role == "assess" else shown


def _without_potentials(shown: Assess, state: Assessment) -> Assess:
    """What evoked potentials found tells intensities: an assessor sees that they are finished, and nothing else."""
    lines = tuple(msgspec.structs.replace(x, summary="") if x.kind == "mep" else x for x in shown.instruments)
    result = None if state.last == MEP else shown.result
    return msgspec.structs.replace(shown, instruments=lines, result=result)


def next_cause(state: Visit) -> tuple[AnyCommand, str]:
    """What is to be done next, and its label."""
    present = state.assessment
    if present is None or (present.open is None and not present.left):
        return commands.NextStep(), "Next step"
    if present.open is None:
        first = next((name for name in present.left if name != MEP), "")
        return commands.OpenInstrument(instrument=first), f"Open {state.setup.catalogue.title(first)}"
    if present.open in state.setup.catalogue.scales:
        return commands.CloseInstrument(instrument=present.open), "Finish this scale"
    return _next_trial(state, present)


def _next_trial(state: Visit, present: Assessment) -> tuple[AnyCommand, str]:
    catalogue = state.setup.catalogue
    capture = catalogue.captures.get(present.open or "")
    if capture is None:
        return commands.CloseInstrument(instrument=present.open or ""), "Finish this instrument"
    if present.running is not None:
        return commands.StopCapture(), "Stop recording"
    trials = present.work.trials
    unjudged = next((t for t in trials if t.analysed is not None and t.judged is None), None)
    if unjudged is not None:
        accept = not (unjudged.analysed is not None and unjudged.analysed.refusal)
        label = f"{'Accept' if accept else 'Reject'} trial {unjudged.started.trial}"
        asked = commands.JudgeTrial(
            task=unjudged.task, trial=unjudged.started.trial, accept=accept, reason="" if accept else "no result"
        )
        return asked, label
    task = capturing.next_task(present, capture)
    if sum(trial.counts for trial in present.work.of_task(task.id)) < task.trials:
        return commands.StartCapture(task=task.id), f"Record {task.title}"
    return commands.CloseInstrument(instrument=capture.id), f"Finish {capture.title}"


def causes(state: Visit) -> list[tuple[Cause, str]]:
    """Everything else that can be asked of an assessment."""
    present = state.assessment
    if present is None:
        return []
    rows: list[tuple[Cause, str]] = []
    if present.open is None:
        first = next((name for name in present.left if name != MEP), present.instruments[0])
        rows.append((commands.OpenInstrument(instrument=first), "Open an instrument"))
        closed = next((name for name in present.instruments if name not in present.left), None)
        if closed is not None:
            rows.append((commands.ReopenInstrument(instrument=closed, reason="asked for"), "Open again"))
    else:
        rows.append((commands.CloseInstrument(instrument=present.open, reason="asked for"), "Finish as it is"))
        rows += _of_open(state, present, present.open)
    rows.append((commands.NextStep(), "Next step"))
    return rows


def _of_open(state: Visit, present: Assessment, name: str) -> list[tuple[Cause, str]]:
    catalogue = state.setup.catalogue
    if name in catalogue.scales:
        code = catalogue.scales[name].items[0].code
        return [(commands.ScoreItem(instrument=name, code=code, missing="not_done"), "Score an item")]
    task = capturing.next_task(present, catalogue.capture(name))
    rows: list[tuple[Cause, str]] = [
        (commands.StartCapture(task=task.id), "Record a trial"),
        (commands.ImportTrial(task=task.id, file="", mapping=""), "Import a trial"),
        (commands.StopCapture(), "Stop recording"),
        (commands.GiveCue(cue="cue"), "Give a cue"),
    ]
    last = next((trial for trial in reversed(present.work.trials) if not trial.running), None)
    if last is not None:
        judged = commands.JudgeTrial(task=last.task, trial=last.started.trial, accept=False, reason="asked for")
        rows.append((judged, "Accept or reject a trial"))
    return rows


def _sensors(state: Visit) -> tuple[SensorLine, ...]:
    serving, gone = assessing.places(state), assessing.missing(state)
    return tuple(_sensor(state, place, serving.get(place, ""), gone.get(place)) for place in assessing.needs(state))


def _sensor(state: Visit, place: str, device: str, remedy: str | None) -> SensorLine:
    known = state.live.devices.get(device)
    told = "not configured" if not device else "not heard" if known is None else known.health.state
    return SensorLine(
        place=place.replace("_", " "),
        device=device,
        state=told,
        calibration=_calibration(state, device),
        ok=remedy is None,
        remedy=remedy or "",
    )


def _calibration(state: Visit, device: str) -> str:
    done = state.assessment.calibrated if state.assessment is not None else {}
    words = []
    for event in done.values():
        if event.device == device:
            residual = "" if event.residual is None else f" {round(event.residual, 3):g} {event.unit}".rstrip()
            words.append(f"{event.what}{residual}")
    return ", ".join(words)


def _panels(state: Visit, role: Role, paretic: str) -> tuple[ParameterPanel, ...]:
    return (_subject(state, paretic), _electrical(state, role), _magnetic(state, role), _time(state))


def _subject(state: Visit, paretic: str) -> ParameterPanel:
    opened, present = state.opened, state.assessment
    due = present.due if present is not None else None
    rows = (
        ("Participant", opened.participant if opened is not None else ""),
        ("Study", state.setup.study.title),
        ("Assessment", opened.point if opened is not None else ""),
        ("Due", "no session yet" if due is None else due[0] if due[0] == due[1] else f"{due[0]} to {due[1]}"),
        ("Paretic side", paretic or "not recorded"),
    )
    return ParameterPanel(title="Subject", rows=rows)


def _electrical(state: Visit, role: Role) -> ParameterPanel:
    title, part = "tsDCS", state.setup.current
    if part is None:
        return ParameterPanel(title=title, rows=(), note="not part of this study")
    if role == "assess":
        return ParameterPanel(title=title, rows=(), note=HIDDEN)
    rows = tuple(
        (preset.id, f"{preset.current_ma:g} mA, {preset.plateau_s:g} s, ramps {preset.ramp_s:g} s")
        for preset in part.presets.values()
    )
    return ParameterPanel(title=title, rows=rows, note="the participant's arm chooses; nothing is typed")


def _magnetic(state: Visit, role: Role) -> ParameterPanel:
    if role == "assess":
        return ParameterPanel(title="TMS", rows=(), note=HIDDEN)
    record = state.recalled
    try:
        aim = aim_of(state)
    except Refusal:
        aim = None
    rmt = None if record is None else record.rmt_pct_mso
    age = None if record is None else record.rmt_age_days
    threshold = "not measured yet" if rmt is None else f"{rmt:.1f} %MSO"
    rows = (
        ("Target", aim.text if aim is not None else "not known"),
        ("Threshold", threshold if age is None else f"{threshold}, {age:.0f} days ago"),
        ("Protocols", ", ".join(state.setup.study.presets)),
    )
    return ParameterPanel(title="TMS", rows=rows, note="set by the study's files")


def _time(state: Visit) -> ParameterPanel:
    catalogue, present = state.setup.catalogue, state.assessment
    rows = []
    for name in present.instruments if present is not None else ():
        capture = catalogue.captures.get(name)
        if capture is not None:
            rows += [(f"{task.title}", f"{task.trials} x {task.seconds:g} s") for task in capture.tasks]
    return ParameterPanel(title="Evaluation time", rows=tuple(rows), note="" if rows else "nothing is recorded")
