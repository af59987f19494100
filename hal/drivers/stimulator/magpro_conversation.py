"""The conversation with a MagPro: one reader that never stops, questions with deadlines, readings to the station."""

import asyncio
import logging
import math
from abc import ABC
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hal.device import HalError, NoAnswer, ReadBackMismatch, Refused
from hal.drivers.stimulator import magpro_commands as commands
from hal.drivers.stimulator import magpro_messages as wire
from hal.drivers.stimulator.magpro_codec import COIL_NAMES, StreamParser, encode_frame, model_name, page_name
from hal.drivers.stimulator.magpro_state import Account, CounterProof
from hal.linked import LinkedDevice, Patience
from hal.links.base import Link
from hal.options import parse_options
from hal.roles import PulseCounter, PulseDelivered, StimulatorStatus
from hal.supervised import STIMULATOR_PATIENCE

logger = logging.getLogger(__name__)
V = TypeVar("V")
Tell = Callable[[wire.Message], V | None]

ASK_AGAIN_S = 0.25
"""Pause between questions while a command waits for its read-back; the device answers in 20-80 ms (Koponen)."""
MISSES_UNTIL_UNKNOWN = 3
"""Unanswered questions after which a command only one public driver knows is not asked again."""


@dataclass(frozen=True, slots=True)
class MagProOptions:
    """Options of a device file.

    `fire` is the body of the fire command ("03", or "03 01" for devices that want it). `coils` maps coil type numbers
    to names, over the built-in list. Times in real seconds.
    """

    fire: str = "03"
    poll_hz: float = 2.0
    answer_s: float = 1.0
    pulse_s: float = 0.5
    coils: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.fire not in commands.FIRE_VARIANTS:
            raise ValueError(f"fire must be one of {', '.join(map(repr, commands.FIRE_VARIANTS))}, not {self.fire!r}")
        if not 0.5 <= self.poll_hz <= 5 or not 0.2 <= self.answer_s <= 5 or not 0.1 <= self.pulse_s <= 5:
            raise ValueError("poll_hz must be 0.5 to 5, answer_s 0.2 to 5, pulse_s 0.1 to 5")
        if not all(number.isdecimal() for number in self.coils):
            raise ValueError("coils maps coil type numbers to names")


class MagProConversation(LinkedDevice, ABC):
    """Frames in, readings out; `achieve` and `ask` for the commands on top of it."""

    role = "stimulator"
    default_baud = 38400

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = STIMULATOR_PATIENCE,
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self.options = parse_options(MagProOptions, options or {}, device=name)
        self.account = Account()
        self.counter_answers: bool | None = None
        self.stops = 0
        self.following = False
        self._coils = COIL_NAMES | {int(number): coil for number, coil in self.options.coils.items()}
        self._parser = StreamParser()
        self._proof = CounterProof()
        self._queue = asyncio.Lock()
        self._ticket = 0
        self._counter_misses = 0
        self._listeners: list[Callable[[wire.Message], None]] = []
        self._heard_bytes_s = 0.0

    @property
    def dropped(self) -> int:
        """Runs of garbage skipped."""
        return self._parser.resyncs

    # what the device says

    def on_link_up(self) -> None:
        """Forget what was said before: the device may have been worked by hand, or be another one."""
        self._parser.reset()
        self._proof.forget_base()
        self.account = Account()

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire."""
        self._heard_bytes_s = asyncio.get_running_loop().time()
        self._take(self._parser.feed(data))

    def _take(self, bodies: list[bytes]) -> None:
        for body in bodies:
            message = wire.decode(body)
            before, self.account = self.account, self.account.after(message)
            self.heard()
            if isinstance(message, wire.Unknown):
                logger.info("%s: message nobody knows: %s", self.name, body.hex(" "))
                continue
            self._publish_pulses(message, before.amplitude_a)
            if self.account != before or isinstance(message, wire.LongStatus):
                self.publish(self._status())
            for listener in tuple(self._listeners):
                listener(message)

    def _publish_pulses(self, message: wire.Message, amplitude_pct: int | None) -> None:
        if isinstance(message, wire.PulseReport) and message.di_dt_a_us > 0:
            self._proof.pulse(message)
            self.publish(PulseDelivered(self.now_ns(), message.di_dt_a_us, amplitude_pct))
        if isinstance(message, wire.CounterReport):
            agrees = self._proof.agrees(message.total_pulses)
            self.publish(PulseCounter(self.now_ns(), message.total_pulses, agrees))

    def _status(self) -> StimulatorStatus:
        account = self.account
        return StimulatorStatus(
            mono_ns=self.now_ns(),
            enabled=account.enabled,
            amplitude_pct_mso=account.amplitude_a,
            train_running=account.running,
            temperature_c=account.temperature_c,
            coil_type=account.coil_type,
            model="" if account.model is None else model_name(account.model),
            serial_number=account.serial_number,
            page="" if account.page is None else page_name(account.page),
            coil_name="" if account.coil_type is None else self._coils.get(account.coil_type, ""),
            follows_trigger=account.follows_trigger,
        )

    # what we ask

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """One command at a time, in order; a stop empties the queue: raises `Refused` for all who waited."""
        ticket = self.stops
        async with self._queue:
            self._ticket = ticket
            self._refuse_when_stopped()
            yield

    def say(self, body: bytes) -> None:
        """Write one frame; raises `LinkLost`, or `Refused` when a stop came after this turn was asked for."""
        self._refuse_when_stopped()
        with self.named():
            self.link.write(encode_frame(body))

    async def ask(self, body: bytes, tell: Tell[V], within_s: float = ASK_AGAIN_S) -> V | None:
        """Say `body`; return the first thing `tell` makes of a message, None when none came in time."""
        with self.hearing(tell) as told:
            self.say(body)
            await _wait(told, within_s)
            return told.result() if told.done() else None

    async def achieve(self, body: bytes, tell: Tell[V], wanted: V, what: str) -> None:
        """Say `body` once, then ask for the status until the device tells `wanted`.

        Raises `ReadBackMismatch` when it keeps telling something else, `NoAnswer` when it tells nothing.
        """
        last: list[V] = []

        def matching(message: wire.Message) -> V | None:
            value = tell(message)
            if value is not None:
                last[:] = [value]
            return value if value == wanted else None

        with self.hearing(matching) as told:
            self.say(body)
            for _ in range(math.ceil(self.options.answer_s / ASK_AGAIN_S)):
                if await _wait(told, ASK_AGAIN_S):
                    return
                self.say(commands.LONG_STATUS)
        if not last:
            raise NoAnswer(f"no answer while setting {what}", device=self.name, remedy=CHECK_CABLE)
        raise ReadBackMismatch(
            f"{what} should be {wanted}, the stimulator reports {last[0]}",
            device=self.name,
            remedy="look at the stimulator's screen for a message, then try again",
        )

    async def talk(self) -> None:
        """Poll the long status, which is the watchdog of a device without keepalive, and the pulse counter.

        While it follows its trigger input, also what paces it: a hand at its panel can change that.
        """
        while True:
            async with self._queue:
                self._ticket = self.stops
                with suppress(Refused):
                    await self.ask_for(wire.LongStatus, commands.LONG_STATUS)
                    if self.counter_answers is not False:
                        await self.ask_counter()
                    if self.following:
                        await self.ask_for(wire.TimingReport, commands.READ_TIMING)
            await asyncio.sleep(1 / self.options.poll_hz)
            self._expire_half_frame()

    async def ask_for(self, kind: type[V], body: bytes) -> V | None:
        """Say `body` and return the next message of `kind`, None when none came in time."""
        return await self.ask(body, lambda message: message if isinstance(message, kind) else None)

    async def ask_counter(self) -> int | None:
        """The device's running total of pulses; None without an answer."""
        report = await self.ask_for(wire.CounterReport, commands.READ_COUNTERS)
        if report is not None:
            self.counter_answers = True
            return report.total_pulses
        self._counter_misses += 1
        if self.counter_answers is None and self._counter_misses >= MISSES_UNTIL_UNKNOWN:
            self.counter_answers = False
        return None

    @contextmanager
    def named(self) -> Iterator[None]:
        """Put this device's name on errors from rules that do not know it."""
        try:
            yield
        except HalError as error:
            error.device = self.name
            raise

    @contextmanager
    def hearing(self, tell: Tell[V]) -> Iterator["asyncio.Future[V]"]:
        """A future of the first thing `tell` makes of a message heard inside the block."""
        told: asyncio.Future[V] = asyncio.get_running_loop().create_future()

        def listen(message: wire.Message) -> None:
            value = None if told.done() else tell(message)
            if value is not None:
                told.set_result(value)

        self._listeners.append(listen)
        try:
            yield told
        finally:
            self._listeners.remove(listen)
            told.cancel()

    def _refuse_when_stopped(self) -> None:
        if self._ticket != self.stops:
            raise Refused("stopped before this command was carried out", device=self.name, remedy="start it again")

    def _expire_half_frame(self) -> None:
        if self._parser.pending and asyncio.get_running_loop().time() - self._heard_bytes_s > ASK_AGAIN_S:
            self._take(self._parser.expire())


async def _wait(told: "asyncio.Future[V]", seconds: float) -> bool:
    await asyncio.wait((told,), timeout=seconds)
    return told.done()


CHECK_CABLE = "check the cable to COM2 and the stimulator's power"
