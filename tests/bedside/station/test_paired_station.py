"""Pulses triggered by the electrical stimulator, by the real station process: both devices on ptys, one wire between.

What the simulated coil really gave is held against what the journal says.
"""

import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bedside.commands import PrepareCurrent, ResumeStimulation, StartStimulation, Stop
from bedside.events import (
    CurrentEnded,
    CurrentIntended,
    PulseReported,
    PulsesReconciled,
    PulsesUncertain,
    StimulationEnded,
    StimulationPaused,
    TrainEnded,
    TrainIntended,
)
from hal.sim.current import escd_engine as engine
from hal.sim.current.escd_engine import EscdEngine
from tests.helpers.bed import CONFIGS
from tests.helpers.station_process import Bedside, bedside_at

STUDY = "isci-itbs-tsdcs"
OVER = (engine.RAMP_DOWN, engine.IDLE, engine.FAULT)
SPEED = 20.0


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped study, with its demonstration's participant and devices."""
    folder = Path(shutil.copytree(CONFIGS, tmp_path_factory.mktemp("paired") / "source"))
    shutil.copy(folder / "demo" / f"{STUDY}.toml", folder / "demo" / "participant.toml")
    path = folder / "station.toml"
    text = path.read_text().replace('study = "stroke-ragt-lfrtms"', f'study = "{STUDY}"')
    text = text.replace('robot = "corc_robot"\n', 'current = "escd"\n').replace('"magpro"', '"magpro_x100"')
    assert STUDY in text
    assert '"magpro_x100"' in text
    path.write_text(text)
    limits = folder / "limits.toml"
    limits.write_text(limits.read_text().replace("settle_s = 5.0", "settle_s = 1.0"))
    return folder


@pytest.fixture
async def bed(tmp_path: Path, config: Path) -> AsyncIterator[Bedside]:
    """A scripted therapist at work in the treatment step."""
    async with bedside_at(tmp_path / "bed", speed=SPEED, step="treatment", also=("escd",), config=config) as bed:
        await bed.start()
        await bed.until(lambda: bool(bed.picture and bed.picture.user and not bed.picture.interruption), "resumed")
        yield bed


def device(bed: Bedside) -> EscdEngine:
    return bed.world.also["escd"].engine


async def triggering(bed: Bedside, pulses: int) -> None:
    """The scripted therapist prepares and starts both; so many pulses come."""
    await bed.until(lambda: len(bed.world.pulses) >= pulses, f"{pulses} pulses", 30)


def accounted(bed: Bedside) -> tuple[int, int]:
    """Pulses that the journal says were given, and how many more cannot be excluded."""
    given = sum(event.purpose == "treatment" for event in bed.events(PulseReported))
    given += sum(event.count for event in bed.events(PulsesReconciled))
    return given, sum(event.at_most for event in bed.events(PulsesUncertain))


def word(bed: Bedside) -> str:
    """What the treatment's screen says; reading the journal again and again would hold up the simulated devices."""
    run = bed.picture.run if bed.picture is not None else None
    return run.word if run is not None else ""


def no_current(bed: Bedside) -> bool:
    """Whether the station heard that the program is over."""
    told = bed.picture.current if bed.picture is not None else None
    return told is not None and told.phase == "idle"


async def both_off(bed: Bedside) -> None:
    await bed.until(lambda: not bed.world.enabled, "the magnetic side off")
    await bed.until(lambda: device(bed).phase in OVER, "the electrical side off")
    await bed.until(lambda: word(bed) == "ENDED", "an end on the screen")


async def test_the_whole_course_counts_what_the_coil_gave(bed: Bedside) -> None:
    await triggering(bed, 600)
    await bed.until(lambda: word(bed) == "ENDED" and no_current(bed), "an end of both")
    assert not bed.events(StimulationPaused)
    (train,), (current,), (ended,) = bed.events(TrainEnded), bed.events(CurrentEnded), bed.events(StimulationEnded)
    assert (train.reported, train.lost, train.triggers) == (600, 0, 600)
    assert (ended.cause, ended.delivered, ended.uncertain) == ("complete", 600, 0)
    assert (current.cause, current.triggers) == ("complete", 600)
    assert current.given_c == pytest.approx(0.5375, rel=0.02)
    given = [pulse.at_s for pulse in bed.world.pulses]
    assert given == device(bed).bench.triggers_s
    assert given[-1] - given[0] == pytest.approx(191.84, abs=1e-6)
    assert {pulse.source for pulse in bed.world.pulses} == {"external"}
    assert [event.triggered for event in bed.events(TrainIntended)] == [True]
    assert [event.action for event in bed.events(CurrentIntended)] == ["prepare", "start"]


async def test_a_stop_in_mid_train_ends_both_and_counts_what_was_given(bed: Bedside) -> None:
    await triggering(bed, 95)
    await bed.ask(Stop())
    await both_off(bed)
    given = len(bed.world.pulses)
    assert given < 600
    counted, uncertain = accounted(bed)
    assert counted <= given <= counted + uncertain <= len(device(bed).bench.triggers_s)
    (ended,) = bed.events(StimulationEnded)
    assert (ended.cause, ended.reason, ended.delivered, ended.uncertain) == ("aborted", "STOP key", counted, uncertain)
    assert bed.client is not None
    for command in (ResumeStimulation(), PrepareCurrent(), StartStimulation()):
        assert not (await bed.client.ask(command)).ok
    assert len(bed.world.pulses) == given


async def test_a_pulled_trigger_cable_is_told_and_ends_both(tmp_path: Path, config: Path) -> None:
    async with bedside_at(tmp_path / "bed", speed=SPEED, step="treatment", also=("escd",), config=config) as bed:
        fault = bed.world.add_fault("stimulator.trigger_cable")
        await bed.start()
        await both_off(bed)
        assert fault.strikes > 0
        (pause,) = bed.events(StimulationPaused)
        assert pause.cause == "trigger_count"
        assert "0 pulses were counted" in pause.reason
        assert bed.world.pulses == []
        assert accounted(bed) == (0, len(device(bed).bench.triggers_s)), "a counter that has not counted proves nothing"
        assert bed.events(StimulationEnded)[0].cause == "fault"
        await bed.until(lambda: bool(bed.alarm("both stimulators were stopped")), "the alarm")


async def test_a_lost_current_source_ends_the_pulses_and_nothing_resumes(bed: Bedside) -> None:
    await triggering(bed, 35)
    fault = bed.world.add_fault("escd.cable_out")
    await both_off(bed)
    await bed.until(lambda: device(bed).phase in OVER, "the device's own time-out")
    given = len(bed.world.pulses)
    assert fault.strikes > 0
    (pause,) = bed.events(StimulationPaused)
    assert (pause.cause, "not heard" in pause.reason) == ("trigger_master", True)
    counted, uncertain = accounted(bed)
    assert counted <= given <= counted + uncertain
    fault.duration_s = 0.0
    await bed.until(lambda: no_current(bed), "its word again")
    assert len(bed.world.pulses) == given
    assert device(bed).phase in OVER


async def test_a_killed_station_leaves_neither_on(bed: Bedside) -> None:
    await triggering(bed, 35)
    os.kill(bed.pid, signal.SIGKILL)
    await bed.until(lambda: not bed.world.enabled and device(bed).phase in OVER, "both off by the guard")
    given = len(bed.world.pulses)
    assert len(device(bed).bench.triggers_s) < 600
    assert accounted(bed)[0] <= given <= len(device(bed).bench.triggers_s)
    assert not bed.events(StimulationEnded), "nobody was there to say so"
