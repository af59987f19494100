"""An OpenExo exoskeleton, read over its Nordic UART: joints, torques, foot contacts, battery, steps, faults.

It is never commanded: not the motors, not the trial, nothing at all is ever written. So the trial has to be started at
the exoskeleton, and its own app must be disconnected, for it serves one connection. Which number of a frame is which is
its own configuration (`values` in the device file). It tells no phase: standing and walking follow from the mapped foot
contacts, else the phase stays unknown. Any error it reports is a fault until the next connection.
Not tried on hardware; the format is the one of the published firmware.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from hal.ble import BleDevice
from hal.device import Attention, Vitals
from hal.drivers.gait import openexo_codec as wire
from hal.drivers.gait.robot_telemetry import RobotTelemetry
from hal.links.gatt import GattLink, Notification
from hal.options import nearest, parse_options
from hal.roles import JOINTS, RobotPhase, RobotState
from hal.supervised import Patience

logger = logging.getLogger(__name__)

UART_NOTIFY = "6e400003-b5a3-f393-e0a9-e50e24dcca9e"
ERROR_NOTIFY = "33b65d43-611c-11ed-9b6a-0242ac120002"
STREAM_S = 1.0
"""Without a frame of joints for so long (real s), nothing is known, even where battery or steps still come."""
CONTACT_WINDOW_NS = 3_000_000_000
"""Longer than the longest stance of the slowest walk (0.8 km/h)."""

ANGLES, VELOCITIES, TORQUES = (
    tuple(f"{what}_{joint}_{unit}" for joint in JOINTS)
    for what, unit in (("angle", "deg"), ("velocity", "deg_s"), ("torque", "nm"))
)
CONTACTS = ("contact_right", "contact_left")
SCALARS = ("speed_kmh", "body_weight_support_kg", "assist_pct")
UNUSED = "-"
KNOWN = (*ANGLES, *VELOCITIES, *TORQUES, *CONTACTS, *SCALARS, UNUSED)


@dataclass(frozen=True, slots=True)
class OpenExoOptions:
    """Options of a device file. `values` names the numbers of a `?` frame in order, "-" for one that is not used.

    `battery` is what the battery number means in this firmware; "" where nobody has confirmed it.
    """

    values: tuple[str, ...] = ()
    battery: Literal["", "percent", "volt"] = ""

    def __post_init__(self) -> None:
        for name in self.values:
            if name not in KNOWN:
                raise ValueError(f"values: there is no {name!r}; {nearest(name, list(KNOWN))}")
        used = [name for name in self.values if name != UNUSED]
        if len(used) != len(set(used)):
            raise ValueError("values names the same number twice")


class ContactPhase:
    """Standing or walking, from two foot contacts (right, left): pure, times in ns and rising."""

    def __init__(self) -> None:
        self._last: tuple[bool, bool] | None = None
        self._since_ns = 0
        self._changed_ns: list[int | None] = [None, None]

    def feed(self, contacts: tuple[bool, bool], now_ns: int) -> RobotPhase:
        """Walking while both feet change within three seconds, standing while both stay down so long, else unknown."""
        if self._last is None:
            self._since_ns = now_ns
        for foot, (before, now) in enumerate(zip(self._last or contacts, contacts, strict=True)):
            if before != now:
                self._changed_ns[foot] = self._since_ns = now_ns
        self._last = contacts
        if all(at is not None and now_ns - at <= CONTACT_WINDOW_NS for at in self._changed_ns):
            return "walk"
        still = now_ns - self._since_ns >= CONTACT_WINDOW_NS
        return "stand" if still and all(contacts) else "unknown"


class OpenExo(RobotTelemetry, BleDevice):
    """A `hal.roles.GaitTrainer` with telemetry."""

    moving_part = "exoskeleton"

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: GattLink,
        options: Mapping[str, Any] | None = None,
        patience: Patience = Patience(silence_s=2.5, reopen_s=8.0),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self.options = parse_options(OpenExoOptions, options or {}, device=name)
        self._parser = wire.StreamParser()
        self._skipped = 0
        self._battery: float | None = None
        self._frame_s: float | None = None
        self._forget()

    def _forget(self) -> None:
        self._contact_phase = ContactPhase()
        self._fault = ""
        self._errors = 0
        self._steps: int | None = None

    # what it says

    @property
    def dropped(self) -> int:
        """Runs of garbage, and frames with fewer numbers than the device file names."""
        return self._parser.resyncs + self._skipped

    @property
    def attention(self) -> tuple[Attention, ...]:
        """A fault."""
        return (Attention(f"fault: {self._fault}", "restart the exoskeleton"),) if self._fault else ()

    @property
    def remarks(self) -> tuple[str, ...]:
        """Numbers nobody named, a battery nobody knows how to read."""
        found = []
        if not self.options.values:
            found.append("the device file does not name its numbers: they are not read")
        if self._battery is not None and self.options.battery != "percent":
            found.append(f"battery reads {self._battery:g} {'V' if self.options.battery else '(unit not confirmed)'}")
        return tuple(found)

    @property
    def vitals(self) -> Vitals:
        """States and their rate, battery, signal strength, remarks."""
        battery_pct = self._battery if self.options.battery == "percent" else None
        return replace(super().vitals, battery_pct=battery_pct, rssi_dbm=self.link.rssi_dbm)

    def subscriptions(self) -> tuple[str, ...]:
        """The stream, and the error characteristic where this firmware has one."""
        return (ERROR_NOTIFY, UART_NOTIFY) if ERROR_NOTIFY in self.link.characteristics else (UART_NOTIFY,)

    def on_link_up(self) -> None:
        """Forget half messages and an earlier fault."""
        self._parser.reset()
        self._frame_s = None
        self._forget()

    def on_notification(self, notification: Notification) -> None:
        """Take bytes of the stream, or an error."""
        if notification.characteristic == ERROR_NOTIFY:
            self._fail(_error_words(notification.data), notification.mono_ns)
            return
        for message in self._parser.feed(notification.data):
            self.heard()
            if isinstance(message, wire.Frame):
                self._frame(message, notification.mono_ns)
            elif isinstance(message, wire.Greeting):
                logger.info("%s: greets: %s", self.name, " | ".join(message.parts))

    def _frame(self, frame: wire.Frame, mono_ns: int) -> None:
        first = frame.values[0] if frame.values else None
        if frame.command == wire.REALTIME:
            self._legs(frame.values, mono_ns)
        elif frame.command == wire.BATTERY:
            self._battery = first
        elif frame.command == wire.STEPS and first is not None and first >= 0:
            self._steps = int(first)
        elif frame.command == wire.ERROR and first is not None and first > self._errors:
            self._errors = int(first)
            self._fail(self._fault or "it counts an error", mono_ns)
        elif frame.command not in (wire.STEPS, wire.ERROR):
            logger.info("%s: message nobody knows: %s", self.name, frame)

    def _legs(self, values: tuple[float, ...], mono_ns: int) -> None:
        self._frame_s = asyncio.get_running_loop().time()
        if len(values) < len(self.options.values):
            self._skipped += 1
            return
        named = dict(zip(self.options.values, values, strict=False))
        contacts = tuple(named[name] > 0.5 for name in CONTACTS) if all(name in named for name in CONTACTS) else ()
        phase: RobotPhase = "unknown"
        if len(contacts) == 2:
            phase = self._contact_phase.feed((contacts[0], contacts[1]), mono_ns)
        self.tell(
            RobotState(
                mono_ns=mono_ns,
                phase="fault" if self._fault else phase,
                speed_kmh=named.get("speed_kmh"),
                body_weight_support_kg=named.get("body_weight_support_kg"),
                assist_pct=named.get("assist_pct"),
                e_stop=None,
                steps=self._steps,
                angles_deg=_all(ANGLES, named),
                velocities_deg_s=_all(VELOCITIES, named),
                torques_nm=_all(TORQUES, named),
                contacts=contacts,
            )
        )

    def _fail(self, words: str, mono_ns: int) -> None:
        """A fault counts at once, whether or not frames come."""
        logger.warning("%s: reports a fault: %s", self.name, words)
        self._fault = words
        self.heard()
        self.tell(RobotState(mono_ns, "fault", None, None, None, None, self._steps))

    async def talk(self) -> None:
        """Say nothing; see whether the joints' frames stop while other messages still come."""
        while True:
            await asyncio.sleep(STREAM_S / 4)
            if self._frame_s is not None and asyncio.get_running_loop().time() - self._frame_s > STREAM_S:
                self._frame_s = None
                self._contact_phase = ContactPhase()
                self.tell_unknown()


def _all(names: tuple[str, ...], named: Mapping[str, float]) -> tuple[float, ...]:
    """Six joints, NaN for one that is not sent; nothing where none is."""
    return tuple(named.get(name, math.nan) for name in names) if any(name in named for name in names) else ()


def _error_words(data: bytes) -> str:
    code = int(data) if data.isdigit() else data[0] if data else 0
    return wire.ERRORS.get(code, f"error {code}")
