"""Connections that a killed program left behind: the Bluetooth service keeps them, for hours.

A peripheral that counts as connected does not advertise, so that no scan finds it. Loads the D-Bus library: see
`hal.links.ble`.
"""

import asyncio
import logging
from collections.abc import Callable, Collection

from dbus_fast import Message
from dbus_fast.aio import MessageBus

from hal.links.system_bus import system_bus

logger = logging.getLogger(__name__)

ANSWER_S = 3.0


async def end_stale(adapter: str, fits: Callable[[str, str], bool], ours: Collection[str]) -> None:
    """End connections to what `fits` by address and name, except to the addresses in `ours`.

    `adapter` "" means any. Raises what the D-Bus library raises; TimeoutError where the service does not answer.
    """
    async with asyncio.timeout(ANSWER_S), system_bus() as bus:
        for path in await _stale(bus, adapter, fits, ours):
            logger.warning("%s is still connected from before: disconnecting", path)
            await bus.call(_bluez(path, "org.bluez.Device1", "Disconnect"))


async def _stale(bus: MessageBus, adapter: str, fits: Callable[[str, str], bool], ours: Collection[str]) -> list[str]:
    reply = await bus.call(_bluez("/", "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"))
    found = []
    for path, interfaces in (reply.body[0] if reply.signature == "a{oa{sa{sv}}}" else {}).items():
        device = {name: value.value for name, value in interfaces.get("org.bluez.Device1", {}).items()}
        mac, name = device.get("Address", ""), device.get("Name", "")
        elsewhere = adapter and not path.startswith(f"/org/bluez/{adapter}/")
        if device.get("Connected") and fits(mac, name) and mac not in ours and not elsewhere:
            found.append(path)
    return found


def _bluez(path: str, interface: str, member: str) -> Message:
    return Message(destination="org.bluez", path=path, interface=interface, member=member)
