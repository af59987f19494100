"""The simulated Bluetooth service: what it tells on the bus and in which order, and what its far ends share."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from dbus_fast import Message, MessageType
from dbus_fast.aio import MessageBus

from hal.device import LinkDenied, LinkNotFound
from hal.links.address import make_link
from hal.links.ble import BleLink
from hal.sim.bluetooth import bluez, private_bus
from hal.sim.bluetooth.ble_far_end import BleFarEnd
from hal.sim.bluetooth.peripheral import Characteristic, Peripheral
from hal.sim.bluetooth.private_bus import BusError, PrivateBus
from hal.sim.clock import SimClock
from hal.sim.far_end import Surroundings
from hal.sim.faults import Faults
from hal.sim.hands import Hands
from hal.sim.patient.gait_model import GaitModel
from hal.sim.patient.patient import Patient
from hal.sim.world import SimulatedWorld
from tests.helpers.bluetooth import Bluetooth, bluetooth
from tests.helpers.far_ends import finishes, until
from tests.helpers.tools import need_tools

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[4]
SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
TAKES = "6e400002-b5a3-f393-e0a9-e50e24dcca9e"
TELLS = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
DEVICE = "/org/bluez/hci0/dev_C0_FF_EE_00_00_03"


def sensor(**settings: Any) -> Peripheral:
    members = (Characteristic(TELLS, ("notify",)), Characteristic(TAKES, ("write",)))
    return Peripheral("C0:FF:EE:00:00:03", "sensor", {SERVICE: members}, **settings)


@pytest.fixture
async def air(tmp_path: Path) -> AsyncIterator[Bluetooth]:
    async with bluetooth(tmp_path) as made:
        yield made


class Client:
    """Talks to the service directly and keeps every signal: (path's end, member, what changed)."""

    def __init__(self, bus: MessageBus) -> None:
        self.bus = bus
        self.signals: list[tuple[str, str, Any]] = []
        bus.add_message_handler(self._keep)

    def _keep(self, message: Message) -> None:
        if message.message_type is MessageType.SIGNAL and message.interface != "org.freedesktop.DBus":
            path = str(message.body[0] if message.path == "/" else message.path).rpartition("/")[2]
            changed = {} if message.path == "/" else {name: v.value for name, v in message.body[1].items()}
            self.signals.append((path, str(message.member), changed))

    async def ask(self, path: str, interface: str, member: str, signature: str = "", *body: Any) -> Message:
        destination = "org.freedesktop.DBus" if interface == "org.freedesktop.DBus" else "org.bluez"
        return await self.bus.call(
            Message(
                destination=destination,
                path=path,
                interface=interface,
                member=member,
                signature=signature,
                body=list(body),
            )
        )


@pytest.fixture
async def client(air: Bluetooth) -> AsyncIterator[Client]:
    made = Client(await MessageBus(bus_address=air.bus.address).connect())
    await made.ask("/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", "s", "type='signal',sender='org.bluez'")
    yield made
    made.bus.disconnect()
    await made.bus.wait_for_disconnect()


async def test_the_order_of_a_connection_and_of_its_loss(air: Bluetooth, client: Client) -> None:
    far = sensor()
    await air.radio.publish(far)
    await client.ask("/org/bluez/hci0", "org.bluez.Adapter1", "StartDiscovery")
    await until(lambda: any("RSSI" in changed for _, _, changed in client.signals))
    await client.ask("/org/bluez/hci0", "org.bluez.Adapter1", "StopDiscovery")
    await client.ask(DEVICE, "org.bluez.Device1", "Connect")
    await until(lambda: any("ServicesResolved" in changed for _, _, changed in client.signals))
    far.drop()
    await until(lambda: ("dev_C0_FF_EE_00_00_03", "PropertiesChanged", {"Connected": False}) in client.signals)
    device = DEVICE.rpartition("/")[2]
    told = [(path, member, tuple(changed)) for path, member, changed in client.signals if path != "hci0"]
    once = [line for number, line in enumerate(told) if line not in told[:number]]
    assert once == [
        (device, "InterfacesAdded", ()),
        (device, "PropertiesChanged", ("RSSI",)),
        (device, "PropertiesChanged", ()),
        (device, "PropertiesChanged", ("Connected",)),
        ("service000a", "InterfacesAdded", ()),
        ("char000b", "InterfacesAdded", ()),
        ("char000e", "InterfacesAdded", ()),
        (device, "PropertiesChanged", ("ServicesResolved",)),
        ("char000e", "InterfacesRemoved", ()),
        ("char000b", "InterfacesRemoved", ()),
        ("service000a", "InterfacesRemoved", ()),
    ]
    assert [told[-2], told[-1]] == [once[7], once[3]]


async def test_what_it_does_not_know_is_an_error(air: Bluetooth, client: Client) -> None:
    await air.radio.publish(sensor())
    gone = await client.ask(f"{DEVICE}/x", "org.bluez.Device1", "Connect")
    assert gone.error_name == "org.freedesktop.DBus.Error.UnknownObject"
    assert (await client.ask("/org/bluez/hci0", "org.bluez.Adapter1", "Fly")).message_type is MessageType.ERROR
    stop = await client.ask("/org/bluez/hci0", "org.bluez.Adapter1", "StopDiscovery")
    assert stop.error_name == "org.bluez.Error.Failed"
    properties = "org.freedesktop.DBus.Properties"
    powered = await client.ask("/org/bluez/hci0", properties, "Get", "ss", "org.bluez.Adapter1", "Powered")
    assert powered.body[0].value is True
    everything = await client.ask("/org/bluez/hci0", properties, "GetAll", "s", "org.bluez.Adapter1")
    assert everything.body[0]["Roles"].value == ["central", "peripheral"]
    nothing = await client.ask("/org/bluez/hci0", properties, "Get", "ss", "org.bluez.Adapter1", "Colour")
    assert nothing.message_type is MessageType.ERROR


async def test_a_client_that_leaves_takes_its_subscription_with_it(air: Bluetooth) -> None:
    far = sensor()
    told: list[bool] = []
    far.characteristic(TELLS).on_subscribe = told.append
    await air.radio.publish(far)
    link = make_link(far.address)
    assert isinstance(link, BleLink)
    await finishes(link.open())
    await link.subscribe(TELLS)
    assert told == [True]
    assert link._client is not None
    link._client._backend._bus.disconnect()  # type: ignore[attr-defined]
    await until(lambda: told == [True, False])
    assert far.connected, "a connection outlives the program that made it"
    await link.close()


async def test_notifications_are_bunched_at_connection_events(air: Bluetooth) -> None:
    far = sensor(interval_ms=(30, 30))
    assert far.notify(TELLS, b"nobody") is False
    await air.radio.publish(far)
    link = make_link(far.address)
    assert isinstance(link, BleLink)
    await finishes(link.open())
    assert far.notify(TELLS, b"unsubscribed") is False
    await link.subscribe(TELLS)
    begun_ns = time.monotonic_ns()
    assert all(far.notify(TELLS, bytes([number])) for number in range(3))
    together = await link.read()
    while len(together) < 3:
        together += await link.read()
    assert [n.data for n in together] == [b"\0", b"\1", b"\2"]
    assert together[0].mono_ns - begun_ns > 25e6
    with pytest.raises(ValueError, match="do not fit an MTU of 247"):
        far.notify(TELLS, bytes(245))
    with pytest.raises(KeyError):
        far.notify(SERVICE, b"")
    await link.close()


async def test_a_daemon_that_reads_late_loses_nothing_and_nobody(air: Bluetooth) -> None:
    far = sensor(interval_ms=(10, 10))
    await air.radio.publish(far)
    link = make_link(far.address)
    assert isinstance(link, BleLink)
    await finishes(link.open())
    await link.subscribe(TELLS)
    assert air.bus.pid is not None
    assert air.radio._sender is not None
    os.kill(air.bus.pid, signal.SIGSTOP)
    told, late = 0, 0
    try:
        while late < 10 and told < 20_000 and air.radio.alive:
            for _ in range(100):
                assert far.notify(TELLS, told.to_bytes(4, "big"))
                told += 1
            await asyncio.sleep(0.02)
            late = len(air.radio._sender.waiting)
    finally:
        os.kill(air.bus.pid, signal.SIGCONT)
    assert late >= 10, "the socket is full, and more is to be sent"
    heard: list[int] = []
    while len(heard) < told:
        heard += [int.from_bytes(n.data, "big") for n in await asyncio.wait_for(link.read(), 5.0)]
    assert heard == list(range(told))
    assert air.radio.alive
    await link.close()


async def test_the_signal_strength_is_told(air: Bluetooth) -> None:
    far = sensor(rssi_dbm=-80)
    await air.radio.publish(far)
    far.rssi_dbm = -42
    link = make_link(far.address)
    assert isinstance(link, BleLink)
    await finishes(link.open())
    assert link.rssi_dbm is not None
    assert abs(link.rssi_dbm + 42) <= 1
    await link.close()


def surroundings(bus: str, folder: Path, faults: Faults) -> Surroundings:
    patient = Patient(1)
    return Surroundings(
        "imu", folder, 1, SimClock(), faults, patient, GaitModel(), lambda _at_s, _amplitude: None, bus=bus
    )


class Counter(BleFarEnd):
    """Notifies four times the same byte, counting up."""

    steps = 0

    def step(self, now_s: float) -> None:
        self.steps += 1
        self.notify(TELLS, bytes([self.steps % 256]) * 4)


async def test_the_generic_faults_of_a_bluetooth_far_end(air: Bluetooth, tmp_path: Path) -> None:
    faults = Faults()
    around = surroundings(air.bus.address, tmp_path, faults)
    far = Counter(around, sensor())
    assert far.address == "ble:C0:FF:EE:00:00:03"
    await far.plug()
    running = asyncio.create_task(far.run())
    link = make_link(far.address)
    assert isinstance(link, BleLink)
    await finishes(link.open())
    await link.subscribe(TELLS)
    heard: list[bytes] = []

    async def next_heard(count: int) -> list[bytes]:
        heard.clear()
        async with asyncio.timeout(5):
            while len(heard) < count:
                heard.extend(n.data for n in await link.read())
        return heard

    assert all(len(set(data)) == 1 and len(data) == 4 for data in await next_heard(5))
    truncated = faults.add("imu.truncated", around.clock.now_s())
    await until(lambda: truncated.strikes > 3)
    assert {len(data) for data in (await next_heard(20))[-3:]} == {3}
    faults.clear(around.clock.now_s())
    garbage = faults.add("imu.garbage", around.clock.now_s())
    await until(lambda: garbage.strikes > 3)
    assert {len(data) for data in (await next_heard(20))[-4:]} == {4, 12}
    faults.clear(around.clock.now_s())
    silence = faults.add("imu.silence", around.clock.now_s())
    await until(lambda: silence.strikes > 3)
    assert far.deaf
    assert link.is_open
    faults.clear(around.clock.now_s())
    await next_heard(1)
    out = faults.add("imu.cable_out@0+0.3", around.clock.now_s())
    await until(lambda: not link.is_open)
    await finishes(link.open())
    assert (out.fired_at_s is not None, far.peripheral.connected) == (True, True)
    await link.close()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not air.radio.alive, "the service leaves with its last far end"


def test_a_bluetooth_far_end_needs_a_bus(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'imu' is a Bluetooth device: the world needs a private D-Bus"):
        BleFarEnd(surroundings("", tmp_path, Faults()), sensor())


async def test_the_world_shares_one_radio(air: Bluetooth) -> None:
    assert bluez.radio(air.bus.address) is air.radio


async def test_hands_reach_the_bluetooth_service(air: Bluetooth, tmp_path: Path) -> None:
    hands = Hands(SimulatedWorld(1, tmp_path, bus=air.bus.address))
    far = sensor()
    await air.radio.publish(far)
    link = make_link(far.address)
    assert isinstance(link, BleLink)
    assert hands.answer({"do": "bluetooth", "action": "off"})["ok"]
    with pytest.raises(LinkDenied, match="switched off"):
        await finishes(link.open())
    assert hands.answer({"do": "bluetooth", "action": "on"})["alive"] is True
    await finishes(link.open())
    await finishes(link.close())
    assert hands.answer({"do": "bluetooth", "action": "die"})["alive"] is False
    with pytest.raises(LinkNotFound, match="service is not running"):
        await finishes(link.open())
    assert hands.answer({"do": "bluetooth", "action": "return"})["ok"]
    await until(lambda: air.radio.alive)
    await finishes(link.open())
    await finishes(link.close())
    assert "valid: off, on, die, return" in hands.answer({"do": "bluetooth", "action": "fly"})["error"]
    without = Hands(SimulatedWorld(1, tmp_path))
    assert without.answer({"do": "bluetooth", "action": "off"})["error"] == "bluetooth: this world has none"


def test_a_bus_leaves_nothing_behind(tmp_path: Path) -> None:
    need_tools("dbus-daemon")
    with PrivateBus(tmp_path) as bus:
        pid = bus.pid
        assert pid is not None
        assert Path(bus.address.removeprefix("unix:path=")).is_socket()
        assert list(tmp_path.iterdir())
    assert bus.pid is None
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_long_folder_gets_a_short_socket(tmp_path: Path) -> None:
    need_tools("dbus-daemon")
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    with PrivateBus(deep) as bus:
        assert not bus.address.startswith(f"unix:path={deep}")


def test_without_the_daemon_the_package_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_bus.shutil, "which", lambda _name: None)
    with pytest.raises(BusError, match="install the package dbus-daemon"), PrivateBus(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    need_tools("dbus-daemon")
    monkeypatch.setattr(private_bus, "CONFIG", "<nonsense socket='{socket}' extra='{extra}'/>")
    with pytest.raises(BusError, match=r"did not start: .*nonsense"), PrivateBus(tmp_path):
        pass


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_world_with_bluetooth_brings_its_own_bus(tmp_path: Path, end: signal.Signals) -> None:
    need_tools("dbus-daemon", "setpriv")
    command = (sys.executable, "-m", "hal.sim", "--dir", str(tmp_path), "--also", "ftms")
    world = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert world.stdout is not None
    ready = json.loads(world.stdout.readline())
    socket = Path(ready["bus"].removeprefix("unix:path="))
    assert ready["addresses"]["ftms"].startswith("ble:")
    assert socket.is_socket()
    daemon = _daemon_of(world.pid)
    world.send_signal(end)
    world.communicate(timeout=20)
    _wait_until_gone(daemon)
    if end is signal.SIGTERM:
        assert list(tmp_path.iterdir()) == []


def _daemon_of(pid: int) -> int:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    (daemon,) = (int(child) for child in children if "dbus-daemon" in Path(f"/proc/{child}/cmdline").read_text())
    return daemon


def _wait_until_gone(pid: int) -> None:
    deadline_s = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]:
        assert time.monotonic() < deadline_s, "the D-Bus daemon outlives its world"
        time.sleep(0.01)
