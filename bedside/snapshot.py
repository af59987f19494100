"""What a screen shows: one frozen picture of the whole station, made anew on every change.

A snapshot is complete in itself: a client that missed ten of them shows the eleventh and is right. Every value that
can age carries its age or the time it was heard.
"""

from typing import Literal

import msgspec

from bedside.events import Priority, StepId, Value, VisitKind

ItemKind = Literal["tick", "yesno", "choice", "number", "text", "secret", "day"]
ItemState = Literal["open", "ok", "attention", "stop"]
MarkState = Literal["open", "now", "done", "attention"]
RunWord = Literal["OFF", "READY", "STIMULATING", "PAUSED", "STOPPING", "UNKNOWN", "ENDED"]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a form. `hint` says what good looks like or how to mend it; `by` who gave the value."""

    id: str
    label: str
    kind: ItemKind
    value: Value = None
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    state: ItemState = "open"
    hint: str = ""
    by: str = ""
    required: bool = True


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be asked now. `command` is its tag; greyed with its `reason` when not `enabled`."""

    command: str
    label: str
    enabled: bool
    reason: str = ""


class StepMark(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the visit's checklist."""

    id: StepId
    title: str
    state: MarkState
    summary: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """The present step: one sentence of what to do, what good looks like, its form and its one next action."""

    id: StepId
    number: int
    total: int
    title: str
    instruction: str
    good: str
    items: tuple[Item, ...] = ()
    next: Action | None = None
    others: tuple[Action, ...] = ()


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """One site of the hotspot grid; cm from the vertex."""

    id: str
    x_cm: float
    y_cm: float
    pulses: int
    mean_uv: float | None
    state: Literal["open", "now", "done", "best", "chosen"]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """One single pulse and what came of it."""

    pulse: int
    purpose: Literal["hotspot", "threshold", "assessment"]
    site: str
    amplitude_pct_mso: int
    response_uv: float | None
    latency_ms: float | None
    rest_rms_uv: float | None
    verdict: Literal["response", "none", "void", "pending", "failed"]
    reason: str = ""
    rejected: bool = False
    borderline: bool = False


class Hunt(msgspec.Struct, frozen=True, kw_only=True):
    """Hotspot search or threshold hunt, as far as it is."""

    muscle: str
    others: tuple[str, ...]
    side: str
    criterion: str
    sites: tuple[Site, ...] = ()
    trials: tuple[Trial, ...] = ()
    site: str | None = None
    next_pct_mso: int | None = None
    next_reason: str = ""
    rmt_pct_mso: float | None = None
    low_pct_mso: float | None = None
    high_pct_mso: float | None = None
    done: bool = False
    rule: str = ""
    pacing: bool = False
    ready_in_s: float = 0.0
    rest_rms_uv: float | None = None
    rest_ok: bool | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The treatment. What was asked and what was reported stand side by side; None is "not known".

    Defaults are left out of the JSON, so that a blinded client's line does not even hold the word for its arm.
    """

    word: RunWord
    reason: str
    preset: str = ""
    planned: int = 0
    delivered: int = 0
    uncertain: int = 0
    sham: bool | None = None
    elapsed_s: float = 0.0
    remaining_s: float = 0.0
    walk_s: float = 0.0
    durations: str = ""
    asked_pct_mso: int | None = None
    reported_pct_mso: int | None = None
    pct_rmt: float | None = None
    rmt_pct_mso: float | None = None
    di_dt_a_us: int | None = None
    enabled: bool | None = None
    temperature_c: float | None = None
    minutes_to_limit: float | None = None
    contact_due_s: float | None = None
    contact_left_s: float | None = None
    pause_left_s: float | None = None
    interlocks: tuple["Interlock", ...] = ()


class Current(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Direct current: mA, s, kOhm, percent, mA/cm2, C, C/cm2; None is "not known".

    A blinded client gets `words` and the two clocks alone, and they follow from the time since the start: defaults are
    left out of the JSON. `plateau_c`, `density_ma_cm2` and `charge_density_c_cm2` are planned, `given_c` measured.
    """

    words: str
    label: str = "tsDCS"
    phase: str = ""
    elapsed_s: float = 0.0
    remaining_s: float = 0.0
    asked_ma: float | None = None
    measured_ma: float | None = None
    impedance_kohm: float | None = None
    battery_pct: float | None = None
    density_ma_cm2: float | None = None
    plateau_s: float | None = None
    plateau_c: float | None = None
    charge_density_c_cm2: float | None = None
    given_c: float | None = None
    fault: str = ""
    age_s: float | None = None


class Interlock(msgspec.Struct, frozen=True, kw_only=True):
    """One condition for stimulation, whether it holds, and what to do if not."""

    id: str
    text: str
    holds: bool
    remedy: str = ""


class Robot(msgspec.Struct, frozen=True, kw_only=True):
    """The gait robot as last told; `source` "device" or "operator"."""

    phase: str = "unknown"
    speed_kmh: float | None = None
    body_weight_support_kg: float | None = None
    body_weight_support_pct: float | None = None
    assist_pct: float | None = None
    e_stop: bool | None = None
    steps: int | None = None
    angles_deg: tuple[float, ...] = ()
    contacts: tuple[bool, ...] = ()
    source: str = ""
    age_s: float | None = None


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm whose condition holds; `silenced_s` counts down the sound's pause."""

    id: str
    priority: Priority
    text: str
    remedy: str
    since_s: float
    silenced_s: float | None = None


class DeviceAttention(msgspec.Struct, frozen=True, kw_only=True):
    """Why a device that works cannot be used as it is now, and what to do."""

    what: str
    remedy: str


class DeviceLine(msgspec.Struct, frozen=True, kw_only=True):
    """One device: its link, and what it tells of itself. None: it does not tell, or it is not known yet.

    `lost` are samples lost of `received`, `dropped` frames or samples as the link counts them; `clock_*` compare the
    device's clock with the station's; `attention` is what somebody has to see to, `notes` are standing remarks.
    """

    name: str
    role: str
    address: str
    state: str
    age_s: float | None
    simulated: bool
    error: str = ""
    remedy: str = ""
    dropped: int = 0
    reconnects: int = 0
    battery_pct: float | None = None
    rssi_dbm: int | None = None
    rate_hz: float | None = None
    received: int = 0
    lost: int = 0
    clock_offset_ms: float | None = None
    clock_drift_ppm: float | None = None
    clock_spread_ms: float | None = None
    attention: tuple[DeviceAttention, ...] = ()
    notes: tuple[str, ...] = ()


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """What a person must do by hand now; `expects` is the value to read back, None for a plain yes."""

    id: str
    text: str
    expects: int | None = None


class Watcher(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody attached to the station."""

    client: str
    role: str
    user: str
    controls: bool
    since_s: float


class Interruption(msgspec.Struct, frozen=True, kw_only=True):
    """An interrupted visit waiting for a person's word."""

    reason: str
    certain: str
    uncertain: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One recent event in words."""

    n: int
    utc: str
    text: str


class InstrumentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument of an assessment in the list. `summary` is its total or key figure once it is finished.

    One `beyond` the plan is not among those that the study wants at this point.
    """

    id: str
    title: str
    kind: Literal["scale", "capture", "mep"]
    state: Literal["open", "now", "complete", "partial", "not_done"]
    summary: str = ""
    beyond: bool = False


class FurtherInstrument(msgspec.Struct, frozen=True, kw_only=True):
    """An instrument that is not on the list and can be added to it, unless `refusal` says why not.

    `remark`: that the study plans it, any other would be beyond the plan; that no sensor serves it, so that it takes
    only another program's tables.
    """

    id: str
    title: str
    refusal: str = ""
    remark: str = ""


class ScaleItem(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the open scale. `label` is the site's licensed wording where there is one, else our own.

    `allowed` are the levels that can be given; without them a number from `low` to `high`, or text.
    """

    code: str
    label: str
    section: str
    kind: Literal["levels", "number", "text", "choice"]
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str = ""
    value: Value = None
    missing: str = ""
    flag: str = ""
    by: str = ""
    hint: str = ""
    required: bool = True


class Subtotal(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a scale's total so far."""

    label: str
    value: float
    max: float


class ScaleForm(msgspec.Struct, frozen=True, kw_only=True):
    """The open scale with its running total; `total` only when nothing is missing. `next_code`: first open item."""

    id: str
    title: str
    version: str
    items: tuple[ScaleItem, ...]
    running: float | None = None
    total: float | None = None
    max: float | None = None
    subtotals: tuple[Subtotal, ...] = ()
    missing: int = 0
    open: int = 0
    next_code: str = ""
    warnings: tuple[str, ...] = ()


class ResultRow(msgspec.Struct, frozen=True, kw_only=True):
    """One variable beside the previous visit's. `verdict` in words, such as "reached (>= 6)"; `arrow` what it means."""

    key: str
    label: str
    unit: str
    digits: int
    value: float | None
    previous: float | None = None
    change: float | None = None
    arrow: Literal["better", "worse", "same", "none"] = "none"
    verdict: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What an instrument or one trial found. `previous` names the visit compared with; a `refusal` says why nothing."""

    title: str
    rows: tuple[ResultRow, ...]
    previous: str = ""
    method: str = ""
    flags: tuple[str, ...] = ()
    refusal: str = ""


class GaitCurve(msgspec.Struct, frozen=True, kw_only=True):
    """A mean over gait cycles at 0, 2 ... 100 % and its standard deviation, empty where it is not drawn.

    `name` is its key in `bedside analyse gait --json`, and carries the unit.
    """

    name: str
    cycles: int
    mean: tuple[float, ...]
    sd: tuple[float, ...] = ()


class GaitStick(msgspec.Struct, frozen=True, array_like=True):
    """A segment at one moment of the mean cycle, from (`x_cm`, `y_cm`), seen from the side, walking to the right.

    Its direction and the foot's way are measured; its length is nominal, and where the sensor sits on it is not known.
    """

    segment: Literal["foot", "shank", "thigh"]
    x_cm: float
    y_cm: float
    to_x_cm: float
    to_y_cm: float


class GaitSide(msgspec.Struct, frozen=True, kw_only=True):
    """One leg's curves; `refusal` says why there is none, `notes` what else to know of them.

    `sticks` are its measured segments at tenths of the cycle; `nominal` names each with the length it is drawn with.
    """

    side: Literal["left", "right"]
    cycles: int = 0
    curves: tuple[GaitCurve, ...] = ()
    toe_off_pct: float | None = None
    clearance_cm: float | None = None
    clearance_sd_cm: float | None = None
    sticks: tuple[GaitStick, ...] = ()
    nominal: tuple[tuple[str, float], ...] = ()
    refusal: str = ""
    notes: tuple[str, ...] = ()

    def curve(self, name: str) -> GaitCurve | None:
        """The curve of that name."""
        return next((curve for curve in self.curves if curve.name == name), None)


class TrialLine(msgspec.Struct, frozen=True, kw_only=True):
    """One trial of a `task` (its id); `figure` is its key number in words, `source` the file it was imported from."""

    trial: int
    task: str
    state: Literal["recording", "analysing", "analysed", "accepted", "rejected", "lost"]
    seconds: float
    figure: str = ""
    reason: str = ""
    source: str = ""


class ImportLine(msgspec.Struct, frozen=True, kw_only=True):
    """A `file` of the import folder, and a `mapping` (its id) that knows its columns; `written` is ISO 8601, UTC."""

    file: str
    bytes: int
    written: str
    mapping: str
    title: str
    holds: Literal["samples", "results"]
    verified: bool


class Imports(msgspec.Struct, frozen=True, kw_only=True):
    """What may be imported into the open capture, newest first, and why further files of the `folder` may not."""

    folder: str
    choices: tuple[ImportLine, ...] = ()
    notes: tuple[str, ...] = ()


class SensorLine(msgspec.Struct, frozen=True, kw_only=True):
    """One sensor that the open capture needs: whether it is there and calibrated, and what to do if not."""

    place: str
    device: str
    state: str
    calibration: str = ""
    ok: bool = False
    remedy: str = ""


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """The open capture instrument and its present task. `left_s` counts down while recording.

    `target` is what the participant is to reach: x_cm, y_cm, radius_cm of the next cue; `limits_cm` the polygon of the
    participant's own limits of stability; `gait` what the walk of `result` looked like; `paretic` the side to name.
    """

    id: str
    title: str
    live: Literal["cop", "knee", "feet", "none"]
    task: str
    task_title: str
    instruction: str
    tasks: tuple[tuple[str, str], ...] = ()
    state: Literal["idle", "recording", "analysing"] = "idle"
    trial: int = 1
    trials: int = 1
    seconds: float = 0.0
    elapsed_s: float = 0.0
    left_s: float = 0.0
    cue: str = ""
    cues: tuple[str, ...] = ()
    target: tuple[float, float, float] | None = None
    limits_cm: tuple[tuple[float, float], ...] = ()
    target_left_pct: float | None = None
    sensors: tuple[SensorLine, ...] = ()
    done: tuple[TrialLine, ...] = ()
    imports: Imports | None = None
    result: Result | None = None
    gait: tuple[GaitSide, ...] = ()
    paretic: str = ""


class ParameterPanel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel of an assessment's first page, as label and value; empty for whoever must not know."""

    title: str
    rows: tuple[tuple[str, str], ...]
    note: str = ""


class Assess(msgspec.Struct, frozen=True, kw_only=True):
    """An assessment. Exactly one of `form` and `capture` is there while an instrument is open.

    `panels`: subject, electrical, magnetic and evaluation time. `result` is that of the instrument last finished.
    `further` are all that are not on the list; empty while an instrument is open.
    """

    point: str
    instruments: tuple[InstrumentLine, ...]
    panels: tuple[ParameterPanel, ...] = ()
    form: ScaleForm | None = None
    capture: Capture | None = None
    result: Result | None = None
    deviations: tuple[str, ...] = ()
    further: tuple[FurtherInstrument, ...] = ()


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The whole picture for one role. `n` is the last journal number it contains.

    `kind` is that of the open visit, empty without one; `points` are the assessments that the study plans.
    """

    n: int
    mono_ns: int
    utc: str
    software: str
    simulated: bool
    speed: float = 1.0
    user: str = ""
    controller: str = ""
    participant: str = ""
    study: str = ""
    visit: str = ""
    session: str = ""
    side: str = ""
    signed: bool = False
    closed: bool = False
    kind: VisitKind | Literal[""] = ""
    step: Step | None = None
    checklist: tuple[StepMark, ...] = ()
    hunt: Hunt | None = None
    run: Run | None = None
    current: Current | None = None
    robot: Robot | None = None
    assess: Assess | None = None
    points: tuple[str, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    silenced: int = 0
    prompt: Prompt | None = None
    interruption: Interruption | None = None
    devices: tuple[DeviceLine, ...] = ()
    watchers: tuple[Watcher, ...] = ()
    recording: str = ""
    disk_free_gb: float | None = None
    clock: str = ""
    unsent: int | None = None
    recent: tuple[Line, ...] = ()
