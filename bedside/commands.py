"""What a person can ask of the station, as typed messages. Secrets in them never reach the journal."""

from typing import Literal

import msgspec

from bedside.events import Missing, StepId, Value


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="cmd", forbid_unknown_fields=True):
    """Base of all commands."""


class Stop(Command, frozen=True, kw_only=True, tag="stop"):
    """Stimulation off, now, whatever the state. Anybody who can connect may send it."""

    reason: str = "STOP key"


class TakeControl(Command, frozen=True, kw_only=True, tag="control.take"):
    """Become the one controlling client."""


class SignIn(Command, frozen=True, kw_only=True, tag="staff.sign_in"):
    """Say who stands at the kiosk."""

    user: str
    pin: str


class OpenVisit(Command, frozen=True, kw_only=True, tag="visit.open"):
    """Begin the next visit of a participant; `second_identifier` confirms that it is the right one."""

    participant: str
    second_identifier: str


class ConfirmResume(Command, frozen=True, kw_only=True, tag="visit.resume"):
    """Go on with an interrupted visit."""


class Answer(Command, frozen=True, kw_only=True, tag="form.answer"):
    """Give one item of the present step's form a value."""

    step: StepId
    item: str
    value: Value


class NextStep(Command, frozen=True, kw_only=True, tag="step.next"):
    """Complete the present step and go to the next."""


class PreviousStep(Command, frozen=True, kw_only=True, tag="step.back"):
    """Open the step before again."""


class DecideConcern(Command, frozen=True, kw_only=True, tag="screening.decide"):
    """A physician's decision on a screening concern."""

    item: str
    allow: bool
    physician: str
    pin: str
    reason: str


class AddNote(Command, frozen=True, kw_only=True, tag="visit.note"):
    """Keep a remark with the visit."""

    text: str


class PlaceCoil(Command, frozen=True, kw_only=True, tag="coil.place"):
    """The coil is held over this site of the grid."""

    site: str


class Fire(Command, frozen=True, kw_only=True, tag="pulse.fire"):
    """Give one single pulse at the proposed intensity."""


class SetPacing(Command, frozen=True, kw_only=True, tag="pulse.pacing"):
    """Give single pulses by themselves at the rule's interval until the site or the hunt is done."""

    automatic: bool


class JudgePulse(Command, frozen=True, kw_only=True, tag="pulse.judge"):
    """Accept or reject one pulse's response."""

    pulse: int
    accept: bool
    reason: str


class ChooseHotspot(Command, frozen=True, kw_only=True, tag="hotspot.choose"):
    """Take a site as the hotspot; None takes the proposed one."""

    site: str | None = None


class RestartHunt(Command, frozen=True, kw_only=True, tag="threshold.restart"):
    """Begin the threshold hunt again under a rule of the study; earlier pulses stay in the record."""

    rule: str
    reason: str


class AcceptThreshold(Command, frozen=True, kw_only=True, tag="threshold.accept"):
    """Take the present estimate as this visit's threshold."""


class StartStimulation(Command, frozen=True, kw_only=True, tag="run.start"):
    """Start the treatment's pulses."""


class PauseStimulation(Command, frozen=True, kw_only=True, tag="run.pause"):
    """Stop the pulses; they may go on within the pause limit."""

    reason: str


class ResumeStimulation(Command, frozen=True, kw_only=True, tag="run.resume"):
    """Go on with the pulses that remain."""


class EndStimulation(Command, frozen=True, kw_only=True, tag="run.end"):
    """Give no more pulses in this visit."""

    reason: str


class LowerIntensity(Command, frozen=True, kw_only=True, tag="run.lower"):
    """Lower the treatment's intensity (%MSO)."""

    to_pct_mso: int
    reason: str


class PrepareCurrent(Command, frozen=True, kw_only=True, tag="current.prepare"):
    """Load the direct current program of the participant's arm; nobody chooses one."""


class StartCurrent(Command, frozen=True, kw_only=True, tag="current.start"):
    """Start the prepared direct current program."""


class StopCurrent(Command, frozen=True, kw_only=True, tag="current.stop"):
    """Ramp the direct current down; the pulses are not touched."""

    reason: str = "ended by hand"


class ConfirmContact(Command, frozen=True, kw_only=True, tag="contact.confirm"):
    """The coil still touches its mark."""


class ReportRobot(Command, frozen=True, kw_only=True, tag="robot.report"):
    """What the robot's own screen shows, where no wire tells it."""

    phase: Literal["off", "fitting", "stand", "walk", "stopping", "fault"]
    speed_kmh: float | None = None
    body_weight_support_kg: float | None = None
    assist_pct: float | None = None
    steps: int | None = None


class StartBelt(Command, frozen=True, kw_only=True, tag="belt.start"):
    """Start the belt of a treadmill that this box commands; `attended`: somebody stands at its own stop button."""

    attended: bool


class SetBeltSpeed(Command, frozen=True, kw_only=True, tag="belt.speed"):
    """Have the running belt go to a speed that is one step faster or slower."""

    speed_kmh: float


class StopBelt(Command, frozen=True, kw_only=True, tag="belt.stop"):
    """Stop the belt by the machine's own ramp, whatever the state; pulses stop first. No emergency stop."""


class ImportRobot(Command, frozen=True, kw_only=True, tag="robot.import"):
    """Keep a `file` of the import folder, the robot's own table, with the open `visit`, read by a `mapping` (its id).

    Its times are the robot's time of day, or count (s) from `began` by the robot's clock (ISO 8601, the box's zone
    where it names none). `clock_ahead_s`: how far that clock is ahead of this box's.
    """

    visit: str
    file: str
    mapping: str
    began: str = ""
    clock_ahead_s: float = 0.0


class ConfirmPrompt(Command, frozen=True, kw_only=True, tag="operator.confirm"):
    """A person did what a manual device's prompt asked; `value` is what the device shows."""

    prompt: str
    value: int | None = None


class SilenceAlarm(Command, frozen=True, kw_only=True, tag="alarm.silence"):
    """Pause the sound of one alarm's present occurrence."""

    alarm: str


class ReportAdverseEvent(Command, frozen=True, kw_only=True, tag="adverse.report"):
    """Record an adverse event, at any step."""

    category: str
    severity: Literal["none", "mild", "moderate", "severe"]
    related: Literal["no", "possible", "probable", "unknown"]
    action: str
    text: str = ""


class OpenAssessment(Command, frozen=True, kw_only=True, tag="assess.open"):
    """Begin an assessment of a participant at a `point` of the study; no `instruments`: those the study plans there."""

    participant: str
    second_identifier: str
    point: str
    instruments: tuple[str, ...] = ()


class EnrolParticipant(Command, frozen=True, kw_only=True, tag="participant.enrol"):
    """Enter the record of a participant seen for the first time; the allocation is never typed here."""

    participant: str
    second_identifier: str
    lesion_hemisphere: Literal["left", "right"] | None = None
    paretic_side: Literal["left", "right"] | None = None
    height_cm: float | None = None
    consent_version: str
    consent_date: str


class OpenInstrument(Command, frozen=True, kw_only=True, tag="assess.instrument"):
    """Work on this instrument of the assessment."""

    instrument: str


class ScoreItem(Command, frozen=True, kw_only=True, tag="assess.score"):
    """Give one item of the open scale a value, or say why it has none."""

    instrument: str
    code: str
    value: Value = None
    missing: Missing = ""
    flag: str = ""


class CloseInstrument(Command, frozen=True, kw_only=True, tag="assess.close"):
    """Finish the open instrument as far as it is; with items or trials missing it needs a `reason`."""

    instrument: str
    reason: str = ""


class ReopenInstrument(Command, frozen=True, kw_only=True, tag="assess.reopen"):
    """Work on a finished instrument again."""

    instrument: str
    reason: str


class StartCapture(Command, frozen=True, kw_only=True, tag="capture.start"):
    """Record the next trial of a task of the open instrument; `seconds` overrides the task's duration."""

    task: str
    seconds: float | None = None


class StopCapture(Command, frozen=True, kw_only=True, tag="capture.stop"):
    """End the running trial's recording; what was recorded is kept and analysed."""

    reason: str = "ended by hand"


class ImportTrial(Command, frozen=True, kw_only=True, tag="capture.import"):
    """Take a `file` of the import folder as the next trial of a task, read by a `mapping` (its id).

    `bytes` is the size that the person saw: another one means that the file was changed meanwhile. None: any.
    """

    task: str
    file: str
    mapping: str
    bytes: int | None = None


class GiveCue(Command, frozen=True, kw_only=True, tag="capture.cue"):
    """The participant is given this cue now."""

    cue: str


class JudgeTrial(Command, frozen=True, kw_only=True, tag="capture.judge"):
    """Accept or reject an analysed trial; a rejection says why and lets it be repeated."""

    task: str
    trial: int
    accept: bool
    reason: str = ""


class CalibrateDevice(Command, frozen=True, kw_only=True, tag="device.calibrate"):
    """Zero an unloaded plate, or calibrate a sensor the way its screen says."""

    device: str
    what: Literal["zero", "mounting", "magnetometer", "synchrony"]


class Sign(Command, frozen=True, kw_only=True, tag="visit.sign"):
    """Sign the visit with the signed-in person's secret."""

    pin: str
    meaning: str


class EndVisit(Command, frozen=True, kw_only=True, tag="visit.end"):
    """End the visit before its last step."""

    reason: str


AnyCommand = (
    Stop
    | TakeControl
    | SignIn
    | OpenVisit
    | ConfirmResume
    | Answer
    | NextStep
    | PreviousStep
    | DecideConcern
    | AddNote
    | PlaceCoil
    | Fire
    | SetPacing
    | JudgePulse
    | ChooseHotspot
    | RestartHunt
    | AcceptThreshold
    | StartStimulation
    | PauseStimulation
    | ResumeStimulation
    | EndStimulation
    | LowerIntensity
    | PrepareCurrent
    | StartCurrent
    | StopCurrent
    | ConfirmContact
    | ReportRobot
    | StartBelt
    | SetBeltSpeed
    | StopBelt
    | ImportRobot
    | ConfirmPrompt
    | SilenceAlarm
    | ReportAdverseEvent
    | OpenAssessment
    | EnrolParticipant
    | OpenInstrument
    | ScoreItem
    | CloseInstrument
    | ReopenInstrument
    | StartCapture
    | StopCapture
    | ImportTrial
    | GiveCue
    | JudgeTrial
    | CalibrateDevice
    | Sign
    | EndVisit
)


BEGINS = (
    Fire,
    SetPacing,
    StartStimulation,
    ResumeStimulation,
    PrepareCurrent,
    StartCurrent,
    StartBelt,
    SetBeltSpeed,
)
"""What begins pulses, current or a movement of the belt: none of it is carried out once a stop has come after it."""


def name_of(command: Command) -> str:
    """The command's tag, such as "run.start"."""
    return str(command.__struct_config__.tag)
