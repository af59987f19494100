"""What is wrong with a channel of EMG before its RMS is believed."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RAIL_SAMPLES = 3
QUIETEST_UV, LOUDEST_UV = 0.2, 5000.0
"""An amplifier's own noise, and more than skin ever shows."""
LOWEST_HZ = 20
MAINS_HZ, HARMONICS = (50, 60), (1, 3, 5)
MAINS_NOTED = 0.1
"""A tenth of the power is a twentieth of the RMS."""


def fault_of(samples_uv: Array, rate_hz: float) -> tuple[str | None, list[str]]:
    """Why one channel (n,), raw, is no muscle in microvolts, or None; and what else to look at."""
    known = samples_uv[np.isfinite(samples_uv)]
    if known.size == 0:
        return "no samples", []
    flags = []
    missing = 1.0 - known.size / samples_uv.size
    if missing > 0.02:
        flags.append(f"{100 * missing:.1f} % of the samples are missing")
    spread = float(np.std(np.diff(known))) if known.size > 1 else 0.0
    if spread == 0:
        return "the channel does not change: electrode off, or the amplifier's input is shorted", flags
    if float(np.std(known)) < QUIETEST_UV:
        return f"{float(np.std(known)):.2g} uV RMS is less than any amplifier's noise: in volts or millivolts?", flags
    if float(np.std(known)) > LOUDEST_UV:
        return f"{float(np.std(known)):.0f} uV RMS is more than a muscle gives: raw counts, or an electrode off?", flags
    if _at_rail(known):
        flags.append("the amplifier was at its full scale")
    share = mains_share(known, rate_hz)
    if share > MAINS_NOTED:
        flags.append(f"{100 * share:.0f} % of the power is hum of the mains, which makes the RMS larger")
    return None, flags


def mains_share(samples_uv: Array, rate_hz: float) -> float:
    """Share of the power above 20 Hz that stands as lines at 50 or 60 Hz and their odd harmonics over what is beside.

    Welch's spectrum in seconds. 0 for less than 4 s, or a rate that cannot show it.
    """
    length = round(rate_hz)
    count = samples_uv.size // length if length > 200 else 0
    if count < 4:
        return 0.0
    pieces = samples_uv[: count * length].reshape(count, length)
    pieces = (pieces - pieces.mean(axis=1, keepdims=True)) * np.hanning(length)
    power = np.mean(np.abs(np.fft.rfft(pieces, axis=1)) ** 2, axis=0)
    total = float(power[LOWEST_HZ:].sum())
    found = [sum(_line(power, mains * odd) for odd in HARMONICS) for mains in MAINS_HZ]
    return max(found) / total if total > 0 else 0.0


def _line(power: Array, hz: int) -> float:
    """Power of a line over the floor beside it; the spectrum's steps are 1 Hz."""
    if hz + 6 >= power.size:
        return 0.0
    beside = np.concatenate((power[hz - 6 : hz - 2], power[hz + 3 : hz + 7]))
    return max(float(power[hz - 2 : hz + 3].sum()) - 5 * float(np.median(beside)), 0.0)


def _at_rail(values: Array) -> bool:
    for extreme in (values.max(), values.min()):
        at = values == extreme
        run = at[: at.size - RAIL_SAMPLES + 1].copy()
        for shift in range(1, RAIL_SAMPLES):
            run &= at[shift : at.size - RAIL_SAMPLES + 1 + shift]
        if run.any():
            return True
    return False
