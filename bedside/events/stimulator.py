"""The magnetic stimulator: what was asked of it, what it said, what cannot be known."""

from typing import Literal

from bedside.events.base import Event, Purpose


class AmplitudeIntended(Event, frozen=True, kw_only=True, tag="stim.amplitude.intended"):
    """About to set the amplitude, and whether a stimulus is one pulse or a burst (`inter_pulse_s` onset to onset).

    `follow_trigger`: each pulse at the stimulator's trigger input is to give one of its own.
    """

    amplitude_pct_mso: int
    purpose: Purpose
    burst_pulses: int = 1
    inter_pulse_s: float = 0.0
    follow_trigger: bool = False


class ArmIntended(Event, frozen=True, kw_only=True, tag="stim.arm.intended"):
    """About to enable the stimulator."""

    purpose: Purpose


class PulseIntended(Event, frozen=True, kw_only=True, tag="stim.pulse.intended"):
    """About to give one pulse; `pulse` counts the visit's intended single pulses from 1."""

    pulse: int
    purpose: Purpose
    amplitude_pct_mso: int
    site: str
    x_cm: float
    y_cm: float


class TrainIntended(Event, frozen=True, kw_only=True, tag="stim.train.intended"):
    """About to start a device-timed train of `pulses` x `trains` stimuli; `first_pulse` counts the course from 1.

    A stimulus is one pulse, or a burst of `burst_pulses` (`inter_pulse_s` onset to onset). `inter_train_s` runs from
    the last stimulus of a train to the first of the next; 0: at the same rate, without a gap. `triggered`: another
    device triggers each pulse once its own program runs; the stimulator itself is not told to start.
    """

    amplitude_pct_mso: int
    rate_hz: float
    pulses: int
    trains: int
    first_pulse: int
    burst_pulses: int = 1
    inter_pulse_s: float = 0.0
    inter_train_s: float = 0.0
    triggered: bool = False


class TrainEnded(Event, frozen=True, kw_only=True, tag="stim.train.ended"):
    """A train ran to its end by the device's account; `lost` of its pulses were never reported and are not made up.

    `triggers`: as many the device that triggered it says it sent, None where none did or it does not tell.
    """

    reported: int
    lost: int
    triggers: int | None = None


class PacingSet(Event, frozen=True, kw_only=True, tag="stim.pacing"):
    """Single pulses follow each other by themselves, or no longer do."""

    automatic: bool
    reason: str = ""


class OffIntended(Event, frozen=True, kw_only=True, tag="stim.off.intended"):
    """Stimulation is to be off, for the `reason`; `keeps_current`: the pulses alone, as planned."""

    reason: str
    keeps_current: bool = False


class StimulatorSaid(Event, frozen=True, kw_only=True, tag="stim.said"):
    """The stimulator's own account changed. None: it does not tell."""

    enabled: bool | None
    amplitude_pct_mso: int | None
    train_running: bool | None
    temperature_c: float | None
    coil_type: int | None
    model: str = ""
    serial_number: int | None = None
    source: str = "device"


class StimulatorFailed(Event, frozen=True, kw_only=True, tag="stim.failed"):
    """An intended action was not carried out or not confirmed."""

    action: Literal["amplitude", "arm", "pulse", "train", "off"]
    error: str
    remedy: str


class OffConfirmed(Event, frozen=True, kw_only=True, tag="stim.off.confirmed"):
    """The stimulator reports that it is disabled."""


class PulseReported(Event, frozen=True, kw_only=True, tag="stim.pulse.reported"):
    """The stimulator reported a delivered pulse. `pulse` is the intended single pulse it answers, None in a train
    or when nobody of us asked for it; `course` the number in the treatment, counted from 1.
    """

    purpose: Purpose | None
    pulse: int | None = None
    course: int | None = None
    di_dt_a_us: int | None = None
    amplitude_pct_mso: int | None = None
    source: str = "device"


class CounterNoted(Event, frozen=True, kw_only=True, tag="stim.counter"):
    """The device's own running total at a moment when every reported pulse had been journalled."""

    total: int
    proven: bool
    serial_number: int | None = None


class PulsesReconciled(Event, frozen=True, kw_only=True, tag="stim.reconciled"):
    """Pulses that were given while nobody listened, settled from the device's own counter.

    `unasked` more were given than anybody here had asked for.
    """

    count: int
    purpose: Purpose
    evidence: str
    unasked: int = 0


class PulsesUncertain(Event, frozen=True, kw_only=True, tag="stim.uncertain"):
    """Between 0 and `at_most` more pulses may have been given, and nothing can settle it."""

    at_most: int
    purpose: Purpose
    reason: str
