"""The wire to a Magstim: one question at a time, every reply taken into account, readings to the station."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from hal.device import HalError, NoAnswer, Refused, Vitals
from hal.drivers.stimulator import magstim_commands as commands
from hal.drivers.stimulator import magstim_messages as wire
from hal.drivers.stimulator.magstim_codec import Reply, ReplyParser, encode_command
from hal.drivers.stimulator.magstim_options import CHECK_CABLE, TITLES, MagstimOptions
from hal.drivers.stimulator.magstim_readings import attention_to, remarks, status_of
from hal.drivers.stimulator.magstim_state import Account
from hal.linked import LinkedDevice, Patience
from hal.links.base import Link
from hal.options import parse_options
from hal.supervised import STIMULATOR_PATIENCE

logger = logging.getLogger(__name__)

LOOK_S = 0.02
"""Pause between questions while a change is waited for; a question and its answer take 10 to 25 ms at 9600 baud."""


class MagstimWire(LinkedDevice, ABC):
    """Replies in, readings out; `command` and `ask` for what stands on top of it."""

    role = "stimulator"
    default_baud = 9600
    silent_remedy = CHECK_CABLE

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = STIMULATOR_PATIENCE,
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self.options = parse_options(MagstimOptions, options or {}, device=name)
        self.account = Account()
        self.stops = 0
        self.wants_remote = False
        self.halted = ""
        self._parser = ReplyParser(wire.shapes(self.options.model, None))
        self.greeted = False
        self._replies = 0
        self._before = (0, 0)
        self._queue = asyncio.Lock()
        self._wire = asyncio.Lock()
        self._ticket = 0
        self._awaited: tuple[str, asyncio.Future[Reply]] | None = None
        self.spoke_s = 0.0

    @property
    def is_rapid(self) -> bool:
        """Whether this model gives trains."""
        return wire.is_rapid(self.options.model)

    @property
    def title(self) -> str:
        """Model and, where it is told, software version."""
        return " ".join(part for part in (TITLES[self.options.model], self.account.version_text) if part)

    @property
    def dropped(self) -> int:
        """Runs of garbage skipped."""
        return self._parser.resyncs

    @property
    def vitals(self) -> Vitals:
        """Replies heard, garbage skipped, and standing remarks."""
        attention = attention_to(self.account)
        notes = remarks(self.address, "" if self.halted in (part.what for part in attention) else self.halted)
        return Vitals(received=self._replies, lost=self.dropped, attention=attention, notes=notes)

    @abstractmethod
    def off_now(self) -> None:
        """Write the off requests without waiting for anything."""

    # what the device says

    def on_link_up(self) -> None:
        """Forget what was said before: the device may have been worked by hand, or be another one."""
        self._parser.reset()
        self._parser.use(wire.shapes(self.options.model, None))
        self._before = (self._replies, self._parser.dropped)
        self.greeted = False
        self.account = Account()

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire."""
        for reply in self._parser.feed(data):
            self._take(reply)

    def _take(self, reply: Reply) -> None:
        self._replies += 1
        before, self.account = self.account, self.account.after(reply, self.version)
        if reply.letter == "N" and not reply.refusal:
            self._know_version()
        if self.greeted:
            self.heard()
        if self._awaited is not None and reply.letter in (self._awaited[0], "?") and not self._awaited[1].done():
            self._awaited[1].set_result(reply)
        if self.account != before or reply.letter in "Jx\\":
            self.publish(status_of(self.account, self.title, self.now_ns()))
        if self.account.armed and (fault := self.account.fault()) and not (before.armed and before.fault()):
            logger.warning("%s: %s: off", self.name, fault.what)
            self.halted = fault.what
            self.off_now()

    def _know_version(self) -> None:
        version = self.account.version
        if version is not None and self.options.model == "horizon":
            version = max(version, wire.UNLOCK_FROM_VERSION)
        self._parser.use(wire.shapes(self.options.model, version))

    @property
    def anything_heard(self) -> bool:
        """Whether any byte came since the link opened, understood or not."""
        return (self._replies, self._parser.dropped) != self._before

    # what we ask

    @property
    def version(self) -> int:
        """The software's major version; 0 before it is known. A Horizon is taken as 9 or later."""
        version = self.account.version or 0
        return max(version, wire.UNLOCK_FROM_VERSION) if self.options.model == "horizon" else version

    @property
    def needs_unlock(self) -> bool:
        """Whether remote control wants an unlock code."""
        return self.is_rapid and self.version >= wire.UNLOCK_FROM_VERSION

    @property
    def settings_query(self) -> bytes:
        """The question whose reply repeats the power."""
        return commands.RAPID_SETTINGS if self.is_rapid else commands.PAIR_SETTINGS

    @property
    def status_query(self) -> bytes:
        """The question with the shortest reply that tells charged, armed and running."""
        if self.needs_unlock:
            return commands.SYSTEM_STATUS
        return commands.RAPID_SETTINGS if self.is_rapid else commands.REMOTE_ON

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One command at a time, in order; a stop empties the queue: raises `Refused` for all who waited."""
        ticket = self.stops
        async with self._queue:
            self._ticket = ticket
            self._refuse_when_stopped()
            with self.named():
                yield

    async def ask(self, body: bytes, *, as_command: bool = False) -> Reply | None:
        """Say `body` and return its reply, None when none came within `answer_s`.

        The wire belongs to one question at a time, so the keepalive can meet no command half way. `as_command` raises
        `Refused` when a stop came while the wire was waited for; `LinkLost` when the wire is gone.
        """
        async with self._wire:
            if as_command:
                self._refuse_when_stopped()
            told: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
            self._awaited = (chr(body[0]), told)
            try:
                self.spoke_s = asyncio.get_running_loop().time()
                with self.named():
                    self.link.write(encode_command(body))
                await asyncio.wait((told,), timeout=self.options.answer_s)
                if not told.done():
                    for reply in self._parser.expire():
                        self._take(reply)
                return told.result() if told.done() else None
            finally:
                self._awaited = None
                told.cancel()

    async def command(self, body: bytes, what: str) -> Reply:
        """Say `body` as part of a command; raises `NoAnswer` or, where the device declines, `Refused`."""
        reply = await self.ask(body, as_command=True)
        if reply is None:
            raise NoAnswer(f"no answer to: {what}", device=self.name, remedy=CHECK_CABLE)
        if reply.refusal:
            raise Refused(
                f"the stimulator does not accept: {what} ({reply.refusal})",
                device=self.name,
                remedy="look at the stimulator's screen, then set it up again",
            )
        return reply

    async def shows(self, holds: Callable[[], bool], within_s: float, query: bytes) -> bool:
        """Ask until `holds` is true of the account just told; False when it is not within `within_s` (real s)."""
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + within_s
        while True:
            reply = await self.ask(query, as_command=True)
            if reply is not None and not reply.refusal and holds():
                return True
            if loop.time() >= deadline_s:
                return False
            await asyncio.sleep(LOOK_S)

    @contextmanager
    def named(self) -> Iterator[None]:
        """Put this device's name on errors from rules that do not know it."""
        try:
            yield
        except HalError as error:
            error.device = self.name
            raise

    def _refuse_when_stopped(self) -> None:
        if self._ticket != self.stops:
            raise Refused("stopped before this command was carried out", device=self.name, remedy="start it again")
