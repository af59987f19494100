"""A simulated amplifier, the driver that speaks to it over a real wire, and what the driver said."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from hal.device import Reading
from hal.linked import Patience
from hal.links.address import make_link
from hal.roles import EmgBlock
from hal.sim.clock import SimClock
from hal.sim.far_end import FAR_ENDS, Surroundings
from hal.sim.faults import Faults
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.patient import Patient
from tests.helpers.far_ends import finishes, until

IMPATIENT = Patience(silence_s=0.4, reopen_s=10.0, first_retry_s=0.02, last_retry_s=0.1)
"""Silence is told soon, but a busy machine makes nobody connect again."""
CHANNELS = [
    {"name": "TA left", "muscle": "tibialis_anterior", "side": "left", "input": 1},
    {"name": "SOL left", "muscle": "soleus", "side": "left", "input": 2},
]


@cache
def _patient(_name: str, seed: int) -> Patient:
    """One for all tests of a far end; its noise, which takes long to make, is one for all far ends."""
    patient = Patient(seed)
    patient._bank = _noise(seed)
    return patient


@cache
def _noise(seed: int) -> Callable[[float], Any]:
    """Made for every rate before anything is opened: it holds up the loop."""
    bank = Patient(seed)._bank
    for rate_hz in (250.0, 1000.0, 2000.0):
        bank(rate_hz)
    return bank


def surroundings(name: str, folder: Path, *faults: str, seed: int = 3) -> Surroundings:
    """A patient at rest, a clock that runs as real time does, and faults counted from now."""
    given = Faults()
    for spec in faults:
        given.add(spec)
    patient = _patient(name, seed)
    patient._responses.clear()
    return Surroundings(name, folder, seed, SimClock(), given, patient, GaitModel(), lambda *_: None)


class EmgRig:
    """`end` is the far end, `emg` the driver, `heard` its readings."""

    def __init__(self, around: Surroundings, end: Any, emg: Any) -> None:
        self.around = around
        self.end = end
        self.emg = emg
        self.heard: list[Reading] = []
        emg.subscribe(self.heard.append)

    @property
    def blocks(self) -> list[EmgBlock]:
        return [reading for reading in self.heard if isinstance(reading, EmgBlock)]

    @property
    def rows(self) -> int:
        return sum(len(block.counts) for block in self.blocks)

    @property
    def lost(self) -> int:
        return sum(block.lost for block in self.blocks)

    @property
    def triggers(self) -> list[int]:
        return [trigger for block in self.blocks for trigger in block.triggers]

    @property
    def samples_uv(self) -> np.ndarray:
        return np.concatenate([block.samples_uv for block in self.blocks])

    @property
    def fired(self) -> set[str]:
        return {fault.kind.name for fault in self.around.faults.all if fault.fired_at_s is not None}

    def fault(self, spec: str) -> None:
        self.around.faults.add(spec, self.around.clock.now_s())

    def pulse(self, percent: float = 70.0) -> None:
        """A pulse through the coil, now."""
        self.around.patient.stimulate(self.around.clock.now_s(), percent)

    async def until(self, condition: Callable[[], object], within_s: float = 20.0) -> None:
        await until(condition, within_s)

    def check_running_index(self) -> None:
        """No sample twice, none out of order, every gap said."""
        end = 0
        for block in self.blocks:
            assert block.first_sample == end + block.lost
            end = block.first_sample + len(block.counts)


async def together(*stories: Awaitable[None]) -> None:
    """All of them at once: they mostly wait."""
    async with asyncio.TaskGroup() as group:
        for story in stories:
            group.create_task(_awaited(story))


async def _awaited(story: Awaitable[None]) -> None:
    await story


@asynccontextmanager
async def rig(
    name: str,
    driver: Callable[..., Any],
    folder: Path,
    *faults: str,
    options: dict[str, object] | None = None,
    alias: str = "",
) -> AsyncIterator[EmgRig]:
    """The far end `name` served, as `alias` in its world, and `driver` opened on it; both closed at the end."""
    around = surroundings(alias or name, folder, *faults)
    end: Any = FAR_ENDS[name].build(around)
    await end.plug()
    serving = asyncio.create_task(end.run())
    emg = driver("emg", time.monotonic_ns, make_link(end.address), {"channels": CHANNELS, **(options or {})}, IMPATIENT)
    made = EmgRig(around, end, emg)
    try:
        await finishes(emg.open(), 20)
        yield made
    finally:
        await finishes(emg.close(), 20)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
