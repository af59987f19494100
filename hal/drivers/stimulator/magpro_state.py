"""What a MagPro said of itself so far, and whether its pulse counter can be trusted. Pure."""

from dataclasses import dataclass, fields, replace

from hal.drivers.stimulator.magpro_codec import Flags, Mode, TimingControl, Waveform
from hal.drivers.stimulator.magpro_messages import Message, PulseReport, Unknown

MOST_IN_BURST = 5
"""The most pulses a burst of this device has."""


EXTENDED_RATE = 0x10


def paced_by(control: int) -> int:
    """What paces the device (`TimingControl`, or a number nobody knows), from the control byte of its Timing page."""
    return control & ~EXTENDED_RATE


@dataclass(frozen=True, slots=True)
class Account:
    """The latest value of everything a message has told; None where none has told it since the link opened.

    Temperature in C, amplitude in % of maximum output.
    """

    flags: Flags | None = None
    serial_number: int | None = None
    temperature_c: int | None = None
    coil_type: int | None = None
    amplitude_a: int | None = None
    page: int | None = None
    running: bool | None = None
    control: int | None = None

    def after(self, message: Message | Unknown) -> "Account":
        """The account once `message` was heard."""
        told = {field.name: getattr(message, field.name) for field in fields(self) if hasattr(message, field.name)}
        return replace(self, **told)

    @property
    def enabled(self) -> bool | None:
        """Whether the device says it is enabled."""
        return None if self.flags is None else self.flags.enabled

    @property
    def model(self) -> int | None:
        """Model number, from the flags: the one in a waveform block is garbage on some models."""
        return None if self.flags is None else self.flags.model

    @property
    def follows_trigger(self) -> bool | None:
        """Whether the device says that its trigger input paces it; None where it has not told what does."""
        return None if self.control is None else paced_by(self.control) == TimingControl.EXTERNAL_TRIGGER

    @property
    def bursting(self) -> bool:
        """Whether the device says that each stimulus is a burst."""
        return self.flags is not None and self.flags.waveform is Waveform.BIPHASIC_BURST

    def unsupported(self, *, bursts: bool = False) -> str:
        """Why pulses (or `bursts`) in the device's present mode are not ours to give; empty when they are."""
        if self.flags is None:
            return ""
        if self.flags.mode is not Mode.STANDARD:
            return f"the stimulator is in {self.flags.mode.name.title()} mode"
        if self.bursting and not bursts:
            return "the stimulator is set to bursts"
        if bursts and not self.bursting:
            return "the stimulator is not set to bursts any more"
        return ""


class CounterProof:
    """Compares the device's running total with the pulses it reported one by one.

    One reading may be ahead or behind (a pulse between the two messages); two in a row are a disagreement for good.
    Whether a burst is reported, or counted, once or pulse by pulse is not known of the hardware. So an advance in which
    bursts were reported proves nothing; it is a disagreement only where it fits neither way of reporting or counting.
    """

    def __init__(self) -> None:
        self._base: int | None = None
        self._pulses = 0
        self._bursts = 0
        self._off_twice = False
        self._was_off = False
        self._proved = False

    def forget_base(self) -> None:
        """Messages may have been missed (the link was down): compare from the next reading on."""
        self._base = None

    def pulse(self, report: PulseReport | None = None) -> None:
        """The device reported a pulse; the report's flags tell whether within bursts."""
        if report is not None and report.flags.waveform is Waveform.BIPHASIC_BURST:
            self._bursts += 1
        else:
            self._pulses += 1

    def agrees(self, total: int) -> bool:
        """Take the device's running total; True while each advance equalled the pulses reported, and some were."""
        if self._base is None or self._bursts:
            fits = self._base is None or self._fits_bursts(total - self._base - self._pulses)
            self._off_twice = self._off_twice or not fits
            self._base, self._pulses, self._bursts, self._was_off = total, 0, 0, False
            return self._proved and not self._off_twice
        is_off = total - self._base != self._pulses
        self._off_twice = self._off_twice or (is_off and self._was_off)
        self._was_off = is_off
        self._proved = self._proved or (not is_off and self._pulses > 0)
        return self._proved and not is_off and not self._off_twice

    def _fits_bursts(self, advance: int) -> bool:
        """Whether a counter may have advanced so far while `_bursts` reports came, up to a burst ahead or behind."""
        return self._bursts // MOST_IN_BURST - MOST_IN_BURST <= advance <= (self._bursts + 1) * MOST_IN_BURST
