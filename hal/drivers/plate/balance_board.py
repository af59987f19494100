"""Nintendo Wii Balance Board over its raw HID node (`hid:/dev/hidraw0`): four loads, about 100 times a second.

It carries no counter and no clock: times come from the arrivals (`arrival_times`), and shorter losses than `HOLE_S`
cannot be seen. A longer pause, and every lost connection, is counted as lost by the nominal rate: an estimate. Put the
board down with its power button towards the heels. Published accuracy against laboratory plates, for one and the same
board: centre of pressure 4 mm, load 9 N in all (Bartlett 2014); good for relative measures. Not tried on hardware: see
`balance_board_codec`.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal.device import LinkLost, Refused, Vitals
from hal.drivers.plate import balance_board_codec as codec
from hal.drivers.plate.arrival_times import ArrivalTimes, Timed
from hal.drivers.plate.balance_board_codec import BoardStatus, Weights
from hal.drivers.plate.balance_board_greeting import Greeting
from hal.drivers.plate.plate_math import Array, cell_positions_cm
from hal.drivers.plate.plate_stream import StreamingPlate
from hal.linked import Patience
from hal.links.base import Link
from hal.options import parse_options
from hal.roles.plate import PlateSide

NOMINAL_HZ = 100.0
HOLE_S = 0.5
"""Arrivals are irregular and come in bunches; only a longer pause is taken for lost samples."""
MOST_KG = 150.0
"""The board's limit in all; a single corner above it, or far below zero, is at its rail."""
LEAST_CORNER_KG = -20.0
LOW_BATTERY_PCT = 15.0
NO_CLOCK = "no clock of its own: its samples are stamped when they arrive"


@dataclass(frozen=True, slots=True)
class BalanceBoardOptions:
    """Options of a device file. `spacing_cm` is the sensors' distance across and along (older papers: 22.8 along).

    `battery_every_s` asks for the battery again so often; 0 asks only when the connection begins, because the board
    pauses its stream to answer. `trust_calibration` takes a board whose calibration checksum does not fit, once it was
    checked with a known mass.
    """

    side: PlateSide = "both"
    spacing_cm: tuple[float, float] = (43.3, 23.8)
    least_kg: float = 20.0
    battery_every_s: float = 0.0
    trust_calibration: bool = False

    def __post_init__(self) -> None:
        if min(self.spacing_cm) <= 0 or self.least_kg <= 0 or 0 != self.battery_every_s < 1:
            raise ValueError("spacing_cm and least_kg must be above 0, battery_every_s 0 or at least 1")


class BalanceBoard(StreamingPlate):
    """A `hal.roles.ForcePlate` of four corners. Loads are not clamped at zero, so that an aged sensor can be tared."""

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = Patience(silence_s=1.0, reopen_s=4.0),  # noqa: B008 - frozen
    ) -> None:
        self.options = parse_options(BalanceBoardOptions, options or {}, device=name)
        super().__init__(
            name,
            now_ns,
            link,
            patience,
            side=self.options.side,
            positions_cm=cell_positions_cm(self.options.spacing_cm, ((0.0, 0.0),)),
            least_kg=self.options.least_kg,
        )
        self._reports = codec.BoardReports()
        self._greeting: Greeting | None = None
        self._calibration: codec.BoardCalibration | None = None
        self._status: BoardStatus | None = None
        self._streaming = False
        self._cut = False
        self._arrivals = ArrivalTimes(NOMINAL_HZ)
        self._looking: asyncio.TimerHandle | None = None

    @property
    def rate_hz(self) -> float:
        """The nominal rate (Hz); the board's own is irregular."""
        return NOMINAL_HZ

    @property
    def dropped(self) -> int:
        """Samples estimated to be lost, and reports that were cut short."""
        return super().dropped + self._reports.dropped

    @property
    def vitals(self) -> Vitals:
        """Rate and battery, and what to know about this board."""
        vitals, status = super().vitals, self._status
        notes = (*vitals.notes, NO_CLOCK)
        if self.options.trust_calibration:
            notes += ("its calibration is trusted without its checksum",)
        if status is not None and (status.battery_low or status.battery_pct < LOW_BATTERY_PCT):
            notes += ("its battery is nearly empty: put in four new cells",)
        battery_pct = status.battery_pct if status is not None else None
        return replace(vitals, battery_pct=battery_pct, clock_spread_ms=self._arrivals.spread_ms, notes=notes)

    def on_link_up(self) -> None:
        """Nothing is known of the board until it has said it again."""
        super().on_link_up()
        self._arrivals.restart()
        self._greeting = None
        self._calibration, self._streaming, self._cut = None, False, True

    def on_bytes(self, data: bytes) -> None:
        """Take one report."""
        for message in self._reports.feed(data):
            if isinstance(message, Weights):
                self._weighed(message)
                continue
            if isinstance(message, BoardStatus):
                self._status = message
                self._resume(message)
            if not self._streaming and self._greeting is not None:
                self._greeting.hear(message)

    async def greet(self) -> None:
        """Start the sensors, read and check the calibration, stream; then ask for the battery where that is wanted."""
        greeting = self._greeting = Greeting(self.link.write)
        self._calibration = await greeting.calibration(trust=self.options.trust_calibration)
        self._streaming = True
        self.link.write(codec.STREAM_WEIGHTS)
        try:
            while self.options.battery_every_s:
                await asyncio.sleep(self.options.battery_every_s)
                self.link.write(codec.ASK_STATUS)
            await super().greet()
        finally:
            self._pass_on(self._arrivals.rest())

    async def goodbye(self) -> None:
        """Stop the stream and put the light out, to spare the battery."""
        self._streaming = False
        self.link.write(codec.STREAM_NOTHING)
        self.link.write(codec.LED_OFF)

    def loads_kg(self, counts: NDArray[np.int64]) -> Array:
        """Loads (kg) by the board's own factory calibration, corners as in `counts`."""
        if self._calibration is None:
            raise Refused("its calibration is not known", device=self.name, remedy="wait until it is connected")
        return self._calibration.loads_kg(counts)

    def at_rail(self, counts: NDArray[np.int64], loads_kg: Array) -> NDArray[np.bool_]:
        """Counts at either end of 16 bits, or a load that no corner can carry."""
        ends = (counts <= 0) | (counts >= 0xFFFF)
        rails: NDArray[np.bool_] = ends | (loads_kg > MOST_KG) | (loads_kg < LEAST_CORNER_KG)
        return rails

    # details

    def _weighed(self, weights: Weights) -> None:
        if not self._streaming:
            return
        self.heard()
        self._pass_on(self._arrivals.arrived(weights.counts, self.now_ns()))
        if self._looking is None:
            self._look_later()

    def _look_later(self) -> None:
        self._looking = asyncio.get_running_loop().call_later(self._arrivals.patience_ns / 1e9, self._look)

    def _look(self) -> None:
        """Whether the heap is over; not while the rest of it still waits behind this program's own delay."""
        self._looking = None
        self._pass_on(self._arrivals.rest(self.now_ns()))
        if self._arrivals.waiting:
            self._look_later()

    def _pass_on(self, heap: list[Timed]) -> None:
        """Publish samples with their times."""
        for sample in heap:
            lost = self.estimated_loss(sample.at_ns)
            if self._cut and self.last_sample_ns is not None:
                lost = max(1, lost)
            elif lost <= HOLE_S * NOMINAL_HZ:
                lost = 0
            self._cut = False
            self.take(sample.counts, sample.at_ns, lost=lost, arrived_ns=sample.arrived_ns)

    def _resume(self, status: BoardStatus) -> None:
        """A status report ends the stream until the mode is set again; without its sensors a board starts anew."""
        if not self._streaming:
            return
        if not status.extension:
            raise LinkLost("the board has lost its sensors", remedy="switch the board off and on")
        self.link.write(codec.STREAM_WEIGHTS)
