"""Causes one at a time, durable before anybody hears of them; a stop first; an end that leaves nobody waiting."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from bedside.commands import AddNote, StartStimulation, Stop
from bedside.events import CommandRefused, Envelope, NoteAdded, OffIntended
from bedside.record.errors import JournalFailed
from bedside.station.books import Books
from bedside.station.clock import Clock
from bedside.station.core import Core, Ended
from bedside.station.setup import open_books
from bedside.visit.inputs import ControlBack, ControlLost, Person
from bedside.visit.rules import Refusal
from tests.helpers.bed import Bed
from tests.helpers.bed_ready import bed_at
from tests.helpers.far_ends import until

THERAPIST = Person("thera", "Therapist", "therapist")
FACT = CommandRefused(command="x", reason="y")


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return open_books(tmp_path, Clock(), "b", "0", {})


class Brake:
    """What was held and released, in order."""

    def __init__(self) -> None:
        self.order: list[str] = []

    def hold(self) -> None:
        self.order.append("hold")

    def release(self) -> None:
        self.order.append("release")


@contextlib.asynccontextmanager
async def running(
    books: Books, brake: Brake | None = None, bed: Bed | None = None
) -> AsyncIterator[tuple[Core, list[Envelope]]]:
    bed = bed or bed_at("posture")
    core = Core(bed.state, books, _clock_of(bed), brake or Brake())
    heard: list[Envelope] = []
    core.listen(heard.append)
    work = asyncio.create_task(core.run())
    try:
        yield core, heard
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        core.close()


def _clock_of(bed: Bed) -> Clock:
    clock = Clock()
    clock.now = lambda: bed.now  # type: ignore[method-assign]
    return clock


async def ask(core: Core, command: AddNote | Stop, *, first: bool = False) -> None:
    await core.ask(command, who=THERAPIST, source="thera", via="control", first=first)


async def test_what_is_heard_is_durable_and_in_order(books: Books) -> None:
    async with running(books) as (core, heard):
        for number in range(5):
            core.note(CommandRefused(command=str(number), reason=""), source="thera")
        await core.idle()
        assert [envelope.event.command for envelope in heard] == list("01234")  # type: ignore[union-attr]
        assert [envelope for page in books.pages(0, books.n) for envelope in page] == heard
        assert core.state.n == heard[-1].n
    books.close("test over")


async def test_a_stop_goes_before_what_waits(books: Books) -> None:
    async with running(books) as (core, heard):
        notes = [asyncio.create_task(ask(core, AddNote(text=str(number)))) for number in range(3)]
        stop = asyncio.create_task(ask(core, Stop(), first=True))
        await asyncio.gather(*notes, stop)
        kinds = [type(envelope.event) for envelope in heard]
        assert kinds.count(NoteAdded) == 3
        assert kinds.index(OffIntended) < kinds.index(NoteAdded)
    books.close("test over")


@pytest.fixture
def walk() -> Bed:
    """A train is running."""
    bed = bed_at("treatment")
    bed.walk()
    bed.ask(StartStimulation())
    bed.advance(10.0)
    assert bed.state.course.running
    return bed


@pytest.fixture
def card(books: Books, monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Nothing gets durable while it is clear."""
    ready, write = threading.Event(), books.write

    def slowly(*words: Any) -> Any:
        assert ready.wait(10.0)
        return write(*words)

    monkeypatch.setattr(books, "write", slowly)
    yield ready
    ready.set()


async def test_what_the_rules_switch_off_is_off_before_it_is_written(
    books: Books, card: threading.Event, walk: Bed
) -> None:
    brake = Brake()
    async with running(books, brake, walk) as (core, heard):
        core.put(ControlLost("the kiosk is silent"), source="station")
        await until(lambda: brake.order == ["hold"])
        assert heard == []
        card.set()
        await core.idle()
        assert OffIntended in [type(envelope.event) for envelope in heard]
        assert brake.order == ["hold", "release"]
    books.close("test over")


async def test_what_comes_while_the_card_is_slow_is_off_at_once(books: Books, card: threading.Event, walk: Bed) -> None:
    brake = Brake()
    async with running(books, brake, walk) as (core, heard):
        core.note(FACT, source="thera")
        await until(lambda: core.behind_s(time.monotonic()) > 0)
        core.put(ControlLost("the kiosk is silent"), source="station")
        assert brake.order == ["hold"], "in the same turn of the loop"
        core.put(ControlLost("the kiosk is silent"), source="station")
        assert brake.order == ["hold", "hold"], "asked now, the rules would switch off again"
        card.set()
        await core.idle()
        assert [type(envelope.event) for envelope in heard].count(OffIntended) == 1
        assert brake.order == ["hold", "hold", "release", "release"]
    books.close("test over")


async def test_what_needs_no_off_holds_nothing(books: Books, card: threading.Event, walk: Bed) -> None:
    brake = Brake()
    async with running(books, brake, walk) as (core, _heard):
        core.note(FACT, source="thera")
        await until(lambda: core.behind_s(time.monotonic()) > 0)
        note = asyncio.create_task(ask(core, AddNote(text="a remark")))
        await asyncio.sleep(0)
        core.put(ControlBack(), source="station")
        card.set()
        await note
        await core.idle()
        assert brake.order == []
    books.close("test over")


async def test_when_nothing_can_be_made_durable_the_loop_ends_and_nobody_waits(books: Books) -> None:
    core = Core(bed_at("posture").state, books, Clock(), Brake())
    heard: list[Envelope] = []
    core.listen(heard.append)
    books.close("the fault")
    core.note(FACT, source="thera")
    waiting = asyncio.create_task(ask(core, AddNote(text="never")))
    await asyncio.sleep(0)
    with pytest.raises(JournalFailed):
        await core.run()
    with pytest.raises(Ended):
        await waiting
    with pytest.raises(Refusal, match="the station is ending"):
        await ask(core, Stop())
    await asyncio.wait_for(core.idle(), 1.0)
    core.close()
    assert heard == [], "nobody hears of what is not durable"
