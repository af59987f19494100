"""MagVenture MagPro over its serial port COM2 (38400 8N1), or over TCP through a serial server.

The front panel stays live and the device knows no keepalive: whatever we last asked proves nothing. So every value
comes from a device message, a command completes only on read-back, and any doubt ends in the "off" frame.
Not tried on hardware; the protocol is the one public drivers agree on (`magpro_codec`).

How the device reports and counts inside bursts is not known: message 02 may come once a pulse or once a burst, and so
may its counter run. The driver publishes each message 02 as what it is, one report; a burst's pulses that no report
covers are the counter's to settle where it proved itself, and uncertain where it does not.
"""

import asyncio
import math
from contextlib import suppress

from hal.device import HalError, LinkError, NoAnswer, OffNotConfirmed, PulseNotDelivered, ReadBackMismatch, Refused
from hal.drivers.stimulator import magpro_commands as commands
from hal.drivers.stimulator import magpro_messages as wire
from hal.drivers.stimulator.magpro_codec import Flags, Page, TimingControl, encode_frame, model_name
from hal.drivers.stimulator.magpro_conversation import ASK_AGAIN_S, CHECK_CABLE
from hal.drivers.stimulator.magpro_limits import check_amplitude, check_train, max_rate_hz
from hal.drivers.stimulator.magpro_state import paced_by
from hal.drivers.stimulator.magpro_trigger import MagProTrigger, page_told
from hal.drivers.stimulator.magpro_waveform import READ_BACKS, Burst
from hal.roles import StimulatorCapabilities, Train, TrainPrepared

OFF_FRAME = encode_frame(commands.DISABLE)
STATUS_FRAME = encode_frame(commands.LONG_STATUS)
OFF_AGAIN_S = 0.12
"""Pause between repeated "off" frames; longer than the 20-80 ms in which the device answers (Koponen)."""
FRESH_S = 0.1
"""A status heard later than this after the first "off" frame was asked for after it."""
_NO_PULSE = "check that the coil is connected and the stimulator shows no message, then try again"
_OFF_BY_HAND = "switch the stimulator off by hand NOW and take the coil away from the patient"


class MagPro(MagProTrigger):
    """A `hal.roles.Stimulator` that talks."""

    _prepared: TrainPrepared | None = None
    _off_owed = False

    @property
    def capabilities(self) -> StimulatorCapabilities:
        """What this model can do and tell; the model is known after the first status."""
        model = self.account.model
        return StimulatorCapabilities(
            drive="remote",
            reads_back=True,
            counts_pulses=True,
            reports_temperature=True,
            max_rate_hz=max_rate_hz(model),
            model="MagPro" if model is None else model_name(model),
        )

    @property
    def off_bytes(self) -> bytes:
        """The disable frame."""
        return OFF_FRAME

    def on_link_up(self) -> None:
        """Start afresh; after a lost link, or a stop that found none, switch the device off first."""
        super().on_link_up()
        self._prepared = None
        self.wanted_burst = None
        self.following = False
        if self.reopened or self._off_owed:
            self.off_now()

    async def goodbye(self) -> None:
        """Leave the stimulator disabled, and paced by what paced it before."""
        if self.account.enabled is not False or self.account.running:
            await self.off()
        if self.set_by_us:
            await self.follow_trigger(False)

    # commands

    async def set_amplitude(self, amplitude_pct_mso: int) -> None:
        """Set 0..100 %MSO; returns once the device reports that value."""
        with self.named():
            check_amplitude(amplitude_pct_mso)
        async with self.turn():
            self._check_mode()
            await self.achieve(
                commands.set_amplitude(amplitude_pct_mso), _amplitude, amplitude_pct_mso, "amplitude in %"
            )

    async def enable(self) -> None:
        """Arm the device; returns once it reports enabled."""
        async with self.turn():
            self._check_mode()
            await self.achieve(commands.ENABLE, _enabled, True, "enabled")
            self._check_mode()

    async def fire(self) -> None:
        """Give one pulse; returns once the device reports it, else `PulseNotDelivered`."""
        async with self.turn():
            self._check_mode()
            self._check_enabled()
            if self.wanted_burst is not None:
                raise Refused("it is set to bursts", device=self.name, remedy="set it to single pulses first")
            if self.following:
                raise Refused("it follows its trigger input", device=self.name, remedy="stop it first")
            body = commands.FIRE_VARIANTS[self.options.fire]
            di_dt_a_us = await self.ask(body, _di_dt, self.options.pulse_s)
            if not di_dt_a_us:
                told = "reports no pulse" if di_dt_a_us is None else "reports a pulse of 0 A/us"
                raise PulseNotDelivered(f"fired, but the stimulator {told}", device=self.name, remedy=_NO_PULSE)

    async def prepare_train(self, train: Train) -> None:
        """Set up a train on the Timing page and read it back; `ReadBackMismatch` when the device repeats another.

        Where the device does not answer the read-back, `TrainPrepared.read_back` is False: a person must compare.
        Bursts are set first, or single pulses put back; see `set_bursts`, which also says what is refused. Raises
        `Refused` while a train runs and for a train outside the model's limits.
        """
        with self.named():
            check_train(train, self.account.model)
        async with self.turn():
            self._prepared = None
            if self.account.running or self.following:
                what = "it follows its trigger input" if self.following else "a train is running"
                raise Refused(what, device=self.name, remedy="stop it first")
            await self.use(_burst(train))
            self._check_mode()
            await self.achieve(commands.show_page(Page.TIMING), page_told, int(Page.TIMING), "page")
            self.say(commands.set_train(*_tenths(train)))
            read_back = await self._compare(train)
            self._prepared = TrainPrepared(self.now_ns(), train, read_back)
            self.publish(self._prepared)

    async def start_train(self) -> None:
        """Start the prepared train; returns once the device reports it running.

        The start command is a toggle: it is written once, on a fresh status that says stopped. A start that is not
        confirmed is answered with "off". Raises `Refused` without a prepared train, `NoAnswer` from a silent device.
        """
        async with self.turn():
            prepared = self._prepared
            if prepared is None:
                raise Refused("no train is prepared", device=self.name, remedy="set the train up first")
            status = await self.ask_for(wire.LongStatus, commands.LONG_STATUS)
            if status is None:
                raise NoAnswer("no status before the start", device=self.name, remedy=CHECK_CABLE)
            self._check_mode()
            self._check_enabled()
            if status.running or status.page != Page.TIMING:
                what = "a train is running already" if status.running else "its screen left the Timing page"
                raise Refused(what, device=self.name, remedy="stop, then set the train up again")
            if prepared.read_back and not await self._compare(prepared.train):
                raise NoAnswer("the train could not be read back", device=self.name, remedy=CHECK_CABLE)
            burst = _burst(prepared.train)
            if burst is not None and not await self.tells(burst):
                raise Refused("its bursts were changed", device=self.name, remedy="stop, then set the train up again")
            try:
                await self.achieve(commands.START_TRAIN, _running, True, "train running")
            except (HalError, asyncio.CancelledError):
                self.off_now()
                raise

    async def off(self) -> None:
        """Stop everything, from any state; returns once a fresh status says disabled and no train running.

        It never waits in the queue, repeats itself, and raises `OffNotConfirmed` after `answer_s`.
        """
        loop = asyncio.get_running_loop()
        self.off_now()
        started_s = loop.time()

        def confirmed(message: wire.Message) -> bool | None:
            is_fresh = loop.time() - started_s >= FRESH_S
            is_off = isinstance(message, wire.LongStatus) and not message.flags.enabled and not message.running
            return True if is_fresh and is_off else None

        with self.hearing(confirmed) as told:
            for _ in range(math.ceil(self.options.answer_s / OFF_AGAIN_S)):
                with suppress(LinkError):
                    self.link.write(OFF_FRAME + STATUS_FRAME)
                await asyncio.wait((told,), timeout=OFF_AGAIN_S)
                if told.done():
                    self._off_owed = False
                    return
        raise OffNotConfirmed("told to stop, " + self._why_not_off(), device=self.name, remedy=_OFF_BY_HAND)

    def off_now(self) -> None:
        """Write the off frame without waiting for anything; never raises. Commands still queued are refused."""
        self.stops += 1
        self._off_owed = True
        self._prepared = None
        self.wanted_burst = None
        self.following = False
        with suppress(LinkError):
            self.link.write(OFF_FRAME)

    async def read_counter(self) -> int | None:
        """The device's running total of pulses; None when it does not answer such a query."""
        if self.counter_answers is False:
            return None
        async with self.turn():
            return await self.ask_counter()

    # checks

    async def _compare(self, train: Train) -> bool:
        """True when the device repeated `train`, False when it answers no such question."""
        wanted = _tenths(train)
        report: wire.TimingReport | None = None
        for _ in range(READ_BACKS):
            report = await self.ask_for(wire.TimingReport, commands.READ_TIMING) or report
            if report is None:
                continue
            if _told_train(report) == wanted and _is_paced_by_device(report):
                return True
            await asyncio.sleep(ASK_AGAIN_S)
        if report is None:
            return False
        raise ReadBackMismatch(
            f"train should be (rate x 10, pulses, trains, interval x 10) {wanted}, "
            f"the stimulator reports {_told_train(report)}, timing control {report.control}",
            device=self.name,
            remedy="set timing control to Sequence on the stimulator and set the train up again",
        )

    def _check_mode(self) -> None:
        if self.account.flags is None:
            raise NoAnswer("the stimulator has not told its state yet", device=self.name, remedy=CHECK_CABLE)
        if why := self.account.unsupported(bursts=self.wanted_burst is not None):
            raise Refused(why, device=self.name, remedy="set it to Standard mode with single pulses on its own screen")

    def _check_enabled(self) -> None:
        if not self.account.enabled:
            raise Refused("the stimulator is disabled", device=self.name, remedy="enable it first")

    def _why_not_off(self) -> str:
        if not self.link.is_open or self.health.state != "ok":
            return "and it cannot be heard"
        if self.account.enabled:
            return "and it still reports enabled"
        return "and it still reports a running train" if self.account.running else "and no fresh status came"


def _amplitude(message: wire.Message) -> int | None:
    if isinstance(message, wire.AmplitudeReport | wire.ShortStatus | wire.LongStatus):
        return message.amplitude_a
    return None


def _enabled(message: wire.Message) -> bool | None:
    flags = getattr(message, "flags", None)
    return flags.enabled if isinstance(flags, Flags) else None


def _running(message: wire.Message) -> bool | None:
    return message.running if isinstance(message, wire.PageReport | wire.LongStatus) else None


def _di_dt(message: wire.Message) -> int | None:
    return message.di_dt_a_us if isinstance(message, wire.PulseReport) else None


def _burst(train: Train) -> Burst | None:
    return Burst(train.burst_pulses, train.inter_pulse_s) if train.burst_pulses > 1 else None


def _tenths(train: Train) -> tuple[int, int, int, int]:
    return round(train.rate_hz * 10), train.pulses, train.trains, round(train.inter_train_s * 10)


def _told_train(report: wire.TimingReport) -> tuple[int, int, int, int]:
    return report.rate_tenth_hz, report.pulses, report.trains, report.inter_train_tenth_s


def _is_paced_by_device(report: wire.TimingReport) -> bool:
    return paced_by(report.control) == TimingControl.SEQUENCE
