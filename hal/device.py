"""What a device is, and everything that can go wrong with one.

    HalError
    ├── LinkError               the wire
    │   ├── LinkNotFound        no such port, host or address
    │   ├── LinkBusy            another program holds the port
    │   ├── LinkDenied          this user may not open it
    │   └── LinkLost            it was open and ended
    ├── DeviceError             the device at the other end
    │   ├── NoAnswer            it stayed silent past its deadline
    │   ├── ReadBackMismatch    it reports another value than the one set
    │   ├── Refused             it, or its model, cannot do what was asked
    │   ├── PulseNotDelivered   fired, and no pulse was reported
    │   └── OffNotConfirmed     told to stop, and no message confirms it
    └── SetupError              a driver option or address that makes no sense

Every error names the device and carries a remedy that a therapist can follow.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal


class HalError(Exception):
    """Base of all device errors: `device` is its configured name, `remedy` what a person can do."""

    def __init__(self, message: str, *, device: str = "", remedy: str = "") -> None:
        super().__init__(message)
        self.device = device
        self.remedy = remedy

    def __str__(self) -> str:
        """One line: device, what happened, what to do."""
        head = f"{self.device}: " if self.device else ""
        tail = f" ({self.remedy})" if self.remedy else ""
        return f"{head}{super().__str__()}{tail}"


class LinkError(HalError):
    """The wire failed."""


class LinkNotFound(LinkError):
    """No such port, host or address."""


class LinkBusy(LinkError):
    """Another program holds the port."""


class LinkDenied(LinkError):
    """This user may not open the port."""


class LinkLost(LinkError):
    """The wire was open and ended: cable out, peer gone."""


class DeviceError(HalError):
    """The device at the other end failed, refused or contradicted."""


class NoAnswer(DeviceError):
    """The device stayed silent past its deadline."""


class ReadBackMismatch(DeviceError):
    """The device reports another value than the one that was set."""


class Refused(DeviceError):
    """The device, or its model, cannot do what was asked."""


class PulseNotDelivered(DeviceError):
    """A pulse was fired and the device reported none."""


class OffNotConfirmed(DeviceError):
    """The device was told to stop and no message confirms that it did."""


class SetupError(HalError):
    """A driver, option or address that makes no sense.

    `key` is its place in the device's file ("driver", "options.rate_hz"), "" for what no file can mend.
    """

    def __init__(self, message: str, *, device: str = "", remedy: str = "", key: str = "") -> None:
        super().__init__(message, device=device, remedy=remedy)
        self.key = key


LinkState = Literal["closed", "connecting", "ok", "silent", "lost"]


@dataclass(frozen=True, slots=True)
class Health:
    """How a device is: link state, since when, and in words what to do.

    `since_ns` and `last_heard_ns` are on the caller's monotonic clock (ns); `last_heard_ns` is None before the
    first byte. `dropped` counts frames or samples known to be lost, `reconnects` re-openings since `open`.
    `last_error` is the newest error, first said at `last_error_ns` (None: there was none); `Device.set_health` keeps
    both when the device is well again.
    """

    state: LinkState
    since_ns: int
    last_heard_ns: int | None = None
    error: str = ""
    remedy: str = ""
    dropped: int = 0
    reconnects: int = 0
    last_error: str = ""
    last_error_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Attention:
    """Why a device that works cannot be used as it is now, and what to do about it, both in a therapist's words."""

    what: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Vitals:
    """What a device screen shows beside the link's health. None: the device does not tell, or it is not known yet.

    `rate_hz` is measured over the last seconds, `received` and `lost` count samples since `open`. `clock_offset_ms` is
    how far the device's clock has moved against the station's since it was connected, `clock_drift_ppm` how fast it
    moves, `clock_spread_ms` the spread (95th percentile) of arrivals behind the mapped clock. `attention` is what
    somebody has to see to before the device can be used, for as long as it is so; `notes` are standing remarks in a
    therapist's words ("60 Hz live: too slow for gait events").
    """

    battery_pct: float | None = None
    rssi_dbm: int | None = None
    rate_hz: float | None = None
    received: int = 0
    lost: int = 0
    clock_offset_ms: float | None = None
    clock_drift_ppm: float | None = None
    clock_spread_ms: float | None = None
    attention: tuple[Attention, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """Something a device said; `mono_ns` is the station's monotonic time of arrival (ns)."""

    mono_ns: int


@dataclass(frozen=True, slots=True)
class HealthChanged(Reading):
    """The device's health changed state."""

    health: Health


Subscriber = Callable[[Reading], None]


class Device(ABC):
    """A named device that is opened, heard and closed. Drivers never know whether the far end is simulated.

    `open` returns once the first connection attempt has ended (well or not) and keeps reconnecting until `close`.
    Readings reach subscribers on the event loop's thread, in order; a subscriber must not block.
    """

    role: str

    def __init__(self, name: str, now_ns: Callable[[], int]) -> None:
        self.name = name
        self.now_ns = now_ns
        self._health = Health("closed", now_ns())
        self._subscribers: list[Subscriber] = []

    @property
    def health(self) -> Health:
        """The present health."""
        return self._health

    @property
    def vitals(self) -> Vitals:
        """Battery, signal, rate, loss and clock, as far as the device tells."""
        return Vitals(lost=self._health.dropped)

    @property
    @abstractmethod
    def address(self) -> str:
        """Where the device is, as configured (`serial:/dev/ttyUSB0`, `tcp:10.0.0.5:23456`, `manual`)."""

    @abstractmethod
    async def open(self) -> None:
        """Connect, or start trying to. Never raises for a device that is merely absent: see `health`."""

    @abstractmethod
    async def close(self) -> None:
        """Disconnect and release everything; safe to call twice."""

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Deliver every reading to `subscriber` from now on; call the result to end it."""
        self._subscribers.append(subscriber)
        return lambda: self._subscribers.remove(subscriber)

    def publish(self, reading: Reading) -> None:
        """Hand one reading to all subscribers."""
        for subscriber in tuple(self._subscribers):
            subscriber(reading)

    def set_health(self, health: Health) -> None:
        """Store `health`, with the newest error; tell subscribers when its state or error changed."""
        before, now_ns = self._health, self.now_ns()
        newest = before.last_error, before.last_error_ns
        if health.error and health.error != before.error:
            newest = health.error, now_ns
        self._health = replace(health, last_error=newest[0], last_error_ns=newest[1])
        if (health.state, health.error) != (before.state, before.error):
            self.publish(HealthChanged(now_ns, self._health))
