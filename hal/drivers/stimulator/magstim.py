"""Magstim 200-2, BiStim-2, Rapid-2 and Horizon over their serial port (9600 8N1). Not tried on hardware.

Remote control has its own dead-man: without a request for about a second the device takes control back and disarms
itself. The keepalive here is a question every 0.25 s that no command can hold up; when this program dies, the device
disarms by itself, and the guard's off bytes (disarm, then release remote control) come sooner.

A Magstim reports no pulse. A single pulse counts as given when the device took the request and then said that it is
armed and no longer charged; whether every model shows that long enough to be seen is not known. Where it is not seen
the pulse counts as not delivered, never as given. Pulses of a train are not reported at all: the device repeats the
train's numbers and says that a train is running, and that is all there is to count by (`counts_pulses` False).

The request that overrides the coil's safety interlock is never sent. Enhanced power, paired pulses and charge delay
are not used. A line Request To Send may be wired to the trigger: write the address with `?rts=low`.
"""

import asyncio
from contextlib import suppress

from hal.device import HalError, LinkError, NoAnswer, OffNotConfirmed, PulseNotDelivered, ReadBackMismatch, Refused
from hal.drivers.stimulator import magstim_commands as commands
from hal.drivers.stimulator.magstim_codec import encode_command
from hal.drivers.stimulator.magstim_limits import (
    MIN_PULSE_INTERVAL_S,
    RAMP_DOWN_S_PER_PCT,
    RAMP_UP_S_PER_PCT,
    check_power,
)
from hal.drivers.stimulator.magstim_messages import widths
from hal.drivers.stimulator.magstim_state import CHECK_UNIT, check_can_arm, check_can_fire
from hal.drivers.stimulator.magstim_trains import NS, READ_BACKS, MagstimTrains
from hal.drivers.stimulator.magstim_wire import LOOK_S
from hal.roles import PulseDelivered, StimulatorCapabilities

OFF_BYTES = encode_command(commands.DISARM) + encode_command(commands.REMOTE_OFF)
SINGLE_PULSE_MAX_HZ = 1 / MIN_PULSE_INTERVAL_S
_OFF_BY_HAND = "switch the stimulator off by hand NOW and take the coil away from the patient"


class Magstim(MagstimTrains):
    """A `hal.roles.Stimulator` that talks; option `model` says which."""

    _off_owed = False
    _last_fire_ns: int | None = None
    _settled_ns = 0

    @property
    def capabilities(self) -> StimulatorCapabilities:
        """What this model can do and tell."""
        top_hz = self.options.max_rate_hz if self.is_rapid else SINGLE_PULSE_MAX_HZ
        return StimulatorCapabilities("remote", True, False, True, top_hz, self.title)

    @property
    def off_bytes(self) -> bytes:
        """Disarm, then release remote control (which disarms too)."""
        return OFF_BYTES

    def on_link_up(self) -> None:
        """Start afresh; after a lost link, or a stop that found none, switch the device off first."""
        super().on_link_up()
        self.end_course()
        if self.reopened or self._off_owed:
            self.off_now()

    async def goodbye(self) -> None:
        """Leave the stimulator disarmed and its front panel in charge."""
        self.end_course()
        if self.account.armed is not False or self.account.remote or self._off_owed:
            await self.off()

    # commands

    async def set_amplitude(self, amplitude_pct_mso: int) -> None:
        """Set 0..100 %MSO; returns once the device repeats that value and has had the time to reach it.

        The capacitor takes 10 ms per % up and 100 ms per % down, so 100 to 50 % takes 5 s.
        """
        with self.named():
            check_power(amplitude_pct_mso)
        async with self.turn():
            await self.hold_remote()
            await self.command(self.settings_query, "its settings")
            before_pct = self.account.power_pct or 0
            if self.options.model == "bistim2" and self.account.pair is not None and self.account.pair.power_b_pct:
                await self.command(commands.set_power_b(0), "channel B at 0 %")
            await self.command(commands.set_power(amplitude_pct_mso), f"{amplitude_pct_mso} %")
            change_pct = amplitude_pct_mso - before_pct
            ramp_s = change_pct * RAMP_UP_S_PER_PCT if change_pct > 0 else -change_pct * RAMP_DOWN_S_PER_PCT
            self._settled_ns = max(self._settled_ns, self.now_ns()) + round(ramp_s * NS)
            while self.now_ns() < self._settled_ns:
                self._refuse_when_stopped()
                await asyncio.sleep(LOOK_S)
            await self._read_power_back(amplitude_pct_mso)

    async def enable(self) -> None:
        """Arm the device; returns once it reports ready, which takes about a second."""
        async with self.turn():
            await self.hold_remote()
            await self.command(self.settings_query, "its settings")
            await self.command(commands.TEMPERATURE, "the coil's temperature")
            check_can_arm(self.account, two_channels=self.options.model == "bistim2")
            self.halted = ""
            try:
                if not self.account.armed:
                    await self.command(commands.ARM, "arming")
                if not await self.shows(lambda: self.account.ready, self.options.arm_s, self.status_query):
                    raise NoAnswer("armed, but the stimulator does not get ready", remedy=CHECK_UNIT)
            except (HalError, asyncio.CancelledError):
                self.off_now()
                raise

    async def fire(self) -> None:
        """Give one pulse; returns once the device has shown that its charge is gone, else `PulseNotDelivered`."""
        async with self.turn():
            self._check_interval()
            await self.command(self.settings_query, "its settings")
            await self._leave_repetitive_mode()
            check_can_fire(self.account)
            amplitude = self.account.power_pct
            self._last_fire_ns = self.now_ns()
            reply = await self.ask(commands.FIRE, as_command=True)
            if reply is None or reply.refusal:
                why = f"refuses ({reply.refusal})" if reply is not None else "does not answer"
                raise PulseNotDelivered(f"fired, but the stimulator {why}", device=self.name, remedy=CHECK_UNIT)
            if not self._discharged() and not await self.shows(
                self._discharged, self.options.pulse_s, self.status_query
            ):
                what = "fired, but the stimulator does not show that its charge is gone"
                raise PulseNotDelivered(what, device=self.name, remedy=CHECK_UNIT)
            self.publish(PulseDelivered(self.now_ns(), None, amplitude))

    async def off(self) -> None:
        """Stop everything, from any state; returns once a fresh reply says disarmed and no train running.

        It never waits for other commands, repeats itself, and raises `OffNotConfirmed` after `off_s`.
        """
        self.off_now()
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self.options.off_s
        while loop.time() < deadline_s:
            with suppress(LinkError):
                await self.ask(commands.DISARM)
                await self.ask(commands.REMOTE_OFF)
                known = not self.is_rapid or self.account.version is not None
                reply = await self.ask(self.settings_query if known else commands.TEMPERATURE)
                if reply is not None and not reply.refusal and not self.account.armed and not self.account.running:
                    self._off_owed = False
                    return
            await asyncio.sleep(LOOK_S)
        raise OffNotConfirmed("told to stop, " + self._why_not_off(), device=self.name, remedy=_OFF_BY_HAND)

    def off_now(self) -> None:
        """Write the off requests without waiting for anything; never raises. Commands still queued are refused."""
        self.stops += 1
        self._off_owed = True
        self.wants_remote = False
        self.end_course()
        with suppress(LinkError):
            self.link.write(OFF_BYTES)

    async def read_counter(self) -> int | None:
        """A Magstim has no counter that can be asked for."""
        return None

    # parts of commands

    async def _read_power_back(self, wanted_pct: int) -> None:
        for _ in range(READ_BACKS):
            await self.command(self.settings_query, "its settings")
            if self.account.power_pct == wanted_pct:
                break
            await asyncio.sleep(LOOK_S)
        else:
            raise ReadBackMismatch(
                f"amplitude should be {wanted_pct} %, the stimulator reports {self.account.power_pct} %",
                remedy=CHECK_UNIT,
            )
        if self.account.armed and not await self.shows(
            lambda: self.account.ready, self.options.arm_s, self.status_query
        ):
            raise NoAnswer("the stimulator does not get ready at the new amplitude", remedy=CHECK_UNIT)

    async def _leave_repetitive_mode(self) -> None:
        """A start in repetitive mode would give a whole train."""
        if not self.is_rapid or (self.account.rapid is not None and self.account.rapid.single_pulse):
            return
        await self.command(commands.set_duration(0, widths(self.version)), "single-pulse mode")
        await self.command(self.settings_query, "its settings")
        if self.account.rapid is None or not self.account.rapid.single_pulse:
            raise ReadBackMismatch("the stimulator stays in repetitive mode", remedy=CHECK_UNIT)

    def _check_interval(self) -> None:
        last_ns = self._last_fire_ns
        if last_ns is not None and self.now_ns() - last_ns < MIN_PULSE_INTERVAL_S * NS:
            raise Refused(
                f"single pulses closer than {MIN_PULSE_INTERVAL_S:g} s: the stimulator would drop them",
                remedy="wait a moment, then give the next pulse",
            )
        if self.now_ns() < self._settled_ns:
            raise Refused("the stimulator has not reached its new amplitude yet", remedy="set the amplitude again")

    def _discharged(self) -> bool:
        """Armed and not charged: the pulse has taken the charge. Disarmed proves nothing."""
        bits = self.account.instrument
        return bits is not None and bits.armed and not bits.ready

    def _why_not_off(self) -> str:
        if not self.link_open or self.health.state != "ok":
            return "and it cannot be heard; without us it disarms by itself after about a second"
        if self.account.armed:
            return "and it still reports armed"
        return "and it still reports a running train" if self.account.running else "and no fresh status came"
