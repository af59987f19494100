"""Several sweeps of one muscle at one intensity: which count, their means, and the response of their average.

A single sweep is measured as it comes (`dsp.mep.measure`) and nothing here changes its numbers.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dsp.epochs import known_part
from dsp.mep import CRITERION_UV, REST_LIMIT_UV, Mep, measure
from dsp.muscles import Window
from dsp.sweep import condition

Array = NDArray[np.float64]

AMPLITUDE = "mean of the peak-to-peak amplitudes of the accepted sweeps, those without a response included"
LATENCY = "mean of the onsets of the accepted sweeps that have a response"
AVERAGE = "measured on the mean trace of the accepted sweeps"


@dataclass(frozen=True)
class Reading:
    """How the sweeps of one muscle are measured: the arguments of `dsp.mep.measure`."""

    rate_hz: float
    trigger_index: int
    window_ms: Window = (20.0, 50.0)
    amplitude_window_ms: Window | None = None
    criterion_uv: float = CRITERION_UV
    rest_limit_uv: float | None = REST_LIMIT_UV
    mains_hz: tuple[float, ...] = (50.0, 60.0)
    rail_uv: float | None = None

    def measure(self, epoch_uv: ArrayLike) -> Mep:
        """One sweep (n,), uV."""
        return measure(
            epoch_uv,
            self.rate_hz,
            self.trigger_index,
            window_ms=self.window_ms,
            amplitude_window_ms=self.amplitude_window_ms,
            criterion_uv=self.criterion_uv,
            rest_limit_uv=self.rest_limit_uv,
            mains_hz=self.mains_hz,
            rail_uv=self.rail_uv,
        )


@dataclass(frozen=True)
class SweepSet:
    """Sweeps taken together. Amplitudes in uV, latencies in ms after the pulse.

    `sweeps` are all measured sweeps in their order, `accepted` the numbers (from 0) of those that count, `rejected`
    the others that were asked to and why they do not. `amplitude_uv` and `latency_ms` are means as their definitions
    say; both are None with a `refusal`, the latency also when no accepted sweep has a response. `average_amplitude_uv`
    and `average_latency_ms` belong to the mean trace: jitter makes its amplitude smaller, and its onset is that of the
    earlier responses. `responses` counts the accepted sweeps that have one. The SDs are of single sweeps (n - 1).
    """

    sweeps: tuple[Mep, ...]
    accepted: tuple[int, ...]
    rejected: tuple[tuple[int, str], ...]
    wanted: int | None
    responses: int
    amplitude_uv: float | None
    amplitude_sd_uv: float | None
    latency_ms: float | None
    latency_sd_ms: float | None
    average_amplitude_uv: float | None
    average_latency_ms: float | None
    refusal: str | None
    flags: tuple[str, ...]
    amplitude_definition: str = AMPLITUDE
    latency_definition: str = LATENCY
    average_definition: str = AVERAGE


def measure_set(
    epochs_uv: Sequence[ArrayLike],
    reading: Reading,
    *,
    wanted: int | None = None,
    not_counted: dict[int, str] | None = None,
) -> SweepSet:
    """Measure sweeps, each (n,) in uV, and average the first `wanted` that count (None: all that count).

    A void sweep does not count, nor one that `not_counted` names with a reason. Fewer than wanted is a refusal.
    Raises ValueError when fewer than one sweep is wanted, or for what `dsp.mep.measure` cannot take.
    """
    if wanted is not None and wanted < 1:
        raise ValueError(f"wanted must be at least 1, got {wanted}")
    sweeps = tuple(reading.measure(epoch) for epoch in epochs_uv)
    reasons = {number: sweep.reason for number, sweep in enumerate(sweeps) if not sweep.valid} | (not_counted or {})
    accepted = tuple(number for number in range(len(sweeps)) if number not in reasons)[:wanted]
    refusal = _refusal(len(sweeps), len(accepted), wanted)
    amplitudes = np.array([sweeps[number].amplitude_uv for number in accepted])
    latencies = np.array([late for number in accepted if (late := sweeps[number].latency_ms) is not None])
    average = None if refusal else reading.measure(_mean_trace([epochs_uv[number] for number in accepted], reading))
    return SweepSet(
        sweeps=sweeps,
        accepted=accepted,
        rejected=tuple(sorted(reasons.items())),
        wanted=wanted,
        responses=latencies.size,
        amplitude_uv=None if refusal else float(np.mean(amplitudes)),
        amplitude_sd_uv=_sd(amplitudes),
        latency_ms=None if refusal or not latencies.size else float(np.mean(latencies)),
        latency_sd_ms=_sd(latencies),
        average_amplitude_uv=None if average is None else average.amplitude_uv,
        average_latency_ms=None if average is None else average.latency_ms,
        refusal=refusal,
        flags=_flags(len(accepted), latencies.size),
    )


def _refusal(given: int, accepted: int, wanted: int | None) -> str | None:
    if given == 0:
        return "no sweeps"
    if accepted == 0:
        return f"none of {given} sweeps can be used"
    if wanted is not None and accepted < wanted:
        return f"too few sweeps: {accepted} of {given} can be used, {wanted} are needed"
    return None


def _flags(accepted: int, responses: int) -> tuple[str, ...]:
    if responses < accepted:
        return (f"response_in_{responses}_of_{accepted}",) if responses else ("no_response",)
    return ()


def _mean_trace(epochs_uv: Sequence[ArrayLike], reading: Reading) -> Array:
    """The mean of sweeps (n,) as far as all of them go, each with its own hum and artefact tail taken out first.

    Hum has another phase in each sweep; averaged first, it would no longer be one clean sine to fit.
    """
    sweeps = [np.asarray(epoch, dtype=float) for epoch in epochs_uv]
    length = min(sweep.size for sweep in sweeps)
    return np.asarray(np.mean([_clean(sweep[:length], reading) for sweep in sweeps], axis=0))


def _clean(epoch: Array, reading: Reading) -> Array:
    """One accepted sweep (n,) without hum and tail; what lies beyond missing samples counts as missing."""
    known = known_part(epoch, reading.trigger_index)
    made = condition(
        epoch[known],
        reading.rate_hz,
        reading.trigger_index - known.start,
        first_response_ms=min(reading.window_ms[0], (reading.amplitude_window_ms or reading.window_ms)[0]),
        mains_hz=reading.mains_hz,
        rail_uv=reading.rail_uv,
    )
    clean = np.full(epoch.size, np.nan)
    clean[known] = made.trace_uv
    return clean


def _sd(values: Array) -> float | None:
    return float(np.std(values, ddof=1)) if values.size > 1 else None
