"""A simulated treadmill with the Trackmaster serial protocol, on a pseudo-terminal.

A0 starts the belt with the stop on lost communication (0.5 s after the last command), A1 without, A2 stops it, A3 and
four ASCII digits set the speed in tenths of the machine's unit. Accepted commands are answered by their own byte plus
0x10, a value out of range by BE, an unknown command by BF. C0, C1 and C3 ask for belt, actual speed and set speed.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

from hal.sim.clock import SimClock
from hal.sim.far_end import FarEnd, Surroundings
from hal.sim.faults import Faults
from hal.sim.gait.belt import Belt
from hal.sim.patient.gait_model import GaitModel
from hal.sim.ports import AtPort, PtyPort

SILENCE_STOPS_S = 0.5
LOOK_S = 0.02
KMH = {"kmh": 1.0, "mph": 1.609344}
WITH_DIGITS = (0xA3, 0xA4)
ACCEPTED = (0xA8, 0xAC)


class TrackmasterDevice(AtPort):
    """Answers commands and moves the belt of the gait model.

    The 0.5 s of its communication stop are those of the wire, so they pass on the real clock at any simulated speed.
    """

    def __init__(
        self,
        gait: GaitModel,
        clock: SimClock,
        faults: Faults,
        path: Path,
        *,
        name: str = "trackmaster",
        seed: int = 0,
        units: Literal["kmh", "mph"] = "kmh",
        clamp_kmh: float | None = None,
    ) -> None:
        self.name = name
        self.belt = Belt(gait, clamp_kmh=clamp_kmh)
        self.guarded = True
        self.communication_stops = 0
        self.heard = bytearray()
        self.buttons: dict[str, Callable[[], None]] = {
            "start": self.press_start,
            "stop": self.press_stop,
            "slower": self.press_slower,
        }
        self.port = PtyPort(path, self._on_bytes)
        self._clock = clock
        self._faults = faults
        self._noise = np.random.default_rng(seed)
        self._kmh_per_tenth = KMH[units] / 10
        self._half = b""
        self._last_command_s = 0.0
        self._frozen: dict[int, bytes] = {}

    def press_start(self) -> None:
        """Somebody starts the belt at the machine's own panel, so without the stop on lost communication."""
        if self.belt.start():
            self.guarded = False

    def press_stop(self) -> None:
        """Somebody stops the belt there; the machine tells it when it is asked."""
        self.belt.stop()

    def press_slower(self) -> None:
        """Somebody there takes the speed back by a tenth of the machine's unit."""
        self.belt.set_speed(self.belt.set_kmh - self._kmh_per_tenth)

    async def run(self) -> None:
        """Serve until cancelled."""
        await self.port.plug()
        try:
            while True:
                await self._step()
                await asyncio.sleep(LOOK_S)
        finally:
            self.port.unplug()

    async def _step(self) -> None:
        now_s = self._clock.now_s()
        self.belt.gait.advance(now_s)
        if self.belt.on and self.guarded and self._silent_s(now_s) > SILENCE_STOPS_S:
            self.communication_stops += 1
            self.belt.stop()
        if self.belt.on and self._faults.strike(f"{self.name}.panel_stop", now_s):
            self.press_stop()
        if self._faults.strike(f"{self.name}.cable_out", now_s):
            self.port.unplug()
        else:
            await self.port.plug()

    def _silent_s(self, now_s: float) -> float:
        return self._clock.real_s(now_s - self._last_command_s)

    def _on_bytes(self, data: bytes) -> None:
        now_s = self._clock.now_s()
        if self._faults.strike(f"{self.name}.silence", now_s):
            return
        self.heard += data
        self.belt.gait.advance(now_s)
        waiting = self._half + data
        while waiting:
            length = 5 if waiting[0] in WITH_DIGITS else 1
            if len(waiting) < length:
                break
            self._last_command_s = now_s
            self._send(self._answer(waiting[0], waiting[1:length]), now_s)
            waiting = waiting[length:]
        self._half = waiting

    def _answer(self, command: int, digits: bytes) -> bytes:
        if command in (0xA0, 0xA1):
            self.guarded = command == 0xA0
            return bytes((command + 0x10,)) if self.belt.start() else b"\xbe"
        if command in (0xA2, 0xAA, 0xAB):
            self.belt.stop()
            return bytes((command + 0x10,))
        if command == 0xA3:
            accepted = digits.isdigit() and self.belt.set_speed(int(digits) * self._kmh_per_tenth)
            return b"\xb3" if accepted else b"\xbe"
        if command == 0xA4:
            return b"\xb4" if digits == b"0000" else b"\xbe"
        if command in ACCEPTED:
            return bytes((command + 0x10,))
        return self._told(command)

    def _told(self, question: int) -> bytes:
        if question == 0xC0:
            return b"\xd0" + (b"1" if not self.belt.on else b"2" if self.guarded else b"3")
        if question == 0xC1:
            return b"\xd1" + self._digits(self.belt.actual_kmh)
        if question == 0xC2:
            return b"\xd20000"
        if question == 0xC3:
            return b"\xd3" + self._digits(self.belt.set_kmh)
        return b"\xbf"

    def _digits(self, speed_kmh: float) -> bytes:
        return b"%04d" % round(speed_kmh / self._kmh_per_tenth)

    def _send(self, answer: bytes, now_s: float) -> None:
        if answer[0] in (0xD0, 0xD1, 0xD3):
            if not self._faults.strike(f"{self.name}.freeze", now_s):
                self._frozen.clear()
            else:
                answer = self._frozen.setdefault(answer[0], answer)
        if self._faults.strike(f"{self.name}.truncated", now_s):
            answer = answer[:-1]
        if self._faults.strike(f"{self.name}.garbage", now_s):
            noise = self._noise.integers(0, 128, 6, np.uint8).tobytes()
            answer = noise + bytes((answer[0] ^ 0x20,)) + answer[1:]
        self.port.write(answer)


def make(around: Surroundings) -> FarEnd:
    """The treadmill of a world."""
    path = around.folder / around.name
    return TrackmasterDevice(around.gait, around.clock, around.faults, path, name=around.name, seed=around.seed)
