"""A simulated MagPro on a wire: the core, its port, and what can go wrong between them."""

import asyncio
from collections.abc import Callable

import numpy as np

from hal.sim.clock import SimClock
from hal.sim.far_end import TriggerMaster
from hal.sim.faults import Faults
from hal.sim.ports import Port
from hal.sim.stimulator.magpro_core import MagProCore
from hal.sim.stimulator.magpro_wire import LONG_STATUS, SHORT_STATUS, START

LONGEST_WAIT_S = 0.05
STATUS_IDS = (SHORT_STATUS, LONG_STATUS)


class MagProDevice:
    """Runs a core on the clock behind a port. `make_port` gets the function that takes the station's bytes.

    `masters` have their trigger output wired to its trigger input.
    """

    def __init__(
        self,
        core: MagProCore,
        clock: SimClock,
        faults: Faults,
        rng: np.random.Generator,
        make_port: Callable[[Callable[[bytes], None]], Port],
    ) -> None:
        self.core = core
        self.port = make_port(self._on_bytes)
        self._clock = clock
        self._faults = faults
        self._rng = rng
        self._wake = asyncio.Event()
        self._stale: dict[int, bytes] = {}
        self.masters: list[TriggerMaster] = []

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.port.plug()
        try:
            while True:
                self.step()
                if not self._faults.active("stimulator.cable_out", self._clock.now_s()):
                    await self.port.plug()
                await self._sleep()
        finally:
            self.port.unplug()

    def step(self) -> None:
        """Bring the device to the present and send what it has to say. Never waits."""
        now_s = self._clock.now_s()
        for master in self.masters:
            master.advance(now_s)
        self.core.advance(now_s)
        if self._faults.strike("stimulator.cable_out", now_s):
            self.port.unplug()
        for frame in self.core.take_output():
            if data := self._on_the_wire(frame, now_s):
                self.port.write(data)

    def trigger_in(self, at_s: float) -> None:
        """A pulse at the other end of the cable to its trigger input, at simulated time `at_s`."""
        if not self._faults.strike("stimulator.trigger_cable", at_s):
            self.core.trigger_in(at_s)
            self._wake.set()

    def _on_bytes(self, data: bytes) -> None:
        now_s = self._clock.now_s()
        if not self._faults.strike("stimulator.silence", now_s):
            self.core.receive(data, now_s)
            self._wake.set()

    async def _sleep(self) -> None:
        self._wake.clear()
        wait_s = self._clock.real_s(self.core.next_due_s - self._clock.now_s())
        try:
            async with asyncio.timeout(min(max(wait_s, 0.0), LONGEST_WAIT_S)):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _on_the_wire(self, frame: bytes, now_s: float) -> bytes:
        strike = self._faults.strike
        if strike("stimulator.silence", now_s) or strike("stimulator.mute", now_s):
            return b""
        frame = self._perhaps_stale(frame, now_s)
        if strike("stimulator.truncated", now_s):
            return frame[:-2]
        if strike("stimulator.oversized", now_s):
            return bytes((START, 255)) + frame
        if strike("stimulator.garbage", now_s):
            flipped = bytearray(frame)
            flipped[self._rng.integers(2, len(frame) - 1)] ^= 1 << int(self._rng.integers(8))
            return self._rng.bytes(int(self._rng.integers(1, 24))) + bytes((START,)) + bytes(flipped)
        return frame

    def _perhaps_stale(self, frame: bytes, now_s: float) -> bytes:
        message = frame[2]
        if message in STATUS_IDS and message in self._stale and self._faults.strike("stimulator.stale", now_s):
            return self._stale[message]
        if message in STATUS_IDS:
            self._stale[message] = frame
        return frame
