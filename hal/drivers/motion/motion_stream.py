"""What drivers of inertial sensors on Bluetooth share: rows become blocks with time, index and losses."""

import asyncio
import dataclasses
from abc import abstractmethod
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from hal.ble import BLE_PATIENCE, BleDevice
from hal.clockmap import ClockMap, Ints
from hal.device import Attention, Vitals
from hal.drivers.hearing import Hearing
from hal.drivers.motion.sample_index import SampleIndex
from hal.drivers.rail_watch import RailWatch
from hal.drivers.rate_check import RateCheck
from hal.drivers.stillness import Stillness
from hal.links.gatt import GattLink
from hal.roles.motion import MagneticBlock, MotionBlock, Placement
from hal.supervised import Patience

RATE_S = 5.0
TOLD_WITHIN_PPM = 25.0
"""A drift is shown once it is known to that."""
LEVEL_NS = 500_000_000
"""Arrivals of so long tell where a clock is; a heap that waited for a stalled program does not, much as it holds."""
FROZEN = "its readings repeat themselves: it measures nothing"
FROZEN_REMEDY = "switch the sensor off and on"
AT_RAIL = Attention(
    "it reaches the end of its range: what it feels beyond is cut off",
    "fasten it tighter; if it stays so at rest, exchange it",
)
Vectors = NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive samples, shape (n, 3) each; `counts` (n,) is the device's own clock or counter where it has one."""

    accel_m_s2: Vectors
    gyro_rad_s: Vectors
    clipped: NDArray[np.bool_] | None = None
    counts: Ints | None = None
    field: NDArray[np.int16] | None = None
    """Magnetometer counts of the same samples, shape (n, 3)."""


@dataclass(slots=True)
class Waiting:
    """Rows that follow each other without a hole, until they are published; `arrival_ns` is that of the newest."""

    first: int
    lost: int
    arrival_ns: int
    rows: list[Rows] = dataclasses.field(default_factory=list)


class MotionStream(BleDevice):
    """A `hal.roles.MotionSensor` in the making: a driver calls `publish_rows`, and tells `note_arrival`.

    `counter_unit` says what the device's own counter counts, "" where it has none.
    """

    role = "imu"
    counter_unit = ""

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: GattLink,
        placement: Placement,
        rate_hz: float,
        patience: Patience = BLE_PATIENCE,
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self._placement = placement
        self._rate_hz = rate_hz
        self._arrivals: deque[tuple[int, int]] = deque()
        self._recent = 0
        self._received = 0
        self._battery_pct: float | None = None
        self._hearing: Hearing[Any] = Hearing()
        self._stillness = Stillness()
        self._rails = RailWatch()

    # the role

    @property
    def placement(self) -> Placement:
        """Where it is worn."""
        return self._placement

    @property
    def rate_hz(self) -> float:
        """The nominal rate (Hz): as configured, and where the device can be asked, read back."""
        return self._rate_hz

    @property
    @abstractmethod
    def clock(self) -> ClockMap:
        """The map of the device's time."""

    @property
    @abstractmethod
    def lost(self) -> int:
        """Samples known to be lost since `open`."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Standing remarks."""
        return ()

    @property
    def attention(self) -> tuple[Attention, ...]:
        """What somebody has to see to."""
        return (AT_RAIL,) * bool(self._rails.lately(self.now_ns()))

    @property
    def dropped(self) -> int:
        """Samples known to be lost."""
        return self.lost

    @property
    def vitals(self) -> Vitals:
        """Battery, signal, rate, loss and clock."""
        clock = self.clock
        return Vitals(
            battery_pct=self._battery_pct,
            rssi_dbm=self.link.rssi_dbm,
            rate_hz=self._measured_hz(),
            received=self._received,
            lost=self.lost,
            clock_offset_ms=clock.offset_ms if clock.settled else None,
            clock_drift_ppm=clock.drift_ppm if clock.drift_within_ppm < TOLD_WITHIN_PPM else None,
            clock_spread_ms=clock.spread_ms if clock.settled else None,
            attention=self.attention,
            notes=self.notes,
        )

    # for drivers

    def note_arrival(self, n: int, arrival_ns: int) -> None:
        """`n` valid samples arrived."""
        self._received += n
        self._arrivals.append((arrival_ns, n))
        self._recent += n
        while arrival_ns - self._arrivals[0][0] > RATE_S * 1e9:
            self._recent -= self._arrivals.popleft()[1]
        self.heard()

    @property
    def doubts(self) -> tuple[str, str]:
        """That it measures nothing, while its readings repeat themselves."""
        return (FROZEN, FROZEN_REMEDY) if self._stillness.frozen else ("", "")

    def watch_stillness(self, samples: NDArray[Any]) -> None:
        """Say beside an otherwise healthy state when samples, shape (n, axes), repeat themselves."""
        if self._stillness.see(samples, self.rate_hz) and self.health.state == "ok":
            error, remedy = self.doubts
            self.set_health(dataclasses.replace(self.health, error=error, remedy=remedy))

    def publish_rows(self, rows: list[Rows], first: int, lost: int, sample_ns: Ints, arrival_ns: int) -> None:
        """Publish one block of rows that follow each other."""
        counts = [part.counts for part in rows if part.counts is not None]
        parts = [part.clipped for part in rows if part.clipped is not None]
        clipped = _joined(parts) if parts else None
        if clipped is not None and clipped.any():
            self._rails.see(("sensor",), arrival_ns)
        self.publish(
            MotionBlock(
                arrival_ns,
                accel_m_s2=_joined([part.accel_m_s2 for part in rows]),
                gyro_rad_s=_joined([part.gyro_rad_s for part in rows]),
                sample_ns=sample_ns,
                first_sample=first,
                rate_hz=self.rate_hz,
                lost=lost,
                counts=_joined(counts) if counts else None,
                clipped=clipped,
            )
        )

    @abstractmethod
    def end_of_connection(self) -> None:
        """The link has ended: publish what is held, expect a pause."""

    async def release(self) -> None:
        """Publish what is held, then disconnect."""
        self.end_of_connection()
        self._arrivals.clear()
        self._recent = 0
        self._stillness.forget()
        await super().release()

    @property
    def _measured_s(self) -> float:
        """How long the arrivals go back that the measured rate is of (s)."""
        return (self._arrivals[-1][0] - self._arrivals[0][0]) / 1e9 if self._arrivals else 0.0

    def _measured_hz(self) -> float | None:
        arrivals = self._arrivals
        if self.health.state != "ok" or len(arrivals) < 2 or arrivals[-1][0] == arrivals[0][0]:
            return None
        return self._recent * 1e9 / (arrivals[-1][0] - arrivals[0][0]) * (1 - 1 / len(arrivals))


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
            counts = _joined([part.counts for part in held.rows if part.counts is not None])
            sample_ns = self._clock.at_ns(counts)
            self.publish_rows(held.rows, held.first, held.lost, sample_ns, held.arrival_ns)
            field = [part.field for part in held.rows if part.field is not None]
            if field:
                raw = _joined(field)
                field_ut = (raw * np.float32(self.field_ut_per_count)).astype(np.float32)
                self.publish(MagneticBlock(held.arrival_ns, field_ut, raw, sample_ns))


def _joined(parts: list[NDArray[Scalar]]) -> NDArray[Scalar]:
    """The parts one after the other; most blocks have one."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
