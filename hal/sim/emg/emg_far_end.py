"""The life of a simulated amplifier behind ports: plugged, stepped, pulled out."""

import asyncio
from abc import ABC, abstractmethod

import numpy as np

from hal.sim.emg.emg_source import BLOCK_S, EmgSource, Rows, spoiled
from hal.sim.far_end import Surroundings
from hal.sim.ports import Port


class PortedAmplifier(ABC):
    """`port` is the one whose address the station gets, `data_port` the one that samples leave by."""

    def __init__(self, around: Surroundings, rate_hz: float) -> None:
        self.source = EmgSource(around, rate_hz)
        self.port: Port
        self.data_port: Port
        self._rng = np.random.default_rng(around.seed + 1)

    @property
    def address(self) -> str:
        """Where the station finds it."""
        return self.port.address

    async def plug(self) -> None:
        """Become reachable."""
        await self.port.plug()
        await self.data_port.plug()

    def unplug(self) -> None:
        """Become unreachable."""
        self.port.unplug()
        self.data_port.unplug()

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            while True:
                if self.source.struck("cable_out") is not None:
                    self.unplug()
                else:
                    await self.plug()
                self.step()
                await asyncio.sleep(BLOCK_S)
        finally:
            self.unplug()

    def step(self) -> None:
        """Send what time has produced."""
        for rows in self.source.take():
            self.data_port.write(spoiled(self.source, self.frames(rows), self._rng))

    @abstractmethod
    def frames(self, rows: Rows) -> list[bytes]:
        """The frames of some samples."""
