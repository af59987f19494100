"""Assessments: what was planned, scored, captured and found.

A blinded assessor may see all of it but what evoked potentials found: that tells intensities.
"""

from typing import Literal, Self

import msgspec

from bedside.events.base import BEDSIDE, EVERYONE, Event, Role, Value
from bedside.events.tables import TableKept

POTENTIALS = "mep"
"""The instrument whose outcome tells intensities."""

Missing = Literal["", "not_done", "refused", "unsafe", "not_applicable"]
"""Why an item or a whole instrument has no value; empty: it has one."""


class Earlier(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument's outcome at an earlier assessment; `values` are its variables and sub-scores by key.

    `conditions` are answers that have to be the same for two forms to be compared, such as the walking aid, by code.
    """

    instrument: str
    point: str
    utc: str
    examiner: str
    total: float | None = None
    values: dict[str, float] = msgspec.field(default_factory=dict)
    version: str = ""
    conditions: dict[str, Value] = msgspec.field(default_factory=dict)


class AssessmentPlanned(Event, frozen=True, kw_only=True, tag="assess.planned"):
    """What is assessed at this `point` of the study; `due` are the first and the last day it was due (ISO dates).

    Where a person chose the `instruments`: those that the study does not plan there are `beyond`, those that it does
    and that were not chosen are `left_out`.
    """

    visible_to = EVERYONE
    point: str
    instruments: tuple[str, ...]
    blinded: bool
    due: tuple[str, str] | None = None
    beyond: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


class AssessmentRecalled(Event, frozen=True, kw_only=True, tag="assess.recalled"):
    """What earlier assessments of this participant found, oldest first, when this one opened."""

    visible_to = EVERYONE
    earlier: tuple[Earlier, ...]

    def told(self, role: Role) -> Self:
        """Without the evoked potentials for an assessor."""
        if role in BEDSIDE:
            return self
        return msgspec.structs.replace(self, earlier=tuple(x for x in self.earlier if x.instrument != POTENTIALS))


class DeviationNoted(Event, frozen=True, kw_only=True, tag="assess.deviation"):
    """The assessment departs from the study's plan: out of its window, or by another examiner."""

    visible_to = EVERYONE
    text: str


class InstrumentOpened(Event, frozen=True, kw_only=True, tag="assess.opened"):
    """An instrument is worked on; `digest` and `overlay` are the SHA-256 of its file and of the site's wording.

    One `beyond` the plan is not among those that the study wants at this point.
    """

    visible_to = EVERYONE
    instrument: str
    version: str
    digest: str
    overlay: str = ""
    beyond: bool = False


class ItemScored(Event, frozen=True, kw_only=True, tag="assess.scored"):
    """One item of a scale got a value, or a reason for having none; a later one replaces it.

    `side` is the leg it concerns, always left or right, never "paretic"; empty for none.
    """

    visible_to = EVERYONE
    instrument: str
    code: str
    value: Value
    missing: Missing = ""
    flag: str = ""
    by: Literal["person", "rule"] = "person"
    side: Literal["", "left", "right"] = ""


class InstrumentClosed(Event, frozen=True, kw_only=True, tag="assess.closed"):
    """An instrument is finished. `total` None: it has none, or items are missing. `values`: variables by key.

    `point`-to-point comparisons use these; a total is worked out, never typed.
    """

    visible_to = EVERYONE
    instrument: str
    outcome: Literal["complete", "partial", "not_done"]
    reason: str
    total: float | None
    values: dict[str, float]
    examiner: str
    version: str = ""
    conditions: dict[str, Value] = msgspec.field(default_factory=dict)

    def told(self, role: Role) -> Self | None:
        """Nothing of the evoked potentials for an assessor."""
        return self if role in BEDSIDE or self.instrument != POTENTIALS else None


class InstrumentReopened(Event, frozen=True, kw_only=True, tag="assess.reopened"):
    """A finished instrument was opened again; what was entered stays in the record."""

    visible_to = EVERYONE
    instrument: str
    reason: str


class CaptureStarted(Event, frozen=True, kw_only=True, tag="capture.started"):
    """Samples of a trial are recorded from now on, for `seconds` or until somebody stops; trials count from 1.

    `settings` are what the analysis needs to know, such as a target's place.
    """

    visible_to = EVERYONE
    instrument: str
    task: str
    trial: int
    seconds: float
    settings: dict[str, Value] = msgspec.field(default_factory=dict)


class CueGiven(Event, frozen=True, kw_only=True, tag="capture.cue"):
    """The participant was given a cue in a running trial, such as "left 70 %" or "push"."""

    visible_to = EVERYONE
    cue: str


class CaptureStopped(Event, frozen=True, kw_only=True, tag="capture.stopped"):
    """The trial's recording ended after `seconds`; a part is kept."""

    visible_to = EVERYONE
    instrument: str
    task: str
    trial: int
    cause: Literal["time", "person", "fault", "interrupted"]
    seconds: float
    reason: str = ""


class TrialImported(TableKept, frozen=True, kw_only=True, tag="capture.imported"):
    """Another program's table is a trial: nothing was recorded here, `seconds` are what its samples span (0: results).

    The first `skip_s` do not count.
    """

    visible_to = EVERYONE
    instrument: str
    task: str
    trial: int
    seconds: float
    settings: dict[str, Value]
    holds: Literal["samples", "results"]
    skip_s: float = 0.0


class CaptureAnalysed(Event, frozen=True, kw_only=True, tag="capture.analysed"):
    """What the analysis of a trial's recording found: variables by key, or why there are none.

    `report` is the whole result as JSON in the visit's folder, `sha256` its hash.
    """

    visible_to = EVERYONE
    instrument: str
    task: str
    trial: int
    method: str
    values: dict[str, float]
    flags: tuple[str, ...] = ()
    refusal: str = ""
    report: str = ""
    sha256: str = ""


class TrialJudged(Event, frozen=True, kw_only=True, tag="capture.judged"):
    """A person accepted or rejected a trial; it stays in the record either way."""

    visible_to = EVERYONE
    instrument: str
    task: str
    trial: int
    accepted: bool
    reason: str


class DeviceCalibrated(Event, frozen=True, kw_only=True, tag="device.calibrated"):
    """A sensor was zeroed or calibrated; `residual` in `unit` says how well, `until` (ISO) how long it holds."""

    visible_to = EVERYONE
    device: str
    what: Literal["zero", "mounting", "magnetometer", "synchrony"]
    residual: float | None
    unit: str
    until: str = ""
    note: str = ""
