"""A connection to one Bluetooth Low Energy peripheral through the system's Bluetooth service (BlueZ).

What uses bleak is loaded with the first connection: a station without Bluetooth does not pay for it. Not tried on a
radio; tested with bleak's own BlueZ backend against a simulated service on a private D-Bus.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

from hal.device import HalError, LinkLost, Refused
from hal.links.gatt import Notification

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from bleak import BleakClient

    from hal.links.ble_radio import Radio

T = TypeVar("T")

ANSWER_S = 3.0
"""How long reading, writing or subscribing may take; a supervision time-out is shorter on most sensors."""
CLOSE_S = 3.0
MAX_WAITING = 1 << 14
"""Notifications after which a driver that takes none counts as stuck: minutes of a fast sensor."""


class BleLink:
    """One peripheral, found by its Bluetooth address or by how its name begins; see `hal.links.gatt.GattLink`."""

    def __init__(
        self, address: str, now_ns: Callable[[], int], *, mac: str = "", name: str = "", adapter: str = ""
    ) -> None:
        self._address = address
        self._now_ns = now_ns
        self._mac, self._name, self._adapter = mac, name, adapter
        self._radio: Radio | None = None
        self._client: BleakClient | None = None
        self._rssi_dbm: int | None = None
        self._subscribed: set[str] = set()
        self._waiting: list[Notification] = []
        self._waiter: asyncio.Future[None] | None = None
        self._ended: HalError | None = None

    @property
    def address(self) -> str:
        """The configured address."""
        return self._address

    @property
    def is_open(self) -> bool:
        """Connected, with its services resolved."""
        return self._client is not None and self._ended is None

    @property
    def rssi_dbm(self) -> int | None:
        """Signal strength as last advertised (dBm)."""
        return self._rssi_dbm

    @property
    def characteristics(self) -> Mapping[str, frozenset[str]]:
        """While open: each characteristic's UUID, with its properties."""
        members = self._open_client().services.characteristics.values()
        return {member.uuid: frozenset(member.properties) for member in members}

    def max_write_bytes(self, characteristic: str) -> int:
        """The longest value that one write without response carries; raises `Refused` where there is no such."""
        found = self._open_client().services.get_characteristic(characteristic)
        if found is None:
            raise Refused(f"{self._who} lacks characteristic {characteristic}", remedy="correct the address")
        return found.max_write_without_response_size

    async def open(self) -> None:
        """Scan, connect, resolve services; raises `LinkNotFound`, `LinkBusy`, `LinkDenied`, `LinkLost`, `NoAnswer`."""
        # bleak is loaded only where a Bluetooth device is opened, and takes a moment that the loop must not stand still
        ble_radio = await asyncio.to_thread(import_module, "hal.links.ble_radio")
        await self.close()
        self._ended = None
        self._radio = ble_radio.radio(self._adapter)
        reached = await self._radio.reach(ble_radio.Wanted(self._mac, self._name), self._on_lost)
        # found by name once, it is that very device from now on: two that swap places would swap left and right
        self._mac = reached.mac
        self._client, self._rssi_dbm = reached.client, reached.rssi_dbm
        if not reached.client.is_connected:
            await self.close()
            raise LinkLost(f"connection to {self._who} ended at once", remedy="bring it near, charge it")

    async def subscribe(self, characteristic: str) -> None:
        """Notifications of `characteristic` from now on; raises `LinkLost`, `NoAnswer`, `Refused`."""
        self._subscribed.discard(characteristic)
        await self._ask(self._open_client().start_notify(characteristic, partial(self._arrived, characteristic)))
        self._subscribed.add(characteristic)

    async def read(self) -> tuple[Notification, ...]:
        """All notifications that have arrived, at least one, in order; raises `LinkLost` when the link ended."""
        while not self._waiting:
            self._open_client()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        arrived, self._waiting = tuple(self._waiting), []
        return arrived

    async def write(self, characteristic: str, data: bytes, *, response: bool = False) -> None:
        """Write a value; raises `LinkLost`, `NoAnswer`, `Refused`."""
        await self._ask(self._open_client().write_gatt_char(characteristic, data, response=response))

    async def read_value(self, characteristic: str) -> bytes:
        """Read a value; raises `LinkLost`, `NoAnswer`, `Refused`."""
        return bytes(await self._ask(self._open_client().read_gatt_char(characteristic)))

    async def close(self) -> None:
        """Disconnect; safe to call twice. A waiting `read` raises `LinkLost`."""
        client, self._client = self._client, None
        self._end("closed")
        self._subscribed.clear()
        self._waiting.clear()
        if client is None or self._radio is None:
            return
        from hal.links.ble_errors import FAILURES  # noqa: PLC0415 - as in `open`

        try:
            async with asyncio.timeout(CLOSE_S):
                await client.disconnect()
        except FAILURES:
            pass  # whatever is left of it is ended before the next connection
        finally:
            self._radio.release(self._mac)

    @property
    def _who(self) -> str:
        return self._mac or f"{self._name}…"

    def _arrived(self, characteristic: str, _source: Any, data: bytearray) -> None:
        mono_ns = self._now_ns()
        if characteristic not in self._subscribed:
            return  # left over from an earlier connection
        self._waiting.append(Notification(mono_ns, characteristic, bytes(data)))
        if len(self._waiting) > MAX_WAITING:
            self._waiting.clear()
            self._end("nobody takes what it sends")
        self._wake()

    def _on_lost(self, client: "BleakClient") -> None:
        # an attempt that failed on the way to this connection, or an earlier connection, says so too
        if client is self._client:
            self._end("the device disconnected")

    def _end(self, why: str) -> None:
        if self._ended is None:
            self._ended = LinkLost(
                f"connection to {self._who} ended: {why}", remedy="switch it on, charge it, bring it near"
            )
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _open_client(self) -> "BleakClient":
        if self._ended is not None or self._client is None:
            raise self._ended or LinkLost(f"{self._who} is not connected")
        return self._client

    async def _ask(self, work: "Awaitable[T]") -> T:
        from hal.links.ble_errors import FAILURES, explain  # noqa: PLC0415 - as in `open`

        try:
            async with asyncio.timeout(ANSWER_S):
                return await work
        except FAILURES as error:
            raise self._ended or explain(error, self._who) from error
