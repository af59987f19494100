"""Movella (Xsens) DOT, live over Bluetooth: 60 Hz at most, by the sensor's own microseconds.

Sixty samples a second are 17 ms apart: gait events within 10 ms need the sensor's own recording at 120 Hz, which this
driver does not fetch. Not tried on hardware; where device control holds the rate is recalled, and checked by reading
it back.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hal.ble import BLE_PATIENCE
from hal.clockmap import ClockMap
from hal.device import ReadBackMismatch
from hal.drivers.motion import dot_codec as codec
from hal.drivers.motion.clocked_stream import ClockedStream
from hal.drivers.motion.motion_stream import Rows
from hal.drivers.motion.sample_index import SampleIndex
from hal.links.gatt import GattLink, Notification
from hal.options import parse_options
from hal.roles.motion import Placement
from hal.supervised import Patience

TOO_SLOW = "60 Hz live: too slow for gait events within 10 ms"
BATTERY_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class DotOptions:
    """Options of a device file. `mode` is the payload: 21, or 26 with the sensor's own orientation."""

    placement: Placement = "unplaced"
    rate_hz: int = 60
    mode: int = codec.RATE

    def __post_init__(self) -> None:
        if self.rate_hz not in codec.RATES_HZ:
            raise ValueError(f"rate_hz must be one of {', '.join(map(str, codec.RATES_HZ))}")
        if self.mode not in (codec.RATE, codec.CUSTOM_5):
            raise ValueError("mode must be 21 or 26: others carry no acceleration and turn rate, or what has no unit")


class MovellaDot(ClockedStream):
    """A `hal.roles.MotionSensor`. `MotionBlock.counts` are the sensor's microseconds, unwrapped."""

    counter_unit = "us"

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: GattLink,
        options: Mapping[str, Any] | None = None,
        patience: Patience = BLE_PATIENCE,
    ) -> None:
        self.options = parse_options(DotOptions, options or {}, device=name)
        rate_hz = float(self.options.rate_hz)
        index = SampleIndex(rate_hz, per_sample=1e6 / rate_hz, modulus=1 << 32)
        super().__init__(name, now_ns, link, self.options.placement, ClockMap(1000.0, bits=32), index, patience)

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of this device."""
        return (TOO_SLOW,)

    def subscriptions(self) -> tuple[str, ...]:
        """The characteristic of the payload; it must be subscribed before the start."""
        return (codec.PAYLOADS[self.options.mode],)

    async def greet(self) -> None:
        """Set the rate and read it back, ask for the battery, start."""
        await self.link.write(codec.MEASURE_CONTROL, codec.stop(self.options.mode), response=True)
        await self.link.write(codec.DEVICE_CONTROL, codec.set_rate(self.options.rate_hz), response=True)
        told = codec.rate_of(await self.link.read_value(codec.DEVICE_CONTROL))
        if told != self.options.rate_hz:
            raise ReadBackMismatch(
                f"it was set to {self.options.rate_hz} Hz and tells {told}", remedy="switch the sensor off and on"
            )
        await self._ask_battery()
        await self.link.write(codec.MEASURE_CONTROL, codec.start(self.options.mode), response=True)

    async def talk(self) -> None:
        """Ask for the battery now and then."""
        while True:
            await asyncio.sleep(BATTERY_EVERY_S)
            await self._ask_battery()

    async def goodbye(self) -> None:
        """Stop, to spare the battery."""
        await self.link.write(codec.MEASURE_CONTROL, codec.stop(self.options.mode), response=True)

    def on_notification(self, notification: Notification) -> None:
        """Take one sample."""
        sample = codec.parse(self.options.mode, notification.data)
        if sample is None or sample.accel_m_s2 is None or sample.turn_deg_s is None:
            return
        place = self.index.place(sample.micros, 1, notification.mono_ns)
        if place.repeated:
            return
        if place.restarted:
            self.clock_restarted()
        count = self.clock.unwrap(sample.micros, notification.mono_ns)
        self.rate_check.see(count, self._received)
        rows = Rows(
            np.array([sample.accel_m_s2], np.float32),
            np.array([[math.radians(turn) for turn in sample.turn_deg_s]], np.float32),
            counts=np.array([count], np.int64),
        )
        self.take_rows(rows, place.first, place.lost, notification.mono_ns)

    async def _ask_battery(self) -> None:
        told = codec.battery(await self.link.read_value(codec.BATTERY))
        self._battery_pct = float(told[0]) if told is not None else None
