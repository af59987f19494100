"""One Bluetooth adapter, shared by all links of an event loop: it scans, or it connects one peripheral, never both.

Loads bleak: see `hal.links.ble`. Whoever waits for a peripheral shares one scan, so that one that is absent holds up no
other.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from bleak import BleakClient, BleakScanner
from bleak.args.bluez import BlueZClientArgs, BlueZScannerArgs
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from hal.device import LinkBusy
from hal.links.ble_errors import FAILURES, explain, not_seen, service_silent
from hal.links.ble_stale import end_stale

OnLost = Callable[[BleakClient], None]

SCAN_S = 6.0
"""How long a peripheral is looked for; sensors advertise several times a second."""
CONNECT_S = 10.0
STOP_S = 3.0
BETWEEN_SCANS_S = 0.02
NO_RSSI = -127


@dataclass(frozen=True, slots=True)
class Wanted:
    """A peripheral as configured: its Bluetooth address, or how its name begins."""

    mac: str = ""
    name: str = ""

    def __str__(self) -> str:
        return self.mac or f"{self.name}…"

    def fits(self, mac: str, name: str) -> bool:
        """Whether that is it."""
        return mac.upper() == self.mac if self.mac else name.startswith(self.name)


@dataclass(frozen=True, slots=True)
class Reached:
    """A connected peripheral, its services resolved; `rssi_dbm` as advertised, None where that was not told."""

    client: BleakClient
    mac: str
    rssi_dbm: int | None


@dataclass(slots=True, eq=False)
class _Seeker:
    wanted: Wanted
    found: asyncio.Future[tuple[BLEDevice, int | None]]
    left_s: float = field(default_factory=lambda: SCAN_S)


class Radio:
    """One adapter (`hci0`; "" is the system's first one that is powered).

    `taken` are the addresses that links of this event loop have, on whichever adapter. Name the adapter in all of a
    box's addresses or in none: the same adapter under two names would be two radios here.
    """

    def __init__(self, adapter: str, taken: set[str]) -> None:
        self._adapter = adapter
        self._turn = asyncio.Lock()
        self._wake = asyncio.Event()
        self._connecting = 0
        self._seekers: list[_Seeker] = []
        self._scan: asyncio.Task[None] | None = None
        self._taken = taken

    async def reach(self, wanted: Wanted, on_lost: OnLost) -> Reached:
        """Find and connect; raises `LinkError` or `NoAnswer`. `release` gives its address free again."""
        if wanted.mac in self._taken:
            raise LinkBusy(f"two devices are configured with {wanted.mac}", remedy="correct the address of one")
        try:
            await self._end_stale(wanted)
            device, rssi_dbm = await self._find(wanted)
        except FAILURES as error:
            raise explain(error, str(wanted)) from error
        try:
            return Reached(await self._connect(device, on_lost), device.address, rssi_dbm)
        except FAILURES as error:
            self.release(device.address)
            raise explain(error, str(wanted)) from error
        except BaseException:
            self.release(device.address)
            raise

    def release(self, mac: str) -> None:
        """The peripheral is not connected any more; another link may look for it."""
        self._taken.discard(mac)

    async def _end_stale(self, wanted: Wanted) -> None:
        try:
            await end_stale(self._adapter, wanted.fits, self._taken)
        except TimeoutError as error:
            raise service_silent() from error

    async def _find(self, wanted: Wanted) -> tuple[BLEDevice, int | None]:
        seeker = _Seeker(wanted, asyncio.get_running_loop().create_future())
        self._seekers.append(seeker)
        if self._scan is None or self._scan.done():
            self._scan = asyncio.create_task(self._scan_for_all(), name="bluetooth scan")
        try:
            return await seeker.found
        except asyncio.CancelledError:
            if seeker.found.done() and not seeker.found.cancelled() and seeker.found.exception() is None:
                self.release(seeker.found.result()[0].address)
            raise
        finally:
            self._seekers.remove(seeker)
            if not self._seekers:
                self._wake.set()
                # whoever gives up meanwhile must not end a scan that somebody else has joined
                await asyncio.wait((self._scan,))

    async def _scan_for_all(self) -> None:
        while any(not seeker.found.done() for seeker in self._seekers):
            async with self._turn:
                try:
                    await self._scan_once()
                except Exception as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
                    self._fail(service_silent() if isinstance(error, TimeoutError) else error)
            # whoever was found gets the turn before the next scan
            await asyncio.sleep(BETWEEN_SCANS_S)

    def _fail(self, error: Exception) -> None:
        for seeker in self._seekers:
            if not seeker.found.done():
                seeker.found.set_exception(error)

    async def _scan_once(self) -> None:
        waiting = [seeker for seeker in self._seekers if not seeker.found.done()]
        if self._connecting or not waiting:
            return
        self._wake.clear()
        loop = asyncio.get_running_loop()
        scanner = BleakScanner(self._seen, bluez=BlueZScannerArgs(adapter=self._adapter) if self._adapter else {})
        async with asyncio.timeout(CONNECT_S):
            await scanner.start()
        begun_s = loop.time()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(min(seeker.left_s for seeker in waiting)):
                    await self._wake.wait()
        finally:
            with suppress(*FAILURES):
                async with asyncio.timeout(STOP_S):
                    await scanner.stop()
        for seeker in waiting:
            seeker.left_s -= loop.time() - begun_s
            if seeker.left_s <= 0 and not seeker.found.done():
                seeker.found.set_exception(not_seen(str(seeker.wanted)))

    def _seen(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        name = advertisement.local_name or device.name or ""
        for seeker in self._seekers:
            free = device.address not in self._taken and not seeker.found.done()
            if free and seeker.wanted.fits(device.address, name):
                self._taken.add(device.address)
                rssi = advertisement.rssi
                seeker.found.set_result((device, None if rssi == NO_RSSI else rssi))
                self._wake.set()

    async def _connect(self, device: BLEDevice, on_lost: OnLost) -> BleakClient:
        self._connecting += 1
        self._wake.set()
        try:
            async with self._turn:
                client = await self._connect_once(device, on_lost)
                if not client.services.characteristics:
                    # after an aborted attempt services may count as resolved before they are there
                    await _leave(client)
                    client = await self._connect_once(device, on_lost)
                return client
        finally:
            self._connecting -= 1

    async def _connect_once(self, device: BLEDevice, on_lost: OnLost) -> BleakClient:
        client = BleakClient(
            device,
            on_lost,
            timeout=CONNECT_S,
            bluez=BlueZClientArgs(adapter=self._adapter) if self._adapter else {},
        )
        # bleak asks the service to disconnect where its own time-out strikes: a service that hangs needs a second one
        async with asyncio.timeout(CONNECT_S + STOP_S):
            await client.connect()
        return client


async def _leave(client: BleakClient) -> None:
    with suppress(*FAILURES):
        async with asyncio.timeout(STOP_S):
            await client.disconnect()


@dataclass(slots=True)
class _Air:
    taken: set[str] = field(default_factory=set)
    radios: dict[str, Radio] = field(default_factory=dict)


_AIR: WeakKeyDictionary[asyncio.AbstractEventLoop, _Air] = WeakKeyDictionary()


def radio(adapter: str) -> Radio:
    """The adapter that all links of this event loop share."""
    air = _AIR.setdefault(asyncio.get_running_loop(), _Air())
    return air.radios.setdefault(adapter, Radio(adapter, air.taken))
