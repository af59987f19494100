"""How simulated inertial sensors put their samples into bytes; written from the protocols, apart from the drivers."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from hal.sim.motion.imu_motion import Felt

Counts = NDArray[np.int16]
FULL_ACCEL_M_S2 = 16 * 9.80665
FULL_TURN_RAD_S = np.deg2rad(2000.0)


def counts(felt: Felt, *, field_ut_per_count: float | None = None) -> Counts:
    """int16 counts of all samples, shape (n, 6) or, with a magnetometer, (n, 9), held at their rails."""
    parts = [felt.accel_m_s2 / FULL_ACCEL_M_S2 * 32768, felt.gyro_rad_s / FULL_TURN_RAD_S * 32768]
    if field_ut_per_count is not None:
        parts.append(felt.field_ut / field_ut_per_count)
    whole: Counts = np.clip(np.rint(np.hstack(parts)), -32768, 32767).astype(np.int16)
    return whole


def witmotion_sample(row: Counts) -> bytes:
    """55 61, nine words; the angles are not simulated."""
    return b"\x55\x61" + row[:6].astype("<i2").tobytes() + bytes(6)


def witmotion_registers(first: int, values: list[int]) -> bytes:
    """55 71, the first register, eight words."""
    return struct.pack("<BBH8H", 0x55, 0x71, first, *(value & 0xFFFF for value in values))


def nus_frame(counter: int, micros: int, rows: Counts, battery_pct: int) -> bytes:
    """B5 1D, version 1, flags, counter, time, battery, n, samples, CRC-16/CCITT-FALSE."""
    clipped = bool((np.abs(rows[:, :6].astype(int)) >= 32767).any())
    flags = (1 if rows.shape[1] == 9 else 0) | (2 if clipped else 0)
    head = b"\xb5\x1d\x01" + bytes((flags,)) + struct.pack("<HI", counter & 0xFFFF, micros & 0xFFFFFFFF)
    body = head + bytes((battery_pct, len(rows))) + rows.astype("<i2").tobytes()
    return body + struct.pack("<H", crc16(body))


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE, bit by bit: polynomial 0x1021, start 0xFFFF, neither reflected nor inverted."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


def capture2go_package(header: int, payload: bytes = b"") -> bytes:
    """02, CRC-32 of header and payload, size, header, payload."""
    body = header.to_bytes(2, "little") + payload
    return b"\x02" + zlib.crc32(body).to_bytes(4, "little") + bytes((len(payload),)) + body


def capture2go_samples(timestamp_ns: int, rows: Counts, flags: int) -> bytes:
    """A payload of eight samples, rows (8, 9) of acceleration, turn rate, field; the orientation is not simulated."""
    accel, turn, field = (rows[:, at : at + 3].astype("<i2").tobytes() for at in (0, 3, 6))
    return struct.pack("<q", timestamp_ns) + turn + accel + field + bytes(10) + bytes((flags,))


def capture2go_status(timestamp_ns: int, state: int, battery_pct: int) -> bytes:
    """A status payload: 19 bytes."""
    return struct.pack("<qBB6xBBB", timestamp_ns, state, 2, 0, battery_pct, 80)


def dot_payload(mode: int, micros: int, felt: Felt, row: int) -> bytes:
    """One payload: time in microseconds, then floats; modes 5, 21 and 26."""
    accel, turn = felt.accel_m_s2[row], np.rad2deg(felt.gyro_rad_s[row])
    head = struct.pack("<I", micros & 0xFFFFFFFF)
    quaternion = struct.pack("<4f", 1.0, 0.0, 0.0, 0.0)
    if mode == 5:
        return head + quaternion
    if mode == 26:
        return head + quaternion + struct.pack("<6f", *accel, *turn)
    return head + struct.pack("<6f", *accel, *turn)
