"""Somebody, or something, on a plate: how much it weighs, where its centre of pressure is, how that sways.

Quiet standing is a driven, damped oscillator in each direction, the continuous form of a second-order autoregressive
process, and a faster, smaller one on top; sizes and speeds are those of healthy adults (standard deviation 0.5 cm to
the front, 0.3 cm to the side, about 1 cm/s). Plausible, not a recording.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

LONGEST_STEP_S = 0.02
LOAD_TAU_S = 0.15
LEAN_TAU_S = 0.4
HEAVE_KG_PER_KG = 0.0008
"""Standard deviation of the vertical force of a standing body, as a share of its mass: heart and breath."""


class Stance(NamedTuple):
    """Load (kg) on the plate and its centre of pressure (cm, to the patient's right and front)."""

    load_kg: float
    x_cm: float
    y_cm: float


@dataclass(slots=True)
class _Oscillator:
    """One direction of sway: standard deviation `size_cm`, natural frequency `hz`, damping half of critical."""

    size_cm: float
    hz: float
    place_cm: float = 0.0
    speed_cm_s: float = 0.0

    def step(self, dt_s: float, push: float) -> None:
        """Let `dt_s` pass under a standard normal `push`."""
        omega = 2 * math.pi * self.hz
        drive = self.size_cm * math.sqrt(2 * omega**3)
        self.speed_cm_s += -omega * (self.speed_cm_s + omega * self.place_cm) * dt_s + drive * math.sqrt(dt_s) * push
        self.place_cm += self.speed_cm_s * dt_s


class Stander:
    """One plate's load over simulated time; its methods are what hands do. Empty at first. Time must not run backwards.

    `mass_kg` is the patient's.
    """

    def __init__(self, rng: np.random.Generator, mass_kg: float) -> None:
        self.mass_kg = mass_kg
        self._rng = rng
        self._sway = (
            (_Oscillator(0.3, 0.35), _Oscillator(0.03, 1.6)),
            (_Oscillator(0.5, 0.3), _Oscillator(0.05, 1.4)),
        )
        self._at_s = 0.0
        self._target = Stance(0.0, 0.0, 0.0)
        self._now = Stance(0.0, 0.0, 0.0)
        self._alive = False

    def step_on(self) -> None:
        """The patient steps on and stands quietly."""
        self._alive = True
        self._target = Stance(self.mass_kg, self._target.x_cm, self._target.y_cm)

    def step_off(self) -> None:
        """Whatever is on the plate leaves it."""
        self._target = self._target._replace(load_kg=0.0)

    def lean(self, x_cm: float, y_cm: float) -> None:
        """Shift the weight to there."""
        self._target = self._target._replace(x_cm=x_cm, y_cm=y_cm)

    def put(self, mass_kg: float, x_cm: float, y_cm: float) -> None:
        """Put a dead mass there, as a calibration does; it neither sways nor breathes."""
        self._alive = False
        self._target = Stance(mass_kg, x_cm, y_cm)
        self._now = self._target

    def at(self, t_s: float) -> Stance:
        """The load at simulated time `t_s`."""
        elapsed_s = min(max(0.0, t_s - self._at_s), 1.0)
        self._at_s = max(self._at_s, t_s)
        steps = max(1, math.ceil(elapsed_s / LONGEST_STEP_S))
        for _ in range(steps if elapsed_s else 0):
            self._step(elapsed_s / steps)
        if not self._alive:
            return self._now
        side, front = (sum(part.place_cm for part in parts) for parts in self._sway)
        heave_kg = self._now.load_kg * HEAVE_KG_PER_KG * float(self._rng.standard_normal())
        return Stance(self._now.load_kg + heave_kg, self._now.x_cm + side, self._now.y_cm + front)

    def _step(self, dt_s: float) -> None:
        pushes = self._rng.standard_normal(4)
        for oscillator, push in zip((*self._sway[0], *self._sway[1]), pushes, strict=True):
            oscillator.step(dt_s, float(push))
        keep_load, keep_lean = math.exp(-dt_s / LOAD_TAU_S), math.exp(-dt_s / LEAN_TAU_S)
        now, target = self._now, self._target
        self._now = Stance(
            _towards(now.load_kg, target.load_kg, keep_load),
            _towards(now.x_cm, target.x_cm, keep_lean),
            _towards(now.y_cm, target.y_cm, keep_lean),
        )


def corner_loads_kg(stance: Stance, spacing_cm: tuple[float, float]) -> tuple[float, float, float, float]:
    """What the four corners of a rigid plate bear: top left, top right, bottom left, bottom right (top: the toes)."""
    right = 0.5 + stance.x_cm / spacing_cm[0]
    front = 0.5 + stance.y_cm / spacing_cm[1]
    load = stance.load_kg
    return (
        load * (1 - right) * front,
        load * right * front,
        load * (1 - right) * (1 - front),
        load * right * (1 - front),
    )


def _towards(now: float, target: float, keep: float) -> float:
    left = (now - target) * keep
    return target if abs(left) < 1e-3 else target + left
