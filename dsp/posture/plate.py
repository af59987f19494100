"""A plate's position against its own loads: the one place where units and axes of a position can be checked.

On one plate the position sideways is half its width times (right - left) / total, and to the front half its depth times
(front - back) / total; of two plates, one a leg, the first holds with half the distance of the feet. So the loads tell
which axis is which and which way it points, and the factor between them tells the unit.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

EXPLAINED, NOT_EXPLAINED = 0.9, 0.5
"""Share of an axis' variance that the loads must explain, or must not, before anything is concluded from them."""
LEAST_MOVED = 1e-4
FEWEST = 10
NEAREST_CM, FARTHEST_CM = 3.0, 80.0
"""Half a plate's width or depth, and half the distance of two feet, lie well inside."""


def against_loads(x: Array, y: Array, loads_kg: Array, cells: Sequence[str]) -> str | None:
    """Why position `x`, `y` (n,) in cm and `loads_kg` (n, cells) do not belong together; None where they may.

    `cells` names the columns: a name with "left" or "right" and, of single cells, "top" (to the toes) or "bottom"; of
    two plates the side comes first. Other names say nothing, and neither does a track that hardly moved.
    """
    known, sideways, ahead = _balance(x, y, loads_kg, cells)
    if not known.any():
        return None
    axes = {"x": x[known], "y": y[known]}
    return (
        _swapped(axes, sideways, ahead)
        or _one_axis("x", axes["x"], sideways, "to the patient's right")
        or _one_axis("y", axes["y"], ahead, "to the front")
    )


def unit_shown(x: Array, y: Array, loads_kg: Array, cells: Sequence[str]) -> bool:
    """Whether the loads show the unit of a position that `against_loads` has nothing against."""
    known, sideways, _ = _balance(x, y, loads_kg, cells)
    return bool(known.any()) and _explained(x[known], sideways) >= EXPLAINED


def _balance(x: Array, y: Array, loads_kg: Array, cells: Sequence[str]) -> tuple[NDArray[np.bool_], Array, Array]:
    """Which samples (n,) count, and their load to the right and to the front, each as a share from -1 to 1."""
    known = np.asarray(np.isfinite(x) & np.isfinite(y) & np.isfinite(loads_kg).all(axis=1), dtype=bool)
    total = loads_kg.sum(axis=1)
    if known.any():
        known &= total > 0.5 * float(np.median(total[known]))
    if np.count_nonzero(known) < FEWEST:
        known[:] = False
    shares = loads_kg[known] / total[known, None]
    sideways = shares @ np.array([_sign(name, "right", "left") for name in cells])
    return known, sideways, shares @ np.array([_sign(name, "top", "bottom") for name in cells])


def _sign(name: str, positive: str, negative: str) -> float:
    """Of a plate's side and a cell's both, the plate's counts: it comes first."""
    at = {way: name.find(way) for way in (positive, negative) if way in name}
    if not at:
        return 0.0
    return 1.0 if min(at, key=lambda way: at[way]) == positive else -1.0


def _swapped(axes: dict[str, Array], sideways: Array, ahead: Array) -> str | None:
    """Where the load to the side goes with y and not with x; two plates say nothing of the load to the front."""
    if _explained(axes["y"], sideways) > EXPLAINED and _explained(axes["x"], sideways) < NOT_EXPLAINED:
        return "axes: y follows the load to the side and x does not; they are swapped"
    if _explained(axes["x"], ahead) > EXPLAINED and _explained(axes["y"], ahead) < NOT_EXPLAINED:
        return "axes: x follows the load to the front and y does not; they are swapped"
    return None


def _one_axis(name: str, axis: Array, balance: Array, towards: str) -> str | None:
    if _explained(axis, balance) < EXPLAINED:
        return None
    arm_cm = float(np.cov(axis, balance)[0, 1] / np.var(balance, ddof=1))
    if arm_cm < 0:
        return f"axes: {name} falls where the load goes {towards}; it points the other way"
    if arm_cm < NEAREST_CM:
        return f"units: by its loads the plate is {2 * arm_cm:.2g} cm across along {name}; is the position in metres?"
    if arm_cm > FARTHEST_CM:
        return f"units: by its loads the plate is {2 * arm_cm:.0f} cm across along {name}; is the position in mm?"
    return None


def _explained(axis: Array, balance: Array) -> float:
    """Squared correlation; 0 where either hardly moves."""
    if np.std(balance) < LEAST_MOVED or np.std(axis) == 0:
        return 0.0
    return float(np.corrcoef(axis, balance)[0, 1] ** 2)
