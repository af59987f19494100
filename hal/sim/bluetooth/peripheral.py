"""A simulated Bluetooth Low Energy peripheral: its advertisement, its characteristics, its connection. No D-Bus here.

A far end writes the behaviour: what a characteristic does when written, what it answers when read, when it notifies.
A radio (`hal.sim.bluetooth.bluez`) carries it to the station.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

Flag = Literal["read", "write", "write-without-response", "notify", "indicate"]
ATT_HEADER_BYTES = 3
IDLE_S = 2.0
"""Events of a longer pause need not be drawn one by one."""
CCCD_NOT_SET = 0xFD
"""ATT error of a control point that was written before its indications were enabled (Core specification, vol. 3 F)."""


class AttError(Exception):
    """Raised by `on_write` or `read`: the peripheral answers with this ATT error code (0x80-0x9F: its own)."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ATT error 0x{code:02x}")
        self.code = code


@dataclass(slots=True, eq=False)
class Characteristic:
    """One characteristic, named by its full lower-case UUID.

    `on_write` takes what the station wrote, `read` gives what it reads; either may raise `AttError`. `on_subscribe` is
    told when notifications are switched on or off. `notifying` is the radio's to set.
    """

    uuid: str
    flags: tuple[Flag, ...]
    on_write: Callable[[bytes], None] | None = None
    read: Callable[[], bytes] | None = None
    on_subscribe: Callable[[bool], None] | None = None
    notifying: bool = field(default=False, init=False)


class Radio(Protocol):
    """What a peripheral needs of the radio that it is on."""

    def deliver(self, peripheral: "Peripheral", batch: Sequence[tuple[Characteristic, bytes]]) -> None:
        """Carry notifications to the station, together and in order."""
        ...

    def refresh(self, peripheral: "Peripheral") -> None:
        """The peripheral's advertisement changed: shown, hidden, another strength."""
        ...

    def drop(self, peripheral: "Peripheral") -> None:
        """End the connection, as a peripheral out of reach does."""
        ...


class Peripheral:
    """One peripheral. `services` maps a service's UUID to its characteristics; all UUIDs full and lower case.

    `mtu` bounds a notification to mtu - 3 bytes. Connection events follow each other at `interval_ms`, each drawn from
    `seed` between the two bounds (real ms), whatever the device does: notifications wait for the next one and leave
    together; (0, 0) sends at once.
    Hooks: `on_connect`, `on_disconnect`.
    """

    def __init__(
        self,
        mac: str,
        name: str,
        services: Mapping[str, Sequence[Characteristic]],
        *,
        rssi_dbm: int = -58,
        mtu: int = 247,
        interval_ms: tuple[float, float] = (0.0, 0.0),
        seed: int = 1,
    ) -> None:
        self.mac = mac.upper()
        self.name = name
        self.services = {uuid.lower(): tuple(members) for uuid, members in services.items()}
        self.mtu = mtu
        self.interval_ms = interval_ms
        self.on_connect: Callable[[], None] = lambda: None
        self.on_disconnect: Callable[[], None] = lambda: None
        self.connected = False
        self.radio: Radio | None = None
        self._rssi_dbm = rssi_dbm
        self._advertising = True
        self._random = random.Random(seed)
        self._held: list[tuple[Characteristic, bytes]] = []
        self._event: asyncio.TimerHandle | None = None
        self._event_s = 0.0

    @property
    def address(self) -> str:
        """`ble:` and the Bluetooth address, as a device file writes it."""
        return f"ble:{self.mac}"

    @property
    def advertising(self) -> bool:
        """Whether a scan finds it. As on most sensors, a connection ends advertising for as long as it lasts."""
        return self._advertising and not self.connected

    @property
    def rssi_dbm(self) -> int:
        """The strength with which it is received (dBm)."""
        return self._rssi_dbm

    @rssi_dbm.setter
    def rssi_dbm(self, value: int) -> None:
        self._rssi_dbm = value
        self._refresh()

    def characteristic(self, uuid: str) -> Characteristic:
        """The characteristic of that UUID; raises KeyError."""
        for members in self.services.values():
            for member in members:
                if member.uuid == uuid.lower():
                    return member
        raise KeyError(f"{self.name} has no characteristic {uuid}")

    def notify(self, uuid: str, data: bytes) -> bool:
        """Send a notification; False where nobody is connected or subscribed. Raises ValueError beyond the MTU."""
        characteristic = self.characteristic(uuid)
        if len(data) > self.mtu - ATT_HEADER_BYTES:
            raise ValueError(f"{len(data)} bytes do not fit an MTU of {self.mtu}")
        if not (self.connected and characteristic.notifying and self.radio):
            return False
        if self._event is None and not any(self.interval_ms):
            self.radio.deliver(self, [(characteristic, bytes(data))])
            return True
        self._held.append((characteristic, bytes(data)))
        if self._event is None:
            self._event = asyncio.get_running_loop().call_at(self._next_event_s(), self._connection_event)
        return True

    def advertise(self, on: bool) -> None:
        """Be found by scans, or not."""
        self._advertising = on
        self._refresh()

    def drop(self) -> None:
        """End the connection from this side; nothing where there is none."""
        if self.connected and self.radio is not None:
            self.radio.drop(self)

    def link_up(self) -> None:
        """For the radio: the station connected."""
        self.connected = True
        self.on_connect()

    def link_down(self) -> None:
        """For the radio: the connection ended; what waited for the next connection event is lost."""
        if self._event is not None:
            self._event.cancel()
            self._event = None
        self._held.clear()
        for members in self.services.values():
            for member in members:
                member.notifying = False
        if self.connected:
            self.connected = False
            self.on_disconnect()

    def _next_event_s(self) -> float:
        """The loop's time of the next connection event; events go on while nothing waits for them."""
        now_s, (least_ms, most_ms) = asyncio.get_running_loop().time(), self.interval_ms
        if now_s - self._event_s > IDLE_S:
            self._event_s = now_s - self._random.uniform(0.0, least_ms / 1e3)
        while self._event_s <= now_s:
            self._event_s += self._random.uniform(least_ms, most_ms) / 1e3
        return self._event_s

    def _connection_event(self) -> None:
        self._event = None
        held, self._held = self._held, []
        if held and self.radio is not None:
            self.radio.deliver(self, held)

    def _refresh(self) -> None:
        if self.radio is not None:
            self.radio.refresh(self)
