"""A quantity that changes by smooth ramps, one after another or over each other, and rests where none is under way.

A ramp's rate is u^p (1 - u)^q over its time, u from 0 to 1, so that rate and acceleration begin and end at nothing.
"""

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from math import factorial

import numpy as np
from numpy.polynomial import Polynomial

from hal.sim.jet import Array, Jet


class Shape:
    """How a ramp goes from 0 to `last` (1, or 0 for one that comes back): a polynomial of u and its derivatives."""

    def __init__(self, polynomial: Polynomial, last: float) -> None:
        self.last = last
        self._orders = [[float(c) for c in polynomial.deriv(n).coef[::-1]] for n in (0, 1, 2)]

    def at(self, u: Array, order: int) -> Array:
        """The derivative of that order (0, 1, 2) by u, which lies between 0 and 1."""
        first, *rest = self._orders[order]
        value = np.full(u.shape, first)
        for coefficient in rest:
            value = value * u + coefficient
        return value


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

    def add_to(self, t_s: Array, value: Array, rate: Array, bend: Array) -> None:
        """Add it to a quantity and its derivatives at times `t_s` (n,)."""
        u = (t_s - self.start_s) / self.lasts_s
        inside = (u > 0) & (u < 1)
        value[u >= 1] += self.change * self.shape.last
        if inside.any():
            u = u[inside]
            value[inside] += self.change * self.shape.at(u, 0)
            rate[inside] += self.change / self.lasts_s * self.shape.at(u, 1)
            bend[inside] += self.change / self.lasts_s**2 * self.shape.at(u, 2)


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
        first, last = float(np.min(t_s)), float(np.max(t_s))
        low = bisect_left(self._ramps, first - self._longest_s, key=lambda ramp: ramp.start_s)
        high = bisect_left(self._ramps, last, lo=low, key=lambda ramp: ramp.start_s)
        value = np.full(t_s.shape, self._sums[low])
        rate, bend = np.zeros(t_s.shape), np.zeros(t_s.shape)
        for ramp in self._ramps[low:high]:
            ramp.add_to(t_s, value, rate, bend)
        return Jet(value, rate, bend)


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
        first, last = float(np.min(t_s)), float(np.max(t_s))
        low = bisect_left(self._ramps, first - self._longest_s, key=lambda ramp: ramp.start_s)
        high = bisect_left(self._ramps, last, lo=low, key=lambda ramp: ramp.start_s)
        value = self._speeds[low] * t_s - self._offsets[low]
        rate, bend = np.full(t_s.shape, self._speeds[low]), np.zeros(t_s.shape)
        for ramp in self._ramps[low:high]:
            u = np.clip((t_s - ramp.start_s) / ramp.lasts_s, 0.0, 1.0)
            over_s = np.maximum(t_s - ramp.start_s - ramp.lasts_s, 0.0)
            value += ramp.change * (ramp.lasts_s * _EVEN_INTEGRAL.at(u, 0) + over_s)
            rate += ramp.change * _EVEN_INTEGRAL.at(u, 1)
            bend += ramp.change / ramp.lasts_s * _EVEN_INTEGRAL.at(u, 2)
        return Jet(value, rate, bend)
