"""Simulated switches on a serial port server: a loop from DTR through a contact to CTS.

The emergency stop opens its contact when pressed, the foot switch closes it. Without DTR no current flows, whatever the
contact does.
"""

import asyncio

import numpy as np

from hal.sim.far_end import Surroundings
from hal.sim.rfc2217 import Rfc2217Port

LOOK_S = 0.005
BOUNCES = 7


class ContactDevice:
    """One switch. `press` is what a hand does; `shorted` and `cut` are what a cable can do."""

    def __init__(self, around: Surroundings, *, opens: bool) -> None:
        self.around = around
        self.port = Rfc2217Port(self._outputs)
        self.pressed = False
        self.shorted = False
        self.cut = False
        self._opens = opens
        self._supplied = False
        self._rng = np.random.default_rng(around.seed)
        self._bouncing: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """`line:rfc2217:`, host and port."""
        return self.port.address

    def press(self, pressed: bool = True) -> None:
        """Press or release; the contact bounces where a fault says so."""
        if pressed == self.pressed:
            return
        self.pressed = pressed
        now_s = self.around.clock.now_s()
        if fault := self.around.faults.strike(f"{self.around.name}.bounce", now_s):
            self._bouncing = asyncio.get_running_loop().create_task(self._bounce(fault.number / 1000))
        else:
            self.show()

    def show(self) -> None:
        """Bring the line to what the contact is."""
        self._line(self.shorted or (self.pressed != self._opens and not self.cut and self._supplied))

    async def plug(self) -> None:
        """Connect the port server to the network."""
        await self.port.plug()
        self.show()

    def unplug(self) -> None:
        """Take it off the network."""
        self.port.unplug()

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            while True:
                now_s = self.around.clock.now_s()
                if self.around.faults.strike(f"{self.around.name}.cable_out", now_s):
                    self.unplug()
                else:
                    await self.port.plug()
                self.port.deaf = self.around.faults.strike(f"{self.around.name}.silence", now_s) is not None
                await asyncio.sleep(LOOK_S)
        finally:
            if self._bouncing is not None:
                self._bouncing.cancel()
                await asyncio.gather(self._bouncing, return_exceptions=True)
            self.unplug()

    def _outputs(self, _rts: bool, dtr: bool) -> None:
        self._supplied = dtr
        self.show()

    def _line(self, asserted: bool) -> None:
        self.port.set_inputs(cts=asserted)

    async def _bounce(self, seconds: float) -> None:
        """An odd number of changes spread over `seconds`, ending as the contact is meant to be."""
        ends = self.pressed != self._opens
        pauses = self._rng.dirichlet(np.ones(BOUNCES - 1)) * self.around.clock.real_s(seconds)
        for number, pause_s in enumerate((0.0, *pauses)):
            await asyncio.sleep(float(pause_s))
            self._line(self._supplied and (ends if number % 2 == 0 else not ends))
        self.show()


def emergency_stop(around: Surroundings) -> ContactDevice:
    """The far end `emergency_stop`: closed until pressed."""
    return ContactDevice(around, opens=True)


def foot_switch(around: Surroundings) -> ContactDevice:
    """The far end `foot_switch`: open until pressed."""
    return ContactDevice(around, opens=False)
