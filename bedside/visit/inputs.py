"""What the rules are told: the time, the person, and everything the station observed.

Commands of a person are in `bedside.commands`; those that carry a secret or need a file are resolved by the station
first and arrive here as `SignedInPerson`, `ConcernDecided`, `SignedByPerson`, `ParticipantFound`, `AssessmentFound`,
`ParticipantEnrolled` and `TableRead`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from bedside.commands import AnyCommand
from bedside.config import Participant
from bedside.events import Earlier, MuscleResponse, OpenEvent, RobotImported, TrialImported, Value
from hal.device import Reading

NS = 1_000_000_000
"""Nanoseconds in a second."""

CurrentAction = Literal["current_prepare", "current_start", "current_stop"]
BeltAction = Literal["belt_start", "belt_speed", "belt_stop"]
DeviceAction = Literal["amplitude", "arm", "pulse", "train", "off"] | CurrentAction | BeltAction


@dataclass(frozen=True, slots=True)
class Now:
    """The visit clock (ns, never steps) and the wall clock (ISO 8601, UTC)."""

    mono_ns: int
    utc: str


@dataclass(frozen=True, slots=True)
class Person:
    """A member of staff whose identity the station has checked."""

    user: str
    name: str
    profession: str


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A device's reading, as its driver published it."""

    device: str
    role: str
    reading: Reading


@dataclass(frozen=True, slots=True)
class ActionDone:
    """The station carried out an intended action and the device confirmed it; `pulse` tells which single pulse."""

    action: DeviceAction
    pulse: int | None = None


@dataclass(frozen=True, slots=True)
class ActionFailed:
    """An intended action was not carried out or not confirmed."""

    action: DeviceAction
    error: str
    remedy: str
    pulse: int | None = None


@dataclass(frozen=True, slots=True)
class EmgQuality:
    """The EMG at rest over the last 100 ms: RMS (uV) by channel, and the channels at the converter's rail.

    `for_meps` False: the amplifier is too slow, or has no trigger input, for evoked potentials.
    """

    rest_rms_uv: Mapping[str, float]
    saturated: tuple[str, ...] = ()
    for_meps: bool = True


@dataclass(frozen=True, slots=True)
class SweepMeasured:
    """The sweep after single pulse number `pulse`, measured."""

    pulse: int
    target: MuscleResponse
    others: tuple[MuscleResponse, ...] = ()
    time_zero: Literal["trigger", "artefact", "serial"] = "trigger"


@dataclass(frozen=True, slots=True)
class SweepMissing:
    """No sweep could be measured after single pulse number `pulse`."""

    pulse: int
    reason: str


@dataclass(frozen=True, slots=True)
class AnalysisDone:
    """The recording of a capture's trial, analysed: variables by key, or a `refusal` in words and no values.

    `method` names the analysis and its version, `report` is the whole result as JSON in the visit's folder, `sha256`
    the hash of its bytes; both are empty where the analysis left none.
    """

    instrument: str
    task: str
    trial: int
    method: str
    values: Mapping[str, float] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    refusal: str = ""
    report: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class TableRead:
    """`ImportTrial`, as far as the disk goes: the whole file was read by a mapping of this `kind`, its copy is durable.

    `found` is the trial that it would be, its `trial` the number its copy is named after; the rules add `settings`.
    `skip_s` is what the mapping says of the beginning, None where the task says it.
    """

    kind: Literal["gait", "balance"]
    found: TrialImported
    skip_s: float | None = None


@dataclass(frozen=True, slots=True)
class RobotTableRead:
    """`ImportRobot`, as far as the disk goes: `found` is the event that it would be, its copy lies with the `visit`."""

    visit: str
    found: RobotImported


@dataclass(frozen=True, slots=True)
class ControlLost:
    """No controlling client is present or alive."""

    reason: str


@dataclass(frozen=True, slots=True)
class ControlBack:
    """A controlling client is present and alive."""


@dataclass(frozen=True, slots=True)
class GuardSeen:
    """Whether the guard that switches stimulation off for a dead station is watching."""

    ok: bool
    text: str = ""


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """Free bytes where the visit is recorded."""

    free_bytes: int


@dataclass(frozen=True, slots=True)
class RecordTrouble:
    """The journal or the recorder cannot write; empty `text` means that it can again."""

    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Started:
    """The station started again and this state is the fold of the journal; `gap_s` is the time since the last event."""

    gap_s: float | None = None
    reason: str = "the station was restarted"


@dataclass(frozen=True, slots=True)
class History:
    """What earlier visits say of a participant. Ages and sums are as of today.

    `session` is the number of the visit to come, counted from 1; `fit` the last fitting's values by item;
    `pulses_*` delivered or possibly delivered treatment and single pulses. `visits_week` are treatments of the last
    seven days, `free_days` the whole days since the last one, None before there was one.
    """

    session: int = 1
    visits_today: int = 0
    visits_week: int = 0
    free_days: int | None = None
    pulses_today: int = 0
    pulses_week: int = 0
    pulses_course: int = 0
    hotspot_site: str | None = None
    rmt_pct_mso: float | None = None
    rmt_rule: str = ""
    rmt_age_days: float | None = None
    fit: Mapping[str, Value] = field(default_factory=dict)
    adverse: tuple[str, ...] = ()
    follow_up: tuple[OpenEvent, ...] = ()


@dataclass(frozen=True, slots=True)
class ParticipantFound:
    """`OpenVisit`, resolved: the record, the history, and that the second identifier matched."""

    record: Participant
    history: History
    second_identifier_ok: bool = True


@dataclass(frozen=True, slots=True)
class AssessmentFound:
    """`OpenAssessment`, resolved: the record, what earlier assessments found (oldest first), and what was asked.

    `first_session_day` and `last_session_day` are the days (ISO dates, UTC) of the first and the latest treatment, None
    before there was one; `history` counts treatment visits alone.
    """

    record: Participant
    history: History
    point: str
    earlier: tuple[Earlier, ...] = ()
    instruments: tuple[str, ...] = ()
    second_identifier_ok: bool = True
    first_session_day: str | None = None
    last_session_day: str | None = None


@dataclass(frozen=True, slots=True)
class ParticipantEnrolled:
    """`EnrolParticipant`, carried out: the record is durable on this box, without an allocation."""

    record: Participant


@dataclass(frozen=True, slots=True)
class SignedInPerson:
    """`SignIn`, with the secret checked."""

    person: Person


@dataclass(frozen=True, slots=True)
class ConcernDecided:
    """`DecideConcern`, with the physician's secret checked."""

    item: str
    allow: bool
    physician: Person
    reason: str


@dataclass(frozen=True, slots=True)
class SignedByPerson:
    """`Sign`, with the secret checked."""

    person: Person
    meaning: str


Observation = (
    Tick
    | Heard
    | ActionDone
    | ActionFailed
    | EmgQuality
    | SweepMeasured
    | SweepMissing
    | AnalysisDone
    | ControlLost
    | ControlBack
    | GuardSeen
    | DiskSpace
    | RecordTrouble
    | Started
)
Resolved = (
    ParticipantFound
    | AssessmentFound
    | ParticipantEnrolled
    | SignedInPerson
    | ConcernDecided
    | SignedByPerson
    | TableRead
    | RobotTableRead
)
Cause = Observation | Resolved | AnyCommand
