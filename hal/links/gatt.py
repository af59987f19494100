"""What a Bluetooth Low Energy link is: characteristics instead of a byte stream."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Notification:
    """What a characteristic sent; `mono_ns` is the station's monotonic time, taken first thing on arrival."""

    mono_ns: int
    characteristic: str
    data: bytes


class GattLink(Protocol):
    """A connection to one peripheral that can be reopened. All methods run on the event loop's thread.

    Characteristics are named by their full lower-case UUID.
    """

    @property
    def address(self) -> str:
        """The configured address (`ble:AA:BB:CC:DD:EE:FF`, `ble:name=WT901BLE`)."""
        ...

    @property
    def is_open(self) -> bool:
        """Connected, with its services resolved."""
        ...

    @property
    def rssi_dbm(self) -> int | None:
        """Signal strength as last advertised."""
        ...

    @property
    def characteristics(self) -> Mapping[str, frozenset[str]]:
        """While open: each characteristic's UUID, with its properties ("notify", "write", "read", ...)."""
        ...

    def max_write_bytes(self, characteristic: str) -> int:
        """The longest value that one write without response carries; raises `Refused` where there is no such."""
        ...

    async def open(self) -> None:
        """Scan, connect, resolve services; raises `LinkNotFound`, `LinkBusy`, `LinkDenied`, `LinkLost`, `NoAnswer`."""
        ...

    async def subscribe(self, characteristic: str) -> None:
        """Notifications of `characteristic` from now on; what arrived before this returned is discarded.

        Raises `LinkLost`, `NoAnswer`, `Refused` where the peripheral has no such characteristic.
        """
        ...

    async def read(self) -> tuple[Notification, ...]:
        """All notifications that have arrived, at least one, in order; raises `LinkLost` when the link ended."""
        ...

    async def write(self, characteristic: str, data: bytes, *, response: bool = False) -> None:
        """Write a value, acknowledged with `response`; raises `LinkLost`, `NoAnswer`, `Refused`."""
        ...

    async def read_value(self, characteristic: str) -> bytes:
        """Read a value; raises `LinkLost`, `NoAnswer`, `Refused`."""
        ...

    async def close(self) -> None:
        """Disconnect; safe to call twice. A waiting `read` raises `LinkLost`."""
        ...
