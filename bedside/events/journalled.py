"""All events as one type, and the envelope that carries one in the journal."""

import msgspec

from bedside.events.alarms import (
    AlarmCleared,
    AlarmRaised,
    AlarmSilenced,
)
from bedside.events.assessment import (
    AssessmentPlanned,
    AssessmentRecalled,
    CaptureAnalysed,
    CaptureStarted,
    CaptureStopped,
    CueGiven,
    DeviationNoted,
    DeviceCalibrated,
    InstrumentClosed,
    InstrumentOpened,
    InstrumentReopened,
    ItemScored,
    TrialImported,
    TrialJudged,
)
from bedside.events.base import Event
from bedside.events.belt import BeltConfirmed, BeltFailed, BeltIntended
from bedside.events.box import (
    ClientJoined,
    ClientLeft,
    ClockStepped,
    CommandRefused,
    ControlTaken,
    DeviceChanged,
    RawSealed,
    RecordFault,
    RecordingStarted,
    RecordingStopped,
    SignedIn,
    StationStarted,
    StationStopped,
)
from bedside.events.current import (
    CurrentEnded,
    CurrentFailed,
    CurrentIntended,
    CurrentSaid,
    CurrentStarted,
)
from bedside.events.stimulator import (
    AmplitudeIntended,
    ArmIntended,
    CounterNoted,
    OffConfirmed,
    OffIntended,
    PacingSet,
    PulseIntended,
    PulseReported,
    PulsesReconciled,
    PulsesUncertain,
    StimulatorFailed,
    StimulatorSaid,
    TrainEnded,
    TrainIntended,
)
from bedside.events.threshold import (
    CoilPlaced,
    HotspotChosen,
    HuntStarted,
    PulseJudged,
    ResponseMeasured,
    ResponseMissing,
    ThresholdFound,
)
from bedside.events.treatment import (
    ContactConfirmed,
    ContactPrompted,
    DosePlanned,
    IntensityLowered,
    RobotChanged,
    RobotImported,
    StimulationEnded,
    StimulationPaused,
    StimulationResumed,
    StimulationStarted,
    SwitchChanged,
)
from bedside.events.visit import (
    AdverseEventDescribed,
    AdverseEventFollowedUp,
    AdverseEventRecorded,
    Answered,
    ConcernRaised,
    NoteAdded,
    OperatorConfirmed,
    ParticipantEntered,
    ParticipantRecalled,
    PhysicianDecided,
    ProfileShown,
    Signed,
    StepCompleted,
    StepEntered,
    StepReopened,
    VisitClosed,
    VisitInterrupted,
    VisitOpened,
    VisitResumed,
)

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
    | ParticipantEntered
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
    | AdverseEventRecorded
    | AdverseEventDescribed
    | AdverseEventFollowedUp
    | OperatorConfirmed
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
    | RobotImported
    | SwitchChanged
    | StimulationStarted
    | StimulationPaused
    | StimulationResumed
    | StimulationEnded
    | ContactPrompted
    | ContactConfirmed
    | BeltIntended
    | BeltConfirmed
    | BeltFailed
    | CurrentSaid
    | CurrentIntended
    | CurrentStarted
    | CurrentFailed
    | CurrentEnded
    | AlarmRaised
    | AlarmCleared
    | AlarmSilenced
    | AssessmentPlanned
    | AssessmentRecalled
    | DeviationNoted
    | InstrumentOpened
    | ItemScored
    | InstrumentClosed
    | InstrumentReopened
    | CaptureStarted
    | CueGiven
    | CaptureStopped
    | CaptureAnalysed
    | TrialImported
    | TrialJudged
    | DeviceCalibrated
)


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
    event: AnyEvent


def tag_of(event: Event) -> str:
    """The event's journal tag, such as "stim.pulse.reported"."""
    return str(event.__struct_config__.tag)
