"""Electrical (direct current) stimulators."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from hal.device import Reading
from hal.roles.common import Openable

CurrentPhase = Literal["idle", "prepared", "ramp_up", "plateau", "ramp_down", "triggers_only", "fault", "unknown"]
"""`triggers_only`: the current has ended as programmed, the trigger bursts have not (sham current, real bursts)."""
ABSOLUTE_MAX_MA = 4.0
"""No configuration raises the current above this."""


@dataclass(frozen=True, slots=True)
class CurrentProgram:
    """What the device runs by itself: a ramp up, a plateau, a ramp down. Nothing of it is timed by this computer.

    `trigger_bursts` > 0 asks for the paired output: `burst_pulses` pulses `inter_pulse_ms` apart, every
    `inter_burst_ms`, `bursts_per_train` bursts a train, a train every `train_period_ms`, from the plateau's start.
    Bursts may outlast the current; whatever stops the program ends both.
    """

    current_ma: float
    plateau_s: float
    ramp_s: float
    trigger_bursts: int = 0
    burst_pulses: int = 3
    inter_pulse_ms: int = 20
    inter_burst_ms: int = 200
    bursts_per_train: int = 10
    train_period_ms: int = 10_000

    @property
    def total_s(self) -> float:
        """Plateau and both ramps."""
        return self.plateau_s + 2 * self.ramp_s

    @property
    def last_trigger_s(self) -> float:
        """When the last trigger pulse is due, in s from the plateau's start (191.84 for iTBS-600); 0 without any."""
        if not self.trigger_bursts:
            return 0.0
        train, burst = divmod(self.trigger_bursts - 1, self.bursts_per_train)
        within_ms = burst * self.inter_burst_ms + (self.burst_pulses - 1) * self.inter_pulse_ms
        return (train * self.train_period_ms + within_ms) / 1000

    @property
    def charge_c(self) -> float:
        """Charge of the whole program in coulomb, linear ramps included."""
        return self.current_ma / 1000 * (self.plateau_s + self.ramp_s)


@dataclass(frozen=True, slots=True)
class CurrentStatus(Reading):
    """The device's own account. None: it does not tell. `charge_c` is what it measured, `triggers` what it sent."""

    phase: CurrentPhase
    asked_ma: float | None = None
    measured_ma: float | None = None
    impedance_kohm: float | None = None
    battery_pct: float | None = None
    elapsed_s: float | None = None
    remaining_s: float | None = None
    charge_c: float | None = None
    triggers: int | None = None
    fault: str = ""


@runtime_checkable
class CurrentStimulator(Openable, Protocol):
    """A battery-driven current source. Every command completes on read-back, or raises a `DeviceError`."""

    @property
    def max_current_ma(self) -> float:
        """The ceiling of this device as configured, never above `ABSOLUTE_MAX_MA`."""
        ...

    @property
    def status(self) -> CurrentStatus:
        """The last account; phase "unknown" as soon as the link is not ok."""
        ...

    @property
    def off_bytes(self) -> bytes:
        """The frame that ramps the device down at once."""
        ...

    def fileno(self) -> int | None:
        """The open link's file descriptor, for the guard; None while closed or where the link has none."""
        ...

    async def prepare(self, program: CurrentProgram) -> None:
        """Load a program and read it back."""
        ...

    async def start(self) -> None:
        """Start the prepared program; returns once the device reports its ramp."""
        ...

    async def stop(self) -> None:
        """Ramp down from any state; returns once the device reports ramp-down or idle, else `OffNotConfirmed`."""
        ...

    def off_now(self) -> None:
        """Write the stop frame without waiting; never raises."""
        ...
