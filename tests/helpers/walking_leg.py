"""A leg that walks on paper: shank and thigh hang on the foot of `walking_feet`, their angles known throughout."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.cycling import Segment
from tests.helpers.walking_feet import GRAVITY, PITCH, RATE_HZ, REST_S, mounting, rising

Array = NDArray[np.float64]
Knots = tuple[tuple[float, float], ...]

# share of the stride from mid-stance to mid-stance; lower end forward, degrees
SHANK: Knots = ((0.0, 0.0), (0.38, -48.0), (0.78, 18.0), (1.0, 0.0))
THIGH: Knots = ((0.0, 0.0), (0.24, -12.0), (0.66, 27.0), (1.0, 0.0))
SHANK_M, THIGH_M = 0.42, 0.42


@dataclass(frozen=True)
class Leg:
    """Sensors of a leg at `RATE_HZ`, and the angles they were made from (n,) in degrees."""

    thigh: Segment
    shank: Segment
    thigh_deg: Array
    shank_deg: Array
    pitch_deg: Array


def angle(knots: Knots, share: Array) -> Array:
    """Degrees at shares of the stride, with no rate at the knots."""
    found = np.zeros(share.shape)
    for (u0, d0), (u1, d1) in pairwise(knots):
        found += (d1 - d0) * rising((share - u0) / (u1 - u0))
    return found


def leg(
    strides: int = 12, *, period_s: float = 1.1, length_m: float = 1.2, late_s: float = 0.0, seed: int = 0, **how: Any
) -> Leg:
    """The leg above `walking_feet.walk` of the same arguments; `rest_deg` (shank, thigh) is how it stands.

    `tissue_deg` is how far the sensors wobble on the limb, twice a stride.
    """
    fine = 10 * RATE_HZ
    at = (np.arange(int((2 * REST_S + 1.2 + strides * period_s) * fine)) / fine - REST_S - late_s) / period_s
    number = np.clip(np.floor(at), 0, strides - 1)
    share = np.clip(at - number, 0, 1)
    forward = length_m * (number + rising((share - 0.35) / 0.45))
    up = 0.12 * rising((share - 0.25) / 0.25) * (1 - rising((share - 0.5) / 0.3))
    ankle = np.stack([forward, up], axis=1)
    shank, thigh = np.radians(angle(SHANK, share)), np.radians(angle(THIGH, share))
    knee = ankle - SHANK_M * _hanging(shank)
    rng = np.random.default_rng(seed + 100)
    tissue = np.radians(float(how.get("tissue_deg", 0.0))) * np.sin(4 * np.pi * share)
    sensors = [
        _sensor(place, lean + tissue, rng, seed + number)
        for number, (place, lean) in enumerate(
            ((ankle - 0.5 * SHANK_M * _hanging(shank), shank), (knee - 0.5 * THIGH_M * _hanging(thigh), thigh))
        )
    ]
    step = int(fine / RATE_HZ)
    return Leg(
        sensors[1],
        sensors[0],
        np.degrees(thigh[::step]),
        np.degrees(shank[::step]),
        -angle(PITCH, share)[::step],
    )


def _hanging(lean: Array) -> Array:
    """Unit vectors (n, 2), forward and up, from a segment's upper end to its lower one."""
    return np.stack([np.sin(lean), -np.cos(lean)], axis=1)


def _sensor(place: Array, lean: Array, rng: np.random.Generator, seed: int) -> Segment:
    fine = 10 * RATE_HZ
    ahead, lift = (np.gradient(np.gradient(column, 1 / fine), 1 / fine) for column in place.T)
    zero, force = np.zeros(lean.size), lift + GRAVITY
    cos, sin = np.cos(lean), np.sin(lean)
    # axes: along the limb's front, to the left, along the limb upward; lower end forward turns against the left axis
    accel = np.stack([cos * ahead + sin * force, zero, -sin * ahead + cos * force], axis=1)
    gyro = np.stack([zero, -np.gradient(lean, 1 / fine), zero], axis=1)
    step, turn = int(fine / RATE_HZ), mounting(seed + 50)
    gyro, accel = gyro[::step] @ turn.T, accel[::step] @ turn.T
    gyro += rng.normal(0, 0.01, 3) + rng.normal(0, 0.004, gyro.shape)
    return Segment(gyro, accel + rng.normal(0, 0.03, accel.shape))
