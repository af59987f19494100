"""Whatever was asked before a stop begins nothing after it, wherever it waited: in its client's queue, for the disk."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bedside.commands import AddNote, AnyCommand, StartStimulation, Stop, StopBelt
from bedside.events import AmplitudeIntended, CommandRefused, Envelope, NoteAdded
from bedside.station.access import Access
from bedside.station.attached import Hooks
from bedside.station.client import StationClient
from bedside.station.clock import Clock
from bedside.station.core import Core
from bedside.station.executive import Executive
from bedside.station.server import Server
from bedside.station.setup import open_books
from tests.helpers.bed_ready import bed_at
from tests.helpers.far_ends import until


class Brake:
    def hold(self) -> None:
        pass

    def release(self) -> None:
        pass


@dataclass
class Desk:
    """A kiosk before a patient who walks steadily, and a card on which nothing gets durable while it is not `ready`."""

    core: Core
    server: Server
    kiosk: StationClient
    ready: threading.Event
    heard: list[Envelope] = field(default_factory=list)

    def said(self, kind: type) -> list[Any]:
        return [envelope.event for envelope in self.heard if isinstance(envelope.event, kind)]

    async def busy(self) -> None:
        await until(lambda: self.core.behind_s(time.monotonic()) > 0)


@pytest.fixture
async def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    books = open_books(tmp_path / "data", Clock(), "b", "0", {})
    ready, write, bed, clock = threading.Event(), books.write, bed_at("treatment"), Clock()

    def slowly(*words: Any) -> Any:
        assert ready.wait(10.0)
        return write(*words)

    monkeypatch.setattr(books, "write", slowly)
    bed.walk()
    clock.now = lambda: bed.now  # type: ignore[method-assign]
    core = Core(bed.state, books, clock, Brake())
    access = Access(lambda: core.state, lambda: server.clients)
    resolver = SimpleNamespace(resolve=lambda command, person: command)
    fleet = SimpleNamespace(robot=None, operated=None)
    executive = Executive(core, resolver, fleet, access, SimpleNamespace(busy=False), None)  # type: ignore[arg-type]
    hooks = Hooks(
        execute=executive.execute,
        allow=access.allow,
        stop_now=lambda: None,
        stopped=lambda: None,
        joined=lambda client: None,
        left=lambda client, reason: None,
        last_n=lambda: core.state.n,
        pages=lambda after, last: iter([]),
    )
    server = executive.server = Server("box", "bedside test", hooks)
    await server.listen(tmp_path, {})
    working = asyncio.create_task(core.run())
    kiosk = await StationClient.connect(tmp_path, "control")
    listening = asyncio.create_task(_listen(kiosk))
    desk = Desk(core, server, kiosk, ready)
    core.listen(desk.heard.append)
    yield desk
    ready.set()
    await core.idle()
    for task in (working, listening):
        task.cancel()
    await asyncio.gather(working, listening, return_exceptions=True)
    await kiosk.close()
    await server.close("over")
    core.close()
    with contextlib.suppress(OSError):
        books.close("test over")


async def _listen(client: StationClient) -> None:
    async for _ in client.messages():
        pass


@pytest.mark.parametrize("stop", [Stop(), StopBelt()])
@pytest.mark.parametrize("waits", ["behind another request", "for the disk"])
async def test_a_start_that_waited_is_refused_once_a_stop_came_after_it(
    desk: Desk, stop: AnyCommand, waits: str
) -> None:
    if waits == "for the disk":
        desk.core.note(CommandRefused(command="x", reason="y"), source="thera")
    else:
        note = asyncio.create_task(desk.kiosk.ask(AddNote(text="asked first")))
    await desk.busy()
    start = asyncio.create_task(desk.kiosk.ask(StartStimulation()))
    await until(lambda: len(desk.core._jobs) == 1 or desk.server.clients[0].requests.qsize() == 1)
    stopping = asyncio.create_task(desk.kiosk.ask(stop))
    await until(lambda: desk.server.stops == 1)
    desk.ready.set()
    reply = await start
    await stopping
    assert (reply.ok, reply.reason) == (False, "a stop came after this was asked")
    await desk.core.idle()
    assert desk.said(AmplitudeIntended) == []
    assert "run.start" in [refused.command for refused in desk.said(CommandRefused)], "it is on record"
    if waits != "for the disk":
        assert (await note).ok
        assert len(desk.said(NoteAdded)) == 1


async def test_what_is_asked_after_a_stop_is_carried_out(desk: Desk) -> None:
    desk.ready.set()
    assert (await desk.kiosk.ask(AddNote(text="before"))).ok
    desk.server.stops += 1
    reply = await desk.kiosk.ask(StartStimulation())
    assert reply.ok, reply.reason
    assert len(desk.said(AmplitudeIntended)) == 1
