"""A device that is connected, heard, found silent, dropped and connected again, whatever lies below."""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from hal.device import Device, HalError, Health, LinkState, NoAnswer

logger = logging.getLogger(__name__)

SETTLE_S = 30.0
"""Longer than any first attempt takes that ends at all (Bluetooth: scan, connection, greeting)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in real seconds, whatever the station's clock does.

    Without a valid message for `silence_s` the device is silent, before its first one for `greeting_s` if that is
    longer; after `reopen_s` its link is opened anew. Attempts are `first_retry_s` apart, then twice as long each time,
    up to `last_retry_s`.
    """

    silence_s: float = 1.5
    greeting_s: float = 0.0
    reopen_s: float = 5.0
    first_retry_s: float = 0.2
    last_retry_s: float = 5.0

    def retry_s(self, attempt: int) -> float:
        """The pause before attempt number `attempt` (1, 2, ...)."""
        return min(self.first_retry_s * 2.0 ** min(attempt - 1, 30), self.last_retry_s)


STIMULATOR_PATIENCE = Patience(silence_s=0.85, greeting_s=1.5, last_retry_s=0.4)
"""A stimulator may pulse on while its cable is out: it is told "off" soon after the cable is back. Asked twice a
second, it is heard again in time though one answer is lost; else it is known to be silent within a second. What answers
in another language is told as that: its greeting has time to fail."""


class SupervisedDevice(Device):
    """Connects, lives and releases in turns until closed. A driver calls `heard` for every valid message.

    The kinds of link fill in `link_open`, `connect`, `listen` and `release`; drivers may `talk` and say `goodbye`.
    """

    silent_remedy = "check the device's power, its cable and that the right port is configured"

    def __init__(self, name: str, now_ns: Callable[[], int], patience: Patience) -> None:
        super().__init__(name, now_ns)
        self._patience = patience
        self._supervisor: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._heard_s = 0.0
        self._heard_ns: int | None = None
        self._opened = 0
        self._attempts = 0

    @property
    def health(self) -> Health:
        """The present health."""
        if self._heard_ns is not None:
            # hundreds of messages a second are heard, and a few times a second somebody asks
            heard_ns, self._heard_ns = self._heard_ns, None
            self._health = replace(self._health, last_heard_ns=heard_ns, dropped=self.dropped)
        return self._health

    async def open(self) -> None:
        """Start connecting; returns once the device was heard, found silent or could not be reached.

        A port that hangs in the kernel must not hold up the station for ever: after `SETTLE_S` it returns regardless.
        """
        if self._supervisor is None:
            self._settled.clear()
            self._opened = 0
            self._supervisor = asyncio.create_task(self._supervise(), name=f"device {self.name}")
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await self._settled.wait()

    async def close(self) -> None:
        """Say goodbye, disconnect and release everything; safe to call twice."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        try:
            if self.link_open:
                await self.goodbye()
        except HalError as error:
            logger.warning("%s: closing: %s", self.name, error)
        finally:
            supervisor.cancel()
            await asyncio.gather(supervisor, return_exceptions=True)
            self._set_state("closed")

    # for kinds of link

    @property
    @abstractmethod
    def link_open(self) -> bool:
        """Whether the link below is open."""

    @abstractmethod
    async def connect(self) -> None:
        """Open the link; raises `LinkError` or `NoAnswer`."""

    async def begin(self) -> None:
        """The link has just been opened: prepare, before anything is taken or said."""

    @abstractmethod
    async def listen(self) -> None:
        """Take what arrives until the link ends; raises `LinkError`."""

    @abstractmethod
    async def release(self) -> None:
        """Close the link, whatever its state."""

    async def converse(self) -> None:
        """What is said while the link is up; the watch for silence runs beside it."""
        await self.talk()

    @property
    def excused(self) -> bool:
        """Whether silence is no fault now."""
        return False

    # for drivers

    async def talk(self) -> None:
        """What the driver says unasked while the link is up (polling); ends only by cancellation."""
        await asyncio.Event().wait()

    async def goodbye(self) -> None:
        """Leave the device safe before closing."""

    @property
    def dropped(self) -> int:
        """Frames or samples known to be lost."""
        return 0

    @property
    def doubts(self) -> tuple[str, str]:
        """What is wrong with a device that is heard, and what to do; it outlasts a silence. Empty: nothing."""
        return "", ""

    @property
    def reopened(self) -> bool:
        """True when the link was open before and has been opened again."""
        return self._opened > 1

    def heard(self) -> None:
        """A valid message arrived: the device lives."""
        self._heard_s = asyncio.get_running_loop().time()
        self._attempts = 0
        if self._health.state == "ok":
            self._heard_ns = self.now_ns()
        else:
            error, remedy = self.doubts
            self._set_state("ok", error=error, remedy=remedy, heard=True)

    # the life of the link

    async def _supervise(self) -> None:
        self._set_state("connecting")
        while True:
            try:
                await self.connect()
                self._opened += 1
                self._set_state("connecting", error=self._health.error, remedy=self._health.remedy)
                await self._live()
            except HalError as error:
                self._set_state("lost", error=error.args[0], remedy=error.remedy)
            except Exception as error:
                logger.exception("%s: driver fault", self.name)
                self._set_state("lost", error=f"driver fault: {error}", remedy="report this with the log")
            finally:
                await self._let_go()
            self._attempts += 1
            await asyncio.sleep(self._patience.retry_s(self._attempts))

    async def _let_go(self) -> None:
        """Close the link; a link that cannot be closed must not end the reconnecting."""
        try:
            await self.release()
        except Exception:
            logger.exception("%s: cannot close its link", self.name)

    async def _live(self) -> None:
        await self.begin()
        self._heard_s = asyncio.get_running_loop().time()
        tasks = [asyncio.create_task(part) for part in (self.listen(), self._watch(), self.converse())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._patience.silence_s / 8)
            if self.excused:
                self._heard_s = loop.time()
            silent_s, patience = loop.time() - self._heard_s, self._patience
            limit_s = patience.silence_s if self._health.state == "ok" else max(patience.silence_s, patience.greeting_s)
            if silent_s >= limit_s and self._health.state != "silent":
                self._set_state("silent", error=f"no message for {silent_s:.1f} s", remedy=self.silent_remedy)
            if silent_s >= patience.reopen_s:
                raise NoAnswer(f"no message for {silent_s:.0f} s, connecting again", remedy=self.silent_remedy)

    def _set_state(self, state: LinkState, *, error: str = "", remedy: str = "", heard: bool = False) -> None:
        now_ns, before = self.now_ns(), self.health
        self.set_health(
            Health(
                state,
                since_ns=now_ns if state != before.state else before.since_ns,
                last_heard_ns=now_ns if heard else before.last_heard_ns,
                error=error,
                remedy=remedy,
                dropped=self.dropped,
                reconnects=max(0, self._opened - 1),
            )
        )
        if state != "connecting":
            self._settled.set()
