"""What is drawn of worn sensors: both knees on a crank, or the last stride of each foot.

Worked out anew from the last seconds by the functions that also give results; for the eye alone.
"""

import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bedside.config.captures import LiveView
from bedside.station.wire import Live
from dsp.cycling import Segment, cadence
from dsp.gait import Foot, analyse
from dsp.gait.model import Stride
from hal.roles import MotionBlock

Array = NDArray[np.float64]
Row = tuple[float | None, ...]
Rows = list[tuple[float, Row]]

WORK_S = 1.0
"""How often it is worked out, and so the length of each message of knee angles."""
WINDOW_S, SHORTEST_S = 12.0, 6.0
DRAWN_HZ = 20.0
KNEE = ("left_deg", "right_deg", "left_rpm", "right_rpm")
FEET = ("forward_cm", "height_cm")
SIDES = ("left", "right")


def message(stream: LiveView, names: tuple[str, ...], rows: Rows, *, foot: str = "") -> Live:
    """Rows with their times; raises ValueError for a view that shows nothing."""
    if stream == "none":
        raise ValueError("nothing is shown")
    return Live(
        stream=stream, names=names, seconds=tuple(at for at, _ in rows), rows=tuple(row for _, row in rows), foot=foot
    )


@dataclass
class Worn:
    """The last seconds of each worn sensor: blocks by place, and when each was last shown (s)."""

    blocks: dict[str, deque[MotionBlock]] = field(default_factory=dict)
    shown_s: dict[str, float] = field(default_factory=dict)

    def take(self, place: str, block: MotionBlock) -> None:
        """Keep a block, and forget what is older than `WINDOW_S`."""
        if not len(block.sample_ns):
            return
        kept = self.blocks.setdefault(place, deque())
        kept.append(block)
        oldest_ns = block.sample_ns[-1] - int(WINDOW_S * 1e9)
        while kept[0].sample_ns[-1] < oldest_ns:
            kept.popleft()

    def picture(self) -> "Worn":
        """A copy that a thread can read; what was shown is remembered in both."""
        return Worn({place: deque(blocks) for place, blocks in self.blocks.items()}, self.shown_s)


def knee(worn: Worn) -> list[Live]:
    """Knee angles and cadences since the last message; empty before enough is known."""
    pairs = {side: _together(worn, f"thigh_{side}", f"shank_{side}") for side in SIDES}
    known = {side: pair for side, pair in pairs.items() if pair is not None}
    if not known:
        return []
    angles: dict[str, tuple[Array, Array, float | None]] = {}
    for side, (at_s, rate_hz, thigh, shank) in known.items():
        found = cadence(Segment(*thigh), Segment(*shank), rate_hz=rate_hz)
        if found.refusal is None:
            angles[side] = at_s, found.knee_angle_deg, float(found.cadence_rpm[-1]) if found.cadence_rpm.size else None
    if not angles:
        return []
    end_s = min(at_s[-1] for at_s, _, _ in angles.values())
    start_s = max(worn.shown_s.get("knee", 0.0), end_s - WORK_S)
    at = np.arange(start_s + 1 / DRAWN_HZ, end_s + 1e-9, 1 / DRAWN_HZ)
    if not at.size:
        return []
    worn.shown_s["knee"] = float(at[-1])
    columns = [np.interp(at, *angles[side][:2]) if side in angles else np.full(at.size, np.nan) for side in SIDES]
    rpm = tuple(angles[side][2] if side in angles else None for side in SIDES)
    rows: Rows = [
        (float(s), (*(None if math.isnan(v) else round(v, 1) for v in angle), *rpm))
        for s, *angle in np.column_stack((at, *columns)).tolist()
    ]
    return [message("knee", KNEE, rows)]


def feet(worn: Worn) -> list[Live]:
    """The last whole stride of each foot, once each."""
    pair = _together(worn, "foot_left", "foot_right")
    if pair is None:
        return []
    at_s, rate_hz, left, right = pair
    gait = analyse(Foot(left[0], left[1], rate_hz), Foot(right[0], right[1], rate_hz))
    messages = []
    for side in SIDES:
        last = next((s for s in reversed(gait.strides) if s.side == side and s.path_m is not None), None)
        if last is not None and at_s[0] + last.mid_stance_s > worn.shown_s.get(side, 0.0) + 0.2:
            worn.shown_s[side] = float(at_s[0] + last.mid_stance_s)
            messages.append(message("feet", FEET, _stride_rows(last, float(at_s[0])), foot=side))
    return messages


def _stride_rows(stride: Stride, start_s: float) -> Rows:
    path = stride.path_m
    if path is None:
        return []
    at = np.linspace(stride.mid_stance_s, stride.next_mid_stance_s, len(path)) + start_s
    step = max(1, len(path) // 50)
    shown = np.column_stack((at, 100.0 * path[:, 0], 100.0 * path[:, 2]))[::step]
    return [(float(s), (round(forward, 1), round(height, 1))) for s, forward, height in shown.tolist()]


Sensor = tuple[Array, Array]


def _together(worn: Worn, first: str, second: str) -> tuple[Array, float, Sensor, Sensor] | None:
    """Two sensors on common instants (s), drawn by straight lines; None before there is enough of both."""
    runs = [_run(worn.blocks.get(place)) for place in (first, second)]
    if runs[0] is None or runs[1] is None:
        return None
    rate_hz = max(run[2] for run in runs if run is not None)
    start, end = max(runs[0][0][0], runs[1][0][0]), min(runs[0][0][-1], runs[1][0][-1])
    if end - start < SHORTEST_S:
        return None
    at = np.arange(start, end, 1 / rate_hz)
    sensors = [
        np.column_stack([np.interp(at, run[0], column) for column in run[1].T]) for run in runs if run is not None
    ]
    a, b = ((values[:, :3], values[:, 3:]) for values in sensors)
    return at, rate_hz, a, b


def _run(blocks: deque[MotionBlock] | None) -> tuple[Array, Array, float] | None:
    if not blocks:
        return None
    at = np.concatenate([block.sample_ns for block in blocks]) / 1e9
    values = np.concatenate([np.hstack((block.gyro_rad_s, block.accel_m_s2)) for block in blocks]).astype(float)
    return at, values, blocks[-1].rate_hz
