"""The run itself: everything starts, works for minutes or an hour, loses samples where that is asked for, and ends."""

import asyncio
import math
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bedside.events import PulseReported
from bedside.station.client import StationClient
from bedside.station.wire import Subscribe
from hal.sim.motion.imu_far_end import ImuDevice
from hal.sim.plate.balance_board_device import BalanceBoardDevice
from hal.sim.plate.force_board_device import ForceBoardDevice
from hal.sim.truth import Truth
from tests.helpers.knocked import KNOCKS_S, Knocked
from tests.helpers.station_process import Bedside
from tests.soak.plan import DRIFT_PPM, LOSS, PLATE_HZ, Plan
from tests.soak.radio_two import KNOCK_AFTER_S

START_S = 60.0
SETTLE_S = 5.0
QUIET_S = 5.0
"""Injected loss ends so long before the end, so that every counter has heard of it."""
LAST_REPORT_S = 1.5
EMG_LOSS_EVERY_S = 5.0


class Soak:
    """One run. `go` carries it out; what the judgement needs of it stays: `truths`, `knocks_s`, `counted_before`."""

    def __init__(self, bed: Bedside, bus_pid: int, plan: Plan) -> None:
        self.bed = bed
        self.bus_pid = bus_pid
        self.plan = plan
        self.world = bed.world
        self.knocks_s: tuple[float, ...] = ()
        self.waves = 0
        self.truths = {name: Truth() for name in ("emg", "robot", *plan.also) if name != "emergency_stop"}
        self.memory_mb: list[float] = []
        self.counted_before = len(bed.events(PulseReported))
        self._prepare_far_ends()

    def _prepare_far_ends(self) -> None:
        self.world.emg.truth, self.world.robot.truth = self.truths["emg"], self.truths["robot"]
        self.world.emg.drift_ppm = DRIFT_PPM["emg"]
        knocked = (self.world.clock.now_s() + KNOCK_AFTER_S) if self.plan.radio else math.inf
        self.knocks_s = tuple(knocked + at_s for at_s in KNOCKS_S)
        for name, far_end in self.world.also.items():
            if isinstance(far_end, ImuDevice | ForceBoardDevice | BalanceBoardDevice):
                far_end.truth = self.truths[name]
            if isinstance(far_end, ImuDevice):
                far_end.drift_ppm = self.plan.drift_ppm[name]
                far_end.motion = Knocked(far_end.motion, self.knocks_s)
            if isinstance(far_end, ForceBoardDevice):
                far_end.clock_ppm = DRIFT_PPM[name]
                far_end.set_rate(PLATE_HZ)

    async def go(self) -> tuple[dict[str, Any], dict[str, int]]:
        """Start, run, end: what was used, and what the screen said was lost, by device."""
        await self._start()
        used = await self._run()
        return used, await self._stop()

    async def _start(self) -> None:
        self.world.gait.fit(25.0, 80.0)
        self.world.gait.stand()
        if not self.plan.standing:
            self.world.gait.walk(1.2)
        await self.bed.start()
        await self.bed.until(self._under_way, "a running train and all devices", START_S)

    def _under_way(self) -> bool:
        picture = self.bed.picture
        states = {line.name: line.state for line in picture.devices} if picture is not None else {}
        return self.world.running and len(states) > len(self.plan.also) and set(states.values()) == {"ok"}

    async def _run(self) -> dict[str, Any]:
        async with self._screen():
            await asyncio.sleep(SETTLE_S)
            if self.plan.loss:
                for spec in LOSS:
                    if spec.split(".")[0] in self.plan.also:
                        self.world.add_fault(spec)
            before = self._cpu_s()
            began_s = time.monotonic()
            while (done_s := time.monotonic() - began_s) < self.plan.seconds:
                await asyncio.sleep(min(EMG_LOSS_EVERY_S, self.plan.seconds - done_s))
                self.memory_mb.append(rss_mb(self.bed.pid))
                if self.plan.loss and done_s < self.plan.seconds - 2 * EMG_LOSS_EVERY_S:
                    self.world.add_fault("emg.lost_samples:777")
            wall_s = time.monotonic() - began_s
            after = self._cpu_s()
        shares = {name: round((after[name] - before[name]) / wall_s, 4) for name in after}
        return {"seconds": round(wall_s, 1), "cores": shares, "waves": self.waves, "memory_mb": self._memory()}

    def _memory(self) -> dict[str, float]:
        seen = self.memory_mb
        return {"quarter": round(seen[len(seen) // 4], 1), "end": round(max(seen[-3:]), 1)}

    def _cpu_s(self) -> dict[str, float]:
        return {"station": cpu_s(self.bed.pid), "bus": cpu_s(self.bus_pid), "world": time.process_time()}

    @asynccontextmanager
    async def _screen(self) -> AsyncIterator[None]:
        """A second client that is sent everything a screen shows."""
        client = await StationClient.connect(self.bed.layout.run, "observe")
        client.subscribe(Subscribe())

        async def take() -> None:
            async for _ in client.messages():
                self.waves += 1

        drawing = asyncio.create_task(take())
        try:
            yield
        finally:
            drawing.cancel()
            await asyncio.gather(drawing, return_exceptions=True)
            await client.close()

    async def _stop(self) -> dict[str, int]:
        """End losses, then the train, then the station; what its screen counted as lost."""
        self.world.faults.clear(self.world.clock.now_s())
        await asyncio.sleep(QUIET_S)
        picture = self.bed.picture
        assert picture is not None
        lost = {line.name: line.lost for line in picture.devices}
        await self.bed.fall_silent()
        await self.bed.until(lambda: not self.world.enabled, "off")
        await asyncio.sleep(LAST_REPORT_S)
        await self.bed.end()
        return lost


def cpu_s(pid: int) -> float:
    """User and system time of a process (s)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(pid: int) -> float:
    """Resident memory of a process (MB)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
