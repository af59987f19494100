"""What a motion sensor says while it rests, and whether its zero may be set then and has come out right.

Everything here takes what was heard of one sensor, and refuses in words where that cannot be.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bedside.refusal import Refusal
from hal.device import Reading
from hal.roles import MotionBlock

Array = NDArray[np.float64]
Axis = tuple[float, float, float]

STILL_RAD_S = 0.1
STEADY_RAD_S, STEADY_M_S2 = float(np.radians(1.0)), 0.2
"""Noise of a sensor on a table (SD) is a fifth of this; worn, even a person who stands still moves it by more."""
GRAVITY_M_S2, GRAVITY_SHARE, UNZEROED_SHARE = 9.81, 0.05, 0.1
"""What a sensor that rests may feel beside gravity; before its first zero an offset of 80 mg is usual."""
TILT_DEG, ZEROED_TILT_DEG = 7.0, 2.0
"""60 mg of offset on both level axes look like 5 degrees, and a table is level to 2; after its zero none are left."""
LEFT_DEG_S = 1.0
"""Turn rate that a zero may leave; more was taken in while the sensor moved."""
LAY_LEVEL = "take it off, lay it level and still with its upper side up, and zero it again"


def moved(name: str, heard: Sequence[Reading]) -> tuple[NDArray[np.int64], Array, Array]:
    """Times (n,) in ns, turn rate and acceleration (n, 3) that a sensor said; raises `Refusal` when it said nothing."""
    blocks = [block for block in heard if isinstance(block, MotionBlock) and len(block.sample_ns)]
    if not blocks:
        raise Refusal(f"{name} sends nothing", "wait until it is connected, then calibrate again")
    return (
        np.concatenate([block.sample_ns for block in blocks]),
        np.concatenate([block.gyro_rad_s for block in blocks]).astype(float),
        np.concatenate([block.accel_m_s2 for block in blocks]).astype(float),
    )


def taken_since(reading: Reading, since_ns: int) -> bool:
    """Whether all samples of a block were taken after that time: some sensors' come out seconds later."""
    return isinstance(reading, MotionBlock) and len(reading.sample_ns) > 0 and int(reading.sample_ns[0]) >= since_ns


def at_rest(
    name: str, heard: Sequence[Reading], *, steady: bool = False, share: float = GRAVITY_SHARE
) -> tuple[Array, Array]:
    """Turn rate and acceleration (n, 3) of a sensor that rests, `steady` on a table; raises `Refusal`.

    What it feels may differ from gravity by `share`.
    """
    _, gyro, accel = moved(name, heard)
    turns, pulls = (float(np.std(values, axis=0).max()) for values in (gyro, accel))
    if turns > (STEADY_RAD_S if steady else STILL_RAD_S) or (steady and pulls > STEADY_M_S2):
        raise Refusal(f"{name} is moving", "keep it still and calibrate again")
    force = float(np.linalg.norm(accel.mean(axis=0)))
    if abs(force / GRAVITY_M_S2 - 1.0) > share:
        raise Refusal(f"{name} feels {force:.2f} m/s2 at rest instead of 9.81", "exchange the sensor")
    return gyro, accel


def lies_level(name: str, heard: Sequence[Reading], up: Axis) -> None:
    """Raise `Refusal` unless the sensor lies still on a table, its axis `up` upwards: so it may take its zero.

    A worn sensor would take the tilt of the leg for an offset, and feel 9.81 m/s2 afterwards all the same.
    """
    _, accel = at_rest(name, heard, steady=True, share=UNZEROED_SHARE)
    tilt_deg = _tilt_deg(accel, up)
    if tilt_deg > TILT_DEG:
        raise Refusal(f"{name} does not lie level: it is tilted by {tilt_deg:.0f} degrees", LAY_LEVEL)


def turn_left_deg_s(name: str, heard: Sequence[Reading], up: Axis) -> float:
    """The turn rate (deg/s) that is left after a zero; raises `Refusal` where it shows that the sensor moved."""
    try:
        gyro, accel = at_rest(name, heard, steady=True)
    except Refusal as error:
        raise Refusal(f"{error.reason}: whether its zero is right is not known", LAY_LEVEL) from None
    left = float(np.degrees(np.linalg.norm(gyro.mean(axis=0))))
    if left > LEFT_DEG_S:
        raise Refusal(f"the zero of {name} is wrong: {left:.1f} deg/s are left at rest", LAY_LEVEL)
    tilt_deg = _tilt_deg(accel, up)
    if tilt_deg > ZEROED_TILT_DEG:
        raise Refusal(f"the zero of {name} is wrong: level, it shows {tilt_deg:.1f} degrees", LAY_LEVEL)
    return left


def _tilt_deg(accel: Array, up: Axis) -> float:
    """By how much a resting sensor's axis `up` is off the vertical (degrees)."""
    mean = accel.mean(axis=0)
    return float(np.degrees(np.arccos(np.clip(mean @ np.array(up) / np.linalg.norm(mean), -1.0, 1.0))))
