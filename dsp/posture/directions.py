"""Which way the six variables of standing should go: smaller is better for all, offsets by their size.

The reading is that of the trials' own table. For path per area the clinics that made the variable read it the other
way round, and in open data it falls with age: it is DISPUTED, and a screen should show it without an arrow.
"""

from typing import Literal

Moved = Literal["better", "worse", "same"]

SMALLER_IS_BETTER = (
    "path_length_cm",
    "envelope_area_cm2",
    "offset_x_cm",
    "offset_y_cm",
    "mean_speed_cm_s",
    "path_per_area_per_cm",
)
BY_SIZE = frozenset({"offset_x_cm", "offset_y_cm"})
DISPUTED = frozenset({"path_per_area_per_cm"})


def moved(variable: str, before: float, after: float) -> Moved:
    """Which way a variable went between two visits. Raises KeyError for one that has no direction here.

    Says nothing of whether the change is larger than chance, and only holds between trials of one duration and filter.
    """
    if variable not in SMALLER_IS_BETTER:
        raise KeyError(f"no direction is known for {variable!r}; it is known for {', '.join(SMALLER_IS_BETTER)}")
    if variable in BY_SIZE:
        before, after = abs(before), abs(after)
    if after == before:
        return "same"
    return "better" if after < before else "worse"
