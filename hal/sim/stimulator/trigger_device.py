"""A simulated stimulator that nothing but a trigger reaches: by a control line, or by a box that takes two bytes.

Amplitude and "enabled" are on its front panel, where simulated hands set them. It gives a pulse at each rise of its
trigger input while it is enabled and charged, fires again for as long as the level stays high, and raises its
trigger-out for some milliseconds at each pulse.
"""

import asyncio
from typing import Protocol

from hal.sim.far_end import Surroundings
from hal.sim.ports import Port, PtyPort
from hal.sim.rfc2217 import Rfc2217Port

CHARGE_S = 0.3
"""Simulated time after a pulse in which it gives none."""
REFIRE_S = 0.5
"""A trigger level held so long gives another pulse (simulated time)."""
OUT_S = 0.01
"""How long the trigger-out is high (real time)."""
STEP_S = 0.01
HIGH, LOW, ECHO = 0x01, 0x00, 0x50
"""The bytes of the box: raise its output, lower it, "a pulse was seen"."""


class Panel:
    """The front panel: %MSO, and whether it is enabled; `given` lists the simulated times of its pulses."""

    def __init__(self, around: Surroundings) -> None:
        self.amplitude_pct_mso = 0
        self.enabled = False
        self.given: list[float] = []
        self._around = around
        self._high_since_s: float | None = None

    def trigger(self, high: bool) -> bool:
        """The trigger input's level; True when a pulse was given."""
        now_s = self._around.clock.now_s()
        rose = high and self._high_since_s is None
        self._high_since_s = None if not high else now_s if rose else self._high_since_s
        return rose and self.fire()

    def still_high(self) -> bool:
        """Let time pass; True when the level has stayed so long that it gave another pulse."""
        now_s = self._around.clock.now_s()
        if self._high_since_s is None or now_s - self._high_since_s < REFIRE_S:
            return False
        self._high_since_s = now_s
        return self.fire()

    def fire(self) -> bool:
        """A trigger, or the button on the coil; True when a pulse was given."""
        now_s = self._around.clock.now_s()
        if not self.enabled or (self.given and now_s - self.given[-1] < CHARGE_S):
            return False
        self.given.append(now_s)
        self._around.pulse(now_s, self.amplitude_pct_mso)
        return True


class Wired(Protocol):
    """How trigger and trigger-out are wired."""

    @property
    def port(self) -> Port:
        """Where the station finds it."""
        ...

    def tell(self) -> None:
        """A pulse was given."""
        ...

    def mute(self, silent: bool) -> None:
        """Whether the wire is dead."""
        ...


class TriggerDevice:
    """A `hal.sim.far_end.FarEnd`."""

    def __init__(self, around: Surroundings, panel: Panel, wired: Wired) -> None:
        self.panel = panel
        self.wired = wired
        self._around = around

    @property
    def address(self) -> str:
        """Where the station finds it."""
        return self.wired.port.address

    async def plug(self) -> None:
        """Become reachable."""
        await self.wired.port.plug()

    def unplug(self) -> None:
        """Become unreachable."""
        self.wired.port.unplug()

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            while True:
                await self._step()
                await asyncio.sleep(STEP_S)
        finally:
            self.unplug()

    async def _step(self) -> None:
        now_s, name = self._around.clock.now_s(), self._around.name
        if self._around.faults.strike(f"{name}.cable_out", now_s):
            self.unplug()
        else:
            await self.plug()
        self.wired.mute(self._around.faults.strike(f"{name}.silence", now_s) is not None)
        if self.panel.still_high():
            self.wired.tell()


class WiredLine:
    """RTS of a port server to the trigger input, trigger-out to CTS."""

    def __init__(self, panel: Panel) -> None:
        self.port = Rfc2217Port(self._outputs)
        self._panel = panel

    def _outputs(self, rts: bool, _dtr: bool) -> None:
        if self._panel.trigger(rts):
            self.tell()

    def tell(self) -> None:
        """CTS high for a moment."""
        self.port.set_inputs(cts=True)
        asyncio.get_running_loop().call_later(OUT_S, lambda: self.port.set_inputs(cts=False))

    def mute(self, silent: bool) -> None:
        """A dead wire both ways."""
        self.port.deaf = silent


class WiredBox:
    """A box on a serial port: one byte raises the trigger, another lowers it, and it echoes each pulse it sees."""

    def __init__(self, around: Surroundings, panel: Panel) -> None:
        self.port = PtyPort(around.folder / around.name, self._received)
        self._panel = panel
        self._silent = False

    def _received(self, data: bytes) -> None:
        for byte in b"" if self._silent else data:
            if byte in (HIGH, LOW) and self._panel.trigger(byte == HIGH):
                self.tell()

    def tell(self) -> None:
        """The echo byte."""
        if not self._silent:
            self.port.write(bytes((ECHO,)))

    def mute(self, silent: bool) -> None:
        """A dead wire both ways."""
        self._silent = silent


def line(around: Surroundings) -> TriggerDevice:
    """A stimulator behind an RTS trigger line of an RFC 2217 port server, trigger-out on CTS."""
    panel = Panel(around)
    return TriggerDevice(around, panel, WiredLine(panel))


def box(around: Surroundings) -> TriggerDevice:
    """A stimulator behind a byte-triggered box on a pseudo-terminal."""
    panel = Panel(around)
    return TriggerDevice(around, panel, WiredBox(around, panel))
