"""What simulated plates share: when samples are due, what stands on the cells, and which samples never arrive."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from hal.sim.far_end import Surroundings
from hal.sim.faults import Fault
from hal.sim.patient.sway import Stance, Stander, corner_loads_kg
from hal.sim.ports import AtPort

BURST = 4
"""Samples lost in a row, on average, where some percent of them are."""
LOOK_S = 0.05
"""Longest real time between two looks at the faults."""
FOOT_APART_CM = 15.0
"""How far each board of two stands from the middle."""


@dataclass(frozen=True, slots=True)
class PlateSample:
    """Sample `number` (lost ones counted) at `at_s` simulated seconds; `frozen`: the data repeat the last one."""

    number: int
    at_s: float
    loads_kg: tuple[float, ...]
    frozen: bool = False


class PlateSource:
    """One plate of one or two boards: `due` yields what has been measured since the last call.

    `lost` counts samples that faults have swallowed on the wire; what a silent wire swallowed is not in it.
    """

    def __init__(
        self,
        around: Surroundings,
        rate_hz: float,
        spacing_cm: tuple[float, float],
        *,
        boards: int = 1,
        jitter_s: float = 0.0,
    ) -> None:
        self.around = around
        self.rng = np.random.default_rng(around.seed)
        self.stander = Stander(np.random.default_rng(around.seed + 1), around.patient.body_mass_kg)
        self.lost = 0
        self._spacing_cm = spacing_cm
        self._boards = boards
        self._period_s = 1 / rate_hz
        self._jitter_s = jitter_s
        self._number = 0
        self._next_s = around.clock.now_s()
        self._burst = 0

    def struck(self, fault: str) -> Fault | None:
        """The active fault of this far end, recorded as fired."""
        return self.around.faults.strike(f"{self.around.name}.{fault}", self.around.clock.now_s())

    def wait_s(self) -> float:
        """Real seconds until the next sample, at most `LOOK_S`."""
        clock = self.around.clock
        return min(max(clock.real_s(self._next_s - clock.now_s()), 0.0), LOOK_S)

    def due(self) -> Iterator[PlateSample]:
        """Samples that time has produced and the wire has not lost."""
        now_s = self.around.clock.now_s()
        while self._next_s <= now_s:
            sample = self._measure()
            if not self._swallowed():
                yield sample

    def set_rate(self, rate_hz: float) -> None:
        """Measure at another rate from now on."""
        self._period_s = 1 / rate_hz

    def place_cm(self, left_pct: float) -> float:
        """Where (cm to the right) the weight lies when the left leg bears `left_pct`: of one board, its left cells."""
        span_cm = self._spacing_cm[0] if self._boards == 1 else 2 * FOOT_APART_CM
        return (0.5 - left_pct / 100) * span_cm

    def restart(self) -> None:
        """Count samples from 0 again, as after a reset."""
        self._number = 0

    def saturated(self) -> int | None:
        """The cell at its rail, None without such a fault."""
        fault = self.struck("saturated")
        return int(fault.number) % (4 * self._boards) if fault is not None else None

    def _measure(self) -> PlateSample:
        at_s, number = self._next_s, self._number
        late_s = self._jitter_s * float(np.clip(self.rng.standard_normal(), -2.5, 2.5)) if self._jitter_s else 0.0
        self._next_s += self._period_s + late_s
        self._number += 1
        return PlateSample(number, at_s, self._loads_kg(self.stander.at(at_s)), self.struck("freeze") is not None)

    def _loads_kg(self, stance: Stance) -> tuple[float, ...]:
        if self._boards == 1:
            return corner_loads_kg(stance, self._spacing_cm)
        right = min(max(0.5 + stance.x_cm / (2 * FOOT_APART_CM), 0.0), 1.0)
        feet = [Stance(stance.load_kg * share, 0.0, stance.y_cm) for share in (1 - right, right)]
        return tuple(load for foot in feet for load in corner_loads_kg(foot, self._spacing_cm))

    def _swallowed(self) -> bool:
        if self.struck("silence"):
            return True
        if fault := self.struck("lost_samples"):
            self._number += max(0, int(fault.number) - 1)
            self._next_s += max(0, int(fault.number) - 1) * self._period_s
            self.lost += int(fault.number)
            return True
        if not self._burst and (fault := self.struck("loss")):
            share = min(fault.number / 100, 0.9)
            if self.rng.random() < share / (BURST * (1 - share)):
                self._burst = int(self.rng.geometric(1 / BURST))
        if self._burst:
            self._burst -= 1
            self.lost += 1
            return True
        return False


class PlateFarEnd(AtPort, ABC):
    """A plate at its port, which measures until cancelled."""

    source: PlateSource

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            while True:
                if self.source.struck("cable_out"):
                    self.unplug()
                else:
                    await self.plug()
                for sample in self.source.due():
                    self.measured(sample)
                await asyncio.sleep(self.source.wait_s())
        finally:
            self.unplug()

    @abstractmethod
    def measured(self, sample: PlateSample) -> None:
        """Tell the station of a sample that the wire has not lost."""
