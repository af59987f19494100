"""Inertial sensors with a clock or counter of their own: exact losses, times that wait until the clock is known."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from hal.ble import BLE_PATIENCE
from hal.clockmap import ClockMap
from hal.device import Attention
from hal.drivers.motion.motion_stream import MotionStream, Rows, joined
from hal.drivers.motion.sample_index import SampleIndex
from hal.drivers.rate_check import RateCheck
from hal.links.gatt import GattLink
from hal.roles.motion import MagneticBlock, Placement
from hal.supervised import Patience

LEVEL_NS = 500_000_000
"""Arrivals of so long tell where a clock is; a heap that waited for a stalled program does not, much as it holds."""


@dataclass(slots=True)
class Waiting:
    """Rows that follow each other without a hole, until they are published; `arrival_ns` is that of the newest."""

    first: int
    lost: int
    arrival_ns: int
    rows: list[Rows] = field(default_factory=list)


class ClockedStream(MotionStream):
    """For devices that carry a clock or a counter: a block a batch of notifications, the first wait for the clock.

    The driver places each packet in `index`, by the counter, and gives its rows with times that `clock` maps.

    `field_ut_per_count` scales the magnetometer counts of `Rows.field`, `rate_remedy` is what helps where the sensor
    does not sample at its nominal rate, and `counts_samples` says that it numbers its samples beside its clock.
    """

    field_ut_per_count = 1.0
    rate_remedy = "switch the sensor off and on"
    counts_samples = False

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: GattLink,
        placement: Placement,
        clock: ClockMap,
        index: SampleIndex,
        patience: Patience = BLE_PATIENCE,
    ) -> None:
        super().__init__(name, now_ns, link, placement, index.rate_hz, patience)
        self.index = index
        self._clock = clock
        self._waiting: deque[Waiting] = deque()
        self._flushing: asyncio.Handle | None = None
        self._level_ns: int | None = None
        self.rate_check = RateCheck(index.rate_hz, 1e9 / clock.tick_ns, self.rate_remedy, counted=self.counts_samples)

    @property
    def attention(self) -> tuple[Attention, ...]:
        """What somebody has to see to."""
        return super().attention + self.rate_check.attention

    @property
    def clock(self) -> ClockMap:
        """The map of the device's own time."""
        return self._clock

    @property
    def lost(self) -> int:
        """By the device's own counter or clock."""
        return self.index.lost

    def take_rows(self, rows: Rows, first: int, lost: int, arrival_ns: int) -> None:
        """Rows with counts, `first` and `lost` by the device's counter. Published after the batch they came in."""
        assert rows.counts is not None  # noqa: S101 - clocked rows carry them
        self._clock.feed(int(rows.counts[-1]), arrival_ns)
        if self._level_ns is None:
            self._level_ns = arrival_ns + LEVEL_NS
        if not self._waiting or lost:
            self._waiting.append(Waiting(first, lost, arrival_ns))
        self._waiting[-1].rows.append(rows)
        self._waiting[-1].arrival_ns = arrival_ns
        self.note_arrival(len(rows.counts), arrival_ns)
        self.watch_stillness(np.hstack((rows.accel_m_s2, rows.gyro_rad_s)))
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().call_soon(self._flush)

    def clock_restarted(self) -> None:
        """The device counts anew: what waits is published on the old clock first."""
        self._publish_waiting()
        self._clock.restart()
        self._level_ns = None
        self.rate_check.forget()

    def end_of_connection(self) -> None:
        """Publish what is held; the clock is fitted anew."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self.clock_restarted()
        self.index.reconnected()

    def _flush(self) -> None:
        self._flushing = None
        known = self._level_ns is not None and self._waiting and self._waiting[-1].arrival_ns >= self._level_ns
        if known and self._clock.settled:
            self._publish_waiting()

    def _publish_waiting(self) -> None:
        while self._waiting:
            held = self._waiting.popleft()
            counts = joined([part.counts for part in held.rows if part.counts is not None])
            sample_ns = self._clock.at_ns(counts)
            self.publish_rows(held.rows, held.first, held.lost, sample_ns, held.arrival_ns)
            field = [part.field for part in held.rows if part.field is not None]
            if field:
                raw = joined(field)
                field_ut = (raw * np.float32(self.field_ut_per_count)).astype(np.float32)
                self.publish(MagneticBlock(held.arrival_ns, field_ut, raw, sample_ns))
