"""Feet that walk on paper: exact strides as a foot sensor in any mounting would see them, and the public recordings."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dsp.gait import Foot

Array = NDArray[np.float64]
RATE_HZ, REST_S, GRAVITY = 100.0, 1.0, 9.80665
# share of the stride from mid-stance to mid-stance, toe-drop angle in degrees
PITCH = ((0.0, 0.0), (0.25, 4.0), (0.42, 55.0), (0.74, -22.0), (0.84, 0.0), (1.0, 0.0))


def rising(x: Array) -> Array:
    """0 to 1 with no speed and no acceleration at the ends."""
    x = np.clip(x, 0, 1)
    return np.asarray(x**3 * (10 - 15 * x + 6 * x**2))


def mounting(seed: int) -> Array:
    """A random rotation (3, 3)."""
    q, r = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    q = q * np.sign(np.diag(r))
    return np.asarray(q if np.linalg.det(q) > 0 else -q)


def walk(
    strides: int = 12, *, period_s: float = 1.1, length_m: float = 1.2, late_s: float = 0.0, seed: int = 0
) -> Foot:
    """One foot: rest, `strides` equal strides straight ahead, rest."""
    fine = 10 * RATE_HZ
    total = 2 * REST_S + 1.2 + strides * period_s
    at = (np.arange(int(total * fine)) / fine - REST_S - late_s) / period_s
    number, share = np.clip(np.floor(at), 0, strides - 1), np.clip(at - np.clip(np.floor(at), 0, strides - 1), 0, 1)
    pitch = np.zeros(at.size)
    for (u0, p0), (u1, p1) in pairwise(PITCH):
        pitch += np.radians(p1 - p0) * rising((share - u0) / (u1 - u0))
    forward = length_m * (number + rising((share - 0.35) / 0.45))
    up = 0.12 * rising((share - 0.25) / 0.25) * (1 - rising((share - 0.5) / 0.3))
    ahead, lift = (np.gradient(np.gradient(x, 1 / fine), 1 / fine) for x in (forward, up))
    zero = np.zeros(at.size)
    gyro = np.stack([zero, np.gradient(pitch, 1 / fine), zero], axis=1)
    cos, sin = np.cos(pitch), np.sin(pitch)
    force = lift + GRAVITY
    accel = np.stack([cos * ahead - sin * force, zero, sin * ahead + cos * force], axis=1)
    turn = mounting(seed)
    rng = np.random.default_rng(seed)
    step = int(fine / RATE_HZ)
    gyro, accel = gyro[::step] @ turn.T, accel[::step] @ turn.T
    return Foot(gyro + rng.normal(0, 0.004, gyro.shape), accel + rng.normal(0, 0.03, accel.shape), RATE_HZ)


def pair(**how: Any) -> tuple[Foot, Foot]:
    """Left and right half a stride apart, mounted differently."""
    period = float(how.get("period_s", 1.1))
    return walk(**how, seed=3), walk(**how, late_s=period / 2, seed=4)


def changed(foot: Foot, **how: Any) -> Foot:
    """The same foot with other fields."""
    return replace(foot, **how)


@dataclass(frozen=True)
class Recording:
    """A public recording: its feet, what is known of it, its duration."""

    name: str
    left: Foot | None
    right: Foot | None
    truth: dict[str, Any]
    lasts_s: float


def recordings(folder: Path, kind: str) -> Iterator[Recording]:
    """All recordings of a kind, in the order of their names."""
    for path in sorted((folder / kind).glob("*.npz")):
        with np.load(path) as file:
            arrays = {key: file[key] for key in file.files}
        known = json.loads(path.with_suffix(".json").read_text())
        left, right = (_foot(arrays, side) for side in ("left", "right"))
        yield Recording(path.stem, left, right, known["truth"], arrays["t"].size / float(arrays["fs"]))


def _foot(arrays: dict[str, Any], side: str) -> Foot | None:
    if f"{side}_acc" not in arrays:
        return None
    gyro, accel = (arrays[f"{side}_{kind}"].astype(float) for kind in ("gyr", "acc"))
    return Foot(gyro, accel, float(arrays["fs"]), arrays.get(f"{side}_received"))
