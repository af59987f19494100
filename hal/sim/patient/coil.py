"""The coil: where it is held, how much of the pulse reaches a site, and how warm it gets."""

import math
from dataclasses import dataclass

REACH_CM = 2.8
"""Standard deviation (cm) of the Gaussian fall-off with distance from the hotspot: about 6 % weaker at 1 cm. Chosen."""
ACROSS = 0.72
"""What remains of the effect with the current at a right angle to the best direction. Chosen."""


@dataclass(frozen=True, slots=True)
class CoilPlacement:
    """Where the therapist holds the coil.

    `x_cm` lateral (right positive) and `y_cm` forward of the vertex; `rotation_deg` off the best current direction;
    `tilt_deg` off the scalp (90 is the sham position); `contact` False when it is off the head.
    """

    x_cm: float = 0.0
    y_cm: float = 0.0
    rotation_deg: float = 0.0
    tilt_deg: float = 0.0
    contact: bool = True

    def efficiency(self, hotspot_cm: tuple[float, float]) -> float:
        """The share 0..1 of the set intensity that acts on a muscle with this hotspot (x, y in cm)."""
        if not self.contact:
            return 0.0
        distance_cm = math.dist((self.x_cm, self.y_cm), hotspot_cm)
        reach = math.exp(-0.5 * (distance_cm / REACH_CM) ** 2)
        turn = ACROSS + (1 - ACROSS) * math.cos(math.radians(self.rotation_deg)) ** 2
        tilt = max(0.0, math.cos(math.radians(self.tilt_deg)))
        return reach * turn * tilt


class CoilHeat:
    """Temperature of a coil: a pulse at p %MSO adds (p/100)^2 of a full pulse's heat, and it cools towards the room.

    The resistive energy of a pulse goes with the square of its current; the default figures are chosen so that 20 min
    at 1 Hz warm the coil by some 6 degrees. Times are simulated seconds and must not run backwards.
    """

    def __init__(
        self, *, ambient_c: float = 24.0, full_pulse_c: float = 0.03, cooling_s: float = 900.0, limit_c: float = 40.0
    ) -> None:
        self.ambient_c = ambient_c
        self.full_pulse_c = full_pulse_c
        self.cooling_s = cooling_s
        self.limit_c = limit_c
        self._excess_c = 0.0
        self._at_s = 0.0

    def add_pulse(self, amplitude_pct_mso: float, at_s: float, times: float = 1.0) -> None:
        """Heat of one pulse, or of `times` such pulses."""
        self._cool_to(at_s)
        self._excess_c += times * self.full_pulse_c * (amplitude_pct_mso / 100) ** 2

    def temperature_c(self, at_s: float) -> float:
        """Temperature in degrees Celsius."""
        self._cool_to(at_s)
        return self.ambient_c + self._excess_c

    def _cool_to(self, at_s: float) -> None:
        self._excess_c *= math.exp(-max(0.0, at_s - self._at_s) / self.cooling_s)
        self._at_s = max(self._at_s, at_s)
