"""A treadmill with the Trackmaster serial protocol (4800 8N1): speed and belt state, and commands with read-back.

The belt is only ever started so that it stops by itself 0.5 s after the last command (A0, never A1); questions every
200 ms keep it running, and a box that hangs or is cut off stops it. Whether the machine counts in km/h or mph is not
told over the wire: until somebody has measured it and set `units_confirmed`, no speed is shown and no command is given.
Not tried on hardware; the bytes are those of the maker's manual and of another maker's that agree.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hal.device import HalError, NoAnswer, OffNotConfirmed, ReadBackMismatch, Refused
from hal.drivers.gait import trackmaster_codec as wire
from hal.drivers.gait.belt_pilot import BY_HAND, OVERTAKEN, START_AGAIN, BeltPilot
from hal.drivers.gait.piloted_belt import BeltOptions, PilotedBelt
from hal.drivers.gait.trackmaster_codec import Belt, Command, encode
from hal.drivers.hearing import Hearing, within
from hal.linked import LinkedDevice, Patience
from hal.links.base import Link
from hal.options import parse_options
from hal.roles import RobotPhase, RobotState

KMH_PER_UNIT = {"kmh": 1.0, "mph": 1.609344}
ASK_AGAIN_S = 0.1
FRESH_S = 1.0
"""A belt state older than this (s) is no longer one."""
CHECK_CABLE = "check the cable to the treadmill and its power"
_UNITS = "units not confirmed: measure the belt's speed, then set units and units_confirmed in the device file"
_UNGUARDED = "the belt was started by hand and would not stop by itself if this box failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackmasterOptions(BeltOptions):
    """Options of a device file; `units` are what the machine counts in, once somebody has confirmed them."""

    units: Literal["kmh", "mph"] = "kmh"
    units_confirmed: bool = False
    answer_s: float = 1.0
    settle_s: float = 10.0
    poll_s: float = 0.2

    def __post_init__(self) -> None:
        if not 0.05 <= self.poll_s <= 0.2:
            raise ValueError("poll_s must be 0.05 to 0.2: the belt stops 0.5 s after the last command")
        BeltOptions.__post_init__(self)


class Trackmaster(PilotedBelt, LinkedDevice):
    """A `hal.roles.Treadmill`."""

    default_baud = 4800
    stops_when_silent = True
    """The belt is only ever started so (A0)."""

    def __init__(
        self,
        name: str,
        now_ns: Callable[[], int],
        link: Link,
        options: Mapping[str, Any] | None = None,
        patience: Patience = Patience(silence_s=1.0, reopen_s=3.0),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(name, now_ns, link, patience)
        self.options = parse_options(TrackmasterOptions, options or {}, device=name)
        self._parser = wire.StreamParser()
        self._hearing: Hearing[wire.Message] = Hearing()
        self.pilot = BeltPilot(self, self.options.limits, self.options.settle_s, self.options.hold_s)
        self._belt: Belt | None = None
        self._belt_s = 0.0
        self._actual: int | None = None

    # what the machine says

    @property
    def dropped(self) -> int:
        """Runs of garbage skipped."""
        return self._parser.resyncs

    @property
    def actual_kmh(self) -> float | None:
        """The speed as last told, in km/h; None before the first answer and while the units are not confirmed."""
        if self._actual is None or not self.options.units_confirmed:
            return None
        return round(self._actual * self._kmh_per_tenth, 2)

    @property
    def tolerance_kmh(self) -> float:
        """One tenth of the machine's unit."""
        return self._kmh_per_tenth

    @property
    def remarks(self) -> tuple[str, ...]:
        """Units that nobody confirmed, a belt that would not stop by itself."""
        units = () if self.options.units_confirmed else (_UNITS,)
        return (*units, _UNGUARDED) if self._belt is Belt.STARTED_UNGUARDED else units

    def on_link_up(self) -> None:
        """Forget half messages and all that was known; control has to be taken again."""
        self._parser.reset()
        self._forget()

    def lost_sight(self) -> None:
        """Nothing is known of the belt any more, and nothing is ours to command."""
        self._forget()

    def on_bytes(self, data: bytes) -> None:
        """Take bytes from the wire; each told speed becomes a `RobotState`."""
        for message in self._parser.feed(data):
            if isinstance(message, wire.BeltStatus):
                self._told_belt(message.belt)
            elif isinstance(message, wire.ActualSpeed):
                self._actual = message.tenths
            self.heard()
            if isinstance(message, wire.ActualSpeed):
                self.tell(RobotState(self.now_ns(), self._phase(), self.actual_kmh, None, None, None, None))
            self._hearing.tell(message)

    def _told_belt(self, belt: Belt) -> None:
        if self._belt is Belt.STARTED and belt is not Belt.STARTED:
            self.pilot.halted()
        self._belt, self._belt_s = belt, asyncio.get_running_loop().time()

    async def talk(self) -> None:
        """Ask for belt state and speeds without end: this is also what keeps a started belt running."""
        while True:
            questions = (Command.ASK_BELT, Command.ASK_ACTUAL_SPEED)
            self.link.write(b"".join(encode(question) for question in questions))
            await asyncio.sleep(self.options.poll_s)

    # commands

    async def take_control(self) -> None:
        """Make ready to command the belt; `Refused` with unconfirmed units or an unguarded belt, `NoAnswer`."""
        if not self.options.units_confirmed:
            raise Refused(_UNITS.partition(":")[0], device=self.name, remedy=_UNITS.partition(": ")[2])
        if self._phase() == "unknown":
            raise NoAnswer("the treadmill has not told its state", device=self.name, remedy=CHECK_CABLE)
        self._need_guarded()
        self.pilot.granted = True

    # for the pilot

    async def ask_start(self) -> None:
        """A0 (start with its stop on lost communication), acknowledged, then D0 with "started"."""
        await self._command(Command.START)
        await self._see(Command.ASK_BELT, lambda m: isinstance(m, wire.BeltStatus) and m.belt is not Belt.STOPPED)
        self._need_guarded()

    async def ask_speed(self, speed_kmh: float, after_kmh: float | None) -> None:
        """A3 in tenths of the machine's unit, acknowledged, then D3 with the same value; first D0 with "started".

        The machine tells what is done at its panel only when asked: no speed must follow what the last poll missed.
        """
        before = None if after_kmh is None else await self._told_set_speed()
        await self._see(Command.ASK_BELT, lambda message: isinstance(message, wire.BeltStatus))
        if self._belt is not Belt.STARTED:
            raise Refused(OVERTAKEN, device=self.name, remedy=START_AGAIN)
        if before is not None and after_kmh is not None and before != self._tenths(after_kmh):
            raise self.pilot.overruled(round(before * self._kmh_per_tenth, 2))
        tenths = self._tenths(speed_kmh)
        await self._command(Command.SET_SPEED, tenths)
        if (told := await self._told_set_speed()) != tenths:
            raise ReadBackMismatch(
                f"set speed should be {tenths / 10:g} {self.options.units}, the treadmill reports {told / 10:g}",
                device=self.name,
                remedy="look at the treadmill's panel; it may limit the speed by itself",
            )

    async def ask_stop(self) -> None:
        """A2 until the machine answers "stopped" and then reports no speed."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self.options.answer_s + self.options.settle_s
        stopped_s = loop.time() + self.options.answer_s
        try:
            while loop.time() < until_s:
                with self._hearing.first(_is_stopped) as stopped, self._hearing.first(_is_at_rest) as rest:
                    self.link.write(encode(Command.STOP) + encode(Command.ASK_BELT) + encode(Command.ASK_ACTUAL_SPEED))
                    done = await within(stopped, ASK_AGAIN_S)
                    if done is not None and await within(rest, ASK_AGAIN_S) is not None:
                        return
                    if done is None and loop.time() > stopped_s:
                        break
        except HalError as error:
            raise OffNotConfirmed(f"told to stop, and {error.args[0]}", device=self.name, remedy=BY_HAND) from error
        raise OffNotConfirmed("told to stop, the belt does not report standing", device=self.name, remedy=BY_HAND)

    # parts

    @property
    def _kmh_per_tenth(self) -> float:
        return KMH_PER_UNIT[self.options.units] / 10

    def _tenths(self, speed_kmh: float) -> int:
        """The nearest tenth of the machine's unit that is not faster than the envelope."""
        tenths = round(speed_kmh / self._kmh_per_tenth)
        return tenths - (tenths * self._kmh_per_tenth > self.options.fastest_kmh + 1e-9)

    async def _told_set_speed(self) -> int:
        """The speed that the machine goes to, in tenths of its unit; raises `NoAnswer`."""
        told = await self._see(Command.ASK_SET_SPEED, lambda message: isinstance(message, wire.SetSpeed))
        assert isinstance(told, wire.SetSpeed)  # noqa: S101 - it was waited for
        return told.tenths

    def _phase(self) -> RobotPhase:
        if self._belt is None or self._actual is None or asyncio.get_running_loop().time() - self._belt_s > FRESH_S:
            return "unknown"
        if self._belt is Belt.STOPPED:
            return "stopping" if self._actual else "stand"
        return "walk" if self._actual else "stand"

    def _forget(self) -> None:
        self._belt = self._actual = None
        self.pilot.revoke()

    def _need_guarded(self) -> None:
        if self._belt is Belt.STARTED_UNGUARDED:
            raise Refused(_UNGUARDED, device=self.name, remedy="stop the belt at its panel, then start it here")

    async def _command(self, command: Command, tenths: int | None = None) -> None:
        """Say it once; raises `Refused` when the machine refuses and `NoAnswer` when it does not acknowledge."""

        def answers(message: wire.Message) -> bool:
            return isinstance(message, wire.Refusal) or message == wire.Ack(command)

        with self._hearing.first(answers) as told:
            self.link.write(encode(command, tenths))
            answer = await within(told, self.options.answer_s)
        if isinstance(answer, wire.Refusal):
            raise Refused(f"the treadmill refuses: {answer.why}", device=self.name, remedy="see its manual")
        if answer is None:
            raise NoAnswer("the treadmill did not acknowledge", device=self.name, remedy=CHECK_CABLE)

    async def _see(self, question: Command, wanted: Callable[[wire.Message], bool]) -> wire.Message:
        """Ask until an answer is `wanted`; raises `NoAnswer` after `answer_s`."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + self.options.answer_s
        with self._hearing.first(wanted) as told:
            while loop.time() < until_s:
                self.link.write(encode(question))
                answer = await within(told, ASK_AGAIN_S)
                if answer is not None:
                    return answer
        raise NoAnswer("the treadmill did not confirm", device=self.name, remedy=CHECK_CABLE)


def _is_stopped(message: wire.Message) -> bool:
    return isinstance(message, wire.BeltStatus) and message.belt is Belt.STOPPED


def _is_at_rest(message: wire.Message) -> bool:
    return isinstance(message, wire.ActualSpeed) and message.tenths == 0
