"""Four inertial sensors at once through the real Bluetooth library, on a simulated service on a private D-Bus."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from hal.links import ble_radio
from hal.links.address import make_link
from hal.links.ble import BleLink
from tests.helpers.bluetooth import Bluetooth, bluetooth
from tests.helpers.far_ends import finishes, until
from tests.helpers.imus import Legs, Worn

pytestmark = pytest.mark.system

COLD_START_S, SLACK_S = 5.0, 3.0
"""The bar for both feet to stream, and what a busy machine may add to it."""
FOUR = ("imu_foot_left", "imu_foot_right", "imu_nus_left", "imu_nus_right")


@pytest.fixture
async def air(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bluetooth]:
    monkeypatch.setattr(ble_radio, "SCAN_S", 1.0)
    async with bluetooth(tmp_path) as made:
        yield made


@pytest.fixture
async def four(air: Bluetooth, tmp_path: Path) -> AsyncIterator[tuple[Legs, list[Worn]]]:
    legs = Legs(tmp_path, air.bus.address)
    sensors = [legs.sensor(name, 100 + number) for number, name in enumerate(FOUR)]
    running = [asyncio.create_task(sensor.run()) for sensor in sensors]
    worn = []
    for sensor in sensors:
        link = make_link(sensor.address)
        assert isinstance(link, BleLink)
        worn.append(Worn(sensor, link, {"magnetometer_hz": 0.0} if "foot" in sensor.around.name else {}))
    try:
        yield legs, worn
    finally:
        await asyncio.gather(*(one.driver.close() for one in worn))
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_both_feet_stream_soon_after_a_cold_start(four: tuple[Legs, list[Worn]]) -> None:
    """Scan, connect one after the other, set rate and low-pass of each, read them back, wait for the clock."""
    _, worn = four
    feet, began_s = worn[:2], time.monotonic()
    await finishes(asyncio.gather(*(one.driver.open() for one in feet)), 20)  # type: ignore[arg-type]
    await until(lambda: all(one.blocks for one in feet), 20)
    took_s = time.monotonic() - began_s
    print(f"cold start of both feet: {took_s:.2f} s")
    assert took_s < COLD_START_S + SLACK_S
    assert {one.driver.health.state for one in feet} == {"ok"}


async def test_four_at_once_with_losses_and_a_lost_connection(four: tuple[Legs, list[Worn]]) -> None:
    legs, worn = four
    await finishes(asyncio.gather(*(one.driver.open() for one in worn)), 20)  # type: ignore[arg-type]
    await until(lambda: all(one.samples > 150 for one in worn), 20)
    faults = [legs.fault(f"{name}.lost_samples:7") for name in FOUR]
    await until(lambda: all(one.driver.vitals.lost for one in worn), 20)
    have = [one.samples for one in worn]
    await until(lambda: all(one.samples > had + 100 for one, had in zip(worn, have, strict=True)), 20)
    assert all(fault.fired_at_s is not None for fault in faults)
    for one in worn:
        assert one.driver.health.state == "ok"
        one.check_loss()
        assert one.driver.vitals.rate_hz == pytest.approx(100, rel=0.15)
        one.check_order()
    before = [one.next_sample for one in worn]
    out = legs.fault("imu_nus_left.cable_out@0+0.5")
    await until(lambda: worn[2].driver.health.state == "lost", 10)
    await until(lambda: all(one.next_sample > had + 150 for one, had in zip(worn, before, strict=True)), 30)
    assert out.fired_at_s is not None
    assert worn[2].driver.health.reconnects == 1
    assert [one.driver.health.reconnects for one in worn if one is not worn[2]] == [0, 0, 0]
    # the sensor went on counting: what is missing is exact
    counts = np.concatenate([block.counts for block in worn[2].blocks if block.counts is not None])
    assert worn[2].next_sample == round((counts[-1] - counts[0]) / 1e4) + 1
    assert worn[2].driver.vitals.lost == worn[2].next_sample - worn[2].samples
    for one in worn:
        one.check_order()
