"""How the simulated patient answers a cue: how late, and how far the legs let the weight go."""

import math

import numpy as np

from hal.sim.patient.walking_style import Side

REACTION_S = (0.38, 0.06)
"""Mean and standard deviation from a cue to the first movement of the weight."""
FORWARD_CM, BACK_CM, SIDE_CM = 7.5, 4.5, 8.0
"""How far a standing person can lean: about 8 degrees forward and to the sides, less back."""
PARETIC_REACH = 0.75
"""How much of that there is towards a paretic leg."""
MOST_PCT, MOST_PARETIC_PCT = 95.0, 65.0
"""Most of the weight that a sound and a paretic leg can be given (Goldie 1996)."""

REST_PCT = 58.0
"""How much of the weight the sound leg bears in quiet standing beside a paretic one."""


class Reactions:
    """Answers to cues; the chance in them is `rng`'s."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng

    def reaction_s(self) -> float:
        """How late this time."""
        mean_s, sd_s = REACTION_S
        return float(np.clip(self._rng.normal(mean_s, sd_s), 0.2, 0.7))

    def resting_pct(self, paretic: Side | None) -> float:
        """The left leg's share in quiet standing."""
        return {"left": 100 - REST_PCT, "right": REST_PCT, None: 50.0}[paretic]

    def share_pct(self, left_pct: float, paretic: Side | None) -> float:
        """The left leg's share that is reached of the one that is asked for."""
        most = {side: MOST_PARETIC_PCT if side == paretic else MOST_PCT for side in ("left", "right")}
        return min(max(left_pct, 100 - most["right"]), most["left"])

    def limit_cm(self, direction_deg: float, paretic: Side | None) -> float:
        """How far the patient can lean in a direction, from the right (0) to the front (90): part of an ellipse."""
        right, front = math.cos(math.radians(direction_deg)), math.sin(math.radians(direction_deg))
        weak = paretic == ("right" if right > 0 else "left")
        side_cm = SIDE_CM * (PARETIC_REACH if weak else 1.0)
        return 1 / math.hypot(right / side_cm, front / (FORWARD_CM if front > 0 else BACK_CM))
