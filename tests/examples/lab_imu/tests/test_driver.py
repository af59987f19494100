"""The driver over a real pseudo-terminal, found by its name as the station finds it. Needs bedside and pytest alone."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from lab_imu.far_end import Sensor

from hal.catalogue import DeviceSpec, build
from hal.device import SetupError
from hal.roles import MotionBlock, MotionSensor


@dataclass
class Rig:
    """The simulated sensor, our driver, and what the driver told."""

    sensor: Sensor
    driver: MotionSensor
    blocks: list[MotionBlock]

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 5
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not come"
            await asyncio.sleep(0.005)

    @property
    def samples(self) -> list[int]:
        return [int(count) for block in self.blocks if block.counts is not None for count in block.counts]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    sensor = Sensor(tmp_path)
    await sensor.port.plug()
    driver = build(DeviceSpec("foot", "lab_imu", sensor.port.address, {"placement": "foot_left"}), time.monotonic_ns)
    assert isinstance(driver, MotionSensor)
    rig = Rig(sensor, driver, [])
    driver.subscribe(lambda reading: rig.blocks.append(reading) if isinstance(reading, MotionBlock) else None)
    opening = asyncio.create_task(driver.open())
    await rig.until(lambda: bool(sensor.asked), "the start command")
    sensor.send(*range(65530, 65536))
    await opening
    yield rig
    await driver.close()
    sensor.port.unplug()


async def test_samples_arrive_in_order_over_the_counters_end_with_losses_marked(rig: Rig) -> None:
    assert rig.sensor.asked == [b"S"]
    rig.sensor.send(0, 1, 2, 5, 6)
    await rig.until(lambda: len(rig.samples) == 11, "all samples")
    assert np.diff(rig.samples).tolist() == [1] * 8 + [3, 1]
    assert sum(block.lost for block in rig.blocks) == 2 == rig.driver.vitals.lost
    assert rig.blocks[-1].first_sample + len(rig.blocks[-1].sample_ns) == 13
    times = np.concatenate([block.sample_ns for block in rig.blocks])
    assert (np.diff(times) > 0).all()
    assert rig.blocks[0].accel_m_s2[0, 2] == pytest.approx(9.807)


async def test_a_damaged_line_costs_itself_and_is_counted(rig: Rig) -> None:
    rig.sensor.port.write(b"#1,2,3\xff garbage\r\n#0,0,0,9807,0,0,0*00\r\n")
    rig.sensor.send(1)
    await rig.until(lambda: len(rig.samples) == 7, "the whole line after it")
    assert rig.driver.health.dropped == 2
    assert rig.driver.vitals.lost == 1


async def test_a_cable_out_and_in_marks_the_gap_and_repeats_nothing(rig: Rig) -> None:
    rig.sensor.port.unplug()
    await rig.until(lambda: rig.driver.health.state == "lost", "the loss")
    await rig.sensor.port.plug()
    await rig.until(lambda: len(rig.sensor.asked) == 2, "a second start")
    rig.sensor.send(65535, 20, 21)
    await rig.until(lambda: rig.driver.health.state == "ok", "samples again")
    assert rig.samples[-2:] == [rig.samples[5] + 21, rig.samples[5] + 22]
    assert len(rig.samples) == 8, "the repeated sample is not given twice"
    assert rig.driver.vitals.lost == 20
    assert rig.driver.health.reconnects == 1


def test_an_option_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(SetupError, match=r"foot: unknown option 'place' .*placement"):
        build(DeviceSpec("foot", "lab_imu", "serial:/dev/null", {"place": "foot_left"}), time.monotonic_ns)
