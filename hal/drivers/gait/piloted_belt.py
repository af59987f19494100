"""What every treadmill under command shares: its limits in the device file, and commands that go through its pilot."""

from dataclasses import dataclass

from hal.drivers.gait.belt_limits import ENVELOPE_KMH, SLEW_KMH_S, BeltLimits
from hal.drivers.gait.belt_pilot import BeltPilot
from hal.drivers.gait.robot_telemetry import RobotTelemetry


@dataclass(frozen=True, slots=True, kw_only=True)
class BeltOptions:
    """The belt's options of a device file. Times in real seconds; the envelope can only be made narrower.

    `hold_s` is how long the belt has to run at a speed to have come to it.
    """

    slowest_kmh: float = ENVELOPE_KMH[0]
    fastest_kmh: float = ENVELOPE_KMH[1]
    slew_kmh_s: float = SLEW_KMH_S
    answer_s: float = 2.0
    settle_s: float = 15.0
    hold_s: float = 1.0

    def __post_init__(self) -> None:
        if not 0.2 <= self.answer_s <= 5 or not 0.5 <= self.settle_s <= 30:
            raise ValueError("answer_s must be 0.2 to 5, settle_s 0.5 to 30")
        if not 0.05 <= self.hold_s <= 5:
            raise ValueError("hold_s must be 0.05 to 5")
        _ = self.limits

    @property
    def limits(self) -> BeltLimits:
        """The belt's limits."""
        return BeltLimits(self.slowest_kmh, self.fastest_kmh, slew_kmh_s=self.slew_kmh_s)


class PilotedBelt(RobotTelemetry):
    """The part of a `hal.roles.Treadmill` that is the same for every wire; comes before the link's class.

    A driver sets `pilot`, takes control in its own way (`pilot.granted`), and is the pilot's `BeltWire`.
    """

    moving_part = "belt"
    stops_when_silent = False
    pilot: BeltPilot

    @property
    def limits_kmh(self) -> tuple[float, float, float]:
        """The slowest speed, the fastest, and the step, of the device file."""
        limits = self.pilot.limits
        return (limits.slowest_kmh, limits.fastest_kmh, limits.step_kmh)

    async def start_belt(self) -> None:
        """Start the belt; returns once the machine reports it started. A person must stand at the stop button."""
        await self.pilot.start()

    async def set_speed(self, speed_kmh: float) -> None:
        """Ramp to a speed within the limits, each step confirmed, and see the belt run at it."""
        await self.pilot.go(speed_kmh)

    async def stop_belt(self) -> None:
        """Stop the belt; returns once the machine reports it at rest. No emergency stop."""
        await self.pilot.stop()

    async def goodbye(self) -> None:
        """Stop a belt that we started, and that may run on without us; one that a person started is theirs."""
        if self.pilot.started:
            await self.stop_belt()
