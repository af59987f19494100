"""A device on Bluetooth Low Energy: subscribed, greeted, heard through notifications, watched for silence.

The watch is not a nicety: when the system's Bluetooth service dies, or a peripheral freezes within its supervision
time-out, the connection still counts as connected and simply says nothing more.
"""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

from hal.device import NoAnswer, Vitals
from hal.links.gatt import GattLink, Notification
from hal.supervised import Patience, SupervisedDevice

BLE_PATIENCE = Patience(silence_s=0.5, reopen_s=2.0, first_retry_s=0.5, last_retry_s=10.0)
"""For a device that streams. One that speaks less often needs more: `silence_s` of a few of its periods."""
GREET_S = 10.0
"""How long a greeting may take: a dozen settings, each with its pause."""


class BleDevice(SupervisedDevice):
    """Owns a `GattLink`. A driver names `notifies`, implements `on_notification` and calls `heard` for what is valid.

    Order after each connection: all of `notifies` are subscribed, then `greet` runs while notifications already reach
    `on_notification`, then `talk`. Silence counts from the end of the greeting.
    """

    link_kinds = ("gatt",)
    notifies: ClassVar[tuple[str, ...]] = ()
    silent_remedy = "check that it is on, charged and near; if it is, pull the Bluetooth adapter out and put it back"

    def __init__(self, name: str, now_ns: Callable[[], int], link: GattLink, patience: Patience = BLE_PATIENCE) -> None:
        super().__init__(name, now_ns, patience)
        self.link = link
        self._greeted = False

    @property
    def address(self) -> str:
        """The link's address, as configured."""
        return self.link.address

    @property
    def vitals(self) -> Vitals:
        """Signal and loss; a driver adds what its device tells."""
        return Vitals(rssi_dbm=self.link.rssi_dbm, lost=self.dropped)

    # for drivers

    @abstractmethod
    def on_notification(self, notification: Notification) -> None:
        """Take what a characteristic sent; must not raise for garbage."""

    def on_link_up(self) -> None:
        """Connected, nothing subscribed yet: forget half messages; `subscriptions` may choose by what is there."""

    def subscriptions(self) -> tuple[str, ...]:
        """The characteristics to subscribe on this connection; `notifies` unless a driver looks for itself."""
        return self.notifies

    async def greet(self) -> None:
        """Configure the device; may raise `LinkError` or `DeviceError`, which ends the connection with its words."""

    def fileno(self) -> int | None:
        """None: a Bluetooth connection has no descriptor that another process could write to."""
        return None

    # for the supervisor

    @property
    def link_open(self) -> bool:
        """Whether the peripheral is connected."""
        return self.link.is_open

    async def connect(self) -> None:
        """Scan and connect; raises `LinkError` or `NoAnswer`."""
        self._greeted = False
        await self.link.open()

    async def begin(self) -> None:
        """Subscribe to all."""
        self.on_link_up()
        for characteristic in self.subscriptions():
            await self.link.subscribe(characteristic)

    async def listen(self) -> None:
        """Hand on all notifications until the link ends; raises `LinkLost`."""
        while True:
            for notification in await self.link.read():
                self.on_notification(notification)

    async def converse(self) -> None:
        """Greet, then talk; raises `NoAnswer` where the greeting takes too long."""
        try:
            async with asyncio.timeout(GREET_S):
                await self.greet()
        except TimeoutError as error:
            raise NoAnswer("it does not answer the settings it is sent", remedy=self.silent_remedy) from error
        self._greeted = True
        await self.talk()

    async def release(self) -> None:
        """Disconnect."""
        await self.link.close()

    @property
    def excused(self) -> bool:
        """Silence is no fault before the greeting has ended."""
        return not self._greeted
