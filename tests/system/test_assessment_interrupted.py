"""By keys: the station is killed in an open scale and in a running trial, and a sensor falls silent in the next one."""

from pathlib import Path

import pytest

from bedside.config.scale_files import load_scales
from bedside.demo.setup import PIN, USER
from bedside.events import CaptureStopped, InstrumentClosed, ItemScored, VisitInterrupted, VisitResumed
from hal.sim.control import SimControl
from tests.helpers.assess_by_keys import CONFIGS, Day, demonstration
from tests.helpers.at_the_screen import Opener
from tests.helpers.killing import kill_station
from tests.helpers.scripted import until

pytestmark = [pytest.mark.system, pytest.mark.timeout(420)]

PLATE = "force_board_dual"


async def killed_and_resumed(day: Day, words: str) -> None:
    """Kill the station; sign in again and go on, as the screen asks."""
    before = day.count(VisitInterrupted)
    assert kill_station(day.root) == 1
    await until(lambda: day.count(VisitInterrupted) > before, "a word on it", lambda: day.now)
    await day.sees("This visit was interrupted")
    await day.sees(words)
    await day.sees("F2 +Sign in, then go on with this visit")
    await day.presses("F2", till="─ Your user name ─")
    await day.types("Your user name", USER, then="─ Your PIN ─")
    await day.types("Your PIN", PIN, then="entered")
    await day.presses("F2", till="F2 +Go on with this visit")
    await day.presses("F2", till=lambda: day.picture.interruption is None)


async def test_what_was_entered_and_recorded_outlives_the_station_and_a_sensor(
    tmp_path: Path, terminal: Opener
) -> None:
    fma = load_scales(CONFIGS)["fma_le"]
    async with demonstration(tmp_path / "demo", terminal, "--study stroke-ragt-lfrtms") as day:
        await day.signs_in()
        await day.opens("D-0017", "1957", "T0")
        await day.presses("F2", till=rf"1 of {len(fma.items)}\s*$")
        await day.presses("2", till=rf"2 of {len(fma.items)}\s*$")
        await until(lambda: kept(day) == "2", "the first item at the station", lambda: day.now)
        await killed_and_resumed(day, "everything entered is kept")
        await day.sees(rf" 2 of {len(fma.items)}\s*$")
        await day.presses("y", till="Why it is not complete")
        await day.presses("5", till=r"\[x\] Why it is not complete")
        await day.presses("F2", till=lambda: day.picture.assess is not None and day.picture.assess.form is None)
        await day.presses("Down", till="F2 +Open Quiet standing")
        await day.opens_capture("Quiet standing")
        await day.records()
        await until(lambda: day.capture is not None and day.capture.elapsed_s > 2.0, "some of it", lambda: day.capture)
        await killed_and_resumed(day, "the last seconds of that trial")
        await day.sees("not recording")
        await until(lambda: ready(day), "the plate and a result", lambda: day.now)
        await day.presses("F2", till="still missing: Why")
        await day.presses("3", till=r"\[x\] Why")
        await day.presses("F2", till=lambda: last(day) == "rejected")
        await day.records()
        async with SimControl(day.root / "sim") as sim:
            await sim.ask("fault", spec=f"{PLATE}.silence")
        await until(lambda: day.count(CaptureStopped) == 2, "the end of the trial", lambda: day.capture)
        await day.leaves()
    first, second = day.told(CaptureStopped)
    assert (first.cause, second.cause) == ("interrupted", "fault")
    assert "no samples from plate for 5 s" in second.reason
    assert day.count(VisitResumed) == 2
    assert all("0 s" not in one.reason.split() for one in day.told(VisitInterrupted))
    assert [(one.instrument, one.total) for one in day.told(InstrumentClosed)] == [("fma_le", None)]
    scored = [(one.code, one.value) for one in day.told(ItemScored) if one.by == "person"]
    assert scored == [(fma.items[0].code, "2")], "once, before the station was killed"


def kept(day: Day) -> object:
    """What the station has of the scale's first item."""
    form = day.picture.assess.form if day.picture.assess is not None else None
    return form.items[0].value if form is not None else None


def last(day: Day) -> str:
    """What became of the last trial."""
    return day.capture.done[-1].state if day.capture is not None and day.capture.done else ""


def ready(day: Day) -> bool:
    """Whether the plate sends again, and the part of a trial that was kept has been looked at."""
    looked = last(day) not in {"", "recording", "analysing"}
    return looked and day.capture is not None and all(line.ok for line in day.capture.sensors)
