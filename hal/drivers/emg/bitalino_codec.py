"""BITalino (and plux boards of its kind) on the wire: one-byte commands, frames with a 4-bit counter and CRC-4. No I/O.

Read from its last byte to its first, a frame is a row of bits: counter 4, CRC 4, digital lines 4 (inputs 1 and 2,
outputs 1 and 2), then the channels, four of 10 bits and two of 6. From the maker's public interface; not tried on
hardware.
"""

import re

import numpy as np
from numpy.typing import NDArray

from hal.drivers.emg.frame_finder import Bytes, FrameFinder

RATE_CODES = {1: 0, 10: 1, 100: 2, 1000: 3}
INPUTS = 6
MODULUS = 16
CONFIRM = 3
"""Frames that must hang together after a disturbance: a CRC of 4 bits alone is true by chance once in 16."""
STOP = b"\x00"
VERSION = b"\x07"
UV_PER_COUNT = 3.3 / 1009 / 1024 * 1e6
"""One step of a 10-bit channel (uV): 3.3 V over 1024 steps, gain 1009."""
MIDDLE = 512
RAIL_COUNTS = 511
COARSE_STEP = 16
"""A step of a 6-bit channel, in steps of 10 bits."""
_VERSION_TEXT = re.compile(rb"BITalino[^\r\n]*(?=\r?\n)")
_SHIFTS = (42, 32, 22, 12, 6, 0)


def rate_command(rate_hz: int) -> bytes:
    """Choose 1, 10, 100 or 1000 Hz."""
    return bytes((RATE_CODES[rate_hz] << 6 | 3,))


def start_command(inputs: int) -> bytes:
    """Start live acquisition of inputs 1..`inputs`."""
    return bytes((1 | ((1 << inputs) - 1) << 2,))


def version(data: bytes) -> str | None:
    """What the device calls itself, once the whole line has come; bytes around it do not matter."""
    match = _VERSION_TEXT.search(data)
    return match[0].decode("ascii", "replace") if match else None


def frame_bytes(inputs: int) -> int:
    """Length of a frame of so many channels."""
    bits = 12 + 10 * inputs if inputs <= 4 else 52 + 6 * (inputs - 4)
    return -(-bits // 8)


def crc4(frames: Bytes) -> NDArray[np.uint8]:
    """CRC-4 (x^4 + x + 1) of frames, shape (..., size), with the last four bits taken as zero."""
    crc: NDArray[np.uint8] = np.zeros(frames.shape[:-1], np.uint8)
    last = frames.shape[-1] - 1
    for place in range(last + 1):
        octets = frames[..., place]
        crc = np.bitwise_xor(_BY_NIBBLE[crc], octets >> 4, dtype=np.uint8)
        crc = np.bitwise_xor(_BY_NIBBLE[crc], octets & (15 if place < last else 0), dtype=np.uint8)
    return crc


def frame_finder(inputs: int) -> FrameFinder:
    """Finds the frames of an acquisition of so many channels."""
    return FrameFinder(frame_bytes(inputs), MODULUS, _look, confirm=CONFIRM)


def decode(frames: Bytes, inputs: int) -> tuple[NDArray[np.int16], NDArray[np.int64], NDArray[np.uint8]]:
    """Centred counts (n, inputs), the counter (n,) and the digital lines (n,), input 1 in bit 3.

    The 6-bit channels are given in steps of the others, so that one scale holds for all.
    """
    row = np.zeros(len(frames), np.uint64)
    for place in range(frames.shape[1]):
        row |= frames[:, -1 - place].astype(np.uint64) << np.uint64(8 * (7 - place))
    counts = np.empty((len(frames), inputs), np.int16)
    for channel in range(inputs):
        fine = channel < 4
        value = (row >> np.uint64(_SHIFTS[channel]) & np.uint64(0x3FF if fine else 0x3F)).astype(np.int16)
        counts[:, channel] = value * (1 if fine else COARSE_STEP) - MIDDLE
    return counts, (frames[:, -1] >> 4).astype(np.int64), (frames[:, -2] >> 4).astype(np.uint8)


def line(lines: NDArray[np.uint8], number: int) -> NDArray[np.uint8]:
    """Digital input `number` (1, 2) of the lines of `decode`, (n,) of 0 and 1."""
    return np.asarray(lines >> (4 - number) & 1, np.uint8)


def _look(windows: Bytes) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    last = windows[:, -1]
    return np.asarray(crc4(windows) == (last & 15), np.bool_), (last >> 4).astype(np.uint8)


def _four_zeros(crc: int) -> int:
    for _ in range(4):
        crc <<= 1
        crc ^= 3 if crc & 16 else 0
    return crc & 15


_BY_NIBBLE = np.array([_four_zeros(crc) for crc in range(16)], np.uint8)
