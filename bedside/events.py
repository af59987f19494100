"""The vocabulary: everything that can have happened in a visit.

An event is frozen, typed and versioned by its tag; it is journalled before anybody acts on it or sees it. What was
asked (`...Intended`) and what was observed (`...Reported`, `...Confirmed`) are different facts. A class's
`visible_to` names the roles that may ever be told of it; the station applies it in one place.

Times are not fields of events: the `Envelope` that carries an event has them.
"""

from typing import ClassVar, Literal

import msgspec

Role = Literal["control", "observe", "assess", "admin"]
EVERYONE: frozenset[Role] = frozenset({"control", "observe", "assess", "admin"})
BEDSIDE: frozenset[Role] = frozenset({"control", "observe", "admin"})
UNBLINDED: frozenset[Role] = frozenset({"control", "admin"})

StepId = Literal[
    "checkin",
    "screening",
    "posture",
    "hotspot",
    "threshold",
    "dose",
    "fit",
    "coil",
    "treatment",
    "finish",
    "aftercare",
    "physio",
    "signoff",
]
Purpose = Literal["hotspot", "threshold", "treatment"]
Priority = Literal["high", "medium", "low"]
Value = bool | int | float | str | None


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="ev"):
    """Base of all events."""

    visible_to: ClassVar[frozenset[Role]] = BEDSIDE


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One journalled event: place in the journal, time, who caused it and through what.

    `mono_ns` is the station's visit clock (ns, never steps), `utc` the wall clock as ISO 8601, `who` a staff code, a
    device name or "rule", `via` a socket role, "device" or "station".
    """

    n: int
    mono_ns: int
    utc: str
    who: str
    via: str
    event: "AnyEvent"


# the station itself


class StationStarted(Event, frozen=True, kw_only=True, tag="station.started"):
    """The station runs; `gap_s` is the wall-clock time since the last journalled event, None when unknown."""

    visible_to = EVERYONE
    software: str
    config_hash: str
    simulated: bool
    speed: float = 1.0
    gap_s: float | None = None


class StationStopped(Event, frozen=True, kw_only=True, tag="station.stopped"):
    """The station ends on request."""

    visible_to = EVERYONE
    reason: str


class ClockStepped(Event, frozen=True, kw_only=True, tag="clock.stepped"):
    """The wall clock jumped against the monotonic clock by `step_ms`; durations are not affected."""

    visible_to = EVERYONE
    step_ms: float


class DeviceChanged(Event, frozen=True, kw_only=True, tag="device.changed"):
    """A device's link changed state; `error` and `remedy` are words for a person."""

    device: str
    role: str
    address: str
    state: str
    error: str = ""
    remedy: str = ""


class ClientJoined(Event, frozen=True, kw_only=True, tag="client.joined"):
    """Someone attached to the station."""

    client: str
    role: Role
    user: str
    controls: bool


class ClientLeft(Event, frozen=True, kw_only=True, tag="client.left"):
    """A client went, or was put out for the `reason`."""

    client: str
    reason: str


class ControlTaken(Event, frozen=True, kw_only=True, tag="client.control"):
    """The one controlling client is now this one."""

    client: str
    user: str


class SignedIn(Event, frozen=True, kw_only=True, tag="staff.signed_in"):
    """A person signed in at the kiosk; what follows is attributed to them."""

    user: str
    name: str
    profession: str


class CommandRefused(Event, frozen=True, kw_only=True, tag="command.refused"):
    """A command was not carried out."""

    command: str
    reason: str


# recording


class RecordingStarted(Event, frozen=True, kw_only=True, tag="raw.started"):
    """Samples are being written to `folder` (relative to the visit's folder)."""

    folder: str
    streams: tuple[str, ...]


class RawSealed(Event, frozen=True, kw_only=True, tag="raw.sealed"):
    """A closed segment of samples, bound into the journal's chain by its hash."""

    name: str
    size_bytes: int
    sha256: str
    first_mono_ns: int
    last_mono_ns: int
    samples: dict[str, int]


class RecordingStopped(Event, frozen=True, kw_only=True, tag="raw.stopped"):
    """Samples are no longer written."""

    reason: str


class RecordFault(Event, frozen=True, kw_only=True, tag="record.fault"):
    """Writing failed or samples were dropped on the way to the disk."""

    text: str
    remedy: str
    dropped: int = 0


# the visit


class VisitOpened(Event, frozen=True, kw_only=True, tag="visit.opened"):
    """A visit began for a participant (a study number, never a name)."""

    visible_to = EVERYONE
    visit: str
    participant: str
    study: str
    session: int
    sessions_planned: int
    simulated: bool


class ProfileShown(Event, frozen=True, kw_only=True, tag="visit.profile"):
    """How the coil is to be placed in this participant's arm; only unblinded roles are ever told.

    `arm` is that of the study's direct current, empty where it has none.
    """

    visible_to = UNBLINDED
    sham: bool
    tilt_to_scalp_deg: int
    arm: str = ""


class ParticipantRecalled(Event, frozen=True, kw_only=True, tag="visit.recalled"):
    """What the participant's record and earlier visits said when this visit opened; ages in days, pulses as counts.

    `pulses_*` include pulses that cannot be excluded; `fit` holds the last fitting's values by item.
    """

    lesion_hemisphere: Literal["left", "right"] | None
    paretic_side: Literal["left", "right"] | None
    preset: str
    side_override_by: str = ""
    pulses_today: int = 0
    pulses_week: int = 0
    pulses_course: int = 0
    hotspot_site: str | None = None
    rmt_pct_mso: float | None = None
    rmt_rule: str = ""
    rmt_age_days: float | None = None
    fit: dict[str, Value] = {}
    adverse: tuple[str, ...] = ()


class StepEntered(Event, frozen=True, kw_only=True, tag="step.entered"):
    """The visit stands at this step."""

    visible_to = EVERYONE
    step: StepId


class StepCompleted(Event, frozen=True, kw_only=True, tag="step.completed"):
    """A step ended; `summary` is what the checklist shows behind it."""

    step: StepId
    summary: str = ""


class StepReopened(Event, frozen=True, kw_only=True, tag="step.reopened"):
    """A completed step was opened again."""

    step: StepId
    reason: str


class Answered(Event, frozen=True, kw_only=True, tag="form.answered"):
    """One item of a step's form got a value; `by` says whether a person or a measurement gave it."""

    step: StepId
    item: str
    value: Value
    unit: str = ""
    by: Literal["person", "machine"] = "person"


class ConcernRaised(Event, frozen=True, kw_only=True, tag="screening.concern"):
    """An answer stops the visit, needs a physician, or is to be kept in mind."""

    item: str
    outcome: Literal["stop", "physician", "note"]
    text: str


class PhysicianDecided(Event, frozen=True, kw_only=True, tag="screening.decision"):
    """A physician, who is not the treating therapist, decided on a concern."""

    item: str
    allowed: bool
    physician: str
    reason: str


class NoteAdded(Event, frozen=True, kw_only=True, tag="visit.note"):
    """Free text by a person."""

    text: str


class VisitInterrupted(Event, frozen=True, kw_only=True, tag="visit.interrupted"):
    """The station ended in mid-visit (power, crash); `certain` and `uncertain` say what is known."""

    reason: str
    certain: str
    uncertain: str


class VisitResumed(Event, frozen=True, kw_only=True, tag="visit.resumed"):
    """A person confirmed going on with an interrupted visit."""


class VisitClosed(Event, frozen=True, kw_only=True, tag="visit.closed"):
    """The visit is over; its totals are those of the dose ledger."""

    visible_to = EVERYONE
    outcome: Literal["complete", "partial", "stopped"]
    reason: str


class Signed(Event, frozen=True, kw_only=True, tag="visit.signed"):
    """A person signed with their secret; `meaning` such as "delivered and recorded as described"."""

    user: str
    name: str
    meaning: str


# the stimulator


class AmplitudeIntended(Event, frozen=True, kw_only=True, tag="stim.amplitude.intended"):
    """About to set the amplitude, and whether a stimulus is one pulse or a burst (`inter_pulse_s` onset to onset)."""

    amplitude_pct_mso: int
    purpose: Purpose
    burst_pulses: int = 1
    inter_pulse_s: float = 0.0


class ArmIntended(Event, frozen=True, kw_only=True, tag="stim.arm.intended"):
    """About to enable the stimulator."""

    purpose: Purpose


class PulseIntended(Event, frozen=True, kw_only=True, tag="stim.pulse.intended"):
    """About to give one pulse; `pulse` counts the visit's intended single pulses from 1."""

    pulse: int
    purpose: Purpose
    amplitude_pct_mso: int
    site: str
    x_cm: float
    y_cm: float


class TrainIntended(Event, frozen=True, kw_only=True, tag="stim.train.intended"):
    """About to start a device-timed train of `pulses` x `trains` stimuli; `first_pulse` counts the course from 1.

    A stimulus is one pulse, or a burst of `burst_pulses` (`inter_pulse_s` onset to onset). `inter_train_s` runs from
    the last stimulus of a train to the first of the next; 0: at the same rate, without a gap.
    """

    amplitude_pct_mso: int
    rate_hz: float
    pulses: int
    trains: int
    first_pulse: int
    burst_pulses: int = 1
    inter_pulse_s: float = 0.0
    inter_train_s: float = 0.0


class TrainEnded(Event, frozen=True, kw_only=True, tag="stim.train.ended"):
    """A train ran to its end by the device's account; `lost` of its pulses were never reported and are not made up."""

    reported: int
    lost: int


class PacingSet(Event, frozen=True, kw_only=True, tag="stim.pacing"):
    """Single pulses follow each other by themselves, or no longer do."""

    automatic: bool
    reason: str = ""


class OffIntended(Event, frozen=True, kw_only=True, tag="stim.off.intended"):
    """Stimulation is to be off, for the `reason`; `keeps_current`: the pulses alone, as planned."""

    reason: str
    keeps_current: bool = False


class StimulatorSaid(Event, frozen=True, kw_only=True, tag="stim.said"):
    """The stimulator's own account changed. None: it does not tell."""

    enabled: bool | None
    amplitude_pct_mso: int | None
    train_running: bool | None
    temperature_c: float | None
    coil_type: int | None
    model: str = ""
    serial_number: int | None = None
    source: str = "device"


class StimulatorFailed(Event, frozen=True, kw_only=True, tag="stim.failed"):
    """An intended action was not carried out or not confirmed."""

    action: Literal["amplitude", "arm", "pulse", "train", "off"]
    error: str
    remedy: str


class OffConfirmed(Event, frozen=True, kw_only=True, tag="stim.off.confirmed"):
    """The stimulator reports that it is disabled."""


class PulseReported(Event, frozen=True, kw_only=True, tag="stim.pulse.reported"):
    """The stimulator reported a delivered pulse. `pulse` is the intended single pulse it answers, None in a train
    or when nobody of us asked for it; `course` the number in the treatment, counted from 1.
    """

    purpose: Purpose | None
    pulse: int | None = None
    course: int | None = None
    di_dt_a_us: int | None = None
    amplitude_pct_mso: int | None = None
    source: str = "device"


class CounterNoted(Event, frozen=True, kw_only=True, tag="stim.counter"):
    """The device's own running total at a moment when every reported pulse had been journalled."""

    total: int
    proven: bool
    serial_number: int | None = None


class PulsesReconciled(Event, frozen=True, kw_only=True, tag="stim.reconciled"):
    """Pulses that were given while nobody listened, settled from the device's own counter.

    `unasked` more were given than anybody here had asked for.
    """

    count: int
    purpose: Purpose
    evidence: str
    unasked: int = 0


class PulsesUncertain(Event, frozen=True, kw_only=True, tag="stim.uncertain"):
    """Between 0 and `at_most` more pulses may have been given, and nothing can settle it."""

    at_most: int
    purpose: Purpose
    reason: str


# hotspot and threshold


class CoilPlaced(Event, frozen=True, kw_only=True, tag="coil.placed"):
    """The therapist holds the coil over this site; cm from the vertex, x to the right, y to the front."""

    site: str
    x_cm: float
    y_cm: float


class MuscleResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One muscle's answer to one pulse: peak-to-peak (uV), onset (ms, None without one), rest RMS (uV)."""

    channel: str
    amplitude_uv: float
    latency_ms: float | None
    rest_rms_uv: float
    valid: bool
    reason: str


class ResponseMeasured(Event, frozen=True, kw_only=True, tag="mep.measured"):
    """What the EMG showed after a single pulse; the target muscle decides, the others are kept beside it."""

    pulse: int
    target: MuscleResponse
    others: tuple[MuscleResponse, ...] = ()
    time_zero: Literal["trigger", "artefact", "serial"] = "trigger"


class ResponseMissing(Event, frozen=True, kw_only=True, tag="mep.missing"):
    """A pulse was given and no sweep could be measured."""

    pulse: int
    reason: str


class PulseJudged(Event, frozen=True, kw_only=True, tag="mep.judged"):
    """A person accepted or rejected a pulse's response; it stays in the record either way."""

    pulse: int
    accepted: bool
    reason: str


class HotspotChosen(Event, frozen=True, kw_only=True, tag="hotspot.chosen"):
    """The site that all later pulses use."""

    site: str
    x_cm: float
    y_cm: float
    mean_uv: float
    reason: str


class HuntStarted(Event, frozen=True, kw_only=True, tag="threshold.started"):
    """A threshold hunt began (again) under this rule."""

    rule: str
    start_pct_mso: float
    reason: str = ""


class ThresholdFound(Event, frozen=True, kw_only=True, tag="threshold.found"):
    """The resting motor threshold with its 95 % interval, in %MSO; `rule` names how it was defined."""

    rmt_pct_mso: float
    low_pct_mso: float
    high_pct_mso: float
    trials: int
    rule: str
    muscle: str
    reason: str


# dose and treatment


class DosePlanned(Event, frozen=True, kw_only=True, tag="dose.planned"):
    """What is to be given; `intensity_pct_mso` is rounded down."""

    preset: str
    pulses: int
    rate_hz: float
    pct_rmt: int
    intensity_pct_mso: int
    last_pulse_s: float
    train_end_s: float
    period_s: float


class IntensityLowered(Event, frozen=True, kw_only=True, tag="dose.lowered"):
    """The therapist lowered the intensity; raising is not possible in a treatment."""

    from_pct_mso: int
    to_pct_mso: int
    reason: str


class RobotChanged(Event, frozen=True, kw_only=True, tag="robot.changed"):
    """The gait robot's state changed in a way that matters to the visit."""

    phase: str
    speed_kmh: float | None
    body_weight_support_kg: float | None
    assist_pct: float | None
    e_stop: bool | None
    steps: int | None
    source: str


class SwitchChanged(Event, frozen=True, kw_only=True, tag="switch.changed"):
    """An emergency-stop button or a foot switch changed; `active` None where its line cannot be read."""

    device: str
    use: str
    active: bool | None


class CurrentSaid(Event, frozen=True, kw_only=True, tag="current.said"):
    """The electrical stimulator's account, when its phase or fault changed; phase "unknown" while it is not heard.

    mA, kOhm, percent, C; None: not told. Whoever is blinded must not see it: a sham shows in it.
    """

    visible_to = UNBLINDED
    phase: Literal["idle", "prepared", "ramp_up", "plateau", "ramp_down", "triggers_only", "fault", "unknown"]
    measured_ma: float | None = None
    impedance_kohm: float | None = None
    battery_pct: float | None = None
    charge_c: float | None = None
    triggers: int | None = None
    elapsed_s: float | None = None
    fault: str = ""


class CurrentIntended(Event, frozen=True, kw_only=True, tag="current.intended"):
    """About to load the arm's direct current program into the device, to start it, or to have it ramp down.

    mA, s, ms. `shown_s` is how long a blinded person sees it run; `plateau_s` and `sham` tell the arm.
    """

    visible_to = UNBLINDED
    action: Literal["prepare", "start", "stop"]
    preset: str = ""
    sham: bool = False
    current_ma: float = 0.0
    plateau_s: float = 0.0
    ramp_s: float = 0.0
    trigger_bursts: int = 0
    burst_pulses: int = 3
    inter_pulse_ms: int = 20
    inter_burst_ms: int = 200
    bursts_per_train: int = 10
    train_period_ms: int = 10_000
    shown_s: float = 0.0
    reason: str = ""


class CurrentStarted(Event, frozen=True, kw_only=True, tag="current.started"):
    """The electrical stimulator reports the program that was started; nothing in it tells the arm."""


class CurrentFailed(Event, frozen=True, kw_only=True, tag="current.failed"):
    """An intended action of the electrical stimulator was not carried out or not confirmed."""

    visible_to = UNBLINDED
    action: Literal["prepare", "start", "stop"]
    error: str
    remedy: str


class CurrentEnded(Event, frozen=True, kw_only=True, tag="current.ended"):
    """No current flows any more, by the device's account. C, mA, kOhm; charges are what the device measured.

    `planned_c` includes both ramps. `unplaced_c` flowed while nobody listened. `charge_told` False: the device tells
    no charge, and the zeros mean nothing. `cause` "short": it ended early and nobody knows why.
    """

    visible_to = UNBLINDED
    cause: Literal["complete", "stopped", "fault", "short"]
    reason: str
    planned_c: float
    given_c: float
    plateau_c: float
    ramps_c: float
    unplaced_c: float = 0.0
    charge_told: bool = True
    highest_ma: float = 0.0
    lowest_kohm: float | None = None
    highest_kohm: float | None = None
    triggers: int = 0


class StimulationStarted(Event, frozen=True, kw_only=True, tag="run.started"):
    """The treatment's first train is reported running, or its first pulse was."""


class StimulationPaused(Event, frozen=True, kw_only=True, tag="run.paused"):
    """Pulses stopped and may go on; `cause` names the rule, `reason` says it in words."""

    cause: str
    reason: str


class StimulationResumed(Event, frozen=True, kw_only=True, tag="run.resumed"):
    """The therapist lets the pulses go on; `remaining` are still planned."""

    remaining: int


class StimulationEnded(Event, frozen=True, kw_only=True, tag="run.ended"):
    """No more pulses in this visit. `delivered` were reported; up to `uncertain` more cannot be excluded."""

    cause: Literal["complete", "aborted", "pause_too_long", "fault", "interrupted"]
    reason: str
    planned: int
    delivered: int
    uncertain: int = 0


class ContactPrompted(Event, frozen=True, kw_only=True, tag="contact.prompted"):
    """The therapist is asked to confirm the coil's contact."""


class ContactConfirmed(Event, frozen=True, kw_only=True, tag="contact.confirmed"):
    """The therapist confirmed the coil's contact."""


class OperatorConfirmed(Event, frozen=True, kw_only=True, tag="operator.confirmed"):
    """A person did by hand what a prompt asked for and typed what the device shows."""

    prompt: str
    value: Value = None


# alarms and adverse events


class AlarmRaised(Event, frozen=True, kw_only=True, tag="alarm.raised"):
    """An alarm's condition began to hold."""

    alarm: str
    priority: Priority
    text: str
    remedy: str


class AlarmCleared(Event, frozen=True, kw_only=True, tag="alarm.cleared"):
    """An alarm's condition no longer holds."""

    alarm: str


class AlarmSilenced(Event, frozen=True, kw_only=True, tag="alarm.silenced"):
    """Sound off for this occurrence for `seconds`; the light stays."""

    alarm: str
    seconds: int


class AdverseEventRecorded(Event, frozen=True, kw_only=True, tag="adverse.recorded"):
    """Something untoward, or the statement that nothing was (`category` "none")."""

    category: str
    severity: Literal["none", "mild", "moderate", "severe"]
    related: Literal["no", "possible", "probable", "unknown"]
    action: str
    text: str = ""


AnyEvent = (
    StationStarted
    | StationStopped
    | ClockStepped
    | DeviceChanged
    | ClientJoined
    | ClientLeft
    | ControlTaken
    | SignedIn
    | CommandRefused
    | RecordingStarted
    | RawSealed
    | RecordingStopped
    | RecordFault
    | VisitOpened
    | ProfileShown
    | ParticipantRecalled
    | StepEntered
    | StepCompleted
    | StepReopened
    | Answered
    | ConcernRaised
    | PhysicianDecided
    | NoteAdded
    | VisitInterrupted
    | VisitResumed
    | VisitClosed
    | Signed
    | AmplitudeIntended
    | ArmIntended
    | PulseIntended
    | TrainIntended
    | TrainEnded
    | PacingSet
    | OffIntended
    | StimulatorSaid
    | StimulatorFailed
    | OffConfirmed
    | PulseReported
    | CounterNoted
    | PulsesReconciled
    | PulsesUncertain
    | CoilPlaced
    | ResponseMeasured
    | ResponseMissing
    | PulseJudged
    | HotspotChosen
    | HuntStarted
    | ThresholdFound
    | DosePlanned
    | IntensityLowered
    | RobotChanged
    | SwitchChanged
    | CurrentSaid
    | CurrentIntended
    | CurrentStarted
    | CurrentFailed
    | CurrentEnded
    | StimulationStarted
    | StimulationPaused
    | StimulationResumed
    | StimulationEnded
    | ContactPrompted
    | ContactConfirmed
    | OperatorConfirmed
    | AlarmRaised
    | AlarmCleared
    | AlarmSilenced
    | AdverseEventRecorded
)


def tag_of(event: Event) -> str:
    """The event's journal tag, such as "stim.pulse.reported"."""
    return str(event.__struct_config__.tag)
