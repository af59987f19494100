"""Direct current by the real station process: its driver, a device on a pty, a journal, a stop that ramps it down."""

import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bedside.commands import PrepareCurrent, StartCurrent, Stop, StopCurrent
from bedside.events import CurrentEnded, CurrentFailed, CurrentIntended, CurrentStarted, OffIntended
from bedside.snapshot import Current
from hal.sim.current import escd_engine as engine
from hal.sim.current.escd_engine import EscdEngine
from tests.helpers.bed import CONFIGS
from tests.helpers.station_process import Bedside, bedside_at

STUDY = "stroke-ragt-lfrtms"
FLOWS = (engine.RAMP_UP, engine.PLATEAU)
OVER = (engine.RAMP_DOWN, engine.IDLE)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped study with the shipped arms, enabled; the participant is in arm A; no pulses wait for a trigger."""
    folder = Path(shutil.copytree(CONFIGS, tmp_path_factory.mktemp("direct_current") / "source"))
    text = (folder / "current" / "isci-itbs-tsdcs.toml").read_text()
    head, _, rest = text.partition("[bursts]")
    arms = "[arms.A]" + rest.partition("[arms.A]")[2]
    alone = head.replace('["current"]', '["stimulator"]').replace("isci-itbs-tsdcs", STUDY) + arms
    (folder / "current" / f"{STUDY}.toml").write_text(alone)
    for name in ("tsdcs_200", "tsdcs_1200", "tsdcs_sham"):
        path = folder / "protocols" / f"{name}.toml"
        path.write_text(path.read_text().replace("enabled = false", "enabled = true"))
    person = folder / "demo" / "participant.toml"
    person.write_text(person.read_text() + 'arm = "A"\n')
    return folder


@pytest.fixture
async def bed(tmp_path: Path, config: Path) -> AsyncIterator[Bedside]:
    async with bedside_at(tmp_path / "bed", step="treatment", also=("escd",), config=config) as bed:
        await bed.start()
        await bed.until(lambda: bool(bed.picture and bed.picture.user and not bed.picture.interruption), "resumed")
        await bed.until(lambda: told(bed).phase == "idle", "the device's account")
        yield bed


def told(bed: Bedside) -> Current:
    found = bed.picture.current if bed.picture is not None else None
    return found if found is not None else Current(words="")


def device(bed: Bedside) -> EscdEngine:
    return bed.world.also["escd"].engine


async def flowing(bed: Bedside) -> None:
    await bed.ask(PrepareCurrent())
    await bed.until(lambda: told(bed).phase == "prepared", "prepared")
    await bed.ask(StartCurrent())
    await bed.until(lambda: device(bed).phase in FLOWS and told(bed).phase in ("ramp_up", "plateau"), "current")


async def test_prepared_started_and_stopped_by_the_one_stop(bed: Bedside) -> None:
    assert bed.client is not None
    reply = await bed.client.ask(StartCurrent())
    assert (reply.ok, reply.reason) == (False, "no direct current program is prepared")
    assert device(bed).phase == engine.IDLE
    await flowing(bed)
    assert (told(bed).density_ma_cm2, told(bed).plateau_c) == (0.1, 0.5)
    began_s = time.monotonic()
    await bed.ask(Stop())
    await bed.until(lambda: device(bed).phase in OVER, "ramping down")
    assert time.monotonic() - began_s < 2.0
    await bed.until(lambda: bool(bed.events(CurrentEnded)), "an end in the journal")
    ended = bed.events(CurrentEnded)[-1]
    assert (ended.cause, ended.reason, ended.charge_told) == ("stopped", "STOP key", True)
    assert 0 < ended.given_c < ended.planned_c
    assert [event.action for event in bed.events(CurrentIntended)] == ["prepare", "start"]
    assert bed.events(CurrentStarted)
    assert not bed.events(CurrentFailed)


async def test_a_normal_end_ramps_down_and_stops_nothing_else(bed: Bedside) -> None:
    await flowing(bed)
    offs = len(bed.events(OffIntended))
    await bed.ask(StopCurrent(reason="patient's wish"))
    await bed.until(lambda: bool(bed.events(CurrentEnded)), "an end in the journal")
    assert device(bed).phase == engine.IDLE
    assert bed.events(CurrentEnded)[-1].reason == "patient's wish"
    assert len(bed.events(OffIntended)) == offs


async def test_a_pulled_cable_is_unknown_and_never_resumed(bed: Bedside) -> None:
    await flowing(bed)
    bed.world.also["escd"].unplug()
    await bed.until(lambda: bool(bed.alarm("UNKNOWN - check device")), "the alarm")
    assert told(bed).words == "UNKNOWN - check device"
    await bed.until(lambda: device(bed).phase in OVER, "the device's own ramp down")
    await bed.world.also["escd"].plug()
    await bed.until(lambda: bool(bed.events(CurrentEnded)), "an end in the journal")
    assert device(bed).phase == engine.IDLE
    assert len(bed.events(CurrentStarted)) == 1


async def test_a_killed_station_leaves_no_current(bed: Bedside) -> None:
    await flowing(bed)
    os.kill(bed.pid, signal.SIGKILL)
    await bed.until(lambda: device(bed).phase in OVER, "ramping down")
