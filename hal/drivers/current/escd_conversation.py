"""The conversation with an ESCD: greeting, keepalive, what it says, and the watch that stops it."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from typing import Any

from hal.device import Attention, HalError, Health, NoAnswer, Refused, SetupError, Vitals
from hal.drivers.current import escd_codec as wire
from hal.drivers.current.escd_limits import EscdOptions, Watch, check_device
from hal.drivers.hearing import Hearing, within
from hal.linked import LinkedDevice, Patience
from hal.links.base import Link
from hal.links.nus import NusLink
from hal.options import parse_options
from hal.roles import CurrentProgram, CurrentStatus

logger = logging.getLogger(__name__)

UNKNOWN = "UNKNOWN - check device"
CHECK = "look at the device itself: is current flowing? check its battery, its cable or radio link"
ESCD_PATIENCE = Patience(silence_s=0.8, reopen_s=2.5)
GREETINGS = 4
FOUND_RUNNING = "it was found running a program and was told to stop"


class EscdConversation(LinkedDevice, ABC):
    """Frames in, readings out; `ask` and `turn` for the commands on top of it. Pings unasked, at least 4 a second."""

    role = "current"
    default_baud = 115200
    silent_remedy = CHECK

    def __init__(
        self, name: str, now_ns: Callable[[], int], link: Link, options: Mapping[str, Any] | None, patience: Patience
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self.options = parse_options(EscdOptions, options or {}, device=name)
        self.hello: wire.Hello | None = None
        self.told: wire.Status | None = None
        self.hearing: Hearing[wire.Message] = Hearing()
        self.stops = 0
        self._status = CurrentStatus(now_ns(), "unknown", fault=UNKNOWN)
        self._sentry = Watch(self.options)
        self._parser = wire.StreamParser()
        self._queue = asyncio.Lock()
        self._ticket = 0
        self._seq = 0
        self._received = 0
        self._halted = ""

    @property
    def status(self) -> CurrentStatus:
        """The last account; phase "unknown" as soon as the link is not ok."""
        return self._status

    @property
    def dropped(self) -> int:
        """Runs of garbage skipped."""
        return self._parser.resyncs

    @property
    def vitals(self) -> Vitals:
        """Battery, radio strength, statuses heard, garbage, and what a therapist should know."""
        battery = self._status.battery_pct
        rssi = self.link.gatt.rssi_dbm if isinstance(self.link, NusLink) else None
        notes = [note for note in (self._halted, "" if self.health.state == "ok" else UNKNOWN) if note]
        attention: tuple[Attention, ...] = ()
        if battery is not None and battery < self.options.min_battery_pct:
            below = f"battery below {self.options.min_battery_pct} %: no program starts"
            attention = (Attention(below, "charge it before the visit"),)
        impedance = self._status.impedance_kohm
        if impedance is not None and impedance >= self.options.start_kohm:
            notes.append(f"impedance {impedance:g} kOhm: moisten the electrodes, press them on")
        return Vitals(
            battery, rssi, received=self._received, lost=self.dropped, attention=attention, notes=tuple(notes)
        )

    @abstractmethod
    def off_now(self) -> None:
        """Write the stop frame without waiting."""

    # what the device says

    def on_link_up(self) -> None:
        """Forget what was said before; ask, and stop it in the same breath: nobody knows what it is doing."""
        self._parser.reset()
        self._sentry = Watch(self.options)
        self.hello = None
        self.told = None

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire."""
        for message in self._parser.feed(data):
            if isinstance(message, wire.Unknown):
                logger.info("%s: message nobody knows: %02x %s", self.name, message.kind, message.payload.hex(" "))
                continue
            if isinstance(message, wire.Status):
                self._take(message)
            self.hearing.tell(message)

    def _take(self, told: wire.Status) -> None:
        self.told = told
        self._received += 1
        if self.hello is None:
            self._look_at_first(told)
            return
        self.heard()
        if reason := self._sentry.judge(told, asyncio.get_running_loop().time()):
            self.off_now()
            self._remember(reason)
        elif told.fault:
            self._remember(told.fault)
        if told.phase in ("idle", "fault"):
            self._sentry.program = None
        self._tell(told)

    def _look_at_first(self, told: wire.Status) -> None:
        """Before the greeting is over: a device that gives current now gives it without us."""
        if told.phase in ("ramp_up", "plateau", "triggers_only", "unknown"):
            self.off_now()
            self._remember(FOUND_RUNNING)

    def _remember(self, reason: str) -> None:
        """The first reason stays until the next program: what follows it is its consequence."""
        if not self._halted:
            logger.warning("%s: stopped: %s", self.name, reason)
            self._halted = reason
        if self.health.state == "ok" and self.health.error != self._halted:
            self.set_health(replace(self.health, error=self._halted, remedy=CHECK))

    def _tell(self, told: wire.Status) -> None:
        self._status = CurrentStatus(
            self.now_ns(),
            told.phase,
            told.asked_ma,
            told.measured_ma,
            told.impedance_kohm,
            told.battery_pct,
            told.elapsed_s,
            told.remaining_s,
            told.charge_c,
            told.triggers,
            self._halted or told.fault,
        )
        self.publish(self._status)

    def set_health(self, health: Health) -> None:
        """Store it; a device that is not heard is in a state nobody knows, from this instant."""
        if health.state == "ok" and self._halted and not health.error:
            health = replace(health, error=self._halted, remedy=CHECK)
        super().set_health(health)
        if health.state != "ok" and self._status.phase != "unknown":
            self._status = CurrentStatus(self.now_ns(), "unknown", fault=UNKNOWN)
            self.publish(self._status)

    # what we say

    async def talk(self) -> None:
        """Greet, then ping for ever: the device ramps down by itself when it misses us."""
        await self._greet()
        while True:
            self.ping()
            await asyncio.sleep(self.options.poll_s)

    async def _greet(self) -> None:
        """Look, stop, recognise; raises `NoAnswer` or `SetupError`."""
        self.ping()
        self.off_now()
        hello: wire.Message | None = None
        for _ in range(GREETINGS):
            hello = await self.ask(wire.Kind.HELLO, bytes((wire.VERSION,)), self.options.answer_s / GREETINGS)
            if isinstance(hello, wire.Hello):
                break
        if not isinstance(hello, wire.Hello):
            raise NoAnswer("nothing answers as an ESCD does", device=self.name, remedy=CHECK)
        if hello.version != wire.VERSION:
            problem = f"it speaks version {hello.version} of its protocol, not {wire.VERSION}"
            raise SetupError(problem, device=self.name, remedy="use a device and a program of the same version")
        with self.named():
            check_device(hello)
        self.hello = hello
        self._sentry.forget()

    def expect(self, program: CurrentProgram) -> None:
        """From now on this program may run; what was wrong before is over."""
        self._sentry.program = program
        self._sentry.forget()
        self._halted = ""
        if self.health.state == "ok" and self.health.error:
            self.set_health(replace(self.health, error="", remedy=""))
        self._tell(self.known_status())

    def ping(self) -> int:
        """Ask for the status; the number that its answer will carry. Raises `LinkLost`."""
        seq = self._next_seq()
        self.link.write(wire.encode(wire.Kind.PING, seq))
        return seq

    async def ask(self, kind: wire.Kind, payload: bytes, within_s: float) -> wire.Message | None:
        """Say it and return the answer, None when none came; raises `LinkLost`, or `Refused` after a stop."""
        if kind != wire.Kind.HELLO:
            self._refuse_when_stopped()
        seq = self._next_seq()
        with self.named(), self.hearing.first(lambda message: message.seq == seq) as told:
            self.link.write(wire.encode(kind, seq, payload))
            answer = await within(told, within_s)
        if kind != wire.Kind.HELLO:
            self._refuse_when_stopped()
        return answer

    def known(self) -> wire.Hello:
        """Who the device is; raises `NoAnswer` before it said so."""
        if self.hello is None or self.health.state != "ok":
            raise NoAnswer("the device is not heard", device=self.name, remedy=CHECK)
        return self.hello

    def known_status(self) -> wire.Status:
        """The last status; raises `NoAnswer` where there is none."""
        if self.told is None:
            raise NoAnswer("the device has not told its state yet", device=self.name, remedy=CHECK)
        return self.told

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One command at a time, in order; a stop empties the queue: raises `Refused` for all who waited."""
        ticket = self.stops
        async with self._queue:
            self._ticket = ticket
            self._refuse_when_stopped()
            with self.named():
                yield

    @contextmanager
    def named(self) -> Iterator[None]:
        """Put this device's name on errors from rules that do not know it."""
        try:
            yield
        except HalError as error:
            error.device = self.name
            raise

    def _next_seq(self) -> int:
        self._seq = self._seq % 255 + 1
        return self._seq

    def _refuse_when_stopped(self) -> None:
        if self._ticket != self.stops:
            raise Refused("stopped before this command was carried out", device=self.name, remedy="prepare it again")
