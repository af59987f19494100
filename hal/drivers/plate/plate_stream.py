"""What all force plates share: samples to blocks, zero, measured rate, and a plate that repeats itself."""

import asyncio
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hal.device import Attention, Refused, Vitals
from hal.drivers.pace import Pace
from hal.drivers.plate.plate_math import Array, PlateRefusal, cell_names, centre_of_pressure_cm, empty_loads_kg
from hal.drivers.plate.plate_watch import Stillness
from hal.drivers.rail_watch import RailWatch
from hal.linked import LinkedDevice, Patience
from hal.links.base import Link
from hal.roles.plate import PlateBlock, PlateSide

BLOCK_ROWS = 5
"""Samples in a block: about 50 ms."""
ZERO_S = 0.5
"""How much of the latest signal a zero is taken from."""
FROZEN = "its readings repeat themselves: it measures nothing"
AT_RAIL_REMEDY = "check that cell's cable and what presses on it; then zero the empty plate"
UNZEROED = "its zero is not known: zero it with nobody on it"


class StreamingPlate(LinkedDevice):
    """A `hal.roles.ForcePlate` without its protocol. A driver calls `take` for every sample.

    `loads_kg` turns counts into loads before the tare; a zero holds until the program ends, over lost connections too.
    A plate whose zero is not known at first (`zero_known`) gives no centre of pressure before it has been zeroed.
    """

    role = "plate"

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        patience: Patience,
        *,
        side: PlateSide,
        positions_cm: Array,
        least_kg: float,
        zero_known: bool = True,
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self._side = side
        self._positions_cm = positions_cm
        self._names = cell_names(len(positions_cm) // 4)
        self._least_kg = least_kg
        self._tare_kg = np.zeros(len(positions_cm))
        self._zero_known = zero_known
        self._rows: list[tuple[int, ...]] = []
        self._rows_ns: list[int] = []
        self._lost_before = 0
        self._recent: deque[tuple[int, ...]] = deque()
        self._pace = Pace()
        self._stillness = Stillness()
        self._rails = RailWatch()
        self._arrived_ns = 0
        self._last_ns = 0
        self._next_sample = 0
        self._received = 0
        self._lost = 0

    @property
    def side(self) -> PlateSide:
        """Which foot stands on it."""
        return self._side

    @property
    def boards(self) -> int:
        """1, or 2 for a dual plate."""
        return len(self._positions_cm) // 4

    @property
    @abstractmethod
    def rate_hz(self) -> float:
        """The nominal rate (Hz)."""

    @abstractmethod
    def loads_kg(self, counts: NDArray[np.int64]) -> Array:
        """Loads (kg) of counts, both of shape (n, cells), before the tare."""

    @abstractmethod
    def at_rail(self, counts: NDArray[np.int64], loads_kg: Array) -> NDArray[np.bool_]:
        """Where a cell cannot follow its load any more, shape (n, cells)."""

    @property
    def vitals(self) -> Vitals:
        """Measured rate, received and lost; the driver adds what its device tells."""
        return Vitals(
            rate_hz=self._pace.rate_hz if self.health.state == "ok" else None,
            received=self._received,
            lost=self._lost,
            attention=tuple(
                Attention(f"{name.replace('_', ' ')} is at its rail: its load is not known", AT_RAIL_REMEDY)
                for name in self._rails.lately(self.now_ns())
            ),
            notes=(FROZEN,) * self._frozen + (UNZEROED,) * (not self._zero_known),
        )

    async def zero(self) -> tuple[float, ...]:
        """Take the mean loads of the last half second as zero, return them (kg, before any tare).

        Raises `Refused` when the plate is not connected, not empty, not still or at a rail.
        """
        counts = self._latest_counts()
        loads = self.loads_kg(counts)
        if self.at_rail(counts, loads).any():
            raise Refused("a corner is at its rail", device=self.name, remedy="check the cell's cable and its load")
        try:
            self._tare_kg = empty_loads_kg(loads, self._tare_kg if self._zero_known else None)
        except PlateRefusal as error:
            raise Refused(
                str(error), device=self.name, remedy="step off the plate, wait, then zero it again"
            ) from error
        self._zero_known = True
        return tuple(float(load) for load in self._tare_kg)

    def mean_counts(self) -> tuple[float, ...]:
        """Mean counts of each cell over the last half second, for a calibration; raises `Refused` without samples."""
        return tuple(float(count) for count in self._latest_counts().mean(axis=0))

    # for drivers

    def on_link_up(self) -> None:
        """Forget what was heard before: a zero is taken from one unbroken run of samples."""
        self._recent.clear()
        self._pace.forget()
        self._stillness.forget()

    def take(self, counts: tuple[int, ...], sample_ns: int, *, lost: int = 0, arrived_ns: int | None = None) -> None:
        """One sample, `lost` others missing before it; blocks are published as they fill. None: it arrived now."""
        if lost:
            self.flush()
            self._lost += lost
            self._lost_before += lost
        self._watch_stillness(counts)
        self._last_ns = max(self._last_ns + 1, sample_ns)
        self._rows.append(counts)
        self._rows_ns.append(self._last_ns)
        self._received += 1
        self._note_arrival(counts, self.now_ns() if arrived_ns is None else arrived_ns)
        self.heard()
        if len(self._rows) >= BLOCK_ROWS:
            self.flush()

    def flush(self) -> None:
        """Publish what is waiting."""
        if not self._rows:
            return
        counts = np.array(self._rows, dtype=np.int64)
        raw = self.loads_kg(counts)
        rails = self.at_rail(counts, raw)
        loads = raw - self._tare_kg
        cop = centre_of_pressure_cm(loads, self._positions_cm, self._least_kg)
        cop[rails.any(axis=1) | (not self._zero_known)] = np.nan
        saturated = tuple(name for column, name in enumerate(self._names) if rails[:, column].any())
        self._rails.see(saturated, self._arrived_ns)
        first = self._next_sample + self._lost_before
        block = PlateBlock(
            mono_ns=self._arrived_ns,
            loads_kg=loads.astype(np.float32),
            cop_cm=cop.astype(np.float32),
            sample_ns=np.array(self._rows_ns, dtype=np.int64),
            first_sample=first,
            rate_hz=self.rate_hz,
            lost=self._lost_before,
            saturated=saturated,
        )
        self._next_sample = first + len(self._rows)
        self._rows, self._rows_ns, self._lost_before = [], [], 0
        self.publish(block)

    async def talk(self) -> None:
        """Greet and poll; what was received is published even when the link ends."""
        try:
            await self.greet()
        finally:
            self.flush()

    async def greet(self) -> None:
        """What the driver says while the link is up; ends only by cancellation."""
        await asyncio.Event().wait()

    @property
    def dropped(self) -> int:
        """Samples known to be lost."""
        return self._lost

    @property
    def last_sample_ns(self) -> int | None:
        """Time of the latest sample (ns), None before the first."""
        return self._last_ns or None

    def estimated_loss(self, sample_ns: int) -> int:
        """Samples that the nominal rate would have brought since the latest one; 0 before the first."""
        if not self._last_ns:
            return 0
        return max(0, round((sample_ns - self._last_ns) * self.rate_hz / 1e9) - 1)

    # details

    @property
    def _frozen(self) -> bool:
        return self._stillness.frozen(self.rate_hz)

    @property
    def doubts(self) -> tuple[str, str]:
        """That it measures nothing, while its readings repeat themselves."""
        return (FROZEN, "switch the plate off and on, then load each corner") if self._frozen else ("", "")

    def _watch_stillness(self, counts: tuple[int, ...]) -> None:
        was = self._frozen
        self._stillness.see(counts)
        if self._frozen != was and self.health.state == "ok":
            error, remedy = self.doubts
            self.set_health(replace(self.health, error=error, remedy=remedy))

    def _note_arrival(self, counts: tuple[int, ...], arrived_ns: int) -> None:
        self._arrived_ns = arrived_ns
        self._pace.arrived(self._arrived_ns)
        self._recent.append(counts)
        while len(self._recent) > ZERO_S * self.rate_hz:
            self._recent.popleft()

    def _latest_counts(self) -> NDArray[np.int64]:
        if self.health.state != "ok" or len(self._recent) < int(ZERO_S * self.rate_hz):
            raise Refused("it has not sent enough samples", device=self.name, remedy="wait until it is connected")
        return np.array(self._recent, dtype=np.int64)
