"""One sweep of all channels into the rules' terms: the target muscle's response, and the others beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bedside.events import MuscleResponse
from bedside.visit.inputs import SweepMeasured
from dsp.mep import measure


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """What the study asks of a measurement: the target channel, onset window (ms), criterion and rest limit (uV)."""

    target: str
    window_ms: tuple[float, float]
    criterion_uv: float
    rest_limit_uv: float


def measure_sweep(
    pulse: int,
    epoch_uv: NDArray[np.float64],
    rate_hz: float,
    zero: int,
    names: tuple[str, ...],
    rule: MeasureRule,
) -> SweepMeasured:
    """Measure every channel of one raw sweep, shape (n, channels), pulse at sample `zero`."""
    responses = {name: _one(name, epoch_uv[:, column], rate_hz, zero, rule) for column, name in enumerate(names)}
    others = tuple(response for name, response in responses.items() if name != rule.target)
    return SweepMeasured(pulse, responses[rule.target], others)


def _one(name: str, epoch_uv: NDArray[np.float64], rate_hz: float, zero: int, rule: MeasureRule) -> MuscleResponse:
    result = measure(
        epoch_uv,
        rate_hz,
        zero,
        window_ms=rule.window_ms,
        criterion_uv=rule.criterion_uv,
        rest_limit_uv=rule.rest_limit_uv,
    )
    return MuscleResponse(
        channel=name,
        amplitude_uv=result.amplitude_uv,
        latency_ms=result.latency_ms,
        rest_rms_uv=result.rest_rms_uv,
        valid=result.valid,
        reason=result.reason,
    )
