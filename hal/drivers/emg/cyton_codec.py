"""OpenBCI Cyton on the wire: one-character commands, 33-byte packets with an 8-bit counter. No I/O.

`A0`, counter, 8 channels of 24 bit big-endian, 6 auxiliary bytes, `C0` to `C6`. From the maker's public documents; in
digital mode the auxiliary bytes are as the maker's firmware 3 fills them: three words of 16 bit, high byte first, with
pins 11 and 12, 13 and 17, and 18 alone in the low byte of the third. Not tried on hardware.
"""

import numpy as np
from numpy.typing import NDArray

from hal.drivers.emg.frame_finder import Bytes, FrameFinder

INPUTS = 8
PACKET_BYTES = 33
MODULUS = 256
CONFIRM = 2
RATE_HZ = 250.0
UV_PER_COUNT = 4.5e6 / (2**23 - 1) / 24
"""One count at the default gain of 24 (uV)."""
RAIL_COUNTS = 2**23 - 1
RESET = b"v"
START = b"b"
STOP = b"s"
DIGITAL_MODE = b"/3"
END_OF_TEXT = b"$$$"
HEAD = 0xA0
RAW_AUX = 0xC1
AUX_OF_PIN = {11: 0, 12: 1, 13: 2, 17: 3, 18: 5}
"""Which auxiliary byte shows a digital pin."""


def packet_finder() -> FrameFinder:
    """Finds packets."""
    return FrameFinder(PACKET_BYTES, MODULUS, _look, confirm=CONFIRM)


def decode(packets: Bytes) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Counts (n, 8) and the counter (n,)."""
    widened = np.zeros((len(packets), INPUTS, 4), np.uint8)
    widened[:, :, :3] = packets[:, 2 : 2 + 3 * INPUTS].reshape(-1, INPUTS, 3)
    return (widened.view(">i4")[:, :, 0] >> 8).astype(np.int32), packets[:, 1].astype(np.int64)


def pin(packets: Bytes, number: int) -> NDArray[np.uint8]:
    """Whether a digital pin was high, (n,) of 0 and 1; 0 where the packet carries something else."""
    levels = packets[:, 2 + 3 * INPUTS + AUX_OF_PIN[number]]
    return np.asarray((levels != 0) & (packets[:, -1] == RAW_AUX), np.uint8)


def _look(windows: Bytes) -> tuple[NDArray[np.bool_], NDArray[np.uint8]]:
    tail = windows[:, -1]
    return (windows[:, 0] == HEAD) & (tail >= 0xC0) & (tail <= 0xC6), windows[:, 1]
