"""A Bluetooth link in memory: the real driver on one side, a simulated peripheral on the other, no radio between."""

import asyncio
import time
from collections.abc import Mapping, Sequence

from hal.device import LinkLost, LinkNotFound, NoAnswer, Refused
from hal.links.gatt import Notification
from hal.sim.bluetooth.ble_far_end import BleFarEnd
from hal.sim.bluetooth.peripheral import AttError, Characteristic, Peripheral


class MemoryLink:
    """A `hal.links.gatt.GattLink` to one `Peripheral`, and that peripheral's `Radio`."""

    def __init__(self, peripheral: Peripheral) -> None:
        self.peripheral = peripheral
        self.in_reach = True
        self._news: list[Notification] = []
        self._wake = asyncio.Event()
        peripheral.radio = self

    # the driver's side

    @property
    def address(self) -> str:
        return self.peripheral.address

    @property
    def is_open(self) -> bool:
        return self.peripheral.connected

    @property
    def rssi_dbm(self) -> int | None:
        return self.peripheral.rssi_dbm

    @property
    def characteristics(self) -> Mapping[str, frozenset[str]]:
        members = [member for service in self.peripheral.services.values() for member in service]
        return {member.uuid: frozenset(member.flags) for member in members}

    def max_write_bytes(self, characteristic: str) -> int:
        return self.peripheral.mtu - 3

    async def open(self) -> None:
        await asyncio.sleep(0)
        if not self.in_reach:
            raise LinkNotFound("no such device in reach", remedy="switch it on")
        self._news.clear()
        self.peripheral.link_up()

    async def subscribe(self, characteristic: str) -> None:
        found = self._found(characteristic)
        found.notifying = True
        if found.on_subscribe is not None:
            found.on_subscribe(True)

    async def read(self) -> tuple[Notification, ...]:
        while not self._news:
            if not self.is_open:
                raise LinkLost("the device disconnected", remedy="stay near it")
            self._wake.clear()
            await self._wake.wait()
        news, self._news = tuple(self._news), []
        return news

    async def write(self, characteristic: str, data: bytes, *, response: bool = False) -> None:
        found = self._found(characteristic)
        await asyncio.sleep(0)
        try:
            if found.on_write is not None:
                found.on_write(data)
        except AttError as error:
            raise Refused(f"the device refuses: {error}", remedy="see its manual") from error

    async def read_value(self, characteristic: str) -> bytes:
        found = self._found(characteristic)
        if found.read is None:
            raise NoAnswer("cannot be read", remedy="see its manual")
        return found.read()

    async def close(self) -> None:
        self.drop(self.peripheral)

    # the radio's side

    def deliver(self, peripheral: Peripheral, batch: Sequence[tuple[Characteristic, bytes]]) -> None:
        now_ns = time.monotonic_ns()
        self._news += [Notification(now_ns, characteristic.uuid, data) for characteristic, data in batch]
        self._wake.set()

    def refresh(self, peripheral: Peripheral) -> None:
        """Advertisements do not matter here."""

    def drop(self, peripheral: Peripheral) -> None:
        peripheral.link_down()
        self._wake.set()

    def _found(self, uuid: str) -> Characteristic:
        if not self.is_open:
            raise LinkLost("not connected", remedy="stay near it")
        try:
            return self.peripheral.characteristic(uuid)
        except KeyError as error:
            raise Refused(str(error), remedy="see its manual") from error


async def act(far_end: BleFarEnd, link: MemoryLink, every_s: float = 0.01) -> None:
    """Let a far end act by itself, in and out of reach as its fault `cable_out` says; until cancelled."""
    while True:
        link.in_reach = not far_end.struck("cable_out")
        if not link.in_reach and far_end.peripheral.connected:
            far_end.peripheral.drop()
        far_end.step(far_end.now_s)
        await asyncio.sleep(every_s)
