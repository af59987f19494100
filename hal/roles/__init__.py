"""What the station needs of each kind of device: a Protocol per role, and the readings it yields.

State in a reading is what the device said, never what it was asked.
"""

from collections.abc import Mapping
from inspect import get_annotations

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
    "ROLES",
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
    "lacking",
]

ROLES: Mapping[str, type] = {
    "stimulator": Stimulator,
    "emg": EmgAmplifier,
    "robot": GaitTrainer,
    "current": CurrentStimulator,
    "imu": MotionSensor,
    "plate": ForcePlate,
    "contact": Contact,
}
"""What a device must be for each role that its `role` may name."""


def lacking(device: object, role: str) -> tuple[str, ...]:
    """The names that `device` lacks of `role` (a key of `ROLES`), sorted; empty where it fills it."""
    told = {name for kind in ROLES[role].__mro__ for name in (*vars(kind), *get_annotations(kind))}
    return tuple(sorted(name for name in told if not name.startswith("_") and not hasattr(device, name)))
