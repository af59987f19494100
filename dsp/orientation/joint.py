"""The angle of a joint between two sensors whose headings are both the compass's, from a posture that counts as zero.

Without a compass on both, each heading is its own, and what lies between them is no joint's angle.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dsp.orientation.recording import Orientation

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEADY_DEG = 3.0
"""RMS of the joint's movement within the posture that counts as zero."""
LEAST_TURN_DEG = 5.0
"""Below it the joint has not moved, and no axis can be found."""


@dataclass(frozen=True)
class JointAngle:
    """`angle_deg` (n,): the turn of the distal against the proximal segment about the main `axis` (3,), which is in the
    distal sensor's axes, positive towards the larger excursion, 0 in the posture given; NaN where not measured.
    `off_axis_deg` is the RMS of the turn that is left.
    """

    angle_deg: Array
    axis: Array | None
    off_axis_deg: float | None
    refusal: str | None


def joint_angle(proximal: Orientation, distal: Orientation, neutral: slice) -> JointAngle:
    """Of two sensors on one clock; `neutral` are the rows of the posture that counts as zero.

    Raises ValueError for recordings of different lengths.
    """
    rows = len(proximal.quaternions)
    if rows != len(distal.quaternions):
        raise ValueError(f"the sensors have {rows} and {len(distal.quaternions)} samples; give both on one clock")
    known = proximal.by_compass & distal.by_compass
    refusal = _unfit(proximal, distal, known[neutral])
    if refusal:
        return _nothing(rows, refusal)
    first, second = (Rotation.from_quat(one.quaternions[known], scalar_first=True) for one in (proximal, distal))
    between = first.inv() * second
    still = np.zeros(rows, dtype=bool)
    still[neutral] = True
    zero = between[np.flatnonzero(still[known])].mean()
    turn = zero.inv() * between
    vectors = np.asarray(turn.as_rotvec())
    wobble = _rms_deg(vectors[still[known]])
    if wobble > STEADY_DEG:
        return _nothing(rows, f"the joint moved by {wobble:.1f} degrees (RMS) in the posture that counts as zero")
    if np.degrees(np.max(np.linalg.norm(vectors, axis=1))) < LEAST_TURN_DEG:
        return _nothing(rows, "the joint did not move: its axis cannot be found")
    axis = np.linalg.svd(vectors, full_matrices=False)[2][0]
    w, along = turn.as_quat(scalar_first=True)[:, 0], turn.as_quat(scalar_first=True)[:, 1:] @ axis
    about = np.angle(np.exp(2j * np.arctan2(along, w)))
    if abs(about.min()) > about.max():
        axis, about = -axis, -about
    left = turn * Rotation.from_rotvec(about[:, None] * axis).inv()
    angle = np.full(rows, np.nan)
    angle[known] = np.degrees(about)
    return JointAngle(angle, axis, _rms_deg(np.asarray(left.as_rotvec())), None)


def _unfit(proximal: Orientation, distal: Orientation, known: Mask) -> str | None:
    for name, one in (("proximal", proximal), ("distal", distal)):
        if one.refusal:
            return f"{name} sensor: {one.refusal}"
        if not one.by_compass.any():
            return f"{name} sensor: {one.reason}; a joint's angle needs a compass on both"
    if known.size == 0:
        return "no sample in the posture that counts as zero"
    if not known.all():
        return "the posture that counts as zero lies where a compass is not believed"
    return None


def _rms_deg(vectors: Array) -> float:
    return float(np.degrees(np.sqrt(np.mean(np.sum(vectors**2, axis=1)))))


def _nothing(rows: int, why: str) -> JointAngle:
    return JointAngle(np.full(rows, np.nan), None, None, why)
