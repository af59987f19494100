"""Live values of an assessment's sensors for drawing, while a capture is open; results never come from here.

The centre of pressure goes out as it comes, low-passed causally. Knee angles and the path of a foot need some seconds
around them: the last ones are worked out anew each second, beside the loop, by the functions that also give results.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import structlog
from numpy.typing import NDArray

from bedside.config.captures import LiveView
from bedside.station.wire import Live
from dsp.cycling import Segment, cadence
from dsp.gait import Foot, analyse
from dsp.gait.model import Stride
from hal.device import Device, Reading
from hal.roles import MotionBlock, MotionSensor, PlateBlock

log = structlog.get_logger()

Array = NDArray[np.float64]
Row = tuple[float | None, ...]
Rows = list[tuple[float, Row]]

SEND_S, IDLE_S, WORK_S = 0.05, 0.25, 1.0
LOWPASS_HZ = 4.0
"""One pole, for the eye alone."""
WINDOW_S, SHORTEST_S = 12.0, 6.0
DRAWN_HZ = 20.0
MOST_ROWS = 400
COP = ("x_cm", "y_cm", "left_pct", "load_kg")
KNEE = ("left_deg", "right_deg", "left_rpm", "right_rpm")
FEET = ("forward_cm", "height_cm")
SIDES = ("left", "right")


class LiveValues:
    """Turns readings into messages for `send`. `view` tells what the open capture shows, "none" without one."""

    def __init__(self, view: Callable[[], LiveView], send: Callable[[Live], None]) -> None:
        self._view = view
        self._send = send
        self._showing: LiveView = "none"
        self._cop = _Pressure()
        self._worn = _Worn()

    def take(self, device: Device, reading: Reading) -> None:
        """A reading of any device; nothing is kept of it where nothing is shown."""
        if self._showing == "none":
            return
        if self._showing == "cop":
            if isinstance(reading, PlateBlock):
                self._cop.take(reading)
        elif isinstance(reading, MotionBlock) and isinstance(device, MotionSensor):
            self._worn.take(device.placement, reading)

    async def run(self) -> None:
        """Send until cancelled."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            self.look()
            if self._showing in ("knee", "feet") and loop.time() >= due_s:
                due_s = loop.time() + WORK_S
                await self._work()
            await asyncio.sleep(IDLE_S if self._showing == "none" else SEND_S)

    def look(self) -> None:
        """Follow what is to be shown, and send what has come."""
        view = self._view()
        if view != self._showing:
            self._showing, self._cop, self._worn = view, _Pressure(), _Worn()
        rows = self._cop.rows()
        if rows:
            self._send(_message("cop", COP, rows))

    async def _work(self) -> None:
        showing, worn = self._showing, self._worn.picture()
        work = knee if showing == "knee" else feet
        try:
            messages = await asyncio.to_thread(work, worn)
        except (ValueError, ArithmeticError, LookupError) as error:
            log.info("nothing to draw", view=showing, reason=str(error))
            return
        for message in messages:
            if self._showing == showing:
                self._send(message)


class _Pressure:
    """Centre of pressure and loads of one plate, low-passed."""

    def __init__(self) -> None:
        self._state: Array | None = None
        self._rows: deque[tuple[float, Row]] = deque(maxlen=MOST_ROWS)

    def take(self, block: PlateBlock) -> None:
        total = block.loads_kg.sum(axis=1, dtype=float)
        left = _left_kg(block.loads_kg)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(total > 0, 100.0 * left / total, np.nan)
        share[np.isnan(block.cop_cm[:, 0])] = np.nan
        share_of_new = 1.0 - math.exp(-2.0 * math.pi * LOWPASS_HZ / block.rate_hz)
        for at_ns, now in zip(
            block.sample_ns.tolist(), np.column_stack((block.cop_cm, share, total)).astype(float), strict=True
        ):
            before = self._state
            smooth = now if before is None else before + share_of_new * (now - before)
            self._state = np.where(np.isnan(smooth), now, smooth)
            told = tuple(None if math.isnan(v) else round(v, 3) for v in self._state.tolist())
            self._rows.append((at_ns / 1e9, told))

    def rows(self) -> Rows:
        """What has come since the last call."""
        rows = list(self._rows)
        self._rows.clear()
        return rows


@dataclass
class _Worn:
    """The last seconds of each worn sensor: blocks by place, and when each was last shown (s)."""

    blocks: dict[str, deque[MotionBlock]] = field(default_factory=dict)
    shown_s: dict[str, float] = field(default_factory=dict)

    def take(self, place: str, block: MotionBlock) -> None:
        if not len(block.sample_ns):
            return
        kept = self.blocks.setdefault(place, deque())
        kept.append(block)
        oldest_ns = block.sample_ns[-1] - int(WINDOW_S * 1e9)
        while kept[0].sample_ns[-1] < oldest_ns:
            kept.popleft()

    def picture(self) -> "_Worn":
        """A copy that a thread can read; what was shown is remembered in both."""
        return _Worn({place: deque(blocks) for place, blocks in self.blocks.items()}, self.shown_s)


def knee(worn: _Worn) -> list[Live]:
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
    return [_message("knee", KNEE, rows)]


def feet(worn: _Worn) -> list[Live]:
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
            messages.append(_message("feet", FEET, _stride_rows(last, float(at_s[0])), foot=side))
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


def _together(worn: _Worn, first: str, second: str) -> tuple[Array, float, Sensor, Sensor] | None:
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


def _left_kg(loads_kg: NDArray[np.float32]) -> Array:
    """Of one plate the left cells, of two the left plate; columns in the order of `hal.roles.CORNERS`."""
    columns = (0, 2) if loads_kg.shape[1] == 4 else (0, 1, 2, 3)
    return np.asarray(loads_kg[:, columns].sum(axis=1), dtype=float)


def _message(stream: LiveView, names: tuple[str, ...], rows: Rows, *, foot: str = "") -> Live:
    if stream == "none":
        raise ValueError("nothing is shown")
    return Live(
        stream=stream, names=names, seconds=tuple(at for at, _ in rows), rows=tuple(row for _, row in rows), foot=foot
    )
