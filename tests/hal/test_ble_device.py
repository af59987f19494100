"""The life of a Bluetooth device below a driver: greeting, silence, loss, a service that dies, recovery by itself."""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hal.ble import BLE_PATIENCE, BleDevice
from hal.device import HealthChanged, LinkState, Reading, Refused
from hal.links import ble_radio
from hal.links.address import make_link
from hal.links.ble import BleLink
from hal.links.gatt import Notification
from hal.sim.bluetooth.peripheral import Characteristic, Peripheral
from hal.supervised import Patience
from tests.helpers.beacon import MAC, SERVICE, TAKES, TELLS
from tests.helpers.bluetooth import Bluetooth, bluetooth
from tests.helpers.far_ends import finishes, until

pytestmark = pytest.mark.system

ROOT = Path(__file__).parents[2]
HASTY = Patience(silence_s=0.2, reopen_s=0.5, first_retry_s=0.05, last_retry_s=0.2)


class Sensor(BleDevice):
    """Starts what it connects to with one write; every notification is valid."""

    role = "test"
    notifies = (TELLS,)

    def __init__(self, patience: Patience = HASTY) -> None:
        link = make_link(f"ble:{MAC}")
        assert isinstance(link, BleLink)
        super().__init__("imu", time.monotonic_ns, link, patience)
        self.told: list[bytes] = []
        self.readings: list[Reading] = []
        self.subscribe(self.readings.append)

    async def greet(self) -> None:
        await self.link.write(TAKES, b"start", response=True)

    def on_notification(self, notification: Notification) -> None:
        self.told.append(notification.data)
        if notification.data == b"!":
            raise ZeroDivisionError("choked")
        self.heard()

    async def goodbye(self) -> None:
        await self.link.write(TAKES, b"stop", response=True)

    @property
    def states(self) -> list[LinkState]:
        return [reading.health.state for reading in self.readings if isinstance(reading, HealthChanged)]


class FarSensor(Peripheral):
    """Notifies 100 times a second between "start" and "stop", or when it is lost."""

    def __init__(self) -> None:
        members = (
            Characteristic(TELLS, ("notify",)),
            Characteristic(TAKES, ("write",), on_write=self.take),
        )
        super().__init__(MAC, "WT901", {SERVICE: members})
        self.written: list[bytes] = []
        self.running = False
        self.on_disconnect = self._stop

    def take(self, data: bytes) -> None:
        self.written.append(data)
        self.running = data == b"start"

    def _stop(self) -> None:
        self.running = False

    async def stream(self) -> None:
        while True:
            if self.running:
                self.notify(TELLS, b"sample")
            await asyncio.sleep(0.01)


@pytest.fixture
async def air(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bluetooth]:
    monkeypatch.setattr(ble_radio, "SCAN_S", 0.5)
    async with bluetooth(tmp_path) as made:
        yield made


@pytest.fixture
async def far(air: Bluetooth) -> AsyncIterator[FarSensor]:
    made = FarSensor()
    await air.radio.publish(made)
    streaming = asyncio.create_task(made.stream())
    yield made
    streaming.cancel()
    await asyncio.gather(streaming, return_exceptions=True)


async def test_it_is_greeted_heard_and_left_in_order(far: FarSensor) -> None:
    sensor = Sensor()
    await finishes(sensor.open())
    assert sensor.health.state == "ok"
    assert sensor.health.last_heard_ns is not None
    assert sensor.fileno() is None
    assert sensor.address == f"ble:{MAC}"
    await until(lambda: len(sensor.told) > 5)
    await finishes(sensor.close())
    await finishes(sensor.close())
    assert far.written == [b"start", b"stop"]
    assert sensor.states == ["connecting", "ok", "closed"]
    await until(lambda: not far.connected)


async def test_an_absent_device_is_lost_and_found_later(air: Bluetooth) -> None:
    sensor = Sensor()
    await finishes(sensor.open())
    assert sensor.health.state == "lost"
    assert "not in reach" in sensor.health.error
    far = FarSensor()
    await air.radio.publish(far)
    await until(lambda: far.running)
    far.notify(TELLS, b"sample")
    await until(lambda: sensor.health.state == "ok")
    assert sensor.health.reconnects == 0
    await finishes(sensor.close())


async def test_silence_is_told_then_the_connection_is_made_anew(far: FarSensor) -> None:
    sensor = Sensor()
    await finishes(sensor.open())
    far.running = False
    await until(lambda: sensor.health.state == "silent")
    assert "no message for" in sensor.health.error
    assert far.connected
    await until(lambda: sensor.health.state == "ok" and sensor.health.reconnects == 1)
    assert far.written == [b"start", b"start"]
    await finishes(sensor.close())


async def test_a_lost_device_comes_back(far: FarSensor) -> None:
    sensor = Sensor()
    await finishes(sensor.open())
    far.advertise(False)
    far.drop()
    await until(lambda: sensor.health.state == "lost")
    far.advertise(True)
    await until(lambda: sensor.health.state == "ok")
    assert sensor.reopened
    await finishes(sensor.close())


async def test_a_device_that_refuses_its_settings_says_so(far: FarSensor) -> None:
    sensor = Sensor()

    async def refuse() -> None:
        raise Refused("not this firmware", remedy="update it")

    sensor.greet = refuse  # type: ignore[method-assign]
    await finishes(sensor.open())
    assert (sensor.health.state, sensor.health.error, sensor.health.remedy) == (
        "lost",
        "not this firmware",
        "update it",
    )
    await finishes(sensor.close())


async def test_a_greeting_that_never_ends_is_given_up(far: FarSensor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hal.ble.GREET_S", 0.3)
    sensor = Sensor()
    sensor.greet = asyncio.Event().wait  # type: ignore[method-assign, assignment]
    await finishes(sensor.open())
    assert sensor.health.state == "lost"
    assert "does not answer the settings" in sensor.health.error
    assert "silent" not in sensor.states, "a greeting has its own limit"
    await finishes(sensor.close())


async def test_a_fault_in_a_driver_is_survived(far: FarSensor, caplog: pytest.LogCaptureFixture) -> None:
    sensor = Sensor()
    await finishes(sensor.open())
    far.notify(TELLS, b"!")
    await until(lambda: sensor.health.reconnects == 1 and sensor.health.state == "ok")
    assert "imu: driver fault" in caplog.text
    await finishes(sensor.close())


async def test_closing_while_searching(air: Bluetooth) -> None:
    sensor = Sensor()
    opening = asyncio.create_task(sensor.open())
    await asyncio.sleep(0.1)
    await finishes(sensor.close())
    await finishes(opening)
    assert sensor.health.state == "closed"


async def test_an_adapter_switched_off_and_on(air: Bluetooth, far: FarSensor) -> None:
    sensor = Sensor()
    await finishes(sensor.open())
    air.radio.power(False)
    await until(lambda: "switched off" in sensor.health.error)
    air.radio.power(True)
    await until(lambda: sensor.health.state == "ok")
    await finishes(sensor.close())


async def test_a_bus_that_dies_and_returns(air: Bluetooth, far: FarSensor) -> None:
    sensor = Sensor()
    await finishes(sensor.open())
    air.bus.stop()
    await until(lambda: sensor.health.state == "lost")
    await until(lambda: "cannot be reached" in sensor.health.error)
    air.bus.start()
    await air.radio.start()
    await until(lambda: sensor.health.state == "ok")
    await finishes(sensor.close())


async def test_a_killed_service_is_noticed_within_a_second_and_survived(tmp_path: Path) -> None:
    async with bluetooth(tmp_path) as air:
        await air.radio.close()
        service = _service(air.bus.address)
        sensor = Sensor(BLE_PATIENCE)
        await finishes(sensor.open())
        assert sensor.health.state == "ok"
        killed_ns = time.monotonic_ns()
        service.kill()
        # the loop goes on meanwhile: what a device says in between must not be missed
        await asyncio.to_thread(service.communicate)
        await until(lambda: sensor.health.state == "silent")
        assert sensor.health.since_ns - killed_ns < 1e9
        assert sensor.link.is_open, "nothing but silence tells"
        await until(lambda: "service is not running" in sensor.health.error, 10)
        service = _service(air.bus.address)
        await until(lambda: sensor.health.state == "ok", 15)
        assert sensor.health.reconnects >= 1
        await finishes(sensor.close())
        service.kill()
        await asyncio.to_thread(service.communicate)


def _service(bus_address: str) -> subprocess.Popen[str]:
    command = (sys.executable, "-m", "tests.helpers.beacon", bus_address)
    service = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert service.stdout is not None
    assert service.stdout.readline() == "ready\n"
    return service
