"""A simulated Bluetooth service: `org.bluez` with one adapter on a private D-Bus, and the peripherals in its reach.

The station's own Bluetooth library talks to it unchanged. Order of signals as in BlueZ: a scan makes a device's object
appear and its signal strength change; a connection sets Connected, exports services and characteristics, then sets
ServicesResolved; a lost one takes them away again, then clears ServicesResolved and Connected.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from dbus_fast import DBusError, Message, MessageType
from dbus_fast.aio import MessageBus

from hal.sim.bluetooth import bluez_objects as objects
from hal.sim.bluetooth.bluez_gatt import FAILED, GattObjects
from hal.sim.bluetooth.bluez_objects import (
    ADAPTER,
    ADAPTER_PATH,
    CHARACTERISTIC,
    DEVICE,
    OBJECT_MANAGER,
    PROPERTIES,
    ObjectTree,
)
from hal.sim.bluetooth.bluez_scan import Discovery
from hal.sim.bluetooth.peripheral import Characteristic, Peripheral
from hal.sim.bluetooth.unhurried_bus import UnhurriedSender

NAME = "org.bluez"
CONNECT_S = 0.03
RESOLVE_S = 0.03
ABORTED = "le-connection-abort-by-local"
NOT_READY = "org.bluez.Error.NotReady"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"

Answer = Message | None
"""None: the answer is sent later."""


class FakeBlueZ:
    """The service on the bus at `bus_address`, and its radio.

    `refuse` maps a method's name ("Connect") to the error and text it answers with; methods named in `hang` never
    answer. The next `aborts` connections break while they are made, the next `hollow` ones count as resolved before
    there is a service. A connection to what does not advertise waits for as long as the client does.
    """

    def __init__(self, bus_address: str) -> None:
        self.bus_address = bus_address
        self.refuse: dict[str, tuple[str, str]] = {}
        self.hang: set[str] = set()
        self.aborts = 0
        self.hollow = 0
        self._bus: MessageBus | None = None
        self._sender: UnhurriedSender | None = None
        self._starting = asyncio.Lock()
        self._tree = ObjectTree(self._send)
        self._peripherals: dict[str, Peripheral] = {}
        self._gatt = GattObjects(self._tree)
        self._discovery = Discovery(self._tree, self._peripherals)
        self._users: set[Peripheral] = set()
        self._returning: asyncio.Task[None] | None = None

    # its life on the bus

    @property
    def alive(self) -> bool:
        """Whether the service is on the bus."""
        return self._bus is not None and self._bus.connected

    async def start(self) -> None:
        """Join the bus with a powered adapter; nothing when there already. Raises OSError where there is no bus."""
        async with self._starting:
            if self.alive:
                return
            self.die()
            bus = MessageBus(bus_address=self.bus_address)
            await bus.connect()
            bus.add_message_handler(self._on_message)
            self._bus, self._sender = bus, UnhurriedSender(bus)
            await bus.call(_bus_call("AddMatch", "s", ["type='signal',member='NameOwnerChanged'"]))
            self._tree.objects.clear()
            self._tree.add(ADAPTER_PATH, ADAPTER, objects.adapter_properties())
            await bus.request_name(NAME)

    def die(self) -> None:
        """Vanish from the bus without a word, as a service that crashed; peripherals stay in reach. See `start`."""
        bus, self._bus, self._sender = self._bus, None, None
        if bus is not None:
            bus.disconnect()
        self._tree.objects.clear()
        self._discovery.stop()
        for peripheral in self._peripherals.values():
            self._gatt.forget(peripheral)
            peripheral.link_down()

    async def close(self) -> None:
        """Vanish, and wait until the connection to the bus is released."""
        bus = self._bus
        self.die()
        if bus is not None:
            with contextlib.suppress(Exception):
                await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]

    # what is in reach

    async def publish(self, peripheral: Peripheral) -> None:
        """Bring a peripheral into reach, starting the service where it is not there."""
        self._users.add(peripheral)
        peripheral.radio = self
        self._peripherals[objects.device_path(peripheral)] = peripheral
        await self.start()

    def withdraw(self, peripheral: Peripheral) -> None:
        """Take it out of reach: the connection ends, no scan finds it."""
        self.drop(peripheral)
        self._peripherals.pop(objects.device_path(peripheral), None)

    def leave(self, peripheral: Peripheral) -> None:
        """It will not come back; after the last one the service leaves the bus."""
        self.withdraw(peripheral)
        self._users.discard(peripheral)
        if not self._users:
            self.die()

    def power(self, on: bool) -> None:
        """Switch the adapter on or off; off ends every connection and scan."""
        if not on:
            for peripheral in self._peripherals.values():
                self.drop(peripheral)
            self._discovery.stop()
        self._tree.change(ADAPTER_PATH, ADAPTER, Powered=on)

    def mishap(self, action: str) -> bool:
        """Carry out "off", "on", "die" or "return" (a little later); whether the service is on the bus now."""
        actions: dict[str, Callable[[], None]] = {
            "off": lambda: self.power(False),
            "on": lambda: self.power(True),
            "die": self.die,
            "return": self._return,
        }
        if action not in actions:
            raise ValueError(f"bluetooth: no action {action!r}; valid: {', '.join(actions)}")
        actions[action]()
        return self.alive

    def _return(self) -> None:
        self._returning = asyncio.create_task(self.start())

    def pull_adapter(self) -> None:
        """Pull the adapter out of the box."""
        for peripheral in self._peripherals.values():
            self.drop(peripheral)
        self._discovery.stop()
        self._tree.remove(ADAPTER_PATH)

    # the radio, for peripherals

    def deliver(self, peripheral: Peripheral, batch: Sequence[tuple[Characteristic, bytes]]) -> None:
        """Carry notifications to the station, together and in order."""
        for characteristic, data in batch:
            self._gatt.notify(characteristic, data)

    def refresh(self, peripheral: Peripheral) -> None:
        """The next advertisement shows it."""

    def drop(self, peripheral: Peripheral) -> None:
        """End the connection, with the signals of a link that was lost."""
        path = objects.device_path(peripheral)
        self._gatt.remove(peripheral)
        if path in self._tree.objects and self._tree.value(path, DEVICE, "Connected"):
            self._tree.change(path, DEVICE, ServicesResolved=False)
            self._tree.change(path, DEVICE, Connected=False)
        peripheral.link_down()

    # what clients ask

    def _send(self, message: Message) -> None:
        if self._sender is not None:
            self._sender.send(message)

    def _on_message(self, message: Message) -> Message | bool | None:
        if message.message_type is MessageType.SIGNAL and message.member == "NameOwnerChanged":
            if not message.body[2]:
                self._client_left(message.body[0])
            return None
        if message.message_type is not MessageType.METHOD_CALL:
            return None
        if message.member in self.hang:
            return True
        if message.member in self.refuse:
            raise DBusError(*self.refuse[message.member])
        method = self._methods().get((message.interface, message.member))
        if method is None:
            return None
        if message.path != "/" and message.path not in self._tree.objects:
            raise DBusError(UNKNOWN_OBJECT, f"no object {message.path}")
        if answer := method(message):
            self._send(answer)
        return True

    def _methods(self) -> dict[tuple[str | None, str | None], Callable[[Message], Answer]]:
        return {
            (OBJECT_MANAGER, "GetManagedObjects"): self._tree.managed,
            (PROPERTIES, "Get"): self._tree.get,
            (PROPERTIES, "GetAll"): self._tree.get_all,
            (ADAPTER, "SetDiscoveryFilter"): Message.new_method_return,
            (ADAPTER, "StartDiscovery"): self._start_discovery,
            (ADAPTER, "StopDiscovery"): self._stop_discovery,
            (ADAPTER, "RemoveDevice"): self._remove_device,
            (DEVICE, "Connect"): self._connect,
            (DEVICE, "Disconnect"): self._disconnect,
            (CHARACTERISTIC, "StartNotify"): self._gatt.start_notify,
            (CHARACTERISTIC, "StopNotify"): self._gatt.stop_notify,
            (CHARACTERISTIC, "WriteValue"): self._gatt.write,
            (CHARACTERISTIC, "ReadValue"): self._gatt.read,
        }

    def _start_discovery(self, message: Message) -> Answer:
        if not self._tree.value(ADAPTER_PATH, ADAPTER, "Powered"):
            raise DBusError(NOT_READY, "Resource Not Ready")
        self._discovery.begin(str(message.sender))
        return Message.new_method_return(message)

    def _stop_discovery(self, message: Message) -> Answer:
        if not self._discovery.end(str(message.sender)):
            raise DBusError(FAILED, "No discovery started")
        return Message.new_method_return(message)

    def _remove_device(self, message: Message) -> Answer:
        path = str(message.body[0])
        if path in self._peripherals:
            self.drop(self._peripherals[path])
        self._tree.remove(path)
        return Message.new_method_return(message)

    def _connect(self, message: Message) -> Answer:
        path = str(message.path)
        if self._tree.value(path, DEVICE, "Connected"):
            return Message.new_method_return(message)
        loop = asyncio.get_running_loop()
        loop.call_later(CONNECT_S, self._connected, message, path)
        return None

    def _connected(self, message: Message, path: str) -> None:
        peripheral = self._peripherals.get(path)
        if peripheral is None or not peripheral.advertising or path not in self._tree.objects:
            return
        self._tree.change(path, DEVICE, Connected=True)
        if self.aborts:
            self.aborts -= 1
            self._send(Message.new_error(message, FAILED, ABORTED))
            self._tree.change(path, DEVICE, Connected=False)
            return
        peripheral.link_up()
        self._send(Message.new_method_return(message))
        asyncio.get_running_loop().call_later(RESOLVE_S, self._resolve, path, peripheral)

    def _resolve(self, path: str, peripheral: Peripheral) -> None:
        if not peripheral.connected or path not in self._tree.objects:
            return
        if self.hollow:
            self.hollow -= 1
            self._tree.change(path, DEVICE, ServicesResolved=True)
        else:
            self._gatt.resolve(peripheral)

    def _disconnect(self, message: Message) -> Answer:
        if peripheral := self._peripherals.get(str(message.path)):
            asyncio.get_running_loop().call_soon(self.drop, peripheral)
        return Message.new_method_return(message)

    def _client_left(self, name: str) -> None:
        """As the real service: a client's scan and subscriptions end with it, its connections do not."""
        self._discovery.end(name)
        self._gatt.client_left(name)


_RADIOS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, FakeBlueZ]] = WeakKeyDictionary()


def radio(bus_address: str) -> FakeBlueZ:
    """The radio that all far ends of this event loop share on that bus; it joins the bus with its first peripheral."""
    on_loop = _RADIOS.setdefault(asyncio.get_running_loop(), {})
    return on_loop.setdefault(bus_address, FakeBlueZ(bus_address))


def _bus_call(member: str, signature: str, body: list[object]) -> Message:
    name = "org.freedesktop.DBus"
    path = "/org/freedesktop/DBus"
    return Message(destination=name, path=path, interface=name, member=member, signature=signature, body=body)
