"""A connection of our own to the system's message bus, where the Bluetooth service lives. Loads the D-Bus library."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from dbus_fast import BusType
from dbus_fast.aio import MessageBus

LEAVE_S = 1.0


@asynccontextmanager
async def system_bus() -> AsyncIterator[MessageBus]:
    """The bus until the block ends, however it ends; raises what the D-Bus library raises."""
    bus = MessageBus(bus_type=BusType.SYSTEM)
    connected = False
    try:
        await bus.connect()
        connected = True
        yield bus
    finally:
        bus.disconnect()
        # An attempt that was given up has cleaned up by itself, and then nobody ever tells of the end.
        if connected:
            with suppress(Exception):
                async with asyncio.timeout(LEAVE_S):
                    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]
