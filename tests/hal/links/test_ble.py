"""Bluetooth links: the real bleak over a private D-Bus, and what goes wrong there."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hal.device import LinkBusy, LinkDenied, LinkError, LinkLost, LinkNotFound, NoAnswer, Refused
from hal.links import ble, ble_radio, ble_stale
from hal.links.address import make_link
from hal.links.ble import BleLink
from hal.links.gatt import GattLink, Notification
from hal.sim.bluetooth.peripheral import AttError, Characteristic, Peripheral
from tests.helpers.bluetooth import Bluetooth, bluetooth
from tests.helpers.far_ends import finishes, until

pytestmark = pytest.mark.system

SERVICE = "0000ffe5-0000-1000-8000-00805f9a34fb"
TELLS = "0000ffe4-0000-1000-8000-00805f9a34fb"
TAKES = "0000ffe9-0000-1000-8000-00805f9a34fb"
MAC = "C0:FF:EE:00:00:0{}"


class Sensor(Peripheral):
    """Tells what it is told to, remembers what was written, answers a read, refuses a certain value."""

    def __init__(self, number: int = 1, **settings: object) -> None:
        self.written: list[bytes] = []
        members = (
            Characteristic(TELLS, ("notify", "read"), read=lambda: b"value"),
            Characteristic(TAKES, ("write", "write-without-response"), on_write=self._take),
        )
        super().__init__(MAC.format(number), f"WT90{number}", {SERVICE: members}, **settings)

    def _take(self, data: bytes) -> None:
        if data == b"\xff":
            raise AttError(0x80)
        self.written.append(data)

    def tell(self, data: bytes) -> bool:
        return self.notify(TELLS, data)


@pytest.fixture
async def air(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bluetooth]:
    monkeypatch.setattr(ble_radio, "SCAN_S", 0.5)
    async with bluetooth(tmp_path) as made:
        yield made


@pytest.fixture
async def sensor(air: Bluetooth) -> Sensor:
    made = Sensor()
    await air.radio.publish(made)
    return made


def link_to(peripheral: Peripheral) -> BleLink:
    link = make_link(peripheral.address)
    assert isinstance(link, BleLink)
    return link


async def take(link: GattLink, count: int) -> list[Notification]:
    taken: list[Notification] = []
    async with asyncio.timeout(20):
        while len(taken) < count:
            taken += await link.read()
    return taken


async def refusal(link: BleLink, kind: type[Exception]) -> str:
    with pytest.raises(kind) as refused:
        await finishes(link.open())
    assert not link.is_open
    return str(refused.value)


async def test_a_link_carries_both_ways_and_can_be_opened_again(sensor: Sensor) -> None:
    link = link_to(sensor)
    for _ in range(2):
        await finishes(link.open())
        assert (link.is_open, sensor.connected) == (True, True)
        assert link.rssi_dbm is not None
        assert -60 <= link.rssi_dbm <= -56
        assert link.characteristics[TAKES] == {"write", "write-without-response"}
        assert link.max_write_bytes(TAKES) == 244
        await link.subscribe(TELLS)
        before_ns = time.monotonic_ns()
        sensor.tell(b"one")
        sensor.tell(b"two")
        told = await take(link, 2)
        assert [(n.characteristic, n.data) for n in told] == [(TELLS, b"one"), (TELLS, b"two")]
        assert before_ns < told[0].mono_ns <= told[1].mono_ns < time.monotonic_ns()
        await link.write(TAKES, b"\x01")
        await link.write(TAKES, b"\x02", response=True)
        assert await link.read_value(TELLS) == b"value"
        await finishes(link.close())
        await finishes(link.close())
        assert link.is_open is False
        await until(lambda: not sensor.connected)
    assert sensor.written == [b"\x01", b"\x02"] * 2


async def test_a_name_finds_each_device_once(air: Bluetooth) -> None:
    for number in (1, 2):
        await air.radio.publish(Sensor(number))
    links = [make_link("ble:name=WT90", device=str(number)) for number in (1, 2)]
    assert isinstance(links[0], BleLink)
    assert isinstance(links[1], BleLink)
    await finishes(asyncio.gather(*(link.open() for link in links)))  # type: ignore[arg-type]
    assert {link._mac for link in links} == {MAC.format(1), MAC.format(2)}
    for link in links:
        await link.close()


async def test_four_sensors_at_100_hz_lose_nothing(air: Bluetooth) -> None:
    sensors = [Sensor(n, interval_ms=(10, 60), seed=n) for n in range(4)]
    for made in sensors:
        await air.radio.publish(made)
    links = [link_to(made) for made in sensors]
    await finishes(asyncio.gather(*(link.open() for link in links)), 10)  # type: ignore[arg-type]
    for link in links:
        await link.subscribe(TELLS)

    async def stream() -> None:
        begun_s = time.monotonic()
        for number in range(100):
            for made in sensors:
                assert made.tell(number.to_bytes(2, "little") + bytes(18))
            await asyncio.sleep(begun_s + (number + 1) / 100 - time.monotonic())

    told, _ = await asyncio.gather(asyncio.gather(*(take(link, 100) for link in links)), stream())
    for notifications in told:
        assert [int.from_bytes(n.data[:2], "little") for n in notifications] == list(range(100))
        stamps = [n.mono_ns for n in notifications]
        assert stamps == sorted(stamps)
    for link in links:
        await link.close()


async def test_what_came_before_the_subscription_is_discarded(sensor: Sensor, monkeypatch: pytest.MonkeyPatch) -> None:
    link = link_to(sensor)
    await finishes(link.open())
    characteristic = sensor.characteristic(TELLS)
    characteristic.on_subscribe = lambda on: on and sensor.tell(b"stale")
    await link.subscribe(TELLS)
    sensor.tell(b"fresh")
    assert [n.data for n in await take(link, 1)] == [b"fresh"]
    await link.close()


async def test_a_lost_peripheral_ends_the_link_after_what_it_said(sensor: Sensor) -> None:
    link = link_to(sensor)
    await finishes(link.open())
    await link.subscribe(TELLS)
    sensor.tell(b"half a fr")
    sensor.drop()
    await until(lambda: not link.is_open)
    assert [n.data for n in await link.read()] == [b"half a fr"]
    with pytest.raises(LinkLost, match="the device disconnected"):
        await finishes(link.read())  # type: ignore[arg-type]
    with pytest.raises(LinkLost):
        await link.write(TAKES, b"\x01")
    await finishes(link.open())
    assert sensor.connected
    await link.close()


async def test_closing_wakes_a_reader(sensor: Sensor) -> None:
    link = link_to(sensor)
    await finishes(link.open())
    reading = asyncio.create_task(link.read())
    await asyncio.sleep(0)
    await link.close()
    with pytest.raises(LinkLost, match="closed"):
        await reading


async def test_a_device_that_refuses_or_lacks_something_says_so(sensor: Sensor) -> None:
    link = link_to(sensor)
    await finishes(link.open())
    with pytest.raises(Refused, match="0x80"):
        await link.write(TAKES, b"\xff", response=True)
    for missing in (link.subscribe(SERVICE), link.write(SERVICE, b"x"), link.read_value(SERVICE)):
        with pytest.raises(Refused, match="lacks characteristic"):
            await missing
    with pytest.raises(Refused, match="lacks"):
        link.max_write_bytes(SERVICE)
    assert link.is_open
    await link.close()


async def test_an_absent_device_is_not_found_and_holds_up_no_other(air: Bluetooth, sensor: Sensor) -> None:
    absent, present = make_link(f"ble:{MAC.format(9)}"), link_to(sensor)
    assert isinstance(absent, BleLink)
    searching = asyncio.create_task(absent.open())
    await asyncio.sleep(0)
    await finishes(present.open())
    assert not searching.done()
    with pytest.raises(LinkNotFound, match="not in reach"):
        await searching
    await present.close()


async def test_a_search_can_be_given_up(air: Bluetooth) -> None:
    absent = make_link(f"ble:{MAC.format(9)}")
    assert isinstance(absent, BleLink)
    searching = asyncio.create_task(absent.open())
    await asyncio.sleep(0.1)
    searching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await searching


async def test_giving_up_at_the_end_of_a_scan_leaves_the_others_searching(
    air: Bluetooth, sensor: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scan is shared: whoever leaves while it stops must not take it from whoever has just come."""
    stopping, go_on = asyncio.Event(), asyncio.Event()
    plain = ble_radio.BleakScanner.stop

    async def stop(scanner: ble_radio.BleakScanner) -> None:
        stopping.set()
        await go_on.wait()
        await plain(scanner)

    monkeypatch.setattr(ble_radio.BleakScanner, "stop", stop)
    radio = ble_radio.radio("")
    leaving = asyncio.create_task(radio._find(ble_radio.Wanted(mac=MAC.format(1))))
    await asyncio.wait_for(stopping.wait(), 5)
    radio.release(MAC.format(1))
    coming = asyncio.create_task(radio._find(ble_radio.Wanted(mac=MAC.format(1))))
    await asyncio.sleep(0)
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    go_on.set()
    device, _ = await asyncio.wait_for(coming, 5)
    assert device.address == MAC.format(1)
    radio.release(MAC.format(1))


async def test_one_device_is_not_two(sensor: Sensor) -> None:
    first, second = link_to(sensor), link_to(sensor)
    await finishes(first.open())
    assert "two devices are configured with" in await refusal(second, LinkBusy)
    await first.close()
    await finishes(second.open())
    await second.close()


async def test_a_connection_left_over_is_ended_first(sensor: Sensor) -> None:
    left = link_to(sensor)
    await finishes(left.open())
    assert left._radio is not None
    left._radio.release(sensor.mac)  # as if another process, killed since, had made it
    link = link_to(sensor)
    await finishes(link.open())
    assert link.is_open
    assert not left.is_open
    await link.close()
    await left.close()


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (("org.bluez.Error.InProgress", "In Progress"), LinkBusy, "Bluetooth is busy"),
        (("org.bluez.Error.Failed", "le-connection-create-socket"), NoAnswer, "cannot be connected"),
        (("org.bluez.Error.NotReady", "Resource Not Ready"), LinkDenied, "switched off"),
        (("org.freedesktop.DBus.Error.AccessDenied", "Rejected"), LinkDenied, "no permission"),
        (("org.freedesktop.DBus.Error.UnknownObject", "gone"), LinkNotFound, "not in reach"),
    ],
)
async def test_a_refused_connection(
    air: Bluetooth, sensor: Sensor, answer: tuple[str, str], kind: type[LinkError], words: str
) -> None:
    link = link_to(sensor)
    air.radio.refuse["Connect"] = answer
    assert words in await refusal(link, kind)
    air.radio.refuse.clear()
    await finishes(link.open())
    await link.close()


@pytest.mark.parametrize("trouble", ["aborts", "hollow"])
async def test_a_connection_that_needs_a_second_attempt(air: Bluetooth, sensor: Sensor, trouble: str) -> None:
    setattr(air.radio, trouble, 1)
    link = link_to(sensor)
    await finishes(link.open())
    assert getattr(air.radio, trouble) == 0
    assert link.is_open
    await link.subscribe(TELLS)
    sensor.tell(b"here")
    assert [n.data for n in await take(link, 1)] == [b"here"]
    await link.close()


async def test_a_service_that_hangs_does_not_hang_us(
    air: Bluetooth, sensor: Sensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in (
        (ble, "ANSWER_S"),
        (ble, "CLOSE_S"),
        (ble_radio, "CONNECT_S"),
        (ble_radio, "STOP_S"),
        (ble_stale, "ANSWER_S"),
    ):
        monkeypatch.setattr(module, name, 0.15)
    link = link_to(sensor)
    await finishes(link.open())
    air.radio.hang = {"WriteValue", "Disconnect"}
    with pytest.raises(NoAnswer):
        await link.write(TAKES, b"\x01", response=True)
    await finishes(link.close())
    air.radio.hang = {"GetManagedObjects"}
    assert "service does not answer" in await refusal(link, NoAnswer)
    air.radio.hang = {"StartDiscovery"}
    assert "service does not answer" in await refusal(link, NoAnswer)
    air.radio.hang = {"Connect", "Disconnect"}
    await refusal(link, NoAnswer)
    closing = asyncio.create_task(link.open())
    await asyncio.sleep(0.1)
    closing.cancel()
    await asyncio.wait({closing}, timeout=5)
    assert closing.done()
    air.radio.hang.clear()
    await finishes(link.open())
    await link.close()


async def test_an_adapter_that_is_off_or_gone(air: Bluetooth, sensor: Sensor) -> None:
    link = link_to(sensor)
    await finishes(link.open())
    air.radio.power(False)
    await until(lambda: not link.is_open)
    assert "switched off" in await refusal(link, LinkDenied)
    air.radio.power(True)
    await finishes(link.open())
    air.radio.pull_adapter()
    await until(lambda: not link.is_open)
    assert "no Bluetooth adapter" in await refusal(link, LinkNotFound)
    other = make_link(f"{sensor.address}?adapter=hci7")
    assert isinstance(other, BleLink)
    assert "hci7" in await refusal(other, LinkNotFound)
    await link.close()


async def test_no_service_and_no_bus(air: Bluetooth, sensor: Sensor) -> None:
    link = link_to(sensor)
    await air.radio.close()
    assert "service is not running" in await refusal(link, LinkNotFound)
    air.bus.stop()
    assert "cannot be reached" in await refusal(link, LinkNotFound)
    air.bus.start()
    await air.radio.start()
    await finishes(link.open())
    await link.close()


async def test_a_bus_that_dies_ends_the_link(air: Bluetooth, sensor: Sensor) -> None:
    link = link_to(sensor)
    await finishes(link.open())
    air.bus.stop()
    await until(lambda: not link.is_open)
    air.bus.start()
    await air.radio.start()
    await finishes(link.open())
    await link.close()


async def test_a_policy_that_denies(tmp_path: Path) -> None:
    async with bluetooth(tmp_path, policy="denied") as air:
        sensor = Sensor()
        await air.radio.publish(sensor)
        assert "group bluetooth" in await refusal(link_to(sensor), LinkDenied)
