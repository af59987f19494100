"""Starting, ramping and stopping a treadmill belt, whatever its protocol: one command at a time, a stop at any time.

A command completes on what the machine reports, never on what was asked. A stop, ours or one at the machine's own
panel, overtakes everything: what still waits or is on its way up a ramp is refused.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

from hal.device import HalError, NoAnswer, ReadBackMismatch, Refused
from hal.drivers.gait.belt_limits import BeltLimits

LOOK_S = 0.02
BY_HAND = "stop the belt with the treadmill's own stop button and see to the patient"
OVERTAKEN = "stopped before this command was carried out"
START_AGAIN = "start the belt again"
SET_AGAIN = "ask at the treadmill why, then set the speed again"


class BeltWire(Protocol):
    """What a treadmill driver supplies. Each method returns once the machine has confirmed it, or raises."""

    name: str

    @property
    def actual_kmh(self) -> float | None:
        """The speed as the machine last told it; None when it is not known now."""
        ...

    @property
    def accounts(self) -> int:
        """How often the machine has told its speed."""
        ...

    @property
    def tolerance_kmh(self) -> float:
        """How far the told speed may lie from the asked one and still be the same."""
        ...

    async def ask_start(self) -> None:
        """Start the belt."""
        ...

    async def ask_speed(self, speed_kmh: float, after_kmh: float | None) -> None:
        """Set the speed the belt goes to; `Refused` where it does not go to `after_kmh`, asked before on this ramp."""
        ...

    async def ask_stop(self) -> None:
        """Stop the belt and wait until the machine reports it standing."""
        ...


class BeltPilot:
    """Holds a treadmill's limits, whether we were given control, and the order of commands.

    `stops` counts what ended all commands under way: a request that waits must not be said once it has changed.
    """

    def __init__(self, wire: BeltWire, limits: BeltLimits, settle_s: float, hold_s: float) -> None:
        self.limits = limits
        self.granted = False
        self.started = False
        self._wire = wire
        self._settle_s = settle_s
        self._hold_s = hold_s
        self.stops = 0
        self._starting = False
        self._turns = asyncio.Lock()

    def revoke(self) -> None:
        """Control is gone (lost link, panel, safety key): nothing is asked until it is taken again."""
        self.stops += 1
        self.granted = self.started = False

    def halted(self) -> None:
        """The machine tells a stop: at its panel, or by itself. No speed follows it, for that could start it again.

        Nothing where the belt was neither started nor being started: then the stop is our own.
        """
        if self.started or self._starting:
            self.stops += 1
        self.started = False

    async def start(self) -> None:
        """Start the belt; a start that is not confirmed, or that a stop overtook, is answered with a stop."""
        async with self._turn() as ticket:
            self._starting = True
            try:
                await self._wire.ask_start()
                self._still(ticket)
            except (HalError, asyncio.CancelledError):
                with suppress(HalError):
                    await self.stop()
                raise
            finally:
                self._starting = False
            self.started = True

    async def go(self, speed_kmh: float) -> None:
        """Ramp to `speed_kmh` and see the belt run at it.

        Raises `Refused` outside the limits, without control, before a start, after a stop, and where somebody at the
        panel sets another speed on the way; `NoAnswer`; `ReadBackMismatch` when the belt does not come to that speed. A
        belt that stays faster than asked is stopped.
        """
        goal_kmh = self.limits.check(speed_kmh, device=self._wire.name)
        async with self._turn() as ticket:
            if not self.started:
                raise Refused("the belt was not started", device=self._wire.name, remedy="start the belt first")
            here_kmh = self._wire.actual_kmh
            if here_kmh is None:
                raise NoAnswer("the belt's speed is not known", device=self._wire.name, remedy=BY_HAND)
            before_kmh: float | None = None
            for asked_kmh in self.limits.ramp(here_kmh, goal_kmh):
                self._still(ticket)
                try:
                    await self._wire.ask_speed(asked_kmh, before_kmh)
                except HalError:
                    # a stop sets the speed back: that is no fault of the treadmill
                    self._still(ticket)
                    raise
                before_kmh = asked_kmh
                await asyncio.sleep(self.limits.pause_s)
            await self._settle(goal_kmh, ticket)

    async def stop(self) -> None:
        """Stop the belt without waiting for anything that is under way; needs no control."""
        self.stops += 1
        self.started = False
        await self._wire.ask_stop()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[int]:
        ticket = self.stops
        async with self._turns:
            self._still(ticket)
            if not self.granted:
                raise Refused("the treadmill is not under control", device=self._wire.name, remedy="take control first")
            yield ticket

    def overruled(self, told_kmh: float) -> Refused:
        """What a wire raises where somebody at the panel has set another speed than the one asked before."""
        return Refused(
            f"the speed was set to {told_kmh:g} km/h at the treadmill's panel",
            device=self._wire.name,
            remedy=SET_AGAIN,
        )

    def _still(self, ticket: int) -> None:
        if ticket != self.stops:
            raise Refused(OVERTAKEN, device=self._wire.name, remedy=START_AGAIN)

    async def _settle(self, goal_kmh: float, ticket: int) -> None:
        """Wait until the belt holds the speed; one that only passes through it on its way elsewhere does not."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self._settle_s
        held: tuple[float, int] | None = None
        while True:
            self._still(ticket)
            told_kmh = self._wire.actual_kmh
            if told_kmh is None or abs(told_kmh - goal_kmh) > self._wire.tolerance_kmh + 1e-9:
                held = None
            elif held is None:
                held = (loop.time(), self._wire.accounts)
            elif loop.time() - held[0] >= self._hold_s and self._wire.accounts > held[1]:
                return
            if loop.time() > until_s:
                break
            await asyncio.sleep(LOOK_S)
        if told_kmh is None or told_kmh > goal_kmh:
            with suppress(HalError):
                await self.stop()
        told = "nothing" if told_kmh is None else f"{told_kmh:.1f} km/h"
        raise ReadBackMismatch(
            f"asked for {goal_kmh:g} km/h, the belt reports {told}", device=self._wire.name, remedy=BY_HAND
        )
