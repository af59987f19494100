"""A byte stream over Bluetooth, below a driver that knows nothing of Bluetooth."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hal.device import LinkLost, NoAnswer, Refused
from hal.linked import LinkedDevice, Patience
from hal.links import ble
from hal.links.address import make_link
from hal.links.fd import MAX_QUEUED_BYTES
from hal.links.nus import NORDIC_UART, NusLink
from hal.sim.bluetooth.peripheral import Characteristic, Flag, Peripheral
from tests.helpers.bluetooth import Bluetooth, bluetooth
from tests.helpers.far_ends import finishes, until

pytestmark = pytest.mark.system

SERVICE = "6e400001-b5a3-f393-e0a9-e50e24dcca9e"
MAC = "C0:FF:EE:00:00:02"


class FarStream(Peripheral):
    """Sends back what it hears, in capital letters."""

    def __init__(self, *flags: Flag, notify: str = NORDIC_UART.notify) -> None:
        self.heard: list[bytes] = []
        members = (
            Characteristic(NORDIC_UART.write, flags or ("write-without-response",), on_write=self._take),
            Characteristic(notify, ("notify",)),
        )
        super().__init__(MAC, "stream", {SERVICE: members}, mtu=23)

    def _take(self, data: bytes) -> None:
        self.heard.append(data)
        self.notify(NORDIC_UART.notify, data.upper())


@pytest.fixture
async def air(tmp_path: Path) -> AsyncIterator[Bluetooth]:
    async with bluetooth(tmp_path) as made:
        yield made


def stream() -> NusLink:
    link = make_link(f"nus:{MAC}")
    assert isinstance(link, NusLink)
    return link


async def received(link: NusLink, size: int) -> bytes:
    data = b""
    async with asyncio.timeout(5):
        while len(data) < size:
            data += await link.read()
    return data


@pytest.mark.parametrize("flags", [("write",), ("write", "write-without-response")])
async def test_bytes_go_both_ways_in_order_and_in_parts(air: Bluetooth, flags: tuple[Flag, ...]) -> None:
    far = FarStream(*flags)
    await air.radio.publish(far)
    link = stream()
    for _ in range(2):
        await finishes(link.open())
        assert link.is_open
        text = bytes(range(97, 123)) * 4
        link.write(text[:50])
        link.write(text[50:])
        assert await received(link, len(text)) == text.upper()
        assert max(map(len, far.heard)) == 20
        link.close()
        link.close()
        await finishes(link.wait_closed())
        assert not link.is_open
        await until(lambda: not far.connected)


async def test_closing_sends_the_last_bytes_first(air: Bluetooth) -> None:
    far = FarStream("write")
    await air.radio.publish(far)
    link = stream()
    await finishes(link.open())
    link.write(b"switch off " * 9)
    link.close()
    await finishes(link.wait_closed())
    assert b"".join(far.heard) == b"switch off " * 9


async def test_what_cannot_be_sent_is_refused(air: Bluetooth) -> None:
    link = stream()
    with pytest.raises(LinkLost, match="not open"):
        link.write(b"x")
    await air.radio.publish(FarStream())
    await finishes(link.open())
    with pytest.raises(LinkLost, match="takes no more"):
        link.write(bytes(MAX_QUEUED_BYTES + 1))
    link.close()
    await finishes(link.wait_closed())


async def test_a_far_end_that_goes_ends_the_stream(air: Bluetooth) -> None:
    far = FarStream()
    await air.radio.publish(far)
    link = stream()
    await finishes(link.open())
    far.drop()
    with pytest.raises(LinkLost, match="disconnected"):
        await received(link, 1)
    with pytest.raises(LinkLost):
        link.write(b"x")
    link.close()
    await finishes(link.wait_closed())


async def test_a_write_that_gets_stuck_ends_the_stream(air: Bluetooth, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ble, "ANSWER_S", 0.2)
    await air.radio.publish(FarStream())
    link = stream()
    await finishes(link.open())
    air.radio.hang = {"WriteValue"}
    link.write(b"x")
    with pytest.raises(NoAnswer):
        await received(link, 1)
    assert not link.is_open
    link.close()
    await finishes(link.wait_closed())


async def test_opening_that_is_given_up_leaves_no_connection(air: Bluetooth) -> None:
    far = FarStream()
    await air.radio.publish(far)
    air.radio.hang = {"StartNotify"}
    link = stream()
    opening = asyncio.create_task(link.open())
    await until(lambda: far.connected and link.gatt.is_open)
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    link.close()
    await finishes(link.wait_closed())
    assert not link.gatt.is_open
    await until(lambda: not far.connected)


async def test_a_device_without_the_service_is_refused(air: Bluetooth) -> None:
    far = FarStream(notify="0000ffe1-0000-1000-8000-00805f9b34fb")
    await air.radio.publish(far)
    link = stream()
    with pytest.raises(Refused, match="lacks characteristic"):
        await finishes(link.open())
    await until(lambda: not far.connected)


async def test_a_driver_of_bytes_runs_over_it_unchanged(air: Bluetooth) -> None:
    class Echo(LinkedDevice):
        role = "test"
        got = b""

        def on_link_up(self) -> None:
            self.link.write(b"hello")

        def on_bytes(self, data: bytes) -> None:
            self.got += data
            self.heard()

        async def goodbye(self) -> None:
            self.link.write(b"bye")

    far = FarStream()
    await air.radio.publish(far)
    echo = Echo("echo", time.monotonic_ns, stream(), Patience(first_retry_s=0.02))
    await finishes(echo.open())
    assert (echo.health.state, echo.got, echo.fileno()) == ("ok", b"HELLO", None)
    far.drop()
    await until(lambda: echo.health.reconnects == 1 and echo.health.state == "ok")
    await finishes(echo.close())
    assert far.heard == [b"hello", b"hello", b"bye"]
    await until(lambda: not far.connected)
