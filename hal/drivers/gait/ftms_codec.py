"""The Bluetooth Fitness Machine Service of treadmills: what its characteristics carry. No I/O; all little endian.

Treadmill Data is a 16-bit flag field and then those fields whose bit is set, in the order of the bits; bit 0 is the
other way round: 0 says that the speed is there, 1 that more data follow in another packet. Pace exists in two widths in
the field (uint16 s per 500 m in the present description, uint8 0.1 km/min in version 1.0), which no flag tells apart.
"""

import struct
from dataclasses import dataclass, field, fields, replace
from enum import IntEnum
from typing import Literal

Pace = Literal["uint16", "uint8"]


def uuid(short: int) -> str:
    """The full UUID of a 16-bit one that Bluetooth assigned."""
    return f"0000{short:04x}-0000-1000-8000-00805f9b34fb"


SERVICE = uuid(0x1826)
FEATURES = uuid(0x2ACC)
TREADMILL_DATA = uuid(0x2ACD)
TRAINING_STATUS = uuid(0x2AD3)
SPEED_RANGE = uuid(0x2AD4)
INCLINATION_RANGE = uuid(0x2AD5)
CONTROL_POINT = uuid(0x2AD9)
MACHINE_STATUS = uuid(0x2ADA)

# Treadmill Data

MORE_DATA = 0x0001
KNOWN_FLAGS = 0x1FFF
MERGE_S = 1.0
"""Packets of one account that are farther apart (s) do not belong together."""
MOST_TAIL_BYTES = 512
"""No attribute is longer: an account with more behind its standard fields never ends, and would be kept for ever."""


@dataclass(frozen=True, slots=True)
class TreadmillData:
    """One account of the machine; None: not in it, or the machine says that it does not know.

    `pace` is in s/500 m for the uint16 form and km/min for the uint8 form. `tail` holds what follows the standard
    fields, such as a vendor's step count.
    """

    speed_kmh: float | None = None
    average_speed_kmh: float | None = None
    distance_m: int | None = None
    inclination_pct: float | None = None
    ramp_angle_deg: float | None = None
    gain_up_m: float | None = None
    gain_down_m: float | None = None
    pace: float | None = None
    average_pace: float | None = None
    energy_kcal: int | None = None
    energy_kcal_h: int | None = None
    energy_kcal_min: int | None = None
    heart_rate_bpm: int | None = None
    metabolic_equivalent: float | None = None
    elapsed_s: int | None = None
    remaining_s: int | None = None
    belt_force_n: int | None = None
    power_w: int | None = None
    more: bool = False
    flags: int = 0
    tail: bytes = field(default=b"")


Value = tuple[str, str, float, int | None]
"""A field's name, its form ("3" is a uint24), what one count is worth, and the count for "unknown"."""
_FIELDS: tuple[tuple[int, tuple[Value, ...]], ...] = (
    (1, (("average_speed_kmh", "H", 0.01, None),)),
    (2, (("distance_m", "3", 1, None),)),
    (3, (("inclination_pct", "h", 0.1, 0x7FFF), ("ramp_angle_deg", "h", 0.1, 0x7FFF))),
    (4, (("gain_up_m", "H", 0.1, None), ("gain_down_m", "H", 0.1, None))),
    (5, (("pace", "P", 1, None),)),
    (6, (("average_pace", "P", 1, None),)),
    (
        7,
        (
            ("energy_kcal", "H", 1, 0xFFFF),
            ("energy_kcal_h", "H", 1, 0xFFFF),
            ("energy_kcal_min", "B", 1, 0xFF),
        ),
    ),
    (8, (("heart_rate_bpm", "B", 1, None),)),
    (9, (("metabolic_equivalent", "B", 0.1, None),)),
    (10, (("elapsed_s", "H", 1, None),)),
    (11, (("remaining_s", "H", 1, None),)),
    (12, (("belt_force_n", "h", 1, 0x7FFF), ("power_w", "h", 1, 0x7FFF))),
)
_SPEED: Value = ("speed_kmh", "H", 0.01, None)
_PACES: dict[Pace, tuple[str, float]] = {"uint16": ("H", 1), "uint8": ("B", 0.1)}


def decode_treadmill_data(data: bytes, pace: Pace = "uint16") -> TreadmillData | None:
    """One packet; None where it ends inside a field, or brings bytes that no flag announces."""
    if len(data) < 2:
        return None
    flags = int.from_bytes(data[:2], "little")
    present = [value for bit, values in _FIELDS if flags >> bit & 1 for value in values]
    if not flags & MORE_DATA:
        present.insert(0, _SPEED)
    found: dict[str, float | None] = {}
    at = 2
    for name, form, worth, unknown in present:
        code, worth_ = _PACES[pace] if form == "P" else (form, worth)
        count, size = _read(code, data, at)
        if count is None:
            return None
        at += size
        found[name] = None if count == unknown else count if worth_ == 1 else round(count * worth_, 2)
    if at < len(data) and not flags & ~KNOWN_FLAGS:
        return None
    return replace(TreadmillData(more=bool(flags & MORE_DATA), flags=flags, tail=data[at:]), **found)  # type: ignore[arg-type]


def _read(form: str, data: bytes, at: int) -> tuple[int | None, int]:
    size = 3 if form == "3" else struct.calcsize(form)
    if at + size > len(data):
        return None, size
    if form == "3":
        return int.from_bytes(data[at : at + 3], "little"), size
    return int(struct.unpack_from(f"<{form}", data, at)[0]), size


class TreadmillParser:
    """Notifications of Treadmill Data, to whole accounts: packets that announce more data wait for the rest.

    `dropped` counts packets that make no sense and halves whose other half never came.
    """

    def __init__(self, pace: Pace = "uint16") -> None:
        self._pace: Pace = pace
        self._waiting: TreadmillData | None = None
        self._waiting_s = 0.0
        self.dropped = 0

    def feed(self, data: bytes, at_s: float = 0.0) -> list[TreadmillData]:
        """Take one notification that came at `at_s`; return the account it completes, if it does. Never raises."""
        packet = decode_treadmill_data(data, self._pace)
        if packet is None:
            self.dropped += 1
            return []
        if self._waiting is not None and at_s - self._waiting_s > MERGE_S:
            self.dropped += 1
            self._waiting = None
        whole = packet if self._waiting is None else _merged(self._waiting, packet)
        self._waiting = None
        if len(whole.tail) > MOST_TAIL_BYTES:
            self.dropped += 1
        elif packet.more:
            self._waiting, self._waiting_s = whole, at_s
        else:
            return [whole]
        return []

    def reset(self) -> None:
        """Forget a half account: the link was opened anew."""
        self._waiting = None


def _merged(first: TreadmillData, last: TreadmillData) -> TreadmillData:
    told = {item.name: getattr(last, item.name) for item in fields(last) if getattr(last, item.name) is not None}
    flags, tail = (first.flags | last.flags) & ~MORE_DATA, first.tail + last.tail
    return replace(first, **(told | {"more": last.more, "flags": flags | (last.flags & MORE_DATA), "tail": tail}))


# Control point


class Request(IntEnum):
    """What is ever asked of the machine."""

    REQUEST_CONTROL = 0x00
    SET_SPEED = 0x02
    START = 0x07
    STOP = 0x08


class Result(IntEnum):
    """How the machine answers."""

    OK = 0x01
    NOT_SUPPORTED = 0x02
    INVALID_PARAMETER = 0x03
    FAILED = 0x04
    NOT_PERMITTED = 0x05


REQUEST_CONTROL = b"\x00"
START = b"\x07"
STOP = b"\x08\x01"
PAUSE = b"\x08\x02"
RESPONSE = 0x80


@dataclass(frozen=True, slots=True)
class Response:
    """The machine's answer to `request`; `result` as in `Result`, or another number."""

    request: int
    result: int

    @property
    def words(self) -> str:
        """The result in words."""
        known = self.result in tuple(Result)
        return Result(self.result).name.lower().replace("_", " ") if known else f"result {self.result}"


def encode_set_speed(speed_kmh: float) -> bytes:
    """Set the target speed, in hundredths of km/h; raises ValueError for one that does not fit."""
    hundredths = round(speed_kmh * 100)
    if not 0 <= hundredths <= 0xFFFF:
        raise ValueError(f"{speed_kmh} km/h does not fit into 16 bits of 0.01 km/h")
    return bytes((Request.SET_SPEED,)) + hundredths.to_bytes(2, "little")


def decode_response(data: bytes) -> Response | None:
    """An indication of the control point; None for anything else."""
    return Response(data[1], data[2]) if len(data) >= 3 and data[0] == RESPONSE else None


# Machine status

Happened = Literal["reset", "stopped", "paused", "safety_key", "started", "new_speed", "control_lost", "other"]


@dataclass(frozen=True, slots=True)
class MachineStatus:
    """Something happened at the machine; `speed_kmh` goes with "new_speed"."""

    what: Happened
    code: int
    speed_kmh: float | None = None


_HAPPENED: dict[int, Happened] = {0x01: "reset", 0x03: "safety_key", 0x04: "started", 0xFF: "control_lost"}


def decode_status(data: bytes) -> MachineStatus | None:
    """A notification of Machine Status; None for an empty one or one cut short."""
    if not data:
        return None
    code, body = data[0], data[1:]
    if code == 0x02:
        return MachineStatus("paused" if body[0] == 0x02 else "stopped", code) if body else None
    if code == 0x05:
        return MachineStatus("new_speed", code, int.from_bytes(body[:2], "little") / 100) if len(body) >= 2 else None
    return MachineStatus(_HAPPENED.get(code, "other"), code)


# What the machine can do


@dataclass(frozen=True, slots=True)
class SpeedRange:
    """The machine's own legal speeds: `minimum_kmh` and multiples of `step_kmh` above it."""

    minimum_kmh: float
    maximum_kmh: float
    step_kmh: float

    def nearest(self, speed_kmh: float) -> float:
        """The legal speed nearest to `speed_kmh` that is not faster, but at least the slowest."""
        low, high, step = (round(value * 100) for value in (self.minimum_kmh, self.maximum_kmh, self.step_kmh))
        wanted = min(max(round(speed_kmh * 100), low), high)
        return (low + (wanted - low) // max(step, 1) * max(step, 1)) / 100


def decode_speed_range(data: bytes) -> SpeedRange | None:
    """Supported Speed Range; None where it is cut short or contradicts itself."""
    if len(data) < 6:
        return None
    low, high, step = struct.unpack_from("<HHH", data)
    return SpeedRange(low / 100, high / 100, step / 100) if low <= high and step > 0 else None


@dataclass(frozen=True, slots=True)
class Features:
    """Fitness Machine Feature: two bit fields, kept as they are; `sets_speed` is the target bit for speed."""

    machine: int
    targets: int

    @property
    def sets_speed(self) -> bool:
        """Whether a target speed can be set."""
        return bool(self.targets & 1)


def decode_features(data: bytes) -> Features | None:
    """The 8 bytes of the features; None where they are fewer."""
    return Features(*struct.unpack_from("<II", data)) if len(data) >= 8 else None
