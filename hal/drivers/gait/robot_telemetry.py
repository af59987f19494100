"""What every gait robot and treadmill with a wire shares: its states, how often they come, and what a lost link means.

A machine that cannot be heard may stand or may move: the moment its link is lost or silent, a state with phase
"unknown" and no values is published, and the health says so. It is never shown as stopped.
"""

from dataclasses import replace

from hal.device import Attention, Device, Health, Refused, Vitals
from hal.drivers.pace import Pace
from hal.roles import RobotPhase, RobotState
from hal.roles.common import STOP_PRESSED

RATE_S = 2.0
UNHEARD = ("lost", "silent", "closed")


class RobotTelemetry(Device):
    """The part of a `hal.roles.GaitTrainer` that is the same for every wire; comes before the link's class."""

    role = "robot"
    telemetry = True
    moving_part = "robot"
    _told_unknown = False
    _received = 0
    _stop_pressed = False
    _pace: Pace | None = None

    def tell(self, state: RobotState) -> None:
        """Publish one state of the machine's own and count it."""
        self._pace = self._pace or Pace(RATE_S)
        self._pace.arrived(state.mono_ns)
        self._received += 1
        self._told_unknown = False
        self._stop_pressed = bool(state.e_stop)
        self.publish(state)

    @property
    def accounts(self) -> int:
        """States that the machine has told."""
        return self._received

    @property
    def attention(self) -> tuple[Attention, ...]:
        """What somebody has to see to, a pressed stop aside."""
        return ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """Standing remarks for a device screen, in a therapist's words."""
        return ()

    @property
    def rate_hz(self) -> float | None:
        """States a second over the two seconds before the last; None before there are two, and while it is unheard."""
        measured_hz = None if self._pace is None else self._pace.rate_hz
        return None if measured_hz is None else round(measured_hz, 1)

    @property
    def vitals(self) -> Vitals:
        """States received, their rate, and the remarks."""
        return replace(
            super().vitals,
            rate_hz=self.rate_hz,
            received=self._received,
            attention=(STOP_PRESSED,) * self._stop_pressed + self.attention,
            notes=self.remarks,
        )

    def set_health(self, health: Health) -> None:
        """Store the health; where the machine can no longer be heard, say that its state is unknown."""
        unheard = health.state in UNHEARD
        words = f"{self.moving_part} state unknown"
        if unheard and health.state != "closed" and not health.error.startswith(words):
            health = replace(health, error=f"{words}: {health.error}" if health.error else words)
        if unheard:
            self.tell_unknown()
        super().set_health(health)

    def tell_unknown(self) -> None:
        """Publish, once until the next state, that nothing is known."""
        if not self._told_unknown:
            self._told_unknown, self._stop_pressed, self._pace = True, False, None
            self.lost_sight()
            self.publish(unknown_state(self.now_ns()))

    def lost_sight(self) -> None:
        """The machine can no longer be heard: forget what it said, give up what it granted."""

    def report(
        self,
        *,
        phase: RobotPhase,
        speed_kmh: float | None,
        body_weight_support_kg: float | None,
        assist_pct: float | None,
        steps: int | None,
    ) -> None:
        """`Refused`: this machine tells its state itself."""
        raise Refused("this robot reports its own state", device=self.name, remedy="read it from the screen")


def unknown_state(mono_ns: int) -> RobotState:
    """Nothing is known: neither standing nor moving, neither pressed nor released."""
    return RobotState(mono_ns, "unknown", None, None, None, None, None)
