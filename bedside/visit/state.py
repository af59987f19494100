"""A visit's state: what its events say, and beside it the live part that is never journalled.

Everything but `Visit.live` is the fold of the journal, exactly. Times are visit time (ns).
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from bedside.assess.state import Assessment
from bedside.events import (
    AdverseEventDescribed,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    BeltOrder,
    CoilPlaced,
    CurrentEnded,
    CurrentIntended,
    CurrentSaid,
    DosePlanned,
    HotspotChosen,
    HuntStarted,
    MuscleResponse,
    ParticipantRecalled,
    Priority,
    ProfileShown,
    Purpose,
    RobotChanged,
    RobotImported,
    Signed,
    StepId,
    StimulationEnded,
    StimulatorSaid,
    SwitchChanged,
    ThresholdFound,
    Value,
    VisitClosed,
    VisitInterrupted,
    VisitOpened,
)
from bedside.visit.current import CurrentLedger
from bedside.visit.inputs import EmgQuality, Person
from bedside.visit.ledger import Ledger
from bedside.visit.setup import Setup
from bedside.visit.support import START, Settling
from bedside.visit.timing import Pattern
from hal.device import Health
from hal.roles import ContactState, CurrentStatus, OperatorPrompt, PulseCounter, RobotState, StimulatorStatus

Stage = Literal["amplitude", "arm", "train"]
NO_TIME = -(1 << 62)
EMPTY_LEDGER = Ledger()


class Given(msgspec.Struct, frozen=True):
    """An answer: its value, who gave it."""

    value: Value
    unit: str
    by: str
    who: str


class Done(msgspec.Struct, frozen=True):
    """A completed step."""

    summary: str
    who: str
    utc: str


class Doubt(msgspec.Struct, frozen=True):
    """A screening concern and, once given, a physician's decision on it."""

    outcome: Literal["stop", "physician", "note"]
    text: str
    allowed: bool | None = None
    physician: str = ""
    reason: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it holds up the visit."""
        return self.outcome == "stop" or (self.outcome == "physician" and self.allowed is not True)


class Single(msgspec.Struct, frozen=True):
    """One single pulse from the intent to the person's verdict; amplitudes in %MSO."""

    pulse: int
    purpose: Purpose
    amplitude_pct_mso: int
    site: str
    x_cm: float
    y_cm: float
    asked_ns: int
    reported: bool = False
    failed: str = ""
    response: MuscleResponse | None = None
    others: tuple[MuscleResponse, ...] = ()
    missing: str = ""
    rejected: str = ""

    @property
    def open(self) -> bool:
        """Asked for, and its outcome not known."""
        return not self.reported and not self.failed

    @property
    def awaits_sweep(self) -> bool:
        """Reported, and nothing heard of its sweep."""
        return self.reported and self.response is None and not self.missing

    @property
    def counts(self) -> bool:
        """Whether its response may be used: measured, valid, not rejected."""
        return self.response is not None and self.response.valid and not self.rejected


class Chain(msgspec.Struct, frozen=True):
    """An intended action that the station is carrying out on the way to a pulse or a train."""

    purpose: Purpose
    stage: Stage
    since_ns: int


class TrainRun(msgspec.Struct, frozen=True):
    """A train that was asked for and has not ended; `reported` of its single `pulses` were.

    `rate_hz` is that of its stimuli. `missed` are those that the times between reports leave room for. `pattern` is
    None for an even train. `triggered` by another device, which says that it began at `running_ns`. `off_ns` is when it
    was first ordered off.
    """

    pulses: int
    rate_hz: float
    asked_ns: int
    reported: int = 0
    first_ns: int = NO_TIME
    last_ns: int = NO_TIME
    missed: int = 0
    pattern: Pattern | None = None
    triggered: bool = False
    running_ns: int = NO_TIME
    off_ns: int | None = None

    @property
    def length_s(self) -> float:
        """From the first pulse to one interval behind the last stimulus."""
        return self.pulses / self.rate_hz if self.pattern is None else self.pattern.length_s

    @property
    def burst_pulses(self) -> int:
        """Pulses of a stimulus."""
        return 1 if self.pattern is None else self.pattern.burst_pulses

    def due_by(self, seconds: float) -> int:
        """Single pulses that are due `seconds` after the first."""
        if self.pattern is None:
            return min(self.pulses, int(seconds * self.rate_hz) + 1)
        return self.pattern.due_by(seconds)

    def next_s(self, seconds: float) -> float:
        """When, after the first pulse, the stimulus after the one at `seconds` begins; they may be late by half."""
        if self.pattern is None:
            return seconds + 1.0 / self.rate_hz
        return self.pattern.onset_s(self.pattern.begun_by(seconds + 0.5 / self.rate_hz))

    @property
    def stimuli(self) -> int:
        """Pulses or bursts in all its trains."""
        return self.pulses // self.burst_pulses

    def unreported_bursts(self, late_s: float) -> int | None:
        """Bursts that may have begun unreported; None where reports come pulse by pulse, as their number shows.

        To a stimulator that is triggered each pulse is one by itself.
        """
        if self.burst_pulses == 1 or self.pattern is None or self.triggered:
            return None
        if not self.reported:
            return self.stimuli
        begun = self.pattern.begun_by((self.last_ns - self.first_ns) / 1e9 + late_s)
        return begun - self.reported if begun >= self.reported else None


class Pause(msgspec.Struct, frozen=True):
    """Why and since when the treatment stands still."""

    cause: str
    reason: str
    since_ns: int


class Course(msgspec.Struct, frozen=True):
    """The treatment: `begun` from the person's start, `started_ns` from the first pulse."""

    begun: bool = False
    started_ns: int | None = None
    train: TrainRun | None = None
    pause: Pause | None = None
    ended: StimulationEnded | None = None
    start_c: float | None = None
    active_ns: int = 0
    active_since_ns: int | None = None
    last_pulse_ns: int = NO_TIME
    contact_ns: int = NO_TIME
    prompted_ns: int | None = None

    @property
    def running(self) -> bool:
        """Begun, not paused, not ended."""
        return self.begun and self.pause is None and self.ended is None


class Baseline(msgspec.Struct, frozen=True):
    """The device's total when every reported pulse was journalled, and the pulses reported since."""

    total: int
    proven: bool
    serial_number: int | None
    since: int
    noted_ns: int


class Unsettled(msgspec.Struct, frozen=True):
    """Up to `at_most` pulses may have been given unheard since `heard_ns`; the device's counter may settle it yet.

    `lost` of them are in the ledger as lost: a finished train's pulses that were not reported. `missed` of them may lie
    before `heard_ns`. In bursts of `burst_pulses`, a counter that moved by no more than `slack` beyond the reports may
    count bursts and so settles nothing; None: it settles whatever it shows.
    """

    at_most: int
    purpose: Purpose
    reason: str
    since_ns: int
    heard_ns: int
    rate_hz: float
    lost: int = 0
    missed: int = 0
    burst_pulses: int = 1
    slack: int | None = None


class Raised(msgspec.Struct, frozen=True):
    """An alarm whose condition holds."""

    priority: Priority
    text: str
    remedy: str
    since_ns: int
    silent_until_ns: int = NO_TIME


class DeviceHealth(msgspec.Struct, frozen=True):
    """A device's last known link state; `since_ns`: since when it works, or since when it does not."""

    role: str
    health: Health
    since_ns: int


class CurrentTold(msgspec.Struct, frozen=True):
    """The electrical stimulator's last account; `doubtful`: it ran when it was last heard, and is heard no more.

    A sham whose current has ended while its time is still shown is in the same doubt: nobody hears the device, and
    nothing else may tell the two apart. `stopped_ns`: when everything was last told to stop.
    """

    said: CurrentSaid
    doubtful: bool = False
    runs_since_ns: int | None = None
    stopped_ns: int | None = None


class CurrentRun(msgspec.Struct, frozen=True):
    """One direct current program: prepared, asked to start, reported running, stopped, ended; s and ns.

    `stopped_s` after its start it was told to stop, in a sham also after its current had ended: as a blinded person
    sees it. `unsure`: nobody can say how long it ran before that, so that `stopped_s` is no time.
    """

    intended: CurrentIntended
    ledger: CurrentLedger
    asked_ns: int | None = None
    started_ns: int | None = None
    stopped_s: float | None = None
    unsure: bool = False
    stop_reason: str = ""
    failed: str = ""
    ended: CurrentEnded | None = None

    def shown_at(self, mono_ns: int) -> bool:
        """Whether it is shown as running at `mono_ns`, be it a sham whose current has ended."""
        if self.started_ns is None or self.stopped_s is not None:
            return False
        return 0 <= mono_ns - self.started_ns < round(self.intended.shown_s * 1e9)


class Belt(msgspec.Struct, frozen=True):
    """A treadmill's belt as it is commanded from here; times in ns.

    `doing` is the order under way, `asked_kmh` the speed asked last. `held`: it runs as asked and nobody took it over.
    `ours`: it was started here and the machine has not said since that it stands. `stop_failed`: why a stop is not
    confirmed, `failed`: what became of the last order where it was not carried out; "" for none.
    """

    doing: BeltOrder | None = None
    asked_kmh: float | None = None
    held: bool = False
    ours: bool = False
    stop_failed: str = ""
    failed: str = ""
    since_ns: int = NO_TIME


class Gap(msgspec.Struct, frozen=True):
    """So many triggers were sent, or pulses counted, since when the other number has not come near."""

    of: Literal["triggers", "pulses"]
    value: int
    since_ns: int


class Live(msgspec.Struct, frozen=True):
    """What is true only now and is heard anew after a restart.

    `train_running_ns`: when the stimulator, or its operator, said that the train asked for runs; `ran_ns`: when it last
    said that one runs; `still_ns`: since when it says that none does; `start_asked_ns`: when its operator was last
    asked to start one.
    """

    now_ns: int = 0
    status: StimulatorStatus | None = None
    status_ns: int = NO_TIME
    counter: PulseCounter | None = None
    counter_ns: int = NO_TIME
    robot: RobotState | None = None
    robot_ns: int = NO_TIME
    support: Settling = START
    prompt: OperatorPrompt | None = None
    current: CurrentStatus | None = None
    current_ns: int = NO_TIME
    emg: EmgQuality | None = None
    emg_ns: int = NO_TIME
    devices: Mapping[str, DeviceHealth] = msgspec.field(default_factory=dict)
    switches: Mapping[str, ContactState] = msgspec.field(default_factory=dict)
    control: bool = False
    control_text: str = "nobody controls the station"
    guard_ok: bool = False
    guard_text: str = "no word from the guard"
    disk_free_bytes: int | None = None
    trouble: str = ""
    train_running_ns: int = NO_TIME
    start_asked_ns: int = NO_TIME
    ran_ns: int = NO_TIME
    gap: Gap | None = None
    still_ns: int = NO_TIME
    conditions: Mapping[str, tuple[bool, int]] = msgspec.field(default_factory=dict)


class Visit(msgspec.Struct, frozen=True):
    """One visit of one participant, or the wait for one."""

    setup: Setup
    live: Live = Live()
    n: int = 0
    last_ns: int = NO_TIME
    # people and the visit
    person: Person | None = None
    opened: VisitOpened | None = None
    opened_utc: str = ""
    recalled: ParticipantRecalled | None = None
    profile: ProfileShown | None = None
    step: StepId | None = None
    done: Mapping[StepId, Done] = msgspec.field(default_factory=dict)
    answers: Mapping[str, Given] = msgspec.field(default_factory=dict)
    doubts: Mapping[str, Doubt] = msgspec.field(default_factory=dict)
    adverse: tuple[AdverseEventRecorded, ...] = ()
    described: Mapping[str, AdverseEventDescribed] = msgspec.field(default_factory=dict)
    followed: tuple[AdverseEventFollowedUp, ...] = ()
    notes: tuple[str, ...] = ()
    interrupted: VisitInterrupted | None = None
    signed: Signed | None = None
    closed: VisitClosed | None = None
    # the stimulator
    asked_pct_mso: int | None = None
    asked_ns: int = NO_TIME
    chain: Chain | None = None
    armed: bool = False
    off_since_ns: int | None = None
    off_reason: str = ""
    off_ns: int | None = None
    off_confirmed: bool = True
    off_failed: str = ""
    said: StimulatorSaid | None = None
    di_dt_a_us: int | None = None
    baseline: Baseline | None = None
    unsettled: Unsettled | None = None
    # hotspot, threshold, treatment
    singles: tuple[Single, ...] = ()
    pacing: bool = False
    placed: CoilPlaced | None = None
    hotspot: HotspotChosen | None = None
    hunt: HuntStarted | None = None
    hunt_from: int = 0
    threshold: ThresholdFound | None = None
    dose: DosePlanned | None = None
    intensity_pct_mso: int | None = None
    course: Course = Course()
    ledger: Ledger = EMPTY_LEDGER
    robot: RobotChanged | None = None
    robot_tables: tuple[RobotImported, ...] = ()
    switches: Mapping[str, SwitchChanged] = msgspec.field(default_factory=dict)
    belt: Belt = Belt()
    current: CurrentTold | None = None
    currents: tuple[CurrentRun, ...] = ()
    robot_since_ns: int = NO_TIME
    robot_told_ns: int = NO_TIME
    robot_told_utc: str = ""
    steady_kmh: float | None = None
    walked_ns: int = 0
    walk_since_ns: int | None = None
    alarms: Mapping[str, Raised] = msgspec.field(default_factory=dict)
    assessment: Assessment | None = None

    @classmethod
    def start(cls, setup: Setup) -> "Visit":
        """Before anything happened."""
        return cls(setup=setup)

    @property
    def going_on(self) -> bool:
        """A visit is open and not closed."""
        return self.opened is not None and self.closed is None

    @property
    def assesses(self) -> bool:
        """The visit is an assessment: nothing is treated in it."""
        return self.opened is not None and self.opened.kind == "assessment"

    @property
    def busy(self) -> bool:
        """An intended action is under way; a train is until it is reported running."""
        chain = self.chain
        if chain is None:
            return False
        return chain.stage != "train" or self.train_running_ns < chain.since_ns

    @property
    def train_running_ns(self) -> int:
        """When whatever times the present train said that it runs; `NO_TIME` before it did."""
        train = self.course.train
        return train.running_ns if train is not None and train.triggered else self.live.train_running_ns

    @property
    def pending(self) -> Single | None:
        """The single pulse whose outcome is not known yet."""
        return self.singles[-1] if self.singles and self.singles[-1].open else None

    def answer(self, step: StepId, item: str) -> Value:
        """The value given to an item, None without one."""
        given = self.answers.get(f"{step}.{item}")
        return given.value if given is not None else None
