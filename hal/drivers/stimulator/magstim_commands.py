"""Magstim requests as bodies: letter and data, without the checksum. Those without data are padded with `@`.

The request that overrides the coil's safety interlock is left out on purpose: this program never sends it.
"""

from hal.drivers.stimulator.magstim_messages import Widths

REMOTE_ON = b"Q@"
REMOTE_OFF = b"R@"
DISARM = b"EA"
ARM = b"EB"
FIRE = b"EH"
TEMPERATURE = b"F@"
PAIR_SETTINGS = b"J@"
BISTIM_MODE = b"X@"
VERSION = b"ND"
RAPID_SETTINGS = b"\\@"
ERROR_CODE = b"I@"
SYSTEM_STATUS = b"x@"


def remote_on(unlock_code: str) -> bytes:
    """Take remote control with the code its maker gives out (software 9 and later)."""
    return b"Q" + unlock_code.encode("ascii")


def set_power(pct: int) -> bytes:
    """Power of the stimulator, or of a BiStim's channel A (%)."""
    return f"@{pct:03d}".encode()


def set_power_b(pct: int) -> bytes:
    """Power of a BiStim's channel B (%)."""
    return f"A{pct:03d}".encode()


def set_frequency(tenth_hz: int) -> bytes:
    """Frequency of a train in tenths of Hz."""
    return f"B{tenth_hz:04d}".encode()


def set_pulses(pulses: int, parts: Widths) -> bytes:
    """Pulses of a train."""
    return f"D{pulses:0{parts.pulses}d}".encode()


def set_duration(tenth_s: int, parts: Widths) -> bytes:
    """Duration of a train in tenths of a second; 0 leaves repetitive mode, 1 s enters it."""
    return f"[{tenth_s:0{parts.duration}d}".encode()
