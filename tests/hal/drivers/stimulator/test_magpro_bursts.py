"""Bursts: the waveform block, when it is written, and the real driver against the simulated device."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hal.device import Reading, Refused
from hal.drivers.stimulator import magpro_commands as commands
from hal.drivers.stimulator import magpro_messages as wire
from hal.drivers.stimulator.magpro import MagPro
from hal.drivers.stimulator.magpro_codec import Flags, encode_frame
from hal.drivers.stimulator.magpro_state import CounterProof
from hal.links.address import make_link
from hal.roles import PulseCounter, PulseDelivered, SetsBursts, Train, TrainPrepared
from hal.sim.stimulator.magpro_state import MagProState
from hal.sim.world import SimulatedWorld
from tests.helpers.far_ends import PtyEnd, finishes, until
from tests.helpers.magpro_conversation import Conversation, Turn, flags

ITBS = Train(rate_hz=5.0, pulses=10, trains=20, inter_train_s=8.2, burst_pulses=3, inter_pulse_s=0.02)
SHORT = Train(rate_hz=5.0, pulses=10, trains=2, inter_train_s=8.2, burst_pulses=3, inter_pulse_s=0.02)
OPTIONS = {"poll_hz": 5.0, "answer_s": 0.5, "pulse_s": 0.15}
SINGLE_BLOCK = wire.WaveformReport(1, 0, 0, 1, 3, 80, 0, 0)
BURST_BLOCK = wire.WaveformReport(1, 0, 0, 3, 2, 80, 0, 0)
WRITE = commands.set_waveform(model=1, mode=0, direction=0, waveform=3, burst_pulses=3, interval_ms=20.0, ratio=1.0)


def test_the_train_is_the_canonical_one() -> None:
    assert (ITBS.total, ITBS.fastest_hz) == (600, 50.0)
    cycle_s = (ITBS.pulses - 1) / ITBS.rate_hz + ITBS.inter_train_s
    assert cycle_s == pytest.approx(10.0, abs=1e-12)


def test_frames_of_a_burst() -> None:
    # 09 01, model R30, Standard, Normal, Biphasic Burst, 5 - 3, 200 tenths of a ms, ratio 1.00
    r30 = commands.set_waveform(model=0, mode=0, direction=0, waveform=3, burst_pulses=3, interval_ms=20.0, ratio=1.0)
    assert encode_frame(r30).hex(" ") == "fe 0b 09 01 00 00 00 03 02 00 c8 00 64 4d ff"
    told = wire.decode(bytes.fromhex("09 00 58 00 00 03 02 50 00 50"))
    assert isinstance(told, wire.WaveformReport)
    assert (told.burst_pulses, told.burst_interval_ms) == (3, 20.0)


@asynccontextmanager
async def scripted(tmp_path: Path, *turns: Turn) -> AsyncIterator[tuple[MagPro, Conversation]]:
    end = PtyEnd(tmp_path)
    conversation = Conversation(end, *turns)
    await end.plug()
    magpro = MagPro("tms", time.monotonic_ns, make_link(end.address), OPTIONS)
    await finishes(magpro.open())
    try:
        yield magpro, conversation
    finally:
        await finishes(magpro.close())
        await end.unplug()


def read(block: wire.WaveformReport) -> Turn:
    return Turn(commands.READ_WAVEFORM, (block,))


async def test_a_burst_is_written_while_disabled_and_read_back(tmp_path: Path) -> None:
    burst = Turn(WRITE, (), {"flags": flags(waveform=3)})
    async with scripted(tmp_path, read(SINGLE_BLOCK), read(SINGLE_BLOCK), burst, read(BURST_BLOCK)) as (magpro, device):
        assert isinstance(magpro, SetsBursts)
        await finishes(magpro.set_bursts(3, 0.02))
        device.finished()
        device.change(flags=flags(waveform=3, enabled=True))
        await until(lambda: magpro.account.enabled)
        with pytest.raises(Refused, match="set to bursts"):
            await finishes(magpro.fire())


@pytest.mark.parametrize(
    "told",
    [
        SINGLE_BLOCK,
        wire.WaveformReport(1, 0, 0, 3, 1, 80, 0, 0),
        wire.WaveformReport(1, 0, 0, 3, 2, 0, 80, 0),
        wire.WaveformReport(1, 2, 0, 3, 2, 80, 0, 0),
    ],
    ids=["single", "four pulses", "interval's bytes swapped", "twin"],
)
async def test_another_burst_read_back_is_refused(tmp_path: Path, told: wire.WaveformReport) -> None:
    burst = Turn(WRITE, (), {"flags": flags(waveform=told.waveform)})
    reads = [read(SINGLE_BLOCK), read(SINGLE_BLOCK), burst, *[read(told)] * 4]
    async with scripted(tmp_path, *reads) as (magpro, device):
        with pytest.raises(Refused, match="did not take bursts"):
            await finishes(magpro.set_bursts(3, 0.02))
        device.finished()


async def test_an_enabled_device_is_not_given_another_waveform(tmp_path: Path) -> None:
    async with scripted(tmp_path, read(SINGLE_BLOCK), read(SINGLE_BLOCK)) as (magpro, device):
        device.change(flags=flags(enabled=True))
        await until(lambda: magpro.account.enabled)
        with pytest.raises(Refused, match="while it is disabled"):
            await finishes(magpro.prepare_train(ITBS))
        device.finished()


@pytest.mark.parametrize(("mode", "name"), [(1, "Power"), (2, "Twin"), (3, "Dual")])
async def test_other_modes_are_refused_for_bursts_and_pulses(tmp_path: Path, mode: int, name: str) -> None:
    async with scripted(tmp_path) as (magpro, device):
        device.change(flags=flags(mode=mode))
        await until(lambda: magpro.account.flags is not None and magpro.account.flags.mode == mode)
        for command in (magpro.set_bursts(3, 0.02), magpro.prepare_train(ITBS), magpro.set_amplitude(20)):
            with pytest.raises(Refused, match=f"{name} mode"):
                await finishes(command)
        device.finished()


@pytest.mark.parametrize(
    ("train", "why"),
    [
        (Train(5.0, 10, 20, 8.2, 6, 0.02), "2 to 5"),
        (Train(5.0, 10, 20, 8.2, 3, 0.0203), "not among its steps"),
        (Train(21.0, 10, 1, 1.0, 3, 0.01), "at most 20"),
        (Train(20.0, 10, 1, 1.0, 5, 0.02), "do not fit"),
    ],
)
async def test_bursts_outside_the_limits_are_refused(tmp_path: Path, train: Train, why: str) -> None:
    async with scripted(tmp_path) as (magpro, device):
        with pytest.raises(Refused, match=why):
            await finishes(magpro.prepare_train(train))
        device.finished()


async def test_a_model_without_bursts_is_refused(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (magpro, device):
        device.change(flags=flags(model=5))
        await until(lambda: magpro.account.model == 5)
        with pytest.raises(Refused, match="gives no bursts"):
            await finishes(magpro.set_bursts(3, 0.02))


# against the simulated device, at 20 times real speed


@asynccontextmanager
async def simulated(
    tmp_path: Path, *faults: str, model: int = 3, speed: float = 20.0
) -> AsyncIterator[tuple[MagPro, SimulatedWorld, list[Reading]]]:
    world = SimulatedWorld(7, tmp_path, speed=speed, faults=faults, state=MagProState(model=model))
    running = asyncio.create_task(world.run())
    await until((tmp_path / "stimulator").is_symlink)
    magpro = MagPro("tms", time.monotonic_ns, make_link(world.addresses["stimulator"]), OPTIONS)
    heard: list[Reading] = []
    magpro.subscribe(heard.append)
    await finishes(magpro.open())
    try:
        yield magpro, world, heard
    finally:
        await finishes(magpro.close())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def pulses(heard: list[Reading]) -> int:
    return sum(isinstance(reading, PulseDelivered) for reading in heard)


async def single(magpro: MagPro) -> None:
    await finishes(magpro.set_amplitude(40))
    await finishes(magpro.enable())
    await finishes(magpro.fire())
    await finishes(magpro.off())


async def test_a_burst_course_and_single_pulses_before_and_after(tmp_path: Path) -> None:
    async with simulated(tmp_path) as (magpro, world, heard):
        await single(magpro)
        await finishes(magpro.set_bursts(3, 0.02))
        await finishes(magpro.set_amplitude(40))
        await finishes(magpro.enable())
        await finishes(magpro.prepare_train(SHORT))
        assert [reading.read_back for reading in heard if isinstance(reading, TrainPrepared)] == [True]
        await finishes(magpro.start_train())
        await until(lambda: magpro.account.running is False)
        at_s = [pulse.at_s for pulse in world.pulses[1:]]
        assert pulses(heard) == len(world.pulses) == 61
        due = [10.0 * train + 0.2 * burst + 0.02 * k for train in range(2) for burst in range(10) for k in range(3)]
        assert [at - at_s[0] for at in at_s] == pytest.approx(due, abs=1e-6)
        await finishes(magpro.off())
        assert world.core.state.waveform == 3
        with pytest.raises(Refused, match="set to bursts"):
            await finishes(magpro.set_amplitude(40))
        await finishes(magpro.set_bursts(1, 0.0))
        assert world.core.state.waveform == 1
        await single(magpro)
        assert len(world.pulses) == 62


async def test_a_disputed_model_is_believed_by_its_read_back(tmp_path: Path) -> None:
    async with simulated(tmp_path, model=0) as (magpro, world, _):
        await finishes(magpro.set_bursts(3, 0.02))
        assert world.core.state.pulses_per_trigger == 3


async def test_one_report_a_burst_is_one_reading_and_the_counter_tells_the_rest(tmp_path: Path) -> None:
    async with simulated(tmp_path, "stimulator.burst_reports_once") as (magpro, world, heard):
        await single(magpro)
        await until(lambda: any(isinstance(r, PulseCounter) and r.agrees for r in heard))
        await finishes(magpro.prepare_train(SHORT))
        await finishes(magpro.set_amplitude(40))
        await finishes(magpro.enable())
        await finishes(magpro.start_train())
        await until(lambda: magpro.account.running is False)
        assert world.faults.all[0].strikes == 40
        assert (pulses(heard), len(world.pulses)) == (21, 61)
        await finishes(magpro.off())
        assert await magpro.read_counter() == 61
        counters = [reading for reading in heard if isinstance(reading, PulseCounter)]
        assert counters[-1].agrees, "what proved itself on single pulses is not disproved by bursts"


def test_a_counter_that_fits_no_way_of_counting_bursts_is_not_believed() -> None:
    burst = wire.PulseReport(90, 0, Flags.of(mode=0, waveform=3, enabled=True, model=1))
    proof = CounterProof()
    proof.agrees(100)
    proof.pulse()
    assert proof.agrees(101)
    for _ in range(10):
        proof.pulse(burst)
    assert proof.agrees(131)
    for _ in range(10):
        proof.pulse(burst)
    assert proof.agrees(141)
    for _ in range(10):
        proof.pulse(burst)
    assert not proof.agrees(441)
