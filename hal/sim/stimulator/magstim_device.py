"""Simulated Magstims on serial ports: Rapid-2 (any software version), 200-2, BiStim-2."""

import asyncio

import numpy as np

from hal.sim.far_end import Surroundings
from hal.sim.patient.coil import CoilHeat
from hal.sim.ports import AtPort, PtyPort
from hal.sim.stimulator.magstim_core import MagstimCore
from hal.sim.stimulator.magstim_state import MagstimState
from hal.sim.stimulator.magstim_wire import SimModel

UNLOCK_CODE = "7c1f-40b2d9aa-63"
"""What a simulated Rapid-2 with software 9 or later wants behind its `Q`."""
UNLOCK_CREDENTIAL = "magstim-unlock"
"""The service's credential in which the shipped device file looks for it."""
LONGEST_WAIT_S = 0.05


class MagstimDevice(AtPort):
    """Runs a core on the clock behind a pseudo-terminal. `core` may be looked at; nobody else advances it."""

    def __init__(
        self,
        around: Surroundings,
        model: SimModel,
        *,
        version: str = "9.0.1",
        heat: CoilHeat | None = None,
        state: MagstimState | None = None,
        wire: float = 1.0,
    ) -> None:
        state = state or MagstimState(model, version)
        self._unlock_code = UNLOCK_CODE if model == "rapid2" and state.major >= 9 else ""
        self.core = MagstimCore(
            around.name,
            faults=around.faults,
            on_pulse=around.pulse,
            state=state,
            unlock_code=self._unlock_code,
            heat=heat,
            per_s=around.clock.speed,
            wire=wire,
        )
        self.port = PtyPort(around.folder / around.name, self._on_bytes)
        self._around = around
        self._rng = np.random.default_rng(around.seed)
        self._wake = asyncio.Event()

    @property
    def credentials(self) -> dict[str, str]:
        """The unlock code, where it wants one."""
        return {UNLOCK_CREDENTIAL: self._unlock_code} if self._unlock_code else {}

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.plug()
        try:
            while True:
                now_s = self._around.clock.now_s()
                self.step(now_s)
                if not self._around.faults.active(f"{self._around.name}.cable_out", now_s):
                    await self.plug()
                await self._sleep()
        finally:
            self.unplug()

    def step(self, now_s: float) -> None:
        """Bring the device to `now_s` and send what it has to say. Never waits."""
        self.core.advance(now_s)
        if self.core.strike("cable_out", now_s):
            self.unplug()
        for reply in self.core.take_output():
            if data := self._on_the_wire(reply, now_s):
                self.port.write(data)

    def _on_bytes(self, data: bytes) -> None:
        now_s = self._around.clock.now_s()
        if not self.core.strike("silence", now_s):
            self.core.receive(data, now_s)
            self._wake.set()

    async def _sleep(self) -> None:
        self._wake.clear()
        clock = self._around.clock
        wait_s = clock.real_s(self.core.next_due_s - clock.now_s())
        try:
            async with asyncio.timeout(min(max(wait_s, 0.001), LONGEST_WAIT_S)):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _on_the_wire(self, reply: bytes, now_s: float) -> bytes:
        if self.core.strike("silence", now_s):
            return b""
        if self.core.strike("truncated", now_s):
            return reply[:-1]
        if self.core.strike("garbage", now_s):
            flipped = bytearray(reply)
            flipped[self._rng.integers(len(reply))] ^= 1 << int(self._rng.integers(8))
            return self._rng.bytes(int(self._rng.integers(1, 12))) + bytes(flipped)
        return reply


def rapid2(around: Surroundings) -> MagstimDevice:
    """A Rapid-2 with software 9."""
    return MagstimDevice(around, "rapid2")


def single(around: Surroundings) -> MagstimDevice:
    """A 200-2."""
    return MagstimDevice(around, "200_2")


def bistim(around: Surroundings) -> MagstimDevice:
    """A BiStim-2, master, second channel at 30 % as somebody left it."""
    return MagstimDevice(around, "bistim2", state=MagstimState("bistim2", power_b_pct=30))
