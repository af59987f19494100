"""Live values of an assessment's sensors for drawing, while a capture is open; results never come from here.

The centre of pressure goes out as it comes, low-passed causally. Knee angles and the path of a foot need some seconds
around them: the last ones are worked out anew each second, beside the loop, by the functions that also give results.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable

import numpy as np
import structlog
from numpy.typing import NDArray

from bedside.config.captures import LiveView
from bedside.station.live_motion import WORK_S, Row, Rows, Worn, feet, knee, message
from bedside.station.wire import Live
from hal.device import Device, Reading
from hal.roles import MotionBlock, MotionSensor, PlateBlock

log = structlog.get_logger()

Array = NDArray[np.float64]

SEND_S, IDLE_S = 0.05, 0.25
LOWPASS_HZ = 4.0
"""One pole, for the eye alone."""
MOST_ROWS = 400
COP = ("x_cm", "y_cm", "left_pct", "load_kg")


class LiveValues:
    """Turns readings into messages for `send`. `view` tells what the open capture shows, "none" without one."""

    def __init__(self, view: Callable[[], LiveView], send: Callable[[Live], None]) -> None:
        self._view = view
        self._send = send
        self._showing: LiveView = "none"
        self._cop = _Pressure()
        self._worn = Worn()

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
            self._showing, self._cop, self._worn = view, _Pressure(), Worn()
        rows = self._cop.rows()
        if rows:
            self._send(message("cop", COP, rows))

    async def _work(self) -> None:
        showing, worn = self._showing, self._worn.picture()
        work = knee if showing == "knee" else feet
        try:
            messages = await asyncio.to_thread(work, worn)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in a drawing, the station goes on
            log.warning("nothing to draw", view=showing, reason=repr(error))
            return
        for made in messages:
            if self._showing == showing:
                self._send(made)


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


def _left_kg(loads_kg: NDArray[np.float32]) -> Array:
    """Of one plate the left cells, of two the left plate; columns in the order of `hal.roles.CORNERS`."""
    columns = (0, 2) if loads_kg.shape[1] == 4 else (0, 1, 2, 3)
    return np.asarray(loads_kg[:, columns].sum(axis=1), dtype=float)
