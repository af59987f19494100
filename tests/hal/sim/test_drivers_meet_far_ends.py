"""Our drivers and the far ends, over a real pseudo-terminal and real sockets, at speed."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from hal.device import OffNotConfirmed, PulseNotDelivered
from hal.drivers.emg.quattrocento import Quattrocento
from hal.drivers.gait.corc_robot import CorcRobot
from hal.drivers.stimulator.magpro import MagPro
from hal.links.address import make_link
from hal.roles import EmgBlock, PulseCounter, PulseDelivered, RobotState, StimulatorStatus, Train
from hal.sim.world import Ports, SimulatedWorld

CHANNELS = [
    {"name": "TA left", "muscle": "tibialis_anterior", "side": "left", "input": 1},
    {"name": "TA right", "muscle": "tibialis_anterior", "side": "right", "input": 5},
]


class Rig:
    """A world, and the drivers that talk to it; `readings` has everything they said."""

    def __init__(self, world: SimulatedWorld) -> None:
        self.world = world
        self.readings: list[object] = []
        self.stimulator = MagPro("stimulator", time.monotonic_ns, make_link(world.addresses["stimulator"]))
        self.emg = Quattrocento(
            "emg", time.monotonic_ns, make_link(world.addresses["emg"]), {"channels": CHANNELS, "block_ms": 100}
        )
        self.robot = CorcRobot("robot", time.monotonic_ns, make_link(world.addresses["robot"]))
        for device in (self.stimulator, self.emg, self.robot):
            device.subscribe(self.readings.append)

    def heard(self, kind: type) -> list:
        return [reading for reading in self.readings if isinstance(reading, kind)]

    async def until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await asyncio.sleep(0.01)

    @property
    def fired(self) -> set[str]:
        return {fault.kind.name for fault in self.world.faults.all if fault.strikes}


@asynccontextmanager
async def running(world: SimulatedWorld) -> AsyncIterator[Rig]:
    await world.plug()
    task = asyncio.create_task(world.run())
    rig = Rig(world)
    try:
        yield rig
    finally:
        for device in (rig.stimulator, rig.emg, rig.robot):
            await device.close()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def world_at(folder: Path, *faults: str, speed: float = 60.0, link: str = "pty") -> SimulatedWorld:
    return SimulatedWorld(4, folder, speed=speed, faults=faults, ports=Ports(stimulator_link=link))


@pytest.mark.parametrize("link", ["pty", "tcp"])
async def test_a_whole_train_is_set_up_given_reported_and_counted(tmp_path, link):
    async with running(world_at(tmp_path, link=link)) as rig:
        await rig.stimulator.open()
        await rig.stimulator.set_amplitude(48)
        await rig.stimulator.prepare_train(Train(rate_hz=1.0, pulses=30, trains=2, inter_train_s=1.0))
        await rig.stimulator.enable()
        await rig.stimulator.start_train()
        await rig.until(lambda: not rig.world.core.state.running)
        await rig.until(lambda: len(rig.heard(PulseDelivered)) == 60)
        assert await rig.stimulator.read_counter() == 60
        assert rig.heard(PulseCounter)[-1].agrees
        assert {pulse.amplitude_pct_mso for pulse in rig.heard(PulseDelivered)} == {48}
        assert np.diff([pulse.at_s for pulse in rig.world.pulses]) == pytest.approx([1.0] * 59, abs=1e-9)
        status = rig.heard(StimulatorStatus)[-1]
        assert (status.serial_number, status.model, status.coil_type) == (0x01FE2A, "MagPro X100+Option", 60)


async def test_single_pulses_are_fired_and_seen_by_amplifier_at_the_same_moment(tmp_path):
    async with running(world_at(tmp_path, speed=10.0)) as rig:
        x_cm, y_cm = rig.world.patient.muscles[0].hotspot_cm
        rig.world.patient.coil = type(rig.world.patient.coil)(x_cm, y_cm)
        await rig.stimulator.open()
        await rig.emg.open()
        await rig.stimulator.set_amplitude(100)
        await rig.stimulator.enable()
        for _ in range(5):
            await rig.stimulator.fire()
        await rig.until(lambda: sum(len(block.triggers) for block in rig.heard(EmgBlock)) == 5)
        last = rig.heard(EmgBlock)[-1]
        end = last.first_sample + len(last.counts)
        await rig.until(lambda: rig.heard(EmgBlock)[-1].first_sample + len(rig.heard(EmgBlock)[-1].counts) > end + 5120)
        blocks = rig.heard(EmgBlock)
        samples = np.concatenate([block.samples_uv for block in blocks])
        triggers = [index for block in blocks for index in block.triggers]
        intervals = np.diff([pulse.at_s for pulse in rig.world.pulses])
        assert np.diff(triggers) / 5120 == pytest.approx(intervals, abs=2.1 / 5120)
        for trigger in triggers:
            assert np.ptp(samples[trigger : trigger + 5, 0]) > 300
            assert np.ptp(samples[trigger + 103 : trigger + 384, 0]) > 100
        assert sum(block.lost for block in blocks) == 0


async def test_robot_states_arrive(tmp_path):
    async with running(world_at(tmp_path)) as rig:
        gait = rig.world.gait
        await rig.robot.open()
        gait.fit(28.8, 70.0)
        gait.stand()
        gait.walk(1.5)
        await rig.until(lambda: any(state.steps and state.steps > 10 for state in rig.heard(RobotState)))
        state = rig.heard(RobotState)[-1]
        assert (state.phase, state.e_stop, state.body_weight_support_kg) == ("walk", False, 28.8)
        assert len(state.angles_deg) == 6
        gait.press_e_stop()
        await rig.until(lambda: rig.heard(RobotState)[-1].e_stop is True)


async def test_the_station_may_close_and_come_back_over_the_same_name(tmp_path):
    async with running(world_at(tmp_path)) as rig:
        for amplitude in (11, 22, 33):
            await rig.stimulator.open()
            await rig.stimulator.set_amplitude(amplitude)
            await rig.stimulator.close()
        assert rig.world.core.state.amplitude_a == 33


async def test_a_lost_pulse_is_noticed(tmp_path):
    async with running(world_at(tmp_path, "stimulator.lost_pulse@pulse:2")) as rig:
        await rig.stimulator.open()
        await rig.stimulator.set_amplitude(40)
        await rig.stimulator.enable()
        await rig.stimulator.fire()
        with pytest.raises(PulseNotDelivered):
            await rig.stimulator.fire()
        assert rig.fired == {"stimulator.lost_pulse"}


@pytest.mark.parametrize("fault", ["garbage", "oversized"])
async def test_a_noisy_wire_does_not_hide_that_the_device_was_switched_off(tmp_path, fault):
    async with running(world_at(tmp_path, f"stimulator.{fault}@20+60")) as rig:
        await rig.stimulator.open()
        await rig.stimulator.enable()
        await rig.until(lambda: bool(rig.fired))
        rig.stimulator.off_now()
        await rig.until(lambda: not rig.world.core.state.enabled)
        await rig.until(lambda: not rig.world.faults.active(f"stimulator.{fault}", rig.world.clock.now_s()))
        await rig.stimulator.off()
        assert rig.fired == {f"stimulator.{fault}"}


async def test_a_device_that_ignores_off_is_never_believed_to_be_off(tmp_path):
    async with running(world_at(tmp_path, "stimulator.ignore_off")) as rig:
        await rig.stimulator.open()
        await rig.stimulator.enable()
        with pytest.raises(OffNotConfirmed):
            await rig.stimulator.off()
        assert rig.fired == {"stimulator.ignore_off"}
        rig.world.faults.clear(rig.world.clock.now_s())


async def test_a_pulled_cable_is_noticed_and_mends_itself(tmp_path):
    async with running(world_at(tmp_path, "stimulator.cable_out@60+60")) as rig:
        await rig.stimulator.open()
        await rig.until(lambda: rig.stimulator.health.state == "lost")
        await rig.until(lambda: rig.stimulator.health.state == "ok")
        await rig.stimulator.set_amplitude(12)
        assert rig.fired == {"stimulator.cable_out"}


async def test_hands_on_the_front_panel_are_heard(tmp_path):
    async with running(world_at(tmp_path, "stimulator.front_panel_disable@train:3")) as rig:
        await rig.stimulator.open()
        await rig.stimulator.set_amplitude(40)
        await rig.stimulator.prepare_train(Train(rate_hz=1.0, pulses=100))
        await rig.stimulator.enable()
        await rig.stimulator.start_train()
        await rig.until(lambda: bool(rig.fired))
        await rig.until(lambda: rig.heard(StimulatorStatus)[-1].enabled is False)
        assert len(rig.heard(PulseDelivered)) == 3 == len(rig.world.pulses)
