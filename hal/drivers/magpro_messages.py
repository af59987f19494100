"""MagPro messages (device to host) and commands (host to device), as bodies of frames.

Each message class declares its layout once; `decode` and `encode` both follow it. Where only one public driver knows
a message (delays, timing page, counters: xiangruili's), the class says so: a lead, not a fact.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple

from hal.drivers.magpro_codec import Flags


class Part(NamedTuple):
    """One field of a body: its name ("" for bytes nobody knows), width in bytes, type and sign; big-endian."""

    name: str
    width: int = 1
    make: Callable[[int], Any] = int
    signed: bool = False


_FLAGS = Part("flags", 1, Flags)
_STATUS = (
    _FLAGS,
    Part("serial_number", 3),
    Part("temperature_c"),
    Part("coil_type"),
    Part("amplitude_a"),
    Part("amplitude_b"),
)


@dataclass(frozen=True, slots=True)
class ShortStatus:
    """00: who and how the device is; temperature in C, amplitudes in % of maximum output."""

    HEAD: ClassVar[bytes] = b"\x00"
    LAYOUT: ClassVar[tuple[Part, ...]] = _STATUS
    flags: Flags
    serial_number: int
    temperature_c: int
    coil_type: int
    amplitude_a: int
    amplitude_b: int


@dataclass(frozen=True, slots=True)
class AmplitudeReport:
    """01: amplitude changed, by dial or command (%)."""

    HEAD: ClassVar[bytes] = b"\x01"
    LAYOUT: ClassVar[tuple[Part, ...]] = (Part("amplitude_a"), Part("amplitude_b"), _FLAGS)
    amplitude_a: int
    amplitude_b: int
    flags: Flags


@dataclass(frozen=True, slots=True)
class PulseReport:
    """02: one pulse is out, whoever triggered it; realised di/dt in A/us, 0 when there was none."""

    HEAD: ClassVar[bytes] = b"\x02"
    LAYOUT: ClassVar[tuple[Part, ...]] = (Part("di_dt_a_us"), Part("di_dt_b_us"), _FLAGS)
    di_dt_a_us: int
    di_dt_b_us: int
    flags: Flags


@dataclass(frozen=True, slots=True)
class CoilReport:
    """03: coil temperature (C) or type changed."""

    HEAD: ClassVar[bytes] = b"\x03"
    LAYOUT: ClassVar[tuple[Part, ...]] = (Part("temperature_c"), Part("coil_type"), _FLAGS)
    temperature_c: int
    coil_type: int
    flags: Flags


@dataclass(frozen=True, slots=True)
class MepReport:
    """04: the device's own EMG module: extremes in uV (the minimum taken as signed), time of the maximum in us."""

    HEAD: ClassVar[bytes] = b"\x04"
    LAYOUT: ClassVar[tuple[Part, ...]] = (
        Part("max_uv", 4, signed=True),
        Part("min_uv", 4, signed=True),
        Part("max_time_us", 4),
    )
    max_uv: int
    min_uv: int
    max_time_us: int


@dataclass(frozen=True, slots=True)
class LongStatus:
    """05: the short status and, behind it, protocol amplitudes (%), factors (%), page shown and train running."""

    HEAD: ClassVar[bytes] = b"\x05"
    LAYOUT: ClassVar[tuple[Part, ...]] = (
        *_STATUS,
        Part("original_a"),
        Part("original_b"),
        Part("factor_a"),
        Part("factor_b"),
        Part("page"),
        Part("running", make=bool),
    )
    flags: Flags
    serial_number: int
    temperature_c: int
    coil_type: int
    amplitude_a: int
    amplitude_b: int
    original_a: int
    original_b: int
    factor_a: int
    factor_b: int
    page: int
    running: bool


@dataclass(frozen=True, slots=True)
class OriginalReport:
    """06: original amplitude changed on the Protocol page (%)."""

    HEAD: ClassVar[bytes] = b"\x06"
    LAYOUT: ClassVar[tuple[Part, ...]] = (Part("original_a"), Part("original_b"), _FLAGS)
    original_a: int
    original_b: int
    flags: Flags


@dataclass(frozen=True, slots=True)
class FactorReport:
    """07: amplitude factor changed on the Protocol page (%)."""

    HEAD: ClassVar[bytes] = b"\x07"
    LAYOUT: ClassVar[tuple[Part, ...]] = (Part("factor_a"), Part("factor_b"), _FLAGS)
    factor_a: int
    factor_b: int
    flags: Flags


@dataclass(frozen=True, slots=True)
class PageReport:
    """08: page changed, or a train started or ended."""

    HEAD: ClassVar[bytes] = b"\x08"
    LAYOUT: ClassVar[tuple[Part, ...]] = (Part("page"), Part("running", make=bool), _FLAGS)
    page: int
    running: bool
    flags: Flags


@dataclass(frozen=True, slots=True)
class WaveformReport:
    """09: waveform block. Burst pulses are coded 5 - pulses, the interval is an index (`burst_interval_ms`)."""

    HEAD: ClassVar[bytes] = b"\x09\x00"
    LAYOUT: ClassVar[tuple[Part, ...]] = (
        Part("model"),
        Part("mode"),
        Part("direction"),
        Part("waveform"),
        Part("burst_code"),
        Part("interval_low"),
        Part("interval_high"),
        Part("ratio_index"),
    )
    model: int
    mode: int
    direction: int
    waveform: int
    burst_code: int
    interval_low: int
    interval_high: int
    ratio_index: int

    @property
    def burst_pulses(self) -> int:
        """Pulses in a burst."""
        return 5 - self.burst_code

    @property
    def burst_interval_ms(self) -> float | None:
        """Time between pulses of a burst (ms); None where the index is outside the public table."""
        index = self.interval_low | self.interval_high << 8
        if index <= 80:
            return float(100 - index)
        if index <= 100:
            return 20 - (index - 80) / 2
        return round(10 - (index - 100) / 10, 1) if index <= 195 else None


@dataclass(frozen=True, slots=True)
class DelaysReport:
    """0A: trigger delays in and out (tenths of ms), charge delay (ms). One public driver only."""

    HEAD: ClassVar[bytes] = b"\x0a\x00"
    LAYOUT: ClassVar[tuple[Part, ...]] = (
        Part("in_tenth_ms", 2),
        Part("out_tenth_ms", 2, signed=True),
        Part("charge_ms", 2),
    )
    in_tenth_ms: int
    out_tenth_ms: int
    charge_ms: int


@dataclass(frozen=True, slots=True)
class TimingReport:
    """0B: timing page: rate (tenths of Hz), pulses, trains, inter-train interval (tenths of s). One driver only."""

    HEAD: ClassVar[bytes] = b"\x0b\x00"
    LAYOUT: ClassVar[tuple[Part, ...]] = (
        Part("control"),
        Part("rate_tenth_hz", 2),
        Part("pulses", 2),
        Part("trains", 2),
        Part("inter_train_tenth_s", 2),
        Part("beep"),
        Part("ramp_up_pct"),
        Part("ramp_trains"),
    )
    control: int
    rate_tenth_hz: int
    pulses: int
    trains: int
    inter_train_tenth_s: int
    beep: int
    ramp_up_pct: int
    ramp_trains: int


@dataclass(frozen=True, slots=True)
class CounterReport:
    """0C: trains, pulses since ever, pulses counted, page. One public driver only, with gaps it could not explain."""

    HEAD: ClassVar[bytes] = b"\x0c\x00"
    LAYOUT: ClassVar[tuple[Part, ...]] = (
        Part("trains", 2),
        Part(""),
        Part("total_pulses", 3),
        Part(""),
        Part("pulse_count", 2),
        Part("", 2),
        Part("page"),
    )
    trains: int
    total_pulses: int
    pulse_count: int
    page: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """A valid frame that no public driver can read: logged and skipped, never an error."""

    body: bytes


Message = (
    ShortStatus
    | AmplitudeReport
    | PulseReport
    | CoilReport
    | MepReport
    | LongStatus
    | OriginalReport
    | FactorReport
    | PageReport
    | WaveformReport
    | DelaysReport
    | TimingReport
    | CounterReport
)
_BY_ID: dict[int, type[Message]] = {
    kind.HEAD[0]: kind
    for kind in (
        ShortStatus,
        AmplitudeReport,
        PulseReport,
        CoilReport,
        MepReport,
        LongStatus,
        OriginalReport,
        FactorReport,
        PageReport,
        WaveformReport,
        DelaysReport,
        TimingReport,
        CounterReport,
    )
}


def _values(layout: tuple[Part, ...], payload: bytes) -> Iterator[Any]:
    at = 0
    for part in layout:
        raw = int.from_bytes(payload[at : at + part.width], "big", signed=part.signed)
        at += part.width
        if part.name:
            yield part.make(raw)


def decode(body: bytes) -> Message | Unknown:
    """The message in `body`; `Unknown` for an unknown id, another sub-id or a body too short. Never raises.

    Bytes behind the known layout are ignored: newer firmware may append.
    """
    kind = _BY_ID.get(body[0]) if body else None
    if kind is None or not body.startswith(kind.HEAD):
        return Unknown(body)
    payload = body[len(kind.HEAD) :]
    if len(payload) < sum(part.width for part in kind.LAYOUT):
        return Unknown(body)
    return kind(*_values(kind.LAYOUT, payload))


def encode(message: Message) -> bytes:
    """The body of `message`, bytes nobody knows as 0; raises OverflowError for a value that does not fit."""
    values = iter([getattr(message, field.name) for field in fields(message)])
    parts = (
        int(next(values) if part.name else 0).to_bytes(part.width, "big", signed=part.signed) for part in message.LAYOUT
    )
    return message.HEAD + b"".join(parts)


# commands, host to device

SHORT_STATUS = b"\x00"
ENABLE = b"\x02\x01"
DISABLE = b"\x02\x00"
START_TRAIN = b"\x04"
LONG_STATUS = b"\x05"
READ_WAVEFORM = b"\x09" + bytes(10)
READ_DELAYS = b"\x0a\x00"
READ_TIMING = b"\x0b\x00"
READ_COUNTERS = b"\x0c\x00"
FIRE_VARIANTS = {"03": b"\x03", "03 01": b"\x03\x01"}


def set_amplitude(a_pct: int, b_pct: int = 0) -> bytes:
    """01: amplitudes A and B, 0..100 % of maximum output."""
    return bytes((0x01, a_pct, b_pct))


def set_train(rate_tenth_hz: int, pulses: int, trains: int, inter_train_tenth_s: int) -> bytes:
    """06: train parameters; the device takes them only on the Timing page and does not acknowledge."""
    return b"\x06" + b"".join(
        value.to_bytes(2, "big") for value in (rate_tenth_hz, pulses, trains, inter_train_tenth_s)
    )


def show_page(page: int) -> bytes:
    """07: show a page (1, 2, 3, 4 or 7)."""
    return bytes((0x07, page, 0x00))


def set_waveform(
    *, model: int, mode: int, direction: int, waveform: int, burst_pulses: int, interval_ms: float, ratio: float
) -> bytes:
    """09 01: waveform block. Not acknowledged: wait 0.3 s, then read back. `model` is the one from status."""
    return (
        bytes((0x09, 0x01, model, mode, direction, waveform, 5 - burst_pulses))
        + round(interval_ms * 10).to_bytes(2, "big")
        + round(ratio * 100).to_bytes(2, "big")
    )
