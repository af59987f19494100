"""What drivers of inertial sensors on Bluetooth share: blocks, rate, rails, whether they still measure."""

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
from hal.drivers.rail_watch import RailWatch
from hal.drivers.stillness import Stillness
from hal.links.gatt import GattLink
from hal.roles.motion import MotionBlock, Placement
from hal.supervised import Patience

RATE_S = 5.0
TOLD_WITHIN_PPM = 25.0
"""A drift is shown once it is known to that."""
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
        clipped = joined(parts) if parts else None
        if clipped is not None and clipped.any():
            self._rails.see(("sensor",), arrival_ns)
        self.publish(
            MotionBlock(
                arrival_ns,
                accel_m_s2=joined([part.accel_m_s2 for part in rows]),
                gyro_rad_s=joined([part.gyro_rad_s for part in rows]),
                sample_ns=sample_ns,
                first_sample=first,
                rate_hz=self.rate_hz,
                lost=lost,
                counts=joined(counts) if counts else None,
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


def joined(parts: list[NDArray[Scalar]]) -> NDArray[Scalar]:
    """The parts one after the other; most blocks have one."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)
