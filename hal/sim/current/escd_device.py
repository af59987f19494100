"""Simulated tsDCS devices that speak the ESCD protocol: at a serial cable, or over the Nordic UART service."""

import asyncio
import contextlib

import numpy as np

from hal.sim.bluetooth.ble_far_end import BleFarEnd
from hal.sim.bluetooth.peripheral import Characteristic, Peripheral
from hal.sim.current.escd_engine import EscdEngine
from hal.sim.current.escd_wire import RequestReader
from hal.sim.far_end import Surroundings
from hal.sim.ports import AtPort, PtyPort

TICK_S = 0.01
UART = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
UART_WRITE = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
UART_NOTIFY = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"


def _engine(around: Surroundings) -> EscdEngine:
    """A cable leads from its trigger output to the stimulator that the world has."""
    clock = around.clock
    return EscdEngine(around.name, faults=around.faults, seed=around.seed, on_trigger=around.trigger, per_s=clock.speed)


class _Master:
    """A `hal.sim.far_end.TriggerMaster`."""

    engine: EscdEngine

    def advance(self, now_s: float) -> None:
        """Let the device itself go on until `now_s`; what it says waits for its next step."""
        self.engine.advance(now_s)


class WiredEscd(_Master, AtPort):
    """The device behind a pseudo-terminal. `engine` may be looked at; nobody else advances it."""

    def __init__(self, around: Surroundings) -> None:
        self.engine = _engine(around)
        self.port = PtyPort(around.folder / around.name, self._on_bytes)
        self._around = around
        self._reader = RequestReader()
        self._rng = np.random.default_rng(around.seed)
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.plug()
        try:
            while True:
                now_s = self._around.clock.now_s()
                self.step(now_s)
                if not self._around.faults.active(f"{self._around.name}.cable_out", now_s):
                    await self.plug()
                self._wake.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S):
                        await self._wake.wait()
        finally:
            self.unplug()

    def step(self, now_s: float) -> None:
        """Bring the device to `now_s` and send what it has to say. Never waits."""
        self.engine.advance(now_s)
        if self.engine.strike("cable_out", now_s):
            self.unplug()
        for answer in self.engine.take_output():
            if data := self._on_the_wire(answer, now_s):
                self.port.write(data)

    def _on_bytes(self, data: bytes) -> None:
        now_s = self._around.clock.now_s()
        if not self.engine.strike("silence", now_s):
            for request in self._reader.take(data):
                self.engine.receive(request, now_s)
            self._wake.set()

    def _on_the_wire(self, answer: bytes, now_s: float) -> bytes:
        if self.engine.strike("silence", now_s):
            return b""
        if self.engine.strike("truncated", now_s):
            return answer[:-1]
        if self.engine.strike("garbage", now_s):
            flipped = bytearray(answer)
            flipped[self._rng.integers(len(answer))] ^= 1 << int(self._rng.integers(8))
            return self._rng.bytes(int(self._rng.integers(1, 12))) + bytes(flipped)
        return answer


class WirelessEscd(_Master, BleFarEnd):
    """The device on the air: a byte stream over the Nordic UART service, whatever the pieces it comes in."""

    def __init__(self, around: Surroundings) -> None:
        self.engine = _engine(around)
        self._reader = RequestReader()
        peripheral = Peripheral(
            "F7:35:00:00:00:31",
            "ESCD SIM",
            {
                UART: (
                    Characteristic(UART_WRITE, ("write", "write-without-response"), on_write=self._on_write),
                    Characteristic(UART_NOTIFY, ("notify",)),
                )
            },
            seed=around.seed,
        )
        super().__init__(around, peripheral, tick_s=TICK_S)

    @property
    def address(self) -> str:
        """`nus:` and the Bluetooth address."""
        return f"nus:{self.peripheral.mac}"

    def step(self, now_s: float) -> None:
        """Bring the device to `now_s` and send what it has to say."""
        self.engine.advance(now_s)
        room = self.peripheral.mtu - 3
        for answer in self.engine.take_output():
            for start in range(0, len(answer), room):
                self.notify(UART_NOTIFY, answer[start : start + room])

    def unplug(self) -> None:
        """Off the air; the device itself goes on, on its battery."""
        super().unplug()
        self.engine.advance(self.now_s)

    def _on_write(self, data: bytes) -> None:
        if not self.deaf:
            for request in self._reader.take(data):
                self.engine.receive(request, self.now_s)


def wired(around: Surroundings) -> WiredEscd:
    """At a serial cable."""
    return WiredEscd(around)


def wireless(around: Surroundings) -> WirelessEscd:
    """Over Bluetooth."""
    return WirelessEscd(around)
