"""Body-weight support that has settled: the load of a rope sways with every step, and a progression is small."""

import msgspec

from bedside.visit.inputs import NS

WINDOW_S = 5.0
"""Two strides of a slow walk or more, so that the swaying of a step averages out of it."""
SAME_KG = 0.5
"""Two windows in a row whose means differ by less tell one load."""
STEP_KG = 1.0
"""A change of the settled load that is recorded; half of it is the most that swaying may leave in a mean."""
JUMP_KG = 5.0
"""A change of a window's mean that is recorded before the load has settled."""


class Settling(msgspec.Struct, frozen=True):
    """The load (kg) over the present window so far, the last window's mean, and what has settled, if anything has.

    `mean_ns` is when the last window began, `begun_ns` the two over which `settled_kg` was the load.
    """

    since_ns: int = 0
    total_kg: float = 0.0
    count: int = 0
    mean_kg: float | None = None
    mean_ns: int = 0
    settled_kg: float | None = None
    begun_ns: int = 0


START = Settling()


def moved_to(load: Settling, told_kg: float, told_ns: int) -> float | None:
    """The load (kg) that is to be recorded after `told_kg` was at `told_ns`; None while it has not moved since."""
    settled_kg, mean_kg = load.settled_kg, load.mean_kg
    if settled_kg is not None and load.begun_ns >= told_ns and abs(settled_kg - told_kg) >= STEP_KG:
        return settled_kg
    jumped = mean_kg is not None and load.mean_ns >= told_ns and abs(mean_kg - told_kg) >= JUMP_KG
    return mean_kg if jumped else None


def heard(before: Settling, load_kg: float | None, now_ns: int) -> Settling:
    """The load with one more reading at `now_ns`; a load that is not told, or not for a while, begins anew."""
    if load_kg is None:
        return START
    age_s = (now_ns - before.since_ns) / NS
    if not before.count or not 0 <= age_s < 2 * WINDOW_S:
        return Settling(since_ns=now_ns, total_kg=load_kg, count=1)
    total_kg, count = before.total_kg + load_kg, before.count + 1
    if age_s < WINDOW_S:
        return msgspec.structs.replace(before, total_kg=total_kg, count=count)
    mean_kg = total_kg / count
    same = before.mean_kg is not None and abs(mean_kg - before.mean_kg) < SAME_KG
    settled_kg = mean_kg if same else None
    return Settling(now_ns, load_kg, 1, mean_kg, before.since_ns, settled_kg, before.mean_ns)
