"""WitMotion's Bluetooth sensors of the MPU9250 class (WT901BLE, BWT901BLE5.0, WT9011DCL).

They send no counter and no clock: losses and times come from the arrivals (`hal.free_running`), so samples come out
up to 2 s late while some seem to be missing. Rate and low-pass are set at each connection if the sensor does not have
them already, and read back; nothing is saved to its flash. The magnetometer can only be polled. Not tried on hardware:
whether the reply of eight registers, the magnetometer's scale and its types are as published has to be checked on the
real sensor.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hal.ble import BLE_PATIENCE
from hal.clockmap import ClockMap, Ints
from hal.device import Attention, LinkNotFound, NoAnswer, ReadBackMismatch, Refused
from hal.drivers.hearing import within
from hal.drivers.motion import witmotion_codec as codec
from hal.drivers.motion.inertial_units import accel_of_counts, at_rail, gyro_of_counts
from hal.drivers.motion.motion_stream import RATE_S, MotionStream, Rows
from hal.drivers.motion.witmotion_codec import Message, Motion, Registers, WrongModel
from hal.free_running import FreeRunning, Run
from hal.links.gatt import GattLink, Notification
from hal.options import parse_options
from hal.roles.motion import MagneticBlock, Placement
from hal.supervised import Patience

NOTIFY = "0000ffe4-0000-1000-8000-00805f9a34fb"
WRITE = "0000ffe9-0000-1000-8000-00805f9a34fb"
ANSWER_S = 0.5
TRIES = 3
SETTLE_S = 0.1
"""Pause after unlocking and after each setting, as the vendor asks."""
HOUSEKEEPING_S = 60.0
EARTH_FIELD_UT = (25.0, 65.0)
SLOWEST, FASTEST = 0.8, 1.04
"""Shares of the set rate that losses of a bad radio, and a bunch more or less at either end, can explain."""
SPOILT, SPOILT_BYTES = 0.05, 60
"""Share of the bytes, and how many at least: a lost packet leaves parts of two frames behind."""
RATE_REMEDY = "bring it nearer; if that does not help, switch it off and on: its rate is not the one that was set"
REMEDY = "switch the sensor off and on"


@dataclass(frozen=True, slots=True)
class WitMotionOptions:
    """Options of a device file. `magnetometer_hz` 0 leaves the magnetometer alone and its slots to the samples.

    A `low_pass_hz` below 94 smears heel strikes.
    """

    placement: Placement = "unplaced"
    rate_hz: float = 100.0
    low_pass_hz: int = 256
    magnetometer_hz: float = 5.0

    def __post_init__(self) -> None:
        if self.rate_hz not in codec.RATE_CODES:
            raise ValueError("rate_hz must be 10, 20, 50, 100 or 200")
        if self.low_pass_hz not in codec.LOW_PASS_CODES:
            raise ValueError(f"low_pass_hz must be one of {', '.join(map(str, codec.LOW_PASS_CODES))}")
        if not 0 <= self.magnetometer_hz <= 10:
            raise ValueError("magnetometer_hz must lie between 0 and 10")


class WitMotion(MotionStream):
    """A `hal.roles.MotionSensor` without a counter."""

    zero_up = (0.0, 0.0, 1.0)
    """Its maker has it lie level on its back for `calibrate_motion`, which makes this axis show gravity."""

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: GattLink,
        options: Mapping[str, Any] | None = None,
        patience: Patience = BLE_PATIENCE,
    ) -> None:
        self.options = parse_options(WitMotionOptions, options or {}, device=name)
        super().__init__(name, now_ns, link, self.options.placement, self.options.rate_hz, patience)
        self._free = FreeRunning(self.options.rate_hz)
        self._words: deque[tuple[int, ...]] = deque()
        self._fresh: list[tuple[int, ...]] = []
        self._arrived_ns = 0
        self._reader = codec.FrameReader()
        self._notify, self._write = NOTIFY, WRITE
        self._ready = False
        self._flushing: asyncio.Handle | None = None
        self._field_type: int | None = None
        self._field_norm_ut: float | None = None
        self.temperature_c: float | None = None

    @property
    def clock(self) -> ClockMap:
        """The map of the running index."""
        return self._free.map

    @property
    def lost(self) -> int:
        """By the arrivals: what could be seen of it."""
        return self._free.lost

    @property
    def attention(self) -> tuple[Attention, ...]:
        """What somebody has to see to; a rate that is not the one set looks like losses, or like fewer of them.

        Its frames have no checksum, so what is spoilt within one is not seen: bytes that belong to none tell of it.
        """
        found = super().attention
        hz, reader = self._measured_hz(), self._reader
        if reader.dropped > max(SPOILT_BYTES, SPOILT * reader.fed):
            share_pct = 100 * reader.dropped / reader.fed
            found += (Attention(f"{share_pct:.0f} % of what it sends cannot be read", REMEDY),)
        if hz is not None and self._measured_s >= RATE_S - 1.0 and not SLOWEST <= hz / self.rate_hz <= FASTEST:
            found += (Attention(f"{hz:.0f} of {self.rate_hz:g} samples a second arrive", RATE_REMEDY),)
        return found

    @property
    def notes(self) -> tuple[str, ...]:
        """What to know of this sensor."""
        notes: tuple[str, ...] = ("it sends no counter: losses are told from the arrivals",)
        norm = self._field_norm_ut
        if self._field_type is not None and self._field_type not in codec.FIELD_UT_PER_COUNT:
            notes += ("its magnetometer is of an unknown kind: raw counts only",)
        elif norm is not None and not EARTH_FIELD_UT[0] <= norm <= EARTH_FIELD_UT[1]:
            notes += (f"its magnetometer shows {norm:.0f} microtesla: iron is near, or it needs calibration",)
        return notes

    # the connection

    def on_link_up(self) -> None:
        """Find the characteristics by what they can do: some firmware has the two roles swapped."""
        self._reader = codec.FrameReader()
        self._ready = False
        able = {uuid: properties for uuid, properties in self.link.characteristics.items() if uuid in (NOTIFY, WRITE)}
        tells = [uuid for uuid in (NOTIFY, WRITE) if "notify" in able.get(uuid, ())]
        takes = [uuid for uuid in (WRITE, NOTIFY) if {"write", "write-without-response"} & able.get(uuid, frozenset())]
        if not tells or not takes:
            raise LinkNotFound("this is no WitMotion sensor", remedy="correct the sensor's address")
        self._notify, self._write = tells[0], takes[0]

    def subscriptions(self) -> tuple[str, ...]:
        """The characteristic that notifies."""
        return (self._notify,)

    async def greet(self) -> None:
        """Set rate and low-pass where they differ, read them back; ask for battery, temperature and magnetometer."""
        await self._ensure(codec.RATE, codec.RATE_CODES[self.options.rate_hz], "rate")
        await self._ensure(codec.LOW_PASS, codec.LOW_PASS_CODES[self.options.low_pass_hz], "low-pass")
        self._ready = True
        if self.options.magnetometer_hz:
            self._field_type = (await self.read_registers(codec.FIELD_TYPE))[0]
        await self._keep_house()

    async def talk(self) -> None:
        """Poll the magnetometer, and now and then battery and temperature."""
        loop = asyncio.get_running_loop()
        house_s = loop.time() + HOUSEKEEPING_S
        while True:
            every_s = 1 / self.options.magnetometer_hz if self.options.magnetometer_hz else HOUSEKEEPING_S
            await asyncio.sleep(every_s)
            if self.options.magnetometer_hz:
                await self.link.write(self._write, codec.read_register(codec.FIELD))
            if loop.time() >= house_s:
                house_s = loop.time() + HOUSEKEEPING_S
                await self._keep_house()

    def end_of_connection(self) -> None:
        """Publish what is held; the pause until the next sample counts as lost."""
        if self._flushing is not None:
            self._flushing.cancel()
            self._flushing = None
        self._fresh.clear()
        self._publish(self._free.reconnect())

    # what arrives

    def on_notification(self, notification: Notification) -> None:
        """Take frames and replies."""
        for message in self._reader.feed(notification.data):
            self._hearing.tell(message)
            if isinstance(message, Motion):
                self._take(message, notification.mono_ns)
            elif isinstance(message, Registers):
                self._learn(message, notification.mono_ns)
        self._arrived_ns = notification.mono_ns
        if self._flushing is None:
            # what one connection event brought is handled together
            self._flushing = asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = None
        fresh, self._fresh = self._fresh, []
        if fresh:
            self.watch_stillness(np.array(fresh, np.int16))
        self._publish(self._free.decided(self._arrived_ns))

    def _take(self, motion: Motion, arrival_ns: int) -> None:
        if not self._ready:
            return  # still at whatever rate it was switched on with
        self._words.append(motion.words)
        self._free.feed(1, arrival_ns)
        self.note_arrival(1, arrival_ns)
        self._fresh.append(motion.words[:6])

    def _publish(self, runs: list[Run]) -> None:
        together: list[Run] = []
        times: list[Ints] = []
        for run in runs:
            if together and run.lost:
                self._publish_run(together, times)
                together, times = [], []
            together.append(run)
            times.append(self._free.at_ns(run))
        if together:
            self._publish_run(together, times)

    def _publish_run(self, runs: list[Run], times: list[Ints]) -> None:
        words = np.array([self._words.popleft() for run in runs for _ in range(run.n)], np.int16)
        rows = Rows(
            accel_of_counts(words[:, :3], codec.FULL_SCALE_G),
            gyro_of_counts(words[:, 3:6], codec.FULL_SCALE_DEG_S),
            at_rail(words[:, :6]),
        )
        self.publish_rows([rows], runs[0].first, runs[0].lost, np.concatenate(times), runs[-1].arrival_ns)

    def _learn(self, told: Registers, arrival_ns: int) -> None:
        if told.first == codec.BATTERY:
            volts = told.words[0] / 100
            # a reply carries no checksum: what no lithium cell has is no voltage
            if codec.CELL_V[0] <= volts <= codec.CELL_V[1]:
                self._battery_pct = codec.battery_pct(volts)
        elif told.first == codec.TEMPERATURE:
            self.temperature_c = told.words[0] / 100
        elif told.first == codec.FIELD and self._ready:
            raw = np.array([told.words[:3]], np.int16)
            field_ut = (raw * np.float32(codec.FIELD_UT_PER_COUNT.get(self._field_type or 0, np.nan))).astype(
                np.float32
            )
            self._field_norm_ut = float(np.linalg.norm(field_ut)) if np.isfinite(field_ut).all() else None
            self.publish(MagneticBlock(arrival_ns, field_ut, raw, np.array([arrival_ns], np.int64)))

    # settings and calibration

    async def read_registers(self, first: int) -> tuple[int, ...]:
        """Eight registers from `first` on, as int16; raises `NoAnswer`, `LinkLost`, and `Refused` for a wrong model."""

        def wanted(said: Message) -> bool:
            return isinstance(said, WrongModel) or (isinstance(said, Registers) and said.first == first)

        for _ in range(TRIES):
            with self._hearing.first(wanted) as told:
                await self.link.write(self._write, codec.read_register(first))
                said = await within(told, ANSWER_S)
            if isinstance(said, WrongModel):
                raise Refused("this model sends 16-byte frames that are not known", remedy="use a WT901BLE")
            if isinstance(said, Registers):
                return said.words
        raise NoAnswer(f"the sensor does not tell its settings (number {first:02x})", remedy=REMEDY)

    async def set_register(self, register: int, value: int) -> None:
        """Unlock and set; lasts until the sensor is switched off. Raises `LinkLost`, `NoAnswer`."""
        await self.link.write(self._write, codec.unlock())
        await asyncio.sleep(SETTLE_S)
        await self.link.write(self._write, codec.write_register(register, value))
        await asyncio.sleep(SETTLE_S)

    async def calibrate_motion(self, rest_s: float = 5.0) -> None:
        """Zero acceleration and turn rate; the sensor must lie still with `zero_up` upwards for `rest_s`."""
        await self.set_register(codec.CALIBRATE, codec.MOTION_START)
        await asyncio.sleep(rest_s)
        await self.set_register(codec.CALIBRATE, codec.CALIBRATE_END)

    async def start_magnetometer_calibration(self) -> None:
        """From now on turn the sensor slowly about all axes; then `end_calibration`."""
        await self.set_register(codec.CALIBRATE, codec.FIELD_START)

    async def end_calibration(self) -> None:
        """End a calibration."""
        await self.set_register(codec.CALIBRATE, codec.CALIBRATE_END)

    async def zero_heading(self) -> None:
        """The sensor's own heading angle counts from here."""
        await self.set_register(codec.CALIBRATE, codec.HEADING_ZERO)

    async def save_settings(self) -> None:
        """Write the present settings to the sensor's flash: after a calibration, never at each connection."""
        await self.set_register(codec.SAVE, 0)

    async def _ensure(self, register: int, value: int, what: str) -> None:
        if (await self.read_registers(register))[0] == value:
            return
        await self.set_register(register, value)
        told = (await self.read_registers(register))[0]
        if told != value:
            raise ReadBackMismatch(f"its {what} was set to code {value} and it tells {told}", remedy=REMEDY)

    async def _keep_house(self) -> None:
        for register in (codec.BATTERY, codec.TEMPERATURE):
            await self.link.write(self._write, codec.read_register(register))
            await asyncio.sleep(SETTLE_S)
