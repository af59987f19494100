"""What about a measured stand is doubtful. Path depends on noise, filter, rate and duration; areas on duration.

The limits are those at which path changes by 5 % on 200 public recordings of quiet standing.
"""

import numpy as np
from numpy.typing import NDArray

from dsp.posture.result import Posture
from dsp.posture.spectrum import Spectrum, noise_speed_share

Array = NDArray[np.float64]

NOISY_SHARE = 0.1
SHORT_S = 25.0
"""Scoppa et al., Gait Posture 37:290, 2013: at least 25 s at 50 Hz or more."""
SLOW_RATE_HZ = 50.0
STRONG_LOWPASS_HZ = 5.0
COARSE_STEP_CM = 0.009
EXCURSION_OF_RMS = 10.0
"""The range of a quiet stand is 4 to 8 times its RMS, that of 60 s of pure chance under 9."""
CLIPPED_SAMPLES = 4
JUMP_CM, JUMP_OF_USUAL = 1.0, 20.0
FAST_CM_S, WIDE_RMS_CM = 5.0, 3.0
"""A person this unsteady exists; a quiet stand given in millimetres, or at a false rate, looks like it."""
STILL_RMS_CM = 0.1
"""Half of the stillest of 12 young adults; a very unsteady stand given in metres looks like it."""


def doubts(
    raw: tuple[Array, Array], spectrum: Spectrum, steps: Array, base: Posture, sampled_hz: float, *, sure_unit: bool
) -> tuple[list[str], list[str]]:
    """Doubts about the path, and about the trial. `spectrum` is that of `raw` (both axes, before the filter);
    `steps` (cm) are the distances of neighbouring samples after it, `sampled_hz` the instrument's own rate, `sure_unit`
    says that the plate's loads have shown the unit of the position.
    """
    path: list[str] = []
    rate_hz = base.rate_hz
    seconds, speed = steps.size / rate_hz, float(steps.mean()) * rate_hz
    share = noise_speed_share(spectrum, rate_hz, base.lowpass_hz, float(np.mean(steps**2)) * rate_hz**2)
    if share > NOISY_SHARE:
        path.append(
            f"path: {100 * min(share, 1.0):.0f} % of the squared speed is noise of the plate; "
            "a low-pass filter of 5 to 10 Hz helps"
        )
    step = max(coarseness(axis) for axis in raw)
    if step > COARSE_STEP_CM:
        path.append(f"path: the position comes in steps of {10 * step:.2g} mm, which lengthens the path")
    if base.lowpass_hz is not None and base.lowpass_hz < STRONG_LOWPASS_HZ:
        path.append(f"path: a low-pass of {base.lowpass_hz:g} Hz removes sway and shortens it")
    if sampled_hz < 0.99 * SLOW_RATE_HZ:
        path.append(f"path: {sampled_hz:.3g} Hz is too slow, at least {SLOW_RATE_HZ:g} Hz are needed")
    if seconds < SHORT_S:
        path.append(f"duration: {seconds:.1f} s is short of {SHORT_S:g} s; compare with no trial of another length")
    jumps = _jumps(*raw)
    if jumps:
        path.append(f"path: {jumps} single jumps of more than {JUMP_CM:g} cm lengthen it; did samples drop out?")
    if any(_clipped(axis) for axis in raw):
        path.append("path: the position stays at its largest or smallest value; was the plate at its full scale?")
    trial: list[str] = []
    about_unit = trial if sure_unit else path
    if speed > FAST_CM_S or max(np.std(raw[0]), np.std(raw[1])) > WIDE_RMS_CM:
        about_unit.append("sway: unusually large; is it in millimetres, is the rate right, or did the person step?")
    if float(np.hypot(np.std(raw[0]), np.std(raw[1]))) < STILL_RMS_CM:
        about_unit.append("sway: unusually small; is the position in metres, or does a weight stand on the plate?")
    if max(float(np.ptp(axis)) / max(float(np.std(axis)), 1e-9) for axis in raw) > EXCURSION_OF_RMS:
        trial.append("moved: single large movements in a quiet stand; leave that part out or repeat the trial")
    return path, trial


def _clipped(values: Array) -> bool:
    """Whether an axis in fine steps stays at an extreme for some samples on end."""
    if coarseness(values) > 0:
        return False
    for extreme in (values.max(), values.min()):
        at = np.concatenate(([False], values == extreme, [False]))
        edges = np.flatnonzero(np.diff(at.astype(np.int8)))
        if np.any(edges[1::2] - edges[::2] >= CLIPPED_SAMPLES):
            return True
    return False


def _jumps(x: Array, y: Array) -> int:
    """How many neighbouring samples lie farther apart than any sway carries them."""
    steps = np.hypot(np.diff(x), np.diff(y))
    return int(np.count_nonzero(steps > max(JUMP_CM, JUMP_OF_USUAL * float(np.median(steps)))))


def coarseness(values: Array) -> float:
    """The step (cm) that the values come in, 0 when they come in none that matters."""
    levels = np.unique(values)
    if levels.size < 2 or levels.size > values.size / 4:
        return 0.0
    gaps = np.diff(levels)
    real = gaps[gaps > 1e-6]
    return float(np.median(real)) if real.size else 0.0
