"""An assessment in mid-course by keys alone, with the one before it beside it."""

import json
from pathlib import Path

import numpy as np
import pytest

from bedside import commands as c
from bedside.config import Scale
from bedside.config.scale_files import load_scales
from bedside.demo.setup import PIN, USER
from bedside.events import CaptureAnalysed, InstrumentClosed
from tests.helpers.assess_by_keys import CONFIGS, again, blinded, demonstration, digits, truth
from tests.helpers.at_the_screen import Opener
from tests.helpers.scripted import Script, scripted, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

CYCLE_S = 30.0


async def test_a_visit_in_mid_course_after_spinal_cord_injury_by_keys(
    tmp_path: Path, terminal: Opener, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lems = load_scales(CONFIGS)["lems"]
    legs = digits(lems, *"3344554433") | {"LEMS_L4L": ("n", "5")}
    async with demonstration(tmp_path / "demo", terminal, "--study isci-itbs-tsdcs") as day:
        async with scripted(day.root / "run", "assess") as script:
            await week_0(script, lems)
        # a sign-in holds where it was made, and the last one was at the other terminal
        await day.signs_in()
        before = day.closed("cycling_5min").values["cadence"]
        await day.opens("D-0031", "1964", "week 4")
        await day.scores(lems, legs)
        await day.opens_capture("Five minutes of cycling")
        await day.records(CYCLE_S)
        await until(lambda: day.capture is not None and day.capture.elapsed_s > 0.8 * CYCLE_S, "most of the ride")
        pedalled = await truth(day.root, CYCLE_S / 2)
        await day.accepts()
        await day.finishes(whole=True)
        shown_beside = day.picture.assess.result if day.picture.assess is not None else None
        await day.sees("week 0")
        await day.signs()
        await day.leaves()
    assert [one.total for one in day.told(InstrumentClosed) if one.instrument == "lems"] == [30.0, None]
    assert day.closed("lems").values == {"right": 19.0}, "the leg that was tested whole"
    cycled = day.closed("cycling_5min")
    assert cycled.outcome == "complete"
    (ridden,) = json.loads((day.visit / day.told(CaptureAnalysed)[-1].report).read_bytes())
    turns = np.median(ridden["legs"][0]["cadence_rpm"])
    assert turns == pytest.approx(pedalled["cadence_rpm"], rel=0.02), "the first turn, from a stand, is slower"
    assert cycled.values["cadence"] == ridden["mean_cadence_rpm"]
    assert shown_beside is not None
    assert shown_beside.previous.startswith("week 0")
    row = next(row for row in shown_beside.rows if row.key == "cadence")
    assert (row.value, row.previous) == (pytest.approx(cycled.values["cadence"]), pytest.approx(before))
    assert row.change == pytest.approx(cycled.values["cadence"] - before)
    again(day, day.told(CaptureAnalysed)[-1], monkeypatch, capsys)
    blinded(day, b"LEMS_L4L", "minutes of cycling")


async def week_0(script: Script, lems: Scale) -> None:
    """The assessment before the first session, with a short ride."""
    scored = [c.ScoreItem(instrument="lems", code=item.code, value="3") for item in lems.items]
    opened = c.OpenAssessment(participant="D-0031", second_identifier="1964", point="week 0")
    await script.does(c.SignIn(user=USER, pin=PIN), opened, c.NextStep(), c.OpenInstrument(instrument="lems"), *scored)
    await script.does(c.CloseInstrument(instrument="lems"), c.OpenInstrument(instrument="cycling_5min"))
    await script.does(c.StartCapture(task="pedal", seconds=CYCLE_S / 2))
    await script.judged("pedal")
    await script.does(c.CloseInstrument(instrument="cycling_5min"), c.NextStep())
    await script.does(c.Sign(pin=PIN, meaning="assessed as recorded"))
    await script.till(lambda seen: seen.closed, "a closed visit")
