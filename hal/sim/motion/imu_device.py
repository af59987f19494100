"""Simulated inertial sensors on Bluetooth Low Energy: one leg, four ways to say what they feel."""

import struct
from typing import ClassVar

import numpy as np

from hal.sim.bluetooth.peripheral import Characteristic
from hal.sim.far_end import Surroundings
from hal.sim.motion import imu_frames as frames
from hal.sim.motion.imu_far_end import ImuDevice, imu_peripheral
from hal.sim.motion.imu_motion import Felt
from hal.sim.patient.limb import Segment


class WitMotionDevice(ImuDevice):
    """A WT901BLE: registers behind a lock, samples for whoever listens. It wakes with 10 Hz and a 20 Hz low-pass."""

    SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
    TELLS = "0000ffe4-0000-1000-8000-00805f9a34fb"
    TAKES = "0000ffe9-0000-1000-8000-00805f9a34fb"
    RATES_HZ: ClassVar[dict[int, float]] = {0x06: 10.0, 0x07: 20.0, 0x08: 50.0, 0x09: 100.0, 0x0B: 200.0}
    FIELD_TYPE, FIELD_UT_PER_COUNT = 2, 0.15

    def __init__(self, around: Surroundings, segment: Segment, *, left: bool = True) -> None:
        self.registers = {0x03: 0x06, 0x1F: 0x04, 0x40: 3150, 0x72: self.FIELD_TYPE}
        self.written: list[bytes] = []
        self.saved = 0
        self.answers = True
        self._unlocked = False
        members = (
            Characteristic(self.TELLS, ("notify",)),
            Characteristic(self.TAKES, ("write", "write-without-response"), on_write=self._on_write),
        )
        made = imu_peripheral(around, f"WT901BLE{around.seed % 100:02d}", {self.SERVICE: members}, prefix="C0:10:A1")
        super().__init__(around, made, segment, 10.0, left=left)
        made.on_disconnect = self._lock

    @property
    def listened(self) -> bool:
        """Somebody has subscribed."""
        return self.peripheral.characteristic(self.TELLS).notifying

    def send_packet(self, first: int, felt: Felt) -> bool:
        """One sample, one notification."""
        return self.notify(self.TELLS, frames.witmotion_sample(frames.counts(felt)[0]))

    def _lock(self) -> None:
        self._unlocked = False

    def _on_write(self, data: bytes) -> None:
        if self.deaf:
            return
        self.written.append(bytes(data))
        if len(data) != 5 or data[:2] != b"\xff\xaa":
            return
        register, value = data[2], int.from_bytes(data[3:], "little")
        if register == 0x27:
            self._tell(data[3])
        elif register == 0x69:
            self._unlocked = value == 0xB588
        elif self._unlocked and register == 0x00:
            self.saved += 1
        elif self._unlocked:
            self.registers[register] = value
            if register == 0x03 and value in self.RATES_HZ:
                self.set_rate(self.RATES_HZ[value])

    def _tell(self, first: int) -> None:
        self.registers[0x64] = round(340 + 0.56 * self.battery_pct())
        felt = self.motion.at(np.array([self.now_s]))
        field = np.rint(felt.field_ut[0] / self.FIELD_UT_PER_COUNT).astype(int)
        self.registers.update({0x3A + axis: int(field[axis]) for axis in range(3)})
        if self.answers:
            values = [self.registers.get(register, 0) for register in range(first, first + 8)]
            self.notify(self.TELLS, frames.witmotion_registers(first, values))


class NusImu(ImuDevice):
    """Bedside's own frame over the Nordic UART service: five samples a notification, 100 Hz."""

    SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
    TAKES = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
    TELLS = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"

    def __init__(self, around: Surroundings, segment: Segment, *, left: bool = True) -> None:
        members = (Characteristic(self.TAKES, ("write",)), Characteristic(self.TELLS, ("notify",)))
        made = imu_peripheral(
            around, f"BEDSIDE-IMU-{around.seed % 100:02d}", {self.SERVICE: members}, prefix="C0:20:A2"
        )
        super().__init__(around, made, segment, 100.0, left=left)
        self.samples_per_packet = 5

    @property
    def listened(self) -> bool:
        """Somebody has subscribed."""
        return self.peripheral.characteristic(self.TELLS).notifying

    def send_packet(self, first: int, felt: Felt) -> bool:
        """One frame, with the magnetometer."""
        rows = frames.counts(felt, field_ut_per_count=0.15)
        frame = frames.nus_frame(first, round(self.device_s(first) * 1e6), rows, self.battery_pct())
        return self.notify(self.TELLS, frame)


class Capture2GoDevice(ImuDevice):
    """A Capture2Go: it streams packages of eight samples at 200 Hz once told to, and its status every second."""

    SERVICE, TAKES, TELLS = (f"8003000{n}-e629-4c98-9324-aa7fc0c66de7" for n in (1, 2, 3))
    EPOCH_NS = 1_700_000_000_000_000_000

    def __init__(self, around: Surroundings, segment: Segment, *, left: bool = True) -> None:
        members = (
            Characteristic(self.TAKES, ("write", "write-without-response"), on_write=self._on_write),
            Characteristic(self.TELLS, ("notify",)),
        )
        made = imu_peripheral(around, f"IMU_{around.seed % 10000:04d}", {self.SERVICE: members}, prefix="C0:30:A3")
        super().__init__(around, made, segment, 200.0, left=left)
        self.samples_per_packet = 8
        self.written: list[bytes] = []
        self.flags = 0
        self._mode = bytes(30)
        self._streaming = False
        self._told_s = 0.0
        self._gap = False
        made.on_disconnect = self._stop

    @property
    def listened(self) -> bool:
        """Told to stream, and somebody has subscribed."""
        return self._streaming and self.peripheral.characteristic(self.TELLS).notifying

    def step(self, now_s: float) -> None:
        """Samples, and the status every second."""
        super().step(now_s)
        if self.peripheral.characteristic(self.TELLS).notifying and now_s - self._told_s >= 1.0:
            self._told_s = now_s
            self._say(
                0x0201, frames.capture2go_status(self._clock_ns(self._next), 1 + self._streaming, self.battery_pct())
            )

    def send_packet(self, first: int, felt: Felt) -> bool:
        """Eight samples."""
        rows = frames.counts(felt, field_ut_per_count=1 / 16)
        return self._say(0x0221, frames.capture2go_samples(self._clock_ns(first), rows, self.flags))

    def _clock_ns(self, sample: int) -> int:
        return self.EPOCH_NS + round(self.device_s(sample) * 1e9)

    def _stop(self) -> None:
        self._streaming = False

    def _on_write(self, data: bytes) -> None:
        if self.deaf:
            return
        self.written.append(bytes(data))
        if len(data) < 8 or frames.capture2go_package(int.from_bytes(data[6:8], "little"), data[8:]) != data:
            self._say(0xFFFF, b"\xfc\xff\xff")
            return
        header = int.from_bytes(data[6:8], "little")
        if header == 0x0070:
            self._say(0x0071, struct.pack("<H6s8s8s12s11s", 1, b"000001", b"sim", b"sim", b"1.0", b"2025-01-01"))
        elif header == 0x0120:
            self._mode = data[8:]
            self._say(0x0122, self._mode)
        elif header == 0x0158:
            self._streaming = False
            self._say(0x0159)
        elif header == 0x0150 and self._mode[10] == 1:
            self._say(0x0151)
            self._streaming = True
        else:
            self._say(0xFFFF, b"\xfb" + header.to_bytes(2, "little"))

    def _say(self, header: int, payload: bytes = b"") -> bool:
        return self.notify(self.TELLS, b"\xff" + frames.capture2go_package(header, payload))


class DotDevice(ImuDevice):
    """A Movella DOT: 60 Hz, a payload mode of its own choosing by the control characteristic."""

    BASE = "1517{:04x}-4947-11e9-8646-d663bd873d93"
    PAYLOADS: ClassVar[dict[int, str]] = {
        mode: f"1517{short:04x}-4947-11e9-8646-d663bd873d93"
        for mode, short in ((5, 0x2004), (21, 0x2003), (26, 0x2002))
    }

    def __init__(self, around: Surroundings, segment: Segment, *, left: bool = True) -> None:
        self.written: list[bytes] = []
        self._mode = 0
        self._control = bytearray(32)
        self._control[24] = 60
        control = Characteristic(
            self.BASE.format(0x1002), ("read", "write"), on_write=self._on_control, read=lambda: bytes(self._control)
        )
        start = Characteristic(self.BASE.format(0x2001), ("read", "write"), on_write=self._on_start)
        told = tuple(Characteristic(self.BASE.format(short), ("notify",)) for short in (0x2002, 0x2003, 0x2004))
        battery = Characteristic(
            self.BASE.format(0x3001), ("read", "notify"), read=lambda: bytes((self.battery_pct(), 0))
        )
        services = {
            self.BASE.format(0x1000): (control,),
            self.BASE.format(0x2000): (start, *told),
            self.BASE.format(0x3000): (battery,),
        }
        super().__init__(
            around, imu_peripheral(around, "Movella DOT", services, prefix="D4:22:CD"), segment, 60.0, left=left
        )
        self.peripheral.on_disconnect = self._stop

    @property
    def listened(self) -> bool:
        """Started, and somebody has subscribed to that payload."""
        return self._mode in self.PAYLOADS and self.peripheral.characteristic(self.PAYLOADS[self._mode]).notifying

    def send_packet(self, first: int, felt: Felt) -> bool:
        """One sample; its time wraps soon after the start, so that every run meets the wrap."""
        micros = round(self.device_s(first) * 1e6) + 2**32 - 10_000_000
        return self.notify(self.PAYLOADS[self._mode], frames.dot_payload(self._mode, micros, felt, 0))

    def _stop(self) -> None:
        self._mode = 0

    def _on_control(self, data: bytes) -> None:
        if self.deaf:
            return
        self.written.append(bytes(data))
        if data[:1] == b"\x10" and len(data) == 32:
            self._control[24:26] = data[24:26]
            self.set_rate(float(int.from_bytes(data[24:26], "little")))

    def _on_start(self, data: bytes) -> None:
        if self.deaf:
            return
        self.written.append(bytes(data))
        if len(data) == 3 and data[0] == 1:
            self._mode = data[2] if data[1] == 1 else 0
