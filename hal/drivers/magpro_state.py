"""What a MagPro said of itself so far, and whether its pulse counter can be trusted. Pure."""

from dataclasses import dataclass, fields, replace

from hal.drivers.magpro_codec import Flags, Mode, Waveform
from hal.drivers.magpro_messages import Message, Unknown


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

    def unsupported(self) -> str:
        """Why pulses in the device's present mode are not ours to give; empty when they are."""
        if self.flags is None:
            return ""
        if self.flags.mode in (Mode.TWIN, Mode.DUAL):
            return f"the stimulator is in {self.flags.mode.name.title()} mode"
        if self.flags.waveform is Waveform.BIPHASIC_BURST:
            return "the stimulator is set to bursts"
        return ""


class CounterProof:
    """Compares the device's running total with the pulses it reported one by one.

    One reading may be ahead or behind (a pulse between the two messages); two in a row are a disagreement for good.
    """

    def __init__(self) -> None:
        self._base: int | None = None
        self._pulses = 0
        self._off_twice = False
        self._was_off = False
        self._proved = False

    def forget_base(self) -> None:
        """Messages may have been missed (the link was down): compare from the next reading on."""
        self._base = None

    def pulse(self) -> None:
        """The device reported a pulse."""
        self._pulses += 1

    def agrees(self, total: int) -> bool:
        """Take the device's running total; True while each advance equalled the pulses reported, and some were."""
        if self._base is None:
            self._base, self._pulses = total, 0
            return self._proved and not self._off_twice
        is_off = total - self._base != self._pulses
        self._off_twice = self._off_twice or (is_off and self._was_off)
        self._was_off = is_off
        self._proved = self._proved or (not is_off and self._pulses > 0)
        return self._proved and not is_off and not self._off_twice
