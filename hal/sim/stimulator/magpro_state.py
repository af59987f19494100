"""What a MagPro shows on its screen, and the messages in which it tells it."""

from dataclasses import dataclass, field

from hal.sim.stimulator import magpro_wire as wire

GARBAGE_MODEL = 88
"""What an R30 puts where message 09 should carry the model."""
SLOPE_A_US_PER_PCT = 1.6
"""Current slope per percent of output, chosen inside the 0..199 A/us that message 02 carries."""


MAX_RATE_HZ: dict[int, float] = {wire.R30: 30.0, wire.R30_OPTION: 30.0, wire.R30_OPTION_MONO: 30.0}


@dataclass(slots=True)
class TrainSettings:
    """The Timing page: pulses at `rate_hz`, `trains` of them, `inter_train_s` from last pulse to next first one."""

    rate_hz: float = 1.0
    pulses: int = 10
    trains: int = 1
    inter_train_s: float = 1.0

    def valid(self, model: int) -> bool:
        """Whether the device would accept these numbers."""
        max_hz = MAX_RATE_HZ.get(model, 100.0)
        return (
            0.1 <= self.rate_hz <= max_hz
            and 1 <= self.pulses <= 2000
            and 1 <= self.trains <= 500
            and 0.1 <= self.inter_train_s <= 300
        )

    def pulse_s(self, index: int) -> float | None:
        """Time of pulse `index` (0-based) after the first, in s; None past the end."""
        train, pulse = divmod(index, self.pulses)
        if train >= self.trains:
            return None
        return train * ((self.pulses - 1) / self.rate_hz + self.inter_train_s) + pulse / self.rate_hz


@dataclass(slots=True)
class MagProState:
    """Everything the device would tell about itself. `shown_c` is the temperature on its display."""

    model: int = wire.X100_OPTION
    serial_number: int = 0x01FE2A
    coil_type: int = 60
    shown_c: int = 24
    enabled: bool = False
    amplitude_a: int = 0
    amplitude_b: int = 0
    page: int = wire.MAIN
    running: bool = False
    mode: int = wire.STANDARD
    direction: int = 0
    waveform: int = wire.BIPHASIC
    burst_code: int = 3
    ipi_ms: float = 20.0
    ratio_b_a: float = 1.0
    delays: bytes = bytes(6)
    timing_control: int = wire.SEQUENCE
    train: TrainSettings = field(default_factory=TrainSettings)
    total_pulses: int = 0
    sequence_pulses: int = 0
    uncounted: int = 0

    @property
    def flags(self) -> int:
        """The flags byte of every message."""
        return wire.flags(mode=self.mode, waveform=self.waveform, enabled=self.enabled, model=self.model)

    @property
    def pulses_per_trigger(self) -> int:
        """How many pulses one trigger releases: a burst, or one."""
        return 5 - self.burst_code if self.waveform == wire.BURST else 1

    @property
    def account(self) -> wire.Account:
        """What both statuses tell."""
        amplitudes = self.amplitude_a, self.amplitude_b
        return wire.Account(self.flags, self.serial_number, self.shown_c, self.coil_type, *amplitudes)

    def short_status(self) -> bytes:
        """Message 00."""
        return wire.short_status(self.account)

    def long_status(self) -> bytes:
        """Message 05."""
        return wire.long_status(self.account, self.page, self.running)

    def amplitude(self) -> bytes:
        """Message 01."""
        return wire.report(wire.AMPLITUDE, self.amplitude_a, self.amplitude_b, self.flags)

    def pulse(self, slope_a_us: int) -> bytes:
        """Message 02."""
        return wire.report(wire.PULSE, slope_a_us, 0, self.flags)

    def coil(self) -> bytes:
        """Message 03."""
        return wire.report(wire.COIL, self.shown_c, self.coil_type, self.flags)

    def page_and_running(self) -> bytes:
        """Message 08."""
        return wire.report(wire.PAGE, self.page, self.running, self.flags)

    def waveform_block(self) -> bytes:
        """Message 09."""
        ratio = round((5 - self.ratio_b_a) / 0.05) if self.mode == wire.TWIN else 100 - self.amplitude_b
        return wire.waveform_block(
            model=GARBAGE_MODEL if self.model == wire.R30 else self.model,
            mode=self.mode,
            direction=self.direction,
            waveform=self.waveform,
            burst_code=self.burst_code,
            ipi_ms=self.ipi_ms,
            ratio_code=max(0, min(255, ratio)),
        )

    def delay_settings(self) -> bytes:
        """Message 0A."""
        return wire.delays(self.delays)

    def timing(self) -> bytes:
        """Message 0B."""
        train = self.train
        return wire.timing_page(self.timing_control, train.rate_hz, train.pulses, train.trains, train.inter_train_s)

    def counters(self) -> bytes:
        """Message 0C."""
        return wire.counters(
            trains=self.train.trains,
            total_pulses=self.total_pulses - self.uncounted,
            sequence_pulses=self.sequence_pulses,
            page=self.page,
        )
