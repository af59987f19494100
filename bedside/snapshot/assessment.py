"""An assessment: its instruments, the open scale or capture, and what can be imported."""

from typing import Literal

import msgspec

from bedside.events import Value
from bedside.snapshot.results import GaitSide, Result


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
