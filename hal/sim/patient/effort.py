"""How hard each muscle works while the legs move: bursts in phase with the stride, or with the crank."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hal.sim.patient.muscles import Muscle
from hal.sim.patient.walking_style import Side
from hal.sim.patient.waveform import Array

PARETIC_EFFORT = 0.55
"""How much of its effort a paretic leg's muscle reaches."""
WALKING_WIDTH = 0.08
"""Standard deviation of a burst, as a share of the stride."""
ON_CRANK: dict[str, tuple[float, float]] = {
    "TA": (0.85, 0.09),
    "SOL": (0.22, 0.08),
    "RF": (0.04, 0.12),
    "BF": (0.34, 0.11),
}
"""Centre and standard deviation of a muscle's burst, as shares of a turn from the leg's own top dead centre.

Rectus femoris works over the top, biceps femoris through the bottom; recalled from the literature, not measured here.
"""


@dataclass(frozen=True, slots=True)
class LegPhases:
    """Where each leg is in its stride (from its contact) or turn (from its top dead centre), 0 to 1, (n,).

    NaN where that leg does not move. The muscles of the `weak` leg do less.
    """

    kind: Literal["walk", "cycle"]
    left: Array
    right: Array
    weak: Side | None = None


def level_uv(muscles: tuple[Muscle, ...], phases: LegPhases) -> Array:
    """Background (uV rms) of every muscle's channel, shape (n, channels); 0 where its leg is still."""
    return np.stack([_muscle_uv(muscle, phases) for muscle in muscles], axis=1)


def _muscle_uv(muscle: Muscle, phases: LegPhases) -> Array:
    phase = phases.right if muscle.side == "right" else phases.left
    if phases.kind == "walk":
        bursts = [_burst(phase, at, WALKING_WIDTH) for at in (muscle.kind.stance_centre, muscle.kind.swing_centre)]
        burst = np.maximum(*bursts)
    else:
        burst = _burst(phase, *ON_CRANK[muscle.kind.label])
    effort = PARETIC_EFFORT if muscle.side == phases.weak else 1.0
    return np.nan_to_num(4.0 + muscle.walking_uv * effort * burst)


def _burst(phase: Array, centre: float, width: float) -> Array:
    return np.asarray(np.exp(-0.5 * (((phase - centre + 0.5) % 1.0 - 0.5) / width) ** 2))
