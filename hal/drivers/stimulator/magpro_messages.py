"""MagPro messages, device to host, as bodies of frames.

Each message declares its fields once, in the order of the bytes; `decode` and `encode` follow them. Where only one
public driver knows a message (delays, timing page, counters: xiangruili's), the class says so: a lead, not a fact.
"""

# ruff: noqa: RUF009 - part() is dataclasses.field() with metadata

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple, get_args

from hal.drivers.stimulator.magpro_codec import BURST_INTERVALS_MS, Flags


class Part(NamedTuple):
    """How a field stands in a body: bytes, type, sign (big-endian), and how many unexplained bytes precede it."""

    width: int
    make: Callable[[int], Any]
    signed: bool
    skip: int


def part(width: int = 1, *, make: Callable[[int], Any] = int, signed: bool = False, skip: int = 0) -> Any:
    """A field of a message."""
    return field(metadata={"part": Part(width, make, signed, skip)})


def layout(kind: "type[Message]") -> dict[str, Part]:
    """The fields of a message class and how they stand in its body."""
    return {each.name: each.metadata["part"] for each in fields(kind)}


@dataclass(frozen=True, slots=True)
class ShortStatus:
    """00: who and how the device is; temperature in C, amplitudes in % of maximum output."""

    HEAD: ClassVar[bytes] = b"\x00"
    flags: Flags = part(make=Flags)
    serial_number: int = part(3)
    temperature_c: int = part()
    coil_type: int = part()
    amplitude_a: int = part()
    amplitude_b: int = part()


@dataclass(frozen=True, slots=True)
class AmplitudeReport:
    """01: amplitude changed, by dial or command (%)."""

    HEAD: ClassVar[bytes] = b"\x01"
    amplitude_a: int = part()
    amplitude_b: int = part()
    flags: Flags = part(make=Flags)


@dataclass(frozen=True, slots=True)
class PulseReport:
    """02: one pulse is out, whoever triggered it; realised di/dt in A/us, 0 when there was none."""

    HEAD: ClassVar[bytes] = b"\x02"
    di_dt_a_us: int = part()
    di_dt_b_us: int = part()
    flags: Flags = part(make=Flags)


@dataclass(frozen=True, slots=True)
class CoilReport:
    """03: coil temperature (C) or type changed."""

    HEAD: ClassVar[bytes] = b"\x03"
    temperature_c: int = part()
    coil_type: int = part()
    flags: Flags = part(make=Flags)


@dataclass(frozen=True, slots=True)
class MepReport:
    """04: the device's own EMG module: extremes in uV (the minimum taken as signed), time of the maximum in us."""

    HEAD: ClassVar[bytes] = b"\x04"
    max_uv: int = part(4, signed=True)
    min_uv: int = part(4, signed=True)
    max_time_us: int = part(4)


@dataclass(frozen=True, slots=True)
class LongStatus(ShortStatus):
    """05: the short status and, behind it, protocol amplitudes (%), factors (%), page shown and train running."""

    HEAD: ClassVar[bytes] = b"\x05"
    original_a: int = part()
    original_b: int = part()
    factor_a: int = part()
    factor_b: int = part()
    page: int = part()
    running: bool = part(make=bool)


@dataclass(frozen=True, slots=True)
class OriginalReport:
    """06: original amplitude changed on the Protocol page (%)."""

    HEAD: ClassVar[bytes] = b"\x06"
    original_a: int = part()
    original_b: int = part()
    flags: Flags = part(make=Flags)


@dataclass(frozen=True, slots=True)
class FactorReport:
    """07: amplitude factor changed on the Protocol page (%)."""

    HEAD: ClassVar[bytes] = b"\x07"
    factor_a: int = part()
    factor_b: int = part()
    flags: Flags = part(make=Flags)


@dataclass(frozen=True, slots=True)
class PageReport:
    """08: page changed, or a train started or ended."""

    HEAD: ClassVar[bytes] = b"\x08"
    page: int = part()
    running: bool = part(make=bool)
    flags: Flags = part(make=Flags)


@dataclass(frozen=True, slots=True)
class WaveformReport:
    """09: waveform block. Burst pulses are coded 5 - pulses, the interval is an index (`burst_interval_ms`)."""

    HEAD: ClassVar[bytes] = b"\x09\x00"
    model: int = part()
    mode: int = part()
    direction: int = part()
    waveform: int = part()
    burst_code: int = part()
    interval_low: int = part()
    interval_high: int = part()
    ratio_index: int = part()

    @property
    def burst_pulses(self) -> int:
        """Pulses in a burst."""
        return 5 - self.burst_code

    @property
    def burst_interval_ms(self) -> float | None:
        """Time between pulses of a burst (ms); None where the index is outside the public table."""
        index = self.interval_low | self.interval_high << 8
        return BURST_INTERVALS_MS[index] if index < len(BURST_INTERVALS_MS) else None


@dataclass(frozen=True, slots=True)
class DelaysReport:
    """0A: trigger delays in and out (tenths of ms), charge delay (ms). One public driver only."""

    HEAD: ClassVar[bytes] = b"\x0a\x00"
    in_tenth_ms: int = part(2)
    out_tenth_ms: int = part(2, signed=True)
    charge_ms: int = part(2)


@dataclass(frozen=True, slots=True)
class TimingReport:
    """0B: timing page: rate (tenths of Hz), pulses, trains, inter-train interval (tenths of s). One driver only."""

    HEAD: ClassVar[bytes] = b"\x0b\x00"
    control: int = part()
    rate_tenth_hz: int = part(2)
    pulses: int = part(2)
    trains: int = part(2)
    inter_train_tenth_s: int = part(2)
    beep: int = part()
    ramp_up_pct: int = part()
    ramp_trains: int = part()


@dataclass(frozen=True, slots=True)
class CounterReport:
    """0C: trains, pulses since ever, pulses counted, page. One public driver only, with gaps it could not explain."""

    HEAD: ClassVar[bytes] = b"\x0c\x00"
    trains: int = part(2)
    total_pulses: int = part(3, skip=1)
    pulse_count: int = part(2, skip=1)
    page: int = part(skip=2)


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
_BY_ID: dict[int, type[Message]] = {kind.HEAD[0]: kind for kind in get_args(Message)}


def decode(body: bytes) -> Message | Unknown:
    """The message in `body`; `Unknown` for an unknown id, another sub-id or a body too short. Never raises.

    Bytes behind the known layout are ignored: newer firmware may append.
    """
    kind = _BY_ID.get(body[0]) if body else None
    if kind is None or not body.startswith(kind.HEAD):
        return Unknown(body)
    values: dict[str, Any] = {}
    at = len(kind.HEAD)
    for name, (width, make, signed, skip) in layout(kind).items():
        raw = body[at + skip : at + skip + width]
        if len(raw) < width:
            return Unknown(body)
        values[name] = make(int.from_bytes(raw, "big", signed=signed))
        at += skip + width
    return kind(**values)


def encode(message: Message) -> bytes:
    """The body of `message`, unexplained bytes as 0; raises OverflowError for a value that does not fit."""
    body = message.HEAD
    for name, (width, _, signed, skip) in layout(type(message)).items():
        body += bytes(skip) + int(getattr(message, name)).to_bytes(width, "big", signed=signed)
    return body
