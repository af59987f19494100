"""The station itself, with everything real but the patient, when what it stands on gives way."""

import asyncio
import contextlib
import resource
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bedside.demo.setup import Layout
from bedside.events import (
    AlarmRaised,
    ClockStepped,
    ControlTaken,
    OffConfirmed,
    OffIntended,
    PulseIntended,
    RecordFault,
    StimulationPaused,
)
from bedside.station import clock
from bedside.station.app import Station
from bedside.station.server import CONTROL_SILENT_S
from bedside.station.setup import Places, build_parts
from hal.guard import Guard
from hal.guard_client import GuardClient
from tests.helpers.station_process import Bedside, bedside_at

SLACK_S = 2.0
"""What a busy machine may add; the strict figure is the benchmark's."""


@pytest.fixture
async def bed(tmp_path: Path) -> AsyncIterator[Bedside]:
    async with bedside_at(tmp_path, step="treatment") as bed:
        await bed.stimulating()
        yield bed


async def test_a_full_disk_ends_stimulation_and_the_station_says_why(bed: Bedside) -> None:
    newest = max((bed.layout.data / "journal").glob("*.jsonl"))
    room = newest.stat().st_size + 500
    resource.prlimit(bed.pid, resource.RLIMIT_FSIZE, (room, room))
    await bed.until(lambda: not bed.world.enabled, "off")
    assert await bed.ended() == 1
    assert not bed.world.enabled
    said = bed.log()
    assert "File too large" in said, "the fault did not happen"
    assert "stimulation is off" in said
    assert "the journal cannot be written" in said
    faults = [fault.text for fault in bed.events(RecordFault)]
    assert any("could not be written" in fault for fault in faults), "no second file was tried"


async def test_a_kiosk_that_falls_silent_pauses_the_train(bed: Bedside) -> None:
    await bed.fall_silent()
    began_s = time.monotonic()
    await bed.until(lambda: not bed.world.enabled, "off")
    assert time.monotonic() - began_s < CONTROL_SILENT_S + SLACK_S
    assert not bed.world.running
    await bed.until(lambda: bool(bed.events(StimulationPaused)), "a pause in the journal")
    assert "kiosk" in bed.events(StimulationPaused)[-1].reason
    assert not bed.events(ControlTaken)


async def test_a_cable_out_in_a_train_is_an_alarm_and_off_is_confirmed_when_it_is_back(bed: Bedside) -> None:
    before = len(bed.events(OffConfirmed))
    fault = bed.world.add_fault("stimulator.cable_out@0+40")
    await bed.until(lambda: bool(bed.alarm("stimulator") or bed.alarm("magpro")), "an alarm")
    assert fault.fired_at_s is not None, "the fault did not happen"
    assert bed.world.running, "a train goes on without its computer: that is why the alarm must say what to do"
    raised = next(event for event in reversed(bed.events(AlarmRaised)) if "stimulator" in event.alarm)
    assert raised.remedy
    assert bed.events(OffIntended)
    await bed.until(lambda: not bed.world.enabled, "off after the cable is back")
    await bed.until(lambda: len(bed.events(OffConfirmed)) > before, "off confirmed")


async def test_a_second_station_on_the_same_data_is_refused_and_the_first_goes_on(bed: Bedside) -> None:
    command = [sys.executable, "-m", "bedside.cli", "station", *bed.options]
    second = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    _, said = await asyncio.wait_for(second.communicate(), 20)
    assert second.returncode == 1
    assert b"another bedside process writes this journal; stop it first" in said, said.decode()
    given = bed.world.core.state.total_pulses
    await bed.until(lambda: bed.world.core.state.total_pulses > given + 5, "the train goes on")


class SteppingTime:
    """The time module as the station's clock sees it, with a wall clock that can be set."""

    def __init__(self) -> None:
        self.offset_s = 0.0
        self.monotonic, self.monotonic_ns = time.monotonic, time.monotonic_ns

    def time(self) -> float:
        return time.time() + self.offset_s


async def test_a_clock_step_is_an_event_and_moves_no_visit_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stepping = SteppingTime()
    monkeypatch.setattr(clock, "time", stepping)
    async with bedside_at(tmp_path, speed=1.0) as bed, running_here(bed.layout, None):
        before = clock.Clock().now_ns()
        stepping.offset_s = -3600.0
        await bed.until(lambda: bool(bed.events(ClockStepped)), "the step is noticed")
        assert bed.events(ClockStepped)[0].step_ms == pytest.approx(-3_600_000, abs=1000)
        assert 0 < clock.Clock().now_ns() - before < 30e9


@contextlib.asynccontextmanager
async def running_here(layout: Layout, guard: GuardClient | None) -> AsyncIterator[Station]:
    """A station in this process."""
    places = Places(layout.config, layout.data, layout.run)
    station = Station(build_parts(places, speed=1.0, environ={}, guard=guard))
    work = asyncio.create_task(station.run())
    try:
        yield station
    finally:
        station.stop("the test ends")
        await work


async def test_an_ending_station_begins_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fired: list[str] = []
    late = PulseIntended(pulse=1, purpose="hotspot", amplitude_pct_mso=40, site="1", x_cm=0.0, y_cm=0.0)

    async def fire() -> None:
        fired.append("pulse")

    async with bedside_at(tmp_path, speed=1.0) as bed, running_here(bed.layout, None) as station:
        told: list[object] = []
        station._core.listen(lambda envelope: told.append(envelope.event))
        leave = station._analyses.leave

        async def decided_meanwhile() -> None:
            station._core.note(late, source="rule")
            await station._core.idle()
            await leave()

        monkeypatch.setattr(station._parts.stimulator, "fire", fire)
        monkeypatch.setattr(station._analyses, "leave", decided_meanwhile)
    assert late in told, "it was not intended at all"
    assert fired == []


async def _guarding(guard: Guard) -> None:
    while guard.listen():
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("confirms", [True, False])
async def test_a_stimulator_that_does_not_confirm_off_stays_with_the_guard_to_the_end(
    tmp_path: Path, confirms: bool
) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    guard = Guard(ours)
    async with bedside_at(tmp_path, speed=1.0) as bed:
        guarding = asyncio.create_task(_guarding(guard))
        client = GuardClient(theirs)
        async with running_here(bed.layout, client):
            await bed.until(lambda: bool(guard.devices), "the stimulator is registered")
            registered = list(guard.devices)
            fault = None if confirms else bed.world.add_fault("stimulator.mute@0+60")
        assert confirms or (fault is not None and fault.fired_at_s is not None), "the fault did not happen"
        client.close()
        await asyncio.wait_for(guarding, 5)
    assert list(guard.devices) == ([] if confirms else registered)
    for name in list(guard.devices):
        guard.forget(name)
    ours.close()
