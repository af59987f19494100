"""Whether this box can speak Bluetooth at all: its service runs, an adapter is there and switched on.

Loads the D-Bus library and bleak's words: see `hal.links.ble`.
"""

import asyncio
from typing import Any

from dbus_fast import Message, MessageType

from hal.device import LinkNotFound
from hal.links.ble_errors import FAILURES, answered, explain, service_silent, switched_off
from hal.links.system_bus import system_bus

ANSWER_S = 3.0
THE_BOX = "Bluetooth"


async def check_adapter(adapter: str = "") -> str:
    """The name of the adapter that would be used, `adapter` or any that is on; raises `LinkError` or `NoAnswer`."""
    try:
        async with asyncio.timeout(ANSWER_S):
            adapters = await _adapters()
    except TimeoutError as error:
        raise service_silent() from error
    except FAILURES as error:
        raise explain(error, THE_BOX) from error
    if adapter:
        adapters = {name: on for name, on in adapters.items() if name == adapter}
    if not adapters:
        raise LinkNotFound(
            f"this box has no Bluetooth adapter{f' {adapter}' if adapter else ''}",
            remedy="plug in the Bluetooth adapter, or correct the address in the device file",
        )
    powered = [name for name, on in sorted(adapters.items()) if on]
    if not powered:
        raise switched_off()
    return powered[0]


async def _adapters() -> dict[str, bool]:
    """All adapters by name (hci0), and whether each is on."""
    ask = Message(
        destination="org.bluez",
        path="/",
        interface="org.freedesktop.DBus.ObjectManager",
        member="GetManagedObjects",
    )
    async with system_bus() as bus:
        reply = await bus.call(ask)
    if reply.message_type is MessageType.ERROR:
        raise answered(str(reply.error_name), THE_BOX)
    objects: dict[str, dict[str, dict[str, Any]]] = reply.body[0]
    return {
        path.rpartition("/")[2]: bool(interfaces["org.bluez.Adapter1"]["Powered"].value)
        for path, interfaces in objects.items()
        if "org.bluez.Adapter1" in interfaces
    }
