"""A simulated treadmill with the Bluetooth Fitness Machine Service. It knows no watchdog: cut off, it runs on.

Control point (write, then an indication 80 request result): 00 request control, 01 reset, 02 set speed (uint16 of
0.01 km/h), 07 start, 08 01 stop, 08 02 pause. Machine status tells what happened; treadmill data come four times a
second in two packets, the first of which says that more follow.
"""

import struct
from collections.abc import Callable, Collection

from hal.sim.bluetooth.ble_far_end import BleFarEnd
from hal.sim.bluetooth.peripheral import CCCD_NOT_SET, AttError, Characteristic, Peripheral
from hal.sim.far_end import FarEnd, Surroundings
from hal.sim.gait.belt import Belt

BASE = "0000{:04x}-0000-1000-8000-00805f9b34fb"
SERVICE = BASE.format(0x1826)
FEATURES = BASE.format(0x2ACC)
DATA = BASE.format(0x2ACD)
RANGE = BASE.format(0x2AD4)
CONTROL = BASE.format(0x2AD9)
STATUS = BASE.format(0x2ADA)
OK, NOT_SUPPORTED, INVALID, FAILED, NOT_PERMITTED = 1, 2, 3, 4, 5
DATA_EVERY_S = 0.25
TICK_S = 0.05


class FtmsDevice(BleFarEnd):
    """Moves the belt of the gait model. `clamp_kmh` is a machine that cuts greater speeds without a word.

    `minimum_kmh`, `maximum_kmh` and `step_kmh` are what it says it can run; `grants` False is a machine that another
    application, or its own lock, holds. `lacks` are optional characteristics that it has not got: a belt sensor has
    neither control point nor status. Data come on the real clock, as those of the wire.
    """

    def __init__(
        self,
        around: Surroundings,
        *,
        minimum_kmh: float = 0.1,
        maximum_kmh: float = 5.0,
        step_kmh: float = 0.1,
        clamp_kmh: float | None = None,
        data_every_s: float = DATA_EVERY_S,
        lacks: Collection[str] = (),
    ) -> None:
        self.belt = Belt(around.gait, fastest_kmh=maximum_kmh, clamp_kmh=clamp_kmh)
        self.grants = True
        self.answers = True
        self.controlled = False
        self.written: list[bytes] = []
        self.buttons: dict[str, Callable[[], None]] = {
            "start": self.press_start,
            "stop": self.press_stop,
            "slower": self.press_slower,
            "pull_key": self.pull_safety_key,
            "return_key": self.belt.gait.release_e_stop,
        }
        self._lacks = lacks
        self._range = tuple(round(speed * 100) for speed in (minimum_kmh, maximum_kmh, step_kmh))
        self._data_every_s = data_every_s
        self._distance_m = 0.0
        self._since_s = around.clock.now_s()
        self._last_s = self._told_s = self._since_s
        self._e_stop = False
        self._frozen: tuple[bytes, bytes] | None = None
        super().__init__(around, self._peripheral(around), tick_s=TICK_S)

    def _peripheral(self, around: Surroundings) -> Peripheral:
        members = (
            Characteristic(FEATURES, ("read",), read=lambda: struct.pack("<II", 0x1004, 0x0001)),
            Characteristic(DATA, ("notify",)),
            Characteristic(RANGE, ("read",), read=lambda: struct.pack("<HHH", *self._range)),
            Characteristic(CONTROL, ("write", "indicate"), on_write=self._on_control),
            Characteristic(STATUS, ("notify",)),
        )
        peripheral = Peripheral(
            "F7:35:00:00:00:01",
            "TREADMILL SIM",
            {SERVICE: tuple(member for member in members if member.uuid not in self._lacks)},
            seed=around.seed,
        )
        peripheral.on_disconnect = self._gone
        return peripheral

    # at the machine

    def press_start(self) -> None:
        """Somebody starts the belt at the machine's own panel."""
        if self.belt.start():
            self.tell_status(b"\x04")

    def press_stop(self) -> None:
        """Somebody stops the belt there; the machine keeps whom it gave control to."""
        self.belt.stop()
        self.tell_status(b"\x02\x01")

    def press_slower(self) -> None:
        """Somebody there takes the speed back by a step."""
        self._set(self.belt.set_kmh - self._range[2] / 100)

    def pull_safety_key(self) -> None:
        """The patient falls back and pulls the key: the belt halts, and the machine says so."""
        self.belt.gait.press_e_stop()

    def lose_control(self) -> None:
        """Somebody works the machine's own panel: it takes the control back."""
        self.controlled = False
        self.tell_status(b"\xff")

    def step(self, now_s: float) -> None:
        """Belt, panel, safety key, and data when they are due."""
        gait = self.belt.gait
        gait.advance(now_s)
        if self.belt.on and self.struck("panel_stop"):
            self.press_stop()
        if self._listened_to and not gait.e_stop and self.struck("safety_key"):
            self.pull_safety_key()
        self._distance_m += gait.speed_kmh / 3.6 * max(0.0, now_s - self._last_s)
        self._last_s = now_s
        if gait.e_stop and not self._e_stop:
            self.controlled = False
            self.tell_status(b"\x03")
        self._e_stop = gait.e_stop
        if self.around.clock.real_s(now_s - self._told_s) >= self._data_every_s:
            self._told_s = now_s
            for packet in self._data(now_s):
                self.notify(DATA, packet)

    @property
    def _listened_to(self) -> bool:
        return DATA not in self._lacks and self.peripheral.characteristic(DATA).notifying

    def tell_status(self, status: bytes) -> None:
        """Notify the machine's status, where it has that characteristic."""
        if STATUS not in self._lacks:
            self.notify(STATUS, status)

    def _data(self, now_s: float) -> tuple[bytes, bytes]:
        distance_m, elapsed_s = round(self._distance_m) & 0xFFFFFF, round(now_s - self._since_s) & 0xFFFF
        more = struct.pack("<H", 0x0005) + distance_m.to_bytes(3, "little")
        last = struct.pack("<HHH", 0x0400, round(self.belt.actual_kmh * 100), elapsed_s)
        if not self.struck("freeze"):
            self._frozen = None
            return more, last
        self._frozen = self._frozen or (more, last)
        return self._frozen

    # control point

    def _on_control(self, data: bytes) -> None:
        if self.deaf:
            return
        if not self.peripheral.characteristic(CONTROL).notifying:
            raise AttError(CCCD_NOT_SET)
        self.written.append(bytes(data))
        if not data:
            return
        self.belt.gait.advance(self.now_s)
        result = self._carry_out(data[0], data[1:])
        if self.answers:
            self.notify(CONTROL, bytes((0x80, data[0], result)))

    def _carry_out(self, request: int, body: bytes) -> int:
        if request == 0x00:
            self.controlled = self.grants and not self.belt.gait.e_stop
            return OK if self.controlled else NOT_PERMITTED
        if request not in (0x01, 0x02, 0x07, 0x08):
            return NOT_SUPPORTED
        if not self.controlled:
            return NOT_PERMITTED
        if request == 0x02:
            return self._set_speed(body)
        if request == 0x07:
            started = self.belt.start()
            if started:
                self.tell_status(b"\x04")
            return OK if started else FAILED
        if request == 0x08 and body[:1] not in (b"\x01", b"\x02"):
            return INVALID
        self.belt.stop()
        self.tell_status(b"\x01" if request == 0x01 else b"\x02" + body[:1])
        return OK

    def _set_speed(self, body: bytes) -> int:
        low, high, step = self._range
        hundredths = int.from_bytes(body, "little")
        if len(body) != 2 or not low <= hundredths <= high or (hundredths - low) % step:
            return INVALID
        self._set(hundredths / 100)
        return OK

    def _set(self, speed_kmh: float) -> None:
        self.belt.set_speed(speed_kmh)
        self.tell_status(struct.pack("<BH", 0x05, round(self.belt.set_kmh * 100)))

    def _gone(self) -> None:
        self.controlled = False


def make(around: Surroundings) -> FarEnd:
    """The treadmill of a world."""
    return FtmsDevice(around)
