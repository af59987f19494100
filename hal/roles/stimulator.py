"""Magnetic stimulators: remote, triggered and worked by hand."""

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

from hal.device import Reading
from hal.roles.common import Openable, Source


@dataclass(frozen=True, slots=True)
class Train:
    """A train as the device times it: `pulses` stimuli per train at `rate_hz`, `trains` of them.

    `inter_train_s` runs from the last stimulus of a train to the first of the next. A stimulus is one pulse, or a burst
    of `burst_pulses` pulses `inter_pulse_s` apart (onset to onset).
    """

    rate_hz: float
    pulses: int
    trains: int = 1
    inter_train_s: float = 1.0
    burst_pulses: int = 1
    inter_pulse_s: float = 0.0

    @property
    def total(self) -> int:
        """All single pulses of all bursts of all trains."""
        return self.pulses * self.trains * self.burst_pulses

    @property
    def fastest_hz(self) -> float:
        """The fastest repetition in it (Hz): inside a burst where there are bursts."""
        return 1.0 / self.inter_pulse_s if self.burst_pulses > 1 else self.rate_hz


@dataclass(frozen=True, slots=True)
class StimulatorCapabilities:
    """What a stimulator can do and tell, so that a screen says "not available" and never "OK" for the rest."""

    drive: Literal["remote", "triggered", "manual"]
    reads_back: bool
    counts_pulses: bool
    reports_temperature: bool
    max_rate_hz: float
    model: str


@dataclass(frozen=True, slots=True)
class StimulatorStatus(Reading):
    """The stimulator's own account of itself. None: it does not tell.

    `follows_trigger`: each pulse at its trigger input gives one of its own.
    """

    enabled: bool | None
    amplitude_pct_mso: int | None
    train_running: bool | None
    temperature_c: float | None
    coil_type: int | None
    model: str
    serial_number: int | None
    page: str = ""
    source: Source = "device"
    coil_name: str = ""
    follows_trigger: bool | None = None


@dataclass(frozen=True, slots=True)
class TrainPrepared(Reading):
    """A train was set up; `read_back` tells whether the device itself repeated its numbers."""

    train: Train
    read_back: bool
    source: Source = "device"


@dataclass(frozen=True, slots=True)
class PulseDelivered(Reading):
    """One pulse reported by the stimulator, whoever triggered it.

    `di_dt_a_us` is the realised coil current slope (A/us, None where unknown); `amplitude_pct_mso` the amplitude the
    device last reported before the pulse.
    """

    di_dt_a_us: int | None
    amplitude_pct_mso: int | None
    source: Source = "device"


@dataclass(frozen=True, slots=True)
class PulseCounter(Reading):
    """The device's own running total of pulses; `agrees` is True while each advance equalled the pulses reported.

    It settles what was delivered while nobody listened (a crash, a cable out), and only where it has proved itself.
    """

    total: int
    agrees: bool


@runtime_checkable
class Stimulator(Openable, Protocol):
    """A magnetic stimulator. Every command completes on read-back, or raises a `DeviceError`."""

    @property
    def capabilities(self) -> StimulatorCapabilities:
        """What this model can do and tell."""
        ...

    @property
    def off_bytes(self) -> bytes:
        """The frame that switches the device off; empty when no wire leads to it."""
        ...

    def fileno(self) -> int | None:
        """The open link's file descriptor, for the guard; None while closed or when no wire leads to it."""
        ...

    async def set_amplitude(self, amplitude_pct_mso: int) -> None:
        """Set 0..100 %MSO; returns once the device reports that value."""
        ...

    async def enable(self) -> None:
        """Arm the device; returns once it reports enabled."""
        ...

    async def fire(self) -> None:
        """Give one pulse; returns once the device reports it, else `PulseNotDelivered`."""
        ...

    async def prepare_train(self, train: Train) -> None:
        """Set up a train and read it back where the device can."""
        ...

    async def start_train(self) -> None:
        """Start the prepared train; returns once the device reports it running."""
        ...

    async def off(self) -> None:
        """Stop everything, from any state; returns once the device reports disabled, else `OffNotConfirmed`."""
        ...

    def off_now(self) -> None:
        """Write the off frame without waiting for anything; never raises. `off` follows to confirm."""
        ...

    async def read_counter(self) -> int | None:
        """The device's running total of pulses; None when it does not answer such a query."""
        ...


@runtime_checkable
class SetsBursts(Protocol):
    """A stimulator whose single stimulus can be made a burst before it is enabled."""

    async def set_bursts(self, pulses: int, inter_pulse_s: float) -> None:
        """Make each stimulus `pulses` pulses, so far apart (s, onset to onset); 1 puts single pulses back.

        Returns once the device tells it; raises `Refused` where it cannot, or while it is enabled.
        """
        ...


@runtime_checkable
class AcceptsTrigger(Protocol):
    """A stimulator that can be set so that another device's trigger output times each of its pulses."""

    async def follow_trigger(self, follow: bool) -> None:
        """Give one pulse for each pulse at the trigger input, once enabled; False puts back what this replaced.

        Returns once the device tells it; raises `Refused` where it cannot, or while it is enabled.
        """
        ...


PromptKind = Literal["amplitude", "enable", "fire", "train", "start", "off"]


@dataclass(frozen=True, slots=True)
class OperatorPrompt(Reading):
    """What a person must now do at a device without a wire; `text` says it, `expected` is the value to read back.

    `kind` tells which operator method answers it. A new prompt replaces the one before; an empty `text` ends it.
    """

    kind: PromptKind
    text: str
    expected: int | None = None


@runtime_checkable
class OperatorDriven(Protocol):
    """A stimulator worked by hand: each method takes what the operator says was seen or done.

    All return at once; the command that waits for the answer completes or raises. Answers nobody waits for are taken
    as facts too: a therapist may stop, or see a pulse, at any time.
    """

    @property
    def prompt(self) -> OperatorPrompt | None:
        """The prompt that waits for an answer."""
        ...

    def operator_reads_back(self, amplitude_pct_mso: int) -> None:
        """The display of the stimulator shows this amplitude (%MSO)."""
        ...

    def operator_confirms(self, shown: int | None = None) -> None:
        """What the present prompt asks (enable, train set up) is done; `shown` is what the display says, if asked."""
        ...

    def operator_started(self) -> None:
        """The train has been started."""
        ...

    def operator_stopped(self) -> None:
        """The stimulator is stopped and disabled."""
        ...

    def operator_pulse(self) -> None:
        """One pulse has been given."""
        ...

    def operator_declines(self) -> None:
        """What the present prompt asks was not done."""
        ...
