"""What the station does again and again: let time pass for the rules, watch its surroundings, paint, feed watchdogs.

All intervals here are real time. A late round is skipped, never made up.
"""

import asyncio
import contextlib
import shutil
import time
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

from bedside.events import ClockStepped
from bedside.station.clock import StepWatch
from bedside.station.core import Core
from bedside.station.notify import notify, watchdog_interval_s
from bedside.station.server import CONTROL_SILENT_S, Server
from bedside.visit.inputs import ControlBack, ControlLost, DiskSpace, GuardSeen, Tick
from hal.guard_client import GuardClient

WATCH_S = 0.1
PAINT_S = 0.1
OLDEST_PICTURE_S = 0.5
BEAT_S = 0.1
SURROUNDINGS_S = 1.0
SEGMENTS_S = 1.0
OUTBOX_S = 10.0

Duty = Coroutine[Any, Any, None]


async def every(interval_s: float, work: Callable[[], None] | Callable[[], Awaitable[None]]) -> None:
    """Do `work` at absolute deadlines `interval_s` apart until cancelled."""
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    while True:
        result = work()
        if result is not None:
            await result
        due_s = max(due_s + interval_s, loop.time())
        await asyncio.sleep(due_s - loop.time())


class ControlWatch:
    """Tells the rules when the controlling client falls silent, goes, or is back."""

    def __init__(self, core: Core, server: Server) -> None:
        self._core = core
        self._server = server
        self._present: bool | None = None

    def look(self) -> None:
        """Compare with the last look."""
        silence_s = self._server.control_silence_s()
        present = silence_s is not None and silence_s <= CONTROL_SILENT_S
        if present == self._present:
            return
        self._present = present
        if present:
            self._core.put(ControlBack(), source="station")
        else:
            reason = "no kiosk is in control" if silence_s is None else "the kiosk does not answer any more"
            self._core.put(ControlLost(reason), source="station")


class GuardWatch:
    """Beats for the guard and tells the rules whether it is there."""

    def __init__(self, core: Core, guard: GuardClient | None) -> None:
        self._core = core
        self._guard = guard
        self._seen: bool | None = None

    def look(self) -> None:
        """Beat, and report a change."""
        if self._guard is not None:
            self._guard.beat()
        alive = self._guard is not None and self._guard.alive
        if alive != self._seen:
            self._seen = alive
            text = "" if alive else "the guard that switches a dead station's stimulator off is not there"
            self._core.put(GuardSeen(alive, text), source="station")


class Surroundings:
    """Disk space and the wall clock, looked at once a second."""

    def __init__(self, core: Core, folder: Path) -> None:
        self._core = core
        self._folder = folder
        self._steps = StepWatch()
        self.free_bytes: int | None = None
        self.stepped = ""

    def look(self) -> None:
        """Report the free space, and a step of the clock."""
        self.free_bytes = shutil.disk_usage(self._folder).free
        self._core.put(DiskSpace(self.free_bytes), source="station")
        step_ms = self._steps.step_ms()
        if step_ms is not None:
            self.stepped = f"stepped {step_ms / 1000.0:+.1f} s"
            self._core.note(ClockStepped(step_ms=step_ms), source="station")


class Painter:
    """Sends snapshots: soon after a change, at most ten a second, and twice a second anyway."""

    def __init__(self, paint: Callable[[], None]) -> None:
        self._paint = paint
        self._dirty = asyncio.Event()

    def changed(self) -> None:
        """Something to show has changed."""
        self._dirty.set()

    async def run(self) -> None:
        """Paint until cancelled."""
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(OLDEST_PICTURE_S):
                    await self._dirty.wait()
            self._dirty.clear()
            self._paint()
            await asyncio.sleep(PAINT_S)


def tick(core: Core) -> None:
    """Let the rules see that time passed."""
    core.put(Tick(), source="rule")


async def feed_watchdog(core: Core) -> None:
    """Feed the service manager's watchdog from this very loop, while the core keeps up with its work."""
    interval_s = watchdog_interval_s()
    if interval_s is None:
        return
    while True:
        if core.behind_s(time.monotonic()) < interval_s:
            notify("WATCHDOG=1")
        await asyncio.sleep(interval_s)
