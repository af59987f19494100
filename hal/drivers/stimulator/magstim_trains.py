"""Trains of a Rapid: each train is timed by the device, the pauses between them by this program.

The protocol has no command for a number of trains or the pause between them. So every train is started over the wire,
when it is due and the device has said that the one before is over and its own pause is too. A train can therefore
begin late by what the device wants (at least 0.5 s after a train); it never begins early, and one that is not ready
within `START_LATE_S` ends the course.
"""

import asyncio
import logging
from abc import abstractmethod

from hal.device import HalError, NoAnswer, ReadBackMismatch, Refused
from hal.drivers.stimulator import magstim_commands as commands
from hal.drivers.stimulator.magstim_conversation import MagstimConversation
from hal.drivers.stimulator.magstim_limits import MIN_WAIT_S, wanted_settings
from hal.drivers.stimulator.magstim_messages import RapidSettings, widths
from hal.drivers.stimulator.magstim_options import TITLES
from hal.drivers.stimulator.magstim_state import CHECK_UNIT, check_can_fire
from hal.drivers.stimulator.magstim_wire import LOOK_S
from hal.roles import Train, TrainPrepared

logger = logging.getLogger(__name__)

READ_BACKS = 3
RUNNING_S = 1.0
"""Real time in which a started train must say that it runs."""
START_LATE_S = 5.0
"""Real time by which a further train may be late before the course is ended."""
NS = 1_000_000_000


class MagstimTrains(MagstimConversation):
    """Sets trains up, reads them back, starts them one after the other."""

    _prepared: TrainPrepared | None = None
    _course: "asyncio.Task[None] | None" = None

    @abstractmethod
    async def off(self) -> None:
        """Stop everything and confirm it."""

    async def prepare_train(self, train: Train) -> None:
        """Set one train up and read it back; raises `ReadBackMismatch` when the device repeats another.

        Raises `Refused` for a model without trains, while one runs, and for what the supply cannot give.
        """
        if not self.is_rapid:
            what = f"the {TITLES[self.options.model]} gives single pulses only, no trains"
            raise Refused(what, device=self.name, remedy="use a stimulator with trains for this treatment")
        if train.rate_hz > self.options.max_rate_hz:
            what = f"rate {train.rate_hz:g} Hz is above the {self.options.max_rate_hz:g} Hz of this unit"
            raise Refused(
                what, device=self.name, remedy="choose a lower rate, or correct max_rate_hz in the device file"
            )
        async with self.turn():
            self._prepared = None
            await self.hold_remote()
            wanted = wanted_settings(train, (await self._settings()).power_pct, widths(self.version))
            if self.account.running:
                raise Refused("a train is running", remedy="stop it first")
            parts = widths(self.version)
            await self.command(commands.set_duration(10, parts), "repetitive mode")
            await self.command(commands.set_frequency(wanted.frequency_tenth_hz), f"{train.rate_hz:g} Hz")
            await self.command(commands.set_pulses(wanted.pulses, parts), f"{wanted.pulses} pulses")
            duration_s = wanted.duration_tenth_s / 10
            await self.command(commands.set_duration(wanted.duration_tenth_s, parts), f"a train of {duration_s:g} s")
            await self._compare(wanted)
            self._prepared = TrainPrepared(self.now_ns(), train, read_back=True)
            self.publish(self._prepared)

    async def start_train(self) -> None:
        """Start the prepared train; returns once the device says that it runs. Trains after it follow by themselves.

        A start that is not confirmed is answered with "off". Raises `Refused` without a prepared train, and when the
        device would now give another one.
        """
        async with self.turn():
            prepared = self._prepared
            if prepared is None:
                raise Refused("no train is prepared", remedy="set the train up first")
            power_pct = (await self._settings()).power_pct
            await self._compare(wanted_settings(prepared.train, power_pct, widths(self.version)))
            begun_ns = await self._begin_train()
            if prepared.train.trains > 1:
                further = self._further_trains(prepared.train, power_pct, begun_ns)
                self._course = asyncio.create_task(further)

    async def close(self) -> None:
        """Start no further train, then close."""
        self.end_course()
        await super().close()

    def end_course(self) -> None:
        """No further train is started."""
        course, self._course = self._course, None
        self._prepared = None
        if course is not None and course is not asyncio.current_task():
            course.cancel()

    async def _begin_train(self) -> int:
        """Start and see it running; the time (ns) just before the request, so no later than the first pulse."""
        check_can_fire(self.account)
        begun_ns = self.now_ns()
        try:
            await self.command(commands.FIRE, "start of the train")
            if not await self.shows(lambda: bool(self.account.running), RUNNING_S, self.status_query):
                raise NoAnswer("a train was started and is not reported running", remedy=CHECK_UNIT)
        except (HalError, asyncio.CancelledError):
            self.off_now()
            raise
        return begun_ns

    async def _further_trains(self, train: Train, power_pct: int, begun_ns: int) -> None:
        """Trains 2 and on, each under the conditions of the first; whatever else is true then ends in "off"."""
        number, ticket = 2, self.stops
        try:
            while number <= train.trains and self.stops == ticket:
                await self._until_due(train, begun_ns)
                async with self.turn():
                    if (told_pct := (await self._settings()).power_pct) != power_pct:
                        raise Refused(f"the amplitude was {power_pct} % and is now {told_pct} %", remedy=CHECK_UNIT)
                    await self._compare(wanted_settings(train, power_pct, widths(self.version)))
                    begun_ns = await self._begin_train()
                number += 1
        except HalError as error:
            self.halted = f"train {number} of {train.trains} was not given: {error.args[0]}"
            logger.warning("%s: %s: off", self.name, self.halted)
            await self._off_after_all()

    async def _off_after_all(self) -> None:
        try:
            await self.off()
        except HalError as error:
            logger.warning("%s", error)

    async def _until_due(self, train: Train, begun_ns: int) -> None:
        """Wait until the next train is due and the device can start it; raises `Refused` when that fails."""
        loop = asyncio.get_running_loop()
        last_pulse_ns = begun_ns + round((train.pulses - 1) / train.rate_hz * NS)
        due_ns = last_pulse_ns + round(max(train.inter_train_s, MIN_WAIT_S) * NS)
        late_s: float | None = None
        while not (self.now_ns() >= due_ns and await self._can_start()):
            if not self.account.armed:
                raise Refused("the stimulator was disarmed", remedy=CHECK_UNIT)
            if self.account.running is False and self.now_ns() < last_pulse_ns:
                raise Refused("the train was stopped at the stimulator", remedy=CHECK_UNIT)
            if self.now_ns() >= due_ns:
                late_s = loop.time() if late_s is None else late_s
                if loop.time() - late_s > START_LATE_S:
                    raise Refused("the stimulator is not ready for the next train", remedy=CHECK_UNIT)
            await asyncio.sleep(LOOK_S)

    async def _can_start(self) -> bool:
        reply = await self.ask(self.status_query)
        if reply is None or reply.refusal:
            return False
        rapid = self.account.rapid
        return self.account.ready and rapid is not None and not rapid.train and not rapid.wait

    async def _settings(self) -> RapidSettings:
        """What the device now says of its train."""
        await self.command(commands.RAPID_SETTINGS, "its settings")
        if self.account.settings is None:
            raise NoAnswer("the stimulator does not tell its settings", remedy=CHECK_UNIT)
        return self.account.settings

    async def _compare(self, wanted: RapidSettings) -> None:
        for _ in range(READ_BACKS):
            told = await self._settings()
            single = self.account.rapid is not None and self.account.rapid.single_pulse
            if _numbers(told) == _numbers(wanted) and not single:
                return
            await asyncio.sleep(LOOK_S)
        mode = " in single-pulse mode" if single else ""
        raise ReadBackMismatch(
            f"train should be (Hz x 10, pulses, s x 10) {_numbers(wanted)}, "
            f"the stimulator reports {_numbers(told)}{mode}",
            device=self.name,
            remedy="set the train up again; where it repeats, compare with the stimulator's own screen",
        )


def _numbers(settings: RapidSettings) -> tuple[int, int, int]:
    return settings.frequency_tenth_hz, settings.pulses, settings.duration_tenth_s
