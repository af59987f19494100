"""A treadmill with the Bluetooth Fitness Machine Service: its data, its events, and commands with read-back.

The service has no watchdog: a belt whose connection is lost may run on. So a lost or silent link is shown as "belt
state unknown" at once, control has to be taken anew after each connection, and only `start_belt` starts the belt.
Not tried on hardware; the bytes are those of the Bluetooth description and of two open codecs that agree.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from hal.ble import BleDevice
from hal.device import (
    DeviceError,
    HalError,
    LinkBusy,
    LinkError,
    NoAnswer,
    OffNotConfirmed,
    ReadBackMismatch,
    Refused,
    Vitals,
)
from hal.drivers.gait import ftms_codec as wire
from hal.drivers.gait.belt_pilot import BY_HAND, OVERTAKEN, START_AGAIN, BeltPilot
from hal.drivers.gait.piloted_belt import BeltOptions, PilotedBelt
from hal.drivers.hearing import Hearing, within
from hal.links.gatt import GattLink, Notification
from hal.options import parse_options
from hal.roles import RobotPhase, RobotState
from hal.supervised import Patience

NO_WATCHDOG = "a lost connection leaves the belt running: keep the treadmill's own stop in reach"
ONLY_HEARD = "this treadmill is only heard: it takes no commands"
UNSEEN_PANEL = "this treadmill is only heard: it does not tell when it is stopped at its panel"
AT_ITS_PANEL = "use the treadmill's own panel"
TOLERANCE_KMH = 0.05
BUSY_S = 0.1
"""Pause before a control point that is busy with another command is written again."""
SLOW_HZ = 1.5
Heard = wire.Response | wire.MachineStatus | wire.TreadmillData
_GET_NEARER = "switch the treadmill on, stay near it, and close other apps that use it"


@dataclass(frozen=True, slots=True, kw_only=True)
class FtmsOptions(BeltOptions):
    """Options of a device file. `pace` is the width this machine uses for pace fields."""

    pace: wire.Pace = "uint16"


class FtmsTreadmill(PilotedBelt, BleDevice):
    """A `hal.roles.Treadmill`."""

    notifies = (wire.CONTROL_POINT, wire.MACHINE_STATUS, wire.TREADMILL_DATA)
    """All but the data are optional in the service: belt sensors and simple treadmills only tell their speed."""

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: GattLink,
        options: Mapping[str, Any] | None = None,
        patience: Patience = Patience(silence_s=2.0, reopen_s=5.0),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self.options = parse_options(FtmsOptions, options or {}, device=name)
        self._parser = wire.TreadmillParser(self.options.pace)
        self._hearing: Hearing[Heard] = Hearing()
        self.pilot = BeltPilot(self, self.options.limits, self.options.settle_s, self.options.hold_s)
        self._range: wire.SpeedRange | None = None
        self._features: wire.Features | None = None
        self._account: wire.TreadmillData | None = None
        self._stopping = False
        self._e_stop: bool | None = None
        self._strange = 0
        self._only_heard = ""
        self._set_kmh: float | None = None

    # what the machine says

    @property
    def dropped(self) -> int:
        """Packets that make no sense."""
        return self._parser.dropped + self._strange

    @property
    def actual_kmh(self) -> float | None:
        """The speed as last told; None before the first account."""
        return None if self._account is None else self._account.speed_kmh

    @property
    def tolerance_kmh(self) -> float:
        """Half a step of the limits."""
        return TOLERANCE_KMH

    @property
    def remarks(self) -> tuple[str, ...]:
        """That there is no watchdog or nothing to command, and data that come too seldom."""
        rate_hz = self.rate_hz
        first = self._only_heard or NO_WATCHDOG
        slow = rate_hz is not None and rate_hz < SLOW_HZ
        return (first, f"only {rate_hz:g} accounts a second: the belt may count as unheard") if slow else (first,)

    @property
    def vitals(self) -> Vitals:
        """States and their rate, signal strength, remarks."""
        return replace(super().vitals, rssi_dbm=self.link.rssi_dbm)

    def on_link_up(self) -> None:
        """Forget half messages and all that was known; control has to be taken again."""
        self._parser.reset()
        self._range = self._features = None
        self.lost_sight()

    def subscriptions(self) -> tuple[str, ...]:
        """Those of `notifies` that this machine has; raises `Refused` where it has no treadmill data."""
        here = self.link.characteristics
        if wire.TREADMILL_DATA not in here:
            raise Refused(
                "it is no treadmill: it sends no treadmill data",
                device=self.name,
                remedy="compare the address in the device file with the treadmill",
            )
        told = wire.MACHINE_STATUS in here
        self._only_heard = ONLY_HEARD if wire.CONTROL_POINT not in here else "" if told else UNSEEN_PANEL
        return tuple(characteristic for characteristic in self.notifies if characteristic in here)

    def lost_sight(self) -> None:
        """Nothing is known of the belt any more, and nothing is ours to command."""
        self._account = self._e_stop = self._set_kmh = None
        self._stopping = False
        self.pilot.revoke()

    async def greet(self) -> None:
        """Read what the machine can do; one that does not tell cannot be commanded, but is heard."""
        with suppress(DeviceError):
            self._features = wire.decode_features(await self.link.read_value(wire.FEATURES))
        with suppress(DeviceError):
            self._range = wire.decode_speed_range(await self.link.read_value(wire.SPEED_RANGE))

    def on_notification(self, notification: Notification) -> None:
        """Take one notification; each whole account becomes a `RobotState`, the safety key at once."""
        if notification.characteristic == wire.TREADMILL_DATA:
            for account in self._parser.feed(notification.data, notification.mono_ns / 1e9):
                self._account = account
                self._stopping = self._stopping and bool(account.speed_kmh)
                self.heard()
                self._publish(notification.mono_ns)
                self._hearing.tell(account)
            return
        told = _DECODERS[notification.characteristic](notification.data)
        if told is None:
            self._strange += 1
            return
        if isinstance(told, wire.MachineStatus):
            self._happened(told, notification.mono_ns)
        self._hearing.tell(told)

    def _happened(self, status: wire.MachineStatus, mono_ns: int) -> None:
        if status.what in ("safety_key", "control_lost"):
            self.pilot.revoke()
        if status.speed_kmh is not None:
            self._set_kmh = status.speed_kmh
        if status.what == "started":
            self._stopping, self._e_stop = False, False
        if status.what in ("stopped", "paused", "reset"):
            self._stopping = True
            self.pilot.halted()
        if status.what == "safety_key":
            self._e_stop = True
            self._publish(mono_ns)

    def _publish(self, mono_ns: int) -> None:
        self.tell(RobotState(mono_ns, self._phase(), self.actual_kmh, None, None, self._e_stop, None))

    def _phase(self) -> RobotPhase:
        if self._e_stop:
            return "fault"
        if self.actual_kmh is None:
            return "unknown"
        if self.actual_kmh == 0:
            return "stand"
        return "stopping" if self._stopping else "walk"

    # commands

    async def take_control(self) -> None:
        """Ask for control; `NoAnswer`, `Refused` where the machine does not give it, is only heard or too fast."""
        self._need_commands()
        if self._features is not None and not self._features.sets_speed:
            raise Refused("this treadmill's speed cannot be set", device=self.name, remedy=AT_ITS_PANEL)
        if self._range is None:
            raise NoAnswer("the treadmill has not told its speed range", device=self.name, remedy=_GET_NEARER)
        slowest_kmh = self.options.slowest_kmh
        if self._range.nearest(slowest_kmh) > slowest_kmh + TOLERANCE_KMH:
            # a start would move the belt, at a speed that nobody asked for, only to be stopped again
            raise Refused(
                f"this treadmill runs at {self._range.minimum_kmh:g} km/h at the least, not {slowest_kmh:g}",
                device=self.name,
                remedy="write the speed that it can run as slowest_kmh in its device file, if that is slow enough",
            )
        await self._request(wire.REQUEST_CONTROL)
        self.pilot.granted = True

    async def set_speed(self, speed_kmh: float) -> None:
        """Ramp to a speed within the limits and the machine's own steps, and see the belt run at it."""
        limits, machine = self.options.limits, self._range
        asked_kmh = limits.check(speed_kmh, device=self.name)
        if machine is not None and machine.nearest(asked_kmh) != asked_kmh:
            raise Refused(
                f"this treadmill runs {machine.minimum_kmh:g} to {machine.maximum_kmh:g} km/h "
                f"in steps of {machine.step_kmh:g}, not {asked_kmh:g}",
                device=self.name,
                remedy=f"choose {machine.nearest(asked_kmh):g} km/h if that is slow enough",
            )
        await super().set_speed(asked_kmh)

    # for the pilot

    async def ask_start(self) -> None:
        """Start, answered with "ok", then the status "started" or a moving belt."""

        def moves(message: Heard) -> bool:
            if isinstance(message, wire.MachineStatus):
                return message.what == "started"
            return isinstance(message, wire.TreadmillData) and bool(message.speed_kmh)

        with self._hearing.first(moves) as moving:
            await self._request(wire.START)
            if await within(moving, self.options.settle_s) is None:
                raise NoAnswer("the belt was told to start and does not", device=self.name, remedy=BY_HAND)

    async def ask_speed(self, speed_kmh: float, after_kmh: float | None) -> None:
        """Set the nearest legal speed that is not faster; a status that names another speed is a mismatch."""
        before_kmh = None if after_kmh is None else self._legal(after_kmh)
        if before_kmh is not None and self._set_kmh is not None and abs(self._set_kmh - before_kmh) > TOLERANCE_KMH:
            raise self.pilot.overruled(self._set_kmh)
        legal_kmh = self._legal(speed_kmh)
        told: list[float] = []

        def notes(message: Heard) -> bool:
            if isinstance(message, wire.MachineStatus) and message.speed_kmh is not None:
                told.append(message.speed_kmh)
            return False

        with self._hearing.first(notes):
            await self._request(wire.encode_set_speed(legal_kmh))
        if told and abs(told[-1] - legal_kmh) > TOLERANCE_KMH:
            raise ReadBackMismatch(
                f"set speed should be {legal_kmh:g} km/h, the treadmill reports {told[-1]:g}",
                device=self.name,
                remedy="look at the treadmill's panel; it may limit the speed by itself",
            )

    async def ask_stop(self) -> None:
        """Stop, and wait until the machine reports 0 km/h; with its safety key pulled it stands without our asking."""
        refused: HalError | None = None
        try:
            await self._stop_request()
        except HalError as error:
            refused = error
        with self._hearing.first(_is_at_rest) as rest:
            at_rest = await within(rest, self.options.settle_s if refused is None or self._e_stop else 0.0)
        if at_rest is None or (refused is not None and not self._e_stop):
            why = "the belt does not report standing" if refused is None else refused.args[0]
            raise OffNotConfirmed(f"told to stop, and {why}", device=self.name, remedy=BY_HAND) from refused

    # parts

    def _legal(self, speed_kmh: float) -> float:
        """The nearest speed that the machine runs and that is not faster."""
        return speed_kmh if self._range is None else self._range.nearest(speed_kmh)

    def _need_commands(self) -> None:
        if self._only_heard:
            raise Refused(self._only_heard, device=self.name, remedy=AT_ITS_PANEL)

    async def _stop_request(self) -> None:
        try:
            await self._request(wire.STOP)
        except Refused:
            await self._request(wire.REQUEST_CONTROL)
            await self._request(wire.STOP)

    async def _request(self, request: bytes) -> None:
        """Write to the control point; returns on "ok". Raises `Refused`, `NoAnswer`, `LinkLost`."""
        if self._only_heard == ONLY_HEARD:
            self._need_commands()
        loop = asyncio.get_running_loop()
        until_s, stops = loop.time() + self.options.answer_s, self.pilot.stops
        moves = request[0] in (wire.Request.START, wire.Request.SET_SPEED)

        def answers(message: Heard) -> bool:
            return isinstance(message, wire.Response) and message.request == request[0]

        with self._hearing.first(answers) as told:
            await self._write(request, until_s, lambda: moves and self.pilot.stops != stops)
            answer = await within(told, max(0.0, until_s - loop.time()))
        if not isinstance(answer, wire.Response):
            raise NoAnswer("the treadmill did not answer", device=self.name, remedy=_GET_NEARER)
        if answer.result != wire.Result.OK:
            raise Refused(f"the treadmill refuses: {answer.words}", device=self.name, remedy=_GET_NEARER)

    async def _write(self, request: bytes, until_s: float, overtaken: Callable[[], bool]) -> None:
        """Write, again while the control point is busy; what a stop has `overtaken` meanwhile is not said any more."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                await self.link.write(wire.CONTROL_POINT, request, response=True)
                return
            except (Refused, LinkBusy) as error:
                if loop.time() + BUSY_S > until_s:
                    error.device = self.name
                    raise
                await asyncio.sleep(BUSY_S)
                if overtaken():
                    raise Refused(OVERTAKEN, device=self.name, remedy=START_AGAIN) from error
            except (LinkError, NoAnswer) as error:
                error.device = self.name
                raise


def _is_at_rest(message: Heard) -> bool:
    return isinstance(message, wire.TreadmillData) and message.speed_kmh == 0


_DECODERS: dict[str, Callable[[bytes], wire.Response | wire.MachineStatus | None]] = {
    wire.CONTROL_POINT: wire.decode_response,
    wire.MACHINE_STATUS: wire.decode_status,
}
