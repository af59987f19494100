"""Somebody, or something, on a plate: how much it weighs, where its centre of pressure is, how that sways.

Quiet standing is a driven, damped oscillator in each direction, the continuous form of a second-order autoregressive
process, and a faster, smaller one on top; sizes and speeds are those of healthy adults (standard deviation 0.5 cm to
the front, 0.3 cm to the side, about 1 cm/s). Plausible, not a recording.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hal.sim.patient.jet import Array
from hal.sim.patient.ramps import Ramps

LONGEST_STEP_S = 0.02
STEP_S = 0.5
"""How long it takes to step onto the plate, and off it."""
LEAN_S = 0.9
"""How long it takes to shift the weight."""
PUSH_RISE_S, PUSH_DECAY_S, PUSH_HZ = 0.08, 0.45, 0.45
"""A push carries the weight away within a tenth of a second; it comes back as a damped swing."""
FALL_S = 0.6
"""After this long, who does not hold a push has stepped off."""
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


@dataclass(frozen=True, slots=True)
class Push:
    """A push at `at_s` (simulated s) that carries the weight `x_cm`, `y_cm` away at its peak, `peak_s` after it."""

    at_s: float
    x_cm: float
    y_cm: float

    @property
    def peak_s(self) -> float:
        """When the weight is farthest away, after the push (s)."""
        return float(_AFTER_S[np.argmax(_SWINGS_BACK)])

    def away(self, t_s: float) -> tuple[float, float]:
        """How far the weight is away (cm) at simulated time `t_s`."""
        after_s = t_s - self.at_s
        share = float(_swings_back(np.array([after_s]))[0] / _SWINGS_BACK.max()) if after_s > 0 else 0.0
        return share * self.x_cm, share * self.y_cm

    def settled_s(self, band_cm: float) -> float:
        """The last instant after the push (s) at which the weight is farther away than `band_cm`; 0 for never."""
        outside = np.abs(_SWINGS_BACK) / _SWINGS_BACK.max() * math.hypot(self.x_cm, self.y_cm) > band_cm
        return float(_AFTER_S[np.flatnonzero(outside)[-1]]) if outside.any() else 0.0


def _swings_back(after_s: Array) -> Array:
    rise = 1 - np.exp(-((after_s / PUSH_RISE_S) ** 2))
    swing: Array = rise * np.exp(-after_s / PUSH_DECAY_S) * np.cos(2 * np.pi * PUSH_HZ * after_s)
    return swing


_AFTER_S = np.arange(0.0, 8.0, 0.001)
_SWINGS_BACK = _swings_back(_AFTER_S)


class Stander:
    """One plate's load over simulated time; its methods are what hands do. Empty at first. Time must not run backwards.

    `mass_kg` is the patient's. What begins `after_s` later begins so long after the last look.
    """

    def __init__(self, rng: np.random.Generator, mass_kg: float) -> None:
        self.mass_kg = mass_kg
        self._rng = rng
        self._sway = (
            (_Oscillator(0.3, 0.35), _Oscillator(0.03, 1.6)),
            (_Oscillator(0.5, 0.3), _Oscillator(0.05, 1.4)),
        )
        self._at_s = 0.0
        self._load, self._x, self._y = Ramps(), Ramps(), Ramps()
        self._push: Push | None = None
        self._alive = False

    @property
    def alive(self) -> bool:
        """Whether the patient stands on it, or is about to."""
        return self._alive and self._load.last > 0

    def step_on(self) -> None:
        """The patient steps on and stands quietly."""
        if not self._alive:
            self._load = Ramps()
        self._alive = True
        self._load.to(self._at_s, self._at_s + STEP_S, self.mass_kg)

    def step_off(self, after_s: float = 0.0) -> None:
        """Whatever is on the plate leaves it."""
        self._load.to(self._at_s + after_s, self._at_s + after_s + STEP_S, 0.0)

    def lean(self, x_cm: float, y_cm: float, after_s: float = 0.0) -> None:
        """Shift the weight to there."""
        begins_s = self._at_s + after_s
        self._x.to(begins_s, begins_s + LEAN_S, x_cm)
        self._y.to(begins_s, begins_s + LEAN_S, y_cm)

    def push(self, x_cm: float, y_cm: float, *, holds: bool = True) -> Push:
        """Push the patient, so that the weight goes so far away; who does not hold it steps off."""
        self._push = Push(self._at_s, x_cm, y_cm)
        if not holds:
            self.step_off(FALL_S)
        return self._push

    def put(self, mass_kg: float, x_cm: float, y_cm: float) -> None:
        """Put a dead mass there, as a calibration does; it neither sways nor breathes."""
        self._alive, self._push = False, None
        self._load, self._x, self._y = Ramps(mass_kg), Ramps(x_cm), Ramps(y_cm)

    def at(self, t_s: float) -> Stance:
        """The load at simulated time `t_s`."""
        elapsed_s = min(max(0.0, t_s - self._at_s), 1.0)
        self._at_s = max(self._at_s, t_s)
        steps = max(1, math.ceil(elapsed_s / LONGEST_STEP_S))
        for _ in range(steps if elapsed_s else 0):
            self._step(elapsed_s / steps)
        now = np.array([self._at_s])
        load_kg, x_cm, y_cm = (float(ramps.at(now).value[0]) for ramps in (self._load, self._x, self._y))
        if not self._alive:
            return Stance(load_kg, x_cm, y_cm)
        side, front = (sum(part.place_cm for part in parts) for parts in self._sway)
        away = self._push.away(self._at_s) if self._push is not None else (0.0, 0.0)
        heave_kg = load_kg * HEAVE_KG_PER_KG * float(self._rng.standard_normal())
        return Stance(load_kg + heave_kg, x_cm + side + away[0], y_cm + front + away[1])

    def _step(self, dt_s: float) -> None:
        pushes = self._rng.standard_normal(4)
        for oscillator, push in zip((*self._sway[0], *self._sway[1]), pushes, strict=True):
            oscillator.step(dt_s, float(push))


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
