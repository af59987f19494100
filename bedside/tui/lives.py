"""What was last heard of an assessment's sensors, kept for drawing alone: the balance trail, knee angles, a stride.

Nothing here is measured from. What is older than `STALE_S` is not shown as the present.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bedside.station.wire import Live
from bedside.tui.shapes import Point

STALE_S = 1.0
TRAIL_S = 1.5
LEGS = ("left", "right")
GAP_DOTS = 4
JOINED_DOTS = 8
"""Samples further apart than this are not joined: something was lost between them."""

Target = tuple[float, float, float]


class CopTrail:
    """The centre of pressure of the last `TRAIL_S` seconds, and how long it has been within the target."""

    def __init__(self) -> None:
        self.points: deque[tuple[float, Point]] = deque()
        self.now: Point | None = None
        self.left_pct: float | None = None
        self.load_kg: float | None = None
        self.dwell_s: float | None = None
        self._target: Target | None = None
        self._entered_s: float | None = None

    def take(self, live: Live) -> None:
        """Add samples; one whose place is not known ends the trail."""
        for at_s, values in zip(live.seconds, live.rows, strict=False):
            named = dict(zip(live.names, values, strict=False))
            self.left_pct, self.load_kg = named.get("left_pct"), named.get("load_kg")
            x_cm, y_cm = named.get("x_cm"), named.get("y_cm")
            if x_cm is None or y_cm is None or (self.points and at_s < self.points[-1][0]):
                self.points.clear()
                self.now = self._entered_s = None
                if x_cm is None or y_cm is None:
                    continue
            self.now = (x_cm, y_cm)
            self.points.append((at_s, self.now))
            self._dwell(at_s)
        while self.points and self.points[-1][0] - self.points[0][0] > TRAIL_S:
            self.points.popleft()

    def aim(self, target: Target | None) -> None:
        """Another target begins another dwell."""
        if target != self._target:
            self._target, self._entered_s, self.dwell_s = target, None, None

    def _dwell(self, at_s: float) -> None:
        if self._target is None or self.now is None or not within(self.now, self._target):
            self._entered_s, self.dwell_s = None, None
            return
        self._entered_s = at_s if self._entered_s is None else self._entered_s
        self.dwell_s = at_s - self._entered_s


def within(point: Point, target: Target) -> bool:
    """Whether a point is in the target's ring."""
    return (point[0] - target[0]) ** 2 + (point[1] - target[1]) ** 2 <= target[2] ** 2


class KneeSweep:
    """Lowest and highest knee angle per dot, shape (dots, 2: left and right), in degrees, for `window_s`.

    New values overwrite the old from left to right; dots between two samples hold the straight line between them.
    """

    def __init__(self, dots: int, window_s: float) -> None:
        self.dots = max(dots, 1)
        self.low_deg: NDArray[np.float64] = np.full((self.dots, 2), np.nan)
        self.high_deg: NDArray[np.float64] = np.full((self.dots, 2), np.nan)
        self.latest: dict[str, float | None] = {}
        self._per_s = self.dots / window_s
        self._last: list[tuple[int, float] | None] = [None, None]

    def take(self, live: Live) -> None:
        """Add samples."""
        for at_s, values in zip(live.seconds, live.rows, strict=False):
            self.latest = dict(zip(live.names, values, strict=False))
            key = int(at_s * self._per_s)
            for leg, name in enumerate(LEGS):
                self._store(leg, key, self.latest.get(f"{name}_deg"))
            gap = (key + 1 + np.arange(min(GAP_DOTS, self.dots - 1))) % self.dots
            self.low_deg[gap] = self.high_deg[gap] = np.nan

    def _store(self, leg: int, key: int, angle_deg: float | None) -> None:
        before = self._last[leg]
        self._last[leg] = None if angle_deg is None else (key, angle_deg)
        if angle_deg is None:
            return
        if before is None or not 0 < key - before[0] <= JOINED_DOTS:
            self._stretch(leg, key, angle_deg, angle_deg, afresh=before is None or key != before[0])
            return
        slope = (angle_deg - before[1]) / (key - before[0])
        for step in range(before[0] + 1, key + 1):
            value = before[1] + slope * (step - before[0])
            self._stretch(leg, step, value - slope, value, afresh=True)

    def _stretch(self, leg: int, key: int, one_deg: float, other_deg: float, *, afresh: bool) -> None:
        """Let a dot reach from one value to the other, and to what it held unless it begins `afresh`."""
        place = key % self.dots
        low, high = min(one_deg, other_deg), max(one_deg, other_deg)
        self.low_deg[place, leg] = low if afresh else np.fmin(self.low_deg[place, leg], low)
        self.high_deg[place, leg] = high if afresh else np.fmax(self.high_deg[place, leg], high)


class Strides:
    """The last stride of each foot as forward and height in cm."""

    def __init__(self) -> None:
        self.paths: dict[str, tuple[Point, ...]] = {}

    def take(self, live: Live) -> None:
        """Keep the stride of its foot; a path with an unknown point is not drawn."""
        points = [dict(zip(live.names, values, strict=False)) for values in live.rows]
        path = [(point.get("forward_cm"), point.get("height_cm")) for point in points]
        known = [(x, y) for x, y in path if x is not None and y is not None]
        self.paths[live.foot] = tuple(known) if len(known) == len(path) else ()


def newest(lives: Sequence[tuple[int, Live]], seen: int, stream: str) -> list[Live]:
    """The messages of a stream after number `seen`, oldest first."""
    return [live for number, live in lives if number > seen and live.stream == stream]
