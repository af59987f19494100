"""Two assessments of evoked potentials, weeks apart, asked for as a screen does."""

import asyncio
import time
from pathlib import Path

import pytest

from bedside import commands as c
from bedside.cli import main
from bedside.demo.setup import ANSWERS, PIN, USER
from bedside.demo.therapist import Script as Knowledge
from bedside.demo.therapist import next_command
from bedside.events import InstrumentClosed, PulseIntended
from bedside.record.journal import read_journal
from bedside.snapshot import Snapshot
from bedside.station.books import envelopes
from tests.helpers.assess_by_keys import BEDSIDE
from tests.helpers.at_the_screen import Opener, looking
from tests.helpers.scripted import WAIT_S, Script, scripted, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

SPEED = 10
"""On a busy machine a response comes too late at much more, is counted as lost, and its pulse given again."""


async def test_potentials_in_mid_course_are_measured_at_the_first_ones_intensity(
    tmp_path: Path, terminal: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "demo"
    terminal("kiosk", f"{BEDSIDE} demo --seed 1 --speed {SPEED} --study isci-itbs-tsdcs --data {root}")
    async with looking(root / "run") as eyes:
        await until(lambda: eyes.picture is not None, "a station")
    async with scripted(root / "run", "control") as script:
        await script.does(c.TakeControl())
        for point in ("week 0 MEP", "week 4 MEP"):
            await potentials(script, point)
    journal = list(envelopes(read_journal(root / "data" / "journal", strict=False)))
    first, later = [one.event for one in journal if isinstance(one.event, InstrumentClosed)]
    assert (first.outcome, later.outcome) == ("complete", "complete")
    assert first.values["intensity_pct_mso"] == int(1.2 * first.values["rmt_pct_mso"])
    assert later.values["intensity_pct_mso"] == first.values["intensity_pct_mso"]
    assert later.values["baseline_rmt_pct_mso"] == first.values["rmt_pct_mso"]
    given = [one.event for one in journal if isinstance(one.event, PulseIntended)]
    asked = [pulse.amplitude_pct_mso for pulse in given if pulse.purpose == "assessment"]
    assert set(asked) == {first.values["intensity_pct_mso"]}
    assert len(asked) >= 6
    for found in (first, later):
        for side in ("left", "right"):
            assert found.values[f"{side}_n"] == 3.0
            assert found.values[f"{side}_amplitude_uv"] > 50.0
            assert 20.0 < found.values[f"{side}_latency_ms"] < 50.0
    assert main(["log", "verify", str(root / "data")]) == 0, capsys.readouterr()


def progress(seen: Snapshot) -> tuple[str, int]:
    """The step, and the last response measured in it."""
    last = seen.hunt.trials[-1].pulse if seen.hunt is not None and seen.hunt.trials else 0
    return (seen.step.id if seen.step is not None else "", last)


async def potentials(script: Script, point: str) -> None:
    """A whole assessment of potentials, as the picture asks for it; all pulses give themselves."""
    knows = Knowledge(USER, PIN, participant="D-0031", second_identifier="1964", answers=ANSWERS)
    opened = c.OpenAssessment(participant=knows.participant, second_identifier=knows.second_identifier, point=point)
    if script.picture is None or not script.picture.user:
        await script.does(c.SignIn(user=USER, pin=PIN))
    await script.does(opened)
    await script.till(lambda seen: seen.step is not None and not seen.closed, point)
    deadline, come = 0.0, ("", 0)
    while script.picture is not None and not script.picture.closed:
        seen = script.picture
        if (now := progress(seen)) != come:
            deadline, come = time.monotonic() + WAIT_S, now
        assert time.monotonic() < deadline, f"{seen.step}\n{seen.hunt}\n{seen.alarms}\n{seen.prompt}"
        command = next_command(seen, knows)
        if command is None and seen.step is not None and seen.step.id == "mep" and seen.hunt is not None:
            command = None if seen.hunt.pacing or seen.hunt.done else c.SetPacing(automatic=True)
        if command is None:
            await asyncio.sleep(0.05)
            continue
        n = (await script.client.ask(command)).n
        await script.till(lambda now, n=n: now.n >= n, "a newer picture")  # type: ignore[misc]
