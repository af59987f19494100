"""MagPro commands, host to device, as bodies of frames."""

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


def set_timing(
    control: int, rate_tenth_hz: int, pulses: int, trains: int, inter_train_tenth_s: int, beep: int
) -> bytes:
    """0B 01: the Timing page with what paces it (`TimingControl`). Known to one public driver only: read it back."""
    words = b"".join(value.to_bytes(2, "big") for value in (rate_tenth_hz, pulses, trains, inter_train_tenth_s))
    return bytes((0x0B, 0x01, control)) + words + bytes((beep,))


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
