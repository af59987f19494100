"""Numbers over time that carry their first two derivatives, so that a motion written as positions is exact as forces.

Forward differentiation to second order: each operation applies the chain rule, and no difference quotient is taken.
"""

from dataclasses import dataclass
from typing import Union

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Term = Union["Jet", Array, float]


@dataclass(frozen=True, slots=True)
class Jet:
    """A quantity at n instants: its `value`, `rate` (per s) and `bend` (per s2), each of shape (n,)."""

    value: Array
    rate: Array
    bend: Array

    def __add__(self, other: Term) -> "Jet":
        if isinstance(other, Jet):
            return Jet(self.value + other.value, self.rate + other.rate, self.bend + other.bend)
        return Jet(self.value + other, self.rate, self.bend)

    __radd__ = __add__

    def __neg__(self) -> "Jet":
        return Jet(-self.value, -self.rate, -self.bend)

    def __sub__(self, other: Term) -> "Jet":
        return self + (-other)

    def __rsub__(self, other: Term) -> "Jet":
        return -self + other

    def __mul__(self, other: Term) -> "Jet":
        if isinstance(other, Jet):
            bend = self.bend * other.value + 2 * self.rate * other.rate + self.value * other.bend
            return Jet(self.value * other.value, self.rate * other.value + self.value * other.rate, bend)
        return Jet(self.value * other, self.rate * other, self.bend * other)

    __rmul__ = __mul__

    def __truediv__(self, other: "Jet") -> "Jet":
        return self * _through(other, 1 / other.value, -(other.value**-2), 2 * other.value**-3)


def still(n: int, value: float = 0.0) -> Jet:
    """A quantity of `n` instants that does not change."""
    return Jet(np.full(n, value), np.zeros(n), np.zeros(n))


def joined(parts: list[Jet]) -> Jet:
    """One quantity from pieces of its time, in order."""
    value, rate, bend = (np.concatenate([getattr(part, name) for part in parts]) for name in ("value", "rate", "bend"))
    return Jet(value, rate, bend)


def sin(x: Jet) -> Jet:
    """Sine of an angle in rad."""
    sine = np.sin(x.value)
    return _through(x, sine, np.cos(x.value), -sine)


def cos(x: Jet) -> Jet:
    """Cosine of an angle in rad."""
    cosine = np.cos(x.value)
    return _through(x, cosine, -np.sin(x.value), -cosine)


def sqrt(x: Jet) -> Jet:
    """Square root of a positive quantity."""
    root = np.sqrt(x.value)
    return _through(x, root, 0.5 / root, -0.25 / (root * x.value))


def arccos(x: Jet) -> Jet:
    """Angle (rad) of a cosine strictly between -1 and 1."""
    left = 1 - x.value**2
    return _through(x, np.arccos(x.value), -(left**-0.5), -x.value * left**-1.5)


def arctan2(y: Jet, x: Jet) -> Jet:
    """Angle (rad) of a direction that never vanishes."""
    square = x.value**2 + y.value**2
    turn = x.value * y.rate - y.value * x.rate
    growth = 2 * (x.value * x.rate + y.value * y.rate)
    bend = (x.value * y.bend - y.value * x.bend) / square - turn * growth / square**2
    return Jet(np.arctan2(y.value, x.value), turn / square, bend)


def _through(x: Jet, value: Array, first: Array, second: Array) -> Jet:
    """A function of x from its value and derivatives there."""
    return Jet(value, first * x.rate, second * x.rate**2 + first * x.bend)
