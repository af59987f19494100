"""One sweep of all channels into the rules' terms: the target muscle's response, and the others beside it."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bedside.events import MuscleResponse
from bedside.visit.inputs import SweepMeasured, SweepMissing
from bedside.visit.side import target_channel
from bedside.visit.state import Visit
from dsp.mep import measure


@dataclass(frozen=True, slots=True)
class MeasureRule:
    """What the study asks of a measurement: the target channel, onset window (ms), criterion and rest limit (uV)."""

    target: str
    window_ms: tuple[float, float]
    criterion_uv: float
    rest_limit_uv: float


def measure_rule(state: Visit) -> MeasureRule | None:
    """The rule of the visit's study for its present hunt; None when no configured channel lies on the target."""
    target = target_channel(state)
    if target is None:
        return None
    hunt = state.setup.study.hunt
    name = state.hunt.rule if state.hunt is not None else hunt.default_rule
    criterion_uv = next(rule.criterion_uv for rule in hunt.rules if rule.id == name)
    return MeasureRule(target, hunt.window_ms, criterion_uv, hunt.rest_limit_uv)


@dataclass(frozen=True, slots=True)
class Epoch:
    """The raw sweep around a single pulse: uV of shape (n, channels), the pulse at sample `zero`."""

    pulse: int
    uv: NDArray[np.float64]
    rate_hz: float
    zero: int
    names: tuple[str, ...]


def measure_sweep(epoch: Epoch, rule: MeasureRule) -> SweepMeasured | SweepMissing:
    """Measure every channel of one sweep; channels of which nothing can be measured are left out.

    `SweepMissing` when the target is not connected or nothing of it can be measured, with the reason.
    """
    if rule.target not in epoch.names:
        return SweepMissing(epoch.pulse, f"{rule.target} is not connected to the amplifier")
    responses = {name: _one(name, epoch, rule) for name in epoch.names}
    target = responses.pop(rule.target)
    if not math.isfinite(target.amplitude_uv):
        return SweepMissing(epoch.pulse, target.reason)
    others = tuple(response for response in responses.values() if math.isfinite(response.amplitude_uv))
    return SweepMeasured(epoch.pulse, target, others)


def _one(name: str, epoch: Epoch, rule: MeasureRule) -> MuscleResponse:
    """One channel. A deflection over the criterion that no onset explains is void: it would lower the threshold."""
    result = measure(
        epoch.uv[:, epoch.names.index(name)],
        epoch.rate_hz,
        epoch.zero,
        window_ms=rule.window_ms,
        criterion_uv=rule.criterion_uv,
        rest_limit_uv=rule.rest_limit_uv,
    )
    doubtful = result.valid and not result.present and result.amplitude_uv >= rule.criterion_uv
    return MuscleResponse(
        channel=name,
        amplitude_uv=result.amplitude_uv,
        latency_ms=result.latency_ms,
        rest_rms_uv=result.rest_rms_uv if math.isfinite(result.rest_rms_uv) else 0.0,
        valid=result.valid and not doubtful,
        reason=f"neither response nor rest, so it does not count: {result.reason}" if doubtful else result.reason,
    )
