"""A tsDCS device that speaks docs/protocols/escd.md, over a serial port, TCP, or the Nordic UART service.

The device ramps, times and ends a program by itself, and ramps down when it hears nobody: what we do is prepare, start,
watch and stop. Every state shown is what it said. Whatever is not known for certain ends in the stop frame: a fresh
connection, a deviation, an account that does not fit the program, a start that was not confirmed.
Not tried on hardware.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from hal.device import HalError, Health, LinkError, NoAnswer, OffNotConfirmed, ReadBackMismatch, Refused
from hal.drivers.current import escd_codec as wire
from hal.drivers.current.escd_conversation import CHECK, ESCD_PATIENCE, EscdConversation
from hal.drivers.current.escd_limits import FLOOR_MA, check_fit, check_program, check_start
from hal.linked import Patience
from hal.links.base import Link
from hal.roles import CurrentProgram

__all__ = ["Escd"]

STOP_AGAIN_S = 0.15
ASK_AGAIN_S = 0.3
SETTLE_S = 1.0
"""How long after a program was loaded the impedance may take to be known."""
_BY_HAND = "switch the device off at its own switch NOW, then take off the electrodes"


class Escd(EscdConversation):
    """A `hal.roles.CurrentStimulator` that talks."""

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = ESCD_PATIENCE,
    ) -> None:
        super().__init__(name, now_ns, link, options, patience)
        self._prepared: int | None = None

    @property
    def max_current_ma(self) -> float:
        """The ceiling of the device file, and the device's own where that is lower."""
        ceiling = self.options.max_current_ma
        return ceiling if self.hello is None else min(ceiling, self.hello.max_ma)

    @property
    def off_bytes(self) -> bytes:
        """The stop frame."""
        return wire.encode(wire.Kind.STOP, 0)

    def set_health(self, health: Health) -> None:
        """Store it; a device that is not heard holds no program of ours any more."""
        if health.state != "ok":
            self._prepared = None
        super().set_health(health)

    async def goodbye(self) -> None:
        """Leave it without current."""
        if self.told is None or self.told.phase != "idle":
            await self.stop()

    # commands

    async def prepare(self, program: CurrentProgram) -> None:
        """Load a program and read it back; returns once the device says that it holds it.

        Raises `Refused` for what limits forbid or while current flows, `ReadBackMismatch`, `NoAnswer`, `LinkLost`.
        """
        with self.named():
            check_program(program, self.options)
        async with self.turn():
            self._prepared = None
            check_fit(program, self.known())
            if self.known_status().phase not in ("idle", "prepared"):
                raise Refused(f"the device is in {self.status.phase}", device=self.name, remedy="stop it first")
            payload = wire.program_payload(program)
            report = await self._load(payload)
            if report.payload != payload or report.number != wire.program_id(payload):
                self.off_now()
                remedy = "do not use the device until it repeats what it is told"
                raise ReadBackMismatch("it holds another program than it was given", device=self.name, remedy=remedy)
            await self._await_status(
                lambda told: told.phase == "prepared" and told.impedance_kohm is not None, SETTLE_S
            )
            told = self.known_status()
            if told.phase != "prepared" or told.program != report.number:
                raise NoAnswer("it does not say that the program is ready", device=self.name, remedy=CHECK)
            self.expect(program)
            self._prepared = report.number

    async def start(self) -> None:
        """Start the prepared program; returns once the device reports its ramp.

        The command is written once, on a fresh status. What is not confirmed is stopped. Raises `Refused` (nothing
        prepared, battery, electrodes, or the device's own reason), `NoAnswer`, `LinkLost`.
        """
        async with self.turn():
            number = self._prepared
            if number is None:
                raise Refused("no program is prepared", device=self.name, remedy="prepare it, then start")
            fresh = await self._await_status(lambda _told: True, self.options.answer_s)
            if fresh is None:
                raise NoAnswer("no status before the start", device=self.name, remedy=CHECK)
            if fresh.phase != "prepared" or fresh.program != number:
                raise Refused("the device no longer holds the program", device=self.name, remedy="prepare it again")
            check_start(fresh, self.options)
            self._prepared = None
            try:
                await self._start(number)
            except (HalError, asyncio.CancelledError):
                self.off_now()
                raise

    async def stop(self) -> None:
        """Ramp down from any state; returns once a status asked for afterwards says ramp-down, or no current.

        It never waits in the queue, repeats itself, and raises `OffNotConfirmed` after `answer_s`.
        """
        self.off_now()
        asked: set[int] = set()

        def confirmed(message: wire.Message) -> bool:
            return isinstance(message, wire.Status) and message.seq in asked and _is_stopped(message)

        with self.hearing.first(confirmed) as told:
            for _ in range(math.ceil(self.options.answer_s / STOP_AGAIN_S)):
                with suppress(LinkError):
                    self.link.write(self.off_bytes)
                    asked.add(self.ping())
                await asyncio.wait((told,), timeout=STOP_AGAIN_S)
                if told.done():
                    return
        raise OffNotConfirmed("told to stop, and no answer confirms it", device=self.name, remedy=_BY_HAND)

    def off_now(self) -> None:
        """Write the stop frame without waiting; never raises. Commands still queued are refused."""
        self.stops += 1
        self._prepared = None
        with suppress(LinkError):
            self.link.write(self.off_bytes)

    # steps of the commands

    async def _load(self, payload: bytes) -> wire.ProgramReport:
        for _ in range(math.ceil(self.options.answer_s / ASK_AGAIN_S)):
            answer = await self.ask(wire.Kind.PROGRAM, payload, ASK_AGAIN_S)
            if isinstance(answer, wire.ProgramReport):
                return answer
            if isinstance(answer, wire.Ack) and answer.why:
                raise Refused(f"the device refuses the program: {answer.why}", device=self.name, remedy=CHECK)
        raise NoAnswer("it does not repeat the program", device=self.name, remedy=CHECK)

    async def _start(self, number: int) -> None:
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self.options.answer_s
        answer = await self.ask(wire.Kind.START, wire.start_payload(number), ASK_AGAIN_S)
        if isinstance(answer, wire.Ack) and answer.why:
            raise Refused(f"the device does not start: {answer.why}", device=self.name, remedy=CHECK)
        told = await self._await_status(_runs, max(deadline_s - loop.time(), ASK_AGAIN_S))
        if told is None:
            raise NoAnswer("it does not say that it started: stopped", device=self.name, remedy=CHECK)

    async def _await_status(self, wanted: Callable[[wire.Status], bool], within_s: float) -> wire.Status | None:
        """The first status asked for from now on that is `wanted`; None when none came within `within_s`."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + within_s
        while (left_s := deadline_s - loop.time()) > 0:
            answer = await self.ask(wire.Kind.PING, b"", min(ASK_AGAIN_S, left_s))
            if isinstance(answer, wire.Status) and wanted(answer):
                return answer
            await asyncio.sleep(min(0.05, left_s))
        return None


def _runs(told: wire.Status) -> bool:
    return told.phase in ("ramp_up", "plateau")


def _is_stopped(told: wire.Status) -> bool:
    """Ramping down, or without current by its own measurement."""
    if told.phase == "ramp_down":
        return True
    return told.phase in ("idle", "fault") and told.measured_ma is not None and told.measured_ma <= FLOOR_MA
