"""A device at the end of a wire: opened, heard, found silent, closed and opened again."""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace

from hal.device import Device, HalError, Health, LinkError, LinkState, NoAnswer
from hal.links.base import Link

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, in real seconds, whatever the station's clock does.

    Without a valid message for `silence_s` the device is silent; after `reopen_s` its link is opened anew. Attempts
    are `first_retry_s` apart, then twice as long each time up to `last_retry_s`.
    """

    silence_s: float = 1.5
    reopen_s: float = 5.0
    first_retry_s: float = 0.2
    last_retry_s: float = 5.0

    def retry_s(self, attempt: int) -> float:
        """The pause before attempt number `attempt` (1, 2, ...)."""
        return min(self.first_retry_s * 2.0 ** min(attempt - 1, 30), self.last_retry_s)


class LinkedDevice(Device):
    """Owns a `Link`. A driver implements `on_bytes`, calls `heard` for every valid message, and may `talk`."""

    def __init__(self, name: str, now_ns: Callable[[], int], link: Link, patience: Patience) -> None:
        super().__init__(name, now_ns)
        self.link = link
        self._patience = patience
        self._supervisor: asyncio.Task[None] | None = None
        self._settled = asyncio.Event()
        self._heard_s = 0.0
        self._opened = 0
        self._attempts = 0

    @property
    def address(self) -> str:
        """The link's address, as configured."""
        return self.link.address

    def fileno(self) -> int | None:
        """The open link's file descriptor, None while closed."""
        return self.link.fileno()

    async def open(self) -> None:
        """Start connecting; returns once the device was heard, found silent or could not be reached."""
        if self._supervisor is None:
            self._settled.clear()
            self._opened = 0
            self._supervisor = asyncio.create_task(self._supervise(), name=f"device {self.name}")
        await self._settled.wait()

    async def close(self) -> None:
        """Say goodbye, disconnect and release everything; safe to call twice."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        try:
            if self.link.fileno() is not None:
                await self.goodbye()
        except HalError as error:
            logger.warning("%s: closing: %s", self.name, error)
        supervisor.cancel()
        await asyncio.gather(supervisor, return_exceptions=True)
        self._set_state("closed")

    # for drivers

    @abstractmethod
    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire; they may end anywhere."""

    def on_link_up(self) -> None:
        """The link has just been opened: forget half messages, greet the device."""

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
    def reopened(self) -> bool:
        """True when the link was open before and has been opened again."""
        return self._opened > 1

    def heard(self) -> None:
        """A valid message arrived: the device lives."""
        self._heard_s = asyncio.get_running_loop().time()
        self._attempts = 0
        if self._health.state == "ok":
            self._health = replace(self._health, last_heard_ns=self.now_ns(), dropped=self.dropped)
        else:
            self._set_state("ok", heard=True)

    # the life of the link

    async def _supervise(self) -> None:
        self._set_state("connecting")
        while True:
            try:
                await self.link.open()
                self._opened += 1
                self._set_state("connecting", error=self._health.error, remedy=self._health.remedy)
                await self._live()
            except (LinkError, NoAnswer) as error:
                self._set_state("lost", error=error.args[0], remedy=error.remedy)
            except Exception as error:
                logger.exception("%s: driver fault", self.name)
                self._set_state("lost", error=f"driver fault: {error}", remedy="report this with the log")
            finally:
                self.link.close()
            self._attempts += 1
            await asyncio.sleep(self._patience.retry_s(self._attempts))

    async def _live(self) -> None:
        self._heard_s = asyncio.get_running_loop().time()
        self.on_link_up()
        tasks = [asyncio.create_task(part) for part in (self._read(), self._watch(), self.talk())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self) -> None:
        while True:
            self.on_bytes(await self.link.read())

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self._patience.silence_s / 4)
            silent_s = loop.time() - self._heard_s
            if silent_s >= self._patience.silence_s and self._health.state != "silent":
                self._set_state("silent", error=f"no message for {silent_s:.1f} s", remedy=_SILENT)
            if silent_s >= self._patience.reopen_s:
                raise NoAnswer(f"no message for {silent_s:.0f} s, connecting again", remedy=_SILENT)

    def _set_state(self, state: LinkState, *, error: str = "", remedy: str = "", heard: bool = False) -> None:
        now_ns = self.now_ns()
        self.set_health(
            Health(
                state,
                since_ns=now_ns if state != self._health.state else self._health.since_ns,
                last_heard_ns=now_ns if heard else self._health.last_heard_ns,
                error=error,
                remedy=remedy,
                dropped=self.dropped,
                reconnects=max(0, self._opened - 1),
            )
        )
        if state != "connecting":
            self._settled.set()


_SILENT = "check the device's power, its cable and that the right port is configured"
