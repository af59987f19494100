"""A Magstim and the far end it talks to, over a real pty."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from hal.device import Reading
from hal.drivers.stimulator.magstim import Magstim
from hal.linked import Patience
from hal.links.address import make_link
from hal.sim.clock import SimClock
from hal.sim.far_end import Surroundings
from hal.sim.faults import Fault, Faults
from hal.sim.patient.coil import CoilHeat
from hal.sim.stimulator.magstim_core import MagstimCore
from hal.sim.stimulator.magstim_device import UNLOCK_CODE, MagstimDevice
from hal.sim.stimulator.magstim_state import MagstimState
from tests.helpers.far_ends import finishes

IMPATIENT = Patience(silence_s=0.8, reopen_s=1.6, first_retry_s=0.02, last_retry_s=0.1)
CREDENTIAL = "magstim-unlock"


def surroundings(folder: Path, faults: Faults, clock: SimClock, pulses: list[tuple[float, float]]) -> Surroundings:
    """What the far end needs; nobody lies under the coil."""
    nobody = cast(Any, None)
    pulse = lambda at_s, pct: pulses.append((at_s, pct))  # noqa: E731
    return Surroundings("magstim", folder, 5, clock, faults, nobody, nobody, pulse)


class Rig:
    """Both ends of the wire, the station's clock, and all that was heard."""

    def __init__(self, folder: Path, state: MagstimState, speed: float, heat: CoilHeat | None) -> None:
        self.clock = SimClock(speed)
        self.faults = Faults()
        self.pulses: list[tuple[float, float]] = []
        self.far = MagstimDevice(
            surroundings(folder, self.faults, self.clock, self.pulses),
            state.model,
            state=state,
            heat=heat,
            wire=1.0 if speed == 1.0 else 0.1,
        )
        self.heard: list[Reading] = []

    @property
    def core(self) -> MagstimCore:
        return self.far.core

    def now_ns(self) -> int:
        return int(self.clock.now_s() * 1e9)

    def fault(self, kind: str) -> Fault:
        return self.faults.add(f"magstim.{kind}", self.clock.now_s())

    def of(self, kind: type) -> list[Any]:
        return [reading for reading in self.heard if isinstance(reading, kind)]

    def make(self, **options: object) -> Magstim:
        model = self.core.state.model
        given = {
            "model": model,
            "unlock_credential": CREDENTIAL,
            "answer_s": 0.2,
            "poll_s": 0.1,
            "off_s": 0.6,
            **options,
        }
        link = make_link(f"{self.far.address}?rts=low", default_baud=9600)
        device = Magstim("tms", self.now_ns, cast(Any, link), given, IMPATIENT)
        device.subscribe(self.heard.append)
        return device


@asynccontextmanager
async def rig_of(
    folder: Path, state: MagstimState, *, speed: float = 20.0, heat: CoilHeat | None = None
) -> AsyncIterator[Rig]:
    """The far end, served."""
    rig = Rig(folder, state, speed, heat)
    await rig.far.plug()
    serving = asyncio.create_task(rig.far.run())
    try:
        yield rig
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@asynccontextmanager
async def talking(
    folder: Path, state: MagstimState, *, speed: float = 20.0, heat: CoilHeat | None = None, **options: object
) -> AsyncIterator[tuple[Magstim, Rig]]:
    """The driver, open, and its far end."""
    async with rig_of(folder, state, speed=speed, heat=heat) as rig:
        magstim = rig.make(**options)
        await finishes(magstim.open())
        try:
            yield magstim, rig
        finally:
            await finishes(magstim.close(), 10)


def credentials(folder: Path, monkeypatch: Any, code: str | bytes = UNLOCK_CODE) -> None:
    """Hand the unlock code over as a service manager does."""
    given = folder / "credentials"
    given.mkdir(exist_ok=True)
    raw = code.encode() if isinstance(code, str) else code
    (given / CREDENTIAL).write_bytes(raw + b"\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(given))
