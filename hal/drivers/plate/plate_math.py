"""Arithmetic of force plates: where the cells are, the centre of pressure, zero, and gains from a known mass.

No I/O, no clock. Cells stand in the order of `hal.roles.CORNERS`, a dual plate's left board before its right one.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hal.roles.plate import CORNERS

Array = NDArray[np.float64]
_SIGNS = np.array(((-1.0, 1.0), (1.0, 1.0), (-1.0, -1.0), (1.0, -1.0)))

STILL_KG = 0.25
"""Standard deviation above which an empty cell is not empty; a standing person moves each cell by 0.5 kg or more."""
EMPTY_KG = 15.0
"""Most that an aged, untared plate shows while nobody is on it; nobody who can stand weighs less than twice that."""
MAX_RESIDUAL_PCT = 1.0
MAX_CONDITION = 30.0


class PlateRefusal(ValueError):
    """The readings do not allow what was asked: the message says why."""


def cell_names(boards: int) -> tuple[str, ...]:
    """Names of the load columns: the corners, with the foot in front on a dual plate."""
    return CORNERS if boards == 1 else tuple(f"{side} {corner}" for side in ("left", "right") for corner in CORNERS)


def cell_positions_cm(spacing_cm: tuple[float, float], origins_cm: tuple[tuple[float, float], ...]) -> Array:
    """Where each cell is (cm, x to the right, y to the front), shape (4 * boards, 2).

    `spacing_cm` is the distance between cells across and along one board, `origins_cm` each board's centre.
    """
    corners = _SIGNS * np.array(spacing_cm) / 2
    return np.concatenate([corners + np.array(origin) for origin in origins_cm])


def centre_of_pressure_cm(loads_kg: Array, positions_cm: Array, least_kg: float) -> Array:
    """Centre of pressure (cm), shape (n, 2), of `loads_kg`, shape (n, cells); NaN below `least_kg` in total.

    Every load at its cell's place: for two boards the same as the mean of both centres weighted by their loads.
    """
    total = loads_kg.sum(axis=1, keepdims=True)
    loaded = total >= least_kg
    return np.where(loaded, loads_kg @ positions_cm / np.where(loaded, total, 1.0), np.nan)


def empty_loads_kg(loads_kg: Array, before_kg: Array | None) -> Array:
    """Mean loads (kg) of an empty plate, shape (cells,), from samples (n, cells); raises `PlateRefusal`.

    Refused where the readings move as under a person, repeat to the last digit, or add up to a load beside the last
    zero `before_kg` (None: there is none yet, and any still load could be the plate's own).
    """
    spread = loads_kg.std(axis=0)
    if not np.ptp(loads_kg, axis=0).any():
        raise PlateRefusal("its readings stand still: it measures nothing")
    if spread.max() > STILL_KG:
        raise PlateRefusal(f"it is not still: one corner moves by {spread.max():.2f} kg")
    mean: Array = loads_kg.mean(axis=0)
    if before_kg is not None and abs(load_kg := float((mean - before_kg).sum())) > EMPTY_KG:
        raise PlateRefusal(f"it is not empty: {load_kg:.1f} kg stand on it")
    return mean


@dataclass(frozen=True, slots=True)
class GainCalibration:
    """Gains (kg per count, one a cell) and the largest error they leave (% of the mass)."""

    gains_kg_per_count: tuple[float, ...]
    residual_pct: float

    def as_options(self, zero_counts: tuple[float, ...], date: str) -> dict[str, object]:
        """What goes into a device file's options; `date` is the day of the calibration, YYYY-MM-DD."""
        return {
            "gains_kg_per_count": list(self.gains_kg_per_count),
            "zero_counts": list(zero_counts),
            "calibrated": date,
            "residual_pct": round(self.residual_pct, 3),
        }


def solve_gains(counts: Array, zero_counts: Array, mass_kg: float) -> GainCalibration:
    """The gains for which every placing of one known mass weighs `mass_kg`, by least squares.

    `counts` (m, cells) holds the mean counts of m placings: one on each corner, and at least one more on each board's
    middle, because as many placings as cells fit any gains and leave no error to judge by. `zero_counts` (cells,) is
    the empty plate. A cell wired the other way round gets a negative gain. Raises `PlateRefusal` for too few placings,
    for placings that do not tell the cells apart, and for a residual above `MAX_RESIDUAL_PCT`.
    """
    loaded = counts - zero_counts
    placings, cells = loaded.shape
    needed = cells + cells // 4
    if placings < needed:
        raise PlateRefusal(f"{placings} placings, {needed} are needed: each corner, and each board's middle")
    if mass_kg <= 0:
        raise PlateRefusal("the mass must be above 0 kg")
    if (condition := float(np.linalg.cond(loaded))) > MAX_CONDITION:
        raise PlateRefusal(f"the placings do not tell the corners apart (condition number {condition:.0f})")
    gains = np.linalg.lstsq(loaded, np.full(placings, mass_kg), rcond=None)[0]
    residual_pct = float(np.abs(loaded @ gains - mass_kg).max() / mass_kg * 100)
    if residual_pct > MAX_RESIDUAL_PCT:
        raise PlateRefusal(f"the placings disagree by {residual_pct:.1f} %, at most {MAX_RESIDUAL_PCT:g} % is allowed")
    return GainCalibration(tuple(float(gain) for gain in gains), residual_pct)
