"""Bluetooth without a radio: the real bleak against a simulated service on a private D-Bus, in one test's loop."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Literal
from unittest.mock import patch

from hal.sim.bluetooth.bluez import FakeBlueZ, radio
from hal.sim.bluetooth.private_bus import PrivateBus
from tests.helpers.tools import need_tools


class Bluetooth:
    """`bus` is the private D-Bus, `radio` the simulated service that peripherals are published on."""

    def __init__(self, bus: PrivateBus, service: FakeBlueZ) -> None:
        self.bus = bus
        self.radio = service


@asynccontextmanager
async def bluetooth(folder: Path, *, policy: Literal["open", "denied"] = "open") -> AsyncIterator[Bluetooth]:
    """A private D-Bus that bleak takes for the system's, until the block ends. Skips without `dbus-daemon`."""
    need_tools("dbus-daemon")
    with PrivateBus(folder, policy=policy) as bus, patch.dict(os.environ, {"DBUS_SYSTEM_BUS_ADDRESS": bus.address}):
        service = radio(bus.address)
        await service.start()
        try:
            yield Bluetooth(bus, service)
        finally:
            await _leave_the_bus()
            await service.close()


async def _leave_the_bus() -> None:
    """End bleak's connection to the bus, which it keeps for as long as its event loop lives."""
    from bleak.backends.bluezdbus import manager

    instance = manager._global_instances.pop(asyncio.get_running_loop(), None)
    if instance is None:
        return
    if instance._bus is not None:
        instance._bus.disconnect()
        with suppress(Exception):
            await instance._bus.wait_for_disconnect()
    if instance._bus_watcher_task is not None:
        await asyncio.wait({instance._bus_watcher_task})
