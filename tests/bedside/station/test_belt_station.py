"""A belt commanded by the real station process: the driver over a pty, and over Bluetooth on a private D-Bus.

What the simulated patient's belt did is held against what the journal and the picture say.
"""

import asyncio
import os
import shutil
import signal
import tomllib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import tomli_w

from bedside.commands import AnyCommand, ResumeStimulation, SetBeltSpeed, StartBelt, StartStimulation, Stop, StopBelt
from bedside.demo import therapist
from bedside.demo.therapist import Script
from bedside.events import (
    BeltConfirmed,
    BeltFailed,
    BeltIntended,
    Event,
    OffIntended,
    Role,
    StimulationPaused,
    VisitInterrupted,
)
from bedside.snapshot import Belt, Snapshot
from bedside.station.client import StationClient
from hal.links import ble_radio
from hal.sim.gait import trackmaster_device
from tests.helpers.bed import CONFIGS
from tests.helpers.bluetooth import bluetooth
from tests.helpers.station_process import Bedside, bedside_at

SPEED = 10.0
QUICK = {"slew_kmh_s": 1.0, "hold_s": 0.1, "settle_s": 8.0}
pytestmark = pytest.mark.timeout(120)
START = StartBelt(attended=True)
NONE = Belt(state="unknown", start="no picture yet")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped configuration with both treadmills commanded, gentle ramps cut short."""
    folder = Path(shutil.copytree(CONFIGS, tmp_path_factory.mktemp("belt") / "source"))
    for name, more in (("trackmaster", {"units_confirmed": True}), ("ftms_treadmill", {})):
        path = folder / "devices" / f"{name}.toml"
        table = tomllib.loads(path.read_text())
        path.write_text(tomli_w.dumps(table | {"commanded": True, "options": table["options"] | QUICK | more}))
    return folder


@pytest.fixture(autouse=True)
def patient_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A treadmill that waits a little longer than its 0.5 s, so that a busy test machine does not stop it."""
    monkeypatch.setattr(trackmaster_device, "SILENCE_STOPS_S", 1.5)


@pytest.fixture(autouse=True)
def no_pulses_by_himself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scripted therapist resumes the visit and confirms contact, but leaves pulses and belt to the test."""
    plain = therapist.next_command

    def waits(picture: Snapshot, script: Script) -> AnyCommand | None:
        command = plain(picture, script)
        return None if isinstance(command, StartStimulation | ResumeStimulation) else command

    monkeypatch.setattr(therapist, "next_command", waits)


@asynccontextmanager
async def treadmill(folder: Path, config: Path, name: str, bus: str = "") -> AsyncIterator[Bedside]:
    """A visit in the treatment step, resumed, beside a treadmill at rest."""
    async with bedside_at(folder, speed=SPEED, step="treatment", also=(name,), config=config, bus=bus) as bed:
        bed.world.gait.fit(25.0, 0.0)
        bed.world.gait.stand()
        await bed.start()
        await bed.until(lambda: told(bed).state == "rest" and not told(bed).start, "a belt that may be started")
        yield bed


def told(bed: Bedside) -> Belt:
    """What the kiosk shows of the belt."""
    robot = bed.picture.robot if bed.picture is not None else None
    return robot.belt if robot is not None and robot.belt is not None else NONE


async def refused(bed: Bedside, command: AnyCommand) -> str:
    assert bed.client is not None
    reply = await bed.client.ask(command)
    assert not reply.ok, command
    return reply.reason


@asynccontextmanager
async def another(bed: Bedside, role: Role) -> AsyncIterator[StationClient]:
    """One more client, that listens."""
    client = await StationClient.connect(bed.layout.run, role)

    async def listen() -> None:
        async for _ in client.messages():
            pass

    listening = asyncio.create_task(listen())
    try:
        yield client
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
        await client.close()


async def walks(bed: Bedside, speed_kmh: float) -> None:
    """The order is asked, journalled and confirmed by the machine."""
    await bed.ask(START if told(bed).asked_kmh is None else SetBeltSpeed(speed_kmh=speed_kmh))
    await bed.until(lambda: told(bed).asked_kmh == speed_kmh and not told(bed).doing, f"{speed_kmh} km/h")
    assert bed.world.gait.speed_kmh == pytest.approx(speed_kmh, abs=0.05)


async def rests(bed: Bedside) -> None:
    await bed.until(lambda: bed.world.gait.speed_kmh == 0, "a belt at rest")
    await bed.until(lambda: told(bed).state == "rest" and not told(bed).doing, "its word of it")


def orders(bed: Bedside) -> list[tuple[str, str]]:
    kinds = {BeltIntended: "intended", BeltConfirmed: "confirmed", BeltFailed: "failed"}
    found = [one.event for one in bed.envelopes() if isinstance(one.event, BeltIntended | BeltConfirmed | BeltFailed)]
    return [(kinds[type(event)], event.action) for event in found]


def place(bed: Bedside, what: Callable[[Event], bool]) -> int:
    """The number of the last event of which this holds."""
    return [one.n for one in bed.envelopes() if what(one.event)][-1]


async def killed_in_a_ramp(bed: Bedside, command: AnyCommand, from_kmh: float) -> None:
    """The station dies with -9 on the belt's way up from a speed."""
    await bed.ask(command)
    await bed.until(lambda: bed.world.gait.speed_kmh > from_kmh and bool(told(bed).doing), "a belt on its way")
    assert bed.guard is not None
    os.kill(bed.pid, signal.SIGKILL)
    await bed.guard.process.wait()


async def taken_up_again(bed: Bedside) -> str:
    """The station is back and the visit resumed; what it said was not certain."""
    assert bed.client is not None
    await bed.fall_silent()
    await bed.client.close()
    await bed.start()
    await bed.until(lambda: bool(bed.picture and bed.picture.user and not bed.picture.interruption), "resumed", 30)
    return bed.events(VisitInterrupted)[-1].uncertain


async def test_a_walk_over_a_pty_and_every_way_to_a_stand(tmp_path: Path, config: Path) -> None:
    async with treadmill(tmp_path, config, "trackmaster") as bed:
        machine = bed.world.also["trackmaster"]
        await walks(bed, 0.8)
        await walks(bed, 0.9)
        assert "at a time" in await refused(bed, SetBeltSpeed(speed_kmh=1.2))
        await bed.ask(Stop())
        assert (told(bed).state, bed.world.gait.speed_kmh) == ("moving", pytest.approx(0.9, abs=0.05))
        assert ("intended", "stop") not in orders(bed), "STOP is stimulation's alone"
        machine.press_stop()
        await rests(bed)
        assert orders(bed)[-1] == ("confirmed", "stop")
        assert "does not run as it was asked" in await refused(bed, SetBeltSpeed(speed_kmh=1.0))
        # a stop overtakes the start
        await bed.ask(START)
        await bed.until(lambda: bed.world.gait.speed_kmh > 0.1, "a belt on its way")
        sent = len(machine.heard)
        async with another(bed, "observe") as watcher, another(bed, "control") as kiosk:
            assert "may only look and stop" in (await watcher.ask(StopBelt())).reason
            assert "another kiosk is in control" in (await kiosk.ask(START)).reason
            assert (await kiosk.ask(StopBelt())).ok, "any kiosk may stop it"
        await rests(bed)
        after = bytes(machine.heard[sent:])
        assert b"\xa3" not in after[after.index(b"\xa2") :], "no speed follows the stop"
        assert orders(bed)[-2:] == [("intended", "stop"), ("confirmed", "stop")]
        # a lost link: the machine stops by itself, the screen does not say so before it is heard
        await walks(bed, 0.8)
        stops = machine.communication_stops
        fault = bed.world.add_fault("trackmaster.cable_out@0+60")
        await bed.until(lambda: bool(bed.alarm("belt state unknown")), "the alarm")
        assert told(bed).state == "unknown"
        assert "unknown" in await refused(bed, SetBeltSpeed(speed_kmh=0.9))
        await bed.until(lambda: bed.world.gait.speed_kmh == 0, "its own stop")
        assert fault.strikes
        assert machine.communication_stops == stops + 1
        assert told(bed).state == "unknown"
        fault.duration_s = 0.0
        await rests(bed)
        await bed.until(lambda: not bed.alarm("belt state unknown"), "the alarm's end")
        # an orderly end stops it and says so
        await walks(bed, 0.8)
        stops = machine.communication_stops
        assert bed.guard is not None
        await bed.guard.end()
        assert bed.world.gait.speed_kmh == 0
        assert orders(bed)[-2:] == [("intended", "stop"), ("confirmed", "stop")]
        assert machine.communication_stops == stops


async def test_its_stop_takes_the_pulses_first_and_a_killed_station_leaves_it_to_its_own(
    tmp_path: Path, config: Path
) -> None:
    async with treadmill(tmp_path, config, "trackmaster") as bed:
        await walks(bed, 0.8)
        await bed.until(lambda: bool(bed.picture and bed.picture.step and bed.picture.step.next.enabled), "steady walk")
        await bed.ask(StartStimulation())
        await bed.until(lambda: bed.world.running, "pulses")
        assert "only slower, or stop" in await refused(bed, SetBeltSpeed(speed_kmh=0.9))
        await bed.ask(StopBelt())
        await bed.until(lambda: not bed.world.enabled, "pulses off")
        await rests(bed)
        off = place(bed, lambda event: isinstance(event, OffIntended) and "belt" in event.reason)
        assert off < place(bed, lambda event: isinstance(event, BeltIntended) and event.action == "stop")
        assert [event.cause for event in bed.events(StimulationPaused)][-1] == "belt"
        await bed.until(lambda: not told(bed).start, "a belt that may be started again")
        await killed_in_a_ramp(bed, START, 0.3)
        await bed.until(lambda: bed.world.gait.speed_kmh == 0, "its own stop")
        assert bed.world.also["trackmaster"].communication_stops == 1
        assert "the belt was started here and should have stopped by itself" in await taken_up_again(bed)
        await rests(bed)


@pytest.mark.system
async def test_a_station_killed_in_a_ramp_leaves_a_bluetooth_belt_running_and_says_so(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ble_radio, "SCAN_S", 1.0)
    async with bluetooth(tmp_path) as air, treadmill(tmp_path / "bed", config, "ftms", air.bus.address) as bed:
        await walks(bed, 0.8)
        await killed_in_a_ramp(bed, SetBeltSpeed(speed_kmh=0.9), 0.8)
        await bed.until(lambda: bed.world.gait.speed_kmh == pytest.approx(0.9), "the end of its ramp")
        assert "may have run on ever since" in await taken_up_again(bed)
        assert told(bed).state != "rest"
        await bed.until(lambda: told(bed).state == "moving", "its word")
        assert bed.world.gait.speed_kmh == pytest.approx(0.9), "nothing stops it: the service has no watchdog"
        assert "does not run as it was asked" in await refused(bed, SetBeltSpeed(speed_kmh=1.0))
        await bed.ask(StopBelt())
        await rests(bed)
