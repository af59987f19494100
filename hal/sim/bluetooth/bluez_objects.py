"""The objects of a simulated Bluetooth service on D-Bus: a tree of properties that tells of every change.

Names, types and paths as in BlueZ's published D-Bus interface; clients take handles from the ends of the paths.
"""

from collections.abc import Callable, Mapping
from typing import Any

from dbus_fast import DBusError, Message, Variant

from hal.sim.bluetooth.peripheral import Characteristic, Peripheral

ADAPTER, DEVICE = "org.bluez.Adapter1", "org.bluez.Device1"
SERVICE, CHARACTERISTIC = "org.bluez.GattService1", "org.bluez.GattCharacteristic1"
PROPERTIES, OBJECT_MANAGER = "org.freedesktop.DBus.Properties", "org.freedesktop.DBus.ObjectManager"
ADAPTER_PATH = "/org/bluez/hci0"
FIRST_HANDLE = 0x0A

_TYPES = {
    **dict.fromkeys(("Address", "AddressType", "Name", "Alias", "UUID"), "s"),
    **dict.fromkeys(("Powered", "Discovering", "Paired", "Bonded", "Trusted", "Blocked", "LegacyPairing"), "b"),
    **dict.fromkeys(("Connected", "ServicesResolved", "Primary", "Notifying"), "b"),
    **dict.fromkeys(("Adapter", "Device", "Service"), "o"),
    **dict.fromkeys(("Roles", "UUIDs", "Flags"), "as"),
    "RSSI": "n",
    "Value": "ay",
    "MTU": "q",
}

Interfaces = dict[str, dict[str, Variant]]


class ObjectTree:
    """All objects, path -> interface -> properties. `send` puts a message on the bus."""

    def __init__(self, send: Callable[[Message], None]) -> None:
        self.objects: dict[str, Interfaces] = {}
        self._send = send

    def add(self, path: str, interface: str, properties: Mapping[str, Any]) -> None:
        """An object appears; nothing where it is there already."""
        if path not in self.objects:
            self.objects[path] = {interface: _variants(properties)}
            self._signal("/", OBJECT_MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, self.objects[path]])

    def remove(self, path: str) -> None:
        """An object, and all below it, disappears; the deepest first."""
        for gone in sorted((p for p in self.objects if p == path or p.startswith(f"{path}/")), reverse=True):
            interfaces = list(self.objects.pop(gone))
            self._signal("/", OBJECT_MANAGER, "InterfacesRemoved", "oas", [gone, interfaces])

    def change(self, path: str, interface: str, /, **properties: Any) -> None:
        """Properties take new values, or are told again; nothing where the object is gone."""
        if path in self.objects:
            changed = _variants(properties)
            self.objects[path][interface].update(changed)
            self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, changed, []])

    def forget(self, path: str, interface: str, name: str) -> None:
        """A property is no longer known."""
        if path in self.objects and self.objects[path][interface].pop(name, None) is not None:
            self._signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, {}, [name]])

    def value(self, path: str, interface: str, name: str) -> Any:
        """A property's value; raises KeyError."""
        return self.objects[path][interface][name].value

    # methods

    def managed(self, message: Message) -> Message:
        """GetManagedObjects: everything."""
        return Message.new_method_return(message, "a{oa{sa{sv}}}", [self.objects])

    def get(self, message: Message) -> Message:
        """Get: one property."""
        interface, name = message.body
        value = self.objects[str(message.path)].get(interface, {}).get(name)
        if value is None:
            raise DBusError("org.freedesktop.DBus.Error.InvalidArgs", f"no such property {name}")
        return Message.new_method_return(message, "v", [value])

    def get_all(self, message: Message) -> Message:
        """GetAll: the properties of one interface."""
        return Message.new_method_return(message, "a{sv}", [self.objects[str(message.path)].get(message.body[0], {})])

    def _signal(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        self._send(Message.new_signal(path, interface, member, signature, body))


def adapter_properties() -> dict[str, Any]:
    """A powered adapter that can be a central."""
    return {
        "Address": "00:00:5E:00:53:01",
        "AddressType": "public",
        "Name": "simulated",
        "Alias": "simulated",
        "Powered": True,
        "Discovering": False,
        "Roles": ["central", "peripheral"],
        "UUIDs": [],
    }


def device_path(peripheral: Peripheral) -> str:
    """Where a peripheral's object is."""
    return f"{ADAPTER_PATH}/dev_{peripheral.mac.replace(':', '_')}"


def device_properties(peripheral: Peripheral) -> dict[str, Any]:
    """A peripheral that was seen and is not connected."""
    return {
        "Address": peripheral.mac,
        "AddressType": "random",
        "Name": peripheral.name,
        "Alias": peripheral.name,
        "Adapter": ADAPTER_PATH,
        **dict.fromkeys(("Paired", "Bonded", "Trusted", "Blocked", "LegacyPairing"), False),
        "Connected": False,
        "ServicesResolved": False,
        "UUIDs": list(peripheral.services),
        "RSSI": peripheral.rssi_dbm,
    }


def gatt_objects(peripheral: Peripheral) -> list[tuple[str, str, dict[str, Any], Characteristic | None]]:
    """Path, interface and properties of all services and characteristics, in order."""
    objects: list[tuple[str, str, dict[str, Any], Characteristic | None]] = []
    handle, device = FIRST_HANDLE, device_path(peripheral)
    for uuid, members in peripheral.services.items():
        service = f"{device}/service{handle:04x}"
        objects.append((service, SERVICE, {"UUID": uuid, "Device": device, "Primary": True}, None))
        for member in members:
            handle += 1
            properties = {
                "UUID": member.uuid,
                "Service": service,
                "Value": b"",
                "Notifying": False,
                "Flags": list(member.flags),
                "MTU": peripheral.mtu,
            }
            objects.append((f"{service}/char{handle:04x}", CHARACTERISTIC, properties, member))
            handle += 2
        handle += 1
    return objects


def _variants(properties: Mapping[str, Any]) -> dict[str, Variant]:
    return {name: Variant(_TYPES[name], value) for name, value in properties.items()}
