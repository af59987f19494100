"""The station with more than the treatment's own three devices: stopped by a button, recording what stands beside."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bedside.events import StimulationPaused, SwitchChanged
from bedside.record.samples import read_samples, read_states, segment_files, streams_in
from bedside.record.streams import RAILS
from tests.helpers.station_process import Bedside, bedside_at

STOP_S = 0.2
SLACK_S = 1.0
"""What a busy machine may add; the strict figure is the benchmark's."""


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bedside]:
    async with bedside_at(tmp_path, step="treatment", also=("emergency_stop",)) as bed:
        await bed.stimulating()
        yield bed


async def test_the_button_switches_stimulation_off_and_the_record_says_when(bed: Bedside) -> None:
    button = bed.world.also["emergency_stop"]
    button.press()
    began_s = time.monotonic()
    await bed.until(lambda: not bed.world.enabled, "off")
    assert time.monotonic() - began_s < STOP_S + SLACK_S
    await bed.until(lambda: bool(bed.events(StimulationPaused)), "a pause in the journal")
    assert bed.events(StimulationPaused)[-1].cause == "e_stop"
    assert [event.active for event in bed.events(SwitchChanged)][-1] is True


async def test_a_button_whose_wire_is_cut_counts_as_pressed(bed: Bedside) -> None:
    fault = bed.world.add_fault("emergency_stop.cable_out@0+30")
    await bed.until(lambda: not bed.world.enabled, "off")
    assert fault.fired_at_s is not None, "the fault did not happen"
    await bed.until(lambda: bool(bed.events(StimulationPaused)), "a pause in the journal")
    assert "emergency_stop" in bed.events(StimulationPaused)[-1].reason


async def test_the_plate_beside_the_patient_is_recorded_with_each_samples_own_time(tmp_path: Path) -> None:
    async with bedside_at(tmp_path, speed=1.0, step="treatment", also=("balance_board",)) as bed:
        await bed.start()
        await bed.until(lambda: bed.picture is not None and bed.picture.recording == "recording", "a recording")
        fault = bed.world.add_fault("balance_board.saturated:2@1+1")
        await bed.until(lambda: "bottom left is at its rail" in _attention(bed), "a word about the corner")
        await bed.until(lambda: not _attention(bed), "the corner's end")
        assert fault.fired_at_s is not None
        visits = bed.layout.data / "visits"
    files = segment_files(next(visits.glob("*/raw")))
    assert {"emg", "robot", "balance_board"} <= set(streams_in(files))
    plate = read_samples(files, "balance_board")
    assert len(plate.values) > 100
    assert (plate.times_ns[1:] > plate.times_ns[:-1]).all()
    rails = [told for _, told in read_states(files, RAILS.name)]
    assert {(told["device"], *told["where"]) for told in rails} == {("balance_board", "bottom_left")}
    assert 50 < sum(told["samples"] for told in rails) < 200


def _attention(bed: Bedside) -> str:
    """What the plate needs, as a screen is told."""
    assert bed.picture is not None
    board = next(line for line in bed.picture.devices if line.name == "balance_board")
    return "; ".join(part.what for part in board.attention)
