"""What the station needs of each kind of device: a Protocol per role, and the readings it yields.

State in a reading is what the device said, never what it was asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hal.device import Health, Reading, Subscriber

Source = Literal["device", "trigger", "operator"]


@runtime_checkable
class Openable(Protocol):
    """What every role has of `hal.device.Device`."""

    name: str
    role: str

    @property
    def address(self) -> str:
        """Where the device is, as configured."""
        ...

    @property
    def health(self) -> Health:
        """The present health."""
        ...

    async def open(self) -> None:
        """Connect, or start trying to."""
        ...

    async def close(self) -> None:
        """Disconnect and release everything."""
        ...

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Deliver every reading to `subscriber`; call the result to end it."""
        ...


# stimulator


@dataclass(frozen=True, slots=True)
class Train:
    """A train as the device times it: `pulses` per train at `rate_hz`, `trains` of them.

    `inter_train_s` runs from the last pulse of a train to the first of the next.
    """

    rate_hz: float
    pulses: int
    trains: int = 1
    inter_train_s: float = 1.0

    @property
    def total(self) -> int:
        """All pulses of all trains."""
        return self.pulses * self.trains


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
    """The stimulator's own account of itself. None: it does not tell."""

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

    def operator_confirms(self) -> None:
        """What the present prompt asks (enable, train set up) is done."""
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


# EMG amplifier


@dataclass(frozen=True, slots=True)
class EmgChannel:
    """One bipolar channel: `name` such as "TA left", `muscle` such as "tibialis_anterior"."""

    name: str
    muscle: str
    side: Literal["left", "right"]


@dataclass(frozen=True, slots=True)
class EmgBlock(Reading):
    """Consecutive samples of all configured channels.

    `counts` int16, shape (n, channels); microvolts = counts * `uv_per_count`. `first_sample` is the running index of
    row 0 since acquisition began, gaps included: `lost` samples are missing just before it. `triggers` are running
    sample indices at which the stimulator's trigger line rose.
    """

    counts: NDArray[np.int16]
    uv_per_count: float
    rate_hz: float
    first_sample: int
    triggers: tuple[int, ...] = ()
    lost: int = 0

    @property
    def samples_uv(self) -> NDArray[np.float64]:
        """The block in microvolts, float64, shape (n, channels)."""
        return np.multiply(self.counts, self.uv_per_count, dtype=np.float64)


@runtime_checkable
class EmgAmplifier(Openable, Protocol):
    """A multichannel EMG amplifier that samples the stimulator's trigger line on its own clock."""

    @property
    def channels(self) -> tuple[EmgChannel, ...]:
        """The configured channels, in the order of the block's columns."""
        ...

    @property
    def rate_hz(self) -> float:
        """Samples per second and channel."""
        ...

    @property
    def rail_counts(self) -> int:
        """The count at which the converter saturates."""
        ...


# gait trainer

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
    """A robot or treadmill that tells what it does. The station never commands it to move."""

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
