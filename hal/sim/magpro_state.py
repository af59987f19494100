"""What a MagPro shows on its screen, and the messages in which it tells it.

Offsets, scales and enumerations as read from the public drivers (MAGIC, magicpy, Koponen's MagProController,
xiangruili's TMS, NeuroSimo); written apart from our own driver's parser, so that the two check each other.
"""

from dataclasses import dataclass, field

from hal.drivers.magpro_codec import Flags, Mode, Model, Page, Waveform

SETTABLE_PAGES = (Page.MAIN, Page.TIMING, Page.TRIGGER, Page.CONFIGURE, Page.PROTOCOL)
GARBAGE_MODEL = 88
"""What an R30 puts where message 09 should carry the model."""
SLOPE_A_US_PER_PCT = 1.6
"""Current slope per percent of output, chosen inside the 0..199 A/us that message 02 carries."""


def _steps(*spans: tuple[float, float, float]) -> tuple[float, ...]:
    values: list[float] = []
    for high, low, step in spans:
        count = round((high - low) / step)
        values += [round(high - i * step, 1) for i in range(count)]
    return (*values, spans[-1][1])


BURST_IPI_MS = _steps((100, 20, 1), (20, 10, 0.5), (10, 0.5, 0.1))
PAIR_IPI_MS = _steps((3000, 1000, 100), (1000, 500, 50), (500, 100, 10), (100, 20, 1), (20, 10, 0.5), (10, 1, 0.1))
MAX_RATE_HZ: dict[int, float] = {Model.R30: 30.0, Model.R30_OPTION: 30.0, Model.R30_OPTION_MONO: 30.0}


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

    model: int = Model.X100_OPTION
    serial_number: int = 0x01FE2A
    coil_type: int = 60
    shown_c: int = 24
    enabled: bool = False
    amplitude_a: int = 0
    amplitude_b: int = 0
    page: int = Page.MAIN
    running: bool = False
    mode: int = Mode.STANDARD
    direction: int = 0
    waveform: int = Waveform.BIPHASIC
    burst_code: int = 3
    ipi_ms: float = 20.0
    ratio_b_a: float = 1.0
    delays: bytes = bytes(6)
    timing_control: int = 0
    train: TrainSettings = field(default_factory=TrainSettings)
    total_pulses: int = 0
    sequence_pulses: int = 0
    uncounted: int = 0

    @property
    def flags(self) -> int:
        """The flags byte of every message."""
        return Flags.of(mode=self.mode, waveform=self.waveform, enabled=self.enabled, model=self.model)

    @property
    def pulses_per_trigger(self) -> int:
        """How many pulses one trigger releases: a burst, or one."""
        return 5 - self.burst_code if self.waveform == Waveform.BIPHASIC_BURST else 1

    def short_status(self) -> bytes:
        """Message 00."""
        return bytes((0x00, self.flags)) + self._identity()

    def long_status(self) -> bytes:
        """Message 05: as 00, then original amplitudes, factors, page, running."""
        protocol = bytes((self.amplitude_a, self.amplitude_b, 100, 100))
        return bytes((0x05, self.flags)) + self._identity() + protocol + bytes((self.page, self.running))

    def amplitude(self) -> bytes:
        """Message 01."""
        return bytes((0x01, self.amplitude_a, self.amplitude_b, self.flags))

    def pulse(self, slope_a_us: int) -> bytes:
        """Message 02."""
        return bytes((0x02, slope_a_us, 0, self.flags))

    def coil(self) -> bytes:
        """Message 03."""
        return bytes((0x03, self.shown_c, self.coil_type, self.flags))

    def page_and_running(self) -> bytes:
        """Message 08."""
        return bytes((0x08, self.page, self.running, self.flags))

    def waveform_block(self) -> bytes:
        """Message 09: interval as an index, low byte first; the ratio as an index too."""
        model = GARBAGE_MODEL if self.model == Model.R30 else self.model
        table = BURST_IPI_MS if self.waveform == Waveform.BIPHASIC_BURST else PAIR_IPI_MS
        index = min(range(len(table)), key=lambda i: abs(table[i] - self.ipi_ms))
        ratio = round((5 - self.ratio_b_a) / 0.05) if self.mode == Mode.TWIN else 100 - self.amplitude_b
        head = bytes((0x09, 0x00, model, self.mode, self.direction, self.waveform, self.burst_code))
        return head + index.to_bytes(2, "little") + bytes((max(0, min(255, ratio)),))

    def delay_settings(self) -> bytes:
        """Message 0A."""
        return b"\x0a\x00" + self.delays

    def timing(self) -> bytes:
        """Message 0B."""
        return b"\x0b\x00" + bytes((self.timing_control,)) + train_bytes(self.train) + bytes((0, 100, 1))

    def counters(self) -> bytes:
        """Message 0C: trains, all pulses since power-on, pulses of this sequence, page; the rest is unknown."""
        body = bytearray(14)
        body[0] = 0x0C
        body[2:4] = self.train.trains.to_bytes(2, "big")
        body[5:8] = ((self.total_pulses - self.uncounted) % (1 << 24)).to_bytes(3, "big")
        body[9:11] = (self.sequence_pulses % (1 << 16)).to_bytes(2, "big")
        body[13] = self.page
        return bytes(body)

    def _identity(self) -> bytes:
        serial = self.serial_number.to_bytes(3, "big")
        return serial + bytes((self.shown_c, self.coil_type, self.amplitude_a, self.amplitude_b))


def train_bytes(train: TrainSettings) -> bytes:
    """Rate times ten, pulses, trains, inter-train time times ten: 16 bit each, high byte first."""
    numbers = (round(train.rate_hz * 10), train.pulses, train.trains, round(train.inter_train_s * 10))
    return b"".join(number.to_bytes(2, "big") for number in numbers)


def train_from_bytes(data: bytes) -> TrainSettings:
    """The reverse of `train_bytes`; takes the first eight bytes."""
    rate, pulses, trains, inter_train = (int.from_bytes(data[i : i + 2], "big") for i in (0, 2, 4, 6))
    return TrainSettings(rate / 10, pulses, trains, inter_train / 10)
