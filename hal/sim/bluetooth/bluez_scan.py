"""Discovery by the simulated Bluetooth service: who scans, and what advertises to them."""

import asyncio
import random
from collections.abc import Mapping

from hal.sim.bluetooth import bluez_objects as objects
from hal.sim.bluetooth.bluez_objects import ADAPTER, ADAPTER_PATH, DEVICE, ObjectTree
from hal.sim.bluetooth.peripheral import Peripheral

ADVERTISE_S = 0.05
"""Sensors advertise every 20-100 ms while they want to be found."""


class Discovery:
    """While any client scans, `peripherals` (by path) appear, and tell their signal strength with each advertisement.

    A strength that did not change would be no advertisement to a client: it wavers by 1 dB.
    """

    def __init__(self, tree: ObjectTree, peripherals: Mapping[str, Peripheral]) -> None:
        self._tree = tree
        self._peripherals = peripherals
        self._clients: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._random = random.Random(1)

    def begin(self, client: str) -> None:
        """Scan for this client."""
        self._clients.add(client)
        self._tree.change(ADAPTER_PATH, ADAPTER, Discovering=True)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(ADVERTISE_S, self._advertise)

    def end(self, client: str) -> bool:
        """Scan no more for this client; False where it did not scan."""
        if client not in self._clients:
            return False
        self._clients.discard(client)
        if not self._clients:
            self.stop()
        return True

    def stop(self) -> None:
        """Scan for nobody; what was seen is no longer known to be in reach."""
        self._clients.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if ADAPTER_PATH in self._tree.objects and self._tree.value(ADAPTER_PATH, ADAPTER, "Discovering"):
            self._tree.change(ADAPTER_PATH, ADAPTER, Discovering=False)
        for path in self._peripherals:
            self._tree.forget(path, DEVICE, "RSSI")

    def _advertise(self) -> None:
        for path, peripheral in self._peripherals.items():
            if peripheral.advertising:
                self._tree.add(path, DEVICE, objects.device_properties(peripheral))
                self._tree.change(path, DEVICE, RSSI=peripheral.rssi_dbm + self._random.randint(-1, 1))
        self._timer = asyncio.get_running_loop().call_later(ADVERTISE_S, self._advertise)
