"""The recruitment (input-output) curve: response amplitude over intensity, as a Boltzmann sigmoid, or why not.

    amplitude = floor + plateau / (1 + exp((s50 - intensity) / k))       (Devanne et al., Exp Brain Res 114:329, 1997)

Fitted to single trials by robust least squares of log amplitudes: responses vary by a factor, not by a number of uV
(Goetz et al., Brain Stimul 7:855, 2014), so that in uV the few largest would decide alone. In logs the floor, which is
what noise alone gives peak to peak, is a part of the model. The plateau is therefore a typical (median-like) response,
a little smaller than the mean response there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.boltzmann import Estimate, Fit, fit_boltzmann

Array = NDArray[np.float64]
Level = tuple[float, int, float]

METHOD = "boltzmann-log/1"
ERRORS = "robust least squares of log amplitudes (soft L1), single trials"
FEWEST_LEVELS = 5
FEWEST_TRIALS = 10
SAME_LEVEL_PCT_MSO = 0.25
LARGEST_FLOOR_UV = 50.0
"""What counts as a response at rest; a floor over it would be a plateau of small responses."""
PLATEAU_REACHED = 0.9
FOOT_BELOW = 0.25
PLATEAU_KNOWN_WITHIN = 3.0
GAIN_NEEDED = 6.0
"""AICc over a constant (Burnham and Anderson 2002: from about 4 the poorer model has little support, from 10 none)."""


@dataclass(frozen=True)
class Recruitment:
    """A curve, or a `refusal`: then everything that belongs to the curve is None.

    `plateau_uv` is above `floor_uv`, `s50_pct_mso` where half of it is reached, `slope_uv_per_pct_mso` the steepest
    slope, at s50. Intervals are of 95 % and asymptotic. `residual_log_sd` is the spread of single trials about the
    curve, of natural logs. `area_uv_pct_mso` is the area under the levels' mean amplitudes (trapezia) from the lowest
    to the highest level; it needs no curve and compares only with areas over the same range. `levels` are intensity in
    %MSO, trials, mean uV. `trials` were used, `left_out` were not finite or not valid.
    """

    refusal: str | None
    plateau_uv: Estimate | None
    s50_pct_mso: Estimate | None
    slope_uv_per_pct_mso: Estimate | None
    k_pct_mso: Estimate | None
    floor_uv: float | None
    residual_log_sd: float | None
    area_uv_pct_mso: float | None
    levels: tuple[Level, ...]
    trials: int
    left_out: int
    flags: tuple[str, ...] = ()
    method: str = METHOD
    errors: str = ERRORS


def fit_recruitment(
    intensity_pct_mso: ArrayLike,
    amplitude_uv: ArrayLike,
    *,
    valid: ArrayLike | None = None,
    largest_floor_uv: float = LARGEST_FLOOR_UV,
) -> Recruitment:
    """Fit single trials: intensities (n,) in %MSO, peak-to-peak amplitudes (n,) in uV, `valid` (n,) which count.

    Amplitudes of trials without a response belong in: they are the floor. `largest_floor_uv` is the most that noise
    alone can give: 50 uV at rest, more in a contracting muscle. Refused: fewer than five levels or ten trials,
    amplitudes that do not rise, a lowest level that is already over a quarter of the plateau, a highest level under
    90 % of it, a plateau not known to a factor of three. Raises ValueError for arrays that do not match, intensities
    outside 0 to 100 and negative amplitudes.
    """
    at, uv = np.asarray(intensity_pct_mso, dtype=float), np.asarray(amplitude_uv, dtype=float)
    use = np.ones(at.shape, dtype=bool) if valid is None else np.asarray(valid, dtype=bool)
    if at.ndim != 1 or at.shape != uv.shape or at.shape != use.shape:
        raise ValueError(f"intensities, amplitudes and valid must be (n,), got {at.shape}, {uv.shape}, {use.shape}")
    use = use & np.isfinite(at) & np.isfinite(uv)
    if np.any((at[use] < 0.0) | (at[use] > 100.0)):
        raise ValueError("intensity_pct_mso must lie from 0 to 100 %MSO")
    if np.any(uv[use] < 0.0):
        raise ValueError("amplitude_uv must not be negative: a peak-to-peak amplitude has no sign")
    levels = _levels(at[use], uv[use])
    trials = int(np.count_nonzero(use))
    refusal = _too_little(levels, trials)
    fit = None if refusal else fit_boltzmann(at[use], uv[use], largest_floor_uv)
    if fit is not None:
        refusal = _no_curve(fit, levels[0][0], levels[-1][0])
    curve = None if refusal else fit
    return Recruitment(
        refusal=refusal,
        plateau_uv=None if curve is None else curve.plateau,
        s50_pct_mso=None if curve is None else curve.middle,
        slope_uv_per_pct_mso=None if curve is None else curve.slope,
        k_pct_mso=None if curve is None else curve.width,
        floor_uv=None if curve is None else float(np.exp(curve.log_floor)),
        residual_log_sd=None if curve is None else curve.residual_sd,
        area_uv_pct_mso=_area(levels),
        levels=levels,
        trials=trials,
        left_out=at.size - trials,
        flags=("levels_of_one_trial",) if any(count == 1 for _, count, _ in levels) else (),
    )


def _levels(at: Array, uv: Array) -> tuple[Level, ...]:
    """Trials less than a quarter of one %MSO apart share a level."""
    order = np.argsort(at, kind="stable")
    cuts = np.flatnonzero(np.diff(at[order]) > SAME_LEVEL_PCT_MSO) + 1
    groups = [group for group in np.split(order, cuts) if group.size]
    return tuple((float(np.mean(at[group])), int(group.size), float(np.mean(uv[group]))) for group in groups)


def _area(levels: tuple[Level, ...]) -> float | None:
    if len(levels) < 2:
        return None
    return float(np.trapezoid([level[2] for level in levels], [level[0] for level in levels]))


def _too_little(levels: tuple[Level, ...], trials: int) -> str | None:
    if len(levels) < FEWEST_LEVELS:
        return f"too few levels: {len(levels)} intensities, {FEWEST_LEVELS} are needed"
    if trials < FEWEST_TRIALS:
        return f"too few trials: {trials}, {FEWEST_TRIALS} are needed"
    return None


def _no_curve(fit: Fit, lowest_pct_mso: float, highest_pct_mso: float) -> str | None:
    """Why the data do not hold the fitted curve, or None."""
    if fit.gain < GAIN_NEEDED:
        return "no curve: the amplitudes do not rise with intensity"
    low, high = fit.share(lowest_pct_mso), fit.share(highest_pct_mso)
    if high < PLATEAU_REACHED:
        return (
            f"no plateau: the highest level reaches {100 * high:.0f} % of it, {100 * PLATEAU_REACHED:.0f} % are needed"
        )
    if low > FOOT_BELOW:
        return f"no foot: the lowest level is already at {100 * low:.0f} % of the plateau"
    if not fit.plateau.high < PLATEAU_KNOWN_WITHIN * fit.plateau.value:
        return f"no plateau: it may be {fit.plateau.high / fit.plateau.value:.1f} times as high as fitted"
    return None
