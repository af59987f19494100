"""Capture2Go inertial sensors: 200 Hz, raw, by the sensor's own nanoseconds.

Each package tells whether the sensor itself missed time or was driven beyond its scale. The radio synchronisation that
several sensors can have among themselves is not used: each is mapped onto the station's clock. Not tried on hardware.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hal.ble import BLE_PATIENCE
from hal.clockmap import ClockMap
from hal.device import NoAnswer, ReadBackMismatch, Refused
from hal.drivers.hearing import within
from hal.drivers.motion import capture2go_codec as codec
from hal.drivers.motion.capture2go_codec import Answer, Complaint, Message, Mode, Samples, Status
from hal.drivers.motion.clocked_stream import ClockedStream
from hal.drivers.motion.inertial_units import gyro_of_counts
from hal.drivers.motion.motion_stream import Rows
from hal.drivers.motion.sample_index import SampleIndex
from hal.links.gatt import GattLink, Notification
from hal.options import parse_options
from hal.roles.motion import Placement
from hal.supervised import Patience

ANSWER_S = 1.0
TRIES = 3
REMEDY = "switch the sensor off and on"


@dataclass(frozen=True, slots=True)
class Capture2GoOptions:
    """Options of a device file."""

    placement: Placement = "unplaced"
    rate_hz: float = 200.0

    def __post_init__(self) -> None:
        if self.rate_hz not in codec.RATE_MODES:
            raise ValueError("rate_hz must be 200, 100 or 50")


class Capture2Go(ClockedStream):
    """A `hal.roles.MotionSensor`. `MotionBlock.counts` are the sensor's nanoseconds."""

    notifies = (codec.NOTIFY,)
    counter_unit = "ns"
    field_ut_per_count = codec.FIELD_UT_PER_COUNT

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: GattLink,
        options: Mapping[str, Any] | None = None,
        patience: Patience = BLE_PATIENCE,
    ) -> None:
        self.options = parse_options(Capture2GoOptions, options or {}, device=name)
        index = SampleIndex(self.options.rate_hz, per_sample=1e9 / self.options.rate_hz)
        super().__init__(name, now_ns, link, self.options.placement, ClockMap(1.0), index, patience)
        self._reader = codec.PackageReader()
        self._time_gaps = 0

    @property
    def notes(self) -> tuple[str, ...]:
        """What the sensor says of itself."""
        if not self._time_gaps:
            return ()
        return (f"the sensor itself missed time in {self._time_gaps} packages: charge it, or use fewer at once",)

    def on_link_up(self) -> None:
        """Forget half a package."""
        self._reader = codec.PackageReader()

    async def greet(self) -> None:
        """Stop what still streams, set the rate and read it back, stream."""
        await self._ask(codec.encode(codec.GET_DEVICE_INFO), codec.GET_DEVICE_INFO, _answers(codec.DEVICE_INFO))
        await self._ask(codec.encode(codec.CLEAR_STREAM), codec.CLEAR_STREAM, _answers(codec.STREAM_CLEARED))
        wanted = codec.RATE_MODES[self.rate_hz]
        mode = await self._ask(codec.set_mode(self.rate_hz), codec.SET_MODE, lambda said: isinstance(said, Mode))
        if not isinstance(mode, Mode) or mode.packed != wanted:
            raise ReadBackMismatch(f"it was set to {self.rate_hz:g} Hz and tells another rate", remedy=REMEDY)
        await self._ask(codec.encode(codec.START_STREAM), codec.START_STREAM, _answers(codec.STREAM_STARTED))

    async def goodbye(self) -> None:
        """Stop streaming."""
        await self.link.write(codec.WRITE, codec.encode(codec.CLEAR_STREAM))

    def on_notification(self, notification: Notification) -> None:
        """Take what one notification completes."""
        for message in self._reader.feed(notification.data):
            self._hearing.tell(message)
            if isinstance(message, Samples):
                self._take(message, notification.mono_ns)
            elif isinstance(message, Status):
                self._battery_pct = float(message.battery_pct)

    def _take(self, samples: Samples, arrival_ns: int) -> None:
        if samples.rate_hz != self.rate_hz:
            return
        place = self.index.place(samples.timestamp_ns, codec.SAMPLES, arrival_ns)
        if place.repeated:
            return
        if place.restarted:
            self.clock_restarted()
        self._time_gaps += bool(samples.flags & codec.TIME_GAP)
        # it counts no samples: that so many lie between two packages is true of all that follow each other
        self.rate_check.see(samples.timestamp_ns, self._received)
        period_ns = self.rate_check.period
        accel = samples.accel * np.float32(codec.FULL_SCALE_G * codec.GRAVITY_M_S2 / 32768)
        rows = Rows(
            accel.astype(np.float32),
            gyro_of_counts(samples.gyro, codec.FULL_SCALE_DEG_S),
            np.full(codec.SAMPLES, bool(samples.flags & (codec.TURN_CLIPPED | codec.ACCEL_CLIPPED))),
            samples.timestamp_ns + np.rint(period_ns * np.arange(codec.SAMPLES)).astype(np.int64),
            samples.field.astype(np.int16),
        )
        self.take_rows(rows, place.first, place.lost, arrival_ns)

    async def _ask(self, package: bytes, command: int, wanted: Callable[[Message], bool]) -> Message:
        """What the sensor answers; raises `Refused` where it complains, `NoAnswer` after `TRIES`."""

        def concerns(said: Message) -> bool:
            return wanted(said) or (isinstance(said, Complaint) and said.command == command)

        for _ in range(TRIES):
            with self._hearing.first(concerns) as told:
                await self.link.write(codec.WRITE, package)
                said = await within(told, ANSWER_S)
            if isinstance(said, Complaint):
                raise Refused(f"the sensor refuses command {command:04x} with error {said.code:02x}", remedy=REMEDY)
            if said is not None:
                answer: Message = said
                return answer
            await asyncio.sleep(0)
        raise NoAnswer("the sensor does not answer", remedy=REMEDY)


def _answers(header: int) -> Callable[[Message], bool]:
    return lambda said: isinstance(said, Answer) and said.header == header
