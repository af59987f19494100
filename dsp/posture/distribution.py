"""How the weight is shared between the legs."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

LEAST_LOAD_KG = 20.0


@dataclass(frozen=True)
class Distribution:
    """Shares of the mean load in %. `right_minus_left_pct` is the signed asymmetry 100 (right - left) / total.

    With a paretic side, `paretic_pct` is the share on that leg and `asymmetry_pct` is 100 (non-paretic - paretic) /
    total. `sd_pct` is the standard deviation of the right share over the trial. `source` says what was measured: the
    load of each leg on two plates, or only where the centre of pressure lies on one.
    """

    left_pct: float = math.nan
    right_pct: float = math.nan
    right_minus_left_pct: float = math.nan
    sd_pct: float = math.nan
    paretic_pct: float | None = None
    asymmetry_pct: float | None = None
    source: str = ""
    refusal: str | None = None


def weight_distribution(
    left_kg: ArrayLike, right_kg: ArrayLike, *, paretic: str | None = None, two_plates: bool = True
) -> Distribution:
    """Shares from the loads of both sides (n,) in kg; of one plate, the sums of the cells of each side.

    Samples with less than 20 kg are left out. Raises ValueError for another `paretic` than "left", "right" or None.
    """
    if paretic not in ("left", "right", None):
        raise ValueError(f"paretic must be 'left', 'right' or None, not {paretic!r}")
    left, right = np.asarray(left_kg, dtype=float), np.asarray(right_kg, dtype=float)
    if left.ndim != 1 or left.shape != right.shape:
        raise ValueError(f"left_kg and right_kg must be equally long, got {left.shape} and {right.shape}")
    source = "load of each leg, two plates" if two_plates else "lateral position on one plate, not the load of each leg"
    total = left + right
    standing = np.isfinite(total) & (total >= LEAST_LOAD_KG)
    if not standing.any() or np.mean(standing) < 0.9:
        return Distribution(source=source, refusal=f"off the plate: less than {LEAST_LOAD_KG:g} kg, or samples missing")
    left, right, total = left[standing], right[standing], total[standing]
    if min(left.mean(), right.mean()) < 0:
        return Distribution(source=source, refusal="negative load: set the plate to zero with nobody on it")
    right_pct = 100.0 * float(right.sum() / total.sum())
    left_pct = 100.0 - right_pct
    on_paretic = {"left": left_pct, "right": right_pct}.get(paretic or "")
    return Distribution(
        left_pct=left_pct,
        right_pct=right_pct,
        right_minus_left_pct=right_pct - left_pct,
        sd_pct=float(np.std(100.0 * right / total)),
        paretic_pct=on_paretic,
        asymmetry_pct=None if on_paretic is None else 100.0 - 2 * on_paretic,
        source=source,
    )
