"""Causes one at a time, durable before anybody hears of them; a stop first; an end that leaves nobody waiting."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bedside.commands import AddNote, Stop
from bedside.events import CommandRefused, Envelope, NoteAdded, OffIntended
from bedside.record.errors import JournalFailed
from bedside.station.books import Books
from bedside.station.clock import Clock
from bedside.station.core import Core, Ended
from bedside.station.setup import open_books
from bedside.visit.inputs import Person
from bedside.visit.rules import Refusal
from tests.helpers.bed_ready import bed_at

THERAPIST = Person("thera", "Therapist", "therapist")
FACT = CommandRefused(command="x", reason="y")


@pytest.fixture
def books(tmp_path: Path) -> Books:
    return open_books(tmp_path, Clock(), "b", "0", {})


@contextlib.asynccontextmanager
async def running(books: Books) -> AsyncIterator[tuple[Core, list[Envelope]]]:
    core = Core(bed_at("posture").state, books, Clock())
    heard: list[Envelope] = []
    core.listen(heard.append)
    work = asyncio.create_task(core.run())
    try:
        yield core, heard
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        core.close()


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


async def test_when_nothing_can_be_made_durable_the_loop_ends_and_nobody_waits(books: Books) -> None:
    core = Core(bed_at("posture").state, books, Clock())
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
