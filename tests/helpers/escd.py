"""A simulated direct current stimulator and the driver that talks to it, over a pty or over Bluetooth in memory."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from hal.device import HealthChanged, Reading
from hal.drivers.current.escd import Escd
from hal.linked import Patience
from hal.links.address import make_link
from hal.links.nus import NusLink
from hal.roles import CurrentStatus
from hal.sim.clock import SimClock
from hal.sim.current.escd_device import WiredEscd, WirelessEscd
from hal.sim.current.escd_engine import EscdEngine
from hal.sim.far_end import Surroundings
from hal.sim.faults import Fault, Faults
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.patient import Patient
from tests.helpers.gatt import MemoryLink, act

IMPATIENT = Patience(silence_s=0.6, reopen_s=1.2, first_retry_s=0.05, last_retry_s=0.2)


@cache
def _patient() -> Patient:
    return Patient(3)


def surroundings(
    name: str, folder: Path, *, speed: float = 1.0, pulse: Callable[[float, float], None] = lambda *_: None
) -> Surroundings:
    """A clock of that speed, and no faults yet."""
    return Surroundings(name, folder, 3, SimClock(speed), Faults(), _patient(), GaitModel(), pulse, bus="memory")


class Rig:
    """`far` is the far end, `escd` the driver; `told` and `healths` are what the driver published."""

    def __init__(self, far: WiredEscd | WirelessEscd, escd: Escd, around: Surroundings) -> None:
        self.far, self.escd, self.around = far, escd, around
        self.told: list[CurrentStatus] = []
        self.healths: list[HealthChanged] = []
        escd.subscribe(self._take)

    def _take(self, reading: Reading) -> None:
        if isinstance(reading, CurrentStatus):
            self.told.append(reading)
        elif isinstance(reading, HealthChanged):
            self.healths.append(reading)

    @property
    def engine(self) -> EscdEngine:
        return self.far.engine

    @property
    def phases(self) -> list[str]:
        """The phases told, each run once."""
        seen = [told.phase for told in self.told]
        return [phase for index, phase in enumerate(seen) if index == 0 or seen[index - 1] != phase]

    def fault(self, what: str) -> Fault:
        return self.around.faults.add(f"{self.around.name}.{what}", self.around.clock.now_s())


@asynccontextmanager
async def talking(
    folder: Path, *, speed: float = 25.0, wireless: bool = False, opened: bool = True, **options: Any
) -> AsyncIterator[Rig]:
    """The device served, the driver opened on it; both closed at the end."""
    around = surroundings("escd", folder, speed=speed)
    given = {"poll_s": 0.05, **options}
    far: WiredEscd | WirelessEscd
    if wireless:
        far = WirelessEscd(around)
        memory = MemoryLink(far.peripheral)
        link: Any = NusLink(memory)
        serving = asyncio.create_task(act(far, memory, 0.005))
    else:
        far = WiredEscd(around)
        await far.plug()
        link = make_link(far.address, default_baud=Escd.default_baud)
        serving = asyncio.create_task(far.run())
    rig = Rig(far, Escd("current", time.monotonic_ns, link, given, IMPATIENT), around)
    try:
        if opened:
            await rig.escd.open()
        yield rig
    finally:
        await rig.escd.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
