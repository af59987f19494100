"""A gait robot without a wire: the therapist types what the maker's screen shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hal.device import Device, Health
from hal.links.base import Link
from hal.options import parse_options
from hal.roles import RobotPhase, RobotState


@dataclass(frozen=True, slots=True)
class ManualRobotOptions:
    """A manual robot has no options."""


class ManualRobot(Device):
    """A `hal.roles.GaitTrainer` worked by hand; whatever nobody typed stays unknown, the emergency stop too."""

    role = "robot"
    telemetry = False
    address = "manual"

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(name, now_ns)
        parse_options(ManualRobotOptions, options or {}, device=name)

    async def open(self) -> None:
        """There is nothing to connect to."""
        self.set_health(Health("ok", self.now_ns()))

    async def close(self) -> None:
        """There is nothing to disconnect from."""
        self.set_health(Health("closed", self.now_ns()))

    def report(
        self,
        *,
        phase: RobotPhase,
        speed_kmh: float | None,
        body_weight_support_kg: float | None,
        assist_pct: float | None,
        steps: int | None,
    ) -> None:
        """Take what the therapist read from the robot's own screen and pass it on as a reading."""
        self.publish(
            RobotState(
                mono_ns=self.now_ns(),
                phase=phase,
                speed_kmh=speed_kmh,
                body_weight_support_kg=body_weight_support_kg,
                assist_pct=assist_pct,
                e_stop=None,
                steps=steps,
                source="operator",
            )
        )
