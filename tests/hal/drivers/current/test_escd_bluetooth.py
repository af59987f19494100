"""The wireless direct current stimulator through the real Bluetooth library, over a private D-Bus."""

import asyncio
import time
from pathlib import Path

import pytest

from hal.catalogue import DeviceSpec, build
from hal.drivers.current.escd import Escd
from hal.links import ble_radio
from hal.roles import CurrentProgram
from hal.sim.current import escd_engine as engine
from hal.sim.current.escd_device import WirelessEscd
from hal.sim.far_end import FAR_ENDS
from hal.sim.world import SimulatedWorld
from tests.helpers.bluetooth import bluetooth
from tests.helpers.far_ends import finishes, until

pytestmark = pytest.mark.system


async def test_a_lost_radio_link_ramps_down_at_the_device_and_is_unknown_here(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(ble_radio, "SCAN_S", 0.5)
    async with bluetooth(tmp_path) as air:
        world = SimulatedWorld(4, tmp_path, also=("escd_ble",), bus=air.bus.address)
        far = world.also["escd_ble"]
        assert isinstance(far, WirelessEscd)
        await far.plug()
        serving = asyncio.create_task(far.run())
        kind = FAR_ENDS["escd_ble"]
        device = build(DeviceSpec("current", kind.driver, far.address), time.monotonic_ns)
        assert isinstance(device, Escd)
        try:
            await finishes(device.open(), 20)
            await until(lambda: device.status.phase == "idle", 10)
            await finishes(device.prepare(CurrentProgram(2.5, 60, 5)))
            await finishes(device.start())
            await until(lambda: (device.status.measured_ma or 0) > 0.3)
            fault = world.add_fault("escd_ble.cable_out@0+4")
            await until(lambda: device.status.phase == "unknown")
            assert "UNKNOWN - check device" in device.vitals.notes
            await until(lambda: far.engine.fault == engine.LINK_SILENT)
            assert fault.fired_at_s is not None
            await until(lambda: device.health.state == "ok", 30)
            await finishes(device.stop())
            await until(lambda: far.engine.phase == engine.IDLE, 10)
            assert device.vitals.rssi_dbm is not None
        finally:
            await device.close()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
