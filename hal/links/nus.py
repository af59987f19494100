"""A byte stream over Bluetooth Low Energy: the Nordic UART service, or another pair of characteristics like it."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from hal.device import HalError, LinkLost
from hal.links.fd import MAX_QUEUED_BYTES
from hal.links.gatt import GattLink


@dataclass(frozen=True, slots=True)
class Uart:
    """The characteristic that we write and the one that notifies; full lower-case UUIDs."""

    write: str
    notify: str


NORDIC_UART = Uart("6e400002-b5a3-f393-e0a9-e50e24dcca9e", "6e400003-b5a3-f393-e0a9-e50e24dcca9e")
FLUSH_S = 1.0
"""How long closing waits for what is still to be sent: the last bytes may be those that switch something off."""


class NusLink:
    """See `hal.links.base.Link`. It has no file descriptor; what is written waits in a queue for a task that sends."""

    def __init__(self, gatt: GattLink, uart: Uart = NORDIC_UART, *, address: str = "") -> None:
        self.gatt = gatt
        self._uart = uart
        self._address = address or gatt.address
        self._queued = bytearray()
        self._more = asyncio.Event()
        self._sent = asyncio.Event()
        self._sender: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._failure: HalError | None = None

    @property
    def address(self) -> str:
        """The configured address."""
        return self._address

    @property
    def is_open(self) -> bool:
        """Whether it can be read and written."""
        return self._sender is not None and self._failure is None and self.gatt.is_open

    async def open(self) -> None:
        """Connect and subscribe; raises `LinkError`, `NoAnswer`, or `Refused` by a device without the service."""
        self.close()
        await self.wait_closed()
        self._failure = None
        self._sent.set()
        await self.gatt.open()
        try:
            await self.gatt.subscribe(self._uart.notify)
            size = self.gatt.max_write_bytes(self._uart.write)
        except BaseException:
            await self.gatt.close()
            raise
        response = "write-without-response" not in self.gatt.characteristics[self._uart.write]
        self._sender = asyncio.create_task(self._send(size, response), name=f"sender {self._address}")

    async def read(self) -> bytes:
        """At least one byte, whatever arrived; raises `LinkLost` when the far end is gone."""
        try:
            while not (data := b"".join(notification.data for notification in await self.gatt.read())):
                pass
        except LinkLost as error:
            raise self._failure or error from error
        return data

    def write(self, data: bytes) -> None:
        """Queue bytes for the sender; raises `LinkLost`."""
        if not self.is_open:
            raise LinkLost(f"connection {self._address} ended: not open", remedy="switch the device on, bring it near")
        self._queued += data
        if len(self._queued) > MAX_QUEUED_BYTES:
            raise LinkLost(f"connection {self._address} ended: the far end takes no more bytes")
        self._sent.clear()
        self._more.set()

    def close(self) -> None:
        """Begin to close, after what is still to be sent; safe to call twice. See `wait_closed`.

        A waiting `read` raises `LinkLost`.
        """
        sender, self._sender = self._sender, None
        if sender is not None:
            self._closing = asyncio.create_task(self._close(sender), name=f"closing {self._address}")

    async def wait_closed(self) -> None:
        """Wait until the peripheral is disconnected."""
        closing, self._closing = self._closing, None
        if closing is not None:
            await closing

    def fileno(self) -> int | None:
        """None: a Bluetooth connection has no descriptor."""
        return None

    async def _close(self, sender: asyncio.Task[None]) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(FLUSH_S if self.gatt.is_open else 0):
                await self._sent.wait()
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
        self._queued.clear()
        await self.gatt.close()

    async def _send(self, size: int, response: bool) -> None:
        try:
            while True:
                await self._more.wait()
                self._more.clear()
                while self._queued:
                    part = bytes(self._queued[:size])
                    del self._queued[:size]
                    await self.gatt.write(self._uart.write, part, response=response)
                self._sent.set()
        except HalError as error:
            self._failure = error
            self._sent.set()
            with suppress(HalError):
                await self.gatt.close()
