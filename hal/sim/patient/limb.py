"""Where the sensors on a leg are, and what a point that moves like that feels.

The plane: x ahead, z up; leans and turns are positive forward, the toes down (about y, which points to the left).
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from hal.sim.patient.jet import Array, Jet, cos, sin

Segment = Literal["foot", "shank", "thigh"]
SEGMENTS: tuple[Segment, ...] = ("foot", "shank", "thigh")
GRAVITY_M_S2 = 9.80665
SHANK_M, THIGH_M = 0.43, 0.42
ANKLE_M, INSTEP_M = (0.05, 0.08), (0.14, 0.06)
"""Ankle and sensor on the foot: ahead of the heel, above the sole."""
ON_SHANK, ON_THIGH = (0.6, 0.04), (0.5, 0.06)
"""Sensor: along the bone from the lower joint (share of its length), and in front of it (m)."""


class Point(NamedTuple):
    """A point in the plane (m)."""

    x: Jet
    z: Jet

    def beyond(self, lean: Jet, ahead: Jet | float, up: Jet | float) -> "Point":
        """A point of a body that leans by `lean` (rad), so far ahead of and above this one in the body's own axes."""
        sine, cosine = sin(lean), cos(lean)
        return Point(self.x + cosine * ahead + sine * up, self.z - sine * ahead + cosine * up)


@dataclass(frozen=True, slots=True)
class Pose:
    """A sensor: its place, how far it is to the left (m), and its lean (rad)."""

    place: Point
    left: Jet
    lean: Jet


def chain(ankle: Point, shank: Jet, thigh: Jet) -> dict[Segment, tuple[Point, Jet]]:
    """Sensors on shank and thigh (place, lean), from the ankle upward."""
    knee = ankle.beyond(shank, 0.0, SHANK_M)
    return {
        "shank": (ankle.beyond(shank, ON_SHANK[1], ON_SHANK[0] * SHANK_M), shank),
        "thigh": (knee.beyond(thigh, ON_THIGH[1], ON_THIGH[0] * THIGH_M), thigh),
    }


def specific_force(pose: Pose) -> Array:
    """What an accelerometer there shows, m/s2 (n, 3), in its own axes: ahead, left, up."""
    ahead, up = pose.place.x.bend, pose.place.z.bend + GRAVITY_M_S2
    cosine, sine = np.cos(pose.lean.value), np.sin(pose.lean.value)
    return np.column_stack((cosine * ahead - sine * up, pose.left.bend, sine * ahead + cosine * up))


def turn_rate(pose: Pose) -> Array:
    """What a gyroscope there shows, rad/s (n, 3)."""
    none = np.zeros_like(pose.lean.rate)
    return np.column_stack((none, pose.lean.rate, none))


def seen(vector: tuple[float, float, float], pose: Pose) -> Array:
    """A vector of the room (ahead, left, up) in the sensor's axes, (n, 3)."""
    x, y, z = vector
    cosine, sine = np.cos(pose.lean.value), np.sin(pose.lean.value)
    return np.column_stack((cosine * x - sine * z, np.full(cosine.shape, y), sine * x + cosine * z))
