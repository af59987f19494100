"""What the station needs of each kind of device: a Protocol per role, and the readings it yields.

State in a reading is what the device said, never what it was asked.
"""

from hal.roles.common import Openable, Source
from hal.roles.contact import Contact, ContactState, ContactUse
from hal.roles.current import ABSOLUTE_MAX_MA, CurrentPhase, CurrentProgram, CurrentStatus, CurrentStimulator
from hal.roles.emg import EmgAmplifier, EmgBlock, EmgChannel, LslStamps
from hal.roles.gait import JOINTS, GaitTrainer, RobotPhase, RobotState, Treadmill
from hal.roles.motion import PLACEMENTS, MagneticBlock, MotionBlock, MotionSensor, Placement
from hal.roles.plate import CORNERS, ForcePlate, PlateBlock, PlateSide
from hal.roles.stimulator import (
    AcceptsTrigger,
    OperatorDriven,
    OperatorPrompt,
    PromptKind,
    PulseCounter,
    PulseDelivered,
    SetsBursts,
    Stimulator,
    StimulatorCapabilities,
    StimulatorStatus,
    Train,
    TrainPrepared,
)

__all__ = [
    "ABSOLUTE_MAX_MA",
    "CORNERS",
    "JOINTS",
    "PLACEMENTS",
    "AcceptsTrigger",
    "Contact",
    "ContactState",
    "ContactUse",
    "CurrentPhase",
    "CurrentProgram",
    "CurrentStatus",
    "CurrentStimulator",
    "EmgAmplifier",
    "EmgBlock",
    "EmgChannel",
    "ForcePlate",
    "GaitTrainer",
    "LslStamps",
    "MagneticBlock",
    "MotionBlock",
    "MotionSensor",
    "Openable",
    "OperatorDriven",
    "OperatorPrompt",
    "Placement",
    "PlateBlock",
    "PlateSide",
    "PromptKind",
    "PulseCounter",
    "PulseDelivered",
    "RobotPhase",
    "RobotState",
    "SetsBursts",
    "Source",
    "Stimulator",
    "StimulatorCapabilities",
    "StimulatorStatus",
    "Train",
    "TrainPrepared",
    "Treadmill",
]
