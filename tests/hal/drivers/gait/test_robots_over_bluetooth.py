"""Treadmill and exoskeleton over the real Bluetooth library, on a private D-Bus."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hal.catalogue import DeviceSpec, build
from hal.device import Device, Reading
from hal.drivers.gait.ftms_treadmill import FtmsTreadmill
from hal.links import ble_radio
from hal.roles import RobotState
from hal.sim.clock import SimClock
from hal.sim.far_end import FAR_ENDS, FarEnd, Surroundings
from hal.sim.faults import Faults
from hal.sim.gait.ftms_device import FtmsDevice
from hal.sim.gait.openexo_device import VALUES, OpenExoDevice
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.patient import Patient
from tests.helpers.bluetooth import bluetooth
from tests.helpers.far_ends import finishes, until

pytestmark = pytest.mark.system


@asynccontextmanager
async def on_air(name: str, folder: Path) -> AsyncIterator[FarEnd]:
    async with bluetooth(folder) as air:
        around = Surroundings(
            name, folder, 1, SimClock(10.0), Faults(), Patient(1), GaitModel(), lambda _s, _pct: None, air.bus.address
        )
        far_end = FAR_ENDS[name].build(around)
        await far_end.plug()
        serving = asyncio.create_task(far_end.run())
        try:
            yield far_end
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)


def made(name: str, far_end: FarEnd, options: dict[str, object]) -> tuple[Device, list[RobotState]]:
    device = build(DeviceSpec("robot", FAR_ENDS[name].driver, far_end.address, options), time.monotonic_ns)
    states: list[RobotState] = []

    def take(reading: Reading) -> None:
        if isinstance(reading, RobotState):
            states.append(reading)

    device.subscribe(take)
    return device, states


async def test_a_treadmill_walks_stops_and_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble_radio, "SCAN_S", 1.0)
    async with on_air("ftms", tmp_path) as far_end:
        belt, states = made("ftms", far_end, {"slew_kmh_s": 1.0})
        assert isinstance(belt, FtmsTreadmill)
        assert isinstance(far_end, FtmsDevice)
        await finishes(belt.open(), 10)
        await until(lambda: states and states[-1].phase == "stand", 10)
        await finishes(belt.take_control())
        await finishes(belt.start_belt())
        await finishes(belt.set_speed(0.8), 15)
        assert states[-1].phase == "walk"
        assert states[-1].speed_kmh == pytest.approx(0.8, abs=0.06)
        await finishes(belt.stop_belt(), 15)
        assert far_end.written[-1] == b"\x08\x01"
        assert belt.vitals.rssi_dbm is not None
        fault = far_end.around.faults.add("ftms.cable_out@0+20", far_end.now_s)
        await until(lambda: belt.health.state == "lost", 10)
        assert fault.strikes
        assert (states[-1].phase, states[-1].speed_kmh) == ("unknown", None)
        assert belt.health.error.startswith("belt state unknown")
        await until(lambda: belt.health.state == "ok", 20)
        await until(lambda: states[-1].phase == "stand")
        await finishes(belt.close(), 10)


async def test_an_exoskeleton_streams_and_hears_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble_radio, "SCAN_S", 1.0)
    async with on_air("openexo", tmp_path) as far_end:
        assert isinstance(far_end, OpenExoDevice)
        far_end.around.gait.fit()
        far_end.around.gait.stand()
        far_end.around.gait.walk(1.2)
        values = [name if name != "time_s" else "-" for name in VALUES]
        robot, states = made("openexo", far_end, {"values": values, "battery": "percent"})
        await finishes(robot.open(), 10)
        await until(lambda: len(states) > 100, 20)
        assert robot.vitals.battery_pct == 87.0
        assert robot.health.dropped == 0
        far_end.around.gait.press_e_stop()
        await until(lambda: states[-1].phase == "fault", 10)
        assert any("motor timeout" in seen.what for seen in robot.vitals.attention)
        await finishes(robot.close(), 10)
        assert not far_end.written
