"""The CRC-8 that MagPro stimulators and Quattrocento amplifiers share."""

from functools import reduce


def _entry(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ 0x8C if byte & 1 else byte >> 1
    return byte


_TABLE = bytes(_entry(byte) for byte in range(256))


def crc8_maxim(data: bytes) -> int:
    """CRC-8/MAXIM of `data`, 0..255: polynomial x^8+x^5+x^4+1, bit-reflected, start 0, no final xor."""
    return reduce(lambda crc, byte: _TABLE[crc ^ byte], data, 0)
