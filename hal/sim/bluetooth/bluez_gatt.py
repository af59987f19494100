"""The characteristics of connected peripherals on D-Bus: subscribed, written, read, notified."""

from dbus_fast import DBusError, Message

from hal.sim.bluetooth import bluez_objects as objects
from hal.sim.bluetooth.bluez_objects import CHARACTERISTIC, DEVICE, ObjectTree
from hal.sim.bluetooth.peripheral import AttError, Characteristic, Peripheral

FAILED = "org.bluez.Error.Failed"
NOT_PERMITTED = "org.bluez.Error.NotPermitted"
NOT_SUPPORTED = "org.bluez.Error.NotSupported"
PATH_PARTS = 5
"""Slashes in the path of a service."""


class GattObjects:
    """Which characteristic is at which path, and which clients listen to it."""

    def __init__(self, tree: ObjectTree) -> None:
        self._tree = tree
        self._members: dict[str, Characteristic] = {}
        self._paths: dict[Characteristic, str] = {}
        self._listeners: dict[Characteristic, set[str]] = {}

    def resolve(self, peripheral: Peripheral) -> None:
        """Show all services and characteristics, then say that they are resolved."""
        for path, interface, properties, characteristic in objects.gatt_objects(peripheral):
            self._tree.add(path, interface, properties)
            if characteristic is not None:
                self._members[path] = characteristic
                self._paths[characteristic] = path
        self._tree.change(objects.device_path(peripheral), DEVICE, ServicesResolved=True)

    def remove(self, peripheral: Peripheral) -> None:
        """Take them away again."""
        self.forget(peripheral)
        below = f"{objects.device_path(peripheral)}/service"
        for service in [p for p in self._tree.objects if p.startswith(below) and p.count("/") == PATH_PARTS]:
            self._tree.remove(service)

    def forget(self, peripheral: Peripheral) -> None:
        """Know nothing more of it, without a word on the bus."""
        for members in peripheral.services.values():
            for member in members:
                self._members.pop(self._paths.pop(member, ""), None)
                self._listeners.pop(member, None)

    def notify(self, characteristic: Characteristic, data: bytes) -> None:
        """Tell the value."""
        self._tree.change(self._paths.get(characteristic, ""), CHARACTERISTIC, Value=data)

    def client_left(self, name: str) -> None:
        """A client's subscriptions end with it."""
        for characteristic, listeners in tuple(self._listeners.items()):
            if name in listeners:
                listeners.discard(name)
                self._tell(characteristic)

    # methods

    def start_notify(self, message: Message) -> Message:
        """Subscribe the client."""
        return self._set_notify(message, on=True)

    def stop_notify(self, message: Message) -> Message:
        """Unsubscribe the client."""
        return self._set_notify(message, on=False)

    def write(self, message: Message) -> Message:
        """Hand what was written to the peripheral, and its error to the client."""
        characteristic = self._member(message)
        if not {"write", "write-without-response"} & set(characteristic.flags):
            raise DBusError(NOT_PERMITTED, "Write not permitted")
        if characteristic.on_write is not None:
            try:
                characteristic.on_write(bytes(message.body[0]))
            except AttError as error:
                raise _refused(error) from error
        return Message.new_method_return(message)

    def read(self, message: Message) -> Message:
        """Ask the peripheral for the value."""
        characteristic = self._member(message)
        if "read" not in characteristic.flags or characteristic.read is None:
            raise DBusError(NOT_PERMITTED, "Read not permitted")
        try:
            return Message.new_method_return(message, "ay", [characteristic.read()])
        except AttError as error:
            raise _refused(error) from error

    def _set_notify(self, message: Message, *, on: bool) -> Message:
        characteristic = self._member(message)
        if not {"notify", "indicate"} & set(characteristic.flags):
            raise DBusError(NOT_SUPPORTED, "Operation is not supported")
        listeners = self._listeners.setdefault(characteristic, set())
        (listeners.add if on else listeners.discard)(str(message.sender))
        self._tell(characteristic)
        return Message.new_method_return(message)

    def _tell(self, characteristic: Characteristic) -> None:
        on = bool(self._listeners.get(characteristic))
        if characteristic.notifying != on:
            characteristic.notifying = on
            self._tree.change(self._paths[characteristic], CHARACTERISTIC, Notifying=on)
            if characteristic.on_subscribe is not None:
                characteristic.on_subscribe(on)

    def _member(self, message: Message) -> Characteristic:
        if (found := self._members.get(str(message.path))) is None:
            raise DBusError(FAILED, "Not connected")
        return found


def _refused(error: AttError) -> DBusError:
    return DBusError(FAILED, f"Operation failed with ATT error: 0x{error.code:02x}")
