"""The sockets, with real clients on real Unix sockets."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from bedside.commands import AddNote, AnyCommand, CalibrateDevice, ImportTrial, Stop, TakeControl
from bedside.events import Envelope, ProfileShown, StepEntered
from bedside.record.chain import BadLine
from bedside.station import catching_up as catching_up_module
from bedside.station import client as client_module
from bedside.station import server as server_module
from bedside.station.access import Access
from bedside.station.attached import Client, Hooks
from bedside.station.client import StationAbsent, StationClient, StationGone
from bedside.station.server import Server
from bedside.station.wire import Beat, EventMessage, Goodbye, Live, Reply, Request, Subscribe, Wave
from bedside.visit.state import Visit
from tests.helpers.bed import shipped


class Station:
    """The hooks' other side: remembers what it was asked."""

    def __init__(self) -> None:
        self.executed: list[Request] = []
        self.stops = 0
        self.stopped = 0
        self.left: list[str] = []
        self.state = Visit.start(shipped())
        self.server = Server("box", "bedside test", self.hooks())

    def hooks(self) -> Hooks:
        async def execute(request: Request, client: Client) -> Reply:
            self.executed.append(request)
            if isinstance(request.command, TakeControl):
                self.server.take_control(client)
            return Reply(id=request.id, ok=True)

        def stop_now() -> None:
            self.stops += 1

        def stopped() -> None:
            self.stopped += 1

        def left(client: Client, reason: str) -> None:
            self.left.append(reason)

        return Hooks(
            execute=execute,
            allow=Access(lambda: self.state, lambda: self.server.clients).allow,
            stop_now=stop_now,
            stopped=stopped,
            joined=lambda client: None,
            left=left,
            last_n=lambda: 7,
            pages=lambda after, last: iter([[envelope(n)] for n in range(after + 1, last + 1)]),
        )


def envelope(n: int) -> Envelope:
    return Envelope(
        n=n, mono_ns=n, utc="2026-01-01T00:00:00Z", who="rule", via="station", event=StepEntered(step="fit")
    )


@pytest.fixture
async def station(tmp_path: Path) -> AsyncIterator[Station]:
    station = Station()
    await station.server.listen(tmp_path, {})
    yield station
    await station.server.close("over")


Connect = Callable[[str], Awaitable["Attached"]]


class Attached:
    def __init__(self, client: StationClient) -> None:
        self.client = client
        self.heard: list[object] = []
        self.gone: str | None = None
        self._task = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            async for message in self.client.messages():
                self.heard.append(message)
        except StationGone as error:
            self.gone = str(error)

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.005)

    async def close(self) -> None:
        await self.client.close()
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
async def connect(station: Station, tmp_path: Path) -> AsyncIterator[Connect]:
    async with contextlib.AsyncExitStack() as stack:

        async def connected(role: str) -> Attached:
            attached = Attached(await StationClient.connect(tmp_path, role))  # type: ignore[arg-type]
            stack.push_async_callback(attached.close)
            return attached

        yield connected


async def test_the_first_kiosk_controls_and_the_second_does_not(station: Station, connect: Connect) -> None:
    first, second = await connect("control"), await connect("control")
    assert (await first.client.ask(AddNote(text="a"))).ok
    refused = await second.client.ask(AddNote(text="b"))
    assert not refused.ok
    assert "take control" in refused.remedy
    assert [request.command for request in station.executed] == [AddNote(text="a")]


async def test_control_can_be_taken_over_explicitly(station: Station, connect: Connect) -> None:
    first, second = await connect("control"), await connect("control")
    assert (await second.client.ask(TakeControl())).ok
    assert (await second.client.ask(AddNote(text="b"))).ok
    assert not (await first.client.ask(AddNote(text="a"))).ok


@pytest.mark.parametrize("role", ["observe", "admin"])
async def test_who_only_watches_may_stop_and_nothing_else(station: Station, connect: Connect, role: str) -> None:
    await connect("control")
    watcher = await connect(role)
    assert (await watcher.client.ask(Stop())).ok
    assert station.stops == 1
    assert not (await watcher.client.ask(AddNote(text="x"))).ok


async def test_a_stop_reaches_the_wire_before_it_is_answered_or_queued(station: Station, connect: Connect) -> None:
    order: list[str] = []
    hooks = station.hooks()
    hooks.stop_now = lambda: order.append("wire")

    async def execute(request: Request, client: Client) -> Reply:
        order.append("journal")
        return Reply(id=request.id, ok=True)

    hooks.execute = execute
    station.server._hooks = hooks
    await (await connect("control")).client.ask(Stop())
    assert order == ["wire", "journal"]


@pytest.mark.parametrize(
    "slow",
    [
        CalibrateDevice(device="board", what="zero"),
        ImportTrial(task="normal", file="walk.csv", mapping="example_gait_samples"),
    ],
)
async def test_what_takes_its_time_does_not_keep_the_same_kiosks_stop_waiting(
    station: Station, connect: Connect, slow: AnyCommand
) -> None:
    done = asyncio.Event()
    hooks = station.hooks()

    async def execute(request: Request, client: Client) -> Reply:
        if request.command == slow:
            await done.wait()
        return Reply(id=request.id, ok=True)

    hooks.execute = execute
    station.server._hooks = hooks
    kiosk = await connect("control")
    working = asyncio.create_task(kiosk.client.ask(slow))
    assert (await kiosk.client.ask(Stop())).ok
    assert (await kiosk.client.ask(AddNote(text="meanwhile"))).ok
    assert not working.done()
    done.set()
    assert (await working).ok


async def test_a_stop_and_signs_of_life_pass_what_waits_for_the_disk(station: Station, connect: Connect) -> None:
    durable = asyncio.Event()
    hooks, answered = station.hooks(), list[str]()

    async def execute(request: Request, client: Client) -> Reply:
        if isinstance(request.command, AddNote):
            await durable.wait()
            answered.append(request.command.text)
        return Reply(id=request.id, ok=True)

    hooks.execute = execute
    station.server._hooks = hooks
    kiosk = await connect("control")
    notes = [asyncio.create_task(kiosk.client.ask(AddNote(text=str(number)))) for number in range(5)]
    await asyncio.sleep(0)
    assert (await kiosk.client.ask(Stop())).ok
    assert (station.stops, station.stopped) == (1, 1)
    heard_s = station.server.clients[0].beat_s
    kiosk.client.send(Beat())
    await kiosk.until(lambda: station.server.clients[0].beat_s > heard_s)
    assert not any(note.done() for note in notes)
    durable.set()
    assert all(reply.ok for reply in await asyncio.gather(*notes))
    assert answered == list("01234"), "requests are answered in the order in which they came"


async def test_what_was_asked_before_the_connection_ended_is_done(station: Station, connect: Connect) -> None:
    durable = asyncio.Event()
    hooks = station.hooks()
    execute = hooks.execute

    async def slowly(request: Request, client: Client) -> Reply:
        await durable.wait()
        return await execute(request, client)

    hooks.execute = slowly
    station.server._hooks = hooks
    kiosk, watcher = await connect("control"), await connect("observe")
    for number in range(3):
        kiosk.client.send(Request(id=number, command=AddNote(text=str(number))))
    await kiosk.client.close()
    await watcher.until(lambda: station.left == ["connection closed"])
    durable.set()
    await watcher.until(lambda: len(station.executed) == 3)


async def test_what_a_gone_kiosk_asked_is_not_done_once_another_controls(station: Station, connect: Connect) -> None:
    durable = asyncio.Event()
    hooks = station.hooks()
    execute = hooks.execute

    async def slowly(request: Request, client: Client) -> Reply:
        await durable.wait()
        return await execute(request, client)

    hooks.execute = slowly
    station.server._hooks = hooks
    gone = await connect("control")
    for number in range(3):
        gone.client.send(Request(id=number, command=AddNote(text="old")))
    await gone.client.close()
    while not station.left:
        await asyncio.sleep(0)
    kiosk = await connect("control")
    durable.set()
    assert (await kiosk.client.ask(AddNote(text="new"))).ok
    await kiosk.until(lambda: len(station.server._tasks) <= 2)
    assert [request.command for request in station.executed] == [AddNote(text="old"), AddNote(text="new")]


async def test_a_stop_behind_too_much_waiting_is_still_carried_out(
    station: Station, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable = asyncio.Event()
    hooks = station.hooks()
    execute = hooks.execute

    async def slowly(request: Request, client: Client) -> Reply:
        if not isinstance(request.command, Stop):
            await durable.wait()
        return await execute(request, client)

    hooks.execute = slowly
    station.server._hooks = hooks
    monkeypatch.setattr(server_module, "MOST_WAITING", 3)
    kiosk, watcher = await connect("control"), await connect("observe")
    for number in range(3):
        kiosk.client.send(Request(id=number, command=AddNote(text="x")))
    kiosk.client.send(Request(id=9, command=Stop()))
    await watcher.until(lambda: bool(station.left))
    await watcher.until(lambda: station.stopped == 1)
    assert station.stops == 1
    assert [request.command for request in station.executed] == [Stop()]
    durable.set()


async def test_a_client_with_too_much_waiting_is_put_out(
    station: Station, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    durable = asyncio.Event()
    hooks = station.hooks()

    async def execute(request: Request, client: Client) -> Reply:
        await durable.wait()
        return Reply(id=request.id, ok=True)

    hooks.execute = execute
    station.server._hooks = hooks
    monkeypatch.setattr(server_module, "MOST_WAITING", 3)
    kiosk, watcher = await connect("control"), await connect("observe")
    for number in range(10):
        kiosk.client.send(Request(id=number, command=AddNote(text="x")))
    await watcher.until(lambda: bool(station.left))
    assert len(station.server.clients) == 1
    durable.set()


async def test_every_stop_is_carried_out_also_one_whose_number_was_answered(station: Station, connect: Connect) -> None:
    kiosk = await connect("control")
    for _ in range(2):
        kiosk.client.send(Request(id=5, command=Stop()))
    await kiosk.client.ask(AddNote(text="behind"))
    await kiosk.until(lambda: station.stopped == 2)
    assert [request.command for request in station.executed].count(Stop()) == 2
    assert station.stops == 2


async def test_an_assessor_gets_what_it_may_see_and_no_other_waveform(station: Station, connect: Connect) -> None:
    assessor, watcher = await connect("assess"), await connect("observe")
    wave = Wave(first_column=0, column_ms=20.0, channels=("TA left",), uv_per_count=0.5, low="", high="")
    live = Live(stream="cop", names=("x_cm",), seconds=(1.0,), rows=((0.5,),))
    station.server.wave(wave)
    station.server.wave(live, assessors=True)
    await watcher.until(lambda: len(watcher.heard) == 2)
    await assessor.until(lambda: bool(assessor.heard))
    assert assessor.heard == [live]


async def test_repeating_a_request_does_not_repeat_its_effect(station: Station, connect: Connect) -> None:
    kiosk = await connect("control")
    request = Request(id=99, command=AddNote(text="once"))
    kiosk.client.send(request)
    kiosk.client.send(request)
    await kiosk.client.ask(AddNote(text="other"))
    assert [one.command for one in station.executed] == [AddNote(text="once"), AddNote(text="other")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nonsense\n", "not understood"),
        (b'{"t":"request","id":1,"command":{"cmd":"run.start","extra":1}}\n', "extra"),
        (b'{"t":"request","id":1,"command":{"cmd":"no.such"}}\n', "no.such"),
        (b"x" * (70 * 1024) + b"\n", "longer than 64 kB"),
        (b"\xff\xfe\n", "not understood"),
    ],
)
async def test_what_is_not_understood_ends_the_connection_with_the_reason(
    station: Station, connect: Connect, line: bytes, reason: str
) -> None:
    kiosk = await connect("control")
    kiosk.client._writer.write(line)
    await kiosk.until(lambda: kiosk.gone is not None)
    goodbyes = [message for message in kiosk.heard if isinstance(message, Goodbye)]
    assert goodbyes
    assert reason in goodbyes[0].reason
    assert station.executed == []


async def test_a_flood_of_requests_ends_the_connection(station: Station, connect: Connect) -> None:
    kiosk = await connect("control")
    for number in range(200):
        kiosk.client.send(Request(id=number + 1, command=AddNote(text="x")))
    await kiosk.until(lambda: kiosk.gone is not None)
    assert any("more than 50" in getattr(message, "reason", "") for message in kiosk.heard)
    assert len(station.executed) <= server_module.REQUESTS_PER_S


async def test_a_stop_behind_a_flood_is_still_carried_out(station: Station, connect: Connect) -> None:
    watcher = await connect("observe")
    for number in range(server_module.REQUESTS_PER_S):
        watcher.client.send(Request(id=number + 1, command=AddNote(text="x")))
    watcher.client.send(Request(id=999, command=Stop()))
    await watcher.until(lambda: watcher.gone is not None)
    assert any("more than 50" in getattr(message, "reason", "") for message in watcher.heard)
    assert station.stops == 1
    assert [request.command for request in station.executed] == [Stop()]


async def test_events_go_only_to_roles_that_may_know(station: Station, connect: Connect) -> None:
    kiosk, watcher = await connect("control"), await connect("observe")
    secret = msgspec.structs.replace(envelope(8), event=ProfileShown(sham=True, tilt_to_scalp_deg=90))
    station.server.tell_event(secret)
    station.server.tell_event(envelope(9))
    for attached in (kiosk, watcher):
        await attached.until(lambda attached=attached: any(_n(m) == 9 for m in attached.heard))
    assert [_n(m) for m in kiosk.heard] == [8, 9]
    assert [_n(m) for m in watcher.heard] == [9]


def _n(message: object) -> int | None:
    return message.envelope.n if isinstance(message, EventMessage) else None


async def test_a_client_catches_up_on_the_events_it_missed(station: Station, connect: Connect) -> None:
    kiosk = await connect("control")
    kiosk.client.subscribe(Subscribe(since=5))
    await kiosk.until(lambda: any(_n(m) == 7 for m in kiosk.heard))
    assert [_n(m) for m in kiosk.heard] == [6, 7]


class Past:
    """Pages of a journal that is read as slowly as the test wants; `told` is what a client hears of them."""

    def __init__(self, station: Station, pages: int = 3, damaged: Exception | None = None) -> None:
        self.gate = threading.Event()
        self.last = 10 * pages
        self._damaged = damaged
        station.server._hooks.last_n = lambda: self.last
        station.server._hooks.pages = self._pages

    def _pages(self, after: int, last: int) -> Iterator[list[Envelope]]:
        for first in range(after + 1, last + 1, 10):
            yield [envelope(n) for n in range(first, min(first + 10, last + 1))]
            assert self.gate.wait(10), "nothing was done while the journal was read"
            if self._damaged is not None:
                raise self._damaged


async def test_the_station_goes_on_while_a_journal_is_read_for_a_watcher(station: Station, connect: Connect) -> None:
    kiosk, watcher, past = await connect("control"), await connect("observe"), Past(station)
    watcher.client.subscribe(Subscribe(since=0))
    await watcher.until(lambda: len(watcher.heard) == 10)
    assert (await kiosk.client.ask(AddNote(text="meanwhile"))).ok
    assert (await watcher.client.ask(Stop())).ok, "not even its own stop waits"
    assert station.stops == 1
    for n in (31, 32):
        station.server.tell_event(envelope(n))
    await kiosk.until(lambda: [_n(m) for m in kiosk.heard if _n(m)] == [31, 32])
    assert len(watcher.heard) == 10, "what is new waits behind what was before"
    past.gate.set()
    await watcher.until(lambda: len(watcher.heard) >= 32)
    station.server.tell_event(envelope(33))
    await watcher.until(lambda: len(watcher.heard) >= 33)
    assert [_n(m) for m in watcher.heard] == list(range(1, 34)), "everything once, in order"


async def test_who_asks_for_the_past_again_is_told_it_anew(station: Station, connect: Connect) -> None:
    watcher, past = await connect("observe"), Past(station)
    watcher.client.subscribe(Subscribe(since=0))
    await watcher.until(lambda: len(watcher.heard) == 10)
    station.server.tell_event(envelope(31))
    past.last = 31
    watcher.client.subscribe(Subscribe(since=10))
    await watcher.until(lambda: len(watcher.heard) == 20)
    past.gate.set()
    await watcher.until(lambda: len(watcher.heard) >= 31)
    assert [_n(m) for m in watcher.heard] == list(range(1, 32))


async def test_a_past_of_megabytes_puts_nobody_out_who_reads(
    station: Station, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "PUT_OUT_ABOVE_BYTES", 64 << 10)
    watcher, past = await connect("observe"), Past(station, pages=200)
    past.gate.set()
    watcher.client.subscribe(Subscribe(since=0))
    await watcher.until(lambda: len(watcher.heard) == 2000 or watcher.gone is not None)
    assert watcher.gone is None
    assert sum(len(msgspec.json.encode(message)) for message in watcher.heard) > 64 << 10, "too little to show anything"


@pytest.mark.parametrize("damaged", [BadLine("no line"), msgspec.ValidationError("no event of this version")])
async def test_who_cannot_be_told_of_the_past_is_told_so_and_put_out(
    station: Station, connect: Connect, damaged: Exception
) -> None:
    watcher, past = await connect("observe"), Past(station, damaged=damaged)
    past.gate.set()
    watcher.client.subscribe(Subscribe(since=0))
    await watcher.until(lambda: watcher.gone is not None)
    goodbyes = [message.reason for message in watcher.heard if isinstance(message, Goodbye)]
    assert "the journal cannot be read" in f"{goodbyes} {watcher.gone}"


async def test_what_waits_for_a_watcher_is_bounded(
    station: Station, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catching_up_module, "MOST_WAITING", 5)
    watcher, past = await connect("observe"), Past(station)
    watcher.client.subscribe(Subscribe(since=0))
    await watcher.until(lambda: len(watcher.heard) == 10)
    for n in range(31, 36):
        station.server.tell_event(envelope(n))
    assert len(station.server.clients) == 1
    station.server.tell_event(envelope(36))
    await watcher.until(lambda: not station.server.clients)
    past.gate.set()


async def test_waves_are_dropped_for_a_slow_reader_and_events_are_not(
    station: Station, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "PUT_OUT_ABOVE_BYTES", 1 << 30)
    await connect("control")
    reader, writer = await asyncio.open_unix_connection(tmp_path / "observe.sock", limit=1 << 26)
    await reader.readline()
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    wave = Wave(first_column=0, column_ms=10.0, channels=("a",), uv_per_count=1.0, low="x" * 20000, high="y" * 20000)
    for number in range(60):
        station.server.wave(wave)
        station.server.tell_event(envelope(number + 100))
        await asyncio.sleep(0)
    slow = next(client for client in station.server.clients if client.role == "observe")
    assert slow.dropped > 0, "the reader was never slow enough: the fault did not happen"
    reader._transport.resume_reading()  # type: ignore[attr-defined]
    seen: list[int] = []
    async with asyncio.timeout(10):
        while len(seen) < 60:
            line = await reader.readline()
            if b'"t":"event"' in line:
                seen.append(msgspec.json.decode(line)["envelope"]["n"])
    assert seen == list(range(100, 160))
    writer.close()


async def test_a_reader_a_megabyte_behind_is_put_out(station: Station, connect: Connect, tmp_path: Path) -> None:
    await connect("control")
    reader, writer = await asyncio.open_unix_connection(tmp_path / "observe.sock")
    await reader.readline()
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    big = msgspec.structs.replace(envelope(1), who="w" * 60_000)
    for _ in range(60):
        station.server.tell_event(big)
        await asyncio.sleep(0)
    async with asyncio.timeout(5):
        while any(client.role == "observe" for client in station.server.clients):
            await asyncio.sleep(0.01)
    assert [client.role for client in station.server.clients] == ["control"]
    writer.close()


async def test_a_client_without_a_station_is_told_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(StationAbsent, match="is it running"):
        await StationClient.connect(tmp_path / "nowhere", "control")


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-something\n", b'{"t":"goodbye","reason":"full"}\n', None])
async def test_what_is_no_station_is_said_to_be_none(tmp_path: Path, answer: bytes | None) -> None:
    def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if answer is None:
            writer.transport.abort()
        else:
            writer.write(answer)
            writer.close()

    server = await asyncio.start_unix_server(greet, tmp_path / "control.sock")
    with pytest.raises(StationGone):
        await StationClient.connect(tmp_path, "control")
    server.close()
    await server.wait_closed()


async def test_a_station_that_greets_nobody_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "GREETING_S", 0.1)
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(str(tmp_path / "control.sock"))
        hung.listen()
        with pytest.raises(StationGone, match="does not answer; restart it"):
            await StationClient.connect(tmp_path)
