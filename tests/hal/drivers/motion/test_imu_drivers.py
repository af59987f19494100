"""Drivers of inertial sensors with their simulated sensors, over a link in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hal.device import SetupError
from hal.drivers.motion.motion_stream import TOLD_WITHIN_PPM
from hal.drivers.motion.movella_dot import TOO_SLOW, MovellaDot
from hal.drivers.motion.witmotion import WitMotion
from hal.roles.motion import MotionSensor
from hal.sim.bluetooth.peripheral import Characteristic
from hal.sim.motion.imu_device import Capture2GoDevice, DotDevice, WitMotionDevice
from tests.helpers.far_ends import finishes, until
from tests.helpers.gatt import MemoryLink, act
from tests.helpers.imus import Legs, Worn

SENSORS = ("imu_foot_left", "imu_nus_left", "imu_capture2go", "imu_dot")


@asynccontextmanager
async def wearing(
    folder: Path, name: str, options: dict[str, Any] | None = None, *, opened: bool = True
) -> AsyncIterator[tuple[Legs, Worn]]:
    legs = Legs(folder)
    sensor = legs.sensor(name, 4321)
    link = MemoryLink(sensor.peripheral)
    worn = Worn(sensor, link, options)
    serving = asyncio.create_task(act(sensor, link, 0.004))
    try:
        if opened:
            await finishes(worn.driver.open(), 10)
        yield legs, worn
    finally:
        await finishes(worn.driver.close())
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def _streams_and_loses_nothing_unseen(name: str, rate_hz: float, unit: str, tmp_path: Path) -> None:
    async with wearing(tmp_path, name, {"placement": "foot_left"}) as (legs, worn):
        driver = worn.driver
        assert isinstance(driver, MotionSensor)
        assert (driver.role, driver.placement, driver.rate_hz, driver.counter_unit) == (
            "imu",
            "foot_left",
            rate_hz,
            unit,
        )
        await until(lambda: worn.samples > rate_hz * 1.5, 10)
        fault = legs.fault(f"{name}.lost_samples:6")
        await until(lambda: driver.vitals.lost > 0, 10)
        assert fault.fired_at_s is not None
        have = worn.samples
        await until(lambda: worn.samples > have + rate_hz, 10)
        worn.check_loss()
        worn.check_order()
        vitals = driver.vitals
        assert vitals.rate_hz == pytest.approx(rate_hz, rel=0.1)
        assert vitals.battery_pct is not None
        assert vitals.rssi_dbm == -58
        assert vitals.clock_offset_ms is not None
        # seconds do not tell a crystal's drift, and what is not known is not shown
        assert vitals.clock_drift_ppm is None or driver.clock.drift_within_ppm < TOLD_WITHIN_PPM
        assert vitals.clock_spread_ms is not None
        block = worn.blocks[-1]
        assert (block.counts is None) == (unit == "")
        norms = np.linalg.norm(np.concatenate([b.accel_m_s2 for b in worn.blocks]), axis=1)
        assert 9 < np.median(norms) < 11
    worn.check_order()


async def _leaves_a_marked_gap(name: str, tmp_path: Path) -> None:
    async with wearing(tmp_path, name) as (legs, worn):
        await until(lambda: worn.samples > 60, 10)
        fault = legs.fault(f"{name}.cable_out@0+0.4")
        await until(lambda: worn.driver.health.state == "lost", 5)
        assert fault.fired_at_s is not None
        before = worn.next_sample
        await until(lambda: worn.next_sample > before + 60, 15)
        worn.check_order()
        gap = next(block for block in worn.blocks if block.first_sample >= before)
        pause_s = (gap.sample_ns[0] - worn.blocks[worn.blocks.index(gap) - 1].sample_ns[-1]) / 1e9
        assert pause_s > 0.3
        assert gap.lost == pytest.approx(pause_s * worn.driver.rate_hz, abs=12)
        assert worn.driver.health.reconnects >= 1


async def _shows_silence_and_survives_noise(name: str, tmp_path: Path) -> None:
    async with wearing(tmp_path, name) as (legs, worn):
        await until(lambda: worn.samples > 40, 10)
        noise = legs.fault(f"{name}.garbage@0+0.3")
        await until(lambda: noise.fired_at_s is not None and not noise.active(legs.clock.now_s()))
        have = worn.samples
        await until(lambda: worn.samples > have + 40, 10)
        worn.check_order()
        silence = legs.fault(f"{name}.silence@0+1")
        await until(lambda: worn.driver.health.state == "silent", 3)
        assert silence.fired_at_s is not None
        await until(lambda: worn.driver.health.state == "ok", 10)


async def test_sensors_stream_and_lose_nothing_unseen(tmp_path: Path) -> None:
    kinds = zip(SENSORS, (100, 100, 200, 60), ("", "us", "ns", "us"), strict=True)
    await asyncio.gather(*(_streams_and_loses_nothing_unseen(*kind, tmp_path) for kind in kinds))


async def test_a_lost_connection_leaves_a_marked_gap_and_no_repeat(tmp_path: Path) -> None:
    await asyncio.gather(*(_leaves_a_marked_gap(name, tmp_path) for name in SENSORS))


async def test_silence_is_seen_and_noise_is_survived(tmp_path: Path) -> None:
    await asyncio.gather(*(_shows_silence_and_survives_noise(name, tmp_path) for name in SENSORS))


async def test_witmotion_conversation(tmp_path: Path) -> None:
    async with wearing(tmp_path, "imu_foot_left", {"rate_hz": 100.0, "low_pass_hz": 188}) as (_, worn):
        sensor, driver = worn.far_end, worn.driver
        assert isinstance(sensor, WitMotionDevice)
        assert isinstance(driver, WitMotion)
        await until(lambda: worn.fields and driver.temperature_c, 5)
        asked = [command.hex() for command in sensor.written]
        assert asked[:10] == [
            "ffaa270300",
            "ffaa6988b5",
            "ffaa030900",
            "ffaa270300",
            "ffaa271f00",
            "ffaa6988b5",
            "ffaa1f0100",
            "ffaa271f00",
            "ffaa277200",
            "ffaa276400",
        ]
        assert sensor.saved == 0
        assert (driver.temperature_c, sensor.rate_hz) == (31.5, 100.0)
        assert 40 < np.linalg.norm(worn.fields[0].field_ut) < 60
        assert worn.fields[0].field_ut[0] == pytest.approx(worn.fields[0].raw[0] * 0.15)
        sensor.written.clear()
        await finishes(driver.calibrate_motion(rest_s=0.01))
        await finishes(driver.start_magnetometer_calibration())
        await finishes(driver.end_calibration())
        await finishes(driver.zero_heading())
        await finishes(driver.save_settings())
        told = [command.hex() for command in sensor.written if command[2] not in (0x27, 0x69)]
        assert told == ["ffaa010100", "ffaa010000", "ffaa010700", "ffaa010000", "ffaa010400", "ffaa000000"]
        assert sensor.saved == 1


async def test_a_witmotion_that_does_not_take_its_rate_is_not_used(tmp_path: Path) -> None:
    async with wearing(tmp_path, "imu_foot_left", opened=False) as (_, worn):
        assert isinstance(worn.far_end, WitMotionDevice)
        worn.far_end.registers = _Stubborn(worn.far_end.registers)
        await finishes(worn.driver.open())
        await until(lambda: "rate was set to code 9 and it tells 6" in worn.driver.health.error)
        assert not worn.blocks


class _Stubborn(dict[int, int]):
    def __setitem__(self, register: int, value: int) -> None:
        if register != 0x03:
            super().__setitem__(register, value)


async def test_swapped_roles_are_found_by_what_they_can_do(tmp_path: Path) -> None:
    async with wearing(tmp_path, "imu_foot_left", opened=False) as (_, worn):
        sensor = worn.far_end
        assert isinstance(sensor, WitMotionDevice)
        takes = Characteristic(sensor.TELLS, ("write",), on_write=sensor._on_write)
        tells = Characteristic(sensor.TAKES, ("notify",))
        sensor.peripheral.services[sensor.SERVICE] = (takes, tells)
        sensor.TELLS, sensor.TAKES = sensor.TAKES, sensor.TELLS  # type: ignore[misc]
        await finishes(worn.driver.open())
        await until(lambda: worn.samples > 20, 10)


async def test_the_unknown_sixteen_byte_model_is_refused(tmp_path: Path) -> None:
    async with wearing(tmp_path, "imu_foot_left", opened=False) as (_, worn):
        sensor = worn.far_end
        assert isinstance(sensor, WitMotionDevice)
        sensor.answers = False
        sensor.send_packet = lambda _first, _felt: sensor.notify(sensor.TELLS, b"\x55\x61" + bytes(14))  # type: ignore[method-assign]
        await finishes(worn.driver.open())
        await until(lambda: "16-byte frames" in worn.driver.health.error)


async def test_capture2go_conversation_and_flags(tmp_path: Path) -> None:
    async with wearing(tmp_path, "imu_capture2go") as (legs, worn):
        sensor = worn.far_end
        assert isinstance(sensor, Capture2GoDevice)
        await until(lambda: worn.samples > 100, 10)
        assert [int.from_bytes(command[6:8], "little") for command in sensor.written] == [0x70, 0x158, 0x120, 0x150]
        assert not any(block.clipped is None or block.clipped.any() for block in worn.blocks)
        assert not worn.driver.vitals.attention
        sensor.flags = 0x01 | 0x04
        await until(lambda: worn.blocks[-1].clipped is not None and worn.blocks[-1].clipped.all(), 5)
        assert "missed time" in worn.driver.vitals.notes[0]
        assert "end of its range" in worn.driver.vitals.attention[0].what
        low = legs.fault("imu_capture2go.low_battery:7")
        await until(lambda: worn.driver.vitals.battery_pct == 7, 5)
        assert low.fired_at_s is not None
    assert int.from_bytes(sensor.written[-1][6:8], "little") == 0x158


async def test_a_complaint_of_capture2go_is_told(tmp_path: Path) -> None:
    async with wearing(tmp_path, "imu_capture2go", {"rate_hz": 100.0}) as (_, worn):
        # the simulated sensor streams at 200 Hz only
        assert "refuses command 0150 with error fb" in worn.driver.health.error


async def test_dot_conversation_and_the_wrap_of_its_clock(tmp_path: Path) -> None:
    async with wearing(tmp_path, "imu_dot", {"mode": 26}) as (_, worn):
        sensor = worn.far_end
        assert isinstance(sensor, DotDevice)
        assert isinstance(worn.driver, MovellaDot)
        assert TOO_SLOW in worn.driver.vitals.notes
        assert [command[:3].hex() for command in sensor.written] == ["01001a", "100000", "01011a"]
        sensor._next += int(60 * 9.5)  # just before 2^32 us
        sensor._origin_s -= 9.5
        await until(lambda: worn.samples > 120, 10)
        worn.check_order()
        counts = np.concatenate([block.counts for block in worn.blocks if block.counts is not None])
        assert (np.diff(counts) > 0).all()
        assert counts[-1] > 2**32
    assert sensor.written[-1].hex() == "01001a"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("imu_foot_left", {"rate_hz": 60.0}),
        ("imu_foot_left", {"low_pass_hz": 30}),
        ("imu_foot_left", {"magnetometer_hz": 50.0}),
        ("imu_foot_left", {"placement": "hat"}),
        ("imu_nus_left", {"rate_hz": 1.0}),
        ("imu_capture2go", {"rate_hz": 60.0}),
        ("imu_dot", {"rate_hz": 120}),
        ("imu_dot", {"mode": 5}),
        ("imu_dot", {"mode": 20}),
    ],
)
def test_options_that_make_no_sense(name: str, options: dict[str, Any], tmp_path: Path) -> None:
    sensor = Legs(tmp_path).sensor(name, 1)
    with pytest.raises(SetupError):
        Worn(sensor, MemoryLink(sensor.peripheral), options)
