"""Two skin electrodes and the converter that drives them: impedance that drifts, and what still flows through it."""

import math

import numpy as np

SUPPLY_V = 48.0
OPEN_KOHM = 2000.0
SETTLED_SHARE = 0.78
SETTLING_S = 90.0
WANDER = 0.02


class Electrodes:
    """Drawn from `seed`: 3.5 to 6 kOhm at first, less as the skin wets under current, never quite still."""

    def __init__(self, seed: int) -> None:
        drawn = np.random.default_rng(seed)
        self._fresh_kohm = float(drawn.uniform(3.5, 6.0))
        self._phase = float(drawn.uniform(0, 2 * math.pi))
        self._wet_s = 0.0
        self.is_open = False
        self.dry_kohm: float | None = None

    def wet(self, seconds: float) -> None:
        """Current flowed for so long."""
        self._wet_s += seconds

    def kohm(self, now_s: float) -> float:
        """Impedance at simulated time `now_s`."""
        if self.is_open:
            return OPEN_KOHM
        if self.dry_kohm is not None:
            return self.dry_kohm
        settled = SETTLED_SHARE + (1 - SETTLED_SHARE) * math.exp(-self._wet_s / SETTLING_S)
        return self._fresh_kohm * settled * (1 + WANDER * math.sin(now_s / 7 + self._phase))

    def flows_ma(self, asked_ma: float, now_s: float) -> float:
        """What flows when so much is asked for: the supply's voltage ends it."""
        return min(asked_ma, SUPPLY_V / self.kohm(now_s))

    def compliance_pct(self, asked_ma: float, now_s: float) -> int:
        """The share of the supply's voltage that is used."""
        return round(100 * min(asked_ma * self.kohm(now_s) / SUPPLY_V, 1.0))
