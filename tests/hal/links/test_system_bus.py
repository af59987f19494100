"""Our own connection to the message bus ends whenever it is given up."""

import asyncio
from pathlib import Path

import pytest

from hal.device import LinkDenied, LinkNotFound
from hal.links.ble_service import check_adapter
from hal.links.system_bus import system_bus
from tests.helpers.bluetooth import bluetooth
from tests.helpers.far_ends import finishes


async def test_an_attempt_given_up_at_any_moment_ends(tmp_path: Path) -> None:
    async def connect() -> None:
        async with system_bus():
            await asyncio.sleep(10)

    async with bluetooth(tmp_path):
        for pause_us in range(0, 4000, 100):
            attempt = asyncio.create_task(connect())
            await asyncio.sleep(pause_us / 1e6)
            attempt.cancel()
            await finishes(_ended(attempt))


async def _ended(task: asyncio.Task[None]) -> None:
    await asyncio.wait((task,))


async def test_the_adapter_is_told(tmp_path: Path) -> None:
    async with bluetooth(tmp_path) as air:
        assert await check_adapter() == await check_adapter("hci0") == "hci0"
        with pytest.raises(LinkNotFound, match="no Bluetooth adapter hci7"):
            await check_adapter("hci7")
        air.radio.power(False)
        with pytest.raises(LinkDenied, match="switched off"):
            await check_adapter()
        air.radio.pull_adapter()
        with pytest.raises(LinkNotFound, match="this box has no Bluetooth adapter"):
            await check_adapter()
        air.radio.die()
        with pytest.raises(LinkNotFound, match="service is not running"):
            await check_adapter()
        air.bus.stop()
        with pytest.raises(LinkNotFound, match="cannot be reached"):
            await check_adapter()
