"""Bedside's own inertial sensors on the Nordic UART service, as `docs/protocols/nus-imu.md` describes them.

Every frame carries the sample's number and the sensor's microseconds, so losses are exact and times follow its crystal.
Not tried on hardware.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from hal.ble import BLE_PATIENCE
from hal.clockmap import ClockMap
from hal.drivers.motion import nus_imu_codec as codec
from hal.drivers.motion.clocked_stream import ClockedStream
from hal.drivers.motion.inertial_units import accel_of_counts, gyro_of_counts
from hal.drivers.motion.motion_stream import Rows
from hal.drivers.motion.sample_index import Place, SampleIndex
from hal.links.gatt import GattLink, Notification
from hal.options import parse_options
from hal.roles.motion import Placement
from hal.supervised import Patience

NOTIFY = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"


@dataclass(frozen=True, slots=True)
class NusImuOptions:
    """Options of a device file. `rate_hz` is what the sensor's firmware was built for."""

    placement: Placement = "unplaced"
    rate_hz: float = 100.0

    def __post_init__(self) -> None:
        if not 10 <= self.rate_hz <= 1000:
            raise ValueError("rate_hz must lie between 10 and 1000")


class _Placed(NamedTuple):
    """A frame with its place, and what the sensor's clock showed at its first sample."""

    frame: codec.MotionFrame
    place: Place
    first_us: int
    arrival_ns: int


class NusImu(ClockedStream):
    """A `hal.roles.MotionSensor`. `MotionBlock.counts` are the sensor's microseconds, unwrapped."""

    notifies = (NOTIFY,)
    counter_unit = "us"
    counts_samples = True
    rate_remedy = "set rate_hz in its device file to what its firmware does"
    field_ut_per_count = codec.FIELD_UT_PER_COUNT

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: GattLink,
        options: Mapping[str, Any] | None = None,
        patience: Patience = BLE_PATIENCE,
    ) -> None:
        self.options = parse_options(NusImuOptions, options or {}, device=name)
        index = SampleIndex(self.options.rate_hz, modulus=1 << 16)
        super().__init__(name, now_ns, link, self.options.placement, ClockMap(1000.0, bits=32), index, patience)
        self._reader = codec.FrameReader()
        self._frames: list[_Placed] = []

    def on_link_up(self) -> None:
        """Forget half a frame."""
        self._reader = codec.FrameReader()

    def on_notification(self, notification: Notification) -> None:
        """Take a piece of the stream."""
        for frame in self._reader.feed(notification.data):
            self._take(frame, notification.mono_ns)

    def _take(self, frame: codec.MotionFrame, arrival_ns: int) -> None:
        n = len(frame.counts)
        place = self.index.place(frame.counter, n, arrival_ns)
        if place.repeated:
            return
        if place.restarted:
            self.clock_restarted()
        first_us = self.clock.unwrap(frame.micros, arrival_ns - round((n - 1) * self.rate_check.period * 1000))
        self.rate_check.see(first_us, place.first)
        self._frames.append(_Placed(frame, place, first_us, arrival_ns))
        if self.rate_check.known:
            self._pass_on()

    def clock_restarted(self) -> None:
        """The sensor counts anew: what waits has the old clock's times."""
        self._pass_on()
        super().clock_restarted()

    def _pass_on(self) -> None:
        """Frames that are placed; the first of a connection waits for the next, which tells how far samples are apart.

        Its end, by a wrong rate, would be an arrival before its time, and the map follows the earliest.
        """
        frames, self._frames = self._frames, []
        for frame, place, first_us, arrival_ns in frames:
            self._battery_pct = frame.battery_pct
            n = len(frame.counts)
            rows = Rows(
                accel_of_counts(frame.counts[:, :3], codec.FULL_SCALE_G),
                gyro_of_counts(frame.counts[:, 3:6], codec.FULL_SCALE_DEG_S),
                np.full(n, frame.clipped),
                first_us + np.rint(np.arange(n) * self.rate_check.period).astype(np.int64),
                frame.counts[:, 6:] if frame.counts.shape[1] == 9 else None,
            )
            self.take_rows(rows, place.first, place.lost, arrival_ns)
