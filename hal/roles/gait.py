"""Gait robots and treadmills."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from hal.device import Reading
from hal.roles.common import Openable, Source

RobotPhase = Literal["off", "fitting", "stand", "walk", "stopping", "fault", "unknown"]
JOINTS = ("hip_right", "knee_right", "ankle_right", "hip_left", "knee_left", "ankle_left")


@dataclass(frozen=True, slots=True)
class RobotState(Reading):
    """The gait robot's own account. Tuples of six follow `JOINTS`; contacts are (right, left).

    `body_weight_support_kg` is the unloaded weight; `e_stop` True means pressed. Manual robots leave what nobody
    measured as None or empty.
    """

    phase: RobotPhase
    speed_kmh: float | None
    body_weight_support_kg: float | None
    assist_pct: float | None
    e_stop: bool | None
    steps: int | None
    angles_deg: tuple[float, ...] = ()
    velocities_deg_s: tuple[float, ...] = ()
    torques_nm: tuple[float, ...] = ()
    contacts: tuple[bool, ...] = ()
    source: Source = "device"


@runtime_checkable
class GaitTrainer(Openable, Protocol):
    """A robot or treadmill that tells what it does; only a `Treadmill` can be commanded."""

    @property
    def telemetry(self) -> bool:
        """True when states arrive over a wire, False when a person types them."""
        ...

    def report(
        self,
        *,
        phase: RobotPhase,
        speed_kmh: float | None,
        body_weight_support_kg: float | None,
        assist_pct: float | None,
        steps: int | None,
    ) -> None:
        """Take what the therapist read from the robot's own screen; `Refused` where telemetry tells it."""
        ...


@runtime_checkable
class Treadmill(GaitTrainer, Protocol):
    """A treadmill that can also be commanded. Speed limits and the slew limit are the driver's own."""

    @property
    def limits_kmh(self) -> tuple[float, float, float]:
        """The slowest speed, the fastest, and the step between two speeds that may be asked."""
        ...

    @property
    def stops_when_silent(self) -> bool:
        """Whether the machine stops the belt by itself soon after this box falls silent."""
        ...

    async def take_control(self) -> None:
        """Ask the machine for control; `Refused` where it does not give it."""
        ...

    async def start_belt(self) -> None:
        """Start the belt; returns once the machine reports it moving."""
        ...

    async def set_speed(self, speed_kmh: float) -> None:
        """Go to a speed within the limits, in steps no faster than the slew limit, and read it back."""
        ...

    async def stop_belt(self) -> None:
        """Stop the belt; returns once the machine reports it standing. This is no emergency stop."""
        ...
