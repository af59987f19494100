"""A quantity that changes by smooth ramps, one after another or over each other, and rests where none is under way.

A ramp's rate is u^p (1 - u)^q over its time, u from 0 to 1, so that rate and acceleration begin and end at nothing.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from math import factorial

import numpy as np
from numpy.polynomial import Polynomial

from hal.sim.patient.jet import Array, Jet, joined, still

DEGREE = 8
CHUNK = 256
"""Samples that are worked out together: of a long time, most ramps are elsewhere."""


class Shape:
    """How a ramp goes from 0 to `last` (1, or 0 for one that comes back): a polynomial of u and its derivatives."""

    def __init__(self, polynomial: Polynomial, last: float) -> None:
        self.last = last
        self.orders = np.zeros((3, DEGREE + 1))
        """Coefficients of the polynomial and its two derivatives, the highest power first."""
        for row, order in zip(self.orders, range(3), strict=True):
            coefficients = polynomial.deriv(order).coef[::-1]
            row[-len(coefficients) :] = coefficients


_U = Polynomial([0.0, 1.0])


def _going(p: int, q: int) -> Polynomial:
    scale = factorial(p + q + 1) / (factorial(p) * factorial(q))
    return (scale * _U**p * (1 - _U) ** q).integ()


EVEN = Shape(_going(3, 3), 1.0)
EARLY = Shape(_going(2, 4), 1.0)
"""Fast at first: its largest rate is after a third of the time."""
LATE = Shape(_going(4, 2), 1.0)
"""Its largest rate is after two thirds of the time."""
THERE_AND_BACK = Shape(256 * _U**4 * (1 - _U) ** 4, 0.0)
"""To 1 after half of the time, and back: as a motion it has no net momentum."""
_EVEN_INTEGRAL = Shape(_going(3, 3).integ(), 0.5)


@dataclass(frozen=True, slots=True, order=True)
class Ramp:
    """A change that begins at `start_s` and is over `lasts_s` later."""

    start_s: float
    lasts_s: float = field(compare=False)
    change: float = field(compare=False)
    shape: Shape = field(compare=False)


class Ramps:
    """One quantity: `first` until the first ramp. What lies in the past of a reader must not be changed any more."""

    def __init__(self, first: float = 0.0) -> None:
        self._first = first
        self._ramps: list[Ramp] = []
        self._sums = [first]
        self._longest_s = 0.0

    @property
    def last(self) -> float:
        """Where it rests after all ramps."""
        return self._sums[-1]

    def add(self, start_s: float, end_s: float, change: float, shape: Shape = EVEN) -> None:
        """Change by so much between two instants; nothing for no change."""
        if change == 0.0:
            return
        ramp = Ramp(start_s, end_s - start_s, change, shape)
        insort(self._ramps, ramp)
        at = bisect_left(self._ramps, ramp)
        sums = self._sums[: at + 1]
        for later in self._ramps[at:]:
            sums.append(sums[-1] + later.change * later.shape.last)
        self._sums = sums
        self._longest_s = max(self._longest_s, ramp.lasts_s)

    def to(self, start_s: float, end_s: float, value: float, shape: Shape = EVEN) -> None:
        """Go from where all ramps so far lead to `value`."""
        self.add(start_s, end_s, value - self.last, shape)

    def at(self, t_s: Array) -> Jet:
        """It and its derivatives at times (n,), n at least 1."""
        if t_s.size > CHUNK:
            return joined([self.at(t_s[at : at + CHUNK]) for at in range(0, t_s.size, CHUNK)])
        low, active = _active(self._ramps, self._longest_s, t_s)
        if not active:
            return still(t_s.size, self._sums[low])
        u, lasts_s = _progress(active, t_s)
        change = np.array([[ramp.change] for ramp in active])
        value, rate, bend = _horner(np.stack([ramp.shape.orders for ramp in active], axis=1), u)
        return Jet(
            self._sums[low] + (change * value).sum(axis=0),
            (change / lasts_s * rate).sum(axis=0),
            (change / lasts_s**2 * bend).sum(axis=0),
        )


class Run:
    """A way whose speed changes by even ramps; at rest at 0 at first. What lies in the past must not be changed."""

    def __init__(self) -> None:
        self._ramps: list[Ramp] = []
        self._speeds = [0.0]
        self._offsets = [0.0]
        """After the first k ramps the way is speed x time - offset."""
        self._longest_s = 0.0

    @property
    def speed(self) -> float:
        """The speed after all ramps (per s)."""
        return self._speeds[-1]

    def to(self, start_s: float, end_s: float, speed: float) -> None:
        """Come to `speed` between two instants, the first no earlier than that of the ramp before."""
        ramp = Ramp(start_s, end_s - start_s, speed - self.speed, EVEN)
        self._ramps.append(ramp)
        self._speeds.append(speed)
        self._offsets.append(self._offsets[-1] + ramp.change * (start_s + end_s) / 2)
        self._longest_s = max(self._longest_s, ramp.lasts_s)

    def at(self, t_s: Array) -> Jet:
        """The way, its speed and acceleration at times (n,), n at least 1."""
        if t_s.size > CHUNK:
            return joined([self.at(t_s[at : at + CHUNK]) for at in range(0, t_s.size, CHUNK)])
        low, active = _active(self._ramps, self._longest_s, t_s)
        value, speed = self._speeds[low] * t_s - self._offsets[low], np.full(t_s.shape, self._speeds[low])
        if not active:
            return Jet(value, speed, np.zeros(t_s.shape))
        u, lasts_s = _progress(active, t_s)
        change = np.array([[ramp.change] for ramp in active])
        over_s = np.maximum(t_s - np.array([[ramp.start_s] for ramp in active]) - lasts_s, 0.0)
        way, rate, bend = _horner(_EVEN_INTEGRAL.orders[:, None, :], u)
        return Jet(
            value + (change * (lasts_s * way + over_s)).sum(axis=0),
            speed + (change * rate).sum(axis=0),
            (change / lasts_s * bend).sum(axis=0),
        )


def _active(ramps: list[Ramp], longest_s: float, t_s: Array) -> tuple[int, list[Ramp]]:
    """How many ramps are over for certain before all of these times, and those that are not and have begun."""
    low = bisect_left(ramps, float(t_s.min()) - longest_s, key=lambda ramp: ramp.start_s)
    high = bisect_left(ramps, float(t_s.max()), lo=low, key=lambda ramp: ramp.start_s)
    return low, ramps[low:high]


def _progress(ramps: list[Ramp], t_s: Array) -> tuple[Array, Array]:
    """How far each ramp is at each time, 0 to 1 (ramps, n), and how long each lasts (ramps, 1)."""
    lasts_s = np.array([[ramp.lasts_s] for ramp in ramps])
    starts_s = np.array([[ramp.start_s] for ramp in ramps])
    return np.clip((t_s - starts_s) / lasts_s, 0.0, 1.0), lasts_s


def _horner(orders: Array, u: Array) -> Array:
    """Polynomials with coefficients (3, ramps, degree + 1) at `u` (ramps, n): shape (3, ramps, n)."""
    value = orders[..., :1] * u
    for power in range(1, orders.shape[-1] - 1):
        value = (value + orders[..., power : power + 1]) * u
    made: Array = value + orders[..., -1:]
    return made
