"""Simulated plates and contacts served beside a driver, without a world."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np

from hal.device import Device, Reading
from hal.roles import PlateBlock
from hal.sim.clock import SimClock
from hal.sim.far_end import FarEnd, Surroundings
from hal.sim.faults import Fault, Faults
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.patient import Patient


def surroundings(folder: Path, name: str, *, seed: int = 1, speed: float = 1.0) -> Surroundings:
    """Everything a far end asks of a world, with nobody else in it."""
    return Surroundings(
        name, folder, seed, SimClock(speed), Faults(), Patient(seed), GaitModel(), lambda _at_s, _amplitude: None
    )


def station_clock(around: Surroundings) -> Callable[[], int]:
    """A station's clock (ns) that runs as fast as the simulated world."""
    return lambda: 10**12 + int(around.clock.now_s() * 1e9)


def strike(around: Surroundings, fault: str) -> Fault:
    """Ask for a fault of this far end, from now on."""
    return around.faults.add(f"{around.name}.{fault}", around.clock.now_s())


@asynccontextmanager
async def served(far_end: FarEnd) -> AsyncIterator[None]:
    """The far end plugged in and running."""
    await far_end.plug()
    task = asyncio.create_task(far_end.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        far_end.unplug()


class Heard:
    """All blocks of a plate, in order."""

    def __init__(self, device: Device) -> None:
        self.blocks: list[PlateBlock] = []
        device.subscribe(self._take)

    def _take(self, reading: Reading) -> None:
        if isinstance(reading, PlateBlock):
            self.blocks.append(reading)

    @property
    def rows(self) -> int:
        """Samples heard so far."""
        return sum(len(block.loads_kg) for block in self.blocks)

    def joined(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Loads, centres of pressure and times of everything heard."""
        return (
            np.concatenate([block.loads_kg for block in self.blocks]),
            np.concatenate([block.cop_cm for block in self.blocks]),
            np.concatenate([block.sample_ns for block in self.blocks]),
        )

    def check_order(self) -> None:
        """Never a duplicate, never out of order, and every gap marked with what it lost."""
        expected = 0
        for block in self.blocks:
            assert block.first_sample == expected + block.lost
            expected = block.first_sample + len(block.loads_kg)
        times = self.joined()[2]
        assert (np.diff(times) > 0).all()
