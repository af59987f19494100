"""The MagPro under an external trigger: set while disabled, read back, watched, put back; its own reports count."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hal.device import HalError, NoAnswer, Reading, Refused
from hal.drivers.stimulator import magpro_commands as commands
from hal.drivers.stimulator import magpro_messages as wire
from hal.drivers.stimulator.magpro import MagPro
from hal.drivers.stimulator.magpro_codec import Page, encode_frame
from hal.links.address import make_link
from hal.roles import AcceptsTrigger, PulseDelivered, StimulatorStatus, Train
from hal.sim.stimulator.magpro_wire import EXTERNAL_TRIGGER, SEQUENCE
from hal.sim.world import SimulatedWorld
from tests.helpers.far_ends import PtyEnd, finishes, until
from tests.helpers.magpro_conversation import Conversation, Turn, flags

OPTIONS = {"poll_hz": 5.0, "answer_s": 0.5, "pulse_s": 0.15}
TIMING = int(Page.TIMING)
WRITE = commands.set_timing(1, 10, 600, 2, 10, 0)


def told(control: int) -> Turn:
    return Turn(commands.READ_TIMING, (wire.TimingReport(control, 10, 600, 2, 10, 0, 100, 1),))


SHOW = Turn(commands.show_page(TIMING), (wire.PageReport(TIMING, False, flags()),), {"page": TIMING})


@asynccontextmanager
async def scripted(tmp_path: Path, *turns: Turn, **state: object) -> AsyncIterator[tuple[MagPro, Conversation]]:
    end = PtyEnd(tmp_path)
    conversation = Conversation(end, *turns)
    conversation.change(**state)
    await end.plug()
    magpro = MagPro("tms", time.monotonic_ns, make_link(end.address), OPTIONS)
    await finishes(magpro.open())
    try:
        yield magpro, conversation
    finally:
        conversation.turns.clear()
        await finishes(magpro.close())
        await end.unplug()


def test_the_frame_that_sets_the_external_trigger() -> None:
    # 0B 01, External trigger, 1.0 Hz, 600 pulses, 2 trains, 1.0 s, no beep
    assert WRITE.hex(" ") == "0b 01 01 00 0a 02 58 00 02 00 0a 00"
    assert encode_frame(WRITE)[:2] == b"\xfe\x0c"


async def test_it_is_written_while_disabled_keeps_the_train_and_is_read_back(tmp_path: Path) -> None:
    script = (told(0), SHOW, Turn(WRITE), told(1))
    async with scripted(tmp_path, *script) as (magpro, _device):
        assert isinstance(magpro, AcceptsTrigger)
        await finishes(magpro.follow_trigger(True))
        assert magpro.account.follows_trigger is True
        magpro.off_now()
        assert not magpro.following


@pytest.mark.parametrize(
    ("state", "script", "words"),
    [
        ({"flags": flags(waveform=3)}, (), "set to bursts"),
        ({"flags": flags(mode=2)}, (), "Twin mode"),
        ({"flags": flags(enabled=True)}, (told(0),), "only changed while it is disabled"),
        ({}, (told(0), SHOW, Turn(WRITE), *[told(2)] * 4), "not paced by its trigger input"),
    ],
    ids=["bursts", "twin", "enabled", "another control"],
)
async def test_what_cannot_be_set_is_refused(tmp_path: Path, state, script, words) -> None:
    async with scripted(tmp_path, *script, **state) as (magpro, device):
        with pytest.raises(Refused, match=words):
            await finishes(magpro.follow_trigger(True))
        assert not device.turns
        assert not magpro.following


async def test_a_device_that_does_not_tell_what_paces_it_is_not_used(tmp_path: Path) -> None:
    async with scripted(tmp_path) as (magpro, device):
        device.ignores.add(commands.READ_TIMING)
        with pytest.raises(NoAnswer, match="does not tell what paces it"):
            await finishes(magpro.follow_trigger(True))


@asynccontextmanager
async def at_the_wire(tmp_path: Path) -> AsyncIterator[tuple[MagPro, SimulatedWorld, list[Reading]]]:
    world = SimulatedWorld(3, tmp_path, also=("escd",))
    await world.stimulator.port.plug()
    serving = asyncio.create_task(world.stimulator.run())
    magpro = MagPro("tms", time.monotonic_ns, make_link(world.stimulator.port.address, default_baud=38400), OPTIONS)
    heard: list[Reading] = []
    magpro.subscribe(heard.append)
    try:
        await finishes(magpro.open())
        yield magpro, world, heard
    finally:
        await finishes(magpro.close())
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def test_each_trigger_is_one_reported_pulse_and_the_sequence_comes_back(tmp_path: Path) -> None:
    async with at_the_wire(tmp_path) as (magpro, world, heard):
        await finishes(magpro.follow_trigger(True))
        await finishes(magpro.set_amplitude(40))
        await finishes(magpro.enable())
        await finishes(magpro.follow_trigger(True))
        before_s = world.clock.now_s()
        for k in range(30):
            world.stimulator.trigger_in(before_s + k * 0.02)
        await until(lambda: sum(isinstance(reading, PulseDelivered) for reading in heard) == 30)
        assert [pulse.source for pulse in world.pulses] == ["external"] * 30
        for command in (magpro.fire, lambda: magpro.prepare_train(Train(1.0, 10))):
            with pytest.raises(Refused, match="follows its trigger input"):
                await finishes(command())
        await finishes(magpro.off())
        world.stimulator.trigger_in(world.clock.now_s())
        assert world.core.state.total_pulses == 30
        assert world.core.state.timing_control == EXTERNAL_TRIGGER
        await finishes(magpro.follow_trigger(False))
        assert world.core.state.timing_control == SEQUENCE


async def test_what_others_have_set_stays(tmp_path: Path) -> None:
    async with at_the_wire(tmp_path) as (magpro, world, _heard):
        world.core.state.timing_control = EXTERNAL_TRIGGER
        await finishes(magpro.follow_trigger(False))
        assert world.core.state.timing_control == EXTERNAL_TRIGGER


async def test_a_hand_at_its_panel_shows_in_the_next_status(tmp_path: Path) -> None:
    async with at_the_wire(tmp_path) as (magpro, world, heard):
        await finishes(magpro.follow_trigger(True))

        def follows() -> bool | None:
            told = [reading for reading in heard if isinstance(reading, StimulatorStatus)]
            return told[-1].follows_trigger

        assert follows() is True
        world.core.state.timing_control = SEQUENCE
        await until(lambda: follows() is False)


async def test_a_stop_in_the_middle_of_the_setting_leaves_it_not_following(tmp_path: Path) -> None:
    async with at_the_wire(tmp_path) as (magpro, _world, _heard):
        setting = asyncio.ensure_future(magpro.follow_trigger(True))
        await asyncio.sleep(0)
        magpro.off_now()
        with pytest.raises(HalError):
            await finishes(setting)
        assert not magpro.following


async def test_a_station_that_ends_in_order_puts_the_sequence_back(tmp_path: Path) -> None:
    async with at_the_wire(tmp_path) as (magpro, world, _heard):
        await finishes(magpro.follow_trigger(True))
        await finishes(magpro.close())
        assert world.core.state.timing_control == SEQUENCE
