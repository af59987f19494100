"""The eight muscles under the electrodes, and how a patient's own are drawn."""

from dataclasses import dataclass

import numpy as np

from hal.sim.patient.mep_model import Recruitment, draw_recruitment
from hal.sim.patient.waveform import BIPHASIC, LATE_SECOND_PHASE, POLYPHASIC, Array, Artefact, Lobe, unit_response


@dataclass(frozen=True, slots=True)
class MuscleKind:
    """One muscle in adults: onset latency at rest (ms), threshold relative to tibialis anterior, response shape.

    `stance_centre` and `swing_centre` are the stride phases (0..1 from foot contact) at which it works in walking.
    Latencies lie inside the adult onset windows used for these muscles (tibialis anterior 25-42 ms, soleus 25-45,
    thigh 18-35); relative thresholds are plausible, none are published for this coil.
    """

    label: str
    name: str
    latency_ms: float
    relative_threshold: float
    lobes: tuple[Lobe, ...]
    stance_centre: float
    swing_centre: float


KINDS = (
    MuscleKind("TA", "tibialis_anterior", 32.0, 1.0, LATE_SECOND_PHASE, 0.05, 0.75),
    MuscleKind("SOL", "soleus", 33.5, 1.12, BIPHASIC, 0.45, 0.45),
    MuscleKind("RF", "rectus_femoris", 24.0, 1.10, POLYPHASIC, 0.08, 0.63),
    MuscleKind("BF", "biceps_femoris", 26.0, 1.18, BIPHASIC, 0.02, 0.88),
)


@dataclass(frozen=True, slots=True)
class Muscle:
    """One channel's muscle in one patient. `hotspot_cm` is (x, y) from the vertex, over the opposite hemisphere."""

    name: str
    kind: MuscleKind
    side: str
    hotspot_cm: tuple[float, float]
    recruitment: Recruitment
    latency_ms: float
    shape: Array
    artefact: Artefact
    rest_uv: float
    walking_uv: float
    hum_phase: float


def draw_muscles(rng: np.random.Generator) -> tuple[Muscle, ...]:
    """Left leg's muscles, then the right leg's, of one patient drawn from the population."""
    recruitment = draw_recruitment(rng)
    lateral_cm, forward_cm = rng.uniform(0.6, 1.6), rng.normal(-0.2, 0.3)
    height = rng.normal(1.0, 0.05)
    muscles = []
    for side, direction in (("left", 1.0), ("right", -1.0)):
        side_gain = rng.normal(1.0, 0.03)
        hotspot_cm = (direction * lateral_cm + rng.normal(0.0, 0.1), forward_cm + rng.normal(0.0, 0.1))
        for kind in KINDS:
            curve = recruitment.scaled(side_gain * kind.relative_threshold)
            latency_ms = kind.latency_ms * height + rng.normal(0.0, 0.4)
            muscles.append(_draw_muscle(kind, side, hotspot_cm, curve, latency_ms=latency_ms, rng=rng))
    return tuple(muscles)


def _draw_muscle(
    kind: MuscleKind,
    side: str,
    hotspot_cm: tuple[float, float],
    recruitment: Recruitment,
    *,
    latency_ms: float,
    rng: np.random.Generator,
) -> Muscle:
    return Muscle(
        name=f"{kind.label} {side}",
        kind=kind,
        side=side,
        hotspot_cm=hotspot_cm,
        recruitment=recruitment,
        latency_ms=latency_ms,
        shape=unit_response(kind.lobes, stretch=rng.uniform(0.95, 1.1)) * rng.choice((-1.0, 1.0)),
        artefact=Artefact(rng.uniform(1500, 6000), rng.uniform(-900, 900), rng.uniform(1.5, 3.0)),
        # A peak-to-peak of Gaussian EMG over a window of 50 ms is about four times its RMS, so that what the
        # electrode shows at rest equals the model's resting noise.
        rest_uv=recruitment.noise_uv / 4,
        walking_uv=rng.uniform(25.0, 50.0),
        hum_phase=rng.uniform(0, 2 * np.pi),
    )
