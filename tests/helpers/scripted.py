"""An assessor at a terminal of their own, who asks a station without a screen."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from bedside import commands as c
from bedside.events import Role
from bedside.snapshot import Snapshot
from bedside.station.client import StationClient, StationGone
from bedside.station.wire import SnapshotMessage

WAIT_S = 180.0


async def until(condition: Callable[[], bool], what: str, now: Callable[[], object] = str) -> None:
    """Wait for a condition, or fail with what is there instead."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {WAIT_S:g} s\n{now()}"
        await asyncio.sleep(0.05)


class Script:
    """An assessor at a terminal of their own, who asks the station without a screen."""

    def __init__(self, client: StationClient) -> None:
        self.client = client
        self.picture: Snapshot | None = None

    async def listen(self) -> None:
        """Follow the picture, and tell the station that somebody is there, until the station goes."""
        async with asyncio.TaskGroup() as tasks:
            beats = tasks.create_task(self._beat())
            with contextlib.suppress(StationGone):
                async for message in self.client.messages():
                    if isinstance(message, SnapshotMessage):
                        self.picture = message.snapshot
            beats.cancel()

    async def _beat(self) -> None:
        with contextlib.suppress(StationGone):
            while True:
                self.client.beat()
                await asyncio.sleep(0.2)

    async def does(self, *asked: c.AnyCommand) -> None:
        """Ask one after the other; each is carried out."""
        for command in asked:
            reply = await self.client.ask(command)
            assert reply.ok, (command, reply.reason, reply.remedy)

    async def till(self, so: Callable[[Snapshot], bool], what: str) -> None:
        """Wait for a picture."""
        await until(lambda: self.picture is not None and so(self.picture), what, lambda: self.picture)

    async def judged(self, task: str) -> None:
        """Wait for the first trial's result and accept it."""
        await self.till(
            lambda seen: (
                seen.assess is not None
                and seen.assess.capture is not None
                and any(line.state == "analysed" for line in seen.assess.capture.done)
            ),
            "a result",
        )
        await self.does(c.JudgeTrial(task=task, trial=1, accept=True))


@contextlib.asynccontextmanager
async def scripted(run: Path, role: Role) -> AsyncIterator[Script]:
    """A connected script."""
    script = Script(await StationClient.connect(run, role))
    listening = asyncio.create_task(script.listen())
    try:
        yield script
    finally:
        await script.client.close()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
