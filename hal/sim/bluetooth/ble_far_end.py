"""What all simulated Bluetooth Low Energy devices share: their life on the world's radio, and the generic faults."""

import asyncio
import random

from hal.sim.bluetooth.peripheral import Peripheral
from hal.sim.far_end import Surroundings

NOISE_BYTES = 12


class BleFarEnd:
    """A far end on Bluetooth. A device makes its `Peripheral`, and overrides `step` where it acts by itself.

    `step` is called every `tick_s` real seconds while plugged in, whether or not anybody is connected. Notifications go
    out through `notify`, which carries out the faults NAME.silence, NAME.garbage and NAME.truncated; with `silence` the
    device is deaf too where its `on_write` asks `deaf`. NAME.cable_out takes it off the air.
    """

    def __init__(self, around: Surroundings, peripheral: Peripheral, *, tick_s: float = 0.01) -> None:
        if not around.bus:
            raise ValueError(f"far end {around.name!r} is a Bluetooth device: the world needs a private D-Bus")
        self.around = around
        self.peripheral = peripheral
        self._tick_s = tick_s
        self._random = random.Random(around.seed)
        self._plugged = False

    @property
    def address(self) -> str:
        """`ble:` and the Bluetooth address."""
        return self.peripheral.address

    @property
    def now_s(self) -> float:
        """Simulated time (s)."""
        return self.around.clock.now_s()

    @property
    def deaf(self) -> bool:
        """Whether what the station writes is lost now."""
        return self.struck("silence")

    def struck(self, what: str) -> bool:
        """Whether the generic fault `what` of this far end acts now; records that it did."""
        return self.around.faults.strike(f"{self.around.name}.{what}", self.now_s) is not None

    async def plug(self) -> None:
        """Be on the air; nothing when it is already."""
        if not self._plugged:
            from hal.sim.bluetooth import bluez  # noqa: PLC0415 - a world without Bluetooth needs no D-Bus library

            self._plugged = True
            await bluez.radio(self.around.bus).publish(self.peripheral)

    def unplug(self) -> None:
        """Be off the air, ending the connection; safe to call twice."""
        if self._plugged:
            from hal.sim.bluetooth import bluez  # noqa: PLC0415 - as in `plug`

            self._plugged = False
            bluez.radio(self.around.bus).withdraw(self.peripheral)

    async def run(self) -> None:
        """Act until cancelled."""
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        try:
            while True:
                await self._beat()
                next_s = max(next_s + self._tick_s, loop.time() - 10 * self._tick_s)
                await asyncio.sleep(next_s - loop.time())
        finally:
            self._leave()

    def step(self, now_s: float) -> None:
        """What the device does by itself, at simulated time `now_s`."""

    def notify(self, uuid: str, data: bytes) -> bool:
        """Notify, with the generic faults of the wire; False where nothing left the device."""
        if not self.peripheral.connected or self.struck("silence"):
            return False
        if self.struck("truncated"):
            data = data[:-1]
        if self.struck("garbage"):
            self.peripheral.notify(uuid, self._random.randbytes(min(NOISE_BYTES, self.peripheral.mtu - 3)))
            data = self._flipped(data)
        return self.peripheral.notify(uuid, data)

    def _leave(self) -> None:
        from hal.sim.bluetooth import bluez  # noqa: PLC0415 - as in `plug`

        self._plugged = False
        bluez.radio(self.around.bus).leave(self.peripheral)

    async def _beat(self) -> None:
        if self.struck("cable_out"):
            self.unplug()
            return
        await self.plug()
        self.step(self.now_s)

    def _flipped(self, data: bytes) -> bytes:
        bits = bytearray(data)
        if bits:
            bits[self._random.randrange(len(bits))] ^= 1 << self._random.randrange(8)
        return bytes(bits)
