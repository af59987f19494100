"""Movella (Xsens) DOT: payloads and control values of its Bluetooth services. No I/O; little endian.

By the vendor's BLE services specification as public programs use it. Every payload begins with the sample's time in
microseconds (uint32, wraps after 71.6 min); floats follow. A payload fills one notification: nothing is ever cut.
"""

import struct
from dataclasses import dataclass

BASE = "1517{:04x}-4947-11e9-8646-d663bd873d93"
DEVICE_CONTROL, MEASURE_CONTROL = BASE.format(0x1002), BASE.format(0x2001)
LONG_PAYLOAD, MEDIUM_PAYLOAD, SHORT_PAYLOAD = (BASE.format(short) for short in (0x2002, 0x2003, 0x2004))
BATTERY = BASE.format(0x3001)
RATES_HZ = (1, 4, 10, 12, 15, 20, 30, 60)
RATE_VISITED = 0x10
CONTROL_BYTES = 32
RATE_AT = 24
"""Where the rate (uint16 Hz) lies in the 32 bytes of device control: recalled, confirmed by reading it back."""
QUATERNION, RATE, CUSTOM_5 = 5, 21, 26
PAYLOADS = {QUATERNION: SHORT_PAYLOAD, RATE: MEDIUM_PAYLOAD, CUSTOM_5: LONG_PAYLOAD}
"""The characteristic that carries each payload mode. Mode 20 has a magnetometer of unpublished scale: not read."""
_LEAST_BYTES = {QUATERNION: 20, RATE: 28, CUSTOM_5: 44}
GREATEST_ACCEL_M_S2, GREATEST_TURN_DEG_S = 170.0, 2100.0
"""Beyond the sensor's own 16 g and 2000 degrees per second: no sample."""
Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class DotSample:
    """One sample; None: not in this payload mode."""

    micros: int
    accel_m_s2: Vector | None = None
    turn_deg_s: Vector | None = None
    quaternion: tuple[float, float, float, float] | None = None


def parse(mode: int, data: bytes) -> DotSample | None:
    """One notification's payload in `mode`; None where it is no such payload."""
    if mode not in _LEAST_BYTES or len(data) < _LEAST_BYTES[mode]:
        return None
    micros = int.from_bytes(data[:4], "little")
    if mode == QUATERNION:
        w, x, y, z = struct.unpack_from("<4f", data, 4)
        return DotSample(micros, quaternion=(w, x, y, z)) if _within((w, x, y, z), 1.01) else None
    accel: Vector = struct.unpack_from("<3f", data, 20 if mode == CUSTOM_5 else 4)
    turn: Vector = struct.unpack_from("<3f", data, 32 if mode == CUSTOM_5 else 16)
    if not (_within(accel, GREATEST_ACCEL_M_S2) and _within(turn, GREATEST_TURN_DEG_S)):
        return None
    if mode == CUSTOM_5:
        return DotSample(micros, accel, turn, quaternion=struct.unpack_from("<4f", data, 4))
    return DotSample(micros, accel, turn)


def _within(values: tuple[float, ...], greatest: float) -> bool:
    """Whether all are numbers of at most this size; not-a-number is not."""
    return all(abs(value) <= greatest for value in values)


def start(mode: int) -> bytes:
    """Measurement control: stream payload `mode`."""
    return bytes((0x01, 0x01, mode))


def stop(mode: int) -> bytes:
    """Measurement control: stop."""
    return bytes((0x01, 0x00, mode))


def set_rate(rate_hz: int) -> bytes:
    """Device control: the output rate; raises ValueError for one it does not stream at."""
    if rate_hz not in RATES_HZ:
        raise ValueError(f"a DOT streams at {', '.join(map(str, RATES_HZ))} Hz, not at {rate_hz}")
    control = bytearray(CONTROL_BYTES)
    control[0] = RATE_VISITED
    struct.pack_into("<H", control, RATE_AT, rate_hz)
    return bytes(control)


def rate_of(control: bytes) -> int | None:
    """The output rate (Hz) that device control tells, None where it is cut short."""
    return int.from_bytes(control[RATE_AT : RATE_AT + 2], "little") if len(control) >= RATE_AT + 2 else None


def battery(value: bytes) -> tuple[int, bool] | None:
    """Percent, and whether it is charging."""
    return (value[0], bool(value[1])) if len(value) >= 2 and value[0] <= 100 else None
