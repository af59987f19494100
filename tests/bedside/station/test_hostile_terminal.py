"""What a terminal may send without harm: numbers, texts and lists without end, codes that are no file names."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bedside import commands as c
from bedside.demo.setup import PIN, USER
from bedside.refusal import Refusal
from bedside.station.bounds import demand_bounds
from bedside.station.client import StationClient
from tests.bedside.station.test_assessment_station import BOARD, Terminal, assessment_of, start
from tests.helpers.station_process import Bedside, bedside_at


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bedside]:
    async with bedside_at(tmp_path / "bed", speed=5.0, also=(BOARD,)) as bed:
        await start(bed)
        yield bed


async def test_nothing_that_a_terminal_sends_ends_the_station(bed: Bedside) -> None:
    async with contextlib.AsyncExitStack() as stack:
        terminal = Terminal(await StationClient.connect(bed.layout.run, "assess"))
        stack.push_async_callback(terminal.close)
        await terminal.does(c.SignIn(user=USER, pin=PIN))
        for code in ("A" * 300, "A" * 5000, "../../etc/passwd", "A\x00B", ""):
            asked = c.OpenAssessment(participant=code, second_identifier="x1", point="T0")
            assert not (await terminal.ask(asked)).ok
        await terminal.does(assessment_of(bed, "T0", "bbs"))
        await terminal.does(c.NextStep(), c.OpenInstrument(instrument="bbs"))
        for value in (10**400, -(10**400), 1e308, "x" * 50_000):
            assert not (await terminal.ask(c.ScoreItem(instrument="bbs", code="BBS01", value=value))).ok
        assert "2000" in (await terminal.ask(c.CloseInstrument(instrument="bbs", reason="x" * 50_000))).remedy
        await terminal.does(c.ScoreItem(instrument="bbs", code="BBS01", value=3))
        assert (await terminal.ask(c.Stop(reason="x" * 50_000))).ok, "a stop is never refused"
        assert "a calibration is under way" in await while_zeroing(terminal)


async def while_zeroing(terminal: Terminal) -> set[str]:
    """Why no trial could be started while a plate was zeroed."""
    zero = asyncio.create_task(terminal.ask(c.CalibrateDevice(device=BOARD, what="zero")))
    reasons = set()
    while not zero.done():
        reasons.add((await terminal.ask(c.StartCapture(task="eyes_open"))).reason)
        await asyncio.sleep(0.05)
    return reasons


@pytest.mark.parametrize(
    "command",
    [
        c.CloseInstrument(instrument="bbs", reason="x" * 2001),
        c.ScoreItem(instrument="bbs", code="a", value=2**60),
        c.JudgeTrial(task="a", trial=-(2**60), accept=True),
        c.OpenAssessment(participant="a", second_identifier="b", point="T0", instruments=("bbs",) * 101),
        c.OpenAssessment(participant="a", second_identifier="b", point="T0", instruments=("x" * 2001,)),
    ],
)
def test_what_nothing_can_need_is_refused(command: c.AnyCommand) -> None:
    with pytest.raises(Refusal):
        demand_bounds(command)


def test_a_stop_may_carry_anything_and_a_note_all_that_it_may_hold() -> None:
    demand_bounds(c.Stop(reason="x" * 60_000))
    demand_bounds(c.StopCurrent(reason="x" * 60_000))
    demand_bounds(c.AddNote(text="x" * 2000))
    demand_bounds(c.ScoreItem(instrument="bbs", code="a", value=True))
